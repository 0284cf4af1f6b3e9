"""Writes ``sample.warc.gz`` and the partners' files: ``python -m sources.sample.generate``.

Belongs here: the recording. The real protocols ask, stand-ins for the publishers answer, and the recorder that live
runs use writes down both: so the archive holds exactly the URLs that a run asks for. Does not belong here: what the
answers are (`odata`, `odata4`, `files`, `features`, `ckan`, `partners.repairs`), and what lies in the inboxes
(`deliveries`).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from sources.archive import ArchiveWriter
from sources.contracts import PartnerFeed
from sources.environment import DEFAULT_SCOPE, SAMPLE_ARCHIVE, Environment, Scope, read_scope
from sources.http import PublisherSession
from sources.landing import Landing
from sources.partners.pull import PartnerSession, fetch_rows
from sources.protocols import protocol_of
from sources.registry import Feed, Registry, load_registry
from sources.sample import ckan, deliveries, features, odata4
from sources.sample.files import EDITIONS, ZIP_MODIFIED, liveability_zip, schools_file
from sources.sample.odata import JSON_TYPE, OdataPublisher, tables
from sources.sample.partners import repairs
from sources.sample.table import CBS, THIRD_PARTIES

# A fixed moment keeps the archive the same from one generation to the next.
RECORDED_AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
_SCHOOLS = re.compile(
    r"https://duo\.nl/open_onderwijsdata/images/04-leerlingen-bo-sbo-schooladviezen-(\d{4})-\d{4}\.csv"
)
_LIVEABILITY = "https://www.leefbaarometer.nl/resources/open-data-leefbaarometer-meting-2024.zip"


class SamplePublishers(BaseAdapter):
    """A transport for `requests` behind which the publishers of the sample answer."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._municipalities = frozenset((*scope.municipalities, *scope.with_neighbourhoods))
        known = tables(self._municipalities)
        self._odata = {host: OdataPublisher(host, known) for host in (CBS, THIRD_PARTIES)}
        # Those that answer with a body and nothing beside it.
        self._plain: dict[str, tuple[Callable[[str], bytes | None], str]] = {
            odata4.HOST: (odata4.Odata4Publisher(self._municipalities).answer, odata4.JSON_TYPE),
            ckan.HOST: (ckan.answer, ckan.JSON_TYPE),
            repairs.HOST: (repairs.answer, repairs.JSON_TYPE),
        }

    def send(self, request: PreparedRequest, *_args: Any, **_kwargs: Any) -> Response:
        url = request.url or ""
        found = self._find(url)
        response = Response()
        response.request, response.url = request, url
        body, headers = found or (b"", {})
        response.status_code, response.reason = (200, "OK") if found else (404, "Not Found")
        response.headers = CaseInsensitiveDict(headers)
        stream = BytesIO(b"" if request.method == "HEAD" else body)
        response.raw = HTTPResponse(stream, headers=headers, status=response.status_code, preload_content=False)
        return response

    def _find(self, url: str) -> tuple[bytes, dict[str, str]] | None:
        host = urlsplit(url).netloc
        if host in self._odata:
            body = self._odata[host].answer(url)
            return None if body is None else (body, {"Content-Type": JSON_TYPE, "DataServiceVersion": "3.0;"})
        plain = self._plain.get(host)
        if plain is not None:
            answer, kind = plain
            body = answer(url)
            return None if body is None else (body, {"Content-Type": kind})
        if host == features.HOST:
            found = features.answer(url)
            return None if found is None else _file(found[0], features.JSON_TYPE, features.MODIFIED[found[1]])
        schools = _SCHOOLS.fullmatch(url)
        if schools and int(schools[1]) in EDITIONS:
            year = int(schools[1])
            return _file(schools_file(year, self._municipalities), "text/csv", EDITIONS[year].modified)
        if url == _LIVEABILITY:
            return _file(liveability_zip(), "application/zip", ZIP_MODIFIED)
        return None

    def close(self) -> None:
        """Nothing stays open between requests."""


def _file(body: bytes, content_type: str, modified: str) -> tuple[bytes, dict[str, str]]:
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return body, {"Content-Type": content_type, "Last-Modified": modified, "ETag": etag}


def generate(target: Path, registry: Registry | None = None) -> None:
    """Write the archive to `target`, replacing an earlier one."""
    scope = read_scope(DEFAULT_SCOPE)
    publishers = SamplePublishers(scope)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = Environment("sample-recording", "sample", home, scope)
        fresh = home / "sample.warc.gz"
        writer = ArchiveWriter(fresh, RECORDED_AT)
        for feed in (registry or load_registry()).values():
            _record(feed, environment, writer, publishers)
        writer.close()
        target.unlink(missing_ok=True)
        shutil.move(fresh, target)


def _record(feed: Feed, environment: Environment, writer: ArchiveWriter, publishers: SamplePublishers) -> None:
    if isinstance(feed, PartnerFeed):
        if feed.pull:
            with PartnerSession(feed, environment, writer, publishers) as partner:
                fetch_rows(partner, feed, RECORDED_AT.date())
        return
    protocol, landing = protocol_of(feed, environment.scope), Landing(environment)
    with PublisherSession(feed.id, environment, recorder=writer, transport=publishers) as session:
        for table in protocol.tables(session):
            protocol.fetch(session, table, protocol.version(session, table), landing)


if __name__ == "__main__":
    generate(SAMPLE_ARCHIVE)
    deliveries.write()
