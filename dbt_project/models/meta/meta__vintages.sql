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
    snapshots.upstream_version,
    snapshots.retrieved_at,
    filled.measures_published,
    filled.measures_in_contract,
    filled.snapshot_id
FROM filled
INNER JOIN {{ ref('meta__snapshots') }} AS snapshots ON filled.snapshot_id = snapshots.snapshot_id
