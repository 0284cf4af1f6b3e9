{{ config(alias='area_members') }}
-- Which areas make up an area set, from when until when, and how sure that is.
SELECT
    area_set,
    member_code,
    valid_from_year,
    valid_to_year,
    is_certain,
    source
FROM {{ ref('area_members') }}
