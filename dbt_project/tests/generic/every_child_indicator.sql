{# Each indicator about children stands there, with a value or with the reason why there is none. #}
{% test every_child_indicator(model) %}
    SELECT indicators.indicator_code
    FROM {{ ref('indicators') }} AS indicators
    LEFT JOIN {{ model }} AS children ON indicators.indicator_code = children.indicator_code
    WHERE
        indicators.is_child_focused IS DISTINCT FROM (children.indicator_code IS NOT NULL)
        OR (children.indicator_code IS NOT NULL AND (children.value IS NULL) != (children.no_value_reason IS NOT NULL))
        OR (children.no_value_reason IS NULL) != (children.no_value_reason_nl IS NULL)
{% endtest %}
