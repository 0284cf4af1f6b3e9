{#
    z of a two-sided interval: the standard normal quantile at 0.975 for level '95' and at 0.999 for '998' (99.8 %), to
    the last digit of a DOUBLE. The exponent keeps DuckDB from reading a DECIMAL.
    Source: any table of the normal distribution; tests/unit/dbt_project compares with scipy.stats.norm.ppf.
#}
{% macro normal_quantile(level) -%}
    {{ {'95': '1.959963984540054e0', '998': '3.090232306167813e0'}[level] }}
{%- endmacro %}
