{# Whether the main term and a base of the same code are about the same place: no break of the code between their divisions. #}
{% macro same_place(base) %}
    coalesce(
        len(
            list_filter(
                breaks.years,
                lambda y: y > least(main.boundary_year, {{ base }}.boundary_year)
                    AND y <= greatest(main.boundary_year, {{ base }}.boundary_year)
            )
        ) = 0,
        TRUE
    )
{% endmacro %}
