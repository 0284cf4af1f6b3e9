{#
    Spearman's rank correlation with its 95 % interval and two-sided p.

    Sources: C. Spearman (1904), The proof and measurement of association between two things, American Journal of
    Psychology 15, 72-101: the product-moment correlation of ranks, ties taking the average of their ranks.
    D.G. Bonett and T.A. Wright (2000), Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations, Psychometrika 65, 23-28: atanh(r) is nearly normal with standard error sqrt((1 + r²/2) / (n - 3)).

    The test uses the same standard error as the interval, so that p < 0.05 exactly when the interval excludes zero.
#}

{# Average rank of a value within a partition. NULLs rank among each other: leave them out first. #}
{% macro average_rank(value, partition_by) %}
    rank() OVER (PARTITION BY {{ partition_by }} ORDER BY {{ value }})
    + (count(*) OVER (PARTITION BY {{ partition_by }}, {{ value }}) - 1) / 2
{% endmacro %}

{#
    Product-moment correlation of ranks, an aggregate; NULL when one of them does not vary. Ranks are halves of whole numbers,
    so every sum is exact up to some 10,000 areas and a perfect correlation is exactly 1 or -1, which corr() is not.
#}
{% macro rank_correlation(one, other) %}
    (count(*) * sum({{ one }} * {{ other }}) - sum({{ one }}) * sum({{ other }}))
    / nullif(
        sqrt(
            (count(*) * sum({{ one }} * {{ one }}) - pow(sum({{ one }}), 2))
            * (count(*) * sum({{ other }} * {{ other }}) - pow(sum({{ other }}), 2))
        ),
        0
    )
{% endmacro %}

{# Standard error of atanh(r). NULL below four pairs. #}
{% macro rank_correlation_error(r, n) %}
    CASE WHEN {{ n }} > 3 THEN sqrt((1 + {{ r }} * {{ r }} / 2) / ({{ n }} - 3)) END
{% endmacro %}

{# Limits of r; side is 'lower' or 'upper'. A perfect correlation is its own limit: atanh has none there. #}
{% macro rank_correlation_limit(r, n, side) %}
    CASE
        WHEN {{ n }} <= 3 THEN NULL
        WHEN abs({{ r }}) = 1 THEN {{ r }}
        WHEN abs({{ r }}) < 1
            THEN tanh(atanh({{ r }}) {{ '-' if side == 'lower' else '+' }} {{ normal_quantile('95') }} * {{ rank_correlation_error(r, n) }})
    END
{% endmacro %}

{# |atanh(r)| in standard errors, the z of the two-sided test; infinite for a perfect correlation. #}
{% macro rank_correlation_z(r, n) %}
    CASE WHEN abs({{ r }}) <= 1 THEN abs(atanh({{ r }})) / {{ rank_correlation_error(r, n) }} END
{% endmacro %}

{#
    How strong a correlation is, in words a resident reads. Limits: J.D. Evans (1996), Straightforward statistics for the
    behavioral sciences (0.2, 0.4, 0.6, 0.8). A correlation that may be chance gets no strength.
#}
{% macro strength_word(r, is_significant, language) %}
    {%- set words = {
        'nl': ['geen aantoonbare samenhang', 'zeer zwak', 'zwak', 'matig', 'sterk', 'zeer sterk'],
        'en': ['no demonstrable correlation', 'very weak', 'weak', 'moderate', 'strong', 'very strong']
    }[language] %}
    CASE
        WHEN {{ r }} IS NULL THEN NULL
        WHEN NOT {{ is_significant }} THEN '{{ words[0] }}'
        WHEN abs({{ r }}) < 0.2 THEN '{{ words[1] }}'
        WHEN abs({{ r }}) < 0.4 THEN '{{ words[2] }}'
        WHEN abs({{ r }}) < 0.6 THEN '{{ words[3] }}'
        WHEN abs({{ r }}) < 0.8 THEN '{{ words[4] }}'
        ELSE '{{ words[5] }}'
    END
{% endmacro %}
