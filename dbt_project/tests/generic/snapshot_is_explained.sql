{# Every figure's snapshot stands in meta.snapshots. #}
{% test snapshot_is_explained(model) %}
    SELECT * FROM {{ model }} WHERE snapshot_id IS NULL OR snapshot_id NOT IN (SELECT snapshot_id FROM {{ ref('meta__snapshots') }})
{% endtest %}
