{{ config(alias='snapshots') }}
-- Where each figure comes from: one row per delivery of one table that stands in the warehouse.
SELECT
    snapshot_id,
    feed_id,
    table_id,
    title,
    publisher,
    license_name,
    license_url,
    source_url,
    upstream_version,
    retrieved_at,
    promoted_at,
    content_sha256,
    bytes,
    row_count,
    data_origin
FROM {{ source('control', 'snapshots') }}
