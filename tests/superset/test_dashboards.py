"""Superset from nothing to every chart answered: each answer beside the same question asked of the release."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser

from publication.catalog import LINES, literal, open_read_only, quote
from publication.superset.bundle import Texts, read_texts
from tests.superset.conftest import PASSWORD, Running

pytestmark = [pytest.mark.slow, pytest.mark.superset]
TEXTS = read_texts()
# Superset's word for a column of moments, which it gives in milliseconds since 1970.
_TEMPORAL = 2


def test_there_is_a_dashboard_for_the_programme_and_each_line(superset: Running) -> None:
    found = superset.listed("dashboard")
    assert {item["slug"] for item in found} == {"heerlen-noord", *LINES}
    assert all(item["published"] for item in found)


def test_each_dashboard_has_gaps_trends_buurten_freshness_and_origin(superset: Running) -> None:
    for dashboard in superset.listed("dashboard"):
        charts = superset.ask(f"/api/v1/dashboard/{dashboard['id']}/charts")["result"]
        titles = {chart["slice_name"] for chart in charts}
        assert {
            "Waar staat Heerlen-Noord?",
            "Wijken en buurten",
            "Deze uitgave",
            "Hoe vers zijn de cijfers, en van wie?",
        } <= titles, dashboard["slug"]
        trends = [chart for chart in charts if chart["form_data"]["viz_type"] == "echarts_timeseries_line"]
        assert len(trends) >= 4, dashboard["slug"]
        for trend in trends:
            labels = {metric["label"] for metric in trend["form_data"]["metrics"]}
            assert {"Heerlen-Noord", "Heerlen-Noord__yhat_lower", "Heerlen-Noord__yhat_upper", "Nederland"} <= labels


def test_every_chart_answers_with_the_rows_of_the_release(superset: Running) -> None:
    charts = superset.listed("chart")
    assert len(charts) == sum(1 + len(text.tables) + len(text.trends) for text in TEXTS.dashboards)
    different, rows = {}, 0
    with closing(open_read_only(superset.monitor)) as connection:
        for chart in charts:
            (answer,) = superset.ask(f"/api/v1/chart/{chart['id']}/data/")["result"]
            form = json.loads(superset.ask(f"/api/v1/chart/{chart['id']}")["result"]["params"])
            expected = [_plain(row) for row in connection.execute(_question(form, chart)).fetchall()]
            kinds = dict(zip(answer["colnames"], answer["coltypes"], strict=True))
            found = [
                _plain(tuple(_day(row[name]) if kind == _TEMPORAL else row[name] for name, kind in kinds.items()))
                for row in answer["data"]
            ]
            assert expected, f"{chart['slice_name']} has no rows, so its test says nothing"
            rows += len(expected)
            if found != expected:
                different[chart["slice_name"]] = next(
                    (pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]),
                    (len(found), len(expected)),
                )
    assert not different, different
    assert rows > 1000


def _question(form: dict[str, Any], chart: dict[str, Any]) -> str:
    """The chart's question in SQL on the mart itself, written without Superset or the bundle's own queries."""
    dataset = chart["datasource_name_text"].removeprefix("main.")
    where = " AND ".join(_condition(item) for item in form["adhoc_filters"]) or "true"
    if form["viz_type"] == "table":
        columns = ", ".join(_words(TEXTS, name) for name in form["all_columns"])
        order = ", ".join(f"{quote(json.loads(item)[0])} NULLS LAST" for item in form["order_by_cols"])
    else:
        columns = ", ".join(
            ["period_start", "value", "value", "lower_95", "upper_95", "national_value", "municipality_rest_value"]
        )
        order = "period_start"
    return f"SELECT {columns} FROM {_source(dataset)} WHERE {where} ORDER BY {order}"


def _source(dataset: str) -> str:
    if dataset == "nieuwste_cijfers":
        parts = [f"SELECT {literal(line)} AS line, * FROM {line}.latest_values" for line in LINES]
        return f"({' UNION ALL BY NAME '.join(parts)})"
    if dataset == "bronnen":
        return "(SELECT *, unnest(lines) AS line FROM meta.feeds LEFT JOIN meta.freshness USING (feed_id))"
    return dataset


def _condition(item: dict[str, Any]) -> str:
    value = item["comparator"]
    if isinstance(value, list):
        return f"{quote(item['subject'])} IN ({', '.join(map(literal, value))})"
    return f"{quote(item['subject'])} = {literal(value) if isinstance(value, str) else value}"


def _words(texts: Texts, column: str) -> str:
    words = texts.words.get(column)
    if words is None:
        return quote(column)
    known = ", ".join(f"{literal(code)}: {literal(text)}" for code, text in words.values.items())
    # A code without words shows as NULL here and as itself in Superset, so that it is noticed.
    return f"(MAP {{{known}}})[{words.of}::VARCHAR]"


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Moments as days, and figures to twelve digits."""
    made: list[Any] = []
    for value in row:
        if hasattr(value, "isoformat"):
            made.append(value.isoformat()[:10])
        elif isinstance(value, float):
            made.append(float(f"{value:.12g}"))
        else:
            made.append(value)
    return tuple(made)


def _day(milliseconds: float | None) -> str | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()


