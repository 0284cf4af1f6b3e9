"""What OData 3 and OData 4 have in common: conditions in URLs, the list ``value`` and the link to the next page.

Belongs here: the envelope of an answer and what makes it no answer. Does not belong here: entity sets, their fields and
the reading of rows, which differ between the two (`cbs_odata3`, `cbs_odata4`).
"""

from __future__ import annotations

import json
import mmap
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote as percent_encode

from sources.errors import FeedProblem
from sources.http import parse_json

# A region dimension that is no GeoDetail also holds police units, health regions and the like.
DIVISIONS = ("NL", "LD", "PV", "CR", "GM", "WK", "BU")
VALUE = re.compile(rb'"value"\s*:\s*\[')
_ERROR = re.compile(rb'\{\s*"(odata\.)?error"\s*:')


def encode(condition: str) -> str:
    """A condition as it stands in a URL."""
    return percent_encode(condition, safe="(),'")


def next_link(path: Path, feed_id: str, url: str, key: str) -> str | None:
    """The link under `key` in a landed page, None on the last; the page is not read into memory.

    Raises:
        FeedProblem: the body is no whole OData answer.
    """
    if path.stat().st_size == 0:
        raise FeedProblem("the body is empty", feed_id=feed_id, where=url, expected="an OData answer")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as body:
        _refuse_foreign_body(body, path.stat().st_size, feed_id, url)
        # No column can be called like the link, so the last occurrence is the envelope's own.
        at = body.rfind(f'"{key}"'.encode())
        match = re.compile(rb'"[^"]+"\s*:\s*("(?:[^"\\]|\\.)*")').match(body, at) if at >= 0 else None
        link: str | None = json.loads(match[1]) if match else None
        return link


def _refuse_foreign_body(body: mmap.mmap, size: int, feed_id: str, url: str) -> None:
    start, end = body[:4096].lstrip(b"\xef\xbb\xbf \r\n\t"), body[-64:].rstrip()
    if not start.startswith(b"{"):
        parse_json(bytes(start), feed_id, url)
    if _ERROR.match(start):
        text = start[:200].decode("utf-8", "replace")
        raise FeedProblem(f"an error in place of data: {text}", feed_id=feed_id, where=url, expected="rows")
    if not end.endswith(b"}"):
        what = f"the body is cut off after {size:,} bytes"
        raise FeedProblem(what, feed_id=feed_id, where=url, expected="a whole JSON document")
    if not VALUE.search(body):
        raise FeedProblem("the body has no list 'value'", feed_id=feed_id, where=url, expected="an OData answer")


def rows_of(document: Any, feed_id: str, where: str) -> list[dict[str, Any]]:
    """The rows of a small answer.

    Raises:
        FeedProblem: the document has no list ``value`` of objects.
    """
    rows = document.get("value") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FeedProblem("the answer has no list 'value'", feed_id=feed_id, where=where, expected="an OData answer")
    return rows


def refuse_dropped_columns(path: Path, feed_id: str, url: str, needed: list[str], listed_in: str) -> None:
    """Refuse a page whose first row lacks columns: they would read as NULL and pass for secret figures.

    Args:
        listed_in: where the publisher lists the columns, for the message.

    Raises:
        FeedProblem: a column is absent, or the first row can't be read.
    """
    with path.open("rb") as stream:
        beginning = stream.read(1 << 18)
    start = VALUE.search(beginning)
    if start is None:
        what = "the list 'value' does not begin within 256 kB"
        raise FeedProblem(what, feed_id=feed_id, where=url, expected="rows of data")
    rest = beginning[start.end() :].decode("utf-8", "ignore").lstrip()
    if rest.startswith("]"):
        return
    try:
        row, _ = json.JSONDecoder().raw_decode(rest)
    except json.JSONDecodeError as error:
        what = f"the first row is not valid JSON ({error})"
        raise FeedProblem(what, feed_id=feed_id, where=url, expected="rows of data") from error
    absent = [key for key in needed if key not in row]
    if absent:
        what = f"rows lack the columns {', '.join(absent[:5])} that {listed_in} lists"
        raise FeedProblem(what, feed_id=feed_id, where=url, expected="every listed column")
