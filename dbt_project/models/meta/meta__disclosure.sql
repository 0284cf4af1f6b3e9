{{ config(alias='disclosure') }}
-- How each feed is protected, and how much of it is shown. Hidden numbers are counted together: which of them are small and which
-- are hidden to protect those would help whoever tries to find them out.
WITH
counted AS (
    SELECT
        quantities.feed_id,
        count(*) AS numbers,
        count(*) FILTER (WHERE decisions.is_shown) AS numbers_shown,
        count(*) FILTER (WHERE decisions.reason IN ('no_rule', 'unknown_base')) AS numbers_without_base
    FROM {{ ref('int_disclosure__quantities') }} AS quantities
    INNER JOIN {{ ref('int_disclosure__decided') }} AS decisions ON quantities.quantity_id = decisions.quantity_id
    WHERE quantities.kind != 'open'
    GROUP BY ALL
)

SELECT
    feeds.feed_id,
    coalesce(NOT rules.is_open, TRUE) AS is_protected_here,
    CASE
        WHEN rules.is_open THEN 'De uitgever heeft deze open cijfers zelf beschermd.'
        WHEN rules.is_open IS NULL THEN 'Voor deze bron is geen regel afgesproken. Daarom laten we er niets van zien.'
        ELSE format(
            'Aantallen van 1 tot en met {} laten we niet zien, andere ronden we af op {}. Een deel van een groep staat er alleen '
            || 'als de groep ten minste {} telt en het deel ten hoogste {}% is. Van gebieden met minder dan {} inwoners laten '
            || 'we niets zien. Soms verbergen we meer, zodat niemand een verborgen aantal kan uitrekenen.',
            rules.least_count - 1,
            rules.rounding,
            rules.least_denominator,
            round(100 * rules.most_share)::INTEGER,
            rules.least_population
        )
    END AS rule_nl,
    CASE
        WHEN rules.is_open THEN 'The publisher has protected these open figures itself.'
        WHEN rules.is_open IS NULL THEN 'No rule was agreed for this feed, so nothing of it is shown.'
        ELSE format(
            'Counts from 1 to {} are hidden, others are rounded to {}. A share of a group is shown only when the group counts at '
            || 'least {} and the share is at most {}%. Nothing is shown of areas with fewer than {} inhabitants. Sometimes more '
            || 'is hidden so that nobody can work out a hidden count.',
            rules.least_count - 1,
            rules.rounding,
            rules.least_denominator,
            round(100 * rules.most_share)::INTEGER,
            rules.least_population
        )
    END AS rule_en,
    rules.least_count,
    rules.rounding,
    rules.least_denominator,
    rules.least_population,
    rules.most_share,
    counted.numbers,
    counted.numbers_shown,
    counted.numbers - counted.numbers_shown AS numbers_hidden,
    counted.numbers_without_base
FROM {{ source('control', 'feeds') }} AS feeds
LEFT JOIN {{ source('control', 'disclosure_rules') }} AS rules ON feeds.feed_id = rules.feed_id
LEFT JOIN counted ON feeds.feed_id = counted.feed_id
