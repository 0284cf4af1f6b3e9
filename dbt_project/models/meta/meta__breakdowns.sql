{{ config(alias='breakdowns') }}
-- The groups that marts split figures by, in words. Codes are the programme's own (`shown_as` of the indicators' terms), so one
-- code means one thing in all lines.
SELECT
    breakdown,
    place,
    label_nl,
    label_en
FROM {{ ref('breakdowns') }}
