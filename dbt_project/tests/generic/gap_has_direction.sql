{# Negative means behind: each gap's sign follows the indicator's direction, and an area is not its own comparator. #}
{% test gap_has_direction(model) %}
{%- set sign = "CASE direction WHEN 'lower_is_better' THEN -1 ELSE 1 END" %}
    SELECT * FROM {{ model }}
    WHERE
        sign(national_gap) != {{ sign }} * sign(value - national_value)
        OR sign(municipality_rest_gap) != {{ sign }} * sign(value - municipality_rest_value)
        OR (area_code = 'NL00' AND national_value IS NOT NULL)
        OR (area_code IN ('RH13', 'RH14') AND municipality_rest_value IS NOT NULL)
{% endtest %}
