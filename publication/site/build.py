"""Writing the site: pages from templates, one style sheet, one script, and a CSV behind every figure.

Belongs here: files and rendering. Does not belong here: what stands on a page (`publication.site.pages`).

The site is static and complete by itself: relative links, no request to anywhere, no script needed to read it. So it
opens from a disk, a stick or any web server.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from publication.catalog import LINES, Table, list_tables, literal, open_read_only, quote
from publication.site import pages, words
from publication.site.pages import Page, all_pages
from publication.site.reading import LARGE_AREAS, NOORD, Monitor, read_monitor

SITE = "site"
_HERE = Path(__file__).parent
# Excel in Dutch takes UTF-8 only with a byte order mark, which stands before the first column's name.
_BOM = "\ufeff"
# The window of a trend.
_LOCAL_YEARS = 5
# Ten digits are more than any method here can tell; all 17 of a DOUBLE are a tenth of the whole site.
_NUMBER = "replace(format('{{:.10g}}', {0}), '.', ',')"
_OF_NOORD = f"WHERE area_code = {literal(NOORD)}"
# A release that reckons otherwise changes every figure, which may not make a site outgrow a stick.
_LARGEST_CHANGES = """
    QUALIFY indicator_code IS NULL OR row_number() OVER (PARTITION BY change, indicator_code, cause
        ORDER BY regexp_matches(area_code, '^(BU|WK|PC)'), abs(difference_pct) DESC NULLS LAST, abs(difference) DESC NULLS LAST,
        area_code, period_start, breakdown) <= 50 ORDER BY ALL"""
# CSV → table and rows: what stands on pages that are not about one indicator.
_TABLES = {
    "voortgang": ("programma.progress", _OF_NOORD),
    "nu_al_zichtbaar": ("programma.early_signals", _OF_NOORD),
    "samenhang": ("programma.connections", ""),
    "kinderen": ("programma.children", ""),
    "activiteiten": ("programma.activities", ""),
    "wijzigingen": ("meta.changes", _LARGEST_CHANGES),
    "leveringen": ("meta.snapshots", ""),
    "controles": ("meta.checks", ""),
}
# What an indicator's file has of its mart, so that a site stays small: what is the same in every row stands on the
# indicator's page, Nederland and the rest of Heerlen have rows of their own, and the release's tables have all.
_KEPT = (
    "area_code",
    "area_name",
    "period_type",
    "period_start",
    "breakdown",
    "value",
    "lower_95",
    "upper_95",
    "value_status",
    "has_series_break",
    "national_verdict",
    "municipality_rest_verdict",
    "recent_trend",
    "snapshot_id",
    "data_origin",
)


def build_site(monitor: Path, target: Path, earlier: Sequence[tuple[str, str]] = ()) -> None:
    """Write the site of one release.

    Args:
        monitor: the release's finished ``monitor.duckdb``.
        target: folder to make.
        earlier: id and day in words of the releases before, newest first.

    Raises:
        duckdb.Error, OSError: the release can't be read or the pages can't be written.
    """
    with closing(open_read_only(monitor)) as connection:
        found = read_monitor(connection)
        target.mkdir()
        shutil.copytree(_HERE / "static", target / "static")
        write_pages(found, target, all_pages(found, earlier))
        _write_csv(connection, found, target / "data")


def write_pages(monitor: Monitor, target: Path, found: Iterable[Page]) -> None:
    """Render pages below `target`."""
    environment = _environment(monitor)
    for page in found:
        text = environment.get_template(f"{page.template}.html.j2").render(page=page, root=page.root, **page.context)
        path = target / page.address
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _environment(monitor: Monitor) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "monitor": monitor,
        "release": monitor.release,
        "words": words,
        "lines": {line: pages.LINE_WORDS[line] for line in monitor.lines},
        "has_activities": pages.has_activities(monitor),
        "csv_names": {name for name, (table, _) in _TABLES.items() if table in monitor.has}
        | {code for code, item in monitor.indicators.items() if f"{item.line}.indicator_values" in monitor.has},
    }
    return environment


def _write_csv(connection: duckdb.DuckDBPyConnection, monitor: Monitor, folder: Path) -> None:
    """A file per indicator and per table of the programme: ``;`` between columns, decimal comma, UTF-8 with BOM."""
    folder.mkdir()
    database = str(connection.execute("SELECT current_database()").fetchall()[0][0])
    tables = {table.qualified: table for table in list_tables(connection, database)}
    for name, (qualified, where) in _TABLES.items():
        if qualified in tables:
            _copy(connection, f"FROM {qualified} {where}", tables[qualified].columns, folder / f"{name}.csv")
    for line in LINES:
        table = tables.get(f"{line}.indicator_values")
        for indicator in monitor.of_line(line) if table else []:
            assert table is not None
            columns = [column for column in table.columns if column[0] in _KEPT]
            _copy(connection, _rows_of(table, monitor, indicator.code), columns, folder / f"{indicator.code}.csv")


def _rows_of(table: Table, monitor: Monitor, code: str) -> str:
    """All periods of the large areas, and of wijken and buurten the newest five years of what their pages show.

    Months of all buurten since the start would outgrow the rest of the site; the release's tables hold them.
    """
    large = ", ".join(map(literal, LARGE_AREAS))
    local = ", ".join(map(literal, monitor.areas)) or "''"
    total = " AND breakdown = 'total'" if table.has("breakdown") else ""
    kind = literal(monitor.period_types.get(code, ""))
    of_code = f"FROM {table.qualified} WHERE indicator_code = {literal(code)}"
    recent = f"period_start > (SELECT max(period_start) {of_code}) - INTERVAL {_LOCAL_YEARS} YEAR"
    return (
        f"{of_code} AND (area_code IN ({large}) "
        f"OR area_code IN ({local}) AND period_type = {kind}{total} AND {recent}) ORDER BY {_order(table)}"
    )


def _order(table: Table) -> str:
    return ", ".join(
        quote(name) for name in ("area_code", "period_type", "period_start", "breakdown") if table.has(name)
    )


def _copy(connection: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[tuple[str, str]], path: Path) -> None:
    parts = []
    for index, (name, kind) in enumerate(columns):
        value = _NUMBER.format(quote(name)) if kind in ("DOUBLE", "FLOAT") else quote(name)
        parts.append(f"{value} AS {quote((_BOM if index == 0 else '') + name)}")
    query = f"SELECT {', '.join(parts)} {rows}"
    connection.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT csv, HEADER true, DELIMITER ';')")
