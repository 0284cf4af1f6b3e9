{# No two rows share the same values of these columns. #}
{% test unique_combination(model, columns) %}
    SELECT {{ columns | join(', ') }}, count(*) AS times FROM {{ model }} GROUP BY ALL HAVING count(*) > 1
{% endtest %}
