{#
    What a month, quarter or half-year says beside the same period a year earlier. Comparing with the same period takes the
    season out without a model (the "year-on-year" comparison of official statistics).

    better, similar or worse, for neutral indicators higher, similar or lower: by whether the 95 % interval of the change
    holds zero. NULL without limits.
#}
{% macro change_signal(lower, upper, direction) %}
    CASE
        WHEN {{ lower }} IS NULL OR {{ upper }} IS NULL THEN NULL
        WHEN {{ lower }} <= 0 AND {{ upper }} >= 0 THEN 'similar'
        WHEN {{ direction }} = 'neutral' THEN CASE WHEN {{ lower }} > 0 THEN 'higher' ELSE 'lower' END
        WHEN ({{ lower }} > 0) = ({{ direction }} = 'higher_is_better') THEN 'better'
        ELSE 'worse'
    END
{% endmacro %}
