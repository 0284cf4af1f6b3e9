{{ config(alias='freshness') }}
-- How old each feed is. "Now" is the newest promotion, so that building again from the same landing gives the same rows.
WITH
moment AS (SELECT max(promoted_at) AS as_of FROM {{ source('control', 'snapshots') }}),

newest AS (
    SELECT
        feed_id,
        max(period_end) AS newest_period_end
    FROM {{ ref('int_observations__unioned') }}
    WHERE value IS NOT NULL
    GROUP BY feed_id
),

retrieved AS (
    SELECT
        feed_id,
        max(retrieved_at) AS retrieved_at
    FROM {{ source('control', 'snapshots') }}
    GROUP BY feed_id
),

-- Yearly figures need up to a year after their period before they are published; what comes oftener says so in its slack.
cadences (cadence, days, publication_days) AS (
    VALUES
    ('monthly', 31, 0), ('quarterly', 92, 0), ('half_yearly', 183, 0),
    ('yearly', 366, 366), ('two_yearly', 731, 366), ('four_yearly', 1461, 366)
)

SELECT
    f.feed_id,
    n.newest_period_end,
    r.retrieved_at,
    f.cadence,
    c.publication_days + c.days + f.slack_days AS allowed_days,
    date_diff('day', n.newest_period_end, moment.as_of::DATE) AS age_days,
    age_days > allowed_days AS is_stale,
    moment.as_of
FROM {{ source('control', 'feeds') }} AS f
CROSS JOIN moment
INNER JOIN cadences AS c ON f.cadence = c.cadence
LEFT JOIN newest AS n ON f.feed_id = n.feed_id
LEFT JOIN retrieved AS r ON f.feed_id = r.feed_id
