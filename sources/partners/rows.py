"""Each row of a delivery by its contract: accepted with typed values, or refused with place, rule and expectation.

Belongs here: the judging of rows and the accounting for all of them. Does not belong here: how one cell is read (`values`,
`areas`, `periods`), what becomes of the delivery (`intake`).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.contracts import PartnerFeed
from sources.partners.areas import Places
from sources.partners.header import column_places
from sources.partners.periods import Moment, named_period, newest_by_name, period_code
from sources.partners.reading import Grid
from sources.partners.rules import RULES
from sources.partners.values import Parsed, distinct, parse_column

__all__ = ["RULES", "Judged", "Refusal", "exceeds", "judge_rows"]

# Nobody reads a longer list; what lies beyond it is counted.
MOST_REFUSALS = 10_000
# Left out for when it is, not for what it holds.
OUTSIDE_WINDOW = "buiten_venster"
# A period with a smaller share of the rows of the fullest one is a few stray rows: taken for all there is, they would
# replace every figure of that period. Months of one register differ less.
_LEAST_OF_FULLEST = 0.2
_MOST_CODES = 2**62
_SEPARATOR = "\x1f"
_TOTALS = ("total", "totaal")
# What a spreadsheet takes for a formula, also in its wide form; cells have no space before it any more.
_FORMULA = r"^[=+\-@＝＋－＠]"


@dataclass(frozen=True)
class Refusal:
    """Why a row is refused: its number, the header of the column (None: the row as a whole), the rule, what was expected."""

    row: int | None
    column: str | None
    rule: str
    expected_nl: str


@dataclass(frozen=True)
class Judged:
    """What became of the rows of a delivery; `delivered` is always `accepted` + `refused`.

    `refusals` are in the order of rows and columns, and end at `MOST_REFUSALS`; `by_rule` counts all rows that broke a rule.
    `rows`: accepted rows with ``area_code``, ``period_code`` and the typed columns that measures and dimensions need; numbers
    stand in place of pseudonyms and keys. `incomplete`: areas and periods of which a row was refused, so that their sums
    lack something; a row whose period is not known may lack in any period of its area.
    """

    delivered: int
    accepted: int
    refused: int
    refusals: tuple[Refusal, ...]
    rows: pa.Table
    by_rule: Mapping[str, int] = field(default_factory=dict)
    incomplete: frozenset[tuple[str, str]] = frozenset()


def judge_rows(grid: Grid, feed: PartnerFeed, *, file_name: str = "", not_before: str | None = None) -> Judged:
    """Judge each row.

    `file_name` is the name under which the partner delivered, which may hold the period. Rows of a period that the delivery
    is not about are refused: one after the time in the file's name, or one of which only a few rows are there. `not_before`
    is a period code and says that all rows since were asked for (a pull): there a period may have few rows, and those of
    earlier ones are left out under the rule ``buiten_venster``.

    Raises:
        Refused: the period stands in the name of the file, and the name does not hold it.
    """
    return _Judge(grid, feed, file_name).judge(not_before)


def exceeds(judged: Judged, feed: PartnerFeed) -> bool:
    """Whether more rows are refused than the contract allows; rows outside the window of a pull don't count."""
    outside = judged.by_rule.get(OUTSIDE_WINDOW, 0)
    refused, delivered = judged.refused - outside, judged.delivered - outside
    return refused > feed.thresholds.refused_share * delivered


