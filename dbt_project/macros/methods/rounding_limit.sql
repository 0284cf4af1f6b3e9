{#
    One limit of a figure about a whole population that the publisher rounded: the value plus or minus half a step. There is
    no sampling error, so this is a bound and not a chance; it is the same at 95 and 99.8 %.

    Source: JCGM 100:2008 (GUM), 4.3.7 and F.2.2.1: a value rounded to a step lies within half a step of what was measured.

    side: 'lower' or 'upper'. NULL without a value or without a step above 0.
#}
{% macro rounding_limit(value, step, side) -%}
    CASE WHEN {{ step }} > 0 THEN {{ value }} {{ '-' if side == 'lower' else '+' }} {{ step }} / 2 END
{%- endmacro %}
