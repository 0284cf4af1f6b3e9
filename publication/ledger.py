"""The ledger of what releases showed of figures that we protect ourselves.

Belongs here: reading a release as a reader sees it, to tell the warehouse what is known from now on. A reader may have kept
every release, so disclosure control (dbt_project) must reckon with all of them. Does not belong here: what may be shown, and
the ledger's table (`sources.warehouse`).

The release is the truth: it is read after it went out, and again when a new warehouse does not know of it. Removing old
releases takes nothing from the ledger.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa

from publication.catalog import LINES, list_tables, open_read_only
from publication.errors import PublicationError
from publication.release import Release, list_releases
from sources import warehouse
from sources.environment import Environment

# What an indicator's terms say in words ("numerator: feed.measure [breakdown]; …"), as rows again.
_TERMS = """
    SELECT indicator_code, any_value(aggregation) AS aggregation, split_part(term, ': ', 1) AS role,
        split_part(split_part(term, ': ', 2), '.', 1) AS feed_id,
        list(DISTINCT split_part(split_part(split_part(term, ': ', 2), '.', 2), ' ', 1)) AS measures
    FROM (SELECT indicator_code, aggregation, unnest(string_split(terms, '; ')) AS term FROM meta.indicators)
    GROUP BY indicator_code, role, feed_id
"""
_FIGURES = f"""
    WITH rules AS (SELECT * FROM meta.disclosure WHERE is_protected_here),
    terms AS (SELECT terms.*, rules.rounding, rules.least_count FROM ({_TERMS}) AS terms JOIN rules USING (feed_id)),
    figures AS ({{figures}})
    SELECT terms.feed_id, 'indicator' AS subject, indicator_code AS code,
        CASE WHEN role = 'denominator' THEN role WHEN aggregation = 'ratio' THEN 'numerator' ELSE 'value' END AS role,
        area_code, period_type, period_start, breakdown,
        CASE WHEN role = 'denominator' THEN denominator ELSE numerator END AS shown_value, rounding, least_count, measures
    FROM figures JOIN terms USING (indicator_code)
    WHERE role = 'denominator' OR (role != 'weight' AND figures.feed_id = terms.feed_id)
"""
_ACTIVITIES = """
    SELECT feed_id, 'activity' AS subject, measure AS code, 'value' AS role, area_code, period_type, period_start,
        line || '|' || activity AS breakdown, shown_value, rounding, least_count, [measure] AS measures
    FROM (FROM programma.activities
        UNPIVOT INCLUDE NULLS (shown_value FOR measure IN (participations, unique_participants, children, volunteers)))
    JOIN (SELECT * FROM meta.disclosure WHERE is_protected_here) USING (feed_id)
"""


def record_release(environment: Environment, release: Release) -> None:
    """Add what a release shows to the ledger, once.

    Raises:
        PublicationError: the release can't be read, or the warehouse can't be written; the next build tries again.
    """
    if release.monitor is None:
        return
    try:
        shown = shown_figures(release.monitor)
        if shown is not None:
            warehouse.record_published(environment, release.id, release.created_at, shown)
    except (OSError, duckdb.Error) as error:
        raise PublicationError(
            f"What release {release.id} shows can't be added to the ledger: {error}",
            where=f"control.published in {environment.warehouse}",
            now="The release stands; the next build adds it before it decides what may be shown.",
        ) from error


def catch_up(environment: Environment) -> list[str]:
    """Add the releases on disk that the ledger lacks: after a kill, or when the warehouse was made anew from landing.

    Returns:
        The ids of the releases that were added, oldest first.

    Raises:
        PublicationError: as `record_release`.
    """
    known = warehouse.recorded_releases(environment)
    absent = [release for release in reversed(list_releases(environment)) if release.id not in known]
    for release in absent:
        record_release(environment, release)
    return [release.id for release in absent]


def shown_figures(monitor: Path) -> pa.Table | None:
    """The numbers of a release that we protect, shown or hidden, one row each; None when it says nothing about protection.

    Columns: feed_id, subject, code, role, area_code, period_type, period_start, breakdown, shown_value (NULL is hidden),
    rounding, least_count, measures (the terms that were added up, or the activity's).

    Raises:
        duckdb.Error: the file can't be read.
    """
    with closing(open_read_only(monitor)) as connection:
        (database,) = connection.execute("SELECT current_database()").fetchall()[0]
        tables = {table.qualified for table in list_tables(connection, database)}
        if "meta.disclosure" not in tables:
            return None
        columns = "indicator_code, feed_id, area_code, period_type, period_start, breakdown, numerator, denominator"
        marts = [f"{line}.indicator_values" for line in LINES if f"{line}.indicator_values" in tables]
        parts = [_FIGURES.format(figures=" UNION ALL ".join(f"SELECT {columns} FROM {mart}" for mart in marts))]
        parts += [_ACTIVITIES] if "programma.activities" in tables else []
        return connection.execute(
            " UNION ALL BY NAME ".join(f"SELECT * FROM ({part})" for part in parts)
        ).to_arrow_table()
