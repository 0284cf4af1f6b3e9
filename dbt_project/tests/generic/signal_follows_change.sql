{# A signal is a known word that fits the change and the direction, or there is a reason, in words too. #}
{% test signal_follows_change(model) %}
    SELECT * FROM {{ model }}
    WHERE
        (signal IS NULL) != (no_signal_reason IS NOT NULL)
        OR (no_signal_reason IS NULL) != (no_signal_reason_nl IS NULL)
        OR signal NOT IN ('better', 'similar', 'worse', 'higher', 'lower')
        OR (signal IN ('better', 'worse') AND direction = 'neutral')
        OR (signal IN ('higher', 'lower') AND direction != 'neutral')
        OR ((signal = 'better') AND (change > 0) != (direction = 'higher_is_better'))
        OR ((signal = 'worse') AND (change < 0) != (direction = 'higher_is_better'))
        OR ((signal = 'higher') AND change <= 0)
        OR ((signal = 'lower') AND change >= 0)
        OR (is_newest AND value IS NULL)
        OR abs(value - value_year_earlier - change) > 1e-9 * (1 + abs(value))
{% endtest %}
