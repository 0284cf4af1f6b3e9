"""The parts of `tests.bench` that run in a process of their own and measure themselves without their imports."""

from __future__ import annotations

import json
import pickle
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import requests


@contextmanager
def _measured(name: str) -> Iterator[None]:
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    yield
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(name, json.dumps({"wall": time.perf_counter() - start, "cpu": cpu, "memory": after.ru_maxrss / 1024}))


def dbt(home: Path) -> None:
    import dbt.cli.main  # noqa: F401 - its import is not part of the build

    from orchestration.dbt import build, ensure_manifest
    from sources.environment import declare_environment

    ensure_manifest()
    with _measured("dbt build"):
        build(declare_environment("sample"))


def release(home: Path) -> None:
    import sources.expectations  # noqa: F401 - its import is not part of the gate
    from orchestration.dbt import MANIFEST
    from publication.dictionary import read_descriptions
    from publication.gate import check_release
    from publication.release import build_release
    from sources.environment import declare_environment

    environment = declare_environment("sample")
    descriptions = read_descriptions(MANIFEST)
    with _measured("gate"):
        checks = check_release(environment.warehouse, descriptions)
    with _measured("build"):
        build_release(environment, "0" * 16, checks, descriptions)


def pages(home: Path) -> None:
    """Prepare the answers beforehand, so that serving them costs next to nothing while the arrival is measured."""
    from tests.support.captures import kerncijfers_2020
    from tests.support.publisher import LoopbackPublisher

    publisher = LoopbackPublisher([kerncijfers_2020()])
    base = "https://opendata.cbs.nl"
    data = f"{base}/ODataFeed/odata/84799NED/TypedDataSet?$format=json"
    regions = f"{base}/ODataFeed/odata/84799NED/WijkenEnBuurten?$format=json&$select=Key,Title"
    urls = [f"{base}/ODataApi/odata/84799NED/{name}?$format=json" for name in ("TableInfos", "DataProperties")]
    urls += [data, f"{data}&$skip=10000", regions, f"{regions}&$skip=10000"]
    urls.append(
        f"{base}/ODataCatalog/Tables?$format=json&$filter=substringof('Kerncijfers wijken en buurten',Title) and Language eq 'nl'"
    )
    answers = {url: (answer.status, answer.body) for url in urls for answer in [publisher.answer(url)]}
    (home / "pages.pickle").write_bytes(pickle.dumps(answers))


@contextmanager
def _served(home: Path) -> Iterator[int]:
    """The prepared answers on loopback, from another process: its memory must not count."""
    import subprocess

    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench_parts", "serve", str(home)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def serve(home: Path) -> None:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from urllib.parse import unquote

    answers = pickle.loads((home / "pages.pickle").read_bytes())  # noqa: S301 - written by `pages` a moment ago

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get("https:/" + unquote(self.path), (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def kerncijfers(home: Path) -> None:
    import sources.expectations  # noqa: F401 - its import is not part of the arrival

    kerncijfers_cold(home)


def kerncijfers_cold(home: Path) -> None:
    """As in a run: Great Expectations is imported when the suite starts, after the pages are read."""
    from sources import warehouse
    from sources.arrival import arrive
    from sources.environment import declare_environment
    from sources.registry import load_registry

    with _served(home) as port:
        environment = declare_environment("live", _settings(home, port))
        feed = load_registry()["cbs_kerncijfers"]
        warehouse.prepare(environment, {feed.id: feed})
        with _measured("arrival"):
            result = arrive(feed, environment, tables=["84799NED"])
        assert (result.outcome, result.rows) == ("promoted", 17341), result


def floor(home: Path) -> None:
    with _served(home) as port:
        names = ["TypedDataSet?$format=json", "TypedDataSet?$format=json&$skip=10000"]
        with _measured("floor"), duckdb.connect(str(home / "floor.duckdb")) as connection:
            paths = []
            for number, name in enumerate(names):
                path = home / f"floor-{number}.json"
                url = f"http://127.0.0.1:{port}/opendata.cbs.nl/ODataFeed/odata/84799NED/{name}"
                with requests.get(url, stream=True, timeout=60) as response, path.open("wb") as sink:
                    for chunk in response.iter_content(1 << 18):
                        sink.write(chunk)
                paths.append(f"'{path}'")
            files = f"read_json([{', '.join(paths)}], maximum_object_size = 100000000)"
            connection.execute(f"CREATE TABLE kwb AS SELECT unnest(value, recursive := true) FROM {files}")
            assert connection.execute("SELECT count(*) FROM kwb").fetchall() == [(17341,)]


def _settings(home: Path, port: int) -> dict[str, str]:
    import os

    return {**os.environ, "NOORD_MIRRORS": f"opendata.cbs.nl=http://127.0.0.1:{port}/opendata.cbs.nl"}


PARTS: dict[str, Callable[[Path], None]] = {
    part.__name__: part for part in (dbt, release, pages, serve, kerncijfers, kerncijfers_cold, floor)
}

if __name__ == "__main__":
    PARTS[sys.argv[1]](Path(sys.argv[2]))
