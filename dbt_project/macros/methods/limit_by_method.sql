{#
    One limit of an indicator's value, in its unit, by its interval_method (seeds/indicators.csv); reads the columns of
    int_indicator_values__intervals. A rate is per denominator, so its limits are those of its count over the same.
    The publisher's own margins are at 95 % only.
#}
{% macro limit_by_method(level, side) -%}
    CASE method_of_value
        WHEN 'wilson' THEN scale * {{ wilson_limit('numerator', 'denominator', level, side) }}
        WHEN 'byar' THEN CASE WHEN denominator > 0 THEN scale * {{ byar_limit('numerator', level, side) }} / denominator END
        WHEN 'wilson_on_weight' THEN 100 * {{ wilson_limit('value * weight / 100', 'weight', level, side) }}
        WHEN 'rounding' THEN {{ rounding_limit('value', 'rounding_step', side) }}
        WHEN 'publisher' THEN CASE WHEN has_margins AND '{{ level }}' = '95' THEN publisher_{{ side }} END
    END
{%- endmacro %}
