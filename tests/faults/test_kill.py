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

from tests.path.conftest import FEW_FEEDS, ROOT, noord
from tests.support.archives import changed_archive, newer

pytestmark = pytest.mark.slow

LINES = ("leren", "werken", "gezondheid", "wonen", "veiligheid")
MOMENTS = [
    ("downloading 84799NED", 0.0),
    ("cbs_kerncijfers: auditing", 0.1),
    ("politie_misdrijven: auditing", 0.2),
    ("building the marts", 2.0),
    ("release gate and release", 0.8),
    ("release gate and release", 1.6),
]


def _run_and_kill(home: Path, archive: Path, marker: str, delay: float) -> bool:
    """Start a run, kill it `delay` seconds after it says `marker`; whether it was still alive then."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOORD_", "DAGSTER_"))}
    environment |= {"NOORD_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "orchestration", "run", "--feeds", str(archive), *FEW_FEEDS]
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


def _figures(home: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "replay-opname" / "current" / "monitor.duckdb"), read_only=True) as monitor:
        return [
            monitor.execute(
                f"SELECT count(*), count(value), round(sum(value), 6) FROM {line}.indicator_values"
            ).fetchall()[0]
            for line in LINES
        ]


def test_killed_runs_leave_current_whole_and_the_next_run_healthy(tmp_path: Path) -> None:
    home, archive = tmp_path / "home", tmp_path / "opname.warc.gz"
    _news(archive, 0)
    assert noord("run", "--feeds", str(archive), *FEW_FEEDS, home=home).returncode == 0
    before = _figures(home)
    killed = 0
    for number, (marker, delay) in enumerate(MOMENTS, start=1):
        _news(archive, number)
        killed += _run_and_kill(home, archive, marker, delay)
        assert _figures(home) == before, f"after a kill {delay} s into '{marker}'"
    assert killed >= 4, "the kills came too late to mean anything"
    _news(archive, len(MOMENTS) + 1)
    result = noord("run", "--feeds", str(archive), *FEW_FEEDS, home=home)
    assert result.returncode == 0, result.stdout + result.stderr
    assert _figures(home) == before
    environment = home / "replay-opname"
    assert [*(environment / "releases").glob(".*"), *environment.glob(".current-*")] == []
    assert noord("run", "--feeds", str(archive), *FEW_FEEDS, home=home).stdout.count("Nothing changed") == 1
