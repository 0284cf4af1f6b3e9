{# The limits of the share closed lie around it, and the status is the one that they give. #}
{% test limits_enclose_shares(model) %}
    SELECT * FROM {{ model }}
    WHERE
        share_closed NOT BETWEEN share_closed_lower_95 - 1e-9 AND share_closed_upper_95 + 1e-9
        OR (status = 'ahead') != (share_closed_lower_95 > time_elapsed)
        OR (status = 'behind') != (share_closed_upper_95 < time_elapsed)
        OR (status = 'uncertain' AND share_closed_lower_95 > 0)
        OR (status = 'on_track' AND share_closed_lower_95 <= 0)
{% endtest %}
