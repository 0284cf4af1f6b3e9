-- Every observation that an indicator uses, of all feeds, with the reason where a value is missing. A revised
-- figure (nader voorlopig) can still change, so it counts as provisional until it is final.
WITH
observations AS (
    {% for feed_id in feed_ids() %}
        SELECT * FROM {{ ref('stg_' ~ feed_id) }}
        {% if not loop.last %}UNION ALL BY NAME{% endif %}
    {% endfor %}
)

SELECT
    observations.*,
    markers.imputed_value,
    CASE
        WHEN observations.value IS NOT NULL AND observations.period_status IN ('provisional', 'revised') THEN 'provisional'
        WHEN observations.value IS NOT NULL THEN 'measured'
        WHEN NOT observations.is_published THEN 'not_published'
        ELSE coalesce(markers.value_status, 'suppressed_source')
    END AS value_status
FROM observations
LEFT JOIN {{ ref('missing_markers') }} AS markers
    ON
        coalesce(markers.marker, '') = observations.missing_marker
        AND markers.feed_id IN (observations.feed_id, '*')