def test_datasets_carry_the_descriptions_of_the_release(superset: Running) -> None:
    datasets = {item["table_name"]: item["id"] for item in superset.listed("dataset")}
    assert {f"{line}.indicator_values" for line in LINES} <= datasets.keys()
    found = superset.ask(f"/api/v1/dataset/{datasets['werken.latest_values']}")["result"]
    with closing(open_read_only(superset.monitor)) as connection:
        comments = dict(
            connection.execute(
                "SELECT column_name, comment FROM duckdb_columns() "
                "WHERE schema_name = 'werken' AND table_name = 'latest_values'"
            ).fetchall()
        )
    described = {
        column["column_name"]: column["description"] for column in found["columns"] if not column["expression"]
    }
    assert described == comments
    assert all(comments.values())
    assert found["description"].startswith("SAMPLE")
    assert {metric["metric_name"] for metric in found["metrics"]} == {"aantal_rijen", "cijfer"}


def test_superset_cannot_write_to_the_release(superset: Running) -> None:
    (database,) = superset.listed("database")
    uri = superset.ask(f"/api/v1/database/{database['id']}/connection")["result"]["sqlalchemy_uri"]
    assert uri.endswith("/current/monitor.duckdb?access_mode=read_only")
    assert not database["allow_dml"]
    assert not database["allow_file_upload"]
    token = superset.ask("/api/v1/security/csrf_token/")["result"]
    answer = superset.session.post(
        f"{superset.url}/api/v1/sqllab/execute/",
        json={"database_id": database["id"], "sql": "DELETE FROM meta.release", "runAsync": False},
        headers={"X-CSRFToken": token, "Referer": superset.url},
        timeout=60,
    )
    assert answer.status_code != 200, answer.text
    assert superset.monitor.stat().st_size > 1_000_000


def test_a_flipped_release_is_seen_with_the_next_question(superset: Running, tmp_path: Path) -> None:
    """Also while other questions are being answered: one process must not go on with a file that it has open."""
    link, old = superset.monitor.parent, superset.monitor.parent.resolve()
    new = tmp_path / "release"
    new.mkdir()
    shutil.copyfile(old / "monitor.duckdb", new / "monitor.duckdb")
    with closing(duckdb.connect(str(new / "monitor.duckdb"))) as connection:
        connection.execute("UPDATE meta.release SET release_id = '20990101T000000Z-flipped0'")
    charts = {chart["slice_name"]: chart["id"] for chart in superset.listed("chart")}
    known = {_release_id(superset, charts["Deze uitgave"]), "20990101T000000Z-flipped0"}
    assert len(known) == 2
    try:
        with _busy_readers(superset, charts["Wijken en buurten"]):
            for _ in range(5):
                for release, name in ((new, "20990101T000000Z-flipped0"), (old, old.name)):
                    _flip(link, release)
                    assert _release_id(superset, charts["Deze uitgave"]) == name
    finally:
        _flip(link, old)


def _release_id(superset: Running, chart: int) -> str:
    (answer,) = superset.ask(f"/api/v1/chart/{chart}/data/")["result"]
    return str(answer["data"][0]["release_id"])


def _flip(link: Path, release: Path) -> None:
    """As a release does it: one rename of a finished link."""
    made = link.with_name(".current-new")
    made.symlink_to(release)
    os.replace(made, link)


@contextmanager
def _busy_readers(superset: Running, chart: int) -> Iterator[None]:
    """Two readers that ask a large table over and over; an error of either is raised at the end."""
    enough = Event()

    def ask() -> int:
        answers = 0
        while not enough.is_set():
            superset.ask(f"/api/v1/chart/{chart}/data/")
            answers += 1
        return answers

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(ask) for _ in range(2)]
        try:
            yield
        finally:
            enough.set()
    assert all(reader.result() > 0 for reader in readers)


def test_secret_and_database_are_for_their_owner_only(superset: Running) -> None:
    home = superset.monitor.parents[1] / "superset"
    assert home.stat().st_mode & 0o077 == 0
    assert (home / "secret").stat().st_mode & 0o077 == 0
    assert (home / "secret").read_text(encoding="utf-8") not in (home / "setup.log").read_text(encoding="utf-8")
    assert PASSWORD not in (home / "setup.log").read_text(encoding="utf-8")


def test_a_dashboard_shows_in_a_browser_and_asks_nobody_else(superset: Running, browser: Browser) -> None:
    """Superset's own page for a dashboard: all charts drawn, no error, the chosen indicator in the table of buurten."""
    context = browser.new_context(viewport={"width": 1440, "height": 6000}, locale="nl-NL")
    page = context.new_page()
    answered, failed, outside = [], [], []
    page.on("response", lambda r: answered.append((r.status, r.url)) if "/api/v1/chart/data" in r.url else None)
    page.on("requestfailed", lambda r: failed.append((r.url, r.failure)))
    page.on(
        "request", lambda r: outside.append(r.url) if not r.url.startswith((superset.url, "data:", "blob:")) else None
    )
    page.goto(f"{superset.url}/login/")
    page.locator("#username").fill("admin")
    page.locator("#password").fill(PASSWORD)
    page.locator("#password").press("Enter")
    page.wait_for_url(re.compile("welcome"))
    page.goto(f"{superset.url}/superset/dashboard/werken/?standalone=1")
    page.locator("canvas").nth(3).wait_for()
    page.get_by_text("Maria Gewanden").first.wait_for()
    assert page.get_by_text("SAMPLE – verzonnen cijfers").count() >= 1
    assert page.get_by_text("Waar staat Heerlen-Noord?").count() == 1
    assert page.locator("[role=alert]").count() == 0
    assert len(answered) >= 8
    assert {status for status, _ in answered} == {200}
    # Superset's pages carry a counting picture of another host. The policy of ours stops it before it leaves.
    assert set(outside) <= {url for url, why in failed if why == "csp"}
    context.close()
