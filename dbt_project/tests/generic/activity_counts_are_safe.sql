{# Counts of activities are zero or at least the least count, rounded; and a row has an empty count exactly when it says so. #}
{% test activity_counts_are_safe(model) %}
    WITH
    counts AS (
        FROM {{ model }}
        UNPIVOT INCLUDE NULLS (shown_count FOR measure IN (participations, unique_participants, children, volunteers))
    ),

    judged AS (
        SELECT
            counts.*,
            rules.least_count,
            rules.rounding,
            bool_or(counts.shown_count IS NULL) OVER (
                PARTITION BY counts.line, counts.activity, counts.area_code, counts.period_type, counts.period_start
            ) AS has_empty_count
        FROM counts
        LEFT JOIN {{ source('control', 'disclosure_rules') }} AS rules ON counts.feed_id = rules.feed_id
    )

    SELECT * FROM judged
    WHERE
        shown_count != 0 AND (least_count IS NULL OR shown_count < least_count OR shown_count % rounding != 0)
        OR has_empty_count != (value_status IN ('suppressed_here', 'missing'))
        OR has_empty_count != (value_note_nl IS NOT NULL)
        OR value_status NOT IN ('measured', 'suppressed_here', 'missing')
{% endtest %}
