{#
    The recent trend of five successive years: a straight line, weighted, that must be significant and must keep its
    direction whichever of the five points is left out.

    Sources: Public Health England / OHID, Fingertips, "Trend markers" and its open code (fingertips-open,
    FingertipsNext): chi-square with one degree of freedom above 9.54953570608324 (99.8 %), and the leave-one-out rule;
    P. Armitage, "Tests for linear trends in proportions and frequencies", Biometrics 11 (1955), 375-386.

    Both kinds of figures take the same line. With t the year, w the weight, r the figure, and sums over pairs i < j,
        S = sum w_i w_j (t_j - t_i) (r_j - r_i),   D = sum w_i w_j (t_j - t_i)^2,   W = sum w_i,
    the slope is S / D, and
        chi-square = S^2 / (W D v).
    For a proportion w is the denominator, r the proportion, and v = p (1 - p) with p of all five years together. That is
    Armitage's N (N sum ty - Y sum tn)^2 / (Y (N - Y) (N sum t^2 n - (sum tn)^2)). For any other figure w = 1 / var with
    var = ((upper - lower) / 3.92)^2, and v = 1: slope^2 / var(slope) of the weighted regression. Pairs show no rounding
    where figures are equal, and turn exactly when the sign of the figures does.

    The direction is that of this slope. In both published programs the direction of a proportion rests on a field that
    only the other kind fills, so their marks of proportions are no reference.
#}

{# The weight of one point; NULL, so that no trend is found, where there is no variance or a proportion is none. #}
{% macro trend_weight(is_proportion, numerator, denominator, lower, upper) -%}
    CASE
        WHEN NOT {{ is_proportion }} AND {{ upper }} > {{ lower }} THEN pow(3.92e0 / ({{ upper }} - {{ lower }}), 2)
        WHEN {{ is_proportion }} AND {{ denominator }} > 0 AND {{ numerator }} BETWEEN 0 AND {{ denominator }} THEN {{ denominator }}
    END
{%- endmacro %}

{# The figure of one point on the line. #}
{% macro trend_figure(is_proportion, numerator, denominator, value) -%}
    CASE WHEN {{ is_proportion }} THEN {{ numerator }} / nullif({{ denominator }}, 0) ELSE {{ value }} END
{%- endmacro %}

{#
    S over all pairs without the point that is left out (1 to 5, 0 for none); with `size` the size of the figures in place
    of their differences, to tell what in S is rounding.
#}
{% macro trend_sum(weights, figures, left_out=0, size=false) -%}
    {%- set terms = [] -%}
    {%- for i in range(1, 6) if i != left_out -%}
        {%- for j in range(i + 1, 6) if j != left_out -%}
            {%- set weight = weights ~ '[' ~ i ~ '] * ' ~ weights ~ '[' ~ j ~ ']' -%}
            {%- set later, earlier = figures ~ '[' ~ j ~ ']', figures ~ '[' ~ i ~ ']' -%}
            {%- set change = '(abs(' ~ later ~ ') + abs(' ~ earlier ~ '))' if size else '(' ~ later ~ ' - ' ~ earlier ~ ')' -%}
            {%- do terms.append(weight ~ ' * ' ~ (j - i) ~ ' * ' ~ change) -%}
        {%- endfor -%}
    {%- endfor -%}
    ({{ terms | join(' + ') }})
{%- endmacro %}

{# 1 up, -1 down, 0 level: a slope in the last digits of the figures is rounding, and no direction. #}
{% macro trend_sign(weights, figures, left_out=0) -%}
    CASE
        WHEN abs({{ trend_sum(weights, figures, left_out) }}) > 1e-12 * {{ trend_sum(weights, figures, left_out, size=true) }}
            THEN sign({{ trend_sum(weights, figures, left_out) }})
        ELSE 0
    END
{%- endmacro %}

{# Chi-square of the line through five points; NULL when a weight or a figure is missing or the variance is zero. #}
{% macro trend_chi_square(weights, figures, is_proportion) -%}
    {%- set single = [] -%}{%- set figured = [] -%}{%- set spread = [] -%}
    {%- for i in range(1, 6) -%}
        {%- do single.append(weights ~ '[' ~ i ~ ']') -%}
        {%- do figured.append(weights ~ '[' ~ i ~ '] * ' ~ figures ~ '[' ~ i ~ ']') -%}
        {%- for j in range(i + 1, 6) -%}
            {%- do spread.append(weights ~ '[' ~ i ~ '] * ' ~ weights ~ '[' ~ j ~ '] * ' ~ (j - i) ** 2) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set total = '(' ~ single | join(' + ') ~ ')' -%}
    {%- set share = '((' ~ figured | join(' + ') ~ ') / ' ~ total ~ ')' -%}
    pow({{ trend_sum(weights, figures) }}, 2) / nullif(
        {{ total }} * ({{ spread | join(' + ') }})
        * CASE WHEN {{ is_proportion }} THEN {{ share }} * (1 - {{ share }}) ELSE 1 END,
        0
    )
{%- endmacro %}

{#
    The mark of five points; weights and figures are names of lists of five, oldest first, as the two macros above make
    them. increasing, decreasing (with _better or _worse unless the direction is neutral), no_significant_change, or
    cannot_be_calculated.
#}
{% macro recent_trend(weights, figures, is_proportion, direction) -%}
    {%- set signs = [] -%}
    {%- for left_out in range(0, 6) -%}{%- do signs.append(trend_sign(weights, figures, left_out)) -%}{%- endfor -%}
    CASE
        WHEN NOT coalesce(isfinite({{ trend_chi_square(weights, figures, is_proportion) }}), FALSE) THEN 'cannot_be_calculated'
        WHEN {{ trend_chi_square(weights, figures, is_proportion) }} <= 9.54953570608324e0 THEN 'no_significant_change'
        WHEN {{ signs | join(' + ') }} = 6
            THEN
                CASE {{ direction }}
                    WHEN 'higher_is_better' THEN 'increasing_better'
                    WHEN 'lower_is_better' THEN 'increasing_worse'
                    WHEN 'neutral' THEN 'increasing'
                END
        WHEN {{ signs | join(' + ') }} = -6
            THEN
                CASE {{ direction }}
                    WHEN 'higher_is_better' THEN 'decreasing_worse'
                    WHEN 'lower_is_better' THEN 'decreasing_better'
                    WHEN 'neutral' THEN 'decreasing'
                END
        ELSE 'no_significant_change'
    END
{%- endmacro %}
