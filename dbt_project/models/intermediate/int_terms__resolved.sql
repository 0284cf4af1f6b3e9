-- Numerator, denominator, weight and value of each indicator per area and period. Terms of one role are added up; when
-- one of them is missing the sum is, for the first reason in the list below. One quantity may come from several feeds
-- (crimes per year and per month): each feed's terms make a sum of their own, and so do those of each breakdown that a
-- reader sees (shown_as).
WITH
terms AS (
    SELECT
        *,
        count(*) OVER (PARTITION BY indicator_code, role, feed_id, shown_as) AS term_count
    FROM {{ ref('indicator_terms') }}
)

SELECT
    terms.indicator_code,
    terms.role,
    terms.shown_as AS breakdown,
    o.feed_id,
    max(o.snapshot_id) AS snapshot_id,
    o.area_code,
    max(o.boundary_year) AS boundary_year,
    o.period_type,
    o.period_start,
    o.period_end,
    o.year,
    CASE WHEN count(o.value) = any_value(terms.term_count) THEN sum(o.value) END AS value,
    CASE WHEN any_value(terms.term_count) = 1 THEN max(o.lower) END AS lower,
    CASE WHEN any_value(terms.term_count) = 1 THEN max(o.upper) END AS upper,
    sum(o.imputed) AS imputed,
    CASE
        WHEN count(o.value) = any_value(terms.term_count)
            THEN
                CASE
                    WHEN bool_or(o.value_status = 'estimated') THEN 'estimated'
                    WHEN bool_or(o.value_status = 'provisional') THEN 'provisional'
                    ELSE 'measured'
                END
        WHEN bool_or(o.value_status = 'not_published') THEN 'not_published'
        WHEN bool_or(o.value_status = 'suppressed_source') THEN 'suppressed_source'
        WHEN bool_or(o.value_status = 'not_applicable') THEN 'not_applicable'
        ELSE 'missing'
    END AS value_status
FROM terms
INNER JOIN {{ ref('int_observations__placed') }} AS o
    ON terms.feed_id = o.feed_id AND terms.measure = o.measure AND terms.breakdown = o.breakdown
GROUP BY ALL
