"""A small release and its site, made once."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from publication.catalog import open_read_only
from publication.site.build import build_site
from publication.site.reading import Monitor, read_monitor
from tests.unit.publication.site.small import write_small_release


@pytest.fixture(scope="session")
def small_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``monitor.duckdb`` of the small release; read only."""
    return write_small_release(tmp_path_factory.mktemp("small_release"))


@pytest.fixture(scope="session")
def monitor(small_release: Path) -> Monitor:
    with closing(open_read_only(small_release)) as connection:
        return read_monitor(connection)


@pytest.fixture(scope="session")
def site(small_release: Path) -> Path:
    """The small release's site; read only."""
    target = small_release.parent / "site"
    build_site(small_release, target, [("20261001T080000Z-89abcdef", "1 oktober 2026")])
    return target
