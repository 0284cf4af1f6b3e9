{{ config(materialized='view') }}
-- The marts of the five lines as one, with the line: what the programme's own marts read.
{% for line in ['leren', 'werken', 'gezondheid', 'wonen', 'veiligheid'] %}
    SELECT
        '{{ line }}' AS line,
        *
    FROM {{ ref(line ~ '__indicator_values') }}
    {{ 'UNION ALL BY NAME' if not loop.last }}
{% endfor %}
