"""What is fetched from a partner, and where its key goes."""

from __future__ import annotations

import dataclasses
import io
import json
import logging
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from sources.archive import ArchiveWriter, recorded_at
from sources.environment import SAMPLE_ARCHIVE
from sources.errors import ConfigurationError, FeedProblem
from sources.partners import pull
from sources.partners.pull import PartnerSession, fetch_rows, window_start
from tests.support.deliveries import partner_environment, pulled_feed

FEED = pulled_feed()
HOST = "reparaties.corporaties.example"
URL = f"https://{HOST}/api/v1/reparatieverzoeken"
KEY = {"NOORD_KEY_REPARATIES": "geheim-917"}
DAY = date(2026, 3, 2)
FIRST = f"{URL}?updated_since=2025-09-01"


class _Partner:
    """A partner's interface on loopback that remembers what it was asked, with which headers."""

    def __init__(self, pages: Mapping[str, Any]) -> None:
        self.pages = dict(pages)
        self.asked: list[tuple[str, dict[str, str]]] = []

    @contextmanager
    def running(self) -> Iterator[str]:
        partner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = "https:/" + self.path
                partner.asked.append((url, dict(self.headers)))
                status, headers, body, *reason = partner.answer(url)
                self.send_response(status, *reason)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, url: str) -> Any:
        page = self.pages.get(url, (404, {}, b"not here"))
        return page if isinstance(page, tuple) else (200, {}, json.dumps(page).encode())


def _fetch(tmp_path: Path, pages: Mapping[str, Any], settings: Mapping[str, str] = KEY) -> tuple[bytes, _Partner]:
    partner = _Partner(pages)
    with partner.running() as base:
        mirrors = {HOST: f"{base}/{HOST}", "elders.example": f"{base}/elders.example"}
        environment = partner_environment(tmp_path, mirrors=mirrors)
        with PartnerSession(FEED, environment, settings=settings) as session:
            return fetch_rows(session, FEED, DAY), partner


def _items(*numbers: int) -> list[dict[str, object]]:
    return [{"id": number, "datum": "2026-01-15", "afgehandeld_op": None} for number in numbers]


@pytest.mark.parametrize(
    ("day", "since"),
    [
        (date(2026, 3, 2), date(2025, 9, 1)),
        (date(2026, 3, 31), date(2025, 9, 1)),
        (date(2026, 6, 1), date(2025, 12, 1)),
        (date(2026, 7, 1), date(2026, 1, 1)),
    ],
)
def test_the_window_holds_whole_months_before_the_present_one(day: date, since: date) -> None:
    assert window_start(FEED, day) == since


def test_pages_become_one_list_in_their_order(tmp_path: Path) -> None:
    second = f"{FIRST}&page=2"
    pages = {
        FIRST: {"items": _items(3, 1), "next": second},
        # A relative address stays on the host.
        second: {"items": _items(2), "next": "/api/v1/reparatieverzoeken?updated_since=2025-09-01&page=3"},
        f"{FIRST}&page=3": {"items": [], "next": None},
    }
    content, partner = _fetch(tmp_path, pages)
    assert json.loads(content) == _items(3, 1, 2)
    assert [url for url, _ in partner.asked] == [FIRST, second, f"{FIRST}&page=3"]
    assert {headers["X-API-Key"] for _, headers in partner.asked} == {"geheim-917"}


