"""The temporary table ``cells``: a publisher's rows as text, in the order of the feed file.

Belongs here: the shape that every protocol fills and `sources.loading` turns into numbers, so that missing markers,
decimal commas and strange text are judged in one place. Columns: ``row_number`` (within its file), ``file``,
``area_code``, ``area_name``, ``period_code``, ``period_status``, ``breakdown``, ``bound``, then one VARCHAR per
attribute (``attribute_<name>``) and per measure (``<name>``).
"""

from __future__ import annotations

import duckdb

from sources.feed import FeedBase

KEY_COLUMNS = ("row_number", "file", "area_code", "area_name", "period_code", "period_status", "breakdown", "bound")


def quote(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str | None) -> str:
    """A string literal for SQL."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def create_cells(connection: duckdb.DuckDBPyConnection, feed: FeedBase) -> None:
    """Make an empty ``cells`` for a feed, in place of an earlier one."""
    keys = ["row_number BIGINT", *(f"{name} VARCHAR" for name in KEY_COLUMNS[1:])]
    attributes = [f"{quote('attribute_' + name)} VARCHAR" for name in feed.attributes]
    measures = [f"{quote(name)} VARCHAR" for name in feed.measures]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE cells ({', '.join([*keys, *attributes, *measures])})")


def scope_condition(column: str, prefixes: list[str]) -> str:
    """SQL that keeps areas in scope; the server's filter is never trusted (``ge`` on areas is ignored in silence)."""
    if not prefixes:
        return "TRUE"
    return "(" + " OR ".join(f"starts_with({column}, {literal(prefix)})" for prefix in prefixes) + ")"
