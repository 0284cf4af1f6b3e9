{# Counts that we protect ourselves are multiples of their feed's base, amounts have no more than three significant digits. #}
{% test counts_are_rounded(model) %}
    SELECT shown.* FROM ({{ protected_counts(model) }}) AS shown
    WHERE
        (NOT shown.is_amount AND shown.shown_count % shown.rounding != 0)
        OR (
            shown.is_amount AND shown.shown_count != 0
            AND abs(shown.shown_count - round(shown.shown_count, 2 - floor(log10(abs(shown.shown_count)))::INTEGER)) > 1e-9 * abs(shown.shown_count)
        )
{% endtest %}
