"""Guards that compare a delivery with what stands: what vanished, what jumped tenfold, which corrections are still needed.

Belongs here: these comparisons, and their words. A column of numbers that are each in range can still be wrong beside
the numbers of before, which no expectation on one delivery sees. Does not belong here: expectations on one delivery
(feed files, `sources.expectations`) and what follows from a red check (`sources.arrival`).

What a guard holds passes once somebody has looked at it: an `acknowledged` line in the feed file (see
`registry.Acknowledgement`) gives the date and the reason, and the check repeats both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import duckdb

from sources import warehouse
from sources.checks import CheckResult, Severity
from sources.environment import Environment, Scope
from sources.feed import Acknowledgement
from sources.protocols.cells import literal, quote, scope_condition
from sources.registry import Feed

NOTHING_VANISHED = "nothing_vanished"
NO_TENFOLD_JUMP = "no_tenfold_jump"
CORRECTIONS_NEEDED = "corrections_still_needed"

# Name, severity and description, as every feed has them beside the expectations of its file.
GUARDS: tuple[tuple[str, Severity, str], ...] = (
    (
        NOTHING_VANISHED,
        "block",
        "Elk gebied, elke periode, elk cijfer en elke tabel die de bron eerder had, is er nog.",
    ),
    (
        NO_TENFOLD_JUMP,
        "block",
        "Geen cijfer van land, provincie of gemeente, en geen totaal van een partner, is opeens tien keer zo groot of klein.",
    ),
    (CORRECTIONS_NEEDED, "warn", "Elke correctie in corrections.csv is nog nodig: de fout staat nog in de bron."),
)
_NOTHING_BEFORE = "no earlier delivery to compare with"
_SHOWN = 5

# Small areas jump by chance.
JUMP_AREAS = "^(NL|PV|GM)"
# A partner knows wijken and buurten alone, so all of them together are looked at, without breakdowns.
WHOLE = "whole"
_TOTALS = r"total(\|total)*"
JUMP_FACTOR = 10
# Nor is a step from 3 to 30 news.
JUMP_LEAST_COUNT = 50


@dataclass(frozen=True, order=True)
class Vanished:
    """Something the feed had and the delivery lacks; `where` adds to the name in how much of the table it is gone."""

    what: str
    name: str
    table: str
    where: str = ""


@dataclass(frozen=True)
class Jump:
    """A figure that is ten times another one or more, either way; equal periods mean that it was revised.

    A figure of a partner is not told: nobody has protected it yet, and a check is released.
    """

    table: str
    area: str
    breakdown: str
    measure: str
    old_period: str
    period: str
    old: float
    new: float
    is_open: bool = True

    @property
    def name(self) -> str:
        return f"{self.measure}/{self.area}/{self.period}"

    def __str__(self) -> str:
        part = "" if self.breakdown == "total" else f" ({self.breakdown})"
        before = "" if self.old_period == self.period else f" in {self.old_period}"
        place = f"{self.measure}{part} of {self.area} in {self.period}, table {self.table}"
        if self.is_open:
            return f"{place}: {self.new:,.10g}, and {self.old:,.10g}{before} before"
        return f"{place}: ten times {'more' if self.new > self.old else 'less'} than{before or ' it was'} before"

    def example(self) -> dict[str, object]:
        """The jump as an example of a check."""
        told = {name: value for name, value in asdict(self).items() if name != "is_open"}
        return told if self.is_open else {name: value for name, value in told.items() if name not in ("old", "new")}


def compare_with_standing(
    feed: Feed, environment: Environment, audit_file: Path, *, replace: bool
) -> list[CheckResult]:
    """Run the guards on a delivery that lies in `audit_file` as table ``delivery``.

    Args:
        replace: the delivery takes the place of every standing row of the feed, not only of its own tables.

    Returns:
        One result for each of `GUARDS`, in that order.
    """
    with (
        warehouse.connect(environment.warehouse, read_only=True) as connection,
        warehouse.attached(connection, audit_file),
    ):
        pair = Comparison(connection, feed, environment.scope)
        vanished = find_vanished(pair, replace=replace) if pair.standing_tables else []
        jumps = find_jumps(pair) if pair.standing_tables else []
        return [
            judge_vanished(feed, vanished, compared=bool(pair.standing_tables)),
            judge_jumps(feed, jumps, compared=bool(pair.standing_tables)),
            _judge_corrections(feed, _cells_per_correction(pair, replace=replace)),
        ]


class Comparison:
    """The standing rows of a feed beside its delivery, in one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, feed: Feed, scope: Scope) -> None:
        self.connection = connection
        self.feed = feed
        self.scope = scope
        self.standing, self.delivery = f"raw.{quote(feed.id)}", "audit.delivery"
        self.standing_tables = self._tables(self.standing)
        self.delivered_tables = self._tables(self.delivery)
        # Read under the contract of their promotion, so these are not always the measures of the feed file.
        self.standing_measures = [
            name
            for (name,) in self.rows(
                "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = 'raw' "
                f"AND table_name = {literal(feed.id)} AND data_type = 'DOUBLE' ORDER BY column_index"
            )
        ]

    def rows(self, query: str) -> list[tuple[str, ...]]:
        return self.connection.execute(query).fetchall()

    def _tables(self, relation: str) -> set[str]:
        return {table for (table,) in self.rows(f"SELECT DISTINCT table_id FROM {relation}")}


