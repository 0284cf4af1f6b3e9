{# Words that readers filter on are those of the contract. #}
{% test known_words(model) %}
    SELECT * FROM {{ model }}
    WHERE direction NOT IN ('higher_is_better', 'lower_is_better', 'neutral')
       OR area_type NOT IN ('buurt', 'wijk', 'programme_area', 'municipality', 'region', 'country')
       OR period_type NOT IN ('year', 'quarter', 'month', 'half_year', 'school_year')
       OR estimate_type NOT IN ('register', 'survey', 'model')
       OR value_status NOT IN ('measured', 'provisional', 'estimated', 'suppressed_source', 'suppressed_here', 'not_published', 'not_applicable', 'missing')
       OR data_origin NOT IN ('sample', 'live', 'replay')
{% endtest %}
