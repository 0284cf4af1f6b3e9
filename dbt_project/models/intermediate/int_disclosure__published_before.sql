-- What earlier releases showed of what we protect: a reader may have kept every one of them. The same number shown again tells
-- nothing new, so it counts once, from the first release that showed it.
SELECT
    min(release_id) AS release_id,
    any_value(feed_id) AS feed_id,
    subject,
    code,
    role,
    area_code,
    period_type,
    period_start,
    breakdown,
    is_shown,
    shown_value,
    rounding::DOUBLE AS rounding,
    least_count::DOUBLE AS least_count
FROM {{ source('control', 'published') }}
WHERE is_shown
GROUP BY ALL