# -- what vanished ------------------------------------------------------------------------------------------------------


def find_vanished(pair: Comparison, *, replace: bool) -> list[Vanished]:
    """Tables, periods, measures and regions that stand and are not in the delivery, sorted."""
    gone = sorted(pair.standing_tables - pair.delivered_tables) if replace else []
    both = sorted(pair.standing_tables & pair.delivered_tables)
    found = [Vanished("table", table, table) for table in gone]
    found += _vanished_figures(pair, both)
    found += _vanished_regions(pair, both)
    if pair.delivered_tables - pair.standing_tables:
        # Another table takes the place of those that are gone, so the feed as a whole must still have what they had.
        found += _vanished_from_feed(pair, gone)
    return sorted(found)


def _filled(pair: Comparison, relation: str, measures: Iterable[str]) -> set[tuple[str, ...]]:
    """Table, period and measure wherever at least one cell holds a number."""
    names = [quote(name) for name in measures]
    counts = ", ".join(f"count({name}) AS {name}" for name in names)
    return set(
        pair.rows(
            f"""SELECT table_id, period_code, measure FROM (
                SELECT table_id, period_code, {counts} FROM {relation} GROUP BY ALL
            ) UNPIVOT (cells FOR measure IN ({", ".join(names)})) WHERE cells > 0"""
        )
    )


def _vanished_figures(pair: Comparison, tables: Sequence[str]) -> list[Vanished]:
    """Periods and measures of the tables that are there before and after; a period counts when it has a number."""
    before = _filled(pair, pair.standing, pair.standing_measures)
    after = _filled(pair, pair.delivery, pair.feed.measures)
    found = []
    for table in tables:
        had = {(period, measure) for owner, period, measure in before if owner == table}
        has = {(period, measure) for owner, period, measure in after if owner == table}
        periods, measures = {p for p, _ in had} - {p for p, _ in has}, {m for _, m in had} - {m for _, m in has}
        found += [Vanished("period", period, table) for period in periods]
        found += [Vanished("measure", measure, table) for measure in measures]
        found += [
            Vanished("measure", f"{measure}/{period}", table)
            for period, measure in had - has
            if period not in periods and measure not in measures
        ]
    return found


def _vanished_regions(pair: Comparison, tables: Sequence[str]) -> list[Vanished]:
    """Regions without a row in a period that the table still has; outside the scope of this run nothing is missed."""
    places = "table_id, area_code, period_code"
    rows = pair.rows(
        f"""WITH had AS (SELECT DISTINCT {places} FROM {pair.standing} WHERE {_in_scope(pair)}),
        has AS (SELECT DISTINCT {places} FROM {pair.delivery})
        SELECT table_id, area_code, count(*) FILTER (WHERE is_gone), count(*) FROM (
            SELECT {places}, NOT EXISTS(FROM has WHERE has.table_id = had.table_id AND has.area_code = had.area_code
                AND has.period_code = had.period_code) AS is_gone
            FROM had SEMI JOIN has USING (table_id, period_code)
        ) GROUP BY ALL HAVING bool_or(is_gone)"""
    )
    return [
        Vanished("region", area, table, "" if lost == known else f"in {lost} of {known} periods")
        for table, area, lost, known in rows
        if table in tables
    ]


def _vanished_from_feed(pair: Comparison, gone: Sequence[str]) -> list[Vanished]:
    found = []
    before = {row for row in _filled(pair, pair.standing, pair.standing_measures) if row[0] in gone}
    after = _filled(pair, pair.delivery, pair.feed.measures)
    for what, at in (("period", 1), ("measure", 2)):
        has = {row[at] for row in after}
        found += [Vanished(what, name, table) for table, name in {(r[0], r[at]) for r in before} if name not in has]
    rows = pair.rows(
        f"""SELECT DISTINCT table_id, area_code FROM {pair.standing} WHERE {_in_scope(pair)}
        AND area_code NOT IN (SELECT area_code FROM {pair.delivery})"""
    )
    return found + [Vanished("region", area, table) for table, area in rows if table in gone]


def _in_scope(pair: Comparison) -> str:
    # Raw calls the country NL00, whatever the publisher's own key is.
    prefixes = [] if pair.feed.carries_every_area else pair.scope.prefixes("NL00")
    return scope_condition("area_code", prefixes)


