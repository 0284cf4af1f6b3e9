{# Whether the main term and a base of the same code are about the same place: no break of the code between their divisions. #}
{% macro same_place(base_year) %}
    coalesce(
        len(
            list_filter(
                breaks.years,
                lambda y: y > least(matched.boundary_year, {{ base_year }})
                    AND y <= greatest(matched.boundary_year, {{ base_year }})
            )
        ) = 0,
        TRUE
    )
{% endmacro %}

{#
    What Heerlen is made of, for figures that partners deliver per buurt or wijk: buurten of each wijk, buurten of the
    municipality, wijken of the municipality.
#}
{% macro parts_of_heerlen() %}
    SELECT
        parts.parent_code AS whole_code,
        parts.area_code AS part_code,
        parts.valid_from_year,
        parts.valid_to_year
    FROM {{ ref('areas') }} AS parts
    WHERE parts.area_type = 'buurt' OR (parts.area_type = 'wijk' AND parts.parent_code = '{{ municipality_code() }}')
    UNION ALL
    SELECT
        wijken.parent_code AS whole_code,
        buurten.area_code AS part_code,
        buurten.valid_from_year,
        buurten.valid_to_year
    FROM {{ ref('areas') }} AS buurten
    INNER JOIN {{ ref('areas') }} AS wijken ON buurten.parent_code = wijken.area_code
    WHERE buurten.area_type = 'buurt' AND wijken.parent_code = '{{ municipality_code() }}'
{% endmacro %}
