"""What a DuckDB database holds of the schemas that leave the house.

Belongs here: the names of those schemas and the one way of listing their tables and columns, for gate, release and
data package alike. Does not belong here: judging or copying what is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.feed import Line
from sources.warehouse import CONNECTION

LINES: tuple[Line, ...] = ("leren", "werken", "gezondheid", "wonen", "veiligheid")
SCHEMAS = (*LINES, "programma", "meta")

# What makes a figure of a line's indicator_values the same figure in another release.
FIGURE_KEY = ("indicator_code", "area_code", "period_start", "period_type", "breakdown")

# What ORDER BY starts with, as far as a table has it: the order in which readers look things up, which also keeps
# equal values together so that row groups can be skipped.
_KEYS = (
    "line",
    "indicator_code",
    "other_indicator_code",
    "area_set",
    "area_code",
    "boundary_year",
    "feed_id",
    "table_id",
    "period_start",
    "period_type",
    "breakdown",
    "gate",
    "subject",
    "check_name",
    "snapshot_id",
)


@dataclass(frozen=True)
class Table:
    """A base table and its columns (name, DuckDB type) in their order."""

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]

    @property
    def qualified(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    def has(self, column: str) -> bool:
        return column in self.column_names

    def order(self) -> str:
        """An ORDER BY list that ends in every column, so that equal content gives equal files."""
        keys = [name for name in _KEYS if self.has(name)]
        return ", ".join(quote(name) for name in [*keys, *(c for c in self.column_names if c not in keys)])


def quote(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal, for statements that take no parameters (COMMENT ON, ATTACH, COPY)."""
    return "'" + text.replace("'", "''") + "'"


def relation(table: Table, database: str) -> str:
    """A table's full name in an attached database."""
    return f"{quote(database)}.{quote(table.schema)}.{quote(table.name)}"


def list_tables(
    connection: duckdb.DuckDBPyConnection, database: str, schemas: Sequence[str] = SCHEMAS
) -> tuple[Table, ...]:
    """The base tables of `schemas` in an attached database, in the order of `schemas`, then by name."""
    rows = connection.execute(
        """
        SELECT c.schema_name, c.table_name, c.column_name, c.data_type
        FROM duckdb_columns() AS c
        JOIN duckdb_tables() AS t USING (database_name, schema_name, table_name)
        WHERE c.database_name = ? AND list_contains(?, c.schema_name) AND NOT t.internal AND NOT t.temporary
        ORDER BY list_position(?, c.schema_name), c.table_name, c.column_index
        """,
        [database, list(schemas), list(schemas)],
    ).fetchall()
    columns: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, name, column, kind in rows:
        columns.setdefault((schema, name), []).append((column, kind))
    return tuple(Table(schema, name, tuple(found)) for (schema, name), found in columns.items())


def lines_of(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    """The lines whose ``indicator_values`` an attached database holds."""
    return [table.schema for table in list_tables(connection, database, LINES) if table.name == "indicator_values"]


def open_read_only(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file for reading; the caller closes it.

    Raises:
        duckdb.Error: the file is absent, is no database, or is held by a writer.
    """
    return duckdb.connect(str(path), read_only=True, config={**CONNECTION})
