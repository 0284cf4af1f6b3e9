"""``datapackage.json``: what is in a release, with licence, source, size and hash of every file.

Belongs here: describing a folder of finished files as a Frictionless data package. Does not belong here: making those files,
and comparing a folder with what it was (`publication.checksums`).

The profile is that of version 1, because its resources may say ``type: file``. Without it the reference tool reads
Parquet as a table, can't count the bytes, and calls every package invalid that states them.
"""

from __future__ import annotations

import json
import mimetypes
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from publication.catalog import SCHEMAS, Table, list_tables, open_read_only, quote
from publication.change_report import CHANGES_PAGE
from publication.dcat import DCAT
from publication.facts import Facts
from publication.files import sha256
from publication.metadata import ADDED_COLUMNS, ATTRIBUTION, METADATA
from publication.monitor import MONITOR
from publication.site.build import SITE
from publication.tables import CSV_DECIMAL, CSV_DIALECT, DICTIONARY, csv_path, parquet_path

DATA_PACKAGE = "datapackage.json"

Json = dict[str, Any]

# Files for people and for other programs: name, path, format, media type, title.
_DOCUMENTS = (
    ("changes", CHANGES_PAGE, "html", "text/html", "What this release changes of the one before"),
    ("attribution", ATTRIBUTION, "md", "text/markdown", "Publishers and licences of all feeds"),
    ("dcat", DCAT, "jsonld", "application/ld+json", "The release as data portals harvest it (DCAT-AP-NL 3.0)"),
)

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_TYPES = {
    **dict.fromkeys(_INTEGERS, "integer"),
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "FLOAT": "number",
    "DOUBLE": "number",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
}


def write_data_package(folder: Path, facts: Facts) -> None:
    """Describe the files that stand in `folder`.

    Raises:
        duckdb.Error, OSError: a file can't be read or the description can't be written.
    """
    with closing(open_read_only(folder / MONITOR)) as connection:
        package = _package(connection, folder, facts)
    (folder / DATA_PACKAGE).write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def field_type(duckdb_type: str) -> str:
    """The Table Schema type of a DuckDB type; ``any`` for types that Table Schema doesn't know."""
    if duckdb_type.endswith("]"):
        return "array"
    if duckdb_type.startswith(("MAP(", "STRUCT(")):
        return "object"
    return "number" if duckdb_type.startswith("DECIMAL(") else _TYPES.get(duckdb_type, "any")


def _package(connection: duckdb.DuckDBPyConnection, folder: Path, facts: Facts) -> Json:
    tables = list_tables(connection, "monitor")
    figures = [table for table in tables if table.schema in SCHEMAS and table.schema != "meta"]
    return {
        "profile": "data-package",
        "name": "heerlen-noord-monitor",
        "title": facts.title,
        "description": "Figures of the five programme lines of Heerlen-Noord, with provenance per value.",
        "version": facts.release_id,
        "created": facts.created_at.isoformat().replace("+00:00", "Z"),
        **_attribution(connection, figures),
        "resources": [
            _monitor_resource(folder),
            *(_table_resource(connection, folder, table) for table in tables),
            *(_csv_resource(connection, folder, table) for table in tables),
            _dictionary_resource(connection, folder),
            _metadata_resource(connection, folder),
            *(_document_resource(folder, *document) for document in _DOCUMENTS),
            *_site_resources(folder),
        ],
        "x-noord": {
            "data_origin": facts.data_origin,
            "environment": facts.environment,
            "fingerprint": facts.fingerprint,
            "previous_release_id": facts.previous,
        },
    }


def _file(folder: Path, name: str, path: Path, kind: str, mediatype: str) -> Json:
    full = folder / path
    return {
        "name": name,
        "path": path.as_posix(),
        "format": kind,
        "mediatype": mediatype,
        "bytes": full.stat().st_size,
        "hash": f"sha256:{sha256(full)}",
    }


def _monitor_resource(folder: Path) -> Json:
    entry = _file(folder, "monitor", Path(MONITOR), "duckdb", "application/vnd.duckdb")
    return {**entry, "type": "file", "title": "All tables in one DuckDB file, storage version 1.0.0"}


def _table_resource(connection: duckdb.DuckDBPyConnection, folder: Path, table: Table) -> Json:
    entry = _file(folder, table.qualified, parquet_path(table), "parquet", "application/vnd.apache.parquet")
    comment = connection.execute(
        "SELECT comment FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?", [table.schema, table.name]
    ).fetchone()
    return {
        **entry,
        "type": "file",
        "description": comment[0] if comment else "",
        "schema": {"fields": _fields(connection, table)},
        **_attribution(connection, [table]),
    }


