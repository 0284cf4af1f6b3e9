{#
    p adjusted for the number of tests, by Holm's step-down.

    Source: S. Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6,
    65-70. It holds under any dependence between the tests (pairs share indicators) and guards each single pair that a
    reader picks from the list: with 95 % certainty no adjusted p below 0.05 is due to chance alone. A false discovery rate
    (Benjamini-Hochberg) would only promise that most of the list holds.

    A window over the tests that were done; leave out rows without p.
#}
{% macro holm_step(p) %}
    least(1.0, {{ p }} * (count(*) OVER () - row_number() OVER (ORDER BY {{ p }}) + 1))
{% endmacro %}

{# Over rows with their step: an adjusted p is never below that of a smaller p. Ties take the same, the largest. #}
{% macro holm(p, step) %}
    max({{ step }}) OVER (ORDER BY {{ p }} RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
{% endmacro %}
