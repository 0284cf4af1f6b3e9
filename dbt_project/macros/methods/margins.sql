{#
    Half of a 95 % interval, and how margins of independent figures combine.

    With var = ((upper - lower) / 3.92)², as in the public health profiles of the UK government (Fingertips, technical guide
    "Trend markers"), a margin is 1.96 standard errors: dividing and multiplying by the same 1.96 cancels, so no quantile is
    needed and limits that are symmetric come back exactly. A margin of zero (no sampling error) works like any other.

    Independence: successive years of a register hold mostly the same people and the Netherlands holds Heerlen-Noord, so real
    differences vary less than this says. The intervals err on the side of "uncertain".

    NULL or a lower limit above its upper limit gives NULL.
#}
{% macro margin(lower, upper) %}
    CASE WHEN {{ lower }} <= {{ upper }} THEN ({{ upper }} - {{ lower }}) / 2 END
{% endmacro %}

{# Margin of a sum or a difference of independent figures. #}
{% macro combined_margin(margins) %}
    sqrt({% for m in margins %}{{ m }} * {{ m }}{{ ' + ' if not loop.last }}{% endfor %})
{% endmacro %}
