{{ config(alias='areas') }}
-- Areas of the programme, with the inhabitants of the newest year that is known.
SELECT
    a.area_code,
    a.area_name,
    a.area_type,
    a.parent_code,
    a.valid_from_year,
    a.valid_to_year,
    a.source,
    p.year AS population_year,
    p.value AS population
FROM {{ ref('areas') }} AS a
LEFT JOIN {{ ref('wonen__latest_values') }} AS p ON a.area_code = p.area_code AND p.indicator_code = 'WON_INWONERS'
