{{ config(alias='progress') }}
-- Is the gap closing, at the pace that 25 years ask for, and what moved? One row per indicator, area and comparator, also
-- where there is nothing to say: undefined, with the reason.
--
-- Only years in which area and comparator both have a value count, and only the last run of them without a series break
-- and with one estimate type: a break bends a gap. Baseline: the newest such year up to the start of the programme; when
-- there is none the first one after (is_late_baseline); always a year before the newest. When even the newest year lies
-- before the programme, the row tells about the years before it (is_before_programme).
WITH
figures AS (
    SELECT * FROM {{ ref('int_indicator_values__gathered') }}
    WHERE period_type IN ('year', 'school_year') AND breakdown = 'total'
),

wanted_areas AS (
    {{ areas_in_noord(with_buurten=true) }}
    UNION
    SELECT area_code FROM {{ ref('areas') }}
    WHERE area_code IN ('HN14', 'HN13', 'GM0917')
),

pairs AS (
    SELECT
        area_code,
        'NL00' AS comparator_code
    FROM wanted_areas
    UNION ALL
    SELECT
        area_code,
        'RH' || right(area_code, 2) AS comparator_code
    FROM wanted_areas
    WHERE area_code IN ('HN14', 'HN13')
),

-- Some scores are deviations from the national mean: the Netherlands is a constant, without a row or an error.
nation AS (
    SELECT
        indicator_code,
        'NL00' AS area_code,
        national_constant AS constant
    FROM {{ ref('indicators') }}
),

grid AS (
    SELECT
        indicators.*,
        pairs.*,
        {{ direction_sign('indicators.direction') }} AS sign
    FROM {{ ref('indicators') }} AS indicators
    CROSS JOIN pairs
),

periods AS (
    SELECT DISTINCT
        indicator_code,
        period_type,
        period_start,
        year
    FROM figures
),

-- Breaks are counted over all years, so that one in a year without a value is not lost.
paired AS (
    SELECT
        grid.indicator_code,
        grid.area_code,
        grid.comparator_code,
        periods.period_type,
        periods.period_start,
        periods.year,
        area.value,
        area.lower_95,
        area.upper_95,
        area.value_status,
        area.snapshot_id,
        coalesce(area.estimate_type, '') AS estimate_type,
        coalesce(comparator.estimate_type, area.estimate_type, '') AS comparator_estimate_type,
        coalesce(comparator.value, nation.constant) AS comparator_value,
        coalesce(comparator.lower_95, nation.constant) AS comparator_lower_95,
        coalesce(comparator.upper_95, nation.constant) AS comparator_upper_95,
        sum((coalesce(area.has_series_break, FALSE) OR coalesce(comparator.has_series_break, FALSE))::INTEGER) OVER (
            PARTITION BY grid.indicator_code, grid.area_code, grid.comparator_code
            ORDER BY periods.period_start
        ) AS breaks_so_far
    FROM grid
    INNER JOIN periods ON grid.indicator_code = periods.indicator_code
    LEFT JOIN nation ON grid.indicator_code = nation.indicator_code AND grid.comparator_code = nation.area_code
    LEFT JOIN figures AS area
        ON
            periods.indicator_code = area.indicator_code
            AND periods.period_type = area.period_type
            AND periods.period_start = area.period_start
            AND grid.area_code = area.area_code
    LEFT JOIN figures AS comparator
        ON
            periods.indicator_code = comparator.indicator_code
            AND periods.period_type = comparator.period_type
            AND periods.period_start = comparator.period_start
            AND grid.comparator_code = comparator.area_code
),

presence AS (
    SELECT
        indicator_code,
        area_code,
        comparator_code,
        bool_or(value IS NOT NULL) AS has_value,
        bool_or(comparator_value IS NOT NULL) AS has_comparator_value
    FROM paired
    GROUP BY ALL
),

comparable AS (
    SELECT
        *,
        coalesce(
            breaks_so_far != lag(breaks_so_far) OVER earlier OR estimate_type != lag(estimate_type) OVER earlier, FALSE
        ) AS starts_run
    FROM paired
    WHERE value IS NOT NULL AND comparator_value IS NOT NULL AND estimate_type = comparator_estimate_type
    WINDOW earlier AS (PARTITION BY indicator_code, area_code, comparator_code ORDER BY period_start)
),

runs AS (
    SELECT
        *,
        sum(starts_run::INTEGER) OVER (
            PARTITION BY indicator_code, area_code, comparator_code
            ORDER BY period_start
        ) AS run
    FROM comparable
),

last_runs AS (
    SELECT
        *,
        max(year) OVER (PARTITION BY indicator_code, area_code, comparator_code) AS newest_year
    FROM runs
    QUALIFY run = max(run) OVER (PARTITION BY indicator_code, area_code, comparator_code)
),

