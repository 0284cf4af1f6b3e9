-- What partners did, per activity, area and period: the delivered wijken, and their sums for Heerlen-Noord, the rest of
-- Heerlen and Heerlen. True counts: what of them may be seen is decided in int_disclosure__decided.
WITH
cells AS (
    SELECT * FROM {{ ref('int_disclosure__cells') }}
    WHERE feed_id = '{{ activities_feed() }}' AND NOT list_contains(string_split(breakdown, '|'), 'total')
),

wanted_areas AS (
    SELECT area_code FROM {{ ref('areas') }}
    WHERE
        (area_type = 'wijk' AND parent_code = '{{ municipality_code() }}')
        OR area_code IN ('HN14', 'HN13', 'RH14', '{{ municipality_code() }}')
)

SELECT
    cells.feed_id,
    max(cells.snapshot_id) AS snapshot_id,
    sources.area_code,
    cells.period_type,
    cells.period_start,
    cells.period_end,
    cells.year,
    cells.breakdown,
    cells.measure,
    list_sum(list(cells.value ORDER BY cells.area_code)) AS value
FROM cells
INNER JOIN {{ ref('int_disclosure__area_sources') }} AS sources ON cells.area_code = sources.source_code
INNER JOIN wanted_areas ON sources.area_code = wanted_areas.area_code
GROUP BY ALL