class _Judge:
    """The columns of a delivery as values, and the rules that its rows break, by column (None: the row as a whole)."""

    def __init__(self, grid: Grid, feed: PartnerFeed, file_name: str) -> None:
        self._grid, self._feed, self._file_name = grid, feed, file_name
        self._count = grid.table.num_rows
        self._places = column_places(grid.header, feed)
        self._texts = {name: self._text(name) for name in feed.columns}
        self._parsed = {name: parse_column(self._texts[name], spec, feed) for name, spec in feed.columns.items()}
        self._broken: list[tuple[str | None, pa.Array]] = [
            (name, parsed.rules) for name, parsed in self._parsed.items()
        ]

    def judge(self, not_before: str | None) -> Judged:
        area_codes = self._areas()
        period_codes = self._periods()
        if not_before is None:
            period_codes = self._refuse_other_periods(period_codes)
        self._refuse_labels()
        self._refuse_uneven()
        self._only_outside_window(period_codes, not_before)
        repeats = self._refuse_repeats(period_codes)
        refused = self._refused()
        lacking = pc.and_(refused, pc.invert(pc.or_(repeats, self._breaks(OUTSIDE_WINDOW))))
        keys = pa.table({"area_code": area_codes, "period_code": period_codes})
        rows = self._rows(keys, pc.invert(refused))
        return Judged(
            delivered=self._count,
            accepted=rows.num_rows,
            refused=self._count - rows.num_rows,
            refusals=tuple(self._refusals()),
            rows=rows,
            by_rule=self._by_rule(),
            incomplete=_incomplete(keys.filter(lacking), rows),
        )

    def _text(self, name: str) -> pa.ChunkedArray:
        place = self._places.get(name)
        if place is None:
            return pa.chunked_array([pa.nulls(self._count, pa.string())])
        return self._grid.table.column(place)

    # -- areas and periods ------------------------------------------------------------------------------------------

    def _areas(self) -> pa.Array:
        """The area of each row, NULL when it has none; the unit that was delivered takes the place of the column's text."""
        area, places = self._feed.area, Places.read()
        names = (area.column, area.name, area.location)
        found = self._together(
            [self._texts[name] if name else None for name in names],
            lambda parts: places.find(area.kind, parts[0], parts[1], parts[2]) if parts[0] else None,
        )
        keys, codes, rules = (
            [getattr(f, a) if f else None for f in found.results] for a in ("key", "area_code", "rule")
        )
        own = self._parsed[area.column]
        self._parsed[area.column] = Parsed(found.spread(keys), own.rules)
        self._broken.append((area.column, found.spread(rules)))
        return found.spread(codes)

    def _periods(self) -> pa.Array:
        """The period of each row, NULL when a column of it is broken or they contradict each other."""
        period = self._feed.period
        names = [period.date, period.year, period.month, period.quarter, period.term]
        needed = [name for name in names if name]
        named = named_period(self._file_name, self._feed) or {}
        fits = self._all_valid(needed)
        found = self._together(
            [pc.cast(self._parsed[name].values, pa.string()) if name else None for name in names],
            lambda parts: period_code(period, _moment(parts), named),
            fits,
        )
        codes = found.spread(found.results)
        contradicts = pc.and_(fits, pc.is_null(codes))
        self._break(None, contradicts, "periode_tegenstrijdig")
        for name in needed:
            # Without it there is no period, whatever the contract says of the column.
            self._break(
                name, pc.and_(pc.is_null(self._parsed[name].values), pc.is_null(self._parsed[name].rules)), "verplicht"
            )
        return codes

    def _refuse_other_periods(self, codes: pa.Array) -> pa.Array:
        """Refuse rows of periods that the delivery is not about; the periods of the other rows."""
        none = pa.scalar(None, pa.string())
        newest = newest_by_name(self._feed, named_period(self._file_name, self._feed) or {})
        kept = codes if newest is None else pc.if_else(pc.greater(codes, newest), none, codes)
        sizes = pc.value_counts(kept.drop_null())
        periods, counts = sizes.field("values"), sizes.field("counts")
        least = _LEAST_OF_FULLEST * (pc.max(counts).as_py() or 0)
        kept = pc.if_else(pc.is_in(kept, periods.filter(pc.less(counts, least))), none, kept)
        self._break(None, pc.and_(pc.is_valid(codes), pc.is_null(kept)), "andere_periode")
        return kept

    def _together(
        self,
        columns: Sequence[pa.Array | pa.ChunkedArray | None],
        read: Callable[[list[str]], Any],
        fits: pa.Array | None = None,
    ) -> _Combinations:
        """Read the different combinations of some columns; rows that don't fit are left out."""
        empty = pa.repeat(pa.scalar("", pa.string()), self._count)
        texts = [empty if column is None else pc.fill_null(column, "") for column in columns]
        joined = pc.binary_join_element_wise(*texts, _SEPARATOR)
        if fits is not None:
            joined = pc.if_else(fits, joined, None)
        combinations, places = distinct(joined)
        parts = [text.split(_SEPARATOR, len(columns) - 1) for text in combinations.to_pylist()]
        return _Combinations([read(part) for part in parts], places)

    # -- rules of rows ----------------------------------------------------------------------------------------------

    def _refuse_labels(self) -> None:
        """Labels in the partner's own words: a total beside its parts would count everything twice, and as the only words
        of partners that are released they must not become a formula in the spreadsheet of a reader."""
        for name in self._feed.dimensions:
            if self._feed.columns[name].type == "text":
                labels = self._parsed[name].values
                self._break(name, pc.is_in(pc.utf8_lower(labels), pa.array(_TOTALS)), "totaalrij")
                self._break(name, pc.match_substring_regex(labels, _FORMULA), "formuleteken")

    def _refuse_uneven(self) -> None:
        """A row with too many fields has its values in the wrong columns, so that no other rule says anything of it."""
        if self._grid.uneven:
            uneven = pc.is_in(self._grid.row_numbers, pa.array(self._grid.uneven, pa.int64()))
            self._clear(uneven)
            self._break(None, uneven, "aantal_velden")

    def _only_outside_window(self, period_codes: pa.Array, not_before: str | None) -> None:
        if not_before is not None:
            outside = pc.fill_null(pc.less(period_codes, not_before), False)
            self._clear(outside)
            self._break(None, outside, OUTSIDE_WINDOW)

    def _refuse_repeats(self, period_codes: pa.Array) -> pa.Array:
        """Refuse rows that stand twice; True for those of which the same row stays.

        Of aggregated rows with one key nobody knows which is right, so that all are refused. Of rows of people or cases the
        first of those that are equal in everything stays; a case number with two contents is refused altogether.
        """
        columns = self._feed.columns
        none = pa.repeat(pa.scalar(False), self._count)
        if self._feed.rows == "aggregated":
            keys = self._row_key()
            values = [period_codes, *(self._compared(name) for name in keys)]
            group_sizes, _ = self._groups(values, pc.invert(self._breaks_any(keys)))
            self._break(None, pc.greater(group_sizes, 1), "dubbele_rij")
            return none
        keys = [name for name, column in columns.items() if column.type == "key"]
        if not keys and all(column.type != "pseudonym" for column in columns.values()):
            return none
        group_sizes, is_first = self._groups([self._compared(name) for name in columns], pc.invert(self._refused()))
        repeats = pc.and_(pc.greater(group_sizes, 1), pc.invert(is_first))
        self._break(None, repeats, "dubbele_rij")
        if keys:
            values = [self._compared(name) for name in keys]
            group_sizes, _ = self._groups(values, pc.invert(pc.or_(self._breaks_any(keys), repeats)))
            self._break(None, pc.greater(group_sizes, 1), "tegenstrijdige_rij")
        return repeats

    def _row_key(self) -> list[str]:
        """What tells aggregated rows apart beside their period. A name or location beside an area says nothing more."""
        area, period = self._feed.area, self._feed.period
        covered = {area.name, area.location, period.year, period.month, period.quarter, period.term}
        return [
            name
            for name, column in self._feed.columns.items()
            if column.type not in ("count", "number") and name not in covered
        ]

    def _compared(self, name: str) -> pa.Array:
        values = self._parsed[name].values
        return pc.utf8_lower(values) if self._feed.columns[name].type == "text" else values

    def _groups(self, columns: Sequence[pa.Array], among: pa.Array) -> tuple[pa.Array, pa.Array]:
        """For each row the number of rows with the same values, and whether it is the first; 0 for rows not `among`."""
        codes = np.zeros(self._count, dtype=np.int64)
        most = 1
        for column in columns:
            texts, places = distinct(column)
            if most * (len(texts) + 1) > _MOST_CODES:
                # Numbered anew, so that the product of all columns never overflows.
                codes = np.unique(codes, return_inverse=True)[1]
                most = self._count
            codes = codes * (len(texts) + 1) + pc.fill_null(places, len(texts)).to_numpy(zero_copy_only=False)
            most *= len(texts) + 1
        codes = np.unique(codes, return_inverse=True)[1]
        mask = among.to_numpy(zero_copy_only=False)
        sizes = np.bincount(codes[mask], minlength=int(codes.max(initial=0)) + 1)[codes] * mask
        is_first = np.zeros(self._count, dtype=bool)
        rows = np.flatnonzero(mask)
        is_first[rows[np.unique(codes[mask], return_index=True)[1]]] = True
        return pa.array(sizes), pa.array(is_first)

    # -- accounting -------------------------------------------------------------------------------------------------

    def _break(self, name: str | None, where: pa.Array, rule: str) -> None:
        broken = pc.if_else(pc.fill_null(where, False), rule, pa.scalar(None, pa.string()))
        self._broken.append((name, broken))

    def _clear(self, where: pa.Array) -> None:
        """Take back what other rules say of some rows."""
        self._broken = [(name, pc.if_else(where, pa.scalar(None, pa.string()), rules)) for name, rules in self._broken]

    def _refused(self) -> pa.Array:
        return self._any(pc.is_valid(rules) for _, rules in self._broken)

    def _breaks(self, rule: str) -> pa.Array:
        return self._any(pc.fill_null(pc.equal(rules, rule), False) for _, rules in self._broken)

    def _breaks_any(self, names: Sequence[str]) -> pa.Array:
        """Rows that break a rule of one of these columns, or of the row as a whole."""
        return self._any(pc.is_valid(rules) for name, rules in self._broken if name is None or name in names)

    def _all_valid(self, names: Sequence[str]) -> pa.Array:
        return pc.invert(self._any(pc.is_null(self._parsed[name].values) for name in names))

    def _any(self, masks: Any) -> pa.Array:
        result = pa.repeat(pa.scalar(False), self._count)
        for mask in masks:
            result = pc.or_(result, mask)
        return result

    def _by_rule(self) -> dict[str, int]:
        rules = sorted({rule for _, broken in self._broken for rule in broken.unique().to_pylist() if rule})
        return {rule: pc.sum(self._breaks(rule)).as_py() for rule in rules}

    def _refusals(self) -> list[Refusal]:
        order = {name: at for at, name in enumerate([*self._feed.columns, None])}
        found: set[tuple[int, int, str, str | None]] = set()
        for name, rules in self._broken:
            rows = np.flatnonzero(pc.is_valid(rules).to_numpy(zero_copy_only=False))[:MOST_REFUSALS]
            broken = rules.take(pa.array(rows)).to_pylist()
            found.update((int(row), order[name], rule, name) for row, rule in zip(rows, broken, strict=True))
        first = sorted(found, key=lambda item: item[:3])[:MOST_REFUSALS]
        numbers = self._grid.row_numbers.take(pa.array([item[0] for item in first], pa.int64())).to_pylist()
        return [
            Refusal(number, self._header(name), rule, expected_nl(rule, name, self._feed))
            for number, (_, _, rule, name) in zip(numbers, first, strict=True)
        ]

    def _header(self, name: str | None) -> str | None:
        place = self._places.get(name) if name else None
        return name if place is None else self._grid.header[place]

    def _rows(self, keys: pa.Table, accepted: pa.Array) -> pa.Table:
        rows = keys
        for name in needed_columns(self._feed):
            values = self._parsed[name].values
            if self._feed.columns[name].type == "key":
                values = distinct(values)[1]
            rows = rows.append_column(name, values)
        return rows.filter(accepted)


