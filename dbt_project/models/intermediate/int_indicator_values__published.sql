-- Each indicator for every area and period that its own feed has: a value, or the reason why there is none.
-- The main term (the value, or the numerator) brings period and snapshot; denominator and weight are those of the
-- same area and year. Coverage here is the share of numerator or denominator, the lesser, that is not imputed.
WITH
terms AS (SELECT * FROM {{ ref('int_terms__resolved') }}),

main AS (
    SELECT * FROM terms
    WHERE role IN ('value', 'numerator')
),

-- A quarter's crimes are divided by that year's inhabitants: yearly bases serve every period of their year.
bases AS (
    SELECT
        indicator_code,
        area_code,
        year,
        any_value(value) FILTER (WHERE role = 'denominator') AS denominator,
        any_value(value_status) FILTER (WHERE role = 'denominator') AS denominator_status,
        any_value(imputed) FILTER (WHERE role = 'denominator') AS denominator_imputed,
        any_value(value) FILTER (WHERE role = 'weight') AS weight
    FROM terms
    WHERE role IN ('denominator', 'weight')
    GROUP BY ALL
),

computable AS (
    SELECT
        main.*,
        indicators.aggregation,
        indicators.scale,
        indicators.minimum_coverage,
        bases.denominator,
        CASE
            WHEN indicators.aggregation = 'ratio'
                THEN
                    least(
                        1 - coalesce(main.imputed, 0) / nullif(main.value, 0),
                        1 - coalesce(bases.denominator_imputed, 0) / nullif(bases.denominator, 0)
                    )
            ELSE 1.0
        END AS known_share,
        coalesce(bases.weight, bases.denominator) AS weight,
        CASE
            WHEN main.value IS NULL THEN main.value_status
            WHEN indicators.aggregation != 'ratio' THEN main.value_status
            WHEN bases.denominator IS NULL AND bases.denominator_status IN ('not_published', 'suppressed_source')
                THEN bases.denominator_status
            WHEN bases.denominator IS NULL THEN 'missing'
            WHEN bases.denominator = 0 THEN 'not_applicable'
            WHEN 'estimated' IN (main.value_status, bases.denominator_status) THEN 'estimated'
            WHEN 'provisional' IN (main.value_status, bases.denominator_status) THEN 'provisional'
            ELSE 'measured'
        END AS computable_status
    FROM main
    INNER JOIN {{ ref('indicators') }} AS indicators ON main.indicator_code = indicators.indicator_code
    LEFT JOIN bases
        ON main.indicator_code = bases.indicator_code AND main.area_code = bases.area_code AND main.year = bases.year
),

-- A figure that is mostly imputed is an invention, whichever of numerator and denominator it comes from.
joined AS (
    SELECT
        *,
        CASE
            WHEN computable_status = 'estimated' AND known_share < minimum_coverage THEN 'missing'
            ELSE computable_status
        END AS status
    FROM computable
)

SELECT
    indicator_code,
    feed_id,
    snapshot_id,
    area_code,
    boundary_year,
    period_type,
    period_start,
    period_end,
    year,
    'total' AS breakdown,
    CASE
        WHEN NOT ({{ has_value('status') }}) THEN NULL
        WHEN aggregation = 'ratio' THEN scale * value / denominator
        ELSE scale * value
    END AS value,
    CASE WHEN aggregation IN ('ratio', 'sum') THEN value END AS numerator,
    CASE WHEN aggregation = 'ratio' THEN denominator END AS denominator,
    weight,
    -- Margins of a numerator are none of the ratio.
    CASE WHEN aggregation != 'ratio' THEN scale * lower END AS publisher_lower,
    CASE WHEN aggregation != 'ratio' THEN scale * upper END AS publisher_upper,
    status AS value_status,
    CASE WHEN {{ has_value('computable_status') }} THEN coalesce(known_share, 1.0) END AS coverage
FROM joined
