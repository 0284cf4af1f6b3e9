{#
    Progress against the linear path to no gap, and what moved. Method of this project (docs/methods.md): the yardstick
    "share of the gap closed against share of the time elapsed" is that of the Nationaal Programma Rotterdam Zuid.
#}

{#
    ahead: even the lower limit lies above the share of time elapsed; behind: even the upper limit lies below it; on_track:
    the interval holds the share of time elapsed and not zero; uncertain: it holds both. NULL without limits.
#}
{% macro progress_status(lower, upper, time_elapsed) %}
    CASE
        WHEN {{ lower }} > {{ time_elapsed }} THEN 'ahead'
        WHEN {{ upper }} < {{ time_elapsed }} THEN 'behind'
        WHEN {{ lower }} > 0 THEN 'on_track'
        WHEN {{ lower }} <= 0 AND {{ upper }} >= {{ time_elapsed }} THEN 'uncertain'
    END
{% endmacro %}

{#
    Which part of a changed gap weighs most: own or comparator when that part is the larger beyond doubt, both when both
    differ from zero beyond doubt and neither is the larger, none when no part can be pointed at. NULL when a margin is
    unknown. A part that is larger beyond doubt differs from zero beyond doubt.
#}
{% macro mainly_due_to(own, comparator, margin_own, margin_comparator) %}
    CASE
        WHEN abs({{ own }}) - abs({{ comparator }}) > {{ combined_margin([margin_own, margin_comparator]) }} THEN 'own'
        WHEN abs({{ comparator }}) - abs({{ own }}) > {{ combined_margin([margin_own, margin_comparator]) }} THEN 'comparator'
        WHEN abs({{ own }}) > {{ margin_own }} AND abs({{ comparator }}) > {{ margin_comparator }} THEN 'both'
        WHEN abs({{ own }}) >= 0 AND abs({{ comparator }}) >= 0 AND {{ margin_own }} >= 0 AND {{ margin_comparator }} >= 0 THEN 'none'
    END
{% endmacro %}
