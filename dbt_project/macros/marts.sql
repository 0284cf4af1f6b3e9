{# The mart contract (docs/architecture.md), the same for each programme line. #}
{% macro indicator_values_mart(line) %}
    SELECT
        c.indicator_code,
        c.label_nl AS indicator_label_nl,
        c.label_en AS indicator_label_en,
        c.unit,
        c.direction,
        c.is_child_focused,
        c.area_code,
        c.area_name,
        c.area_type,
        c.boundary_year,
        c.period_start,
        c.period_end,
        c.period_type,
        c.year,
        c.breakdown,
        c.value,
        c.numerator,
        c.denominator,
        c.lower_95,
        c.upper_95,
        c.lower_998,
        c.upper_998,
        c.value_status,
        c.estimate_type,
        c.has_series_break,
        c.coverage,
        c.national_value,
        c.national_gap,
        c.national_verdict,
        c.municipality_rest_value,
        c.municipality_rest_gap,
        c.municipality_rest_verdict,
        c.recent_trend,
        c.feed_id,
        c.snapshot_id,
        s.data_origin
    FROM {{ ref('int_indicator_values__trends') }} AS c
    INNER JOIN {{ source('control', 'snapshots') }} AS s USING (snapshot_id)
    WHERE c.line = '{{ line }}'
{% endmacro %}

{# The newest period that has a value, of each indicator and area. #}
{% macro latest_values_mart(line) %}
    SELECT * FROM {{ ref(line ~ '__indicator_values') }}
    WHERE value IS NOT NULL
    QUALIFY
        row_number() OVER (PARTITION BY indicator_code, area_code, period_type, breakdown ORDER BY period_start DESC) = 1
{% endmacro %}
