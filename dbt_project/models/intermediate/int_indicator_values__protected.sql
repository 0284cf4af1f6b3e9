-- Figures as anybody may see them, of all areas. Open figures pass: their publisher has protected them. Of what partners
-- delivered numerator and denominator are those of int_disclosure__decided and the value follows from them; or the figure is
-- hidden. Everything after this (limits, gaps, verdicts, trends, the marts) is computed from these figures and no others.
--
-- Closed when in doubt: a count without a decision, a share without a denominator, and a kind of figure that has no count to
-- judge (a mean) are hidden. Weight and the publisher's margins are of no use for counts and would give some away. Coverage
-- says how much is there in tenths, because a precise one tells the size of the member that is not.
WITH
combined AS (
    SELECT * FROM {{ ref('int_indicator_values__published') }}
    UNION ALL BY NAME
    SELECT * FROM {{ ref('int_indicator_values__area_sets') }}
),

protected_indicators AS (
    SELECT DISTINCT indicator_code FROM {{ ref('int_disclosure__terms') }}
),

decided AS (
    SELECT
        quantities.code AS indicator_code,
        quantities.role = 'denominator' AS is_denominator,
        quantities.area_code,
        quantities.period_type,
        quantities.period_start,
        quantities.breakdown,
        decisions.is_shown,
        decisions.shown_value
    FROM {{ ref('int_disclosure__quantities') }} AS quantities
    INNER JOIN {{ ref('int_disclosure__decided') }} AS decisions ON quantities.quantity_id = decisions.quantity_id
    WHERE quantities.subject = 'indicator'
),

judged AS (
    SELECT
        combined.*,
        indicators.aggregation,
        indicators.scale,
        protected_indicators.indicator_code IS NOT NULL AS is_protected,
        CASE WHEN counts.is_shown THEN counts.shown_value END AS shown_numerator,
        CASE WHEN bases.is_shown THEN bases.shown_value END AS shown_denominator,
        (indicators.aggregation NOT IN ('ratio', 'sum') AND combined.value IS NOT NULL)
        OR (combined.numerator IS NOT NULL AND shown_numerator IS NULL)
        OR (combined.denominator IS NOT NULL AND shown_denominator IS NULL)
        OR (indicators.aggregation = 'ratio' AND combined.numerator IS NOT NULL AND shown_denominator IS NULL)
        OR (combined.value IS NOT NULL AND shown_numerator IS NULL) AS must_hide
    FROM combined
    INNER JOIN {{ ref('indicators') }} AS indicators ON combined.indicator_code = indicators.indicator_code
    LEFT JOIN protected_indicators ON combined.indicator_code = protected_indicators.indicator_code
    LEFT JOIN decided AS counts
        ON
            combined.indicator_code = counts.indicator_code
            AND NOT counts.is_denominator
            AND combined.area_code = counts.area_code
            AND combined.period_type = counts.period_type
            AND combined.period_start = counts.period_start
            AND combined.breakdown = counts.breakdown
    LEFT JOIN decided AS bases
        ON
            combined.indicator_code = bases.indicator_code
            AND bases.is_denominator
            AND combined.area_code = bases.area_code
            AND combined.period_type = bases.period_type
            AND combined.period_start = bases.period_start
            AND combined.breakdown = bases.breakdown
)

SELECT
    * EXCLUDE (
        aggregation, scale, is_protected, shown_numerator, shown_denominator, must_hide, denominator_breakdown,
        denominator_period_type, denominator_period_start
    )
    REPLACE (
        CASE
            WHEN NOT is_protected THEN value
            WHEN must_hide OR value IS NULL THEN NULL
            WHEN aggregation = 'ratio' THEN scale * shown_numerator / shown_denominator
            ELSE scale * shown_numerator
        END AS value,
        CASE WHEN NOT is_protected THEN numerator WHEN NOT must_hide THEN shown_numerator END AS numerator,
        CASE WHEN NOT is_protected THEN denominator ELSE shown_denominator END AS denominator,
        CASE WHEN NOT is_protected THEN weight END AS weight,
        CASE WHEN NOT is_protected THEN publisher_lower END AS publisher_lower,
        CASE WHEN NOT is_protected THEN publisher_upper END AS publisher_upper,
        CASE WHEN is_protected AND must_hide THEN 'suppressed_here' ELSE value_status END AS value_status,
        CASE
            WHEN NOT is_protected THEN coverage
            WHEN NOT must_hide AND coverage > 1 - 1e-9 THEN 1
            WHEN NOT must_hide THEN floor(10 * coverage) / 10
        END AS coverage
    )
FROM judged
