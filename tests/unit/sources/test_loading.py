"""From cells to numbers: nothing is lost, invented or rounded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.environment import Scope
from sources.errors import FeedProblem
from sources.feed import Table
from sources.landing import Snapshot
from sources.loading import append_cells, create_delivery
from sources.protocols.cells import KEY_COLUMNS, create_cells
from sources.registry import CbsOdata3Feed
from sources.warehouse import connect_memory
from tests.support.small import kerncijfers_feed

MEASURES = ("population", "households", "gas_m3")
WHOLE = kerncijfers_feed()
FEED = WHOLE.model_copy(
    update={"measures": {name: WHOLE.measures[name] for name in MEASURES}, "missing": (".", "", "<5")}
)
SCOPE = Scope(required=("GM0917",))
SNAPSHOT = Snapshot(
    snapshot_id="s1", feed_id=FEED.id, table=Table(id="84799NED", year=2020), title="t", publisher="p", license_name="l",
    license_url="u", source_url="https://opendata.cbs.nl/x", upstream_version="1", retrieved_at=datetime(2026, 3, 2, tzinfo=UTC),
    content_sha256="0" * 64, data_origin="sample", files=(),
)  # fmt: skip
Cells = tuple[str | None, ...]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect_memory() as connection:
        yield connection


def load(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[Cells, Cells]], feed: CbsOdata3Feed = FEED
) -> list[dict[str, Any]]:
    """Rows of raw for rows of (measures, attributes), all in Heerlen and told apart by their breakdown."""
    create_cells(connection, feed)
    create_delivery(connection, feed)
    keys = [(at, "f.json", "GM0917", "Heerlen", "2020JJ00", "final", f"{at:04}", "value") for at, _ in enumerate(rows)]
    names = [*KEY_COLUMNS, *(f"attribute_{name}" for name in feed.attributes), *feed.measures]
    values = [(*key, *attributes, *measures) for key, (measures, attributes) in zip(keys, rows, strict=True)]
    types = [pa.int64(), *[pa.string()] * (len(names) - 1)]
    columns = [pa.array(list(column), kind) for column, kind in zip(zip(*values, strict=True), types, strict=True)]
    connection.register("given", pa.table(columns, names=names))
    connection.execute("INSERT INTO cells FROM given")
    append_cells(connection, feed, SNAPSHOT, SCOPE)
    found = connection.execute("FROM delivery ORDER BY breakdown")
    header = [column[0] for column in found.description]
    return [dict(zip(header, row, strict=True)) for row in found.fetchall()]


def bits(number: float | None) -> bytes | None:
    return None if number is None else struct.pack("<d", number)


_FLOAT = st.floats(allow_nan=False, allow_infinity=False)
_CELL = st.one_of(st.none(), st.sampled_from(FEED.missing), _FLOAT.map(repr), st.integers(-(10**15), 10**15).map(str))
_TEXT = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=10))
_ROWS = st.lists(st.tuples(st.tuples(*[_CELL] * 3), st.tuples(_TEXT, _TEXT)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(_ROWS)
def test_every_row_number_marker_and_attribute_arrives(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[Cells, Cells]]
) -> None:
    found = load(connection, rows)
    assert len(found) == len(rows)
    for row, (measures, attributes) in zip(found, rows, strict=True):
        numbers = {
            n: None if cell in (None, *FEED.missing) else float(cell or "")
            for n, cell in zip(MEASURES, measures, strict=True)
        }
        assert {name: bits(row[name]) for name in MEASURES} == {name: bits(number) for name, number in numbers.items()}
        marked = {name: cell for name, cell in zip(MEASURES, measures, strict=True) if cell in FEED.missing}
        assert row["missing_markers"] == marked
        kept = dict(zip(FEED.attributes, attributes, strict=True))
        assert row["attributes"] == {name: text for name, text in kept.items() if text is not None}
        assert (row["snapshot_id"], row["table_id"], row["boundary_year"]) == ("s1", "84799NED", 2020)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=6))
def test_any_text_is_a_finite_number_a_marker_or_refused(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    try:
        (row,) = load(connection, [((text, "1", "1"), (None, None))])
        kept = (row["population"], row["missing_markers"])
    except FeedProblem as problem:
        kept = (problem.what, problem.where)
    allowed: list[Any] = [
        (None, {"population": text}) if text in FEED.missing else None,
        (f"'{text}' in measure 'population'", "table 84799NED, f.json, row 0"),
    ]
    if text.isascii() and "_" not in text and text.strip().lower().lstrip("+-")[:1] in set("0123456789."):
        with suppress(ValueError):
            allowed.append((float(text), {}))
    assert kept in allowed


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1_000", "1e400", "0x10", "1 000", "1,5", "٣"])
def test_what_a_cast_alone_would_take_is_refused(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    with pytest.raises(FeedProblem, match="in measure 'households'.*f.json, row 1.*a number or one of"):
        load(connection, [(("1", "1", "1"), (None, None)), (("1", text, "1"), (None, None))])


def test_a_marker_of_another_feed_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    strict = FEED.model_copy(update={"missing": (".",)})
    with pytest.raises(FeedProblem, match=r"'<5' in measure 'population' .*one of \['\.'\]"):
        load(connection, [(("<5", "1", "1"), (None, None))], strict)


def test_a_feed_without_attributes_has_an_empty_map(connection: duckdb.DuckDBPyConnection) -> None:
    bare = FEED.model_copy(update={"attributes": {}})
    (row,) = load(connection, [(("1", ".", None), ())], bare)
    assert (row["attributes"], row["missing_markers"], row["gas_m3"]) == ({}, {"households": "."}, None)


def test_a_required_region_must_be_there(connection: duckdb.DuckDBPyConnection) -> None:
    create_cells(connection, FEED)
    create_delivery(connection, FEED)
    with pytest.raises(FeedProblem, match="no rows for NL00, GM0917 .*every region that the scope requires"):
        append_cells(connection, FEED, SNAPSHOT, Scope(required=("NL00", "GM0917")))
