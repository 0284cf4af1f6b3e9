"""Kerncijfers of the whole country for each year of the feed, as files that a loopback server hands out page by page.

Regions and the figures of 2020 are the real capture. What it leaves empty (68 of its columns are reserved in that early
release) and what only other years have is filled with made-up figures of the right unit, because a benchmark needs
as many values as the publisher sends. Every year has the regions of 2020, and the columns that the sample gives it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from sources.protocols.cells import literal, quote
from sources.sample.columns import FOLDER, Dimension, Topic, data_properties, read_topics
from tests.support.captures import CAPTURES
from tests.support.publisher import PAGE_ROWS

HOST = "opendata.cbs.nl"
_CAPTURE = CAPTURES / "kwb" / "84799NED_TypedDataSet.parquet"
_REGIONS = CAPTURES / "kwb" / "84799NED_WijkenEnBuurten.parquet"
_COLUMNS = "columns_kerncijfers.csv"
_TEXTS = {
    "municipality_name": "Gemeentenaam_1",
    "region_kind": "SoortRegio_2",
    "code": "Codering_3",
    "boundary_change": "IndelingswijzigingWijkenEnBuurten_4",
    "postcode": "MeestVoorkomendePostcode_113",
}


def write_pages(folder: Path, tables: Iterable[tuple[str, int]]) -> int:
    """Write every answer that an arrival of the given tables (id and year) asks for, and return the number of cells.

    The answer to ``https://<host>/<path>`` is ``<folder>/<host>/<path>.json``, or ``<path>.<skip>.json`` for a later page.
    """
    connection = duckdb.connect()
    filled = _filled_columns(connection)
    cells = 0
    for identifier, year in tables:
        topics = read_topics(_COLUMNS, identifier)
        region = Dimension("RegioS" if year == 2013 else "WijkenEnBuurten", "Wijken en buurten", "GeoDetail")
        columns = ", ".join(f"{_value(topic, year, filled)} AS {quote(topic.key)}" for topic in topics)
        data = f'SELECT "ID", "WijkenEnBuurten" AS {quote(region.key)}, {columns} FROM {_table(_CAPTURE)} ORDER BY "ID"'
        rows = _write_entity(connection, folder, identifier, "TypedDataSet", data)
        _write_entity(connection, folder, identifier, region.key, f'SELECT "Key", "Title" FROM {_table(_REGIONS)}')
        _write_metadata(folder, identifier, "DataProperties", data_properties([region], topics, year))
        _write_metadata(folder, identifier, "TableInfos", [_info(identifier, year, rows)])
        cells += rows * len(topics)
    _write(folder / HOST / "ODataCatalog" / "Tables.json", [b"[]"], None)
    return cells


def _table(path: Path) -> str:
    return f"read_parquet({literal(str(path))})"


def _filled_columns(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """The capture's own columns that hold figures, by stem and unit."""
    with (FOLDER / _COLUMNS).open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter=";") if row["84799NED"] and row["datatype"] != "String"]
    keys = {(row["stem"], row["unit"]): f"{row['stem']}_{row['84799NED']}" for row in rows}
    counts = ", ".join(f"count(nullif({quote(key)}::DOUBLE, 'nan'))" for key in keys.values())
    found = connection.execute(f"SELECT {counts} FROM {_table(_CAPTURE)}").fetchall()[0]
    return {name: key for (name, key), count in zip(keys.items(), found, strict=True) if count > 0}


def _value(topic: Topic, year: int, filled: dict[tuple[str, str], str]) -> str:
    """SQL of one column of one year."""
    if topic.datatype == "String":
        return quote(_TEXTS[topic.figure])
    kind = "BIGINT" if topic.datatype == "Long" else "DOUBLE"
    key = filled.get((topic.key.rpartition("_")[0], topic.unit))
    if key is not None:
        return f"nullif({quote(key)}::DOUBLE, 'nan')::{kind}"
    chance = f"""hash("WijkenEnBuurten", {literal(topic.key)}, {year})"""
    low, high = {"%": (0, 100), "x 1 000 euro": (15, 400)}.get(topic.unit, (0, 900))
    figure = f"round({low} + {high - low} * ({chance} % 9973) / 9973, {topic.decimals})::{kind}"
    # One buurt in twelve is too small to be shown.
    return f"""CASE WHEN "WijkenEnBuurten" NOT LIKE 'BU%' OR {chance} % 12 > 0 THEN {figure} END"""


def _info(identifier: str, year: int, rows: int) -> dict[str, Any]:
    title, modified = f"Kerncijfers wijken en buurten {year}", f"{year + 2}-03-31T02:00:00"
    return {"ID": 1, "Identifier": identifier, "Title": title, "Modified": modified, "RecordCount": rows}


def _write_metadata(folder: Path, identifier: str, entity: str, rows: list[dict[str, Any]]) -> None:
    body = json.dumps(rows, ensure_ascii=False).encode()
    _write(folder / HOST / "ODataApi" / "odata" / identifier / f"{entity}.json", [body], None)


def _write_entity(connection: duckdb.DuckDBPyConnection, folder: Path, identifier: str, entity: str, query: str) -> int:
    """Pages as the publisher cuts them; returns the number of rows."""
    place = f"ODataFeed/odata/{identifier}/{entity}"
    target = folder / HOST / f"{place}.lines"
    target.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"COPY ({query}) TO {literal(str(target))} (FORMAT json)")
    rows = 0
    with target.open("rb") as lines:
        # A full page always names a next one, which may be empty.
        while page := [line.rstrip() for line in islice(lines, PAGE_ROWS)]:
            path = target.with_suffix(f".{rows}.json" if rows else ".json")
            rows += len(page)
            link = f"https://{HOST}/{place}?$format=json&$skip={rows}" if len(page) == PAGE_ROWS else None
            _write(path, [b"[", *_joined(page), b"]"], link)
    target.unlink()
    return rows


def _joined(page: list[bytes]) -> Iterator[bytes]:
    for number, row in enumerate(page):
        yield b"," + row if number else row


def _write(path: Path, value: Iterable[bytes], link: str | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as sink:
        sink.write(b'{"odata.metadata":"https://' + HOST.encode() + b'","value":')
        sink.writelines(value)
        sink.write((b',"odata.nextLink":' + json.dumps(link).encode() if link else b"") + b"}")