def test_the_same_rows_with_other_white_space_and_order_of_keys_give_the_same_bytes(tmp_path: Path) -> None:
    row = {"id": 1, "datum": "2026-01-15"}
    turned = json.dumps({"next": "", "items": [dict(reversed(row.items()))]}, indent=2).encode()
    first, _ = _fetch(tmp_path, {FIRST: {"items": [row], "next": None}})
    second, _ = _fetch(tmp_path, {FIRST: (200, {}, turned)})
    assert first == second


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({}, "NOORD_KEY_REPARATIES is not set"),
        ({"NOORD_KEY_REPARATIES": "  "}, "is not set"),
        ({"NOORD_KEY_REPARATIES": "twee\nregels917"}, "holds no key that can be sent"),
        ({"NOORD_KEY_REPARATIES": "sleutel-é917"}, "holds no key that can be sent"),
    ],
)
def test_a_key_that_is_missing_or_can_not_be_sent_is_named_by_its_variable(
    tmp_path: Path, settings: dict[str, str], what: str
) -> None:
    with pytest.raises(FeedProblem, match=what) as problem:
        _fetch(tmp_path, {}, settings)
    assert "917" not in str(problem.value)


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ((401, {}, b"key geheim-917 of Jan Jansen is wrong"), "status 401"),
        ((200, {}, b"<html>Jan Jansen geheim-917"), "not valid JSON"),
        ({"items": {"Jan": 1}, "next": None}, "another form"),
        ({"rows": []}, "another form"),
        ({"items": [], "next": 917}, "another form"),
        ([1, 2], "another form"),
        ({"items": [], "next": "https://elders.example/x"}, "foreign host"),
        ({"items": [], "next": f"http://{HOST}/x"}, "foreign host"),
        ({"items": [], "next": FIRST}, "lead back"),
        ((302, {"Location": "/elders"}, b""), "status 302"),
        ((307, {"Location": "https://elders.example/x"}, b""), "InvalidURL"),
        ((307, {"Location": "https://[Jan"}, b""), "no answer"),
        ((200, {"Content-Encoding": "gzip"}, b"geheim-917 of Jan Jansen"), "broke off"),
        ((403, {}, b"", "geheim-917 is not for Jan Jansen"), "status 403"),
        ({"items": [], "next": f"{FIRST}&key=geheim-917&after=Jan"}, "status 404"),
        ({"items": [], "next": f"https://Jan:geheim-917@{HOST}/x"}, "foreign host"),
        ({"items": [], "next": "https://[Jan]/x"}, "is no address"),
    ],
    ids=lambda value: None if isinstance(value, str) else "answer",
)
def test_a_strange_answer_is_a_problem_that_quotes_neither_key_nor_rows(
    tmp_path: Path, answer: object, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    partner = _Partner({FIRST: answer})
    with partner.running() as base:
        mirrors = {HOST: f"{base}/{HOST}", "elders.example": f"{base}/elders.example"}
        environment = partner_environment(tmp_path, mirrors=mirrors)
        with (
            PartnerSession(FEED, environment, settings=KEY) as session,
            pytest.raises(FeedProblem, match=what) as problem,
        ):
            fetch_rows(session, FEED, DAY)
    said = f"{problem.value!r} {problem.value} {problem.value.__cause__} {caplog.text}"
    assert "geheim" not in said
    assert "Jan" not in said
    assert all(url.startswith(URL) for url, _ in partner.asked)


@pytest.mark.parametrize(
    "sent",
    [b"Jan Jansen;geheim-917\r\n", b"HTTP/1.1 200 OK\r\nJan Jansen geheim-917\r\n\r\n", b""],
    ids=["rows", "header", "nothing"],
)
def test_what_is_no_http_at_all_is_quoted_neither_in_the_problem_nor_in_the_log(
    tmp_path: Path, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """urllib3 logs the bytes of a broken answer."""
    caplog.set_level(logging.DEBUG)
    asked = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline())
            self.wfile.write(sent)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        environment = partner_environment(
            tmp_path, mirrors={HOST: f"http://127.0.0.1:{server.server_address[1]}/{HOST}"}
        )
        with (
            PartnerSession(FEED, environment, settings=KEY) as session,
            pytest.raises(FeedProblem) as problem,
        ):
            fetch_rows(session, FEED, DAY)
        server.shutdown()
    assert asked, "the partner was asked"
    said = f"{problem.value!r} {problem.value} {caplog.text}"
    assert "geheim" not in said
    assert "Jan" not in said


def test_pages_have_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "MOST_PAGES", 3)
    pages = {
        FIRST if number == 0 else f"{FIRST}&page={number}": {"items": [], "next": f"{FIRST}&page={number + 1}"}
        for number in range(5)
    }
    with pytest.raises(FeedProblem, match="do not end"):
        _fetch(tmp_path, pages)
    monkeypatch.setattr(pull, "MOST_BYTES", 10)
    with pytest.raises(FeedProblem, match="too large"):
        _fetch(tmp_path, pages)


def test_a_recording_holds_the_rows_and_not_the_key_and_its_replay_needs_none(tmp_path: Path) -> None:
    archive = tmp_path / "opname.warc.gz"
    moment = datetime(2026, 3, 2, 6, tzinfo=UTC)
    writer = ArchiveWriter(archive, moment)
    partner = _Partner({FIRST: {"items": _items(1), "next": None}})
    with partner.running() as base:
        environment = partner_environment(tmp_path, mirrors={HOST: f"{base}/{HOST}"})
        with PartnerSession(FEED, environment, writer, settings=KEY) as session:
            live = fetch_rows(session, FEED, DAY)
    writer.close()
    with archive.open("rb") as stream:
        whole = b"".join(
            record.content_stream().read() + str(record.http_headers).encode() + str(record.rec_headers).encode()
            for record in ArchiveIterator(stream)
        )
    assert b"2026-01-15" in whole
    assert b"geheim" not in whole
    replay = dataclasses.replace(partner_environment(tmp_path), archive=archive)
    with PartnerSession(FEED, replay, settings={}) as session:
        assert fetch_rows(session, FEED, DAY) == live
    assert recorded_at(archive) == moment


def test_an_archive_says_when_it_was_recorded(tmp_path: Path) -> None:
    assert recorded_at(SAMPLE_ARCHIVE) == datetime(2026, 3, 2, 6, tzinfo=UTC)
    for body in (b"", b"no archive"):
        broken = tmp_path / "stuk.warc.gz"
        broken.write_bytes(io.BytesIO(body).getvalue())
        with pytest.raises(ConfigurationError, match="can't be read"):
            recorded_at(broken)
