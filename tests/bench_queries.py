"""How long readers wait: every query of site, dashboards and docs/bi.md, on the sample and on 25 years of it.

``make bench`` runs this on the release that it made; ``python -m tests.bench_queries MONITOR`` on any ``monitor.duckdb``.
Measured, never asserted. The queries are the real ones: those that the site sends, those that the bundle of Superset
describes, and the SQL blocks of docs/bi.md.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from publication.catalog import LINES, list_tables, literal, quote, relation
from publication.catalog import Table as Listed
from publication.site.reading import LARGE_AREAS, read_monitor
from publication.superset.bundle import bundle_files
from tests.support.documents import ROOT, blocks

ROUNDS = 20
AREAS, YEARS, FIRST_YEAR = 20, 25, 2022
# In ms, at p95, as issue and design ask: on the sample, and with 20 areas × 25 years × all indicators.
LIMITS = (50, 200)
# Nobody waits for what is read while a release is made, so it has no limit.
_BUILD = "site, while it is made: "
# Kind of period → months from one to the next.
_STEPS = {"year": 12, "school_year": 12, "half_year": 6, "term": 4, "quarter": 3, "month": 1}


@dataclass(frozen=True)
class Query:
    """One query and who asks it; those of one `group` share a line of the table."""

    group: str
    sql: str


@dataclass(frozen=True)
class Waited:
    """Milliseconds for all rows of a query: with a fresh cursor on an open connection, and with a new connection."""

    p50: float
    p95: float
    new: float


class _Overheard:
    """A connection that remembers what was asked through it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.asked: list[str] = []

    def execute(self, sql: str, parameters: list[object] | None = None) -> duckdb.DuckDBPyConnection:
        if parameters is None:
            self.asked.append(sql)
        return self.connection.execute(sql, parameters)


def queries(monitor: Path) -> list[Query]:
    """Every query that a reader of this release makes."""
    with closing(duckdb.connect(str(monitor), read_only=True)) as connection:
        return [*_of_documents(), *_of_dashboards(connection, monitor), *_of_site(connection)]


def _of_documents() -> Iterator[Query]:
    for block in blocks("sql"):
        if block.document == ROOT / "docs" / "bi.md":
            yield Query(f"docs/bi.md: {block.heading}", block.text)


def _of_site(connection: duckdb.DuckDBPyConnection) -> Iterator[Query]:
    """What the site's build reads, once per release: its pages are static and ask nothing."""
    overheard = _Overheard(connection)
    read_monitor(overheard)  # type: ignore[arg-type]
    for sql in overheard.asked:
        if " FROM " not in sql:
            continue
        table = sql.split(" FROM ", 1)[-1].split()[0].partition(".")
        is_whole_line = table[0] in LINES
        yield Query(f"{_BUILD}a whole line" if is_whole_line else f"{_BUILD}{'.'.join(table[::2])}", sql)


def _of_dashboards(connection: duckdb.DuckDBPyConnection, monitor: Path) -> Iterator[Query]:
    """Charts as a reader finds them: with the indicator that a dashboard's filter starts with."""
    files = dict(bundle_files(connection, monitor))
    datasets = {file["uuid"]: file for name, file in files.items() if name.startswith("datasets/")}
    charts = {file["uuid"]: file for name, file in files.items() if name.startswith("charts/")}
    for name, dashboard in files.items():
        if not name.startswith("dashboards/"):
            continue
        (chosen,) = dashboard["metadata"]["native_filter_configuration"]
        for part in dashboard["position"].values():
            if not isinstance(part, dict) or part.get("type") != "CHART":
                continue
            chart = charts[part["meta"]["uuid"]]
            (query,) = json.loads(chart["query_context"])["queries"]
            if part["meta"]["chartId"] not in chosen["scope"]["excluded"]:
                query["filters"] += chosen["defaultDataMask"]["extraFormData"]["filters"]
            title = chart["slice_name"] if chart["viz_type"] == "table" else "trends with interval"
            yield Query(f"dashboards: {title}", _chart_sql(query, datasets[chart["dataset_uuid"]]))
        (target,) = chosen["targets"]
        column = quote(target["column"]["name"])
        options = (
            f"SELECT DISTINCT {column} FROM ({datasets[target['datasetUuid']]['sql']}) AS virtual_table LIMIT 10000"
        )
        yield Query("dashboards: the list of a filter", options)


