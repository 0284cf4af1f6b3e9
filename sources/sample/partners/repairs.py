"""A stand-in for the interface of the housing corporations: requests for repair, in pages of JSON.

Belongs here: the answers in the form that the contract of `reparatieverzoeken` describes. Does not belong here: the
requests themselves (`wonen`), and who may ask for them: the stand-in wants no key, and no key is ever recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from sources.sample.partners.cases import months
from sources.sample.partners.wonen import repairs

HOST = "reparaties.corporaties.example"
PATH = "/api/v1/reparatieverzoeken"
JSON_TYPE = "application/json;charset=utf-8"
PAGE_SIZE = 1000
# The first and the last month that the corporations' system knows.
_FIRST, _LAST = (2024, 1), (2026, 2)


def answer(url: str) -> bytes | None:
    """The page for a URL, None where there is none."""
    parts = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    if parts.path != PATH or "updated_since" not in query:
        return None
    since, page = date.fromisoformat(query["updated_since"]), int(query.get("page", "1"))
    rows = list(_since(since))
    part = rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    more = urlencode({"updated_since": since.isoformat(), "page": page + 1})
    following = f"https://{HOST}{PATH}?{more}" if page * PAGE_SIZE < len(rows) else None
    return json.dumps({"items": part, "next": following}, ensure_ascii=False, separators=(",", ":")).encode()


def _since(day: date) -> Iterator[dict[str, Any]]:
    """The requests made on or after a day, which are those of whole months because a run asks for these."""
    for year, month in months(_FIRST, _LAST):
        if (year, month) >= (day.year, day.month):
            yield from repairs(year, month)
