-- From which delivered areas (buurt, wijk or postcode) the number of an area is added up, for feeds of partners. A feed knows
-- one kind of area, so the other kinds find no cells.
WITH
heerlen AS ({{ parts_of_heerlen() }})

SELECT
    area_code,
    area_code AS source_code
FROM {{ ref('areas') }}
WHERE area_type IN ('buurt', 'wijk')
UNION ALL
SELECT
    whole_code AS area_code,
    part_code AS source_code
FROM heerlen
UNION ALL
SELECT DISTINCT
    '{{ municipality_code() }}' AS area_code,
    'PC' || postcode AS source_code
FROM {{ ref('postcode_areas') }}
UNION ALL
SELECT
    area_set AS area_code,
    'PC' || postcode AS source_code
FROM {{ ref('postcode_areas') }}
WHERE share >= 0.5
UNION ALL
SELECT
    members.area_set AS area_code,
    members.member_code AS source_code
FROM {{ ref('area_members') }} AS members
INNER JOIN {{ ref('areas') }} AS areas ON members.member_code = areas.area_code
WHERE areas.area_type = 'wijk' AND areas.parent_code = '{{ municipality_code() }}'
