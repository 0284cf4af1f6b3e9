{#
    Limits lie around the value, those of 99.8 % outside those of 95 %, within the last digits of a number. A publisher's own
    margins have no 99.8 % and are rounded apart from the value, so for them the release gate only warns; but a limit stands
    with the other one of its pair, and none without a value.
#}
{% test limits_in_order(model) %}
    SELECT * FROM {{ model }}
    WHERE
        lower_998 > lower_95 + 1e-9 * abs(lower_95)
        OR (lower_998 IS NOT NULL AND lower_95 > value + 1e-9 * abs(value))
        OR (lower_998 IS NOT NULL AND upper_95 < value - 1e-9 * abs(value))
        OR upper_998 < upper_95 - 1e-9 * abs(upper_95)
        OR upper_95 < lower_95
        OR (lower_95 IS NULL) != (upper_95 IS NULL)
        OR (lower_998 IS NULL) != (upper_998 IS NULL)
        OR (lower_998 IS NOT NULL AND lower_95 IS NULL)
        OR (lower_95 IS NOT NULL AND value IS NULL)
        OR NOT isfinite(coalesce(lower_95, 0) + coalesce(upper_95, 0) + coalesce(lower_998, 0) + coalesce(upper_998, 0))
{% endtest %}