ends AS (
    SELECT
        indicator_code,
        area_code,
        comparator_code,
        count(*) AS comparable_years,
        max(newest_year) AS now_year,
        coalesce(
            max(year) FILTER (WHERE year < newest_year AND year <= {{ programme_start_year() }}),
            min(year) FILTER (WHERE year < newest_year)
        ) AS baseline_year
    FROM last_runs
    GROUP BY ALL
),

measured AS (
    SELECT
        grid.*,
        coalesce(presence.has_value, FALSE) AS has_value,
        coalesce(presence.has_comparator_value, FALSE) AS has_comparator_value,
        coalesce(ends.comparable_years, 0) AS comparable_years,
        ends.baseline_year,
        ends.now_year,
        baseline.value AS baseline_value,
        baseline.lower_95 AS baseline_lower_95,
        baseline.upper_95 AS baseline_upper_95,
        baseline.comparator_value AS baseline_comparator_value,
        baseline.comparator_lower_95 AS baseline_comparator_lower_95,
        baseline.comparator_upper_95 AS baseline_comparator_upper_95,
        latest.value AS now_value,
        latest.lower_95 AS now_lower_95,
        latest.upper_95 AS now_upper_95,
        latest.value_status AS now_value_status,
        latest.comparator_value AS now_comparator_value,
        latest.comparator_lower_95 AS now_comparator_lower_95,
        latest.comparator_upper_95 AS now_comparator_upper_95,
        latest.snapshot_id,
        -- Places differ in size: a count of inhabitants has no gap.
        CASE WHEN grid.aggregation != 'sum' THEN grid.sign END AS gap_sign,
        (ends.now_year - ends.baseline_year) / ({{ programme_end_year() }} - ends.baseline_year) AS time_elapsed,
        {{ margin('baseline.lower_95', 'baseline.upper_95') }} AS margin_baseline_own,
        {{ margin('baseline.comparator_lower_95', 'baseline.comparator_upper_95') }} AS margin_baseline_comparator,
        {{ margin('latest.lower_95', 'latest.upper_95') }} AS margin_now_own,
        {{ margin('latest.comparator_lower_95', 'latest.comparator_upper_95') }} AS margin_now_comparator
    FROM grid
    LEFT JOIN presence
        ON
            grid.indicator_code = presence.indicator_code
            AND grid.area_code = presence.area_code
            AND grid.comparator_code = presence.comparator_code
    LEFT JOIN ends
        ON
            grid.indicator_code = ends.indicator_code
            AND grid.area_code = ends.area_code
            AND grid.comparator_code = ends.comparator_code
    LEFT JOIN last_runs AS baseline
        ON
            ends.indicator_code = baseline.indicator_code
            AND ends.area_code = baseline.area_code
            AND ends.comparator_code = baseline.comparator_code
            AND ends.baseline_year = baseline.year
    LEFT JOIN last_runs AS latest
        ON
            ends.indicator_code = latest.indicator_code
            AND ends.area_code = latest.area_code
            AND ends.comparator_code = latest.comparator_code
            AND ends.now_year = latest.year
),

gaps AS (
    SELECT
        *,
        gap_sign * (baseline_value - baseline_comparator_value) AS gap_baseline,
        gap_sign * (now_value - now_comparator_value) AS gap_now,
        -- Plus zero: nothing moved is 0, not -0.
        gap_sign * (now_value - baseline_value) + 0.0 AS own_part,
        gap_sign * (baseline_comparator_value - now_comparator_value) + 0.0 AS comparator_part,
        {{ combined_margin(['margin_baseline_own', 'margin_baseline_comparator']) }} AS margin_gap_baseline,
        {{ combined_margin(['margin_now_own', 'margin_now_comparator']) }} AS margin_gap_now,
        {{ combined_margin(['margin_now_own', 'margin_baseline_own']) }} AS margin_own_part,
        {{ combined_margin(['margin_now_comparator', 'margin_baseline_comparator']) }} AS margin_comparator_part
    FROM measured
),

-- The first reason that applies, from what will never change to what next year may bring.
reasoned AS (
    SELECT
        *,
        own_part + comparator_part AS gap_change,
        {{ combined_margin(['margin_gap_baseline', 'margin_gap_now']) }} AS margin_gap_change,
        CASE
            WHEN
                aggregation = 'none'
                AND NOT (has_value AND has_comparator_value)
                AND (area_code IN ('HN14', 'HN13') OR comparator_code != 'NL00')
                THEN 'aggregation_refused'
            WHEN NOT has_value THEN 'no_value'
            WHEN NOT has_comparator_value THEN 'no_comparator'
            WHEN gap_sign IS NULL THEN 'count_without_gap'
            WHEN direction = 'neutral' THEN 'neutral_direction'
            WHEN comparable_years < 2 THEN 'fewer_than_two_comparable_years'
            WHEN margin_gap_baseline IS NULL OR margin_gap_now IS NULL THEN 'no_interval'
            WHEN gap_baseline >= 0 OR NOT {{ gap_excludes_zero('gap_baseline', 'margin_gap_baseline') }} THEN 'no_gap'
        END AS undefined_reason
    FROM gaps
),

