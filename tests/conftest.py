"""Fixtures that more than one test module needs."""

from __future__ import annotations

import gc

import pytest


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: the garbage collector need not look at it time and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _quick_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries as in production, without their waits."""
    monkeypatch.setenv("NOORD_HTTP_BACKOFF", "0.01")
    monkeypatch.setenv("NOORD_HTTP_ATTEMPTS", "2")
    monkeypatch.setenv("NOORD_HTTP_READ_TIMEOUT", "2")
    for name in ("NOORD_FEEDS", "NOORD_HOME", "NOORD_SCOPE", "NOORD_MIRRORS", "NOORD_AS_KNOWN_ON", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
