{{ config(alias='early_signals') }}
-- What this month, quarter, term or half-year shows already: each period beside the same period a year earlier, and the last twelve
-- months beside the twelve before. Comparing with the same period takes the season out without a model; the signal is the
-- verdict on the change against no change. One row for every period from an indicator's first to its last: a period that nobody
-- delivered is a row that says so, and periods are matched by date, never by counting rows.
WITH
wanted_areas AS (
    {{ areas_in_noord(with_buurten=false) }}
    UNION
    SELECT area_code FROM {{ ref('areas') }}
    WHERE area_code IN ('HN14', 'HN13', 'RH14', 'GM0917', 'NL00')
),

figures AS (
    SELECT
        gathered.*,
        CASE gathered.period_type WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'term' THEN 4 ELSE 6 END AS months
    FROM {{ ref('int_indicator_values__gathered') }} AS gathered
    INNER JOIN wanted_areas ON gathered.area_code = wanted_areas.area_code
    WHERE gathered.period_type IN ('month', 'quarter', 'term', 'half_year') AND gathered.breakdown = 'total'
),

spans AS (
    SELECT
        indicator_code,
        period_type,
        months,
        min(period_start) AS first_start,
        max(period_start) AS last_start
    FROM figures
    GROUP BY ALL
),

calendar AS (
    SELECT
        indicator_code,
        period_type,
        months,
        unnest(generate_series(first_start, last_start, to_months(months)))::DATE AS period_start
    FROM spans
),

series AS (
    SELECT DISTINCT
        indicator_code,
        period_type,
        area_code
    FROM figures
),

spine AS (
    SELECT
        series.area_code,
        calendar.*,
        figures.value,
        figures.numerator,
        figures.denominator,
        figures.lower_95,
        figures.upper_95,
        figures.estimate_type,
        figures.snapshot_id,
        coalesce(figures.value_status, 'missing') AS value_status,
        {{ margin('figures.lower_95', 'figures.upper_95') }} AS margin,
        sum(coalesce(figures.has_series_break, FALSE)::INTEGER) OVER (
            PARTITION BY series.indicator_code, series.period_type, series.area_code
            ORDER BY calendar.period_start
        ) AS breaks_so_far
    FROM series
    INNER JOIN calendar ON series.indicator_code = calendar.indicator_code AND series.period_type = calendar.period_type
    LEFT JOIN figures
        ON
            series.indicator_code = figures.indicator_code
            AND series.area_code = figures.area_code
            AND series.period_type = figures.period_type
            AND calendar.period_start = figures.period_start
),

-- The last twelve months, whatever the length of a period; only when every period of them has a value and none breaks the series.
sums AS (
    SELECT
        spine.*,
        indicators.interval_method = 'byar' OR indicators.aggregation = 'sum' AS counts_events,
        min(spine.breaks_so_far) OVER twelve_months AS breaks_at_start,
        count(spine.numerator) FILTER (WHERE spine.value IS NOT NULL) OVER twelve_months = 12 / spine.months
        AND spine.breaks_so_far = min(spine.breaks_so_far) OVER twelve_months AS is_complete,
        sum(spine.numerator) OVER twelve_months AS numerator_sum,
        sum(spine.denominator) OVER twelve_months AS denominator_sum,
        indicators.scale,
        -- Margins of counts: a rate's margin times its denominator.
        sum(spine.margin * spine.denominator) OVER twelve_months AS margin_sum,
        sum(pow(spine.margin * spine.denominator, 2)) OVER twelve_months AS margin_squares,
        count(spine.margin * spine.denominator) OVER twelve_months = 12 / spine.months AS has_margins
    FROM spine
    INNER JOIN {{ ref('indicators') }} AS indicators ON spine.indicator_code = indicators.indicator_code
    WINDOW twelve_months AS (
        PARTITION BY spine.indicator_code, spine.period_type, spine.area_code
        ORDER BY spine.period_start
        RANGE BETWEEN INTERVAL 11 MONTH PRECEDING AND CURRENT ROW
    )
),

-- Events (crimes) add up to a yearly rate, and their errors are independent. People in a state (on a benefit) are counted
-- again each period: their mean share counts, and the same people carry the same error all year.
rolled AS (
    SELECT
        *,
        CASE
            WHEN NOT is_complete THEN NULL
            WHEN denominator_sum IS NULL THEN scale * numerator_sum
            WHEN counts_events THEN scale * numerator_sum / (denominator_sum * months / 12)
            ELSE scale * numerator_sum / denominator_sum
        END AS rolling_value,
        CASE
            WHEN NOT (is_complete AND has_margins) THEN NULL
            WHEN counts_events THEN sqrt(margin_squares) / (denominator_sum * months / 12)
            ELSE margin_sum / denominator_sum
        END AS rolling_margin
    FROM sums
),

