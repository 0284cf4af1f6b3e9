-- Each indicator for every area and period that its own feed has: a value, or the reason why there is none.
-- The main term (the value, or the numerator) brings period and snapshot; denominator and weight are those of the
-- same area and period, or else year. Coverage here is the share of numerator or denominator, the lesser, that is not imputed.
WITH
terms AS (SELECT * FROM {{ ref('int_terms__resolved') }}),

-- A breakdown is divided by its own base where the indicator names one, and else by that of the total.
own_bases AS (
    SELECT DISTINCT
        indicator_code,
        shown_as
    FROM {{ ref('indicator_terms') }}
    WHERE role IN ('denominator', 'weight')
),

main AS (
    SELECT
        terms.*,
        coalesce(own_bases.shown_as, 'total') AS base_breakdown
    FROM terms
    LEFT JOIN own_bases ON terms.indicator_code = own_bases.indicator_code AND terms.breakdown = own_bases.shown_as
    WHERE terms.role IN ('value', 'numerator')
),

bases AS (
    SELECT
        indicator_code,
        area_code,
        breakdown,
        period_type,
        period_start,
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

-- A quarter's crimes are divided by that year's inhabitants: yearly bases serve every period of their year that has no base
-- of its own.
yearly_bases AS (
    SELECT * FROM bases
    WHERE period_type IN ('year', 'school_year')
    QUALIFY
        row_number() OVER (
            PARTITION BY indicator_code, area_code, breakdown, year
            ORDER BY period_type DESC, period_start ASC
        ) = 1
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
    SELECT * FROM yearly_bases
    WHERE denominator IS NOT NULL
),

matched AS (
    SELECT
        main.*,
        coalesce(own.denominator_status IS NOT NULL, FALSE) AS has_own_period,
        CASE WHEN has_own_period THEN own.denominator ELSE yearly.denominator END AS base_denominator,
        CASE WHEN has_own_period THEN own.denominator_status ELSE yearly.denominator_status END AS base_status,
        CASE WHEN has_own_period THEN own.denominator_imputed ELSE yearly.denominator_imputed END AS denominator_imputed,
        coalesce(own.weight, yearly.weight) AS base_weight,
        CASE WHEN has_own_period THEN own.boundary_year ELSE yearly.boundary_year END AS base_boundary_year,
        CASE WHEN has_own_period THEN own.period_type ELSE yearly.period_type END AS base_period_type,
        CASE WHEN has_own_period THEN own.period_start ELSE yearly.period_start END AS base_period_start
    FROM main
    LEFT JOIN bases AS own
        ON
            main.indicator_code = own.indicator_code
            AND main.area_code = own.area_code
            AND main.base_breakdown = own.breakdown
            AND main.period_type = own.period_type
            AND main.period_start = own.period_start
    LEFT JOIN yearly_bases AS yearly
        ON
            main.indicator_code = yearly.indicator_code
            AND main.area_code = yearly.area_code
            AND main.base_breakdown = yearly.breakdown
            AND main.year = yearly.year
),

-- Whether it is the same place is asked after the join: as a part of its condition it makes DuckDB compare row by row
-- (67 seconds on the sample in place of one).
placed AS (
    SELECT
        matched.*,
        CASE WHEN {{ same_place('matched.base_boundary_year') }} THEN matched.base_denominator END AS own_denominator,
        CASE WHEN {{ same_place('matched.base_boundary_year') }} THEN matched.base_status END AS denominator_status,
        CASE WHEN {{ same_place('matched.base_boundary_year') }} THEN matched.base_weight END AS named_weight,
        newest_bases.period_type AS older_period_type,
        newest_bases.period_start AS older_period_start,
        CASE
            WHEN
                matched.period_type IN ('month', 'quarter', 'term', 'half_year')
                AND NOT matched.has_own_period
                AND newest_bases.year >= matched.year - 2
                AND {{ same_place('newest_bases.boundary_year') }}
                THEN newest_bases.denominator
        END AS older_denominator
    FROM matched
    LEFT JOIN breaks ON matched.area_code = breaks.area_code
    ASOF LEFT JOIN newest_bases
        ON
            matched.indicator_code = newest_bases.indicator_code
            AND matched.area_code = newest_bases.area_code
            AND matched.base_breakdown = newest_bases.breakdown
            AND matched.year >= newest_bases.year
),

based AS (
    SELECT
        *,
        own_denominator IS NULL AND older_denominator IS NOT NULL AS has_older_base,
        coalesce(own_denominator, older_denominator) AS denominator,
        CASE WHEN has_older_base THEN older_period_type ELSE base_period_type END AS denominator_period_type,
        CASE WHEN has_older_base THEN older_period_start ELSE base_period_start END AS denominator_period_start
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
    breakdown,
    CASE
        WHEN NOT ({{ has_value('status') }}) THEN NULL
        WHEN aggregation = 'ratio' THEN scale * value / denominator
        ELSE scale * value
    END AS value,
    CASE WHEN aggregation IN ('ratio', 'sum') THEN value END AS numerator,
    CASE WHEN aggregation = 'ratio' THEN denominator END AS denominator,
    CASE WHEN aggregation = 'ratio' THEN base_breakdown END AS denominator_breakdown,
    CASE WHEN aggregation = 'ratio' THEN denominator_period_type END AS denominator_period_type,
    CASE WHEN aggregation = 'ratio' THEN denominator_period_start END AS denominator_period_start,
    weight,
    -- Margins of a numerator are none of the ratio.
    CASE WHEN aggregation != 'ratio' THEN scale * lower END AS publisher_lower,
    CASE WHEN aggregation != 'ratio' THEN scale * upper END AS publisher_upper,
    status AS value_status,
    CASE WHEN {{ has_value('computable_status') }} THEN coalesce(known_share, 1.0) END AS coverage
FROM joined