def judge_vanished(feed: Feed, vanished: Sequence[Vanished], *, compared: bool) -> CheckResult:
    accepted = {thing: _acknowledgement(feed.acknowledged, thing.what, thing.name, thing.table) for thing in vanished}
    open_ones = [thing for thing in vanished if accepted[thing] is None]
    found = "; ".join([*_in_words(open_ones), *_reasons(accepted.values())])
    return _result(
        feed,
        NOTHING_VANISHED,
        expected="every region, period, measure and table that stands, or an acknowledged line with date and reason in the feed file",
        found=found or ("nothing vanished" if compared else _NOTHING_BEFORE),
        count=len(open_ones),
        examples=[asdict(thing) for thing in open_ones],
    )


def _in_words(vanished: Sequence[Vanished]) -> list[str]:
    """One clause per kind: how many, and the first few by name with their tables."""
    clauses = []
    for what, group in groupby(vanished, key=lambda thing: thing.what):
        tables: dict[str, list[str]] = {}
        for thing in group:
            tables.setdefault(f"{thing.name} {thing.where}".strip(), []).append(thing.table)
        names = [name if what == "table" else f"{name} ({_places(owners)})" for name, owners in tables.items()]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        kind = what if len(names) == 1 else f"{what}s"
        clauses.append(f"{len(names)} {kind} vanished: {', '.join(names[:_SHOWN])}{more}")
    return clauses


def _places(tables: Sequence[str]) -> str:
    return f"table {tables[0]}" if len(tables) == 1 else f"{len(tables)} tables such as {tables[0]}"


# -- what jumped --------------------------------------------------------------------------------------------------------


def find_jumps(pair: Comparison) -> list[Jump]:
    """Figures ten times those of before, or a tenth: the same period as it stands, and a new one beside the last.

    A month is held beside the same month of the newest year that stands, for some crimes have a season; without one beside
    the last month.
    A measure that stands with negative numbers (a deviation from a mean) has no zero to multiply from and is left out.
    """
    measures = [name for name in pair.standing_measures if name in pair.feed.measures]
    if not measures:
        return []
    keys = "area_code, breakdown, measure"
    rows = pair.rows(
        f"""WITH standing AS ({_long(pair, pair.standing, measures)}),
        old AS (SELECT * FROM standing WHERE value > 0 AND measure NOT IN (SELECT measure FROM standing WHERE value < 0)),
        new AS (SELECT * FROM ({_long(pair, pair.delivery, measures)}) WHERE value > 0),
        revised AS (
            SELECT new.*, new.period_code AS old_period, old.value AS old_value FROM new
            JOIN old USING ({keys}, period_code)
            QUALIFY row_number() OVER (PARTITION BY new.table_id, {keys}, period_code
                ORDER BY old.table_id = new.table_id DESC, old.boundary_year DESC, old.table_id DESC) = 1
        ),
        newest AS (
            SELECT * FROM new ANTI JOIN old USING ({keys}, period_code)
            QUALIFY row_number() OVER (PARTITION BY {keys}, period_kind ORDER BY period_code DESC, boundary_year DESC) = 1
        ),
        following AS (
            SELECT newest.*, old.period_code AS old_period, old.value AS old_value FROM newest
            JOIN old ON {_same_series("newest", "old")} AND old.period_code < newest.period_code
            QUALIFY row_number() OVER (PARTITION BY {", ".join("newest." + key for key in keys.split(", "))}, newest.period_kind
                ORDER BY right(old.period_code, 2) = right(newest.period_code, 2) DESC,
                    old.period_code DESC, old.boundary_year DESC, old.table_id DESC) = 1
        )
        SELECT table_id, area_code, breakdown, measure, old_period, period_code, old_value, value
        FROM (FROM revised UNION ALL BY NAME FROM following)
        WHERE greatest(value, old_value) / least(value, old_value) >= {JUMP_FACTOR}
            AND ({_is_no_count(pair)} OR greatest(value, old_value) >= {JUMP_LEAST_COUNT})
        ORDER BY ALL"""
    )
    is_open = pair.feed.is_open
    return [
        Jump(t, a, b, m, before, now, float(old), float(new), is_open) for t, a, b, m, before, now, old, new in rows
    ]


