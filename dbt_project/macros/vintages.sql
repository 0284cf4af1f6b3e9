{# Per table and period of a raw table: how many of its measures hold a number somewhere, and how many there are. #}
{% macro filled_measures(feed_id) %}
    {%- set not_measures = [
        "snapshot_id", "table_id", "area_code", "area_name", "boundary_year", "period_code", "period_status", "breakdown", "bound",
        "attributes", "missing_markers"
    ] | join(', ') -%}
    SELECT
        '{{ feed_id }}' AS feed_id,
        snapshot_id,
        table_id,
        period_code,
        period_status,
        count(*) FILTER (WHERE filled_cells > 0) AS measures_published,
        count(*) AS measures_in_contract
    FROM (
        FROM (
            -- Areas of one period can differ in status while a publisher is at work: the least settled one counts.
            SELECT
                snapshot_id,
                table_id,
                period_code,
                CASE min(CASE period_status WHEN 'provisional' THEN 1 WHEN 'revised' THEN 2 WHEN 'final' THEN 3 END)
                    WHEN 1 THEN 'provisional'
                    WHEN 2 THEN 'revised'
                    WHEN 3 THEN 'final'
                END AS period_status,
                count(COLUMNS(* EXCLUDE ({{ not_measures }})))
            FROM {{ source('raw', feed_id) }}
            GROUP BY snapshot_id, table_id, period_code
        )
        UNPIVOT (
            filled_cells FOR measure IN (COLUMNS(* EXCLUDE (snapshot_id, table_id, period_code, period_status)))
        )
    )
    GROUP BY ALL
{% endmacro %}
