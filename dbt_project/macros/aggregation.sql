{#
    Sum over the members that are present, added in the order of their codes. A plain sum is added by threads in any order, and
    the last digits of one release would differ from those of the same release made again.
#}
{% macro sum_over_present(value) -%}
    list_sum(list({{ value }} ORDER BY member_code) FILTER (WHERE is_present))
{%- endmacro %}
