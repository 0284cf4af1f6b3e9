"""Where texts that should be nowhere still are: in the bytes of files, and in what can be read from them.

Belongs here: opening every kind of file that a run leaves, so that neither compression nor an encoding hides a text. Does not
belong here: which texts are searched for.

Bytes are compared without their zero bytes and with capitals as small letters, so that one look finds UTF-8, UTF-16 and
Windows-1252. Archives are unpacked, tables are read cell by cell: DuckDB and Parquet compress texts, and SQLite parts long
ones over its pages.
"""

from __future__ import annotations

import gzip
import io
import re
import sqlite3
import urllib.parse
import zipfile
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import duckdb

_SMALL = bytes(range(256)).lower()
_DUCKDB, _SQLITE = b"DUCK", b"SQLite format 3\x00"
# Escapes of JSON, and of addresses.
_ESCAPE = re.compile(rb"\\u([0-9a-f]{4})")


class Texts:
    """Texts that are searched for, each in the encodings that files have."""

    def __init__(self, texts: Collection[str]) -> None:
        self._needles = {
            text: {text.lower().encode(encoding) for encoding in ("utf-8", "cp1252")}
            | {urllib.parse.quote(text).lower().encode()}
            for text in texts
        }

    def within(self, content: bytes) -> set[str]:
        """The texts that these bytes hold, as they are and in the archives that they are."""
        return {text for piece in _pieces(content) for text in self._in_plain(piece)}

    def _in_plain(self, content: bytes) -> set[str]:
        plain = content.translate(_SMALL, b"\x00")
        plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)).lower().encode("utf-8", "replace"), plain)
        return {text for text, needles in self._needles.items() if any(needle in plain for needle in needles)}

    def under(self, folder: Path, *, without: Collection[str] = ()) -> dict[str, set[str]]:
        """Of each text that is found below the folder: the paths of the files, relative to it, that hold or name it.

        Args:
            without: endings of files of which only the names are looked at.
        """
        found: dict[str, set[str]] = {}
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            hits = self._in_plain(name.encode("utf-8", "surrogateescape"))
            if path.is_file() and not path.is_symlink() and path.suffix not in without:
                hits |= self.in_file(path)
            for text in hits:
                found.setdefault(text, set()).add(name)
        return found

    def in_file(self, path: Path) -> set[str]:
        """The texts that a file holds."""
        content = path.read_bytes()
        hits = self.within(content)
        for cells in _cells(path, content):
            hits |= self._in_plain(cells)
        return hits


def _pieces(content: bytes) -> Iterator[bytes]:
    """The bytes, and what is packed in them."""
    yield content
    if content.startswith(b"\x1f\x8b"):
        with gzip.open(io.BytesIO(content)) as stream:
            yield from _pieces(stream.read())
    elif content.startswith(b"PK\x03\x04") and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                yield entry.filename.encode()
                yield from _pieces(archive.read(entry))


def _cells(path: Path, content: bytes) -> Iterator[bytes]:
    """All cells of a file that holds tables, column by column; nothing of other files."""
    if content[8:12] == _DUCKDB:
        yield from _duckdb_cells(path)
    elif content.startswith(b"PAR1"):
        with duckdb.connect() as connection:
            yield from _columns(connection, f"read_parquet('{path}')")
    elif content.startswith(_SQLITE):
        yield from _sqlite_cells(path)


def _duckdb_cells(path: Path) -> Iterator[bytes]:
    with duckdb.connect(str(path), read_only=True) as connection:
        catalogues = ("duckdb_tables()", "duckdb_views()", "duckdb_columns()", "duckdb_types()")
        for catalogue in catalogues:
            yield from _columns(connection, catalogue)
        for schema, table in connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall():
            yield from _columns(connection, f'"{schema}"."{table}"')


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[bytes]:
    for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall():
        rows = connection.execute(f'SELECT DISTINCT "{name}"::VARCHAR FROM {table}').fetchall()
        yield "\n".join(text for (text,) in rows if text is not None).encode("utf-8", "surrogateescape")


def _sqlite_cells(path: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield "\n".join(cell.hex() if isinstance(cell, bytes) else str(cell) for cell in row).encode()
                yield from (cell for cell in row if isinstance(cell, bytes))
