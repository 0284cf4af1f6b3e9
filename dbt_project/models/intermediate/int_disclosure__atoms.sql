-- What the numbers that we may show are made of: per feed, measure, area and period the finest cells ("atoms") of each
-- breakdown in use. Whoever knows all numbers shown knows sums of the same atoms, and that is what protection is about.
--
-- Finest cells that occur in the same sums always go together and make one atom. A total that differs from the sum of its
-- cells has an atom of its own for the difference: people who count in two cells (share -1), or a cell that is missing.
WITH
cells AS (SELECT * FROM {{ ref('int_disclosure__cells') }}),

uses AS (
    SELECT DISTINCT
        feed_id,
        measure,
        breakdown
    FROM {{ ref('int_disclosure__terms') }}
    WHERE is_open IS DISTINCT FROM TRUE
    UNION
    SELECT DISTINCT
        feed_id,
        measure,
        breakdown
    FROM {{ ref('int_activities__added_up') }}
),

finest AS (
    SELECT DISTINCT
        feed_id,
        measure,
        breakdown
    FROM cells
    QUALIFY
        NOT list_contains(string_split(breakdown, '|'), 'total')
        OR bool_and(list_contains(string_split(breakdown, '|'), 'total')) OVER (PARTITION BY feed_id, measure)
),

-- `total` in one dimension stands for all its members.
covers AS (
    SELECT
        uses.feed_id,
        uses.measure,
        uses.breakdown,
        finest.breakdown AS finest_breakdown
    FROM uses
    INNER JOIN finest ON uses.feed_id = finest.feed_id AND uses.measure = finest.measure
    WHERE {{ covers_breakdown('uses.breakdown', 'finest.breakdown') }}
),

signatures AS (
    SELECT
        feed_id,
        measure,
        finest_breakdown,
        list(breakdown ORDER BY breakdown) AS occurs_in
    FROM covers
    GROUP BY ALL
),

atom_groups AS (
    SELECT
        *,
        min(finest_breakdown) OVER (PARTITION BY feed_id, measure, occurs_in) AS atom_group
    FROM signatures
),

grouped AS (
    SELECT
        cells.feed_id,
        cells.measure,
        cells.area_code,
        cells.period_type,
        cells.period_start,
        atom_groups.atom_group,
        any_value(atom_groups.occurs_in) AS occurs_in,
        list_sum(list(cells.value ORDER BY cells.breakdown)) AS value
    FROM cells
    INNER JOIN atom_groups
        ON
            cells.feed_id = atom_groups.feed_id
            AND cells.measure = atom_groups.measure
            AND cells.breakdown = atom_groups.finest_breakdown
    GROUP BY ALL
),

parts AS (
    SELECT
        feed_id,
        measure,
        area_code,
        period_type,
        period_start,
        unnest(occurs_in) AS breakdown,
        atom_group,
        value
    FROM grouped
),

differences AS (
    SELECT
        cells.feed_id,
        cells.measure,
        cells.area_code,
        cells.period_type,
        cells.period_start,
        cells.breakdown,
        any_value(cells.value) AS total,
        total - coalesce(list_sum(list(parts.value ORDER BY parts.atom_group)), 0) AS difference
    FROM cells
    INNER JOIN uses ON cells.feed_id = uses.feed_id AND cells.measure = uses.measure AND cells.breakdown = uses.breakdown
    LEFT JOIN parts
        ON
            cells.feed_id = parts.feed_id
            AND cells.measure = parts.measure
            AND cells.area_code = parts.area_code
            AND cells.period_type = parts.period_type
            AND cells.period_start = parts.period_start
            AND cells.breakdown = parts.breakdown
    GROUP BY ALL
),

atoms AS (
    SELECT
        * EXCLUDE (atom_group, value),
        atom_group AS atom,
        1.0 AS share
    FROM parts
    UNION ALL BY NAME
    SELECT
        * EXCLUDE (difference, total),
        'rest of ' || breakdown AS atom,
        sign(difference)::DOUBLE AS share
    FROM differences
    WHERE abs(difference) > 1e-6 * greatest(1, abs(total))
)

SELECT
    feed_id,
    measure,
    area_code,
    period_type,
    period_start,
    breakdown,
    concat_ws(' ', feed_id, measure, area_code, period_type, period_start, atom) AS atom_id,
    share
FROM atoms
