{# A figure that we hide has left nothing behind: no count, limit, gap or verdict, and no coverage. #}
{% test hidden_is_hidden(model) %}
    SELECT * FROM {{ model }}
    WHERE
        value_status = 'suppressed_here'
        AND coalesce(
            value, numerator, coverage, lower_95, upper_95, lower_998, upper_998, national_gap, municipality_rest_gap
        ) IS NOT NULL
        OR (value_status = 'suppressed_here' AND coalesce(national_verdict, municipality_rest_verdict) IS NOT NULL)
        OR (value_status = 'suppressed_here' AND recent_trend IS DISTINCT FROM 'cannot_be_calculated')
{% endtest %}
