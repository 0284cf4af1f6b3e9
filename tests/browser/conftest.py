"""Chromium and the site of the bundled sample.

Browser tests fail in CI when there is no browser, and say why they skip elsewhere: a suite that skips in silence proves
nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.path.conftest import sample_home

__all__ = ["sample_home"]

# Debian's browser, so that nothing is downloaded; each switch off is a request that it would make by itself.
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser() -> str:
    """Path of Chromium; skips with a reason where there is none, and fails in CI."""
    path = os.environ.get("NOORD_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        reason = "no Chromium: install the package chromium, or name one in NOORD_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(f"Browser tests must run in CI, and there is {reason}")
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=list(_SWITCHES))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def sample_site(sample_home: Path) -> Path:
    """The site of a release of the bundled sample; read only."""
    return sample_home / "sample" / "current" / "site"
