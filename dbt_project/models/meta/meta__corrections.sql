{{ config(alias='corrections') }}
-- Known errors of publishers, and in how many cells of which delivery each was corrected on its way in.
SELECT
    correction_id,
    feed_id,
    table_id,
    measure,
    area_code,
    period_code,
    published_value,
    action,
    replacement,
    reason_nl,
    reporter,
    reported_on,
    source_url,
    retired_on,
    snapshot_id,
    cells
FROM {{ source('control', 'corrections') }}
