{# Negative means behind: the gap's sign follows the indicator's direction, and an area is not its own comparator. #}
{% test gap_has_direction(model) %}
    SELECT * FROM {{ model }}
    WHERE (national_gap < 0) != CASE direction WHEN 'lower_is_better' THEN value > national_value ELSE value < national_value END
       OR (area_code = 'NL00' AND national_value IS NOT NULL)
       OR (area_code IN ('RH13', 'RH14') AND municipality_rest_value IS NOT NULL)
{% endtest %}
