{{ config(alias='children') }}
-- The promise itself: each indicator about children, across the lines, for Heerlen-Noord beside the Netherlands and the rest of
-- Heerlen. One row per indicator, the newest figure; without one the row says why.
WITH
-- Yearly figures first: months carry the season.
newest AS (
    SELECT
        indicator_code,
        period_start,
        period_end,
        period_type,
        year,
        value,
        lower_95,
        upper_95,
        value_status,
        national_value,
        national_gap,
        national_verdict,
        municipality_rest_value,
        municipality_rest_gap,
        municipality_rest_verdict,
        recent_trend,
        feed_id,
        snapshot_id
    FROM {{ ref('int_indicator_values__gathered') }}
    WHERE area_code = 'HN14' AND breakdown = 'total'
    QUALIFY
        row_number() OVER (
            PARTITION BY indicator_code
            ORDER BY value IS NOT NULL DESC, period_type IN ('year', 'school_year') DESC, period_start DESC
        ) = 1
),

figures AS (
    SELECT
        indicators.line,
        indicators.label_nl,
        indicators.label_en,
        indicators.unit,
        indicators.direction,
        indicators.estimate_type,
        indicators.indicator_code AS child_indicator_code,
        newest.*,
        CASE
            WHEN newest.value IS NOT NULL THEN NULL
            WHEN indicators.aggregation = 'none' THEN 'aggregation_refused'
            ELSE coalesce(newest.value_status, 'no_value')
        END AS no_value_reason
    FROM {{ ref('indicators') }} AS indicators
    LEFT JOIN newest ON indicators.indicator_code = newest.indicator_code
    WHERE indicators.is_child_focused
)

SELECT
    figures.line,
    figures.child_indicator_code AS indicator_code,
    figures.label_nl AS indicator_label_nl,
    figures.label_en AS indicator_label_en,
    figures.unit,
    figures.direction,
    figures.estimate_type,
    progress.area_code,
    progress.area_name,
    figures.period_start,
    figures.period_end,
    figures.period_type,
    figures.year,
    figures.value,
    figures.lower_95,
    figures.upper_95,
    figures.value_status,
    figures.no_value_reason,
    reasons.reason_nl AS no_value_reason_nl,
    reasons.reason_en AS no_value_reason_en,
    figures.national_value,
    figures.national_gap,
    figures.national_verdict,
    figures.municipality_rest_value,
    figures.municipality_rest_gap,
    figures.municipality_rest_verdict,
    figures.recent_trend,
    progress.status AS progress_status,
    progress.undefined_reason AS progress_undefined_reason,
    progress.undefined_reason_nl AS progress_undefined_reason_nl,
    progress.baseline_year AS progress_baseline_year,
    progress.now_year AS progress_now_year,
    progress.share_closed,
    progress.share_closed_lower_95,
    progress.share_closed_upper_95,
    progress.time_elapsed,
    progress.mainly_due_to,
    figures.feed_id,
    figures.snapshot_id,
    progress.data_origin
FROM figures
INNER JOIN {{ ref('programma__progress') }} AS progress
    ON figures.child_indicator_code = progress.indicator_code AND progress.area_code = 'HN14' AND progress.comparator_code = 'NL00'
LEFT JOIN {{ ref('programme_reasons') }} AS reasons ON figures.no_value_reason = reasons.reason
