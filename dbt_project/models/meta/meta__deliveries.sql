{{ config(alias='deliveries') }}
-- What partners delivered, when, under which version of their contract, and what was decided: rows are only ever added.
-- No names of files and no checksums. Where rows are people or cases their number is a count that nobody has protected.
SELECT
    delivery_id,
    nullif(feed_id, '') AS feed_id,
    partner,
    contract_version,
    way,
    received_at,
    decided_at,
    decision,
    CASE WHEN NOT is_micro THEN delivered END AS rows_delivered,
    CASE WHEN NOT is_micro THEN accepted END AS rows_accepted,
    CASE WHEN NOT is_micro THEN refused END AS rows_refused,
    periods,
    replaces,
    timing,
    problem_nl AS reason_nl
FROM {{ source('control', 'deliveries') }}
