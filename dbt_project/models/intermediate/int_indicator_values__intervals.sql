-- All areas, published and made from members, with the limits of each value at 95 and 99.8 %, by the indicator's method.
--
-- wilson: a ratio whose numerator is part of the denominator. byar: a rate of events. wilson_on_weight: a share published
-- without counts, whose weight is its base. rounding: a register mean of everybody, which only rounding makes uncertain.
-- publisher: the publisher's own margins, at 95 % only. none: no limits. A value that is absent has none either.
WITH
protected AS (SELECT * FROM {{ ref('int_indicator_values__protected') }}),

valued AS (
    SELECT
        protected.*,
        indicators.scale,
        indicators.rounding_step,
        CASE WHEN protected.value IS NOT NULL THEN indicators.interval_method END AS method_of_value,
        protected.publisher_lower IS NOT NULL AND protected.publisher_upper IS NOT NULL AS has_margins
    FROM protected
    INNER JOIN {{ ref('indicators') }} AS indicators ON protected.indicator_code = indicators.indicator_code
)

SELECT
    * EXCLUDE (scale, rounding_step, method_of_value, has_margins, publisher_lower, publisher_upper),
    {{ limit_by_method('95', 'lower') }} AS lower_95,
    {{ limit_by_method('95', 'upper') }} AS upper_95,
    {{ limit_by_method('998', 'lower') }} AS lower_998,
    {{ limit_by_method('998', 'upper') }} AS upper_998
FROM valued
