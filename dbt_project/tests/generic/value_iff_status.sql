{# A value is absent exactly when its status says why, and coverage is a share. #}
{% test value_iff_status(model) %}
    SELECT * FROM {{ model }}
    WHERE (value IS NULL) != (value_status IN ('suppressed_source', 'suppressed_here', 'not_published', 'not_applicable', 'missing'))
       OR coverage NOT BETWEEN 0 AND 1 + 1e-9
       OR isnan(value) OR isinf(value)
{% endtest %}
