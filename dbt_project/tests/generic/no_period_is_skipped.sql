{# A series has every period from its first to its last: the next one starts the day after the one before ends. #}
{% test no_period_is_skipped(model) %}
    SELECT
        *,
        lag(period_end) OVER (PARTITION BY indicator_code, area_code, period_type ORDER BY period_start) AS end_before
    FROM {{ model }}
    QUALIFY period_start != end_before + 1 OR period_end <= period_start
{% endtest %}
