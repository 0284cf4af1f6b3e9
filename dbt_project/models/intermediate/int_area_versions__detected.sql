-- Each area of the programme on each year's division, and whether the code still means the same place.
--
-- A code that is used again for another area gives a wrong trend without anyone noticing (Zoetermeer and Diemen did so),
-- so a series breaks where CBS says that the division changed (2: new code, 3: new border) or where the name is another
-- one. Spelling is no other name: accents, case, marks and «Wijk 10» are left out, and a name that holds the other one or
-- is nearly the same letter for letter (Jaro-Winkler 0.85 or more) passes.
WITH
versions AS (
    SELECT
        k.area_code,
        k.boundary_year,
        any_value(k.area_name) AS area_name,
        any_value(k.attributes['boundary_change']) AS boundary_change
    FROM {{ source('raw', 'cbs_kerncijfers') }} AS k
    WHERE k.area_code IN (SELECT areas.area_code FROM {{ ref('areas') }} AS areas)
    GROUP BY ALL
),

plain AS (
    SELECT
        *,
        regexp_replace(
            strip_accents(lower(regexp_replace(coalesce(area_name, ''), '^\s*Wijk\s+\d+\s+', ''))), '[^a-z0-9]', '', 'g'
        ) AS plain_name
    FROM versions
),

neighbours AS (
    SELECT
        *,
        lag(plain_name) OVER (PARTITION BY area_code ORDER BY boundary_year) AS plain_name_before,
        lag(area_name) OVER (PARTITION BY area_code ORDER BY boundary_year) AS name_before
    FROM plain
),

judged AS (
    SELECT
        *,
        plain_name_before IS NOT NULL AND trim(boundary_change) IN ('2', '3') AS is_redrawn,
        plain_name_before != '' AND plain_name != ''
        AND NOT contains(plain_name, plain_name_before)
        AND NOT contains(plain_name_before, plain_name)
        AND jaro_winkler_similarity(plain_name, plain_name_before) < 0.85 AS is_renamed
    FROM neighbours
)

SELECT
    area_code,
    boundary_year,
    area_name,
    trim(boundary_change) AS boundary_change,
    coalesce(is_redrawn OR is_renamed, FALSE) AS is_break,
    CASE
        WHEN is_renamed THEN 'De code hoort nu bij een ander gebied; eerder heette het ' || name_before
        WHEN is_redrawn THEN 'CBS meldt dat de indeling is gewijzigd (' || trim(boundary_change) || ')'
    END AS break_reason_nl
FROM judged
