{{ config(alias='indicators') }}
-- What each indicator is, from the seeds, with its terms in words.
SELECT
    i.*,
    (
        SELECT string_agg(b.break_year || ': ' || b.reason_nl, '; ' ORDER BY b.break_year)
        FROM {{ ref('series_breaks') }} AS b
        WHERE b.indicator_code = i.indicator_code
    ) AS breaks_nl,
    (
        SELECT
            string_agg(
                format('{}: {}.{} [{}]{}', t.role, t.feed_id, t.measure, t.breakdown, if(t.shown_as = 'total', '', ' → ' || t.shown_as)),
                '; ' ORDER BY t.role, t.shown_as, t.feed_id, t.measure, t.breakdown
            )
        FROM {{ ref('indicator_terms') }} AS t
        WHERE t.indicator_code = i.indicator_code
    ) AS terms
FROM {{ ref('indicators') }} AS i
