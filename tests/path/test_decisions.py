"""Held feed, red gate, rollback and overlapping runs, with the real command on a copy of the sample's home."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.path.conftest import FEW_FEEDS, ROOT, Replay, noord
from tests.support.archives import changed_archive, newer

pytestmark = pytest.mark.slow


@pytest.fixture
def replay(few_feeds: Replay, tmp_path: Path) -> Replay:
    return few_feeds.copy(tmp_path / "copy")


def _current(home: Path) -> str:
    return (home / "replay-opname" / "current").resolve().name


def _query(home: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "replay-opname" / "current" / "monitor.duckdb"), read_only=True) as monitor:
        return monitor.execute(sql).fetchall()


def test_a_held_feed_stops_nothing_else_and_a_rollback_brings_the_last_release_back(replay: Replay) -> None:
    home, archive = replay.home, replay.archive
    first = _current(home)
    crimes = _query(
        home, "SELECT count(value), sum(value) FROM veiligheid.indicator_values WHERE feed_id = 'politie_misdrijven'"
    )

    def change(url: str, body: bytes) -> bytes:
        body = newer(url, body, "47018NED")
        body = newer(url, body, "84799NED")
        if "47018NED/TypedDataSet" in url:
            return body.replace(b'"GeregistreerdeMisdrijven_1":', b'"GeregistreerdeMisdrijven_1":-', 1)
        return body

    changed_archive(archive, change)
    result = replay.run()
    assert result.returncode == 3, result.stdout + result.stderr
    assert "held politie_misdrijven: " in result.stdout
    assert "registered_crimes__values_to_be_between failed: 5 of 28,140 rows" in result.stdout
    assert "the last good figures stay" in result.stdout
    second = _current(home)
    assert second != first, "the other feed's news is released"
    kerncijfers = _query(
        home, "SELECT count(*) FROM meta.snapshots WHERE table_id = '84799NED' AND upstream_version LIKE '21%'"
    )
    assert kerncijfers == [(1,)]
    assert (
        _query(
            home,
            "SELECT count(value), sum(value) FROM veiligheid.indicator_values WHERE feed_id = 'politie_misdrijven'",
        )
        == crimes
    )
    assert _query(home, "SELECT feed_id FROM meta.feeds WHERE held_because IS NOT NULL") == [("politie_misdrijven",)]
    red = _query(
        home,
        "SELECT check_name, found, examples FROM meta.checks WHERE NOT passed AND subject = 'politie_misdrijven' ORDER BY 1",
    )
    negative = "registered_crimes__values_to_be_between"
    assert [name for name, _, _ in red] == ["delivery", "parts_do_not_exceed_total", negative]
    assert str(red[2][2]).startswith("[-")

    again = replay.run()
    assert again.returncode == 3
    assert _current(home) == second, "still held, nothing new: no release"

    rolled = noord("rollback", first, "--feeds", str(archive), home=home)
    assert rolled.returncode == 0, rolled.stderr
    assert _current(home) == first


def test_a_red_release_gate_leaves_current_as_it_was(replay: Replay, tmp_path: Path) -> None:
    """In a copy of the project an indicator is scaled wrongly, so that its percentages leave 0 to 100."""
    home, archive = replay.home, replay.archive
    before = _current(home)
    project = tmp_path / "project"
    ignored = shutil.ignore_patterns(".venv", ".git", "data", "__pycache__", "target", ".mypy_cache", ".ruff_cache")
    shutil.copytree(ROOT, project, ignore=ignored)
    seed = project / "dbt_project" / "seeds" / "indicators.csv"
    lines = seed.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [
        line.replace("ratio,100,", "ratio,100000,") if line.startswith("LER_ADVIES_HAVO_PLUS") else line
        for line in lines
    ]
    assert changed != lines
    seed.write_text("".join(changed), encoding="utf-8")
    environment = {"PATH": "/usr/bin:/bin", "NOORD_HOME": str(home), "COLUMNS": "160", "PYTHONPATH": str(project)}
    command = [sys.executable, "-m", "orchestration", "run", "--feeds", str(archive), *FEW_FEEDS]
    result = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 1, result.stdout + result.stderr
    assert "The release gate is red: leren.indicator_values.percentages" in result.stdout
    assert f"The current release stays: {before}." in result.stdout
    assert _current(home) == before
    assert _query(home, "SELECT max(value) <= 100 FROM leren.indicator_values WHERE unit = '%'") == [(True,)]
    kept = sorted(path.name for path in (home / "replay-opname" / "releases").iterdir())
    assert kept == [before]


def test_two_runs_at_once_both_finish_and_make_one_release(few_feeds: Replay) -> None:
    """Those that made the home, from nothing."""
    assert [code for code, _, _ in few_feeds.first_runs] == [0, 0], few_feeds.first_runs
    assert sorted("Nothing changed" in out for _, out, _ in few_feeds.first_runs) == [False, True]
    assert len(list((few_feeds.environment / "releases").iterdir())) == 1


def test_an_archive_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "kapot.warc.gz"
    broken.write_bytes(gzip.compress(b"<html>") + b"rest")
    result = noord("run", "--feeds", str(broken), home=tmp_path / "home")
    assert result.returncode in (1, 2, 3)
    assert "Traceback" not in result.stderr
