"""The bundle that Superset imports: a database, datasets, charts and dashboards, as YAML in a zip file.

Belongs here: turning ``dashboards.yml`` and the columns of a release into Superset's export format (version 1.0.0).
Descriptions come from the comments in the release, which come from dbt's YAML: they are written once. Does not belong
here: what is shown (``dashboards.yml``), and running a Superset (`publication.superset.server`).

Every object has a uuid that follows from its name, so that a bundle imported again replaces what an older one made.
Each chart carries its question (`query_context`) as well as its form: Superset answers it without a browser, for its own
reports and for the test that compares each answer with the release.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import click
import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field

from publication.catalog import LINES, literal, open_read_only
from publication.settings import read_settings
from sources.errors import ConfigurationError

Json = dict[str, Any]
VERSION = "1.0.0"
DATABASE = "Heerlen-Noord monitor"
NOORD = "HN14"
# A year says most about a slow change, so an indicator that has years is drawn by year.
_PERIOD_TYPES = ("year", "school_year", "half_year", "term", "quarter", "month")
# Superset draws a name alone as points, and with these endings as the line through them and the band around it. It means
# them for forecasts, and has no other way to show an interval.
_LINE, _LOWER, _UPPER = "__yhat", "__yhat_lower", "__yhat_upper"
_COLOURS = {
    "Heerlen-Noord": "#01665e",
    f"Heerlen-Noord{_LINE}": "#01665e",
    "Nederland": "#222222",
    "Rest van Heerlen": "#8c8c8c",
}
_SHARES = ("share_closed", "share_closed_lower_95", "share_closed_upper_95", "time_elapsed")
_FULL_WIDTH = 12


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    """What the codes of one column mean to a reader."""

    of: str
    label: str
    values: dict[str, str]


class DatasetText(_Strict):
    """A question that is asked as if it were a table; a dataset without one is the table of its name."""

    description: str | None = None
    sql: str | None = None


class TableText(_Strict):
    """A chart that is a table of rows."""

    title: str
    dataset: str
    columns: list[str]
    order: list[str]
    note: str | None = None
    where: dict[str, Any] = Field(default_factory=dict)
    is_filtered: bool = False


class FilterText(_Strict):
    """The choice of an indicator at the top of a dashboard."""

    dataset: str
    default: str


class DashboardText(_Strict):
    """A dashboard: trends of single indicators, and tables."""

    title: str
    slug: str
    intro: str
    trends: list[str]
    tables: list[str]
    filter: FilterText
    line: str | None = None


class Texts(_Strict):
    """``dashboards.yml``."""

    words: dict[str, Words]
    labels: dict[str, str]
    datasets: dict[str, DatasetText]
    tables: dict[str, TableText]
    dashboards: list[DashboardText]


def read_texts() -> Texts:
    """``dashboards.yml``, checked.

    Raises:
        ConfigurationError: it says something that is not known here.
    """
    return read_settings(Path(__file__).with_name("dashboards.yml"), Texts, "Dashboards")


def write_bundle(monitor: Path, target: Path) -> Path:
    """Write the bundle for a release as a zip file.

    Args:
        monitor: ``monitor.duckdb`` as Superset will open it: by the link ``current``, so that it sees each new release.
        target: zip file to write.

    Raises:
        duckdb.Error: the release can't be read, or it lacks a column that a chart needs.
        ConfigurationError: ``dashboards.yml`` names a table, column or indicator that the release doesn't have.
    """
    with closing(open_read_only(monitor)) as connection:
        files = dict(bundle_files(connection, monitor))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, document in files.items():
            archive.writestr(f"heerlen_noord/{name}", yaml.safe_dump(document, allow_unicode=True, sort_keys=False))
    return target


def bundle_files(connection: duckdb.DuckDBPyConnection, monitor: Path) -> Iterator[tuple[str, Json]]:
    """Name within the bundle and content of each of its files."""
    made = _Bundle(connection, read_texts())
    yield "metadata.yaml", {"version": VERSION, "type": "Dashboard", "timestamp": made.created_at}
    yield "databases/monitor.yaml", _database(monitor)
    for name, dataset in made.datasets.items():
        yield f"datasets/monitor/{_file(name)}.yaml", dataset
    for dashboard in made.texts.dashboards:
        charts = made.charts(dashboard)
        for chart in charts:
            yield f"charts/{_file(chart.key)}.yaml", chart.document
        yield f"dashboards/{dashboard.slug}.yaml", made.dashboard(dashboard, charts)


@dataclass(frozen=True)
class _Chart:
    """A chart of one dashboard, as Superset imports it, and how much room it takes."""

    key: str
    document: Json
    width: int
    height: int
    is_filtered: bool = False

    @property
    def uuid(self) -> str:
        return str(self.document["uuid"])


def _database(monitor: Path) -> Json:
    return {
        "database_name": DATABASE,
        # Read only: several readers may then open the file at once. Superset opens it anew for each question.
        "sqlalchemy_uri": f"duckdb:///{monitor.absolute()}?access_mode=read_only",
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "extra": {"allows_virtual_table_explore": True},
        "uuid": _uuid("database"),
        "version": VERSION,
    }


@dataclass
class _Bundle:
    """What the release has, and the parts made of it."""

    connection: duckdb.DuckDBPyConnection
    texts: Texts
    _ids: dict[str, int] = field(default_factory=dict)

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    @cached_property
    def created_at(self) -> str:
        return str(self._ask("SELECT created_at FROM meta.release")[0][0].isoformat())

    @cached_property
    def datasets(self) -> dict[str, Json]:
        made = {}
        for pattern, text in self.texts.datasets.items():
            for line in LINES if "{line}" in pattern else ("",):
                name = pattern.format(line=line)
                made[name] = self._dataset(name, text)
        return made

    def _dataset(self, name: str, text: DatasetText) -> Json:
        """A question, also where it is a whole table: Superset on SQLite takes each name of a table once, of any schema."""
        sql = (text.sql or f"SELECT * FROM {name}").format(union_of_latest_values=_union_of_latest_values())
        columns = self._columns(name, sql)
        has = {column["column_name"] for column in columns}
        worded = [_worded(new, words) for new, words in self.texts.words.items() if words.of in has]
        return {
            "table_name": name,
            "description": text.description or self._tables[name],
            "schema": "main",
            "sql": sql,
            "main_dttm_col": "period_start" if "period_start" in has else None,
            "cache_timeout": None,
            "params": None,
            "template_params": None,
            "filter_select_enabled": True,
            "extra": None,
            "columns": [*columns, *worded],
            "metrics": _metrics(has),
            "uuid": _uuid("dataset", name),
            "version": VERSION,
            "database_uuid": _uuid("database"),
        }

    def _columns(self, dataset: str, sql: str) -> list[Json]:
        return [
            {
                "column_name": name,
                "verbose_name": self.texts.labels.get(name),
                "description": self._comments.get((dataset, name)) or self._any_comment.get(name),
                "type": kind,
                "is_dttm": kind == "DATE" or kind.startswith("TIMESTAMP"),
                "is_active": True,
                "groupby": True,
                "filterable": True,
                "expression": None,
            }
            for name, kind, *_ in self._ask(f"DESCRIBE {sql}")
        ]

    @cached_property
    def _tables(self) -> dict[str, str]:
        return dict(self._ask("SELECT schema_name || '.' || table_name, comment FROM duckdb_tables()"))

    @cached_property
    def _comments(self) -> dict[tuple[str, str], str]:
        query = "SELECT schema_name || '.' || table_name, column_name, comment FROM duckdb_columns() WHERE comment IS NOT NULL"
        return {(table, column): comment for table, column, comment in self._ask(query)}

    @cached_property
    def _any_comment(self) -> dict[str, str]:
        """A column of a question has the description that its name has in the tables."""
        return {column: comment for (_, column), comment in reversed(self._comments.items())}

    @cached_property
    def indicators(self) -> dict[str, tuple[str, str, str, int]]:
        """Line, name, unit and decimals by code."""
        rows = self._ask("SELECT indicator_code, line, label_nl, unit, decimals FROM meta.indicators")
        return {code: (line, label, unit, decimals) for code, line, label, unit, decimals in rows}

    def charts(self, dashboard: DashboardText) -> list[_Chart]:
        """The charts of a dashboard in their order, which of the release first."""
        trends = [self._trend(dashboard, code) for code in dashboard.trends]
        first, *others = [self._table(dashboard, key) for key in ("release", *dashboard.tables)]
        return [first, others[0], *trends, *others[1:]]

    def _chart(self, key: str, title: str, note: str | None, dataset: str, form: Json, query: Json) -> Json:
        if dataset not in self.datasets:
            raise ConfigurationError(f"dashboards.yml: {key} asks {dataset}, which is no dataset.")
        # Superset puts its own id of the dataset in the place of this one.
        source = {"id": 1, "type": "table"}
        form = form | {"datasource": "1__table"}
        context = {"datasource": source, "force": False, "queries": [query], "form_data": form}
        context |= {"result_format": "json", "result_type": "full"}
        return {
            "slice_name": title,
            "description": note,
            "certified_by": None,
            "certification_details": None,
            "viz_type": form["viz_type"],
            "params": form,
            "query_context": json.dumps(context, ensure_ascii=False),
            "cache_timeout": None,
            "uuid": _uuid("chart", key),
            "version": VERSION,
            "dataset_uuid": _uuid("dataset", dataset),
        }

    def _table(self, dashboard: DashboardText, key: str) -> _Chart:
        text = self.texts.tables[key]
        line = dashboard.line or ""
        dataset = text.dataset.format(line=line)
        where = {
            column: value.format(line=line) if isinstance(value, str) else value for column, value in text.where.items()
        }
        self._must_have(key, dataset, [*text.columns, *where, *text.order])
        types = {column["column_name"]: column["type"] for column in self.datasets[dataset]["columns"]}
        numbers = [column for column in text.columns if types[column] == "DOUBLE"]
        form = {
            "viz_type": "table",
            "query_mode": "raw",
            "all_columns": text.columns,
            "adhoc_filters": _adhoc(where),
            "order_by_cols": [json.dumps([column, True]) for column in text.order],
            "row_limit": 10000,
            "table_timestamp_format": "%d-%m-%Y",
            "include_search": len(text.columns) > 3,
            "page_length": 20,
            "show_cell_bars": False,
            "color_pn": False,
            "column_config": {c: {"d3NumberFormat": ",.0%" if c in _SHARES else ",.1f"} for c in numbers},
        }
        query = {
            "columns": text.columns,
            "filters": _filters(where),
            "orderby": [[column, True] for column in text.order],
            "row_limit": 10000,
            "extras": {},
        }
        name = f"{dashboard.slug}_{key}"
        small = key == "release"
        document = self._chart(name, text.title, text.note, dataset, form, query)
        return _Chart(name, document, 6 if small else _FULL_WIDTH, 22 if small else 80, text.is_filtered)

    def _trend(self, dashboard: DashboardText, code: str) -> _Chart:
        if code not in self.indicators:
            raise ConfigurationError(f"dashboards.yml: {dashboard.slug} draws {code}, which is no indicator.")
        line, label, unit, decimals = self.indicators[code]
        dataset = f"{line}.indicator_values"
        where = {
            "indicator_code": code,
            "area_code": NOORD,
            "breakdown": "total",
            "period_type": self._kind(line, code),
        }
        columns = {
            "Heerlen-Noord": "value",
            f"Heerlen-Noord{_LINE}": "value",
            f"Heerlen-Noord{_LOWER}": "lower_95",
            f"Heerlen-Noord{_UPPER}": "upper_95",
            "Nederland": "national_value",
            "Rest van Heerlen": "municipality_rest_value",
        }
        metrics = [_metric(name, f"MAX({column})") for name, column in columns.items()]
        form = {
            "viz_type": "echarts_timeseries_line",
            "x_axis": "period_start",
            "time_grain_sqla": None,
            "metrics": metrics,
            "groupby": [],
            "adhoc_filters": _adhoc(where),
            "row_limit": 10000,
            "x_axis_time_format": "%Y" if where["period_type"] in ("year", "school_year") else "%m-%Y",
            "y_axis_format": f",.{decimals}f",
            "y_axis_title": unit,
            "y_axis_title_margin": 50,
            "y_axis_title_position": "Left",
            "tooltipTimeFormat": "%d-%m-%Y",
            "rich_tooltip": True,
            "show_legend": True,
            "legendOrientation": "top",
            "legendType": "plain",
            "markerEnabled": True,
            "markerSize": 6,
            "sort_series_type": "name",
            "sort_series_ascending": True,
            "connectNulls": False,
            "truncateYAxis": False,
            "color_scheme": "supersetColors",
        }
        axis = {
            "columnType": "BASE_AXIS",
            "expressionType": "SQL",
            "label": "period_start",
            "sqlExpression": "period_start",
        }
        query = {
            "columns": [axis],
            "metrics": metrics,
            "filters": _filters(where),
            "orderby": [["period_start", True]],
            "row_limit": 10000,
            "extras": {},
        }
        name = f"{dashboard.slug}_{code}"
        note = f"{label}, {unit}. De band is het 95%-interval van Heerlen-Noord."
        return _Chart(name, self._chart(name, label, note, dataset, form, query), 6, 50)

    def _kind(self, line: str, code: str) -> str:
        kinds = ", ".join(map(literal, _PERIOD_TYPES))
        query = f"""
            SELECT period_type FROM {line}.indicator_values
            WHERE indicator_code = {literal(code)} AND area_code = {literal(NOORD)} GROUP BY period_type
            ORDER BY count(value) = 0, list_position([{kinds}], period_type) LIMIT 1"""
        rows = self._ask(query)
        # A release of few feeds may lack the indicator; its chart is then empty, and says so.
        return str(rows[0][0]) if rows else _PERIOD_TYPES[0]

    def _must_have(self, key: str, dataset: str, columns: list[str]) -> None:
        has = {column["column_name"] for column in self.datasets.get(dataset, {"columns": []})["columns"]}
        if lacking := sorted(set(columns) - has):
            raise ConfigurationError(
                f"dashboards.yml: {key} asks {dataset} for {', '.join(lacking)}, which it doesn't have."
            )

    def dashboard(self, text: DashboardText, charts: list[_Chart]) -> Json:
        """A dashboard with its charts in rows and the choice of an indicator above them."""
        ids = {chart.key: self._ids.setdefault(chart.key, len(self._ids) + 1) for chart in charts}
        return {
            "dashboard_title": text.title,
            "description": text.intro,
            "css": "",
            "slug": text.slug,
            "certified_by": None,
            "certification_details": None,
            "published": True,
            "uuid": _uuid("dashboard", text.slug),
            "position": _position(text, charts, ids),
            "metadata": {
                "label_colors": _COLOURS,
                "color_scheme": "supersetColors",
                "cross_filters_enabled": False,
                "refresh_frequency": 0,
                "native_filter_configuration": [
                    self._filter(text, [ids[chart.key] for chart in charts if not chart.is_filtered])
                ],
            },
            "version": VERSION,
        }

    def _filter(self, text: DashboardText, excluded: list[int]) -> Json:
        column = "indicator_label_nl"
        if text.filter.default not in self.indicators:
            raise ConfigurationError(
                f"dashboards.yml: {text.slug} starts with {text.filter.default}, which is no indicator."
            )
        label = self.indicators[text.filter.default][1]
        return {
            "id": f"NATIVE_FILTER-{text.slug}",
            "type": "NATIVE_FILTER",
            "name": "Indicator voor wijken en buurten",
            "description": "Kies welk cijfer de tabel van wijken en buurten toont.",
            "filterType": "filter_select",
            "targets": [{"datasetUuid": _uuid("dataset", text.filter.dataset), "column": {"name": column}}],
            "defaultDataMask": {
                "filterState": {"value": [label], "label": label},
                "extraFormData": {"filters": [{"col": column, "op": "IN", "val": [label]}]},
            },
            "controlValues": {
                "multiSelect": False,
                "enableEmptyFilter": True,
                "defaultToFirstItem": False,
                "inverseSelection": False,
                "searchAllOptions": False,
            },
            "cascadeParentIds": [],
            "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
        }


def _union_of_latest_values() -> str:
    return " UNION ALL ".join(f"SELECT {literal(line)} AS line, * FROM {line}.latest_values" for line in LINES)


def _worded(name: str, words: Words) -> Json:
    cases = " ".join(f"WHEN {literal(code)} THEN {literal(text)}" for code, text in words.values.items())
    return {
        "column_name": name,
        "verbose_name": words.label,
        "description": f"{words.of} in gewone woorden (in words)",
        "type": "VARCHAR",
        "is_dttm": False,
        "is_active": True,
        "groupby": True,
        "filterable": True,
        "expression": f"CASE {words.of}::VARCHAR {cases} ELSE {words.of}::VARCHAR END",
    }


def _metrics(has: set[str]) -> list[Json]:
    """Saved questions for whoever makes charts of their own. Figures of areas are never added up: a rate has no sum."""
    found = [("aantal_rijen", "COUNT(*)", "Aantal rijen", "Aantal rijen (rows)")]
    if {"value", "area_code"} <= has:
        found.append(("cijfer", "MAX(value)", "Cijfer", "Het cijfer van een gebied en periode; kies die eerst (value)"))
    if "share_closed" in has:
        found.append(
            ("deel_ingelopen", "MAX(share_closed)", "Deel ingelopen", "Kies eerst gebied en indicator (share closed)")
        )
    return [
        {
            "metric_name": name,
            "expression": expression,
            "verbose_name": label,
            "description": description,
            "metric_type": None,
            "d3format": None,
            "warning_text": None,
            "extra": {},
        }
        for name, expression, label, description in found
    ]


def _metric(label: str, expression: str) -> Json:
    return {
        "expressionType": "SQL",
        "sqlExpression": expression,
        "label": label,
        "hasCustomLabel": True,
        "optionName": f"metric_{_uuid(label)[:8]}",
    }


def _filters(where: Mapping[str, Any]) -> list[Json]:
    return [
        {"col": column, "op": "IN" if isinstance(value, list) else "==", "val": value}
        for column, value in where.items()
    ]


def _adhoc(where: Mapping[str, Any]) -> list[Json]:
    return [
        {
            "clause": "WHERE",
            "expressionType": "SIMPLE",
            "subject": item["col"],
            "operator": item["op"],
            "operatorId": "IN" if item["op"] == "IN" else "EQUALS",
            "comparator": item["val"],
        }
        for item in _filters(where)
    ]


def _position(text: DashboardText, charts: list[_Chart], ids: Mapping[str, int]) -> Json:
    """Superset's tree of a dashboard: rows of charts, filled from left to right up to the full width."""
    tree: Json = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": text.title}},
    }
    intro = f"## {text.title}\n\n{text.intro}\n\nLeeg is niet nul: in de kolom *Waarom leeg* staat de reden."
    parts = [("MARKDOWN-intro", "MARKDOWN", 6, {"code": intro, "width": 6, "height": 22})]
    for chart in charts:
        meta = {"chartId": ids[chart.key], "uuid": chart.uuid, "sliceName": chart.document["slice_name"]}
        meta |= {"width": chart.width, "height": chart.height}
        parts.append((f"CHART-{chart.key}", "CHART", chart.width, meta))
    free = 0
    for key, kind, width, meta in parts:
        if width > free:
            row = f"ROW-{len(tree['GRID_ID']['children']) + 1}"
            tree[row] = {"id": row, "type": "ROW", "children": [], "parents": ["ROOT_ID", "GRID_ID"]}
            tree[row]["meta"] = {"background": "BACKGROUND_TRANSPARENT"}
            tree["GRID_ID"]["children"].append(row)
            free = _FULL_WIDTH
        tree[key] = {"id": key, "type": kind, "children": [], "parents": ["ROOT_ID", "GRID_ID", row], "meta": meta}
        tree[row]["children"].append(key)
        free -= width
    return tree


def _uuid(*names: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(("heerlen-noord", *names))))


def _file(name: str) -> str:
    return name.replace(".", "_").lower()


@click.command()
@click.argument("monitor", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def main(monitor: Path, target: Path) -> None:
    """Write the bundle for the release at MONITOR to TARGET, to import it in a Superset of your own."""
    click.echo(f"Wrote {write_bundle(monitor, target)}.")


if __name__ == "__main__":
    main()
