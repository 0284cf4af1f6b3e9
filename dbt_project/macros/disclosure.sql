{#
    What the models of disclosure control share: the cells that partners delivered, which feeds we protect ourselves, and the
    columns of the rules. The rules themselves are data (control.disclosure_rules), deciding is dbt_project/disclosure.
#}

{# The feed in which partners say what they did. #}
{% macro activities_feed() %}activiteiten{% endmacro %}

{# Cells of one partner feed that hold a number, long. #}
{% macro partner_cells(feed_id) %}
    {%- set not_measures = [
        "snapshot_id", "table_id", "area_code", "area_name", "boundary_year", "period_code", "period_status", "breakdown", "bound",
        "attributes", "missing_markers"
    ] | join(', ') -%}
    SELECT
        '{{ feed_id }}' AS feed_id,
        cells.snapshot_id,
        cells.area_code,
        cells.period_code,
        cells.breakdown,
        cells.measure,
        cells.value
    FROM (FROM {{ source('raw', feed_id) }} UNPIVOT (value FOR measure IN (COLUMNS(* EXCLUDE ({{ not_measures }}))))) AS cells
{% endmacro %}

{# Whether the finest cell is a part of the breakdown: `total` in a dimension stands for all its members. #}
{% macro covers_breakdown(breakdown, finest) -%}
    len(string_split({{ breakdown }}, '|')) = len(string_split({{ finest }}, '|'))
    AND len(
        list_filter(
            list_zip(string_split({{ breakdown }}, '|'), string_split({{ finest }}, '|')),
            lambda pair: pair[1] != 'total' AND pair[1] != pair[2]
        )
    ) = 0
{%- endmacro %}

{# One number of a figure in one text. #}
{% macro quantity_id(subject, code, role, area, period_type, period_start, breakdown) -%}
    concat_ws(
        ' ', {{ subject }}, {{ code }}, {{ role }}, {{ area }}, {{ period_type }}, {{ period_start }}, {{ breakdown }}
    )
{%- endmacro %}

{# The role under which the count of a figure is judged: a sum has no denominator, so its count is the value. #}
{% macro count_role(aggregation) -%}
    CASE {{ aggregation }} WHEN 'ratio' THEN 'numerator' ELSE 'value' END
{%- endmacro %}

{# Numerators and denominators that a mart shows of what we protect, each with the rule of the feed that it comes from. #}
{% macro protected_counts(model) %}
    SELECT
        figures.indicator_code,
        figures.area_code,
        figures.period_type,
        figures.period_start,
        figures.breakdown,
        terms.feed_id,
        terms.role,
        CASE WHEN terms.role = 'denominator' THEN figures.denominator ELSE figures.numerator END AS shown_count,
        rules.least_count,
        rules.rounding,
        terms.is_amount
    FROM {{ model }} AS figures
    INNER JOIN (
        SELECT
            indicator_code,
            feed_id,
            role,
            bool_or(coalesce(counts = 'amount', FALSE)) AS is_amount
        FROM {{ ref('int_disclosure__terms') }}
        WHERE is_open IS DISTINCT FROM TRUE
        GROUP BY ALL
    ) AS terms
        ON
            figures.indicator_code = terms.indicator_code
            AND (terms.role = 'denominator' OR figures.feed_id = terms.feed_id)
    LEFT JOIN {{ source('control', 'disclosure_rules') }} AS rules ON terms.feed_id = rules.feed_id
{% endmacro %}
