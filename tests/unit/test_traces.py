"""The search for personal data finds a text in every kind of file that a run leaves, else finding none means nothing."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from tests.support.traces import Texts

TEXT = "José Kowalczyk"
# Enough rows, and texts so alike, that DuckDB and Parquet store them compressed.
_MANY = (
    f"SELECT CASE WHEN i = 4917 THEN '{TEXT}' ELSE 'Jos Kowalczyk ' || i % 50 END AS c, i FROM range(20000) AS t (i)"
)


def _duckdb(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA diep")
        connection.execute(f"CREATE TABLE diep.t AS SELECT [MAP {{'naam': c}}] AS c FROM ({_MANY})")


def _duckdb_comment(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE t (c INTEGER); COMMENT ON COLUMN t.c IS '{TEXT}'")


def _parquet(path: Path) -> None:
    duckdb.execute(f"COPY ({_MANY}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def _sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (event TEXT)")
        # Longer than a page, so that its parts lie apart.
        connection.execute("INSERT INTO t VALUES (?)", [json.dumps({"x": "y" * 4000 + TEXT + "z" * 9000})])
        connection.commit()


def _workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("docProps/core.xml", TEXT)


def _zip_in_gzip(path: Path) -> None:
    _workbook(path)
    path.write_bytes(gzip.compress(path.read_bytes()))


WAYS: dict[str, Callable[[Path], object]] = {
    "utf-8": lambda path: path.write_text(f"x{TEXT}y", encoding="utf-8"),
    "utf-16": lambda path: path.write_text(TEXT, encoding="utf-16"),
    "utf-16 of another order": lambda path: path.write_text(TEXT, encoding="utf-16-be"),
    "cp1252": lambda path: path.write_text(TEXT, encoding="cp1252"),
    "capitals": lambda path: path.write_text(TEXT.replace("é", "e").upper().replace("JOSE", "JOSé"), encoding="utf-8"),
    "json": lambda path: path.write_text(json.dumps({"naam": TEXT})),
    "address": lambda path: path.write_text("https://x.example/?naam=Jos%C3%A9%20Kowalczyk"),
    "workbook": _workbook,
    "archive in an archive": _zip_in_gzip,
    "duckdb": _duckdb,
    "duckdb comment": _duckdb_comment,
    "parquet": _parquet,
    "sqlite": _sqlite,
}


@pytest.mark.parametrize("way", WAYS)
def test_the_text_is_found_and_another_is_not(tmp_path: Path, way: str) -> None:
    (tmp_path / "map").mkdir()
    WAYS[way](tmp_path / "map" / "bestand")
    assert Texts([TEXT, "Zoé Wieczorek"]).under(tmp_path) == {TEXT: {"map/bestand"}}


def test_the_name_of_a_file_is_searched_too(tmp_path: Path) -> None:
    (tmp_path / f"{TEXT}.csv").write_text("leeg")
    assert Texts([TEXT]).under(tmp_path) == {TEXT: {f"{TEXT}.csv"}}


def test_a_number_in_a_column_of_numbers_is_found(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "db")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 679407819::DOUBLE AS c")
    assert Texts(["679407819"]).under(tmp_path) == {"679407819": {"db"}}
