{# Each indicator of the catalogue has its row for Heerlen-Noord beside the Netherlands, also without any figure. #}
{% test every_indicator_for_noord(model) %}
    WITH told AS (SELECT indicator_code FROM {{ model }} WHERE area_code = 'HN14' AND comparator_code = 'NL00')

    SELECT indicators.indicator_code
    FROM {{ ref('indicators') }} AS indicators
    ANTI JOIN told ON indicators.indicator_code = told.indicator_code
{% endtest %}
