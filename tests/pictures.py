"""Pictures of the lineage UI for the README: ``python -m tests.pictures [HOME]``, after a run of the sample.

Starts the webserver on the loopback address on a home that has a run of the sample in it (default: ``data``), opens pages
in headless Chromium and writes ``docs/img/*.png``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import requests
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import _SWITCHES, find_browser

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "img"
PORT = 3917
SIZE = {"width": 1440, "height": 860}
# Name → page, and the text that says that it is there.
PAGES = {
    "lineage": ("/asset-groups?open-nodes=", "uitgave"),
    "feed-checks": ("/assets/raw/cbs_kerncijfers?view=checks", "nothing_vanished"),
    "mart": ("/assets/werken/indicator_values?view=overview", "WER_BIJSTAND"),
    "mart-lineage": ("/assets/werken/indicator_values?view=lineage", "monitorsite"),
}


def main(home: Path) -> None:
    settings = os.environ | {"NOORD_HOME": str(home.absolute()), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "orchestration", "ui", "--feeds", "sample", "--port", str(PORT)]
    server = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait()
        TARGET.mkdir(exist_ok=True)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=find_browser(), args=list(_SWITCHES))
            page = chromium.new_context(viewport=SIZE, color_scheme="light").new_page()  # type: ignore[arg-type]
            for name, (address, text) in PAGES.items():
                _take(page, name, address, text)
            chromium.close()
    finally:
        server.terminate()
        server.wait()


def _wait() -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            requests.get(f"http://127.0.0.1:{PORT}/server_info", timeout=5).raise_for_status()
        except requests.RequestException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def _take(page: Page, name: str, address: str, text: str) -> None:
    page.goto(f"http://127.0.0.1:{PORT}{address}")
    page.get_by_text(text).first.wait_for(timeout=60_000)
    page.wait_for_timeout(3000)
    path = TARGET / f"{name}.png"
    page.screenshot(path=path)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data"))
