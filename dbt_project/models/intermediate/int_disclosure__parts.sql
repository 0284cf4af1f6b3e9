-- Of which atoms each number is the sum. A figure of a delivered area, its wijk or Heerlen is the sum of the cells of its
-- terms; an area set is the sum of its members that have a figure, as in int_indicator_values__area_sets.
WITH
quantities AS (
    SELECT * FROM {{ ref('int_disclosure__quantities') }}
    WHERE kind != 'open'
),

published AS (
    SELECT
        figures.indicator_code,
        figures.area_code,
        figures.period_type,
        figures.period_start,
        figures.year,
        figures.breakdown,
        figures.denominator_breakdown,
        figures.denominator_period_type,
        figures.denominator_period_start,
        (figures.value IS NOT NULL AND (indicators.aggregation = 'sum' OR figures.weight IS NOT NULL))
        -- Nobody of nobody makes no share, and yet adds up: a reader takes it that such a member is in the set.
        OR (figures.numerator = 0 AND figures.denominator = 0) AS is_present,
        {{ count_role('indicators.aggregation') }} AS count_role
    FROM {{ ref('int_indicator_values__published') }} AS figures
    INNER JOIN {{ ref('indicators') }} AS indicators ON figures.indicator_code = indicators.indicator_code
    WHERE figures.indicator_code IN (SELECT terms.indicator_code FROM {{ ref('int_disclosure__terms') }} AS terms)
),

-- The breakdown and period in which the terms of each number were delivered.
looked_up AS (
    SELECT
        quantities.quantity_id,
        quantities.feed_id,
        quantities.area_code,
        published.indicator_code,
        CASE WHEN quantities.role = 'denominator' THEN 'denominator' ELSE 'count' END AS side,
        CASE
            WHEN quantities.role = 'denominator' THEN published.denominator_breakdown
            ELSE published.breakdown
        END AS shown_as,
        CASE
            WHEN quantities.role = 'denominator' THEN published.denominator_period_type
            ELSE published.period_type
        END AS period_type,
        CASE
            WHEN quantities.role = 'denominator' THEN published.denominator_period_start
            ELSE published.period_start
        END AS period_start
    FROM quantities
    INNER JOIN published
        ON
            quantities.subject = 'indicator'
            AND quantities.code = published.indicator_code
            AND quantities.area_code = published.area_code
            AND quantities.period_type = published.period_type
            AND quantities.period_start = published.period_start
            AND quantities.breakdown = published.breakdown
),

terms AS (
    SELECT
        *,
        CASE WHEN role = 'denominator' THEN 'denominator' ELSE 'count' END AS side
    FROM {{ ref('int_disclosure__terms') }}
),

of_areas AS (
    SELECT
        looked_up.quantity_id,
        atoms.atom_id,
        sum(atoms.share) AS share
    FROM looked_up
    INNER JOIN terms
        ON
            looked_up.indicator_code = terms.indicator_code
            AND looked_up.feed_id = terms.feed_id
            AND looked_up.side = terms.side
            AND looked_up.shown_as = terms.shown_as
    INNER JOIN {{ ref('int_disclosure__area_sources') }} AS sources ON looked_up.area_code = sources.area_code
    INNER JOIN {{ ref('int_disclosure__atoms') }} AS atoms
        ON
            looked_up.feed_id = atoms.feed_id
            AND terms.measure = atoms.measure
            AND terms.breakdown = atoms.breakdown
            AND looked_up.period_type = atoms.period_type
            AND looked_up.period_start = atoms.period_start
            AND sources.source_code = atoms.area_code
    GROUP BY ALL
),

of_sets AS (
    SELECT
        quantities.quantity_id,
        of_areas.atom_id,
        sum(of_areas.share) AS share
    FROM quantities
    INNER JOIN {{ ref('area_members') }} AS members ON quantities.area_code = members.area_set
    INNER JOIN published
        ON
            quantities.subject = 'indicator'
            AND quantities.code = published.indicator_code
            AND members.member_code = published.area_code
            AND quantities.period_type = published.period_type
            AND quantities.period_start = published.period_start
            AND quantities.breakdown = published.breakdown
            AND published.year BETWEEN coalesce(members.valid_from_year, published.year)
            AND coalesce(members.valid_to_year, published.year)
    INNER JOIN of_areas
        ON
            of_areas.quantity_id = {{ quantity_id(
                'quantities.subject', 'quantities.code', 'quantities.role', 'members.member_code', 'quantities.period_type',
                'quantities.period_start', 'quantities.breakdown'
            ) }}
    LEFT JOIN looked_up ON quantities.quantity_id = looked_up.quantity_id
    -- A set that was delivered itself (postcodes) has its parts already.
    WHERE published.is_present AND looked_up.quantity_id IS NULL
    GROUP BY ALL
),

of_activities AS (
    SELECT
        quantities.quantity_id,
        atoms.atom_id,
        atoms.share
    FROM quantities
    INNER JOIN {{ ref('int_disclosure__area_sources') }} AS sources ON quantities.area_code = sources.area_code
    INNER JOIN {{ ref('int_disclosure__atoms') }} AS atoms
        ON
            quantities.subject = 'activity'
            AND quantities.feed_id = atoms.feed_id
            AND quantities.code = atoms.measure
            AND quantities.breakdown = atoms.breakdown
            AND quantities.period_type = atoms.period_type
            AND quantities.period_start = atoms.period_start
            AND sources.source_code = atoms.area_code
)

SELECT * FROM of_areas
UNION ALL BY NAME
SELECT * FROM of_sets
UNION ALL BY NAME
SELECT * FROM of_activities
