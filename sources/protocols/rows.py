"""Rows under a header, whatever they came in, as ``cells``.

Belongs here: finding areas, periods, dimensions, attributes and measures in rows of text by the words of the feed file.
Shared by protocols whose publishers give rows and no metadata: files, CKAN records, features. Does not belong here: how
rows are read from bytes, and what a cell must hold (`sources.loading`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from sources.errors import FeedProblem
from sources.feed import Table
from sources.protocols.cells import quote, scope_condition
from sources.protocols.columns import Column, resolve_attributes, resolve_measures
from sources.registry import FileRegion, PublishedFeed

Cells = Sequence[str | None]


@dataclass(frozen=True)
class RowSet:
    """Rows with their numbers and the header above them; `name` says where they are from. None is no text at all."""

    name: str
    header: Sequence[str]
    rows: Sequence[tuple[int, Cells]]


def append_rows(
    connection: duckdb.DuckDBPyConnection,
    feed: PublishedFeed,
    table: Table,
    region: FileRegion,
    given: RowSet,
    prefixes: Sequence[str],
) -> None:
    """Append the rows of areas in scope to ``cells``; `prefixes` are starts of their codes, none for all.

    Raises:
        FeedProblem: a column that the feed names is absent, or a row has no area, period or member of a dimension.
    """
    columns = [Column(key) for key in given.header]
    measures = resolve_measures(feed, table, columns, f"file {given.name}")
    attributes = resolve_attributes(feed, columns)
    fetch = _Fetcher(feed, given)
    count = len(given.rows)
    data: dict[str, Iterable[object]] = {
        "row_number": [number for number, _ in given.rows],
        "file": [given.name] * count,
        "area_code": [_area_code(value, region) for value in fetch.keys(region.column)],
        "area_name": fetch.optional(region.title),
        "period_code": _periods(feed, table, fetch, count),
        "period_status": ["provisional" if table.provisional else None] * count,
        "breakdown": _breakdowns(feed, fetch, count),
        "bound": ["value"] * count,
    }
    for label, chosen in (("attribute_", attributes), ("", measures)):
        data |= {label + key: fetch.optional(column) for key, column in chosen.items()}
    _insert(connection, data, [] if region.keep == "all" else prefixes)


def _insert(connection: duckdb.DuckDBPyConnection, data: dict[str, Iterable[object]], prefixes: Sequence[str]) -> None:
    types = {"row_number": pa.int64()}
    delivered = pa.table({key: pa.array(list(values), types.get(key, pa.string())) for key, values in data.items()})
    connection.register("delivered", delivered)
    chosen = ", ".join(quote(key) for key in data)
    condition = scope_condition("area_code", list(prefixes))
    connection.execute(f"INSERT INTO cells ({chosen}) SELECT {chosen} FROM delivered WHERE {condition}")
    connection.unregister("delivered")


def _periods(feed: PublishedFeed, table: Table, fetch: _Fetcher, count: int) -> list[object]:
    period = feed.period
    if period.source == "table_year" or period.column is None:
        return [f"{table.year}{period.type}00"] * count
    years = fetch.keys(period.column)
    strange = [year for year in years if not re.fullmatch(r"(19|20)\d\d", year)]
    if strange:
        raise fetch.problem(f"'{strange[0]}' in column {period.column}", "a year of four digits")
    return [f"{year}{period.type}00" for year in years]


def _breakdowns(feed: PublishedFeed, fetch: _Fetcher, count: int) -> list[object]:
    if not feed.dimensions:
        return ["total"] * count
    return ["|".join(parts) for parts in zip(*(fetch.keys(d.name) for d in feed.dimensions), strict=True)]


class _Fetcher:
    """Columns of rows by header name, whatever its case."""

    def __init__(self, feed: PublishedFeed, given: RowSet) -> None:
        self._feed, self._given = feed, given
        self._places = {key.casefold(): place for place, key in enumerate(given.header)}

    def keys(self, header: str) -> list[str]:
        """A column that tells rows apart, so that each row must have it."""
        place = self._place(header)
        found: list[str] = []
        for number, row in self._given.rows:
            value = row[place]
            if value is None:
                raise self.problem(f"row {number} has nothing in column {header}", "a value in each row")
            found.append(value)
        return found

    def optional(self, header: str | None) -> list[str | None]:
        """A column that may be absent (None) and whose cells may be empty."""
        if header is None:
            return [None] * len(self._given.rows)
        place = self._place(header)
        return [row[place] for _, row in self._given.rows]

    def _place(self, header: str) -> int:
        place = self._places.get(header.casefold())
        if place is None:
            raise self.problem(f"column {header} is missing", f"a header with {header}")
        return place

    def problem(self, what: str, expected: str) -> FeedProblem:
        return FeedProblem(what, feed_id=self._feed.id, where=f"file {self._given.name}", expected=expected)


def _area_code(value: str, region: FileRegion) -> str:
    return region.prefix + value.zfill(region.width) if value.isdigit() else value
