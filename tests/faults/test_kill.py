"""SIGKILL at any moment leaves `current` readable and the next run healthy.

Moments are tied to what the run says it is doing, then to fractions of a second after it, so that each phase is hit:
download, audit, promotion, dbt, gate, the building of the release and the flip.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.path.conftest import FEW_FEEDS, ROOT, Replay, few_feeds
from tests.support.archives import changed_archive, newer

__all__ = ["few_feeds"]
pytestmark = pytest.mark.slow

LINES = ("leren", "werken", "gezondheid", "wonen", "veiligheid")
MOMENTS = [
    ("downloading 84799NED", 0.0),
    ("cbs_kerncijfers: auditing", 0.1),
    ("politie_misdrijven: auditing", 0.2),
    ("building the marts", 2.0),
    # Moments within the building of a release are those of tests/unit/publication/test_faults.py.
    ("release gate and release", 1.2),
]


def _run_and_kill(replay: Replay, marker: str, delay: float) -> bool:
    """Start a run, kill it `delay` seconds after it says `marker`; whether it was still alive then."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOORD_", "DAGSTER_"))}
    environment |= {"NOORD_HOME": str(replay.home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "orchestration", "run", "--feeds", str(replay.archive), *FEW_FEEDS]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if marker in line:
                break
        time.sleep(delay)
        alive = run.poll() is None
        run.send_signal(signal.SIGKILL)
        run.wait()
    return alive


def _news(archive: Path, number: int) -> None:
    """Two publishers publish anew with the same figures: a whole run from download to flip, and figures to compare."""
    century = str(21 + number)

    def change(url: str, body: bytes) -> bytes:
        return newer(url, newer(url, body, "84799NED", century), "47018NED", century)

    changed_archive(archive, change)


def _figures(replay: Replay) -> list[tuple[object, ...]]:
    with duckdb.connect(str(replay.environment / "current" / "monitor.duckdb"), read_only=True) as monitor:
        return [
            monitor.execute(
                f"SELECT count(*), count(value), round(sum(value), 6) FROM {line}.indicator_values"
            ).fetchall()[0]
            for line in LINES
        ]


def test_killed_runs_leave_current_whole_and_the_next_run_healthy(few_feeds: Replay, tmp_path: Path) -> None:
    replay = few_feeds.copy(tmp_path / "copy")
    before = _figures(replay)
    killed = 0
    for number, (marker, delay) in enumerate(MOMENTS):
        _news(replay.archive, number)
        killed += _run_and_kill(replay, marker, delay)
        assert _figures(replay) == before, f"after a kill {delay} s into '{marker}'"
    assert killed >= 4, "the kills came too late to mean anything"
    _news(replay.archive, len(MOMENTS))
    result = replay.run()
    assert result.returncode == 0, result.stdout + result.stderr
    assert _figures(replay) == before
    assert [*(replay.environment / "releases").glob(".*"), *replay.environment.glob(".current-*")] == []
    assert replay.run().stdout.count("Nothing changed") == 1
