"""dbt's macros outside dbt: rendered with jinja2 from the files and run in DuckDB on a table of arguments.

Only macros that are plain SQL work here: there is no ``ref`` and no ``source``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from jinja2 import Environment, StrictUndefined

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros"


@cache
def _macros() -> tuple[Environment, dict[str, Any]]:
    """Every macro file in one template, because macros of one template see each other, as they do in dbt; and the macros.

    Not the ways of making tables: only dbt knows that tag, and no figure depends on it.
    """
    environment = Environment(extensions=["jinja2.ext.do"], undefined=StrictUndefined, autoescape=False)
    paths = sorted(path for path in MACROS.rglob("*.sql") if path.name != "materializations.sql")
    module = environment.from_string("".join(path.read_text(encoding="utf-8") for path in paths)).module
    return environment, {name: macro for name, macro in vars(module).items() if not name.startswith("_")}


@cache
def render(call: str) -> str:
    """The SQL of a call such as ``wilson_limit('x', 'n', '95', 'lower')``."""
    environment, macros = _macros()
    return environment.from_string("{{ " + call + " }}", globals=macros).render().strip()


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    """One for all queries of a process: opening a database takes five times as long as a query on some rows."""
    return duckdb.connect(config={"threads": 1})


def evaluate(calls: Mapping[str, str], arguments: Mapping[str, Sequence[Any] | pa.Array]) -> dict[str, list[Any]]:
    """Evaluate macro calls per row.

    Args:
        calls: name → call of a macro, whose arguments name columns.
        arguments: column → values, one per row; an Arrow array where the type can't be seen from the values.

    Returns:
        Name → values, in the order of the rows.
    """
    columns = ", ".join(f"{render(call)} AS {name}" for name, call in calls.items())
    return query(f"SELECT {columns} FROM arguments", arguments)


def query(sql: str, arguments: Mapping[str, Sequence[Any] | pa.Array]) -> dict[str, list[Any]]:
    """Run SQL on a table `arguments` with these columns; the result by column."""
    connection = _connection()
    connection.register("arguments", pa.table({name: _column(values) for name, values in arguments.items()}))
    try:
        found: dict[str, list[Any]] = connection.execute(sql).to_arrow_table().to_pydict()
    finally:
        connection.unregister("arguments")
    return found


def _column(values: Sequence[Any] | pa.Array) -> pa.Array:
    """Numbers as DOUBLE, as in the warehouse, also when all are missing."""
    if isinstance(values, pa.Array):
        return values
    known = [value for value in values if value is not None]
    if not known or isinstance(known[0], int | float) and not isinstance(known[0], bool):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array(values)
