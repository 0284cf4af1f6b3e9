{{ config(alias='area_versions') }}
-- Each area on each year's division: its name then, its parent, and whether the code still meant the same place.
SELECT
    v.area_code,
    v.boundary_year,
    coalesce(v.area_name, a.area_name) AS area_name,
    a.area_type,
    a.parent_code,
    v.boundary_change,
    v.is_break,
    v.break_reason_nl
FROM {{ ref('int_area_versions__detected') }} AS v
INNER JOIN {{ ref('areas') }} AS a ON v.area_code = a.area_code