def _csv_resource(connection: duckdb.DuckDBPyConnection, folder: Path, table: Table) -> Json:
    entry = _file(folder, f"{table.qualified}.csv", csv_path(table), "csv", "text/csv")
    fields = [
        {**each, "decimalChar": CSV_DECIMAL} if each["type"] == "number" else each
        for each in _fields(connection, table)
    ]
    return {
        **entry,
        "type": "file",
        "compression": "zip",
        "encoding": "utf-8-sig",
        "dialect": CSV_DIALECT,
        "schema": {"fields": fields},
        **_attribution(connection, [table]),
    }


def _document_resource(folder: Path, name: str, path: str, kind: str, mediatype: str, title: str) -> Json:
    return {**_file(folder, name, Path(path), kind, mediatype), "type": "file", "title": title}


def _metadata_resource(connection: duckdb.DuckDBPyConnection, folder: Path) -> Json:
    table = next(table for table in list_tables(connection, "monitor") if table.qualified == "meta.indicators")
    entry = _file(folder, "metadata", Path(METADATA), "csv", "text/csv")
    added = [
        {"name": name, "type": "date" if name.endswith(("_start", "_end")) else "string", "description": text}
        for name, text in ADDED_COLUMNS.items()
    ]
    schema = {"fields": [*_fields(connection, table), *added]}
    return {**entry, "profile": "tabular-data-resource", "encoding": "utf-8", "schema": schema}


def _dictionary_resource(connection: duckdb.DuckDBPyConnection, folder: Path) -> Json:
    table = next(table for table in list_tables(connection, "monitor") if table.qualified == "meta.dictionary")
    entry = _file(folder, "dictionary", Path(DICTIONARY), "csv", "text/csv")
    schema = {"fields": _fields(connection, table)}
    return {**entry, "profile": "tabular-data-resource", "encoding": "utf-8", "schema": schema}


def _site_resources(folder: Path) -> list[Json]:
    """Every file of the monitor site; its pages belong together, so only the start page has a title."""
    paths = sorted(path.relative_to(folder) for path in (folder / SITE).rglob("*") if path.is_file())
    return [_site_resource(folder, path) for path in paths]


def _site_resource(folder: Path, path: Path) -> Json:
    # Names may hold lower case letters, digits, dots, hyphens and underscores.
    name = path.as_posix().lower().replace("/", ".")
    kind = path.suffix.removeprefix(".")
    mediatype = mimetypes.types_map.get(path.suffix, "application/octet-stream")
    title = (
        {"title": "The monitor site: open this page in a browser"}
        if path.name == "index.html" and len(path.parts) == 2
        else {}
    )
    return {**_file(folder, name, path, kind, mediatype), "type": "file", **title}


def _fields(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Json]:
    rows = connection.execute(
        "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE schema_name = ? AND table_name = ? "
        "ORDER BY column_index",
        [table.schema, table.name],
    ).fetchall()
    return [{"name": name, "type": field_type(kind), "description": comment} for name, kind, comment in rows]


def _attribution(connection: duckdb.DuckDBPyConnection, tables: list[Table]) -> Json:
    """Licences and publishers of the feeds whose rows are in `tables`; neither key when there are none."""
    with_feed = [table for table in tables if table.has("feed_id")]
    if not with_feed:
        return {}
    used = " UNION ".join(f"SELECT feed_id FROM {quote(table.schema)}.{quote(table.name)}" for table in with_feed)
    feeds = f"SELECT * FROM meta.feeds WHERE feed_id IN ({used})"
    licences = connection.execute(f"SELECT DISTINCT license_name, license_url FROM ({feeds}) ORDER BY ALL").fetchall()
    sources = connection.execute(f"SELECT DISTINCT publisher, publisher_url FROM ({feeds}) ORDER BY ALL").fetchall()
    keys = {
        "licenses": [_drop_empty({"name": _slug(name), "title": name, "path": url}) for name, url in licences],
        "sources": [_drop_empty({"title": name, "path": url}) for name, url in sources],
    }
    return {key: entries for key, entries in keys.items() if entries}


def _slug(name: str) -> str:
    """A licence's name as an identifier: ``CC BY 4.0`` → ``CC-BY-4.0``."""
    return re.sub(r"[^0-9A-Za-z.]+", "-", name).strip("-")


def _drop_empty(entry: Json) -> Json:
    return {key: value for key, value in entry.items() if value}