def _chart_sql(query: dict[str, Any], dataset: dict[str, Any]) -> str:
    """The SQL of a chart as Superset writes it: the dataset's own query in brackets."""
    formulas = {c["column_name"]: c["expression"] for c in dataset["columns"] if c["expression"]}
    columns = [_column(column, formulas) for column in query["columns"]]
    metrics = [f"{metric['sqlExpression']} AS {quote(metric['label'])}" for metric in query.get("metrics", [])]
    where = " AND ".join(_condition(item) for item in query["filters"]) or "true"
    group = "GROUP BY ALL" if metrics else ""
    order = ", ".join(f"{quote(name)} ASC" for name, _ in query["orderby"])
    return (
        f"SELECT {', '.join([*columns, *metrics])} FROM ({dataset['sql']}) AS virtual_table "
        f"WHERE {where} {group} ORDER BY {order} LIMIT {query['row_limit']}"
    )


def _column(column: str | dict[str, Any], formulas: dict[str, str]) -> str:
    name = column if isinstance(column, str) else column["sqlExpression"]
    return f"{formulas.get(name, quote(name))} AS {quote(name)}"


def _condition(item: dict[str, Any]) -> str:
    value = item["val"]
    if isinstance(value, list):
        return f"{quote(item['col'])} IN ({', '.join(map(literal, value))})"
    return f"{quote(item['col'])} = {literal(value) if isinstance(value, str) else value}"


def write_years(monitor: Path, target: Path) -> int:
    """A release of 25 years: `monitor` with each of its series in every period since 2022, for 20 areas.

    Every indicator, kind of period and breakdown of a line becomes a series from a row that it has, so columns, codes and
    the order of rows are those of a release. The figures mean nothing.

    Returns:
        Rows in the lines' ``indicator_values``.
    """
    with closing(duckdb.connect()) as connection:
        connection.execute(f"ATTACH {literal(str(monitor))} AS sample (READ_ONLY)")
        connection.execute(f"ATTACH {literal(str(target))} AS monitor (STORAGE_VERSION 'v1.0.0')")
        large = ", ".join(map(literal, LARGE_AREAS))
        connection.execute(
            f"""CREATE TEMP TABLE chosen AS SELECT area_code, area_name, area_type FROM sample.meta.areas
            ORDER BY area_code NOT IN ({large}), area_type <> 'wijk', area_code LIMIT {AREAS}"""
        )
        steps = ", ".join(f"({literal(kind)}, {months})" for kind, months in _STEPS.items())
        connection.execute(
            f"""CREATE TEMP TABLE periods AS
            SELECT kind, (DATE '{FIRST_YEAR}-01-01' + to_months(n * months))::DATE AS starts, (starts + to_months(months))::DATE - 1 AS ends
            FROM (VALUES {steps}) AS steps (kind, months), range({YEARS} * 12 // months) AS r (n)"""
        )
        for table in list_tables(connection, "sample"):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS monitor.{table.schema}")
            connection.execute(
                f"CREATE TABLE {relation(table, 'monitor')} AS FROM ({_rows(table)}) ORDER BY {table.order()}"
            )
        counts = " + ".join(f"(SELECT count(*) FROM monitor.{line}.indicator_values)" for line in LINES)
        rows = int(connection.execute(f"SELECT {counts}").fetchall()[0][0])
        connection.execute("DETACH monitor")
    return rows


