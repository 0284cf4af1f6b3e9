"""Deliveries that are fetched: pages of JSON behind a key.

Belongs here: what is asked for, and that the key reaches nobody but the host it is for. Does not belong here: what is in
the rows; they go through quarantine like a file's.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
import requests
from requests.adapters import BaseAdapter

from sources.archive import ArchiveWriter
from sources.contracts import PartnerFeed, Pull
from sources.environment import Environment
from sources.errors import FeedProblem
from sources.http import Limits, PublisherSession, innermost
from sources.partners.quarantine import MOST_BYTES
from sources.protocols.paging import MOST_PAGES, on_the_same_host

_KEY = re.compile(r"[\x21-\x7e]{1,4096}")
# Who logs what came over the wire: broken answers with their bytes, and addresses.
_WIRE_LOGS = ("urllib3.connection", "urllib3.connectionpool", "urllib3.response", "urllib3.util.retry")


class PartnerSession(PublisherSession):
    """HTTP for a partner's interface.

    The key goes to the host of the contract's address only and no redirect is followed. No message quotes what the partner
    sent, be it a body, a reason or the query of a link to the next page: it may hold the key, or rows. Nor does the log,
    while the session is open. A replay needs no key.

    Raises:
        FeedProblem: the variable with the key is not set, or what it holds can't be sent.
    """

    def __init__(
        self,
        feed: PartnerFeed,
        environment: Environment,
        recorder: ArchiveWriter | None = None,
        transport: BaseAdapter | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        pull = pull_of(feed)
        limits = Limits.from_settings(os.environ)
        super().__init__(feed.id, environment, recorder, limits, transport)
        self._host = urlsplit(pull.url).netloc
        needs_key = environment.archive is None and transport is None
        self._secret = self._read_key(pull, os.environ if settings is None else settings) if needs_key else {}

    def _read_key(self, pull: Pull, settings: Mapping[str, str]) -> dict[str, str]:
        key = settings.get(pull.key_env, "").strip()
        if not _KEY.fullmatch(key):
            what = "holds no key that can be sent" if key else "is not set"
            raise self.problem(f"the variable {pull.key_env} {what}", pull.url, "the partner's key, in the environment")
        return {pull.key_header: f"{pull.key_prefix}{key}"}

    def __enter__(self) -> PartnerSession:
        for name in _WIRE_LOGS:
            logging.getLogger(name).addFilter(_no_record)
        return self

    def __exit__(self, *exc: object) -> None:
        for name in _WIRE_LOGS:
            logging.getLogger(name).removeFilter(_no_record)
        super().__exit__(*exc)

    def problem(self, what: str, url: str, expected: str) -> FeedProblem:
        return super().problem(what, url.partition("?")[0], expected)

    def _request(self, method: str, url: str, **options: Any) -> requests.Response:
        secret = self._secret if urlsplit(url).netloc == self._host else {}
        return super()._request(method, url, headers=secret, allow_redirects=False, **options)

    def _quoted(self, response: requests.Response) -> str:
        return "(the answer's text is not shown)"

    def _cause(self, error: BaseException) -> str:
        # Some quote what was received instead of an answer.
        return type(innermost(error)).__name__


def _no_record(_record: logging.LogRecord) -> bool:
    return False


def pull_of(feed: PartnerFeed) -> Pull:
    assert feed.pull is not None, f"{feed.id} is not fetched"
    return feed.pull


def window_start(feed: PartnerFeed, day: date) -> date:
    """The first day of what is asked for on `day`: as many whole months as the contract says, then the present month."""
    months = day.year * 12 + day.month - 1 - pull_of(feed).window_months
    return date(months // 12, months % 12 + 1, 1)


def fetch_rows(session: PublisherSession, feed: PartnerFeed, day: date) -> bytes:
    """What the partner's interface gives on `day`, as one JSON list of all rows.

    Rows keep their order; their keys are sorted, so that the same rows give the same bytes.

    Raises:
        FeedProblem: a page can't be fetched or is none, a link leads elsewhere or back, or there is no end to them.
    """
    pull = pull_of(feed)
    url = f"{pull.url}?{urlencode({pull.since: window_start(feed, day).isoformat()})}"
    rows: list[bytes] = []
    size, seen = 0, set[str]()
    while True:
        if url in seen or len(seen) >= MOST_PAGES:
            raise session.problem("the pages lead back or do not end", url, f"at most {MOST_PAGES} pages that end")
        seen.add(url)
        body = session.get_bytes(url)
        size += len(body)
        if size > MOST_BYTES:
            raise session.problem("the pages are too large together", url, f"at most {MOST_BYTES // 1024**2} MB")
        page = _page(session, pull, url, body)
        rows += [orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in page[pull.rows]]
        following = page.get(pull.next)
        if not following:
            return b"[" + b",\n".join(rows) + b"]"
        url = on_the_same_host(session, url, following, pull.next)


def _page(session: PublisherSession, pull: Pull, url: str, body: bytes) -> dict[str, Any]:
    expected = f"an object with a list '{pull.rows}' and the address '{pull.next}'"
    try:
        page = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Not chained: the error holds the body, and the body may hold rows.
        raise session.problem("the page is not valid JSON", url, expected) from None
    is_page = isinstance(page, dict) and isinstance(page.get(pull.rows), list)
    if not is_page or not isinstance(page.get(pull.next), str | None):
        raise session.problem("the page has another form", url, expected)
    return dict(page)
