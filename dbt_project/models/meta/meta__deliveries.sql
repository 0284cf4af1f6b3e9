{{ config(alias='deliveries') }}
-- What partners delivered, when, under which version of their contract, and what was decided: rows are only ever added.
-- No names of files and no checksums. Where rows are people, cases or groups of people their number is not told: it would say
-- how many groups are not empty.
SELECT
    delivery_id,
    nullif(feed_id, '') AS feed_id,
    partner,
    contract_version,
    way,
    received_at,
    decided_at,
    decision,
    CASE WHEN NOT tells_of_people THEN delivered END AS rows_delivered,
    CASE WHEN NOT tells_of_people THEN accepted END AS rows_accepted,
    CASE WHEN NOT tells_of_people THEN refused END AS rows_refused,
    periods,
    replaces,
    timing,
    problem_nl AS reason_nl
FROM {{ source('control', 'deliveries') }}
