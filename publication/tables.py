"""The tables of a release one by one: Parquet for programs, CSV for spreadsheets, and ``dictionary.csv``.

Belongs here: the names of those files and their form. Does not belong here: what stands in a table (`publication.monitor`).

CSV is made for a spreadsheet that is set to Dutch, because programs have Parquet: columns apart by ``;``, decimals after a
comma, a byte order mark so that é is read as é, and zipped, because all of it together is three times the rest of the
release and a twentieth of that when it is zipped. A double click opens a zip on every desktop; gzip does not open in
Excel. ``dictionary.csv`` and ``metadata.csv`` are as RFC 4180 has it, with commas.
"""

from __future__ import annotations

import mmap
import zipfile
from pathlib import Path

import duckdb

from publication.catalog import Table, list_tables, literal, quote, relation

DICTIONARY = "dictionary.csv"
CHANGES = "changes.parquet"
# What a reader must be told to read such a file, as Frictionless names it.
CSV_DIALECT = {"delimiter": ";", "header": True}
CSV_DECIMAL = ","

_MARK = "\ufeff"
# Every file gets this date, so that equal content gives equal bytes.
_DATE = (1980, 1, 1, 0, 0, 0)
# The fastest level is a third larger than the default one and takes less than half its time.
_LEVEL = 1


def parquet_path(table: Table) -> Path:
    """A table's Parquet file within a release; what changed stands on top, where people look for it."""
    if table.qualified == "meta.changes":
        return Path(CHANGES)
    return Path("parquet") / table.schema / f"{table.name}.parquet"


def csv_path(table: Table) -> Path:
    """A table's zipped CSV file within a release."""
    return Path("csv") / table.schema / f"{table.name}.csv.zip"


def export_tables(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write each table of the attached `monitor` into `folder`.

    Raises:
        duckdb.Error, OSError: a file can't be written.
    """
    for table in list_tables(connection, "monitor"):
        for path in (folder / parquet_path(table), folder / csv_path(table)):
            path.parent.mkdir(parents=True, exist_ok=True)
        target = literal(str(folder / parquet_path(table)))
        connection.execute(f"COPY {relation(table, 'monitor')} TO {target} (FORMAT parquet, COMPRESSION zstd)")
        _export_csv(connection, table, folder / csv_path(table))
    target = literal(str(folder / DICTIONARY))
    connection.execute(f"COPY monitor.meta.dictionary TO {target} (FORMAT csv, HEADER true)")


def _export_csv(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    plain = path.with_suffix("")
    columns = [f"{_cell(name, kind)} AS {quote(name)}" for name, kind in table.columns]
    first, kind = table.columns[0]
    # DuckDB writes no byte order mark, but it writes names as they are.
    columns[0] = f"{_cell(first, kind)} AS {quote(_MARK + first)}"
    connection.execute(
        f"COPY (SELECT {', '.join(columns)} FROM {relation(table, 'monitor')}) TO {literal(str(plain))} "
        f"(FORMAT csv, HEADER true, DELIMITER {literal(str(CSV_DIALECT['delimiter']))})"
    )
    _zip(plain, path)
    plain.unlink()


def _zip(plain: Path, path: Path) -> None:
    entry = zipfile.ZipInfo(plain.name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    with (
        plain.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        zipfile.ZipFile(path, "w") as archive,
    ):
        archive.writestr(entry, content, compresslevel=_LEVEL)


def _cell(name: str, kind: str) -> str:
    """A cell as a spreadsheet reads it; the figure keeps all its digits."""
    is_decimal = kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL(")
    return f"replace({quote(name)}::VARCHAR, '.', {literal(CSV_DECIMAL)})" if is_decimal else quote(name)
