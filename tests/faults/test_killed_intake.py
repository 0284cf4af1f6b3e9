"""SIGKILL while deliveries are taken in loses nothing and repeats nothing."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from sources.environment import Environment
from sources.landing import Landing
from sources.partners.register import Register
from tests.path.conftest import ROOT
from tests.support.deliveries import assistance, partner_environment, put_in

pytestmark = pytest.mark.slow

_MONTHS = [f"2025{month:02}" for month in range(1, 11)]
_RUN = """
import sys
from pathlib import Path
from sources.landing import Landing
from sources.partners.intake import take_in_all
from tests.support.deliveries import partner_environment, partner_feed
environment, feed = partner_environment(Path(sys.argv[1])), partner_feed()
landing = Landing(environment)
landing.sweep()
print("started", flush=True)
take_in_all(feed, environment, landing, lambda text: print(text, flush=True), [feed])
print("done", flush=True)
"""


def _fill(environment: Environment) -> None:
    """Ten months, a correction of one of them, the same file once more, and one that can't be read."""
    for number, month in enumerate(_MONTHS):
        put_in(environment, "gemeente", f"wiz_bijstand_{month}.csv", assistance(month, [number, 10, 20]))
    put_in(environment, "gemeente", "wiz_bijstand_202511.csv", assistance("202501", [7, 7, 7]))
    put_in(environment, "gemeente", "wiz_bijstand_202512.csv", assistance("202501", [7, 7, 7]))
    put_in(environment, "gemeente", "wiz_bijstand_202601.csv", b"geen;levering\n1;2\n")


def _run_and_kill(home: Path, lines: int, delay: float) -> bool:
    """Start an intake and kill it `delay` seconds after so many lines; whether it was still busy then."""
    command = [sys.executable, "-c", _RUN, str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        assert run.stdout is not None
        said = [run.stdout.readline() for _ in range(lines)]
        time.sleep(delay)
        run.send_signal(signal.SIGKILL)
        run.wait()
        return "done\n" not in [*said, *run.stdout]


def _end(environment: Environment) -> object:
    deliveries = Register(environment).deliveries()
    landing = Landing(environment)
    assert Register(environment).verify() == len(deliveries)
    newest = {
        period: (landing.folder(snapshot) / "cells.csv").read_bytes()
        for period, snapshot in landing.newest("bijstand_wijk").items()
    }
    return (
        Counter((d.file_name, d.file_sha256, d.decision, d.delivered, d.periods, d.replaces) for d in deliveries),
        newest,
        Counter((s.table.id, s.upstream_version) for s in landing.snapshots("bijstand_wijk")),
        Counter(path.read_bytes() for path in environment.delivery_archive.rglob("original*")),
        len(list(environment.reports.rglob("*.html"))),
        [path.name for path in environment.quarantine.iterdir() if path.is_dir()],
        list((environment.inbox / "gemeente").iterdir()),
    )


def test_intakes_that_are_killed_end_as_one_that_is_not(tmp_path: Path) -> None:
    calm, shaken = partner_environment(tmp_path / "rust"), partner_environment(tmp_path / "onrust")
    for environment in (calm, shaken):
        _fill(environment)
    assert not _run_and_kill(tmp_path / "rust", 100, 0)
    chance = random.Random(917)
    killed = sum(_run_and_kill(tmp_path / "onrust", 1 + attempt % 3, chance.uniform(0, 0.12)) for attempt in range(12))
    assert killed >= 5, "the kills came too late to mean anything"
    assert not _run_and_kill(tmp_path / "onrust", 100, 0)
    assert _end(shaken) == _end(calm)
    deliveries = Register(shaken).deliveries()
    assert Counter(d.decision for d in deliveries) == {"accepted": 11, "duplicate": 1, "refused": 1}
