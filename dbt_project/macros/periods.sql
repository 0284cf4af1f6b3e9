{#
    CBS period codes: four digits, JJ year, KW quarter, MM month, HJ half-year, SJ school year, then a number. TR is ours: a
    third of the school year that begins in the year of the code (01 from August, 02 from December, 03 from April).
#}

{% macro period_type(code) %}
    CASE regexp_extract({{ code }}, '^(\d{4})(JJ|KW|MM|HJ|SJ|TR)(\d{2})$', 2)
        WHEN 'JJ' THEN 'year'
        WHEN 'KW' THEN 'quarter'
        WHEN 'MM' THEN 'month'
        WHEN 'HJ' THEN 'half_year'
        WHEN 'SJ' THEN 'school_year'
        WHEN 'TR' THEN 'term'
    END
{% endmacro %}

{% macro period_start(code) %}
    CASE regexp_extract({{ code }}, '^(\d{4})(JJ|KW|MM|HJ|SJ|TR)(\d{2})$', 2)
        WHEN 'JJ' THEN make_date({{ period_year(code) }}, 1, 1)
        WHEN 'KW' THEN make_date({{ period_year(code) }}, 3 * right({{ code }}, 2)::INTEGER - 2, 1)
        WHEN 'MM' THEN make_date({{ period_year(code) }}, right({{ code }}, 2)::INTEGER, 1)
        WHEN 'HJ' THEN make_date({{ period_year(code) }}, 6 * right({{ code }}, 2)::INTEGER - 5, 1)
        WHEN 'SJ' THEN make_date({{ period_year(code) }}, 8, 1)
        WHEN 'TR'
            THEN (make_date({{ period_year(code) }}, 8, 1) + to_months(4 * (right({{ code }}, 2)::INTEGER - 1)))::DATE
    END
{% endmacro %}

{% macro period_end(code) %}
    ({{ period_start(code) }} + CASE regexp_extract({{ code }}, '^(\d{4})(JJ|KW|MM|HJ|SJ|TR)(\d{2})$', 2)
        WHEN 'KW' THEN INTERVAL 3 MONTH
        WHEN 'MM' THEN INTERVAL 1 MONTH
        WHEN 'HJ' THEN INTERVAL 6 MONTH
        WHEN 'TR' THEN INTERVAL 4 MONTH
        ELSE INTERVAL 12 MONTH
    END - INTERVAL 1 DAY)::DATE
{% endmacro %}

{% macro period_year(code) %}left({{ code }}, 4)::INTEGER{% endmacro %}
