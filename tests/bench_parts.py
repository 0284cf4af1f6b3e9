"""The parts of `tests.bench` that run in a process of their own and measure themselves without their imports."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import requests


@contextmanager
def _measured(name: str) -> Iterator[None]:
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    yield
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(name, json.dumps({"wall": time.perf_counter() - start, "cpu": cpu, "memory": after.ru_maxrss / 1024}))


def feeds(home: Path) -> None:
    """The first arrival of every feed of the sample, one after the other in one process."""
    import sources.expectations  # noqa: F401 - its import is not part of a feed
    from sources import warehouse
    from sources.arrival import arrive
    from sources.environment import declare_environment
    from sources.registry import load_registry

    environment, registry = declare_environment("sample"), load_registry()
    warehouse.prepare(environment, registry)
    for feed in registry.values():
        with _measured(f"feed {feed.id}"):
            result = arrive(feed, environment)
        assert result.outcome == "promoted", result


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


def rows(home: Path) -> None:
    """Put a delivery of one million rows where a partner leaves it; a process of its own, so that only taking it in counts."""
    from sources.environment import declare_environment
    from tests.support.million_rows import million_rows

    inbox = declare_environment("live").inbox / "werkbedrijf"
    inbox.mkdir(parents=True)
    print("people", million_rows(inbox / "wsp_trajecten_202602.csv"))


def delivery(home: Path, people: str) -> None:
    """The delivery from the inbox to raw: claimed, read, gated, judged, added up, audited and promoted."""
    import sources.expectations  # noqa: F401 - its import is not part of a feed
    from sources import warehouse
    from sources.arrival import arrive
    from sources.environment import declare_environment
    from sources.registry import load_registry

    environment, registry = declare_environment("live"), load_registry()
    warehouse.prepare(environment, registry)
    with _measured("delivery"):
        result = arrive(registry["trajecten_naar_werk"], environment)
    assert result.outcome == "promoted", result
    with duckdb.connect(str(environment.warehouse), read_only=True) as connection:
        cells = "FROM raw.trajecten_naar_werk WHERE breakdown = 'total'"
        courses, persons = connection.execute(f"SELECT sum(courses), sum(participants) {cells}").fetchall()[0]
    # Somebody who lives in two wijken counts in both.
    assert courses == 1_000_000
    assert persons >= int(people)


def pages(home: Path) -> None:
    """Write the answers beforehand, so that serving them costs next to nothing while an arrival is measured."""
    from tests.support.whole_country import write_pages

    cells = write_pages(home / "pages", [(table.id, table.year) for table in _kerncijfers().tables])
    print("cells", cells)


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
    from urllib.parse import parse_qs, unquote, urlsplit

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(unquote(self.path))
            skip = parse_qs(parts.query).get("$skip", [])
            path = home / "pages" / ".".join([parts.path.strip("/"), *skip, "json"])
            self.send_response(200 if path.is_file() else 404)
            self.send_header("Content-Length", str(path.stat().st_size if path.is_file() else 0))
            self.end_headers()
            if path.is_file():
                with path.open("rb") as body:
                    self.wfile.flush()
                    self.connection.sendfile(body)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def _kerncijfers() -> Any:
    from sources.registry import load_registry

    return load_registry()["cbs_kerncijfers"]


def _last(years: int) -> list[str]:
    """The table of 2020 for one year, else the newest ones."""
    tables = _kerncijfers().tables
    return ["84799NED"] if years == 1 else [table.id for table in tables[-years:]]


def kerncijfers(home: Path) -> None:
    """One year, warm: Great Expectations is imported beforehand."""
    import sources.expectations  # noqa: F401 - its import is not part of the arrival

    with _served(home) as port:
        _arrive(home, port, _last(1))


def country(home: Path, years: str) -> None:
    """Some years of the whole country, as in a run: everything is imported when it is needed."""
    from orchestration.dbt import build, ensure_manifest
    from sources.environment import declare_environment

    tables = _last(int(years))
    with _served(home) as port:
        _arrive(home, port, tables)
    ensure_manifest()
    environment = declare_environment("live")
    with _measured("marts"):
        results = build(environment)
    bad = [result for result in results if not result.is_good]
    assert not bad, bad
    with duckdb.connect(str(environment.warehouse), read_only=True) as warehouse:
        found = warehouse.execute("SELECT count(DISTINCT year) FROM werken.indicator_values WHERE value IS NOT NULL")
        assert found.fetchall() == [(len(tables),)]


def _arrive(home: Path, port: int, tables: list[str]) -> None:
    from sources import warehouse
    from sources.arrival import arrive
    from sources.environment import declare_environment
    from sources.registry import load_registry

    environment = declare_environment("live", _settings(home, port))
    registry = load_registry()
    warehouse.prepare(environment, registry)
    with _measured("arrival"):
        result = arrive(registry["cbs_kerncijfers"], environment, tables=tables)
    assert (result.outcome, result.rows) == ("promoted", 17341 * len(tables)), result


def floor(home: Path, years: str) -> None:
    """The same bytes, streamed to disk and loaded with orjson and Arrow: nothing is checked."""
    import orjson
    import pyarrow as pa

    with _served(home) as port, _measured("floor"), duckdb.connect(str(home / "floor.duckdb")) as connection:
        for table in _last(int(years)):
            for number, skip in enumerate(("", "&$skip=10000")):
                url = f"http://127.0.0.1:{port}/opendata.cbs.nl/ODataFeed/odata/{table}/TypedDataSet?$format=json{skip}"
                path = home / "floor.json"
                with requests.get(url, stream=True, timeout=60) as response, path.open("wb") as sink:
                    for chunk in response.iter_content(1 << 18):
                        sink.write(chunk)
                page = pa.Table.from_pylist(orjson.loads(path.read_bytes())["value"])
                connection.register("page", page)
                verb = f'INSERT INTO "{table}"' if number else f'CREATE TABLE "{table}" AS'
                connection.execute(f"{verb} SELECT * FROM page")
                connection.unregister("page")
            assert connection.execute(f'SELECT count(*) FROM "{table}"').fetchall() == [(17341,)]


def _settings(home: Path, port: int) -> dict[str, str]:
    import os

    return {**os.environ, "NOORD_MIRRORS": f"opendata.cbs.nl=http://127.0.0.1:{port}/opendata.cbs.nl"}


PARTS: dict[str, Callable[..., None]] = {
    part.__name__: part for part in (feeds, dbt, release, rows, delivery, pages, serve, kerncijfers, country, floor)
}

if __name__ == "__main__":
    PARTS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
