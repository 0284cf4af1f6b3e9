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
        any_value(value) FILTER (WHERE role = 'weight') AS weight,
        max(boundary_year) AS boundary_year
    FROM terms
    WHERE role IN ('denominator', 'weight')
    GROUP BY ALL
),

-- Crimes stand on one division for all years, inhabitants on that of their own year. Where a code changed its meaning in
-- between, the two are about different places and make no rate.
breaks AS (
    SELECT
        area_code,
        list(boundary_year) AS years
    FROM {{ ref('int_area_versions__detected') }}
    WHERE is_break
    GROUP BY area_code
),

-- What happened this month must not wait for next year's count of inhabitants: parts of a year take the newest count of
-- the two years before, and are provisional until their own year's count is there.
newest_bases AS (
    SELECT
        indicator_code,
        area_code,
        year,
        boundary_year,
        denominator
    FROM bases
    WHERE denominator IS NOT NULL
),

-- Whether it is the same place is asked after the join: as a part of its condition it makes DuckDB compare row by row
-- (67 seconds on the sample in place of one).
placed AS (
    SELECT
        main.*,
        CASE WHEN {{ same_place('bases') }} THEN bases.denominator END AS own_denominator,
        CASE WHEN {{ same_place('bases') }} THEN bases.denominator_status END AS denominator_status,
        bases.denominator_imputed,
        CASE WHEN {{ same_place('bases') }} THEN bases.weight END AS named_weight,
        CASE
            WHEN
                main.period_type IN ('month', 'quarter', 'half_year')
                AND newest_bases.year >= main.year - 2
                AND {{ same_place('newest_bases') }}
                THEN newest_bases.denominator
        END AS older_denominator
    FROM main
    LEFT JOIN breaks ON main.area_code = breaks.area_code
    LEFT JOIN bases
        ON main.indicator_code = bases.indicator_code AND main.area_code = bases.area_code AND main.year = bases.year
    ASOF LEFT JOIN newest_bases
        ON
            main.indicator_code = newest_bases.indicator_code
            AND main.area_code = newest_bases.area_code
            AND main.year >= newest_bases.year
),

based AS (
    SELECT
        *,
        own_denominator IS NULL AND older_denominator IS NOT NULL AS has_older_base,
        coalesce(own_denominator, older_denominator) AS denominator
    FROM placed
),

computable AS (
    SELECT
        based.*,
        indicators.aggregation,
        indicators.scale,
        indicators.minimum_coverage,
        CASE
            WHEN indicators.aggregation = 'ratio'
                THEN
                    least(
                        1 - coalesce(based.imputed, 0) / nullif(based.value, 0),
                        1 - coalesce(based.denominator_imputed, 0) / nullif(based.denominator, 0)
                    )
            ELSE 1.0
        END AS known_share,
        coalesce(based.named_weight, based.denominator) AS weight,
        CASE
            WHEN based.value IS NULL THEN based.value_status
            WHEN indicators.aggregation != 'ratio' THEN based.value_status
            WHEN based.denominator IS NULL AND based.denominator_status IN ('not_published', 'suppressed_source')
                THEN based.denominator_status
            WHEN based.denominator IS NULL THEN 'missing'
            WHEN based.denominator = 0 THEN 'not_applicable'
            WHEN based.value_status = 'estimated' OR (based.denominator_status = 'estimated' AND NOT based.has_older_base)
                THEN 'estimated'
            WHEN based.has_older_base OR 'provisional' IN (based.value_status, based.denominator_status) THEN 'provisional'
            ELSE 'measured'
        END AS computable_status
    FROM based
    INNER JOIN {{ ref('indicators') }} AS indicators ON based.indicator_code = indicators.indicator_code
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