@dataclass(frozen=True)
class _Combinations:
    """What was read of each combination, and for each row its place among them."""

    results: list[Any]
    places: pa.Array

    def spread(self, values: Sequence[str | None]) -> pa.Array:
        return pa.array(values, pa.string()).take(self.places)


def needed_columns(feed: PartnerFeed) -> list[str]:
    """The columns that measures and dimensions are made of, in the contract's order."""
    used = set(feed.dimensions)
    for measure in feed.measures.values():
        used |= {name for name in (measure.column, measure.distinct, measure.times, *measure.where) if name}
    return [name for name in feed.columns if name in used]


def expected_nl(rule: str, name: str | None, feed: PartnerFeed) -> str:
    """What was expected, in Dutch, with what the contract says of the column."""
    column = feed.columns.get(name) if name else None
    if column is None:
        return RULES[rule]
    if rule == "categorie":
        return f"een van: {', '.join(column.values)}"
    if rule == "te_laag":
        return f"ten minste {column.least:g}"
    if rule == "te_hoog":
        return f"hoogstens {column.most:g}"
    if rule == "gebied_niveau":
        return f"een {feed.area.kind}"
    return RULES[rule]


def _moment(parts: Sequence[str]) -> Moment:
    day, *numbers = parts
    year, month, quarter, term = (int(part) if part else None for part in numbers)
    return Moment(datetime.date.fromisoformat(day) if day else None, year, month, quarter, term)


def _incomplete(lacking: pa.Table, rows: pa.Table) -> frozenset[tuple[str, str]]:
    """The areas and periods that lack a row; one that says no period may belong to any that the delivery has."""
    lacking = lacking.filter(pc.is_valid(lacking["area_code"]))
    dated = lacking.filter(pc.is_valid(lacking["period_code"])).group_by(["area_code", "period_code"]).aggregate([])
    pairs = set(zip(dated["area_code"].to_pylist(), dated["period_code"].to_pylist(), strict=True))
    undated = pc.unique(lacking.filter(pc.is_null(lacking["period_code"]))["area_code"]).to_pylist()
    return frozenset(pairs | set(product(undated, pc.unique(rows["period_code"]).to_pylist())))
