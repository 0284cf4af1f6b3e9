-- Every number that a release would show of what partners delivered: numerators and denominators of figures, and counts of
-- activities, with the rules of its feed and what these rules look at. A denominator of open data is known to everybody.
WITH
rules AS (SELECT * FROM {{ source('control', 'disclosure_rules') }}),

figures AS (
    SELECT * FROM {{ ref('int_indicator_values__published') }}
    UNION ALL BY NAME
    SELECT * FROM {{ ref('int_indicator_values__area_sets') }}
),

inhabitants AS (
    SELECT
        area_code,
        year,
        value AS population
    FROM figures
    WHERE indicator_code = 'WON_INWONERS' AND breakdown = 'total' AND period_type = 'year' AND value IS NOT NULL
),

-- Of two feeds of denominators the one that is not open counts: the strictest reading.
indicator_roles AS (
    SELECT
        indicator_code,
        role = 'denominator' AS is_denominator,
        min_by(feed_id, coalesce(is_open, FALSE)) AS feed_id,
        bool_or(coalesce(counts = 'amount', FALSE)) AS is_amount
    FROM {{ ref('int_disclosure__terms') }}
    GROUP BY ALL
),

-- Numerators that are one column of one feed, by which it is known what they are never more than.
single_terms AS (
    SELECT
        indicator_code,
        shown_as,
        any_value(feed_id) AS feed_id,
        any_value(measure) AS measure,
        any_value(breakdown) AS source_breakdown
    FROM {{ ref('int_disclosure__terms') }}
    WHERE role IN ('numerator', 'value')
    GROUP BY ALL
    HAVING count(*) = 1
),

protected AS (
    SELECT
        figures.*,
        counted.is_amount,
        based.feed_id AS denominator_feed_id,
        based.is_amount AS denominator_is_amount,
        indicators.aggregation,
        indicators.interval_method = 'wilson' AS is_share
    FROM figures
    INNER JOIN {{ ref('indicators') }} AS indicators ON figures.indicator_code = indicators.indicator_code
    INNER JOIN indicator_roles AS counted ON figures.indicator_code = counted.indicator_code AND NOT counted.is_denominator
    LEFT JOIN indicator_roles AS based ON figures.indicator_code = based.indicator_code AND based.is_denominator
    WHERE indicators.aggregation IN ('ratio', 'sum')
),

numbers AS (
    SELECT
        protected.feed_id,
        'indicator' AS subject,
        protected.indicator_code AS code,
        {{ count_role('protected.aggregation') }} AS role,
        protected.area_code,
        protected.period_type,
        protected.period_start,
        protected.year,
        protected.breakdown,
        protected.numerator AS true_value,
        protected.is_amount,
        protected.aggregation = 'ratio' AS is_paired,
        protected.is_share,
        single_terms.measure,
        single_terms.source_breakdown
    FROM protected
    LEFT JOIN single_terms
        ON
            protected.indicator_code = single_terms.indicator_code
            AND protected.breakdown = single_terms.shown_as
            AND protected.feed_id = single_terms.feed_id
    WHERE protected.numerator IS NOT NULL
    UNION ALL BY NAME
    SELECT
        denominator_feed_id AS feed_id,
        'indicator' AS subject,
        indicator_code AS code,
        'denominator' AS role,
        area_code,
        period_type,
        period_start,
        year,
        breakdown,
        denominator AS true_value,
        denominator_is_amount AS is_amount,
        TRUE AS is_paired,
        is_share
    FROM protected
    WHERE denominator IS NOT NULL
    UNION ALL BY NAME
    SELECT
        activities.feed_id,
        'activity' AS subject,
        activities.measure AS code,
        'value' AS role,
        activities.area_code,
        activities.period_type,
        activities.period_start,
        activities.year,
        activities.breakdown,
        activities.value AS true_value,
        coalesce(kinds.counts = 'amount', FALSE) AS is_amount,
        FALSE AS is_paired,
        FALSE AS is_share,
        activities.measure,
        activities.breakdown AS source_breakdown
    FROM {{ ref('int_activities__added_up') }} AS activities
    LEFT JOIN {{ source('control', 'measure_kinds') }} AS kinds
        ON activities.feed_id = kinds.feed_id AND activities.measure = kinds.measure
),

identified AS (
    SELECT
        numbers.*,
        {{ quantity_id(
        'numbers.subject', 'numbers.code', 'numbers.role', 'numbers.area_code', 'numbers.period_type', 'numbers.period_start',
        'numbers.breakdown'
    ) }} AS quantity_id
    FROM numbers
),

-- One of the numbers of a measure stands for it: all have the same parts.
wholes AS (
    SELECT
        feed_id,
        measure,
        source_breakdown,
        area_code,
        period_type,
        period_start,
        min(quantity_id) AS quantity_id
    FROM identified
    WHERE measure IS NOT NULL
    GROUP BY ALL
)

SELECT
    numbers.quantity_id,
    numbers.feed_id,
    numbers.subject,
    numbers.code,
    numbers.role,
    numbers.area_code,
    areas.area_type,
    numbers.period_type,
    numbers.period_start,
    numbers.breakdown,
    numbers.true_value,
    CASE WHEN rules.is_open THEN 'open' WHEN numbers.is_amount THEN 'amount' ELSE 'count' END AS kind,
    CASE
        WHEN numbers.is_paired
            THEN concat_ws(' ', numbers.code, numbers.area_code, numbers.period_type, numbers.period_start, numbers.breakdown)
    END AS pair_id,
    numbers.is_share,
    wholes.quantity_id AS part_of_id,
    inhabitants.population,
    rules.is_open,
    rules.least_count,
    rules.rounding,
    rules.least_denominator,
    rules.least_population,
    rules.most_share
FROM identified AS numbers
LEFT JOIN rules ON numbers.feed_id = rules.feed_id
LEFT JOIN {{ ref('areas') }} AS areas ON numbers.area_code = areas.area_code
ASOF LEFT JOIN inhabitants ON numbers.area_code = inhabitants.area_code AND numbers.year >= inhabitants.year
LEFT JOIN {{ source('control', 'measure_kinds') }} AS kinds
    ON numbers.feed_id = kinds.feed_id AND numbers.measure = kinds.measure
LEFT JOIN wholes
    ON
        numbers.feed_id = wholes.feed_id
        AND kinds.at_most = wholes.measure
        AND numbers.source_breakdown = wholes.source_breakdown
        AND numbers.area_code = wholes.area_code
        AND numbers.period_type = wholes.period_type
        AND numbers.period_start = wholes.period_start
