-- Every number that partners delivered, long, with its period. Nothing of it leaves the warehouse but through
-- int_disclosure__decided.
WITH
cells AS (
    {% for feed_id in partner_feed_ids() %}
        {{ partner_cells(feed_id) }}
        {{ 'UNION ALL' if not loop.last }}
    {% else %}
        SELECT
            NULL::VARCHAR AS feed_id,
            NULL::VARCHAR AS snapshot_id,
            NULL::VARCHAR AS area_code,
            NULL::VARCHAR AS period_code,
            NULL::VARCHAR AS breakdown,
            NULL::VARCHAR AS measure,
            NULL::DOUBLE AS value
        WHERE FALSE
    {% endfor %}
)

SELECT
    feed_id,
    snapshot_id,
    area_code,
    period_code,
    {{ period_type('period_code') }} AS period_type,
    {{ period_start('period_code') }} AS period_start,
    {{ period_end('period_code') }} AS period_end,
    {{ period_year('period_code') }} AS year,
    breakdown,
    measure,
    value
FROM cells
