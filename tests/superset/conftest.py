"""A running Superset, set up from nothing with the dashboards of the bundled sample."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from publication.superset.server import ENVIRONMENT, HOST, Superset
from tests.browser.conftest import browser
from tests.path.conftest import sample_home

__all__ = ["browser", "sample_home"]
PASSWORD = "alleen-voor-deze-test"
_START = 90


@dataclass
class Running:
    """A Superset that answers, a session of its first user, and the release that it reads."""

    url: str
    session: requests.Session
    monitor: Path

    def ask(self, path: str, **parameters: Any) -> Any:
        answer = self.session.get(self.url + path, params=parameters, timeout=60)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def listed(self, kind: str) -> list[dict[str, Any]]:
        found = self.ask(f"/api/v1/{kind}/", q="(page_size:200)")
        assert found["count"] == len(found["result"])
        return list(found["result"])


@pytest.fixture(scope="session")
def superset(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    if not (ENVIRONMENT / "bin" / "superset").exists():
        reason = f"no Superset in {ENVIRONMENT.name}: make superset-environment installs it, with Python 3.11 or 3.12"
        if os.environ.get("CI"):
            pytest.fail(f"The dashboards must be tested in CI, and there is {reason}")
        pytest.skip(reason)
    # A link of its own, so that a test can flip it under the running Superset; the sample is shared.
    home = tmp_path_factory.mktemp("superset")
    (home / "current").symlink_to((sample_home / "sample" / "current").resolve())
    monitor = home / "current" / "monitor.duckdb"
    made = Superset(ENVIRONMENT, home / "superset")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOORD_SUPERSET_PASSWORD", PASSWORD)
        assert made.prepare(monitor) == PASSWORD
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    server = made.serve(port)
    try:
        yield Running(f"http://{HOST}:{port}", _log_in(f"http://{HOST}:{port}", server), monitor)
    finally:
        server.terminate()
        server.wait(timeout=30)


def _log_in(url: str, server: subprocess.Popen[bytes]) -> requests.Session:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            requests.get(f"{url}/health", timeout=5).raise_for_status()
            break
        except requests.RequestException:
            time.sleep(0.3)
    session = requests.Session()
    who = {"username": "admin", "password": PASSWORD, "provider": "db"}
    answer = session.post(f"{url}/api/v1/security/login", json=who, timeout=60)
    answer.raise_for_status()
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session
