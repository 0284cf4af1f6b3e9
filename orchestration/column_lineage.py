"""Which columns each column of a model is made of, for the lineage UI.

Belongs here: reading compiled SQL. Does not belong here: running it.

sqlglot reads the SQL that dbt ran, with the columns that its parents have in the warehouse. It doesn't know DuckDB's UNPIVOT
over chosen columns, with which staging begins: there a column comes from the parents' column of the same name, and a value
from all measures of the raw table.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import MappingSchema, exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

logging.getLogger("sqlglot").setLevel(logging.ERROR)
_DIALECT = "duckdb"
# What stage_feed() makes of a period's code, and of the measures of a raw table.
_OF_PERIOD = ("period_type", "period_start", "period_end", "year")
_LONG = ("value", "lower", "upper", "missing_marker", "is_published")

Columns = Mapping[str, str]


@dataclass(frozen=True, order=True)
class Origin:
    """A column of a table: ``schema.table`` and its name."""

    table: str
    column: str


def origins(sql: str, columns: Columns, parents: Mapping[str, Columns]) -> dict[str, list[Origin]]:
    """Per column of a model the columns of its parents that it is made of.

    Args:
        sql: the model's compiled SQL.
        columns: its columns and their types.
        parents: ``schema.table`` of each parent and its columns.

    Returns:
        A list for each column, empty for a constant or a count of rows.
    """
    try:
        return _read(sql, columns, parents)
    except (SqlglotError, ValueError):
        # A ValueError is how it says that it can't find a column.
        return {name: _by_name(name, parents) for name in columns}


def _read(sql: str, columns: Columns, parents: Mapping[str, Columns]) -> dict[str, list[Origin]]:
    schema = MappingSchema(dialect=_DIALECT)
    for name, types in parents.items():
        database, table = name.split(".")
        schema.add_table(exp.table_(table, db=database), dict(types), dialect=_DIALECT, match_depth=False)
    tree = parse_one(sql, dialect=_DIALECT)
    for reference in tree.find_all(exp.Table):
        # The warehouse's own name says nothing here, and the schema is looked up without it.
        reference.set("catalog", None)
    tree = qualify(tree, schema=schema, dialect=_DIALECT, validate_qualify_columns=False, identify=False)
    _match_by_name(tree)
    scope = build_scope(tree)
    found: dict[str, list[Origin]] = {}
    for name in columns:
        leaves = lineage(
            name, tree, schema=schema, dialect=_DIALECT, scope=scope, copy=False, trim_selects=False
        ).walk()
        sources = {
            Origin(f"{leaf.source.db}.{leaf.source.name}", leaf.name.rpartition(".")[2].strip('"'))
            for leaf in leaves
            if not leaf.downstream and isinstance(leaf.source, exp.Table)
        }
        found[name] = sorted(origin for origin in sources if origin.column in parents.get(origin.table, {}))
    return found


def _match_by_name(tree: exp.Expr) -> None:
    """Give the parts of each UNION BY NAME the same columns in the same order; sqlglot matches them by their place."""
    for union in tree.find_all(exp.SetOperation):
        if not union.args.get("by_name"):
            continue
        parts = _parts(union)
        names = list(dict.fromkeys(name for part in parts for name in part.named_selects))
        for part in parts:
            has = {column.alias_or_name: column for column in part.expressions}
            part.set("expressions", [has.get(name) or exp.alias_(exp.null(), name) for name in names])
        union.set("by_name", False)


def _parts(query: exp.Query) -> list[exp.Select]:
    if isinstance(query, exp.SetOperation):
        return [part for side in (query.left, query.right) for part in _parts(side)]
    return [query] if isinstance(query, exp.Select) else []


def _by_name(name: str, parents: Mapping[str, Columns]) -> list[Origin]:
    same = [Origin(table, name) for table, types in parents.items() if name in types]
    if not same and name in _OF_PERIOD:
        same = [Origin(table, "period_code") for table, types in parents.items() if "period_code" in types]
    if same or name not in _LONG:
        return sorted(same)
    return sorted(
        Origin(table, column)
        for table, types in parents.items()
        if table.startswith("raw.")
        for column, kind in types.items()
        if kind == "DOUBLE"
    )
