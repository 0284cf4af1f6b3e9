-- Observations per area. Rows of single institutions (breakdown_group '*') and of postcodes (PC6411) are added up to the
-- municipality they lie in, to the country, and by postcode to the parts of Heerlen.
--
-- A cell that the publisher hides because it is small counts with the value of seeds/missing_markers.csv (the middle of
-- 1 to 4); `imputed` says how much of the sum that is, and the status becomes estimated.
--
-- What a partner delivers is about Heerlen and nothing beyond: buurten are added up to their wijk and to the municipality,
-- wijken to the municipality, and only when all of them are there. A publisher has its own figures for these.
WITH
observations AS (SELECT * FROM {{ ref('int_observations__unioned') }}),

partner_feeds AS (
    SELECT feed_id FROM {{ source('control', 'disclosure_rules') }}
    WHERE NOT is_open
),

-- A postcode of Heerlen lies in Heerlen whole; of other postcodes only the country is known.
units AS (
    SELECT
        observations.* REPLACE (
            CASE
                WHEN NOT starts_with(observations.area_code, 'PC') THEN observations.area_code
                WHEN right(observations.area_code, 4) IN (SELECT p.postcode FROM {{ ref('postcode_areas') }} AS p) THEN 'GM0917'
            END AS area_code
        ),
        CASE
            WHEN starts_with(observations.area_code, 'PC') THEN right(observations.area_code, 4)
            ELSE left(observations.attributes['postcode'], 4)
        END AS postcode
    FROM observations
    WHERE observations.breakdown_group = '*' OR starts_with(observations.area_code, 'PC')
),

placed AS (
    SELECT
        units.area_code AS target_code,
        units.*
    FROM units
    WHERE units.area_code IS NOT NULL
    UNION ALL
    SELECT
        'NL00' AS target_code,
        units.*
    FROM units
    ANTI JOIN partner_feeds ON units.feed_id = partner_feeds.feed_id
    UNION ALL
    SELECT
        postcodes.area_set AS target_code,
        units.*
    FROM units
    INNER JOIN {{ ref('postcode_areas') }} AS postcodes
        ON units.postcode = postcodes.postcode AND postcodes.share >= 0.5
    WHERE units.area_code = 'GM0917'
),

summed AS (
    SELECT
        feed_id,
        max(snapshot_id) AS snapshot_id,
        target_code AS area_code,
        max(boundary_year) AS boundary_year,
        period_type,
        period_start,
        period_end,
        year,
        measure,
        breakdown_group AS breakdown,
        sum(coalesce(value, imputed_value)) AS value,
        sum(imputed_value) FILTER (WHERE value IS NULL) AS imputed,
        bool_or(period_status IN ('provisional', 'revised')) AS is_provisional,
        max(value_status) AS any_status
    FROM placed
    GROUP BY ALL
),

heerlen AS ({{ parts_of_heerlen() }}),

years AS (SELECT DISTINCT year FROM observations),

wholes AS (
    SELECT
        heerlen.whole_code,
        heerlen.part_code,
        left(heerlen.part_code, 2) AS part_kind,
        years.year
    FROM heerlen
    INNER JOIN years
        ON years.year BETWEEN coalesce(heerlen.valid_from_year, years.year) AND coalesce(heerlen.valid_to_year, years.year)
),

whole_sizes AS (
    SELECT
        whole_code,
        part_kind,
        year,
        count(*) AS part_count
    FROM wholes
    GROUP BY ALL
),

-- In the order of their codes: a plain sum is added by threads in any order.
added_up AS (
    SELECT
        observations.feed_id,
        max(observations.snapshot_id) AS snapshot_id,
        wholes.whole_code AS area_code,
        max(observations.boundary_year) AS boundary_year,
        observations.period_type,
        observations.period_start,
        observations.period_end,
        observations.year,
        observations.measure,
        observations.breakdown_group AS breakdown,
        list_sum(list(observations.value ORDER BY wholes.part_code)) AS value_sum,
        count(observations.value) = any_value(whole_sizes.part_count) AS is_whole,
        bool_or(observations.period_status IN ('provisional', 'revised')) AS is_provisional
    FROM observations
    INNER JOIN partner_feeds ON observations.feed_id = partner_feeds.feed_id
    INNER JOIN wholes ON observations.area_code = wholes.part_code AND observations.year = wholes.year
    INNER JOIN whole_sizes
        ON
            wholes.whole_code = whole_sizes.whole_code
            AND wholes.part_kind = whole_sizes.part_kind
            AND wholes.year = whole_sizes.year
    WHERE observations.breakdown_group != '*'
    GROUP BY ALL
)

SELECT
    feed_id,
    snapshot_id,
    area_code,
    boundary_year,
    period_type,
    period_start,
    period_end,
    year,
    measure,
    breakdown,
    value,
    NULL::DOUBLE AS lower,
    NULL::DOUBLE AS upper,
    coalesce(imputed, 0) AS imputed,
    CASE
        WHEN value IS NULL THEN any_status
        WHEN imputed > 0 THEN 'estimated'
        WHEN is_provisional THEN 'provisional'
        ELSE 'measured'
    END AS value_status
FROM summed
UNION ALL BY NAME
SELECT
    feed_id,
    snapshot_id,
    area_code,
    boundary_year,
    period_type,
    period_start,
    period_end,
    year,
    measure,
    breakdown,
    value,
    lower,
    upper,
    0.0 AS imputed,
    value_status
FROM observations
WHERE breakdown_group != '*' AND NOT starts_with(area_code, 'PC')
UNION ALL BY NAME
SELECT
    feed_id,
    snapshot_id,
    area_code,
    boundary_year,
    period_type,
    period_start,
    period_end,
    year,
    measure,
    breakdown,
    CASE WHEN is_whole THEN value_sum END AS value,
    NULL::DOUBLE AS lower,
    NULL::DOUBLE AS upper,
    0.0 AS imputed,
    CASE WHEN NOT is_whole THEN 'missing' WHEN is_provisional THEN 'provisional' ELSE 'measured' END AS value_status
FROM added_up
