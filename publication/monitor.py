"""``monitor.duckdb``: all figures of a release in one file that explains itself.

Belongs here: copying the released schemas out of a warehouse, the tables that only a release has, and comments. Does
not belong here: the other files of a release (`publication.tables` and what it names), where they lie in the end
(`publication.release`), nor any change to a figure on the way.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from publication.catalog import list_tables, literal, quote, relation
from publication.changes import add_changes, make_tables
from publication.dictionary import OWN_TABLES, Descriptions, dictionary_rows, read_code_lists
from publication.facts import Facts
from publication.tables import export_tables
from sources.checks import CheckResult
from sources.warehouse import CONNECTION

MONITOR = "monitor.duckdb"

# Every DuckDB driver from 1.0 on can open files of this version; BI tools bring their own, often older, driver.
_STORAGE_VERSION = "v1.0.0"

# Column of meta.checks → attribute of a result.
_CHECK_COLUMNS = {
    "gate": "gate",
    "subject": "subject",
    "check_name": "name",
    "severity": "severity",
    "passed": "passed",
    "expected": "expected",
    "found": "found",
    "unexpected_count": "unexpected_count",
    "examples": "examples",
    "checked_at": "checked_at",
}


def write_monitor(
    folder: Path,
    warehouse: Path,
    facts: Facts,
    checks: Sequence[CheckResult],
    descriptions: Descriptions,
    previous: Path | None = None,
) -> None:
    """Write ``monitor.duckdb`` and the files that hold its tables one by one into `folder`.

    Args:
        previous: ``monitor.duckdb`` of the release before, from which ``meta.revisions`` and ``meta.changes`` follow.

    Raises:
        duckdb.Error, OSError: the warehouse can't be read or the files can't be written.
        PublicationError: documented and materialised columns differ.
    """
    spill = folder / ".spill"
    with closing(duckdb.connect(":memory:", config={**CONNECTION, "temp_directory": str(spill)})) as connection:
        connection.execute(f"ATTACH {literal(str(warehouse))} AS warehouse (READ_ONLY)")
        target = literal(str(folder / MONITOR))
        connection.execute(f"ATTACH {target} AS monitor (STORAGE_VERSION {literal(_STORAGE_VERSION)})")
        _copy_tables(connection)
        _add_checks(connection, checks)
        _add_release(connection, facts)
        make_tables(connection)
        _add_dictionary(connection, descriptions)
        add_changes(connection, previous, facts.previous)
        _comment(connection, facts.mark, descriptions)
        export_tables(connection, folder)
        connection.execute("DETACH monitor")
    if spill.exists():
        shutil.rmtree(spill)


def _copy_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for table in list_tables(connection, "warehouse"):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS monitor.{quote(table.schema)}")
        # The gate's results of an earlier run say nothing about this release.
        keep = "WHERE gate <> 'release'" if table.qualified == "meta.checks" else ""
        connection.execute(
            f"CREATE TABLE {relation(table, 'monitor')} AS "
            f"SELECT * FROM {relation(table, 'warehouse')} {keep} ORDER BY {table.order()}"
        )


def _add_checks(connection: duckdb.DuckDBPyConnection, checks: Sequence[CheckResult]) -> None:
    """Add the release gate's results to ``meta.checks``, in the columns that it has; any other column stays NULL."""
    table = next(table for table in list_tables(connection, "monitor") if table.qualified == "meta.checks")
    columns = [column for column in _CHECK_COLUMNS if table.has(column)]
    rows = [
        [getattr(check, _CHECK_COLUMNS[column]) for column in columns]
        for check in sorted(checks, key=lambda check: (check.gate, check.subject, check.name))
    ]
    if rows:
        marks = ", ".join("?" for _ in columns)
        connection.executemany(
            f"INSERT INTO {relation(table, 'monitor')} ({', '.join(columns)}) VALUES ({marks})", rows
        )


def _add_release(connection: duckdb.DuckDBPyConnection, facts: Facts) -> None:
    connection.execute(
        "CREATE TABLE monitor.meta.release (release_id VARCHAR, created_at TIMESTAMP WITH TIME ZONE, "
        "data_origin VARCHAR, fingerprint VARCHAR, environment VARCHAR, previous_release_id VARCHAR, title VARCHAR)"
    )
    row = [facts.release_id, facts.created_at, facts.data_origin, facts.fingerprint, facts.environment]
    connection.execute(
        "INSERT INTO monitor.meta.release VALUES (?, ?, ?, ?, ?, ?, ?)", [*row, facts.previous, facts.title]
    )


def _add_dictionary(connection: duckdb.DuckDBPyConnection, descriptions: Descriptions) -> None:
    connection.execute(
        "CREATE TABLE monitor.meta.dictionary (schema_name VARCHAR, table_name VARCHAR, column_name VARCHAR, "
        "column_position INTEGER, data_type VARCHAR, code VARCHAR, description VARCHAR)"
    )
    described = {**descriptions, **OWN_TABLES}
    rows = dictionary_rows(list_tables(connection, "monitor"), described, read_code_lists(connection, "monitor"))
    with _one_transaction(connection):
        connection.executemany("INSERT INTO monitor.meta.dictionary VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def _comment(connection: duckdb.DuckDBPyConnection, mark: str, descriptions: Descriptions) -> None:
    """Comment on everything; the last thing done, because copying a table drops its comments."""
    described = {**descriptions, **OWN_TABLES}
    tables = list_tables(connection, "monitor")
    with _one_transaction(connection):
        for table in tables:
            meaning, name = described[table.schema, table.name], relation(table, "monitor")
            connection.execute(f"COMMENT ON TABLE {name} IS {literal(mark + meaning.description)}")
            for column in table.column_names:
                connection.execute(f"COMMENT ON COLUMN {name}.{quote(column)} IS {literal(meaning.columns[column])}")


@contextmanager
def _one_transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Hundreds of small statements as one, which spares as many writes to the disk; an error ends the whole release."""
    connection.begin()
    yield
    connection.commit()
