{# Words that readers filter on are those of the contract, and say no more than the row can know. #}
{% test known_words(model) %}
    SELECT * FROM {{ model }}
    WHERE direction NOT IN ('higher_is_better', 'lower_is_better', 'neutral')
       OR area_type NOT IN ('buurt', 'wijk', 'programme_area', 'municipality', 'region', 'country')
       OR period_type NOT IN ('year', 'quarter', 'month', 'half_year', 'school_year', 'term')
       OR estimate_type NOT IN ('register', 'survey', 'model')
       OR value_status NOT IN ('measured', 'provisional', 'estimated', 'suppressed_source', 'suppressed_here', 'not_published', 'not_applicable', 'missing')
       OR data_origin NOT IN ('sample', 'live', 'replay')
       -- A verdict needs limits and a comparator, and is better or worse only where the direction says so.
       OR national_verdict NOT IN ('similar', if(direction = 'neutral', 'higher', 'better'), if(direction = 'neutral', 'lower', 'worse'))
       OR municipality_rest_verdict
       NOT IN ('similar', if(direction = 'neutral', 'higher', 'better'), if(direction = 'neutral', 'lower', 'worse'))
       OR (national_verdict IS NOT NULL AND (lower_95 IS NULL OR national_value IS NULL))
       OR (municipality_rest_verdict IS NOT NULL AND (lower_95 IS NULL OR municipality_rest_value IS NULL))
       OR coalesce(recent_trend, '') NOT IN (
           'no_significant_change', 'cannot_be_calculated',
           'increasing' || if(direction = 'neutral', '', '_better'), 'increasing' || if(direction = 'neutral', '', '_worse'),
           'decreasing' || if(direction = 'neutral', '', '_better'), 'decreasing' || if(direction = 'neutral', '', '_worse')
       )
       OR (recent_trend != 'cannot_be_calculated' AND (value IS NULL OR estimate_type = 'model' OR period_type NOT IN ('year', 'school_year')))
{% endtest %}