judged AS (
    SELECT
        *,
        CASE
            WHEN undefined_reason IS NULL THEN {{ share_closed('gap_now', 'gap_baseline', 'margin_gap_baseline') }}
        END AS share_closed,
        CASE
            WHEN undefined_reason IS NULL
                THEN {{ share_closed_limit('gap_now', 'gap_baseline', 'margin_gap_now', 'margin_gap_baseline', 'lower') }}
        END AS share_closed_lower_95,
        CASE
            WHEN undefined_reason IS NULL
                THEN {{ share_closed_limit('gap_now', 'gap_baseline', 'margin_gap_now', 'margin_gap_baseline', 'upper') }}
        END AS share_closed_upper_95
    FROM reasoned
)

SELECT
    judged.line,
    judged.indicator_code,
    judged.label_nl AS indicator_label_nl,
    judged.label_en AS indicator_label_en,
    judged.unit,
    judged.direction,
    judged.is_child_focused,
    judged.estimate_type,
    judged.area_code,
    areas.area_name,
    areas.area_type,
    judged.comparator_code,
    comparators.area_name AS comparator_name,
    CASE
        WHEN judged.undefined_reason IS NOT NULL THEN 'undefined'
        ELSE {{ progress_status('judged.share_closed_lower_95', 'judged.share_closed_upper_95', 'judged.time_elapsed') }}
    END AS status,
    judged.undefined_reason,
    reasons.reason_nl AS undefined_reason_nl,
    reasons.reason_en AS undefined_reason_en,
    judged.comparable_years::INTEGER AS comparable_years,
    judged.baseline_year,
    judged.now_year,
    judged.baseline_year > {{ programme_start_year() }} AS is_late_baseline,
    judged.now_year <= {{ programme_start_year() }} AS is_before_programme,
    judged.time_elapsed,
    judged.share_closed,
    judged.share_closed_lower_95,
    judged.share_closed_upper_95,
    judged.gap_baseline,
    judged.gap_baseline - judged.margin_gap_baseline AS gap_baseline_lower_95,
    judged.gap_baseline + judged.margin_gap_baseline AS gap_baseline_upper_95,
    judged.gap_now,
    judged.gap_now - judged.margin_gap_now AS gap_now_lower_95,
    judged.gap_now + judged.margin_gap_now AS gap_now_upper_95,
    CASE
        WHEN judged.direction != 'neutral' AND judged.gap_baseline < 0 THEN judged.gap_baseline * (1 - judged.time_elapsed)
    END AS required_gap_now,
    judged.gap_change,
    judged.gap_change - judged.margin_gap_change AS gap_change_lower_95,
    judged.gap_change + judged.margin_gap_change AS gap_change_upper_95,
    judged.own_part,
    judged.own_part - judged.margin_own_part AS own_part_lower_95,
    judged.own_part + judged.margin_own_part AS own_part_upper_95,
    judged.comparator_part,
    judged.comparator_part - judged.margin_comparator_part AS comparator_part_lower_95,
    judged.comparator_part + judged.margin_comparator_part AS comparator_part_upper_95,
    {{ mainly_due_to(
        'judged.own_part', 'judged.comparator_part', 'judged.margin_own_part', 'judged.margin_comparator_part'
    ) }} AS mainly_due_to,
    judged.baseline_value,
    judged.baseline_lower_95,
    judged.baseline_upper_95,
    judged.baseline_comparator_value,
    judged.baseline_comparator_lower_95,
    judged.baseline_comparator_upper_95,
    judged.now_value,
    judged.now_lower_95,
    judged.now_upper_95,
    judged.now_value_status,
    judged.now_comparator_value,
    judged.now_comparator_lower_95,
    judged.now_comparator_upper_95,
    judged.snapshot_id,
    {{ data_origin_of('figures') }} AS data_origin
FROM judged
INNER JOIN {{ ref('areas') }} AS areas ON judged.area_code = areas.area_code
INNER JOIN {{ ref('areas') }} AS comparators ON judged.comparator_code = comparators.area_code
LEFT JOIN {{ ref('programme_reasons') }} AS reasons ON judged.undefined_reason = reasons.reason
