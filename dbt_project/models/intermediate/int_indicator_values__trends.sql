-- The recent trend of each row: over the five successive years that end with it (macros/methods/recent_trend.sql).
--
-- No trend is calculated over months and quarters, which carry seasons; over a gap, a series break or a change of how the
-- figure is made; or over model estimates, whose editions are no repeated measurements (RIVM, SMAP).
WITH
points AS (
    SELECT
        compared.*,
        indicators.interval_method = 'wilson' AS is_proportion,
        coalesce(
            compared.period_start = lag(compared.period_start) OVER series + INTERVAL 1 YEAR
            AND compared.estimate_type = lag(compared.estimate_type) OVER series
            AND NOT compared.has_series_break,
            FALSE
        ) AS continues
    FROM {{ ref('int_indicator_values__compared') }} AS compared
    INNER JOIN {{ ref('indicators') }} AS indicators ON compared.indicator_code = indicators.indicator_code
    WINDOW series AS (
        PARTITION BY compared.indicator_code, compared.area_code, compared.breakdown, compared.period_type
        ORDER BY compared.period_start
    )
),

runs AS (
    SELECT
        *,
        list(CASE WHEN value IS NOT NULL THEN {{ trend_weight('is_proportion', 'numerator', 'denominator', 'lower_95', 'upper_95') }} END)
            OVER five_points AS weights,
        list({{ trend_figure('is_proportion', 'numerator', 'denominator', 'value') }}) OVER five_points AS figures,
        period_type IN ('year', 'school_year') AND estimate_type != 'model' AND bool_and(continues) OVER four_steps AS is_testable
    FROM points
    WINDOW
        series AS (PARTITION BY indicator_code, area_code, breakdown, period_type ORDER BY period_start),
        five_points AS (series ROWS BETWEEN 4 PRECEDING AND CURRENT ROW),
        four_steps AS (series ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)
)

SELECT
    * EXCLUDE (is_proportion, continues, weights, figures, is_testable),
    CASE
        WHEN is_testable THEN {{ recent_trend('weights', 'figures', 'is_proportion', 'direction') }}
        ELSE 'cannot_be_calculated'
    END AS recent_trend
FROM runs
