-- All areas of the programme beside their comparators: the Netherlands, and the rest of Heerlen.
-- An area is never compared with itself, and Heerlen-Noord never with a Heerlen that is mostly Heerlen-Noord.
--
-- A series breaks where the indicator's figures do (seeds/series_breaks.csv) and where the area's code comes to mean
-- another place: between the divisions of the two figures, not of their years, for some feeds keep one division throughout.
--
-- Gaps and verdicts follow from the same two values. A count of inhabitants has neither: places differ in size.
WITH
combined AS (SELECT * FROM {{ ref('int_indicator_values__intervals') }}),

-- Wijken and buurten of Heerlen-Noord are compared with the rest of Heerlen too.
rest_of AS (
    SELECT
        areas.area_code,
        'RH14' AS rest_code
    FROM {{ ref('areas') }} AS areas
    INNER JOIN {{ ref('area_members') }} AS members
        ON members.area_set = 'HN14' AND members.member_code IN (areas.area_code, areas.parent_code)
    UNION ALL
    SELECT
        'HN14' AS area_code,
        'RH14' AS rest_code
    UNION ALL
    SELECT
        'HN13' AS area_code,
        'RH13' AS rest_code
),

programme AS (
    SELECT
        combined.*,
        areas.area_name,
        areas.area_type,
        indicators.line,
        indicators.label_nl,
        indicators.label_en,
        indicators.unit,
        indicators.direction,
        indicators.is_child_focused,
        indicators.estimate_type,
        indicators.national_constant,
        indicators.aggregation != 'sum' AS is_comparable,
        CASE indicators.direction WHEN 'lower_is_better' THEN -1 ELSE 1 END AS sign,
        rest_of.rest_code,
        -- A period without a value does not use up the break: the next one that has a value still differs in kind.
        lag(CASE WHEN combined.value IS NOT NULL THEN combined.year END IGNORE NULLS) OVER series AS last_year_with_value,
        lag(CASE WHEN combined.value IS NOT NULL THEN combined.boundary_year END IGNORE NULLS) OVER series AS last_boundary_year_with_value
    FROM combined
    INNER JOIN {{ ref('areas') }} AS areas ON combined.area_code = areas.area_code
    INNER JOIN {{ ref('indicators') }} AS indicators ON combined.indicator_code = indicators.indicator_code
    LEFT JOIN rest_of ON combined.area_code = rest_of.area_code
    WINDOW series AS (
        PARTITION BY combined.indicator_code, combined.area_code, combined.breakdown, combined.period_type
        ORDER BY combined.period_start
    )
),

compared AS (
    SELECT
        programme.*,
        EXISTS (
            SELECT 1 FROM {{ ref('series_breaks') }} AS breaks
            WHERE
                breaks.indicator_code = programme.indicator_code
                AND breaks.break_year > programme.last_year_with_value
                AND breaks.break_year <= programme.year
        )
        OR EXISTS (
            SELECT 1 FROM {{ ref('int_area_versions__detected') }} AS versions
            WHERE
                versions.is_break
                AND versions.area_code = programme.area_code
                AND versions.boundary_year > programme.last_boundary_year_with_value
                AND versions.boundary_year <= programme.boundary_year
        ) AS has_series_break,
        -- A score that is a deviation from the Netherlands has its national value by definition.
        CASE WHEN programme.area_code != 'NL00' THEN coalesce(nation.value, programme.national_constant) END AS national_value,
        rest.value AS municipality_rest_value
    FROM programme
    LEFT JOIN combined AS nation
        ON
            nation.area_code = 'NL00'
            AND programme.indicator_code = nation.indicator_code
            AND programme.period_type = nation.period_type
            AND programme.period_start = nation.period_start
            AND programme.breakdown = nation.breakdown
    LEFT JOIN combined AS rest
        ON
            programme.rest_code = rest.area_code
            AND programme.indicator_code = rest.indicator_code
            AND programme.period_type = rest.period_type
            AND programme.period_start = rest.period_start
            AND programme.breakdown = rest.breakdown
)

SELECT
    * EXCLUDE (sign, rest_code, last_year_with_value, last_boundary_year_with_value, national_constant, is_comparable),
    CASE WHEN is_comparable THEN sign * (value - national_value) END AS national_gap,
    CASE WHEN is_comparable THEN {{ verdict('lower_95', 'upper_95', 'national_value', 'direction') }} END AS national_verdict,
    CASE WHEN is_comparable THEN sign * (value - municipality_rest_value) END AS municipality_rest_gap,
    CASE
        WHEN is_comparable THEN {{ verdict('lower_95', 'upper_95', 'municipality_rest_value', 'direction') }}
    END AS municipality_rest_verdict
FROM compared
