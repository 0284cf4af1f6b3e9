-- Observations per area. Rows of single institutions (breakdown_group '*') are added up to the municipality they lie
-- in, to the country, and by postcode to the parts of Heerlen.
--
-- A cell that the publisher hides because it is small counts with the value of seeds/missing_markers.csv (the middle of
-- 1 to 4); `imputed` says how much of the sum that is, and the status becomes estimated.
WITH
observations AS (SELECT * FROM {{ ref('int_observations__unioned') }}),

units AS (
    SELECT * FROM observations
    WHERE breakdown_group = '*'
),

placed AS (
    SELECT
        units.area_code AS target_code,
        units.*
    FROM units
    UNION ALL
    SELECT
        'NL00' AS target_code,
        units.*
    FROM units
    UNION ALL
    SELECT
        postcodes.area_set AS target_code,
        units.*
    FROM units
    INNER JOIN {{ ref('postcode_areas') }} AS postcodes
        ON left(units.attributes['postcode'], 4) = postcodes.postcode AND postcodes.share >= 0.5
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
        '*' AS breakdown,
        sum(coalesce(value, imputed_value)) AS value,
        sum(imputed_value) FILTER (WHERE value IS NULL) AS imputed,
        bool_or(period_status IN ('provisional', 'revised')) AS is_provisional,
        max(value_status) AS any_status
    FROM placed
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
WHERE breakdown_group != '*'
