{{ config(alias='checks') }}
-- The newest result of each check at arrival; the release adds its own.
SELECT
    gate,
    subject,
    check_name,
    severity,
    passed,
    expected,
    found,
    unexpected_count,
    examples,
    checked_at
FROM {{ source('control', 'checks') }}
WHERE gate = 'arrival'
