-- Indicators for areas that no publisher has: Heerlen-Noord, the rest of Heerlen, Parkstad, Limburg, from their members.
--
-- Coverage is the share of the weight (denominator, named weight, or members for a plain sum) that is present. Members whose
-- weight is unknown count as absent in proportion to their inhabitants, or to their number where these are unknown: two
-- business parks with 400 inhabitants must not hide 55,000. Below the indicator's minimum there is no value.
-- Aggregation kind 'none' gives a row that says not_applicable: refused, not guessed.
WITH
published AS (SELECT * FROM {{ ref('int_indicator_values__published') }}),

periods AS (
    SELECT
        indicator_code,
        feed_id,
        period_type,
        period_start,
        period_end,
        year,
        breakdown,
        max(snapshot_id) AS period_snapshot_id,
        max(boundary_year) AS period_boundary_year
    FROM published
    GROUP BY ALL
),

sets AS (
    SELECT
        members.area_set,
        bool_and(areas.parent_code = '{{ municipality_code() }}') AS is_part_of_heerlen
    FROM {{ ref('area_members') }} AS members
    LEFT JOIN {{ ref('areas') }} AS areas ON members.member_code = areas.area_code
    GROUP BY members.area_set
),

partner_feeds AS (
    SELECT feed_id FROM {{ source('control', 'disclosure_rules') }}
    WHERE NOT is_open
),

-- A source that publishes an area set itself is not aggregated again. Partners' figures are about Heerlen only: a region of
-- which Heerlen is one part of many would be missing for ever.
wanted AS (
    SELECT
        periods.*,
        sets.area_set
    FROM periods
    CROSS JOIN sets
    LEFT JOIN partner_feeds ON periods.feed_id = partner_feeds.feed_id
    WHERE (partner_feeds.feed_id IS NULL OR sets.is_part_of_heerlen) AND NOT EXISTS (
        SELECT 1 FROM published
        WHERE published.indicator_code = periods.indicator_code AND published.area_code = sets.area_set
    )
),

inhabitants AS (
    SELECT
        area_code,
        year,
        value AS inhabitants
    FROM published
    WHERE indicator_code = 'WON_INWONERS' AND value IS NOT NULL
),

member_rows AS (
    SELECT
        wanted.*,
        inhabitants.inhabitants,
        members.member_code,
        indicators.aggregation,
        indicators.scale,
        indicators.minimum_coverage,
        published.snapshot_id,
        published.boundary_year,
        published.value,
        published.numerator,
        published.denominator,
        published.publisher_lower,
        published.publisher_upper,
        published.value_status,
        coalesce(published.coverage, 1) AS member_coverage,
        CASE WHEN indicators.aggregation = 'sum' THEN 1.0 ELSE published.weight END AS weight,
        published.value IS NOT NULL AND (indicators.aggregation = 'sum' OR published.weight IS NOT NULL) AS is_present
    FROM wanted
    INNER JOIN {{ ref('indicators') }} AS indicators ON wanted.indicator_code = indicators.indicator_code
    INNER JOIN {{ ref('area_members') }} AS members
        ON
            wanted.area_set = members.area_set
            AND wanted.year BETWEEN coalesce(members.valid_from_year, wanted.year) AND coalesce(members.valid_to_year, wanted.year)
    LEFT JOIN published
        ON
            wanted.indicator_code = published.indicator_code
            AND members.member_code = published.area_code
            AND wanted.period_type = published.period_type
            AND wanted.period_start = published.period_start
            AND wanted.breakdown = published.breakdown
    ASOF LEFT JOIN inhabitants ON members.member_code = inhabitants.area_code AND wanted.year >= inhabitants.year
),

aggregated AS (
    SELECT
        indicator_code,
        feed_id,
        coalesce(max(snapshot_id), any_value(period_snapshot_id)) AS snapshot_id,
        area_set AS area_code,
        coalesce(max(boundary_year), any_value(period_boundary_year)) AS boundary_year,
        period_type,
        period_start,
        period_end,
        year,
        breakdown,
        any_value(aggregation) AS aggregation,
        any_value(minimum_coverage) AS minimum_coverage,
        any_value(scale) AS scale,
        {{ sum_over_present('numerator') }} AS numerator,
        {{ sum_over_present('denominator') }} AS denominator,
        {{ sum_over_present('value * weight') }} / nullif({{ sum_over_present('weight') }}, 0) AS mean,
        -- A weighted mean's standard deviation is at most the weighted mean of theirs, so these margins are never too narrow.
        {{ sum_over_present('publisher_lower * weight') }} / nullif({{ sum_over_present('weight') }}, 0) AS mean_lower,
        {{ sum_over_present('publisher_upper * weight') }} / nullif({{ sum_over_present('weight') }}, 0) AS mean_upper,
        bool_and(publisher_lower IS NOT NULL AND publisher_upper IS NOT NULL) FILTER (WHERE is_present) AS have_margins,
        {{ sum_over_present('weight') }} AS weight,
        coalesce({{ sum_over_present('weight') }}, 0) / nullif(sum(weight), 0)
        * CASE
            WHEN count(inhabitants) = count(*) AND sum(inhabitants) > 0
                THEN coalesce(sum(inhabitants) FILTER (WHERE weight IS NOT NULL), 0) / sum(inhabitants)
            ELSE count(weight) / count(*)
        END AS coverage,
        -- What was imputed inside the members that are present (schools).
        coalesce(
            {{ sum_over_present('weight * member_coverage') }} / nullif({{ sum_over_present('weight') }}, 0), 1
        ) AS counted_share,
        bool_or(value_status = 'estimated') AS is_estimated,
        bool_or(value_status = 'provisional') AS is_provisional,
        bool_and(coalesce(value_status = 'not_published', FALSE)) AS is_not_published,
        bool_and(coalesce(value_status = 'suppressed_source', FALSE)) AS is_suppressed
    FROM member_rows
    -- A feed without any row for any member (schools have no wijken) says nothing about the set; what may not be aggregated
    -- is refused in so many words.
    GROUP BY ALL
    HAVING count(snapshot_id) > 0 OR any_value(aggregation) = 'none'
),

judged AS (
    SELECT
        *,
        CASE
            WHEN aggregation = 'none' THEN 'not_applicable'
            WHEN coalesce(coverage, 0) >= minimum_coverage
                THEN CASE WHEN is_estimated THEN 'estimated' WHEN is_provisional THEN 'provisional' ELSE 'measured' END
            WHEN is_not_published THEN 'not_published'
            WHEN is_suppressed THEN 'suppressed_source'
            ELSE 'missing'
        END AS status
    FROM aggregated
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
        WHEN aggregation = 'ratio' THEN scale * numerator / denominator
        WHEN aggregation = 'sum' THEN scale * numerator
        ELSE mean
    END AS value,
    CASE WHEN aggregation IN ('ratio', 'sum') THEN numerator END AS numerator,
    CASE WHEN aggregation = 'ratio' THEN denominator END AS denominator,
    weight,
    CASE WHEN aggregation = 'weighted_mean' AND have_margins THEN mean_lower END AS publisher_lower,
    CASE WHEN aggregation = 'weighted_mean' AND have_margins THEN mean_upper END AS publisher_upper,
    status AS value_status,
    aggregation = 'none' AS is_refused,
    CASE WHEN aggregation != 'none' THEN coverage * counted_share END AS coverage
FROM judged
