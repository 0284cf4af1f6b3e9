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

from tests.path.conftest import ROOT, noord

pytestmark = pytest.mark.slow

LINES = ("leren", "werken", "gezondheid", "wonen", "veiligheid")
MOMENTS = [
    ("downloading 84799NED", 0.0),
    ("auditing 13 tables", 0.3),
    ("politie_misdrijven: auditing", 0.25),
    ("building the marts", 3.0),
    ("release gate and release", 1.5),
    ("release gate and release", 2.5),
]


def _run_and_kill(home: Path, marker: str, delay: float) -> bool:
    """Start a forced run, kill it `delay` seconds after it says `marker`; whether it was still alive then."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOORD_", "DAGSTER_"))}
    environment |= {"NOORD_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "orchestration", "run", "--feeds", "sample", "--force"]
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


def _figures(home: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "sample" / "current" / "monitor.duckdb"), read_only=True) as monitor:
        return [
            monitor.execute(
                f"SELECT count(*), count(value), round(sum(value), 6) FROM {line}.indicator_values"
            ).fetchall()[0]
            for line in LINES
        ]


def test_killed_runs_leave_current_whole_and_the_next_run_healthy(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert noord("run", "--feeds", "sample", home=home).returncode == 0
    before = _figures(home)
    killed = 0
    for marker, delay in MOMENTS:
        killed += _run_and_kill(home, marker, delay)
        assert _figures(home) == before, f"after a kill {delay} s into '{marker}'"
    assert killed >= 4, "the kills came too late to mean anything"
    result = noord("run", "--feeds", "sample", "--force", home=home)
    assert result.returncode == 0, result.stdout + result.stderr
    assert _figures(home) == before
    leftovers = [*(home / "sample" / "releases").glob(".*"), *(home / "sample").glob(".current-*")]
    assert leftovers == []
    assert noord("run", "--feeds", "sample", home=home).stdout.count("Nothing changed") == 1
