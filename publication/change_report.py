"""What changed between two releases, told to people: ``changes.html``, and the same in short for ``noord diff``.

Belongs here: summing up ``meta.changes`` per indicator, and words. Does not belong here: finding what changed
(`publication.changes`); every number here is counted from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from publication.catalog import list_tables
from publication.changes import compared
from publication.errors import PublicationError
from publication.facts import MARKS
from publication.templates import render

if TYPE_CHECKING:
    from publication.release import Release

CHANGES_PAGE = "changes.html"

# Rows of a table on the page; the file changes.parquet has them all.
MOST_ROWS = 300

CHANGE_NL = {
    "table_added": "tabel erbij",
    "table_dropped": "tabel weg",
    "column_added": "kolom erbij",
    "column_dropped": "kolom weg",
    "column_retyped": "kolom van een ander type",
    "indicator_added": "indicator erbij",
    "indicator_dropped": "indicator weg",
    "indicator_redefined": "omschrijving anders",
    "figure_revised": "ander cijfer",
    "figure_withdrawn": "cijfer weg",
    "figure_hidden": "nu verborgen",
    "figure_status_changed": "andere status",
}
CAUSE_NL = {
    "snapshot": "nieuwe levering",
    "contract": "anders gelezen",
    "method": "andere methode, omschrijving of gebieden",
    "suppression": "verborgen",
    "new_period": "nieuwere periode",
}
VERDICT_NL = {"better": "beter", "worse": "slechter", "similar": "vergelijkbaar", "higher": "hoger", "lower": "lager"}
COMPARATOR_NL = {"national": "Nederland", "municipality_rest": "de rest van Heerlen"}


@dataclass(frozen=True)
class Change:
    """A table, column or indicator that changed."""

    change: str
    name: str
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Added:
    """Figures of an indicator where there were none."""

    line: str
    indicator_code: str
    label: str
    period_type: str
    newest: str
    figures: int


@dataclass(frozen=True)
class Revised:
    """Figures of an indicator that changed alike, and the largest of them; hidden figures have no numbers.

    `group` is the breakdown in words, empty for the total.
    """

    line: str
    indicator_code: str
    label: str
    change: str
    cause: str
    figures: int
    area: str
    period: str
    old_value: float | None
    new_value: float | None
    difference_pct: float | None
    area_code: str
    period_type: str
    group: str


@dataclass(frozen=True)
class Flipped:
    """An area whose newest verdict is another than before; `group` is the breakdown in words, empty for the total."""

    line: str
    indicator_code: str
    label: str
    area: str
    period: str
    comparator: str
    old: str
    new: str
    cause: str
    area_code: str
    period_type: str
    group: str


@dataclass(frozen=True)
class Summary:
    """What a release changes of another one; `old_id` is None when there is none to compare with."""

    old_id: str | None
    new_id: str
    mark: str = ""
    schema: list[Change] = field(default_factory=list)
    indicators: list[Change] = field(default_factory=list)
    added: list[Added] = field(default_factory=list)
    revised: list[Revised] = field(default_factory=list)
    flipped: list[Flipped] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.schema or self.indicators or self.added or self.revised or self.flipped)


def summarise(
    connection: duckdb.DuckDBPyConnection, changes: str, old_id: str | None, new_id: str, mark: str = ""
) -> Summary:
    """Sum up a table of changes.

    Args:
        connection: has the new release attached as `monitor`.
        changes: full name of the table.

    Raises:
        duckdb.Error: the table or the release can't be read.
    """
    labels = _labels(connection)

    def rows(statement: str) -> list[tuple[Any, ...]]:
        return connection.execute(statement.format(changes=changes, **labels)).fetchall()

    return Summary(
        old_id,
        new_id,
        mark,
        [Change(*row) for row in rows(_SCHEMA)],
        [Change(*row) for row in rows(_INDICATORS)],
        [Added(*row) for row in rows(_ADDED)],
        [Revised(*row) for row in rows(_REVISED)],
        [Flipped(*row) for row in rows(_FLIPPED)],
    )


def compare(old: Release, new: Release) -> Summary:
    """What `new` changes of `old`, whichever of them is the older one.

    Raises:
        PublicationError: one of the two lost its ``monitor.duckdb``, or it can't be read.
    """
    for release in (old, new):
        if release.monitor is None:
            raise PublicationError(
                f"Release {release.id} has no monitor.duckdb", where=str(release.path), now="Nothing was compared."
            )
    assert old.monitor is not None
    assert new.monitor is not None
    with compared(old.monitor, old.id, new.monitor) as connection:
        return summarise(connection, "memory.main.changes", old.id, new.id, MARKS.get(new.data_origin, ""))


def write_changes_page(
    connection: duckdb.DuckDBPyConnection, folder: Path, old_id: str | None, new_id: str, mark: str
) -> None:
    """Write ``changes.html`` from ``meta.changes`` of the release in `folder`.

    Args:
        connection: has its ``monitor.duckdb`` open as the only database.

    Raises:
        duckdb.Error, OSError: the release can't be read or the page can't be written.
    """
    summary = summarise(connection, "monitor.meta.changes", old_id, new_id, mark)
    (folder / CHANGES_PAGE).write_text(page(summary), encoding="utf-8")


def page(summary: Summary) -> str:
    """The summary as a page that needs nothing but itself."""
    return render(
        "changes.html.j2",
        {"number": number},
        summary=summary,
        most=MOST_ROWS,
        change_nl=CHANGE_NL,
        cause_nl=CAUSE_NL,
        verdict_nl=VERDICT_NL,
        comparator_nl=COMPARATOR_NL,
    )


def number(value: float | None, digits: int = 6) -> str:
    """A figure as people in the Netherlands write it, with as many digits as matter; empty when there is none."""
    if value is None:
        return ""
    text = f"{value:,.{digits}g}" if abs(value) < 10**digits else f"{value:,.0f}"
    return text.translate(str.maketrans(",.", ".,"))


def _labels(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Where names come from; an indicator that is gone has none but its code."""
    tables = {table.qualified: table for table in list_tables(connection, "monitor", ["meta"])}
    has_names = "meta.areas" in tables and tables["meta.areas"].has("area_name")
    areas = "SELECT area_code, any_value(area_name) AS area_name FROM monitor.meta.areas GROUP BY area_code"
    groups = "SELECT breakdown, label_nl AS group_nl FROM monitor.meta.breakdowns"
    return {
        "indicators": "(SELECT indicator_code, label_nl FROM monitor.meta.indicators)",
        "areas": f"({areas})" if has_names else "(SELECT '' AS area_code, '' AS area_name WHERE false)",
        "groups": f"({groups})"
        if "meta.breakdowns" in tables
        else "(SELECT '' AS breakdown, '' AS group_nl WHERE false)",
    }