def _rows(table: Listed) -> str:
    """The rows of one table of the release of 25 years."""
    if table.name == "latest_values":
        whole = f"monitor.{table.schema}.indicator_values"
        key = "indicator_code, area_code, period_type, breakdown"
        columns, newest = ", ".join(map(quote, table.column_names)), "ORDER BY period_start DESC"
        return f"SELECT {columns} FROM {whole} QUALIFY row_number() OVER (PARTITION BY {key} {newest}) = 1"
    source = relation(table, "sample")
    if table.name not in ("indicator_values", "early_signals"):
        return f"FROM {source}"
    key = "indicator_code, period_type" + (", breakdown" if table.has("breakdown") else "")
    new = {
        "area_code": "chosen.area_code",
        "area_name": "chosen.area_name",
        "area_type": "chosen.area_type",
        "period_start": "periods.starts",
        "period_end": "periods.ends",
        "year": "year(periods.starts)",
        "is_newest": "periods.ends = max(periods.ends) OVER (PARTITION BY periods.kind)",
    }
    # Figures that differ, because equal ones would compress to nothing.
    factor = "(0.5 + hash(periods.starts, chosen.area_code, series.indicator_code) % 1000003 / 1000003)"
    varying = ("value", "numerator", "denominator", "lower_95", "upper_95", "lower_998", "upper_998", "national_value")
    new |= {name: f"series.{name} * {factor}" for name in varying}
    columns = ", ".join(
        f"({new[name]})::{kind} AS {quote(name)}" if name in new else f"series.{quote(name)}"
        for name, kind in table.columns
    )
    return f"""
        SELECT {columns} FROM (
            FROM {source} QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY value IS NULL, area_code <> 'HN14', period_start DESC) = 1
        ) AS series JOIN periods ON periods.kind = series.period_type CROSS JOIN chosen"""


def wait(monitor: Path, asked: Iterable[Query]) -> dict[str, Waited]:
    """Ask each query of a release again and again; of a group the slowest counts."""
    slowest: dict[str, Waited] = {}
    with closing(duckdb.connect(str(monitor), read_only=True)) as connection:
        for query in asked:
            times = [_milliseconds(connection, query.sql) for _ in range(ROUNDS)]
            p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
            found = Waited(statistics.median(times), p95, 0.0)
            known = slowest.get(query.group)
            if known is None or found.p95 > known.p95:
                slowest[query.group] = found
    # Only when no connection is open is a new one new: within a process they share what was read.
    for query in asked:
        start = time.perf_counter()
        with closing(duckdb.connect(str(monitor), read_only=True)) as connection:
            connection.execute(query.sql).fetchall()
        took, known = (time.perf_counter() - start) * 1000, slowest[query.group]
        slowest[query.group] = Waited(known.p50, known.p95, max(known.new, took))
    return slowest


def _milliseconds(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    start = time.perf_counter()
    connection.cursor().execute(sql).fetchall()
    return (time.perf_counter() - start) * 1000


def main(monitor: Path) -> None:
    asked = queries(monitor)
    with tempfile.TemporaryDirectory() as scratch:
        years = Path(scratch) / "monitor.duckdb"
        rows = write_years(monitor, years)
        found = [wait(monitor, asked), wait(years, asked)]
    title = f"queries, ms, the slowest of each kind ({ROUNDS} rounds): the sample | {AREAS} areas × {YEARS} years, {rows:,} figures"
    table = Table(title=title, title_justify="left")
    for heading in ("query", "asked", *2 * ("p50", "p95", "limit", "new connection")):
        table.add_column(heading, justify="left" if heading == "query" else "right")
    for group in found[0]:
        cells = [group, str(sum(query.group == group for query in asked))]
        for waited, limit in zip((part[group] for part in found), LIMITS, strict=True):
            over = " over" if waited.p95 > limit else ""
            limited = "-" if group.startswith(_BUILD) else f"{limit}{over}"
            cells += [f"{waited.p50:.1f}", f"{waited.p95:.1f}", limited, f"{waited.new:.0f}"]
        table.add_row(*cells)
    Console(width=160).print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
