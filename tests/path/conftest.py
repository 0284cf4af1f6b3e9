"""Homes in which the whole path has run once, shared by the tests that only read them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from sources.environment import SAMPLE_ARCHIVE

ROOT = Path(__file__).parents[2]
# Where a test is about a run and not about its feeds, three of the eighteen take a third of the time.
FEW_FEEDS = ("--only", "cbs_kerncijfers", "--only", "politie_misdrijven", "--only", "duo_schooladviezen")


def noord(*arguments: str, home: Path, root: Path = ROOT, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own, as a person would; `root` is the project, or a copy of it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOORD_", "DAGSTER_"))}
    environment |= {"NOORD_HOME": str(home), "COLUMNS": "160", "PYTHONPATH": str(root)} | settings
    command = [sys.executable, "-m", "orchestration", *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False)


def _shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the workers of one test run share: the first to come makes it, the others wait."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    done = folder.with_suffix(".done")
    with FileLock(folder.with_suffix(".lock")):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NOORD_HOME after one `noord run` on the bundled sample. Read only; copy what a test changes."""

    def make(home: Path) -> None:
        result = noord("run", "--feeds", "sample", home=home)
        assert result.returncode == 0, result.stdout + result.stderr

    return _shared(tmp_path_factory, "sample_home", make)


@dataclass(frozen=True)
class Replay:
    """A folder with an archive, which a test may replace under the same name, and a home with a release made of it."""

    folder: Path

    @property
    def archive(self) -> Path:
        return self.folder / "opname.warc.gz"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def environment(self) -> Path:
        return self.home / "replay-opname"

    @property
    def first_runs(self) -> list[tuple[int, str, str]]:
        """Exit code, output and errors of the two runs that made the home, started at once."""
        return [(code, out, err) for code, out, err in json.loads((self.folder / "first_runs.json").read_text())]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return noord("run", "--feeds", str(self.archive), *(arguments or FEW_FEEDS), home=self.home)

    def copy(self, target: Path) -> Replay:
        return Replay(shutil.copytree(self.folder, target, symlinks=True))


@pytest.fixture(scope="session")
def few_feeds(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """Three feeds of the bundled sample, replayed from an archive of its own. Read only; copy what a test changes.

    Two runs at once make it: what becomes of them is a question of its own (`test_decisions`), and this asks it for nothing.
    """

    def make(folder: Path) -> None:
        made = Replay(folder)
        shutil.copy(SAMPLE_ARCHIVE, made.archive)
        with ThreadPoolExecutor(2) as pool:
            results = [run.result() for run in [pool.submit(made.run) for _ in range(2)]]
        outcomes = [(result.returncode, result.stdout, result.stderr) for result in results]
        assert (made.environment / "current").exists(), outcomes
        (folder / "first_runs.json").write_text(json.dumps(outcomes))

    return Replay(_shared(tmp_path_factory, "few_feeds", make))
