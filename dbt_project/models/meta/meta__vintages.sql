{{ config(alias='vintages') }}
-- How far each period of each table is filled in the delivery that stands: a publisher fills its tables in steps.
WITH
filled AS (
    {% for feed_id in feed_ids() %}
        {{ filled_measures(feed_id) }}
        {% if not loop.last %}UNION ALL{% endif %}
    {% endfor %}
)

SELECT
    filled.feed_id,
    filled.table_id,
    filled.period_code,
    filled.period_status,
    -- The version of what a partner delivered is its checksum; see meta.snapshots.
    CASE WHEN rules.is_open THEN snapshots.upstream_version END AS upstream_version,
    snapshots.retrieved_at,
    filled.measures_published,
    filled.measures_in_contract,
    filled.snapshot_id
FROM filled
INNER JOIN {{ source('control', 'snapshots') }} AS snapshots ON filled.snapshot_id = snapshots.snapshot_id
LEFT JOIN {{ source('control', 'disclosure_rules') }} AS rules ON filled.feed_id = rules.feed_id
