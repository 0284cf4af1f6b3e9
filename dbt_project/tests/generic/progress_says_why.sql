{# The status is a known one; undefined rows and only those say why, in words too, and have no share of the gap closed. #}
{% test progress_says_why(model) %}
    SELECT * FROM {{ model }}
    WHERE
        status IS NULL
        OR status NOT IN ('ahead', 'on_track', 'behind', 'uncertain', 'undefined')
        OR (status = 'undefined') != (undefined_reason IS NOT NULL)
        OR (undefined_reason IS NULL) != (undefined_reason_nl IS NULL)
        OR (status = 'undefined') != (share_closed IS NULL)
        OR (status != 'undefined' AND (share_closed_lower_95 IS NULL OR share_closed_upper_95 IS NULL OR mainly_due_to IS NULL))
        OR baseline_year >= now_year
{% endtest %}
