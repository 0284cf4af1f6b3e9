"""What may disappear from one release to the next: ``retired.csv``, and the check that nothing else does.

Belongs here: the lines of that file, and finding tables, columns and indicators of the release before that a warehouse no
longer has. Does not belong here: figures that are gone (`publication.changes`) and what a publisher no longer delivers
(`sources.guards`).

Dashboards and scripts of others read these names. Whoever takes one away says so in a line: what (``table``, ``column`` or
``indicator``), its name (``leren.indicator_values``, ``leren.indicator_values.unit``, ``LER_VSV``), since when, and why.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import duckdb

from publication.catalog import Table, list_tables, open_read_only
from publication.dictionary import OWN_TABLES
from sources.errors import ConfigurationError

RETIRED = Path(__file__).parent / "retired.csv"

What = Literal["table", "column", "indicator"]
_COLUMNS = ["what", "name", "retired_on", "reason_nl"]


@dataclass(frozen=True)
class Retirement:
    """A name that may be gone from `retired_on` on."""

    what: What
    name: str
    retired_on: date
    reason_nl: str


@cache
def read_retirements(path: Path = RETIRED) -> tuple[Retirement, ...]:
    """Read the names that were retired.

    Raises:
        ConfigurationError: the file is absent or a line can't be read; the message names the line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = list(csv.reader(file)) or [[]]
    except (OSError, ValueError, csv.Error) as error:
        raise ConfigurationError(f"{path} can't be read: {error}. Nothing was released.") from error
    if header != _COLUMNS:
        raise ConfigurationError(f"{path} begins with {header}; expected {','.join(_COLUMNS)}. Nothing was released.")
    return tuple(_read_line(path, number, cells) for number, cells in enumerate(lines, start=2))


def _read_line(path: Path, number: int, cells: list[str]) -> Retirement:
    try:
        what, name, day, reason = cells
        if what not in get_args(What) or not name or not reason:
            raise ValueError
        return Retirement(what, name, date.fromisoformat(day), reason)  # type: ignore[arg-type]
    except ValueError as error:
        raise ConfigurationError(
            f"{path}, line {number}: {','.join(cells)!r}; expected table, column or indicator, its name, a date such as "
            "2026-11-01 and a reason. Nothing was released."
        ) from error


def find_unannounced(
    tables: Sequence[Table],
    indicators: Collection[str],
    previous: Path,
    retirements: Sequence[Retirement],
    today: date,
) -> list[str]:
    """What the release before had and a warehouse has not, without a line that says so; one clause each.

    Args:
        tables: the tables of the warehouse that leave the house.
        indicators: the codes in its ``meta.indicators``.
        previous: ``monitor.duckdb`` of the release that readers see now.

    Raises:
        duckdb.Error: that file can't be read.
    """
    with closing(open_read_only(previous)) as connection:
        (database,) = connection.execute("SELECT current_database()").fetchall()[0]
        before = list_tables(connection, database)
        codes = _codes(connection, before)
    gone = [*_gone_names(before, tables), *(("indicator", code) for code in codes if code not in indicators)]
    announced = {(line.what, line.name) for line in retirements if line.retired_on <= today}
    return [f"{what} {name} is gone" for what, name in gone if (what, name) not in announced]


def _codes(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> list[str]:
    if not any(table.qualified == "meta.indicators" for table in tables):
        return []
    rows = connection.execute("SELECT indicator_code FROM meta.indicators ORDER BY indicator_code").fetchall()
    return [code for (code,) in rows]


def _gone_names(before: Sequence[Table], now: Sequence[Table]) -> Iterator[tuple[str, str]]:
    """Tables that are gone and, of those that stayed, columns. The release adds tables of its own later."""
    kept = {table.qualified: set(table.column_names) for table in now}
    kept |= {f"{schema}.{name}": set(meaning.columns) for (schema, name), meaning in OWN_TABLES.items()}
    for table in before:
        if table.qualified not in kept:
            yield "table", table.qualified
            continue
        for column in table.column_names:
            if column not in kept[table.qualified]:
                yield "column", f"{table.qualified}.{column}"
