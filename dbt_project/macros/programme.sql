{#
    The programme's own dates and areas: the promise runs from 2022 to 2047, one generation, and is about Heerlen-Noord.
    Methods that any programme could use stand in methods/.
#}
{% macro programme_start_year() %}2022{% endmacro %}

{% macro programme_end_year() %}2047{% endmacro %}

{# Partners work in this municipality, and their figures go no further. #}
{% macro municipality_code() %}GM0917{% endmacro %}

{# Area sets of Heerlen-Noord and its wijken (and buurten), from the seeds, as rows of area_code. HN14 is the default set. #}
{% macro areas_in_noord(with_buurten) %}
    SELECT DISTINCT areas.area_code
    FROM {{ ref('areas') }} AS areas
    INNER JOIN {{ ref('area_members') }} AS members
        ON members.area_set = 'HN14' AND members.member_code IN (areas.area_code{{ ', areas.parent_code' if with_buurten }})
{% endmacro %}

{# Negative means behind, as in the marts: a gap's sign follows the direction; neutral keeps the plain difference. #}
{% macro direction_sign(direction) %}CASE {{ direction }} WHEN 'lower_is_better' THEN -1 ELSE 1 END{% endmacro %}

{# Where the figures come from (sample, live or replay), for rows that say why there is no figure: one origin per warehouse. #}
{% macro data_origin_of(figures) %}(SELECT max(f.data_origin) FROM {{ figures }} AS f){% endmacro %}
