"""A publisher on loopback that speaks OData 3 and serves files, with faults that a test can switch on.

It stands in for the network only: the rows behind it are real captures or rows that a test gives. Filters are
evaluated, pages are cut and keys stay padded as the publishers do (shared/feeds.md §1).
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import duckdb

PAGE_ROWS = 10_000


@dataclass
class ODataTable:
    """One table: entity set → rows. `connection` holds an entity of many rows as a DuckDB table of the same name."""

    id: str
    host: str
    entities: dict[str, list[dict[str, Any]]]
    large: dict[str, str] = field(default_factory=dict)
    connection: duckdb.DuckDBPyConnection | None = None

    def rows(self, entity: str, condition: str, skip: int, take: int) -> tuple[bytes, int]:
        """The JSON list of rows and their number, at most `take` after `skip`."""
        if entity in self.large:
            return self._from_database(entity, condition, skip, take)
        chosen = [row for row in self.entities[entity] if _matches(row, condition)][skip : skip + take]
        return json.dumps(chosen, ensure_ascii=False).encode(), len(chosen)

    def _from_database(self, entity: str, condition: str, skip: int, take: int) -> tuple[bytes, int]:
        assert self.connection is not None
        where = _to_sql(condition) or "TRUE"
        found = self.connection.cursor().execute(
            f"SELECT to_json(t)::VARCHAR FROM ({self.large[entity]}) AS t WHERE {where} LIMIT {take} OFFSET {skip}"
        )
        rows = [row for (row,) in found.fetchall()]
        return ("[" + ",".join(rows) + "]").encode(), len(rows)


def _to_sql(condition: str) -> str:
    sql = re.sub(r"startswith\((\w+),\s*'([^']*)'\)", r"""starts_with("\1", '\2')""", condition)
    sql = re.sub(r"substringof\('([^']*)',\s*(\w+)\)", r"""contains("\2", '\1')""", sql)
    return re.sub(r"(\w+) eq '([^']*)'", r""""\1" = '\2'""", sql)


def _matches(row: Mapping[str, Any], condition: str) -> bool:
    if not condition:
        return True
    columns = ", ".join(f"""CAST($${value}$$ AS VARCHAR) AS "{key}" """ for key, value in row.items())
    return bool(duckdb.execute(f"SELECT {_to_sql(condition)} FROM (SELECT {columns})").fetchall()[0][0])


@dataclass
class Answer:
    """What goes over the wire; `length` overrides Content-Length."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


Fault = Callable[[str, Answer], Answer | None]
Route = Callable[[str], Answer | None]


class LoopbackPublisher:
    """Serves tables and files by host; `requests` lists what was asked, as ``METHOD url``, and `headers` with which headers.

    `routes` answer for other interfaces than OData 3 (`tests.support.odata4` and its like); None is not theirs.
    `fault` sees each canonical URL with the right answer and may return another one, or None to cut the connection.
    """

    def __init__(
        self,
        tables: Sequence[ODataTable] = (),
        files: Mapping[str, bytes] | None = None,
        routes: Sequence[Route] = (),
        fault: Fault | None = None,
    ) -> None:
        self.tables = {(table.host, table.id): table for table in tables}
        self.files = dict(files or {})
        self.catalogues: dict[str, list[dict[str, Any]]] = {}
        self.routes = list(routes)
        self.requests: list[str] = []
        self.headers: list[tuple[str, dict[str, str]]] = []
        self.fault = fault
        self._cache: dict[str, Answer] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def mirrors(self, *hosts: str) -> str:
        """The NOORD_MIRRORS setting that leads these hosts here."""
        port = self._server.server_address[1]
        return ",".join(f"{host}=http://127.0.0.1:{port}/{host}" for host in hosts)

    def downloads(self) -> list[str]:
        """The requests for data, without those for metadata and versions."""
        return [
            r
            for r in self.requests
            if "TypedDataSet" in r or (r.startswith("GET") and "/odata/" not in r and "ODataCatalog" not in r)
        ]

    @contextmanager
    def running(self) -> Iterator[LoopbackPublisher]:
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def answer(self, url: str) -> Answer:
        if url not in self._cache:
            self._cache[url] = self._compute(url)
        return self._cache[url]

    def forget(self) -> None:
        """Drop prepared answers after a table was changed."""
        self._cache.clear()

    def _compute(self, url: str) -> Answer:
        if url in self.files:
            body = self.files[url]
            return Answer(body=body, headers={"ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"'})
        for route in self.routes:
            answer = route(url)
            if answer is not None:
                return answer
        parts = urlsplit(url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        catalogue = re.fullmatch(r"/ODataCatalog/Tables", parts.path)
        if catalogue:
            rows = [row for row in self.catalogues.get(parts.netloc, []) if _matches(row, query.get("$filter", ""))]
            return _json(json.dumps({"odata.metadata": url, "value": rows}).encode())
        match = re.fullmatch(r"/(ODataFeed|ODataApi)/odata/(\w+)/(\w+)", parts.path)
        table = self.tables.get((parts.netloc, match[2])) if match else None
        if match is None or table is None or match[3] not in {*table.entities, *table.large}:
            return Answer(404, b'{"odata.error":{"code":"","message":{"value":"not found"}}}')
        skip = int(query.get("$skip", "0"))
        rows_json, count = table.rows(match[3], query.get("$filter", ""), skip, PAGE_ROWS)
        link = b""
        if count == PAGE_ROWS:
            following = re.sub(r"&\$skip=\d+", "", url) + f"&$skip={skip + PAGE_ROWS}"
            link = b',"odata.nextLink":' + json.dumps(following).encode()
        return _json(
            b'{"odata.metadata":' + json.dumps(url.split("?")[0]).encode() + b',"value":' + rows_json + link + b"}"
        )


def _json(body: bytes) -> Answer:
    return Answer(body=body, headers={"Content-Type": "application/json;odata=minimalmetadata;charset=utf-8"})


def _handler(publisher: LoopbackPublisher) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply(with_body=True)

        def do_HEAD(self) -> None:
            self._reply(with_body=False)

        def _reply(self, *, with_body: bool) -> None:
            url = "https:/" + unquote(self.path)
            publisher.requests.append(f"{self.command} {url}")
            publisher.headers.append((url, dict(self.headers)))
            answer: Answer | None = publisher.answer(url)
            if publisher.fault is not None and answer is not None:
                answer = publisher.fault(url, answer)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for key, value in answer.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
            self.end_headers()
            if with_body:
                self.wfile.write(answer.body)
            if answer.length is not None and answer.length > len(answer.body):
                self.close_connection = True

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    return Handler
