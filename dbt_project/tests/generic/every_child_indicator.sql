{# Each indicator about children stands there, with a value or with the reason why there is none; and no other indicator. #}
{% test every_child_indicator(model) %}
    WITH told AS (SELECT * FROM {{ model }})

    SELECT indicators.indicator_code
    FROM {{ ref('indicators') }} AS indicators
    LEFT JOIN told ON indicators.indicator_code = told.indicator_code
    WHERE
        indicators.is_child_focused IS DISTINCT FROM (told.indicator_code IS NOT NULL)
        OR (told.indicator_code IS NOT NULL AND (told.value IS NULL) != (told.no_value_reason IS NOT NULL))
        OR (told.no_value_reason IS NULL) != (told.no_value_reason_nl IS NULL)
{% endtest %}
