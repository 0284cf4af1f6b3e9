{#
    How an area stands beside its comparator: similar when the comparator's value lies within the area's interval, else
    better or worse by the indicator's direction, or higher or lower when neither is better.

    Source: Public Health England / OHID, Fingertips, comparison method "single overlapping confidence interval". The
    comparator's own interval does not count: it is the yardstick.

    NULL when a limit, the comparator or the direction is missing.
#}
{% macro verdict(lower, upper, comparator, direction) -%}
    CASE
        WHEN {{ lower }} IS NULL OR {{ upper }} IS NULL OR {{ comparator }} IS NULL OR {{ direction }} IS NULL THEN NULL
        WHEN {{ comparator }} BETWEEN {{ lower }} AND {{ upper }} THEN 'similar'
        WHEN {{ comparator }} < {{ lower }}
            THEN CASE {{ direction }} WHEN 'higher_is_better' THEN 'better' WHEN 'lower_is_better' THEN 'worse' WHEN 'neutral' THEN 'higher' END
        ELSE CASE {{ direction }} WHEN 'higher_is_better' THEN 'worse' WHEN 'lower_is_better' THEN 'better' WHEN 'neutral' THEN 'lower' END
    END
{%- endmacro %}
