-- Terms of the indicators that we protect ourselves: those with a term of a feed that is not open, or that has no rule. An
-- open feed's figures were protected by their publisher and are known to everybody.
WITH
terms AS (
    SELECT
        terms.indicator_code,
        terms.role,
        terms.feed_id,
        terms.measure,
        terms.breakdown,
        terms.shown_as,
        rules.is_open,
        kinds.counts
    FROM {{ ref('indicator_terms') }} AS terms
    LEFT JOIN {{ source('control', 'disclosure_rules') }} AS rules ON terms.feed_id = rules.feed_id
    LEFT JOIN {{ source('control', 'measure_kinds') }} AS kinds ON terms.feed_id = kinds.feed_id AND terms.measure = kinds.measure
)

SELECT * FROM terms
WHERE role != 'weight'
QUALIFY bool_or(is_open IS DISTINCT FROM TRUE) OVER (PARTITION BY indicator_code)