_SCHEMA = """SELECT change, name, '', coalesce(old_text, ''), coalesce(new_text, '') FROM {changes}
    WHERE starts_with(change, 'table_') OR starts_with(change, 'column_') ORDER BY ALL"""
_INDICATORS = """SELECT change, indicator_code, coalesce(name, ''), coalesce(old_text, ''), coalesce(new_text, '') FROM {changes}
    WHERE starts_with(change, 'indicator_') ORDER BY ALL"""
_ADDED = """SELECT line, indicator_code, coalesce(label_nl, indicator_code), period_type, period_start::VARCHAR, figures
    FROM {changes} LEFT JOIN {indicators} USING (indicator_code) WHERE change = 'figures_added' ORDER BY ALL"""
# The largest is the one that differs most in %, or where a value was zero the one that differs most.
_REVISED = """
    WITH told AS (
        SELECT * REPLACE (if(cause = 'suppression', 'figure_hidden', change) AS change),
            row_number() OVER (PARTITION BY line, indicator_code, change, cause
                ORDER BY abs(difference_pct) DESC NULLS LAST, abs(difference) DESC NULLS LAST, area_code, period_start, breakdown) AS place,
            count(*) OVER (PARTITION BY line, indicator_code, change, cause) AS alike
        FROM {changes} WHERE starts_with(change, 'figure_')
    )
    SELECT line, indicator_code, coalesce(label_nl, indicator_code), change, cause, alike, coalesce(area_name, area_code),
        period_start::VARCHAR, old_value, new_value, difference_pct, area_code, period_type,
        if(breakdown = 'total', '', coalesce(group_nl, breakdown))
    FROM told LEFT JOIN {indicators} USING (indicator_code) LEFT JOIN {areas} USING (area_code) LEFT JOIN {groups} USING (breakdown)
    WHERE place = 1 ORDER BY line, indicator_code, change, cause"""
_FLIPPED = """SELECT line, indicator_code, coalesce(label_nl, indicator_code)
        || if(breakdown = 'total', '', ' (' || coalesce(group_nl, breakdown) || ')'), coalesce(area_name, area_code),
        period_start::VARCHAR, name, old_text, new_text, cause, area_code, period_type,
        if(breakdown = 'total', '', coalesce(group_nl, breakdown))
    FROM {changes} LEFT JOIN {indicators} USING (indicator_code) LEFT JOIN {areas} USING (area_code) LEFT JOIN {groups} USING (breakdown)
    WHERE change = 'verdict_flipped'
    ORDER BY line, indicator_code, regexp_matches(area_code, '^(BU|WK|PC)'), area_code, name, period_type, breakdown"""
