{#
    A raw table, wide, as observations, long: one row per area, period, breakdown and measure.

    Only measures that an indicator uses are unpivoted further: the others cost nothing. A breakdown of '*' in the
    indicator terms stands for every member (schools), and the rows are added up later.

    A feed may hold one period in several editions. Per period, breakdown and measure the newest edition counts that has
    published anything; is_published says whether any has. has_bounds: the publisher's own margins become lower and
    upper. Feeds without margins do not pay for that grouping.
#}
{% macro stage_feed(feed_id, has_bounds=false) %}
    {%- set keys = [
        "snapshot_id", "table_id", "area_code", "area_name", "boundary_year", "period_code", "period_status", "breakdown", "bound",
        "attributes", "missing_markers"
    ] -%}
    WITH
    raw_rows AS (SELECT * FROM {{ source('raw', feed_id) }}),

    terms AS (
        SELECT DISTINCT measure, breakdown FROM {{ ref('indicator_terms') }}
        WHERE feed_id = '{{ feed_id }}'
    ),

    long_rows AS (
        FROM raw_rows
        UNPIVOT INCLUDE NULLS (value FOR measure IN (COLUMNS(* EXCLUDE ({{ keys | join(', ') }}))))
    ),

    used AS (
        SELECT long_rows.*, terms.breakdown AS breakdown_group
        FROM long_rows
        INNER JOIN terms ON long_rows.measure = terms.measure AND terms.breakdown IN (long_rows.breakdown, '*')
    ),

    editions AS (
        SELECT
            period_code,
            breakdown_group,
            measure,
            max(boundary_year) FILTER (WHERE value IS NOT NULL) AS published_edition,
            max(boundary_year) AS newest_edition
        FROM used
        GROUP BY ALL
    ),

    chosen AS (
        SELECT
            used.*,
            editions.published_edition IS NOT NULL AS is_published
        FROM used
        INNER JOIN editions USING (period_code, breakdown_group, measure)
        WHERE used.boundary_year = coalesce(editions.published_edition, editions.newest_edition)
    )

    {% if has_bounds %}
    , bounds AS (
        SELECT
            area_code,
            period_code,
            breakdown,
            measure,
            max(value) FILTER (WHERE bound = 'lower') AS lower,
            max(value) FILTER (WHERE bound = 'upper') AS upper
        FROM chosen
        WHERE bound != 'value'
        GROUP BY ALL
    )
    {% endif %}

    SELECT
        '{{ feed_id }}' AS feed_id,
        chosen.snapshot_id,
        chosen.table_id,
        chosen.area_code,
        chosen.area_name,
        chosen.boundary_year,
        chosen.period_code,
        {{ period_type('chosen.period_code') }} AS period_type,
        {{ period_start('chosen.period_code') }} AS period_start,
        {{ period_end('chosen.period_code') }} AS period_end,
        {{ period_year('chosen.period_code') }} AS year,
        chosen.period_status,
        chosen.breakdown,
        chosen.breakdown_group,
        chosen.attributes,
        chosen.measure,
        chosen.value,
        {{ 'bounds.lower' if has_bounds else 'NULL::DOUBLE' }} AS lower,
        {{ 'bounds.upper' if has_bounds else 'NULL::DOUBLE' }} AS upper,
        chosen.missing_markers[chosen.measure] AS missing_marker,
        chosen.is_published
    FROM chosen
    {% if has_bounds %}
    LEFT JOIN bounds USING (area_code, period_code, breakdown, measure)
    {% endif %}
    WHERE chosen.bound = 'value'
{% endmacro %}
