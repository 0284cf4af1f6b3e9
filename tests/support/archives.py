"""Copies of the sample archive in which a publisher has news or sends something bad."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.warcwriter import WARCWriter

from sources.environment import SAMPLE_ARCHIVE

Change = Callable[[str, bytes], bytes]


def changed_archive(target: Path, change: Change) -> Path:
    """Write a copy of the sample archive to `target` in which `change` has seen each body with its URL."""
    with SAMPLE_ARCHIVE.open("rb") as stream, target.open("wb") as out:
        writer = WARCWriter(out, gzip=True, warc_version="1.1")
        for record in ArchiveIterator(stream):
            url = record.rec_headers.get_header("WARC-Target-URI")
            body = record.content_stream().read()
            if record.rec_type == "response":
                body = change(url, body)
            writer.write_record(
                writer.create_warc_record(
                    url, record.rec_type, payload=io.BytesIO(body), http_headers=record.http_headers
                )
            )
    return target


def newer(url: str, body: bytes, table: str, century: str = "21") -> bytes:
    """Let the publisher say that `table` changed: its `Modified` moves to another century."""
    if f"/{table}/TableInfos" not in url:
        return body
    for quoted in (b'"Modified":"', b'"Modified": "'):
        at = body.find(quoted)
        if at >= 0:
            at += len(quoted)
            return body[:at] + century.encode() + body[at + 2 :]
    raise AssertionError(f"no Modified in {url}")
