"""Recorded traffic: written by ``noord record``, replayed by ``--feeds PATH`` and by the bundled sample.

The format is WARC 1.1 (ISO 28500), written and read with warcio: a request record, then its response record. Belongs
here: storing and finding exchanges. Does not belong here: when to ask for what (`sources.protocols`).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from sources.errors import ConfigurationError

# Headers that describe the transfer and no longer hold for the stored, decoded body.
_TRANSFER_HEADERS = {"transfer-encoding", "content-encoding", "content-length", "connection", "set-cookie"}
_NAMESPACE = uuid.UUID("6f3f1f4e-4c1f-5f5a-9d55-0917091709ab")


def canonical_url(url: str) -> str:
    """The form in which `requests` sends a URL; a publisher's own link may hold a raw space."""
    prepared = PreparedRequest()
    prepared.prepare_url(url, None)
    return prepared.url or url


class ArchiveWriter:
    """Appends exchanges to a new archive file.

    Args:
        path: the file to make; it must not exist yet.
        recorded_at: a fixed moment for a reproducible archive; the clock unless given. With a fixed moment the record
            ids are derived from the content, so the same exchanges give the same bytes.
    """

    def __init__(self, path: Path, recorded_at: datetime | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream: IO[bytes] = path.open("xb")
        self._writer = WARCWriter(self._stream, gzip=True, warc_version="1.1")
        self._fixed = recorded_at
        self._count = 0

    def write(
        self, method: str, url: str, status: int, reason: str, headers: Mapping[str, str], body: IO[bytes]
    ) -> None:
        """Append one exchange; `body` is the decoded body."""
        kept = [(key, value) for key, value in headers.items() if key.lower() not in _TRANSFER_HEADERS]
        url = canonical_url(url)
        request_head = StatusAndHeaders(f"{method} {url} HTTP/1.1", [], is_http_request=True)
        response_head = StatusAndHeaders(f"{status} {reason}", kept, protocol="HTTP/1.1")
        self._record(url, "request", BytesIO(), request_head)
        self._record(url, "response", body, response_head)

    def _record(self, url: str, kind: str, payload: IO[bytes], head: StatusAndHeaders) -> None:
        self._count += 1
        moment = (self._fixed or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
        identity = uuid.uuid5(_NAMESPACE, f"{self._count}|{moment}|{kind}|{url}")
        extra = {"WARC-Record-ID": f"<urn:uuid:{identity}>", "WARC-Date": moment}
        self._writer.write_record(
            self._writer.create_warc_record(url, kind, payload=payload, http_headers=head, warc_headers_dict=extra)
        )

    def close(self) -> None:
        self._stream.close()


def recorded_at(path: Path) -> datetime:
    """The moment at which an archive begins.

    Raises:
        ConfigurationError: the file is not a readable archive.
    """
    try:
        with path.open("rb") as stream:
            first = next(iter(ArchiveIterator(stream)))
            return datetime.fromisoformat(first.rec_headers.get_header("WARC-Date")).astimezone(UTC)
    except (OSError, ArchiveLoadFailed, StopIteration, TypeError, ValueError) as error:
        raise ConfigurationError(f"Archive {path} can't be read: {error}. Nothing was started.") from error


@dataclass(frozen=True)
class _Place:
    offset: int
    status: int
    reason: str
    headers: dict[str, str]


class ReplayAdapter(BaseAdapter):
    """A transport for `requests` that answers from an archive and never opens a connection.

    A request that was not recorded gets status 404 with a body that says so. When an exchange was recorded more than
    once, the last one counts.

    Raises:
        ConfigurationError: the file is not a readable archive.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        try:
            state = path.stat()
            self._index = _read_index(path, state.st_mtime_ns, state.st_size)
        except (OSError, ArchiveLoadFailed) as error:
            raise ConfigurationError(f"Archive {path} can't be read: {error}. Nothing was started.") from error

    def send(self, request: PreparedRequest, *_args: Any, **_kwargs: Any) -> Response:
        place = self._index.get((request.method or "GET", canonical_url(request.url or "")))
        response = Response()
        response.request = request
        response.url = request.url or ""
        if place is None:
            body = f"{request.method} {request.url} is not in the archive {self._path.name}".encode()
            place, stream = _Place(0, 404, "Not in the archive", {}), BytesIO(body)
        else:
            stream = BytesIO(self._body(place))
        response.status_code = place.status
        response.reason = place.reason
        response.headers = CaseInsensitiveDict(place.headers)
        response.raw = HTTPResponse(stream, headers=place.headers, status=place.status, preload_content=False)
        return response

    def _body(self, place: _Place) -> bytes:
        with self._path.open("rb") as stream:
            stream.seek(place.offset)
            record = next(iter(ArchiveIterator(stream)))
            content: bytes = record.content_stream().read()
            return content

    def close(self) -> None:
        """Nothing stays open between requests."""


# Every feed of a run opens the same archive, and reading one through takes a quarter of a second.
@lru_cache(maxsize=4)
def _read_index(path: Path, _modified: int, _size: int) -> Mapping[tuple[str, str], _Place]:
    """Where each answer of an archive stands; read through once for each state of the file."""
    index: dict[tuple[str, str], _Place] = {}
    method = "GET"
    with path.open("rb") as stream:
        records = ArchiveIterator(stream)
        for record in records:
            if record.rec_type == "request":
                method = record.http_headers.protocol
            elif record.rec_type == "response":
                head = record.http_headers
                status, _, reason = head.statusline.partition(" ")
                url = record.rec_headers.get_header("WARC-Target-URI")
                index[method, canonical_url(url)] = _Place(
                    records.get_record_offset(), int(status), reason, dict(head.headers)
                )
            _require_whole(record)
    return index


def _require_whole(record: Any) -> None:
    """A cut-off archive would otherwise give a shorter body without a word."""
    while record.raw_stream.read(1 << 18):
        pass
    if record.raw_stream.limit:
        raise ArchiveLoadFailed(f"it breaks off {record.raw_stream.limit:,} bytes before the end of a record")
