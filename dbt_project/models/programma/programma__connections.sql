{{ config(alias='connections') }}
-- How the lines move together: rank correlation over the buurten of Heerlen between indicators of different lines. No proof of
-- cause: what is true of buurten need not be true of people, buurten that lie side by side resemble each other (so the real
-- uncertainty is larger than the interval says), and a third thing may move both.
--
-- Per indicator one year, the newest in which enough buurten have a value, so that buurten are compared within a year. Counts
-- are left out: they say how large a buurt is. Ranks are taken over the buurten that have both figures.
{%- set enough = 20 %}
WITH
figures AS (
    SELECT gathered.* FROM {{ ref('int_indicator_values__gathered') }} AS gathered
    INNER JOIN {{ ref('indicators') }} AS indicators ON gathered.indicator_code = indicators.indicator_code
    WHERE
        gathered.period_type IN ('year', 'school_year')
        AND gathered.breakdown = 'total'
        AND gathered.area_type = 'buurt'
        AND gathered.area_code LIKE 'BU0917%'
        AND gathered.value IS NOT NULL
        AND indicators.aggregation != 'sum'
),

years AS (
    SELECT
        indicator_code,
        year,
        count(*) >= {{ enough }} AS has_enough
    FROM figures
    GROUP BY indicator_code, year
    QUALIFY row_number() OVER (PARTITION BY indicator_code ORDER BY count(*) >= {{ enough }} DESC, year DESC) = 1
),

newest AS (
    SELECT
        figures.*,
        list_position(['leren', 'werken', 'gezondheid', 'wonen', 'veiligheid'], figures.line) AS line_order
    FROM figures
    INNER JOIN years ON figures.indicator_code = years.indicator_code AND figures.year = years.year
),

pairs AS (
    SELECT
        one.line,
        one.indicator_code,
        one.indicator_label_nl,
        one.indicator_label_en,
        one.direction,
        one.estimate_type,
        one.year,
        one.value,
        other.line AS other_line,
        other.indicator_code AS other_indicator_code,
        other.indicator_label_nl AS other_indicator_label_nl,
        other.indicator_label_en AS other_indicator_label_en,
        other.direction AS other_direction,
        other.estimate_type AS other_estimate_type,
        other.year AS other_year,
        other.value AS other_value
    FROM newest AS one
    INNER JOIN newest AS other ON one.area_code = other.area_code AND one.line_order < other.line_order
),

ranked AS (
    SELECT
        * EXCLUDE (value, other_value),
        {{ average_rank('value', 'indicator_code, other_indicator_code') }} AS value_rank,
        {{ average_rank('other_value', 'indicator_code, other_indicator_code') }} AS other_value_rank
    FROM pairs
),

correlated AS (
    SELECT
        * EXCLUDE (value_rank, other_value_rank),
        count(*) AS n,
        CASE
            WHEN count(*) >= {{ enough }} THEN {{ rank_correlation('value_rank', 'other_value_rank') }}
        END AS correlation
    FROM ranked
    GROUP BY ALL
),

tested AS (
    SELECT
        *,
        {{ rank_correlation_z('correlation', 'n') }} AS z
    FROM correlated
),

tails AS (
    SELECT
        *,
        2 * {{ normal_tail('z') }} AS p_value
    FROM tested
),

-- Holm over the pairs that were computed.
stepped AS (
    SELECT
        *,
        {{ holm_step('p_value') }} AS holm_step
    FROM tails
    WHERE p_value IS NOT NULL
),

adjusted AS (
    SELECT
        indicator_code,
        other_indicator_code,
        {{ holm('p_value', 'holm_step') }} AS p_adjusted
    FROM stepped
),

judged AS (
    SELECT
        tails.*,
        adjusted.p_adjusted,
        coalesce(adjusted.p_adjusted < 0.05, FALSE) AS is_significant,
        CASE
            WHEN tails.n < {{ enough }} THEN 'too_few_areas'
            WHEN tails.correlation IS NULL THEN 'no_variation'
        END AS not_computed_reason
    FROM tails
    LEFT JOIN adjusted
        ON tails.indicator_code = adjusted.indicator_code AND tails.other_indicator_code = adjusted.other_indicator_code
)

SELECT
    judged.line,
    judged.indicator_code,
    judged.indicator_label_nl,
    judged.indicator_label_en,
    judged.direction,
    judged.year,
    judged.other_line,
    judged.other_indicator_code,
    judged.other_indicator_label_nl,
    judged.other_indicator_label_en,
    judged.other_direction,
    judged.other_year,
    judged.n::INTEGER AS n,
    judged.correlation,
    {{ rank_correlation_limit('judged.correlation', 'judged.n', 'lower') }} AS lower_95,
    {{ rank_correlation_limit('judged.correlation', 'judged.n', 'upper') }} AS upper_95,
    judged.p_value,
    judged.p_adjusted,
    judged.is_significant,
    {{ strength_word('judged.correlation', 'judged.is_significant', 'nl') }} AS strength_nl,
    {{ strength_word('judged.correlation', 'judged.is_significant', 'en') }} AS strength_en,
    CASE
        WHEN judged.is_significant
            THEN format(
                'Waar «{}» hoger is, is «{}» vaak {}.',
                judged.indicator_label_nl,
                judged.other_indicator_label_nl,
                CASE WHEN judged.correlation > 0 THEN 'ook hoger' ELSE 'lager' END
            )
    END AS relation_nl,
    CASE
        WHEN judged.is_significant
            THEN format(
                'Where “{}” is higher, “{}” is often {}.',
                judged.indicator_label_en,
                judged.other_indicator_label_en,
                CASE WHEN judged.correlation > 0 THEN 'higher too' ELSE 'lower' END
            )
    END AS relation_en,
    'Samenhang is geen bewijs van oorzaak.' AS warning_nl,
    'Correlation is no proof of cause.' AS warning_en,
    -- A model fills in what registers say about income, age or housing: a part of the connection is built in.
    'model' IN (judged.estimate_type, judged.other_estimate_type) AS shares_model_inputs,
    judged.not_computed_reason,
    reasons.reason_nl AS not_computed_reason_nl,
    reasons.reason_en AS not_computed_reason_en,
    {{ data_origin_of('figures') }} AS data_origin
FROM judged
LEFT JOIN {{ ref('programme_reasons') }} AS reasons ON judged.not_computed_reason = reasons.reason
