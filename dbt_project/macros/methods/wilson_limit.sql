{#
    One limit of Wilson's score interval for the proportion numerator / denominator, as a proportion from 0 to 1.

    Sources: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22 (1927), 209-212; R. G. Newcombe, "Two-sided confidence intervals for the single proportion",
    Statistics in Medicine 17 (1998), 857-872, method 3 (no continuity correction).

    The textbook form subtracts two nearly equal numbers when the numerator is small. The two limits are the roots of one
    quadratic, so the lower is written as the product of the roots divided by the upper: exactly 0 at a numerator of 0, and
    no digits lost. At a full numerator the upper limit is exactly 1.

    level: '95' or '998'; side: 'lower' or 'upper'. NULL unless 0 <= numerator <= denominator and the denominator is finite
    and above 0. Counts need not be whole: imputed cells count with a half.
#}
{% macro wilson_limit(numerator, denominator, level, side) -%}
    {%- set x = '(' ~ numerator ~ ')::DOUBLE' -%}
    {%- set n = '(' ~ denominator ~ ')::DOUBLE' -%}
    {%- set z = normal_quantile(level) | trim -%}
    {%- set twice_upper -%}
        (2 * {{ x }} + {{ z }} * {{ z }} + {{ z }} * sqrt({{ z }} * {{ z }} + 4 * {{ x }} * (1 - {{ x }} / {{ n }})))
    {%- endset -%}
    CASE
        WHEN NOT coalesce({{ n }} > 0 AND isfinite({{ n }}) AND {{ x }} BETWEEN 0 AND {{ n }}, FALSE) THEN NULL
        {% if side == 'lower' -%}
        ELSE 2 * {{ x }} * ({{ x }} / {{ n }}) / {{ twice_upper }}
        {%- else -%}
        WHEN {{ x }} = {{ n }} THEN 1.0e0
        ELSE least(1.0e0, {{ twice_upper }} / (2 * ({{ n }} + {{ z }} * {{ z }})))
        {%- endif %}
    END
{%- endmacro %}
