"""What the pages need of a release's ``monitor.duckdb``, read once into plain records.

Belongs here: the queries, and looking rows up. Does not belong here: words (`publication.site.words`), pictures
(`publication.site.charts`, `publication.site.maps`), nor any computation on a figure.

A table or column that a release lacks reads as empty: the partners' marts came later than the first releases.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import duckdb

from publication.catalog import LINES, Table, list_tables, quote
from publication.change_report import Summary, summarise

NOORD, REST, CITY, COUNTRY = "HN14", "RH14", "GM0917", "NL00"
# The areas that trends and progress are shown for; wijken and buurten have their newest figures.
LARGE_AREAS = (NOORD, REST, CITY, COUNTRY)
# A year says most about a slow change, so an indicator that has years is shown by year.
_PERIOD_TYPES = ("year", "school_year", "half_year", "term", "quarter", "month")

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Indicator:
    """A row of ``meta.indicators``; texts that it lacks are empty."""

    code: str
    line: str
    label: str
    label_en: str
    unit: str
    decimals: int
    direction: str
    is_child_focused: bool
    estimate_type: str
    aggregation: str
    interval_method: str
    definition: str
    rationale: str
    numerator: str
    denominator: str
    weight: str
    source: str
    breaks: str


@dataclass(frozen=True, slots=True)
class Area:
    """An area of Heerlen, or one that it is compared with; `in_noord` is membership of Heerlen-Noord."""

    code: str
    name: str
    type: str
    parent: str | None
    population: float | None
    population_year: int | None
    in_noord: bool = False
    is_certain: bool = True


class Figure(NamedTuple):
    """A row of ``<line>.indicator_values``."""

    code: str
    area_code: str
    period_start: date
    period_end: date
    period_type: str
    breakdown: str
    value: float | None
    lower_95: float | None
    upper_95: float | None
    status: str
    note: str | None
    estimate_type: str | None
    has_break: bool | None
    coverage: float | None
    national_value: float | None
    national_gap: float | None
    national_verdict: str | None
    rest_value: float | None
    rest_gap: float | None
    rest_verdict: str | None
    trend: str | None
    feed_id: str | None
    snapshot_id: str | None


class Progress(NamedTuple):
    """A row of ``programma.progress``; shares run from 0 to 1, below zero when a gap grew."""

    indicator_code: str
    area_code: str
    comparator_code: str
    status: str
    undefined_reason_nl: str | None
    baseline_year: int | None
    now_year: int | None
    is_before_programme: bool | None
    time_elapsed: float | None
    share_closed: float | None
    lower: float | None
    upper: float | None
    mainly_due_to: str | None


class EarlySignal(NamedTuple):
    """A row of ``programma.early_signals``."""

    indicator_code: str
    area_code: str
    period_start: date
    period_end: date
    period_type: str
    is_newest: bool
    value: float | None
    lower_95: float | None
    upper_95: float | None
    value_status: str
    value_year_earlier: float | None
    change: float | None
    signal: str | None
    no_signal_reason_nl: str | None
    rolling_signal: str | None
    national_value: float | None
    snapshot_id: str | None


class Activity(NamedTuple):
    """A row of ``programma.activities``; counts are empty when `note` says why."""

    activity: str
    line: str
    area_code: str
    area_name: str
    period_start: date
    period_end: date
    period_type: str
    participations: float | None
    unique_participants: float | None
    children: float | None
    volunteers: float | None
    value_status: str
    note: str | None
    feed_id: str | None


class Connection(NamedTuple):
    """A row of ``programma.connections``."""

    line: str
    indicator_code: str
    other_line: str
    other_indicator_code: str
    n: int
    correlation: float
    lower_95: float
    upper_95: float
    strength: str
    relation: str
    warning: str
    shares_model_inputs: bool


class Feed(NamedTuple):
    """A row of ``meta.feeds`` with its freshness."""

    feed_id: str
    title: str
    description: str | None
    publisher: str | None
    publisher_url: str | None
    license_name: str | None
    license_url: str | None
    page_url: str | None
    cadence: str | None
    held_since: datetime | None
    held_because: str | None
    newest_period_end: date | None
    retrieved_at: datetime | None
    is_stale: bool | None


class Snapshot(NamedTuple):
    """A row of ``meta.snapshots``."""

    snapshot_id: str
    feed_id: str
    title: str | None
    source_url: str | None
    retrieved_at: datetime | None
    content_sha256: str | None
    row_count: int | None


class Check(NamedTuple):
    """A row of ``meta.checks``."""

    gate: str
    subject: str
    check_name: str
    severity: str
    passed: bool
    expected: str | None
    found: str | None
    unexpected_count: int | None


class Breakdown(NamedTuple):
    """A row of ``meta.breakdowns``; `place` orders them."""

    breakdown: str
    place: int
    label_nl: str
    label_en: str


class Correction(NamedTuple):
    """A row of ``meta.corrections``."""

    feed_id: str
    measure: str
    reason: str
    cells: int | None


@dataclass(frozen=True)
class ReleaseFacts:
    """The row of ``meta.release``."""

    release_id: str
    created_at: datetime
    data_origin: str
    previous_release_id: str | None

    @property
    def is_sample(self) -> bool:
        return self.data_origin == "sample"


# Field of a record → its column, where the two differ.
_COLUMNS = {
    "code": "indicator_code",
    "status": "value_status",
    "note": "value_note_nl",
    "has_break": "has_series_break",
    "rest_value": "municipality_rest_value",
    "rest_gap": "municipality_rest_gap",
    "rest_verdict": "municipality_rest_verdict",
    "trend": "recent_trend",
}


@dataclass
class Monitor:
    """A release, read. `figures` holds total rows by (indicator, area), oldest first, of the main kind of period.

    `protections` are the rules, in words, of the feeds that are protected here: those of partners.
    """

    release: ReleaseFacts
    indicators: dict[str, Indicator]
    areas: dict[str, Area]
    figures: dict[tuple[str, str], list[Figure]]
    breakdowns: dict[str, list[Figure]]
    progress: dict[tuple[str, str, str], Progress]
    signals: dict[str, list[EarlySignal]]
    children: list[str]
    connections: list[Connection]
    activities: list[Activity]
    feeds: list[Feed]
    snapshots: dict[str, list[Snapshot]]
    checks: list[Check]
    changes: Summary
    protections: dict[str, str]
    groups: dict[str, Breakdown]
    corrections: list[Correction]
    geometries: dict[str, str]
    geometry_year: int | None
    has: set[str] = field(default_factory=set)

    def newest(self, code: str, area_code: str) -> Figure | None:
        """The newest figure with a value, else the newest row, which says why there is none."""
        rows = self.figures.get((code, area_code), [])
        return next((row for row in reversed(rows) if row.value is not None), rows[-1] if rows else None)

    def pending(self, code: str, area_code: str) -> Figure | None:
        """The newest row when it has no value and an older one has."""
        rows = self.figures.get((code, area_code), [])
        newest = self.newest(code, area_code)
        return rows[-1] if rows and newest is not None and newest.value is not None and rows[-1] is not newest else None

    @cached_property
    def feeds_by_id(self) -> dict[str, Feed]:
        return {feed.feed_id: feed for feed in self.feeds}

    @cached_property
    def feed_of_snapshot(self) -> dict[str, str]:
        return {row.snapshot_id: feed_id for feed_id, rows in self.snapshots.items() for row in rows}

    def group(self, breakdown: str) -> str:
        """A breakdown in words; its code where the release has none."""
        found = self.groups.get(breakdown)
        return found.label_nl if found else breakdown

    def of_line(self, line: str) -> list[Indicator]:
        return [indicator for indicator in self.indicators.values() if indicator.line == line]

    @cached_property
    def period_types(self) -> dict[str, str]:
        """The kind of period that each indicator is shown by."""
        return {code: rows[0].period_type for (code, _), rows in self.figures.items() if rows}

    @cached_property
    def lines(self) -> list[str]:
        used = {indicator.line for indicator in self.indicators.values()}
        return [line for line in LINES if line in used]

    @cached_property
    def wijken(self) -> list[Area]:
        return [area for area in self.areas.values() if area.type == "wijk"]

    def buurten(self, wijk: str) -> list[Area]:
        return [area for area in self.areas.values() if area.type == "buurt" and area.parent == wijk]

    def parts(self, area: Area) -> list[Area]:
        """The wijken of a large area, and the buurten of a wijk."""
        if area.type == "wijk":
            return self.buurten(area.code)
        inside = {NOORD: (True,), REST: (False,), CITY: (True, False)}.get(area.code, ())
        return [wijk for wijk in self.wijken if wijk.in_noord in inside]

    @cached_property
    def pages(self) -> list[Area]:
        """The areas that have a page: Heerlen-Noord, the rest, Heerlen, and each wijk with its buurten."""
        large = [self.areas[code] for code in (NOORD, REST, CITY) if code in self.areas]
        return large + [area for wijk in self.wijken for area in (wijk, *self.buurten(wijk.code))]


def read_monitor(connection: duckdb.DuckDBPyConnection) -> Monitor:
    """Read what the pages need of an open release.

    Raises:
        duckdb.Error: the file is no release.
    """
    reader = _Reader(connection)
    indicators = {row.code: row for row in reader.indicators()}
    areas = {area.code: area for area in reader.areas()}
    figures, breakdowns = reader.figures(sorted(areas))
    signals: dict[str, list[EarlySignal]] = defaultdict(list)
    order = "ORDER BY indicator_code, period_type, period_start"
    for signal in reader.tuples(EarlySignal, "programma.early_signals", f"WHERE area_code = '{NOORD}' {order}"):
        signals[signal.indicator_code].append(signal)
    snapshots: dict[str, list[Snapshot]] = defaultdict(list)
    for snapshot in reader.tuples(Snapshot, "meta.snapshots", "ORDER BY feed_id, retrieved_at, snapshot_id"):
        snapshots[snapshot.feed_id].append(snapshot)
    progress = reader.progress()
    release = reader.release()
    geometries, year = reader.geometries(areas)
    return Monitor(
        release=release,
        indicators=indicators,
        areas=areas,
        figures=figures,
        breakdowns=breakdowns,
        progress={(row.indicator_code, row.area_code, row.comparator_code): row for row in progress},
        signals=signals,
        children=[code for code, row in indicators.items() if row.is_child_focused],
        connections=reader.connections(),
        activities=reader.activities(),
        feeds=reader.feeds(),
        snapshots=snapshots,
        checks=reader.tuples(Check, "meta.checks", "ORDER BY ALL"),
        changes=reader.changes(release, areas),
        protections=dict(reader.rows("meta.disclosure", ("feed_id", "rule_nl"), "WHERE is_protected_here")),
        groups={row.breakdown: row for row in reader.tuples(Breakdown, "meta.breakdowns")},
        corrections=reader.corrections(),
        geometries=geometries,
        geometry_year=year,
        has=set(reader.tables),
    )


class _Reader:
    """Queries on one release, aware of what it has."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        database = str(connection.execute("SELECT current_database()").fetchall()[0][0])
        self.tables: dict[str, Table] = {table.qualified: table for table in list_tables(connection, database)}

    def rows(self, table: str, columns: Sequence[str], rest: str = "") -> list[tuple[Any, ...]]:
        """Columns of a table, None for a column that it lacks; nothing when there is no such table."""
        found = self.tables.get(table)
        if found is None:
            return []
        names = ", ".join(quote(name) if found.has(name) else "NULL" for name in columns)
        return self.connection.execute(f"SELECT {names} FROM {table} {rest}").fetchall()

    def tuples(
        self, make: Callable[..., Record], table: str, rest: str = "", columns: dict[str, str] | None = None
    ) -> list[Record]:
        """Rows of a table as records whose fields carry the columns' names, or those that `columns` gives."""
        names = getattr(make, "_fields", None) or [item.name for item in fields(make)]  # type: ignore[arg-type]
        return [make(*row) for row in self.rows(table, [(columns or {}).get(name, name) for name in names], rest)]

    def release(self) -> ReleaseFacts:
        names = ("release_id", "created_at", "data_origin", "previous_release_id")
        return ReleaseFacts(*self.rows("meta.release", names)[0])

    def indicators(self) -> list[Indicator]:
        columns = [
            "indicator_code",
            "line",
            "label_nl",
            "label_en",
            "unit",
            "decimals",
            "direction",
            "is_child_focused",
        ]
        columns += ["estimate_type", "aggregation", "interval_method", "definition_nl", "rationale_nl", "numerator_nl"]
        columns += ["denominator_nl", "weight_nl", "source_nl", "breaks_nl"]
        made = []
        for row in self.rows("meta.indicators", columns, "ORDER BY indicator_code"):
            texts = ["" if value is None else value for value in row]
            code, line, label, label_en, unit, decimals, direction, is_child, *others = texts
            made.append(
                Indicator(
                    code, line, label, label_en or label, unit, int(decimals or 0), direction, bool(is_child), *others
                )
            )
        return made

    def areas(self) -> list[Area]:
        """Heerlen, its parts and the Netherlands, as far as the release has them."""
        members = self.rows("meta.area_members", ("member_code", "is_certain"), f"WHERE area_set = '{NOORD}'")
        certain = {code: bool(sure) for code, sure in members}
        columns = ("area_code", "area_name", "area_type", "parent_code", "population", "population_year")
        found: dict[str, Area] = {}
        for code, name, kind, parent, population, year in self.rows("meta.areas", columns, "ORDER BY area_code"):
            wijk = parent if kind == "buurt" else code
            is_part = kind in ("wijk", "buurt") and code[2:].startswith(CITY[2:])
            if is_part or code in LARGE_AREAS:
                in_noord = wijk in certain or code == NOORD
                kind, sure = kind or "", certain.get(wijk, True)
                found[code] = Area(code, name, kind, parent, population, year, in_noord, sure)
        return list(found.values())

    def figures(self, areas: list[str]) -> tuple[dict[tuple[str, str], list[Figure]], dict[str, list[Figure]]]:
        """Total rows of the main kind of period of each indicator, and the newest of Heerlen-Noord by breakdown."""
        totals: dict[tuple[str, str], list[Figure]] = defaultdict(list)
        parts: dict[str, list[Figure]] = defaultdict(list)
        names = [_COLUMNS.get(name, name) for name in Figure._fields]
        for line in LINES:
            table = f"{line}.indicator_values"
            if table not in self.tables:
                continue
            kinds = ", ".join(f"'{kind}'" for kind in _PERIOD_TYPES)
            main = f"""
                SELECT indicator_code, period_type FROM {table} GROUP BY indicator_code, period_type
                QUALIFY row_number() OVER (
                    PARTITION BY indicator_code ORDER BY count(value) = 0, list_position([{kinds}], period_type)
                ) = 1"""
            of_areas = ", ".join(f"'{code}'" for code in areas) or "''"
            where = (
                f"WHERE (indicator_code, period_type) IN ({main}) AND area_code IN ({of_areas}) "
                f"ORDER BY indicator_code, area_code, breakdown, period_start"
            )
            for row in map(Figure._make, self.rows(table, names, where)):
                if row.breakdown == "total":
                    totals[row.code, row.area_code].append(row)
                elif row.area_code == NOORD:
                    parts[row.code].append(row)
        return totals, parts

    def progress(self) -> list[Progress]:
        columns = {"lower": "share_closed_lower_95", "upper": "share_closed_upper_95"}
        return self.tuples(Progress, "programma.progress", f"WHERE area_code = '{NOORD}'", columns)

    def connections(self) -> list[Connection]:
        found = self.tables.get("programma.connections")
        if found is None or not found.has("relation_nl"):
            return []
        columns = {"strength": "strength_nl", "relation": "relation_nl", "warning": "warning_nl"}
        where = "WHERE is_significant AND relation_nl IS NOT NULL ORDER BY line, other_line, indicator_code, other_indicator_code"
        return self.tuples(Connection, "programma.connections", where, columns)

    def activities(self) -> list[Activity]:
        order = "ORDER BY period_start DESC, line, activity, area_code"
        return self.tuples(Activity, "programma.activities", order, {"note": "value_note_nl"})

    def feeds(self) -> list[Feed]:
        names = list(Feed._fields[:11])
        fresh = {
            feed_id: rest
            for feed_id, *rest in self.rows(
                "meta.freshness", ("feed_id", "newest_period_end", "retrieved_at", "is_stale")
            )
        }
        rows = self.rows("meta.feeds", names, "ORDER BY feed_id")
        return [Feed(*row, *fresh.get(row[0], (None, None, None))) for row in rows]

    def changes(self, release: ReleaseFacts, areas: Iterable[str]) -> Summary:
        """What the release changes of the one before, with verdicts of `areas` only; empty when it is the first."""
        if "meta.changes" not in self.tables or release.previous_release_id is None:
            return Summary(release.previous_release_id, release.release_id)
        found = summarise(self.connection, "meta.changes", release.previous_release_id, release.release_id)
        return replace(found, flipped=[row for row in found.flipped if row.area_code in areas])

    def corrections(self) -> list[Correction]:
        return self.tuples(Correction, "meta.corrections", "ORDER BY correction_id", {"reason": "reason_nl"})

    def geometries(self, areas: Iterable[str]) -> tuple[dict[str, str], int | None]:
        """GeoJSON by area code, of the newest division."""
        rows = self.rows("meta.area_geometries", ("area_code", "geometry", "boundary_year"))
        years = [year for code, _, year in rows if code in areas and year is not None]
        newest = max(years, default=None)
        return {code: shape for code, shape, year in rows if year == newest and code in areas}, newest