compared AS (
    SELECT
        rolled.*,
        earlier.value AS value_year_earlier,
        earlier.value_status AS value_status_year_earlier,
        earlier.rolling_value AS rolling_value_year_earlier,
        CASE
            WHEN rolled.value IS NULL THEN 'no_value'
            WHEN earlier.value IS NULL THEN 'no_value_year_earlier'
            WHEN rolled.breaks_so_far != earlier.breaks_so_far OR rolled.estimate_type != earlier.estimate_type THEN 'series_break'
            WHEN rolled.margin IS NULL OR earlier.margin IS NULL THEN 'no_interval'
        END AS no_signal_reason,
        CASE
            WHEN rolled.breaks_so_far = earlier.breaks_so_far AND rolled.estimate_type = earlier.estimate_type
                THEN rolled.value - earlier.value
        END AS change,
        {{ combined_margin(['rolled.margin', 'earlier.margin']) }} AS change_margin,
        CASE
            WHEN rolled.breaks_so_far = earlier.breaks_at_start AND rolled.estimate_type = earlier.estimate_type
                THEN rolled.rolling_value - earlier.rolling_value
        END AS rolling_change,
        {{ combined_margin(['rolled.rolling_margin', 'earlier.rolling_margin']) }} AS rolling_change_margin
    FROM rolled
    LEFT JOIN rolled AS earlier
        ON
            rolled.indicator_code = earlier.indicator_code
            AND rolled.area_code = earlier.area_code
            AND rolled.period_type = earlier.period_type
            AND rolled.period_start = earlier.period_start + INTERVAL 12 MONTH
)

SELECT
    indicators.line,
    compared.indicator_code,
    indicators.label_nl AS indicator_label_nl,
    indicators.label_en AS indicator_label_en,
    indicators.unit,
    indicators.direction,
    indicators.is_child_focused,
    compared.area_code,
    areas.area_name,
    areas.area_type,
    compared.period_start,
    (compared.period_start + to_months(compared.months) - INTERVAL 1 DAY)::DATE AS period_end,
    compared.period_type,
    -- A term counts for the year in which its school year begins, as in the marts.
    year(
        CASE WHEN compared.period_type = 'term' THEN compared.period_start - INTERVAL 7 MONTH ELSE compared.period_start END
    )::INTEGER AS year,
    coalesce(
        compared.period_start = max(compared.period_start) FILTER (WHERE compared.value IS NOT NULL) OVER (
            PARTITION BY compared.indicator_code, compared.period_type, compared.area_code
        ), FALSE
    ) AS is_newest,
    compared.value,
    compared.lower_95,
    compared.upper_95,
    compared.value_status,
    compared.value_year_earlier,
    compared.value_status_year_earlier,
    compared.change,
    compared.change - compared.change_margin AS change_lower_95,
    compared.change + compared.change_margin AS change_upper_95,
    {{ verdict(
        '(compared.change - compared.change_margin)', '(compared.change + compared.change_margin)', '0', 'indicators.direction'
    ) }} AS signal,
    compared.no_signal_reason,
    reasons.reason_nl AS no_signal_reason_nl,
    reasons.reason_en AS no_signal_reason_en,
    CASE WHEN compared.area_code != 'NL00' THEN nation.value END AS national_value,
    CASE WHEN compared.area_code != 'NL00' THEN nation.change END AS national_change,
    compared.rolling_value,
    compared.rolling_value_year_earlier,
    compared.rolling_change,
    compared.rolling_change - compared.rolling_change_margin AS rolling_change_lower_95,
    compared.rolling_change + compared.rolling_change_margin AS rolling_change_upper_95,
    {{ verdict(
        '(compared.rolling_change - compared.rolling_change_margin)',
        '(compared.rolling_change + compared.rolling_change_margin)',
        '0',
        'indicators.direction'
    ) }} AS rolling_signal,
    compared.snapshot_id,
    {{ data_origin_of('figures') }} AS data_origin
FROM compared
INNER JOIN {{ ref('indicators') }} AS indicators ON compared.indicator_code = indicators.indicator_code
INNER JOIN {{ ref('areas') }} AS areas ON compared.area_code = areas.area_code
LEFT JOIN {{ ref('programme_reasons') }} AS reasons ON compared.no_signal_reason = reasons.reason
LEFT JOIN compared AS nation
    ON
        nation.area_code = 'NL00'
        AND compared.indicator_code = nation.indicator_code
        AND compared.period_type = nation.period_type
        AND compared.period_start = nation.period_start
