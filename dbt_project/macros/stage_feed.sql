{#
    A raw table, wide, as observations, long: one row per area, period, breakdown and measure that an indicator uses.

    What is heavy stays small: publication is counted on the wide rows of all areas, periods are parsed and editions
    chosen once per table, period and measure, and only areas of the programme (and postcodes, which are added up later)
    become long, where measures that no indicator uses are dropped. A breakdown of '*' in the indicator terms stands for
    every member (schools), and the rows are added up later.

    A feed may hold one period in several editions. Per period, breakdown and measure the newest edition counts that has
    published anything; is_published says whether any has. has_bounds: the publisher's own margins become lower and
    upper. Feeds without margins do not pay for that.
#}
{% macro stage_feed(feed_id, has_bounds=false) %}
    {%- set keys = [
        "snapshot_id", "table_id", "area_code", "area_name", "boundary_year", "period_code", "period_status", "breakdown", "bound",
        "attributes", "missing_markers"
    ] -%}
    {%- set not_measures = (keys + ["breakdown_group"]) | join(', ') -%}
    WITH
    terms AS (
        SELECT DISTINCT measure, breakdown AS breakdown_group FROM {{ ref('indicator_terms') }}
        WHERE feed_id = '{{ feed_id }}'
    ),

    groups AS (SELECT DISTINCT breakdown_group FROM terms),

    filled AS (
        SELECT table_id, boundary_year, period_code, breakdown_group, count(COLUMNS(* EXCLUDE ({{ not_measures }})))
        FROM ({{ rows_in_use(feed_id) }})
        WHERE bound = 'value'
        GROUP BY ALL
    ),

    publication AS (
        FROM filled
        UNPIVOT (
            filled_cells FOR measure IN (COLUMNS(* EXCLUDE (table_id, boundary_year, period_code, breakdown_group)))
        )
    ),

    editions AS (
        SELECT
            publication.table_id,
            publication.period_code,
            publication.breakdown_group,
            publication.measure,
            publication.filled_cells > 0 AS is_published,
            {{ period_type('publication.period_code') }} AS period_type,
            {{ period_start('publication.period_code') }} AS period_start,
            {{ period_end('publication.period_code') }} AS period_end,
            {{ period_year('publication.period_code') }} AS year
        FROM publication
        INNER JOIN terms ON publication.measure = terms.measure AND publication.breakdown_group = terms.breakdown_group
        QUALIFY
            row_number() OVER (
                PARTITION BY publication.period_code, publication.breakdown_group, publication.measure
                ORDER BY publication.filled_cells > 0 DESC, publication.boundary_year DESC, publication.table_id DESC
            ) = 1
    ),

    programme_rows AS ({{ rows_in_use(feed_id, of_programme=true) }}),

    value_rows AS (SELECT * FROM programme_rows WHERE bound = 'value'),

    long_rows AS (
        FROM value_rows
        UNPIVOT INCLUDE NULLS (value FOR measure IN (COLUMNS(* EXCLUDE ({{ not_measures }}))))
    )

    {% if has_bounds %}
    , margins AS (SELECT * FROM programme_rows WHERE bound != 'value'),

    long_margins AS (
        FROM margins
        UNPIVOT (margin FOR measure IN (COLUMNS(* EXCLUDE ({{ not_measures }}))))
    ),

    limits AS (
        SELECT
            table_id,
            area_code,
            period_code,
            breakdown,
            measure,
            max(margin) FILTER (WHERE bound = 'lower') AS lower,
            max(margin) FILTER (WHERE bound = 'upper') AS upper
        FROM long_margins
        GROUP BY ALL
    )
    {% endif %}

    SELECT
        '{{ feed_id }}' AS feed_id,
        long_rows.snapshot_id,
        long_rows.table_id,
        long_rows.area_code,
        long_rows.area_name,
        long_rows.boundary_year,
        long_rows.period_code,
        editions.period_type,
        editions.period_start,
        editions.period_end,
        editions.year,
        long_rows.period_status,
        long_rows.breakdown,
        long_rows.breakdown_group,
        long_rows.attributes,
        long_rows.measure,
        long_rows.value,
        {{ 'limits.lower' if has_bounds else 'NULL::DOUBLE' }} AS lower,
        {{ 'limits.upper' if has_bounds else 'NULL::DOUBLE' }} AS upper,
        long_rows.missing_markers[long_rows.measure] AS missing_marker,
        editions.is_published
    FROM long_rows
    INNER JOIN editions USING (table_id, period_code, breakdown_group, measure)
    {% if has_bounds %}
    LEFT JOIN limits USING (table_id, area_code, period_code, breakdown, measure)
    {% endif %}
{% endmacro %}

{#
    Rows of a raw table with the group of breakdowns they count for. of_programme leaves out areas outside the programme,
    which only say whether something is published at all; rows of institutions and postcodes all count for the country.

    Two joins on equality in place of one on either: crimes are millions of rows. Text and not a common table expression:
    a view forgets NOT MATERIALIZED, and DuckDB would keep a copy of the whole raw table in memory.
#}
{% macro rows_in_use(feed_id, of_programme=false) %}
        SELECT raw_rows.*, groups.breakdown_group
        FROM {{ source('raw', feed_id) }} AS raw_rows
        INNER JOIN groups ON raw_rows.breakdown = groups.breakdown_group
        {% if of_programme %}
        WHERE
            starts_with(raw_rows.area_code, 'PC')
            OR raw_rows.area_code IN (SELECT areas.area_code FROM {{ ref('areas') }} AS areas)
        {% endif %}
        UNION ALL
        SELECT raw_rows.*, groups.breakdown_group
        FROM {{ source('raw', feed_id) }} AS raw_rows
        INNER JOIN groups ON groups.breakdown_group = '*'
{% endmacro %}
