{#
    Share of a gap that is closed, 1 - now / baseline, with its 95 % limits by Fieller's theorem.

    Source: E.C. Fieller (1954), Some problems in interval estimation, Journal of the Royal Statistical Society B 16, 175-185.
    The limits of the ratio are the roots of (now - ratio × baseline)² = margin_now² + ratio² × margin_baseline², margins
    being 1.96 standard errors of independent gaps (see margins.sql). The set is one interval only when the baseline's
    own interval excludes zero; otherwise it is unbounded and both limits are NULL.

    The root of the discriminant is taken over sums of squares, so that a margin of zero gives zero and no rounding error
    makes it negative.
#}
{% macro share_closed(gap_now, gap_baseline, margin_baseline) %}
    CASE
        WHEN {{ gap_excludes_zero(gap_baseline, margin_baseline) }}
            THEN 1 - {{ gap_now }} / {{ gap_baseline }}
    END
{% endmacro %}

{# side: 'lower' or 'upper' limit of the share closed; the lower limit of the share has the upper limit of the ratio. #}
{% macro share_closed_limit(gap_now, gap_baseline, margin_now, margin_baseline, side) %}
    CASE
        WHEN {{ margin_now }} >= 0 AND {{ gap_excludes_zero(gap_baseline, margin_baseline) }}
            THEN
                1
                - (
                    {{ gap_now }} * {{ gap_baseline }} + {{ -1 if side == 'upper' else 1 }}
                    * sqrt(pow({{ gap_now }} * {{ margin_baseline }}, 2) + pow({{ margin_now }}, 2) * {{ excess(gap_baseline, margin_baseline) }})
                )
                / {{ excess(gap_baseline, margin_baseline) }}
    END
{% endmacro %}

{# Fieller's denominator: positive where gap_excludes_zero holds, as both compare the same squares. #}
{% macro excess(gap, margin) %}({{ gap }} * {{ gap }} - {{ margin }} * {{ margin }}){% endmacro %}

{# The 95 % interval of a difference holds no zero. Squares are compared: the denominator of Fieller is then positive too. #}
{% macro gap_excludes_zero(gap, margin) %}({{ margin }} >= 0 AND {{ gap }} * {{ gap }} > {{ margin }} * {{ margin }}){% endmacro %}
