{# Two lines, enough neighbourhoods, limits around a correlation, p that only grows by adjusting, and the warning. #}
{% test connection_is_sound(model) %}
    SELECT * FROM {{ model }}
    WHERE
        line = other_line
        OR (correlation IS NULL) != (not_computed_reason IS NOT NULL)
        OR (not_computed_reason IS NULL) != (not_computed_reason_nl IS NULL)
        OR (n < 20 AND correlation IS NOT NULL)
        OR correlation NOT BETWEEN lower_95 AND upper_95
        OR lower_95 < -1
        OR upper_95 > 1
        OR p_value NOT BETWEEN 0 AND p_adjusted
        OR p_adjusted > 1
        OR is_significant IS DISTINCT FROM coalesce(p_adjusted < 0.05, FALSE)
        OR is_significant != (relation_nl IS NOT NULL)
        OR warning_nl IS DISTINCT FROM 'Samenhang is geen bewijs van oorzaak.'
{% endtest %}
