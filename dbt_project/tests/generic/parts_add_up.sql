{# Noord's own part and the comparator's part make the whole change of the gap, which is the difference of the two gaps. #}
{% test parts_add_up(model) %}
    SELECT * FROM {{ model }}
    WHERE
        abs(own_part + comparator_part - gap_change) > 1e-9 * (1 + abs(own_part) + abs(comparator_part))
        OR abs(gap_now - gap_baseline - gap_change) > 1e-9 * (1 + abs(now_value) + abs(now_comparator_value))
        OR (gap_change IS NULL) != (own_part IS NULL)
        OR (gap_change IS NULL) != (comparator_part IS NULL)
        OR (comparable_years >= 2 AND undefined_reason IS DISTINCT FROM 'count_without_gap' AND gap_change IS NULL)
{% endtest %}
