{#
    One limit of a count of events: Byar's approximation from ten events on, exact limits below ten. A rate's limits are
    those of its count, times the scale, divided by the denominator.

    Sources: N. E. Breslow & N. E. Day, Statistical Methods in Cancer Research, volume II (IARC, 1987), 69-70; Public
    Health England, Technical Guide: Confidence intervals (2018): Byar for rates, exact below ten events.

    Exact limits exist for whole counts only. A count below ten that is not whole (imputed cells count with a half) takes
    the lower limit of the count rounded down and the upper limit of the count rounded up: never too narrow.

    level: '95' or '998'; side: 'lower' or 'upper'. NULL unless the count is finite and not negative.
#}
{% macro byar_limit(count, level, side) -%}
    {%- set x = '(' ~ count ~ ')::DOUBLE' -%}
    {%- set z = normal_quantile(level) | trim -%}
    {#- A count between nine and ten, rounded up, is ten. -#}
    {%- set above = '(greatest(' ~ x ~ ', 10) + 1)' -%}
    {%- set whole = 'floor(' ~ x ~ ')' if side == 'lower' else 'ceil(' ~ x ~ ')' -%}
    {%- set centre, sign = (x, '-') if side == 'lower' else (above, '+') -%}
    CASE
        WHEN NOT coalesce({{ x }} >= 0 AND isfinite({{ x }}), FALSE) THEN NULL
        WHEN {{ whole }} < 10 THEN {{ exact_count_limit(whole, level, side) }}
        ELSE {{ centre }} * pow(1 - 1 / (9 * {{ centre }}) {{ sign }} {{ z }} / (3 * sqrt({{ centre }})), 3)
    END
{%- endmacro %}