def _long(pair: Comparison, relation: str, measures: Sequence[str]) -> str:
    """The figures that are looked at, a row each: those of large areas, or those of a partner as a whole."""
    names = ", ".join(quote(name) for name in measures)
    if pair.feed.is_open:
        keys = "table_id, boundary_year, area_code, period_code, breakdown"
        rows = f"SELECT {keys}, {names} FROM {relation} WHERE bound = 'value' AND regexp_matches(area_code, '{JUMP_AREAS}')"
    else:
        sums = ", ".join(f"sum({quote(name)}) AS {quote(name)}" for name in measures)
        keys = f"table_id, boundary_year, {literal(WHOLE)} AS area_code, period_code, breakdown"
        rows = f"SELECT {keys}, {sums} FROM {relation} WHERE regexp_full_match(breakdown, '{_TOTALS}') GROUP BY ALL"
    return f"SELECT *, substr(period_code, 5, 2) AS period_kind FROM ({rows}) UNPIVOT (value FOR measure IN ({names}))"


def _same_series(left: str, right: str) -> str:
    keys = ("area_code", "breakdown", "measure", "period_kind")
    return " AND ".join(f"{left}.{key} = {right}.{key}" for key in keys)


def _is_no_count(pair: Comparison) -> str:
    counts = [literal(name) for name, measure in pair.feed.measures.items() if measure.is_count]
    return f"measure NOT IN ({', '.join(counts)})" if counts else "TRUE"


def judge_jumps(feed: Feed, jumps: Sequence[Jump], *, compared: bool) -> CheckResult:
    accepted = {jump: _acknowledgement(feed.acknowledged, "jump", jump.name, jump.table) for jump in jumps}
    open_ones = [jump for jump in jumps if accepted[jump] is None]
    return _result(
        feed,
        NO_TENFOLD_JUMP,
        expected=f"figures less than {JUMP_FACTOR} times those of before, or an acknowledged line with date and reason in the feed file",
        found="; ".join([*jumps_in_words(open_ones), *_reasons(accepted.values())])
        or ("no figure jumped" if compared else _NOTHING_BEFORE),
        count=len(open_ones),
        examples=[jump.example() for jump in open_ones],
    )


def jumps_in_words(jumps: Sequence[object]) -> list[str]:
    """One clause: how many figures jumped, and the first three."""
    if not jumps:
        return []
    more = f" and {len(jumps) - 3} more" if len(jumps) > 3 else ""
    kind = "figure" if len(jumps) == 1 else "figures"
    return [f"{len(jumps):,} {kind} jumped tenfold: " + "; ".join(map(str, jumps[:3])) + more]


# -- which corrections are still needed -----------------------------------------------------------------------------------


def _cells_per_correction(pair: Comparison, *, replace: bool) -> dict[str, int]:
    """How many cells each correction changed, in this delivery or in the one that stands; without tables never seen."""
    standing = "SELECT correction_id, cells FROM control.corrections WHERE feed_id = " + literal(pair.feed.id)
    counted = pair.rows("SELECT correction_id, sum(cells)::BIGINT FROM audit.applied_corrections GROUP BY ALL")
    rows = counted if replace else [*pair.rows(standing), *counted]
    return {name: int(cells) for name, cells in rows}


def _judge_corrections(feed: Feed, cells: Mapping[str, int]) -> CheckResult:
    asked = [correction for correction in feed.corrections if correction.retired_on is None]
    idle = [c for c in asked if cells.get(c.correction_id) == 0]
    used = sum(cells.get(correction.correction_id, 0) for correction in feed.corrections)
    told = [
        f"{c.correction_id}: {c.measure} of table {c.table_id} holds {c.published_value:g} nowhere any more; the source has "
        "fixed it, so fill in retired_on"
        for c in idle
    ]
    return _result(
        feed,
        CORRECTIONS_NEEDED,
        expected="each line of corrections.csv that is not retired still finds its error in the source",
        found="; ".join(told) or (f"{used:,} cells corrected" if feed.corrections else "no corrections for this feed"),
        count=len(idle),
        examples=[c.model_dump(mode="json", include={"correction_id", "table_id", "measure"}) for c in idle],
    )


# -- shared -------------------------------------------------------------------------------------------------------------


def _acknowledgement(
    lines: Sequence[Acknowledgement], what: str, name: str, table: str | None
) -> Acknowledgement | None:
    return next((line for line in lines if line.covers(what, name, table)), None)


def _reasons(lines: Iterable[Acknowledgement | None]) -> list[str]:
    known = dict.fromkeys(f"{line.what} {line}" for line in lines if line is not None)
    return [f"acknowledged: {line}" for line in known]


def _result(
    feed: Feed,
    name: str,
    *,
    expected: str,
    found: str,
    count: int,
    examples: Sequence[Mapping[str, object]],
) -> CheckResult:
    severity = next(severity for guard, severity, _ in GUARDS if guard == name)
    return CheckResult(
        gate="arrival",
        subject=feed.id,
        name=name,
        severity=severity,
        passed=count == 0,
        expected=expected,
        found=found,
        unexpected_count=count,
        examples=json.dumps(list(examples)[:3], ensure_ascii=False),
        checked_at=datetime.now(UTC),
    )
