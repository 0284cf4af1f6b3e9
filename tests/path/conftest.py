"""Homes in which the whole path has run once, shared by the tests that only read them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]
# Where a test is about a run and not about its feeds, three of the eighteen take a third of the time.
FEW_FEEDS = ("--only", "cbs_kerncijfers", "--only", "politie_misdrijven", "--only", "duo_schooladviezen")


def noord(*arguments: str, home: Path, root: Path = ROOT, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own, as a person would; `root` is the project, or a copy of it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOORD_", "DAGSTER_"))}
    environment |= {"NOORD_HOME": str(home), "COLUMNS": "160", "PYTHONPATH": str(root)} | settings
    command = [sys.executable, "-m", "orchestration", *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NOORD_HOME after one `noord run` on the bundled sample. Read only; copy what a test changes.

    The workers of one test run share it: the first to come makes it, the others wait.
    """
    shared = (
        tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.getbasetemp()
    )
    home, done = shared / "sample_home", shared / "sample_home.done"
    with FileLock(shared / "sample_home.lock"):
        if not done.exists():
            result = noord("run", "--feeds", "sample", home=home)
            assert result.returncode == 0, result.stdout + result.stderr
            done.touch()
    return home
