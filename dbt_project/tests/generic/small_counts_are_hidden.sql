{# No count that we protect ourselves lies between zero and its feed's least count; a feed without a rule shows none at all. #}
{% test small_counts_are_hidden(model) %}
    SELECT shown.* FROM ({{ protected_counts(model) }}) AS shown
    WHERE shown.shown_count != 0 AND (shown.least_count IS NULL OR shown.shown_count < shown.least_count)
{% endtest %}
