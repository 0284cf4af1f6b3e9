"""The event log that is kept open holds what Dagster's own would hold, and Dagster's own reads it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy

from orchestration.event_log import KeptEventLog
from orchestration.instance import opened_instance

FEED = dg.AssetKey("feed")
# Times, durations, processes and names of captured logs.
_CHANCE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?|[0-9a-f]{8}-[0-9a-f-]{27}|\d+(\.\d+)?m?s\b|\d+\.\d{3,}|\d{5,}"
    r'|"log_key": "\w+"|pid: \d+|"pid", "\d+"'
)


@dg.asset(key=FEED, check_specs=[dg.AssetCheckSpec(name, asset=FEED) for name in ("right", "wrong")])
def feed() -> Iterator[Any]:
    yield dg.MaterializeResult(metadata={"rows": 7}, data_version=dg.DataVersion("one"))
    yield dg.AssetCheckResult(asset_key=FEED, check_name="right", passed=True)
    yield dg.AssetCheckResult(asset_key=FEED, check_name="wrong", passed=False, metadata={"found": "two rows"})


def run_twice(instance: dg.DagsterInstance) -> list[str]:
    with instance:
        return [dg.materialize([feed], instance=instance).run_id for _ in range(2)]


def stored(history: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every file by file and table; runs by their order, and nothing that is another at each run."""
    runs = sorted(
        (path for path in history.glob("*.db") if path.stem != "index"), key=lambda path: path.stat().st_mtime_ns
    )
    names = {path.stem: f"run {number}" for number, path in enumerate(runs)}
    found: dict[str, list[tuple[Any, ...]]] = {}
    for path in (*runs, history / "index.db"):
        connection = sqlite3.connect(path)
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            found[f"{names.get(path.stem, 'index')} {table}"] = [
                tuple(_steady(value, names) for value in row) for row in rows
            ]
        connection.close()
    return found


def _steady(value: object, names: dict[str, str]) -> object:
    if not isinstance(value, str):
        return value
    for name, word in names.items():
        value = value.replace(name, word)
    return _CHANCE.sub("~", value)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "kept"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    return home


def test_it_holds_what_dagsters_own_holds(kept: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    run_twice(dg.DagsterInstance.from_config(str(own)))
    run_twice(opened_instance())
    expected, found = stored(own / "history" / "runs"), stored(kept / "history" / "runs")
    assert len(expected["index asset_check_executions"]) == 4
    assert found == expected


def test_dagsters_own_reads_it_while_the_run_goes_on(kept: Path) -> None:
    """What the UI sees does not wait for the end: each event is there once it is stored."""
    seen: list[int] = []

    @dg.asset
    def looks(context) -> None:  # type: ignore[no-untyped-def]
        context.log.info("before")
        with dg.DagsterInstance.from_config(str(kept)) as ui:
            seen.append(len([e for e in ui.all_logs(context.run_id) if "before" in e.user_message]))

    with opened_instance() as instance:
        assert dg.materialize([looks], instance=instance).success
    assert seen == [1]
    assert not list((kept / "history" / "runs").glob("*-wal")), "the files are closed and whole"


def test_each_file_is_opened_once(kept: Path) -> None:
    opened: list[str] = []

    def note(_dialect: Any, _record: Any, arguments: Any, _parameters: Any) -> None:
        opened.append(Path(arguments[0]).stem)

    instance = opened_instance()
    storage = instance.event_log_storage
    with instance:
        sqlalchemy.event.listen(sqlalchemy.Engine, "do_connect", note)
        try:
            run_id = dg.materialize([feed], instance=instance).run_id
        finally:
            sqlalchemy.event.remove(sqlalchemy.Engine, "do_connect", note)
    assert isinstance(storage, KeptEventLog)
    # Dagster makes the tables with a second connection, and looks for two of them with a third.
    assert opened.count(run_id) <= 2
    assert opened.count("index") <= 3
