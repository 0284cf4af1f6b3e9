{{ config(alias='feeds') }}
-- The feeds: publisher, licence, cadence, and whether the newest delivery is held.
SELECT
    f.feed_id,
    f.title,
    f.description,
    f.publisher,
    f.publisher_url,
    f.license_name,
    f.license_url,
    f.page_url,
    f.lines,
    f.cadence,
    f.slack_days,
    f.protocol,
    f.estimate_type,
    f.contract_sha256,
    h.held_since,
    h.problem AS held_because
FROM {{ source('control', 'feeds') }} AS f
LEFT JOIN {{ source('control', 'holds') }} AS h ON f.feed_id = h.feed_id
