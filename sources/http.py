"""The one way to the network: a session with time-outs, retries, budgets and a same-host rule.

Belongs here: how bytes are fetched and what may go wrong on the way. Does not belong here: which URLs a feed has
(`sources.protocols`) and where bytes are kept (`sources.landing`).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from sources.archive import ArchiveWriter, ReplayAdapter
from sources.environment import Environment
from sources.errors import FeedProblem

CHUNK = 1 << 18
_RETRIED = (429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Limits:
    """What one feed may cost. Times in seconds, sizes in bytes of decoded body."""

    attempts: int = 6
    backoff: float = 1.0
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    body_seconds: float = 900.0
    body_bytes: int = 2 * 1024**3
    feed_bytes: int = 8 * 1024**3
    # Retry-After is honoured up to here; a publisher that needs longer finds the feed held until the next run.
    longest_wait: float = 120.0

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Limits:
        """Read NOORD_HTTP_ATTEMPTS, NOORD_HTTP_BACKOFF, NOORD_HTTP_READ_TIMEOUT and NOORD_HTTP_BODY_BYTES."""
        default = cls()
        return cls(
            attempts=int(settings.get("NOORD_HTTP_ATTEMPTS", default.attempts)),
            backoff=float(settings.get("NOORD_HTTP_BACKOFF", default.backoff)),
            read_timeout=float(settings.get("NOORD_HTTP_READ_TIMEOUT", default.read_timeout)),
            body_bytes=int(settings.get("NOORD_HTTP_BODY_BYTES", default.body_bytes)),
        )


@dataclass(frozen=True)
class Received:
    """One body as it was stored."""

    url: str
    file: str
    bytes: int
    sha256: str
    etag: str | None
    last_modified: str | None


class _Interrupted(Exception):
    """A body that stopped half-way; worth another attempt."""


class _SameHostSession(requests.Session):
    """Follows a redirect only within the host that was asked."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        host = urlsplit(target).hostname if target else None
        if host and host != urlsplit(resp.url).hostname:
            raise requests.exceptions.InvalidURL(f"redirect to the foreign host {host}")
        if target and resp.url.startswith("https:") and target.startswith("http:"):
            raise requests.exceptions.InvalidURL("redirect from https to http")
        return target

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Nothing: the original looks for netrc credentials again."""


class PublisherSession:
    """HTTP for one feed.

    Every failure surfaces as `FeedProblem` that names the URL. URLs are always the publisher's; in a replay or with a
    mirror only the wire differs.
    """

    def __init__(
        self,
        feed_id: str,
        environment: Environment,
        recorder: ArchiveWriter | None = None,
        limits: Limits | None = None,
        transport: requests.adapters.BaseAdapter | None = None,
    ) -> None:
        self.feed_id = feed_id
        self._limits = limits or Limits.from_settings(os.environ)
        self._mirrors = environment.mirrors
        self._recorder = recorder
        self._spent = 0
        self._session = _SameHostSession()
        # Some hosts answer 406 to the default Accept; a name lets a publisher see who asks.
        self._session.headers.update(
            {"User-Agent": "noord/0.1 (Heerlen-Noord warehouse)", "Accept": "application/json, */*;q=0.8"}
        )
        # Proxies and certificates come from the environment; netrc credentials must not reach a publisher.
        self._session.auth = _no_credentials
        # A stand-in for the network, such as the publishers of the bundled sample; that of the environment otherwise.
        adapter = transport or self._transport(environment)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def _transport(self, environment: Environment) -> requests.adapters.BaseAdapter:
        if environment.archive is not None:
            return ReplayAdapter(environment.archive)
        retry = Retry(
            total=self._limits.attempts,
            backoff_factor=self._limits.backoff,
            backoff_jitter=self._limits.backoff,
            backoff_max=60,
            status_forcelist=_RETRIED,
            allowed_methods=("GET", "HEAD"),
            respect_retry_after_header=True,
            raise_on_status=False,
            retry_after_max=int(self._limits.longest_wait),
        )
        return HTTPAdapter(max_retries=retry)

    def __enter__(self) -> PublisherSession:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._session.close()

    def problem(self, what: str, url: str, expected: str) -> FeedProblem:
        return FeedProblem(what, feed_id=self.feed_id, where=url, expected=expected)

    def get_json(self, url: str) -> Any:
        """Fetch a small JSON document (metadata).

        Raises:
            FeedProblem: no answer, an error status, or a body that is not JSON.
        """
        return parse_json(self.get_bytes(url), self.feed_id, url)

    def get_bytes(self, url: str) -> bytes:
        """Fetch a body into memory.

        Raises:
            FeedProblem: no answer, an error status, or an interrupted or oversized body.
        """
        sink = BytesIO()
        self._fetch(url, sink)
        return sink.getvalue()

    def download(self, url: str, target: Path) -> Received:
        """Stream a body to `target`, as received, while hashing it.

        Raises:
            FeedProblem: no answer, an error status, an interrupted or oversized body, or a disk that is full.
        """
        try:
            with target.open("wb") as sink:
                return self._fetch(url, sink)
        except OSError as error:
            target.unlink(missing_ok=True)
            raise self.problem(
                f"the body can't be stored: {error.strerror}", url, f"room to write {target.name}"
            ) from error

    def head(self, url: str) -> Mapping[str, str]:
        """Response headers of a file, for change detection without a download."""
        response = self._send("HEAD", url, stream=False)
        self._record("HEAD", url, response, BytesIO())
        return response.headers

    def _fetch(self, url: str, sink: Any) -> Received:
        retrying = Retrying(
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(multiplier=self._limits.backoff, max=30),
            retry=retry_if_exception_type(_Interrupted),
            retry_error_callback=self._give_up,
        )
        received: Received = retrying(self._fetch_once, url, sink)
        return received

    def _give_up(self, state: RetryCallState) -> Received:
        error = state.outcome.exception() if state.outcome else None
        raise self.problem(
            f"the body broke off {state.attempt_number} times: {error}", str(state.args[0]), "a whole body"
        )

    def _fetch_once(self, url: str, sink: Any) -> Received:
        sink.seek(0)
        sink.truncate()
        response = self._send("GET", url, stream=True)
        digest, size = hashlib.sha256(), 0
        deadline = time.monotonic() + self._limits.body_seconds
        try:
            # read1 hands over what has come in; iter_content waits for a whole chunk, so a drip would never be timed.
            while chunk := response.raw.read1(CHUNK, decode_content=True):
                size += len(chunk)
                self._check_budget(size, deadline, url)
                digest.update(chunk)
                sink.write(chunk)
        except HTTPError as error:
            raise _Interrupted(self._cause(error)) from error
        finally:
            response.close()
        self._spent += size
        if self._recorder is not None:
            self._record("GET", url, response, _reader(sink))
        name = getattr(sink, "name", "")
        headers = response.headers
        return Received(
            url, Path(name).name, size, digest.hexdigest(), headers.get("ETag"), headers.get("Last-Modified")
        )

    def _check_budget(self, size: int, deadline: float, url: str) -> None:
        limits = self._limits
        if size > limits.body_bytes or self._spent + size > limits.feed_bytes:
            raise self.problem(
                f"the body is larger than {min(limits.body_bytes, limits.feed_bytes - self._spent):,} bytes",
                url,
                "a body within the feed's budget",
            )
        if time.monotonic() > deadline:
            raise self.problem(f"the body took over {limits.body_seconds:.0f} seconds", url, "a faster answer")

    def _send(self, method: str, url: str, *, stream: bool) -> requests.Response:
        timeout = (self._limits.connect_timeout, self._limits.read_timeout)
        try:
            response = self._request(method, url, timeout=timeout, stream=stream)
        except (requests.RequestException, ValueError) as error:
            # A redirect to what is no address is a plain ValueError.
            raise self.problem(f"no answer: {self._cause(error)}", url, "an answer with status 200") from error
        if response.status_code != 200:
            text = self._quoted(response)
            response.close()
            raise self.problem(f"status {response.status_code} {text}".strip(": "), url, "status 200")
        return response

    def _request(self, method: str, url: str, **options: Any) -> requests.Response:
        return self._session.request(method, self._wire_url(url), **options)

    def _quoted(self, response: requests.Response) -> str:
        """What a message says of the words of an answer that is no good: its reason and the beginning of its body."""
        return f"{response.reason or ''}: {' '.join(_beginning(response).decode('utf-8', 'replace').split())}"

    def _cause(self, error: BaseException) -> str:
        """What a message says of an error of the network."""
        return _short(error)

    def _wire_url(self, url: str) -> str:
        host = urlsplit(url).netloc
        mirror = self._mirrors.get(host)
        return url if mirror is None else url.replace(f"https://{host}", mirror, 1)

    def _record(self, method: str, url: str, response: requests.Response, body: Any) -> None:
        if self._recorder is not None:
            self._recorder.write(method, url, response.status_code, response.reason or "OK", response.headers, body)


def parse_json(content: bytes, feed_id: str, where: str) -> Any:
    """Decode a JSON document.

    Raises:
        FeedProblem: the content is not JSON; the message quotes its beginning and says whether it is a web page.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        beginning = " ".join(content[:120].decode("utf-8", "replace").split())
        kind = "a web page" if content.lstrip()[:1] == b"<" else "not valid JSON"
        raise FeedProblem(
            f"the body is {kind}: «{beginning}» ({error})", feed_id=feed_id, where=where, expected="a JSON document"
        ) from error


def _beginning(response: requests.Response) -> bytes:
    try:
        content: bytes = response.raw.read(300, decode_content=True)
        return content
    except HTTPError:
        return b""


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _reader(sink: Any) -> Any:
    if isinstance(sink, BytesIO):
        return BytesIO(sink.getvalue())
    sink.flush()
    return Path(sink.name).open("rb")


def _short(error: BaseException) -> str:
    """The innermost reason of a chain of network errors, without object addresses."""
    cause = innermost(error)
    return f"{type(cause).__name__}: {' '.join(str(cause).split())[:200]}"


def innermost(error: BaseException) -> BaseException:
    """The error with which a chain of errors began."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return error
