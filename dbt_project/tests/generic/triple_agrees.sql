{# Value, numerator and denominator of a figure say the same: none of them tells more than the other two. #}
{% test triple_agrees(model) %}
    SELECT figures.*
    FROM {{ model }} AS figures
    INNER JOIN {{ ref('indicators') }} AS indicators ON figures.indicator_code = indicators.indicator_code
    WHERE
        figures.value IS NOT NULL
        AND indicators.aggregation IN ('ratio', 'sum')
        AND (
            figures.numerator IS NULL
            OR (indicators.aggregation = 'ratio' AND figures.denominator IS NULL)
            OR abs(figures.value - indicators.scale * figures.numerator / if(indicators.aggregation = 'ratio', figures.denominator, 1))
            > 1e-9 * (1 + abs(figures.value))
        )
{% endtest %}
