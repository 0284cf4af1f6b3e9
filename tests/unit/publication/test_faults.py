"""Kills during builds, and a full disk: current is always whole.

Does not belong here: readers during flips (`tests/path/test_readers.py`).
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from publication.catalog import open_read_only
from publication.dictionary import Descriptions
from publication.errors import PublicationError
from publication.release import Release, build_release, current_release, list_releases, sweep
from sources.environment import Environment
from tests.unit.publication.synthetic import CHECK, FINGERPRINT, OTHER_FINGERPRINT, change, make_environment

pytestmark = pytest.mark.slow

# Rows enough that a build can be caught half-way.
MANY_ROWS = """
INSERT INTO leren.indicator_values
SELECT v.* REPLACE (indicator_code || md5(i::VARCHAR) AS indicator_code, random() * 100 AS value)
FROM leren.indicator_values AS v, range(3000) AS r(i)
"""

_BUILD = """
import sys
from pathlib import Path
from publication.dictionary import read_descriptions
from publication.release import build_release
from tests.unit.publication.synthetic import CHECK, OTHER_FINGERPRINT, make_environment
environment = make_environment(Path(sys.argv[1]))
if len(sys.argv) > 2:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
build_release(environment, OTHER_FINGERPRINT, [CHECK], read_descriptions(environment.home / "manifest.json"))
"""


@pytest.fixture(scope="module")
def big_warehouse(tmp_path_factory: pytest.TempPathFactory, templates: dict[str, Environment]) -> Path:
    """A warehouse of 15 MB; never changed."""
    environment = make_environment(tmp_path_factory.mktemp("big"))
    environment.warehouse.parent.mkdir()
    shutil.copy(templates["sample"].warehouse, environment.warehouse)
    change(environment, MANY_ROWS)
    return environment.warehouse


def start_build(environment: Environment, *limit: str) -> subprocess.Popen[str]:
    """Build a release in a process of its own, optionally with a limit on the bytes of any one file."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", _BUILD, str(environment.home), *limit]
    return subprocess.Popen(command, cwd=root, text=True, stderr=subprocess.PIPE)


@pytest.mark.slow
@pytest.mark.parametrize("stage", [".building-*", ".building-*/monitor.duckdb", ".building-*/parquet"])
def test_a_kill_during_a_build_leaves_current_readable(
    environment: Environment, release: Release, big_warehouse: Path, stage: str
) -> None:
    shutil.copy(big_warehouse, environment.warehouse)
    process = start_build(environment)
    deadline = time.monotonic() + 60
    while not list(environment.releases.glob(stage)) and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert current_release(environment) == release
    assert list_releases(environment) == [release]
    with closing(open_read_only(environment.current / "monitor.duckdb")) as connection:
        assert connection.execute("SELECT release_id FROM meta.release").fetchall() == [(release.id,)]
    assert [name.startswith(".building-") for name in sweep(environment)] == [True]
    assert [path.name for path in environment.releases.iterdir()] == [release.id]


@pytest.fixture
def small_disk(request: pytest.FixtureRequest, tmp_path: Path, environment: Environment) -> Iterator[Environment]:
    """The environment with its releases on a disk of as many MB as the test asks; skips where none can be mounted."""
    home = tmp_path / "disk"
    home.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not mount or not umount:
        pytest.skip("there is no mount command; the limit on file size below shows the same")
    command = [mount, "-t", "tmpfs", "-o", f"size={request.param}m", "none", str(home)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here; the limit on file size below shows the same")
    try:
        (home / "warehouse").symlink_to(environment.warehouse.parent)
        yield make_environment(home)
    finally:
        subprocess.run([umount, str(home)], check=True)


# The first release takes 5 MB and the second would take 16: the disk is full at the last checkpoint, while Parquet is
# written, and while tables are copied.
@pytest.mark.parametrize("small_disk", [18, 15, 12], indirect=True)
def test_a_full_disk_leaves_current_and_no_remains(
    small_disk: Environment, big_warehouse: Path, descriptions: Descriptions, templates: dict[str, Environment]
) -> None:
    first = build_release(small_disk, FINGERPRINT, [CHECK], descriptions)
    shutil.copy(big_warehouse, small_disk.warehouse)
    with pytest.raises(PublicationError, match="No release was made and current is as it was") as caught:
        build_release(small_disk, OTHER_FINGERPRINT, [CHECK], descriptions)
    assert str(small_disk.releases) in caught.value.where
    assert "No space left" in str(caught.value)
    assert current_release(small_disk) == first
    assert [path.name for path in small_disk.releases.iterdir()] == [first.id]
    shutil.copy(templates["sample"].warehouse, small_disk.warehouse)
    assert build_release(small_disk, OTHER_FINGERPRINT, [CHECK], descriptions).is_current


def test_a_file_that_may_not_grow_leaves_current_and_no_remains(environment: Environment, release: Release) -> None:
    process = start_build(environment, "600000")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    assert "PublicationError: Release" in errors
    assert "current is as it was" in errors
    assert current_release(environment) == release
    assert [path.name for path in environment.releases.iterdir()] == [release.id]
