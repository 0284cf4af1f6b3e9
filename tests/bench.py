"""``make bench``: wall, CPU and peak memory of the main jobs, each in a process of its own, as a table.

Measured, never asserted: the numbers depend on the machine. Jobs that need the real captures say so when they are absent.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
SCOPE = ROOT / "tests" / "support" / "whole_country.yml"
YEARS = (3, 7, 13)
Row = Callable[[str, "Measured"], None]


@dataclass(frozen=True)
class Measured:
    """Seconds of wall clock and CPU, and peak resident memory in MB, of one process."""

    wall: float
    cpu: float
    memory: float


def measure(arguments: list[str], **settings: str) -> tuple[Measured, str]:
    """Run one Python process and measure it by itself; children of other jobs do not count.

    Raises:
        RuntimeError: it failed.
    """
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("NOORD_", "DAGSTER_"))
    } | settings
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as job:
        assert job.stdout is not None
        output = job.stdout.read().decode()
        _, status, usage = os.wait4(job.pid, 0)
        job.returncode = os.waitstatus_to_exitcode(status)
    if job.returncode != 0:
        raise RuntimeError(f"{arguments} ended with {job.returncode}: {output[-1500:]}")
    return Measured(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), output


def within(name: str, output: str) -> Measured:
    """The figures that a job printed of a part of itself."""
    line = next(line for line in output.splitlines() if line.startswith(f"{name} "))
    return Measured(**json.loads(line.removeprefix(f"{name} ")))


def main() -> None:
    table = Table(title="make bench", title_justify="left")
    for heading in ("job", "wall s", "CPU s", "peak MB"):
        table.add_column(heading, justify="left" if heading == "job" else "right")

    def row(name: str, measured: Measured) -> None:
        table.add_row(name, f"{measured.wall:.2f}", f"{measured.cpu:.2f}", f"{measured.memory:.0f}")

    with tempfile.TemporaryDirectory() as scratch:
        home = {"NOORD_HOME": scratch}
        row("first run on the sample", measure(["-m", "orchestration", "run"], **home)[0])
        row("unchanged run", measure(["-m", "orchestration", "run"], **home)[0])
        row("import of the definitions", measure(["-c", "import orchestration.definitions"])[0])
        _, output = measure(["-m", "tests.bench_parts", "dbt", scratch], **home)
        row("dbt build (in a warm process)", within("dbt build", output))
        _, output = measure(["-m", "tests.bench_parts", "release", scratch], **home)
        row("release: gate (in a warm process)", within("gate", output))
        row("release: build and flip", within("build", output))
        monitor = Path(scratch) / "sample" / "current" / "monitor.duckdb"
        _, waited = measure(["-m", "tests.bench_queries", str(monitor)])
    _feeds(row)
    _delivery(row)
    _kerncijfers(row)
    Console(width=100).print(table)
    print(waited)


def _feeds(row: Row) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        _, output = measure(["-m", "tests.bench_parts", "feeds", scratch], NOORD_HOME=scratch)
    for line in output.splitlines():
        if line.startswith("feed "):
            name = " ".join(line.split()[:2])
            row(f"first arrival on the sample: {name.removeprefix('feed ')} (warm)", within(name, output))


def _delivery(row: Row) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        settings = {"NOORD_HOME": scratch, "NOORD_INBOX_SETTLE": "0"}
        _, output = measure(["-m", "tests.bench_parts", "rows", scratch], **settings)
        people = output.split()[-1]
        _, output = measure(["-m", "tests.bench_parts", "delivery", scratch, people], **settings)
        row("a delivery of one million rows, from inbox to raw (warm)", within("delivery", output))


def _kerncijfers(row: Row) -> None:
    from tests.support.captures import CAPTURES

    if not CAPTURES.is_dir():
        print(f"Kerncijfers of the whole country are not measured: {CAPTURES} is not there.")
        return
    with tempfile.TemporaryDirectory() as scratch:
        _, output = measure(["-m", "tests.bench_parts", "pages", scratch])
        cells = int(output.split()[-1])

        def country(part: str, *arguments: str) -> tuple[Measured, str]:
            with tempfile.TemporaryDirectory() as home:
                settings = {"NOORD_HOME": home, "NOORD_SCOPE": str(SCOPE)}
                return measure(["-m", "tests.bench_parts", part, scratch, *arguments], **settings)

        _, output = country("kerncijfers")
        row("Kerncijfers 2020, 17,341 regions: landed, audited, promoted (warm)", within("arrival", output))
        for years in YEARS:
            whole, output = country("country", str(years))
            row(f"Kerncijfers, whole country, {years} years, from publisher to marts", whole)
            row("  landed, audited, promoted", within("arrival", output))
            row("  built into marts", within("marts", output))
        _, output = country("floor", str(YEARS[-1]))
        row(f"  floor: the same {cells:,} values with orjson and Arrow", within("floor", output))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
