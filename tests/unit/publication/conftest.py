"""Environments with a warehouse; the warehouse file is built once and copied."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from publication.dictionary import Descriptions, read_descriptions
from publication.release import Release, build_release, current_release
from sources.environment import Environment
from tests.unit.publication.synthetic import CHECK, FINGERPRINT, make_environment, make_warehouse, write_manifest

Maker = Callable[..., Environment]


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    """One finished environment per data origin; never changed."""
    made = {}
    for origin in ("sample", "live", "replay"):
        made[origin] = make_environment(tmp_path_factory.mktemp(origin), data_origin=origin)
        make_warehouse(made[origin])
        write_manifest(made[origin])
    return made


@pytest.fixture
def new_environment(tmp_path: Path, templates: dict[str, Environment]) -> Maker:
    """Makes an environment of one's own, with the synthetic warehouse and its manifest."""

    def make(data_origin: str = "sample", keep_releases: int = 10) -> Environment:
        home = tmp_path / data_origin
        shutil.copytree(templates[data_origin].home, home)
        return make_environment(home, data_origin=data_origin, keep_releases=keep_releases)

    return make


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, templates: dict[str, Environment]) -> Environment:
    """A sample environment with one release; never changed."""
    home = tmp_path_factory.mktemp("published") / "sample"
    shutil.copytree(templates["sample"].home, home)
    environment = make_environment(home)
    build_release(environment, FINGERPRINT, [CHECK], read_descriptions(home / "manifest.json"))
    return environment


@pytest.fixture
def environment(new_environment: Maker) -> Environment:
    return new_environment()


@pytest.fixture
def release(environment: Environment, published: Environment) -> Release:
    """The release of an environment of one's own, as if it had been built there."""
    shutil.copytree(published.releases, environment.releases)
    environment.current.symlink_to(os.readlink(published.current))
    found = current_release(environment)
    assert found is not None
    return found


@pytest.fixture
def manifest(environment: Environment) -> Path:
    return environment.home / "manifest.json"


@pytest.fixture
def descriptions(manifest: Path) -> Descriptions:
    return read_descriptions(manifest)


@pytest.fixture
def without_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Releases without pages, which cost as much as all the rest and have tests of their own."""
    monkeypatch.setattr("publication.release.build_site", lambda _monitor, folder, _earlier: folder.mkdir())
