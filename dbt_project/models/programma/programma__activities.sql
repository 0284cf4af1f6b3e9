{{ config(alias='activities') }}
-- What partners did: each activity per area and quarter, with as many of its counts as anybody may see. A count that could tell
-- something about a few people is empty, and the row says so. Counts are rounded. That an activity was there is no secret.
{%- set counts = ['participations', 'unique_participants', 'children', 'volunteers'] %}
WITH
activities AS (SELECT * FROM {{ ref('int_activities__added_up') }}),

decided AS (
    SELECT
        quantities.code AS measure,
        quantities.area_code,
        quantities.period_type,
        quantities.period_start,
        quantities.breakdown,
        CASE WHEN decisions.is_shown THEN decisions.shown_value END AS shown_value
    FROM {{ ref('int_disclosure__quantities') }} AS quantities
    INNER JOIN {{ ref('int_disclosure__decided') }} AS decisions ON quantities.quantity_id = decisions.quantity_id
    WHERE quantities.subject = 'activity'
),

wide AS (
    SELECT
        activities.feed_id,
        max(activities.snapshot_id) AS snapshot_id,
        activities.area_code,
        activities.period_type,
        activities.period_start,
        activities.period_end,
        activities.year,
        activities.breakdown,
        {% for count in counts %}
            max(decided.shown_value) FILTER (WHERE activities.measure = '{{ count }}') AS {{ count }},
        {% endfor %}
        bool_or(decided.shown_value IS NULL) AS hides_some
    FROM activities
    LEFT JOIN decided
        ON
            activities.measure = decided.measure
            AND activities.area_code = decided.area_code
            AND activities.period_type = decided.period_type
            AND activities.period_start = decided.period_start
            AND activities.breakdown = decided.breakdown
    WHERE activities.measure IN ('{{ counts | join("', '") }}')
    GROUP BY ALL
),

judged AS (
    SELECT
        *,
        CASE
            WHEN hides_some THEN 'suppressed_here'
            WHEN {{ counts | join(' IS NULL OR ') }} IS NULL THEN 'missing'
            ELSE 'measured'
        END AS value_status
    FROM wide
)

SELECT
    split_part(judged.breakdown, '|', 2) AS activity,
    split_part(judged.breakdown, '|', 1) AS line,
    judged.area_code,
    areas.area_name,
    areas.area_type,
    judged.period_start,
    judged.period_end,
    judged.period_type,
    judged.year,
    {% for count in counts %}
        judged.{{ count }},
    {% endfor %}
    judged.value_status,
    reasons.reason_nl AS value_note_nl,
    reasons.reason_en AS value_note_en,
    judged.feed_id,
    judged.snapshot_id,
    snapshots.data_origin
FROM judged
INNER JOIN {{ ref('areas') }} AS areas ON judged.area_code = areas.area_code
INNER JOIN {{ source('control', 'snapshots') }} AS snapshots ON judged.snapshot_id = snapshots.snapshot_id
LEFT JOIN {{ ref('programme_reasons') }} AS reasons
    ON reasons.reason = CASE judged.value_status WHEN 'suppressed_here' THEN 'counts_hidden' WHEN 'missing' THEN 'counts_missing' END
