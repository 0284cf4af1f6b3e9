{{ config(alias='area_geometries') }}
-- The polygons of Heerlen, its wijken and buurten on each year's division, as GeoJSON for maps: WGS84, outer rings clockwise
-- and simplified along shared borders. Not for measuring.
SELECT
    g.area_code,
    g.boundary_year,
    coalesce(a.area_name, g.attributes['name']) AS area_name,
    a.area_type,
    g.attributes['geometry'] AS geometry,
    g.snapshot_id,
    s.data_origin
FROM {{ source('raw', 'pdok_wijken_buurten') }} AS g
INNER JOIN {{ ref('areas') }} AS a ON g.area_code = a.area_code
INNER JOIN {{ source('control', 'snapshots') }} AS s ON g.snapshot_id = s.snapshot_id
WHERE g.attributes['geometry'] IS NOT NULL
