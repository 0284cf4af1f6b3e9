"""A table behind OData 4 for the loopback publisher: filters evaluated, pages cut, counts given when asked for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.publisher import Answer

HOST = "datasets.cbs.nl"
ROOT = f"https://{HOST}/odata/v1"
Row = dict[str, Any]


@dataclass
class Odata4Table:
    """Entity set → rows; `properties` is the singleton. A `careless` table ignores every filter."""

    id: str
    properties: Row
    entities: dict[str, list[Row]]
    page: int = 100_000
    careless: bool = False
    datasets: list[Row] = field(default_factory=list)

    def route(self, url: str) -> Answer | None:
        """The answer to a URL of this table or of the catalogue, None for others."""
        parts = urlsplit(url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        place = f"https://{parts.netloc}{parts.path}"
        if place == f"{ROOT}/Datasets":
            return _json({"@odata.context": place, "value": self.datasets})
        entity = place.removeprefix(f"{ROOT}/CBS/{self.id}/")
        if entity == "Properties":
            return _json({"@odata.context": place, **self.properties})
        if entity not in self.entities:
            return None
        condition = "" if self.careless else query.get("$filter", "")
        rows = [row for row in self.entities[entity] if _matches(row, condition)]
        # Metadata comes in one piece.
        page = self.page if entity == "Observations" else len(rows)
        skip = int(query.get("$skiptoken", "0"))
        body: Row = {"@odata.context": place}
        if query.get("$count") == "true":
            body["@odata.count"] = len(rows)
        body["value"] = rows[skip : skip + page]
        if len(rows) > skip + page:
            body["@odata.nextLink"] = re.sub(r"&?\$skiptoken=\d+", "", url) + f"&$skiptoken={skip + page}"
        return _json(body)


def _json(body: Row) -> Answer:
    return Answer(body=json.dumps(body, ensure_ascii=False).encode(), headers={"Content-Type": "application/json"})


def _matches(row: Row, condition: str) -> bool:
    """``a and (b or c)`` over ``X in (…)`` and ``startswith(X,'…')``; anything else fails the test."""
    return all(
        any(_clause(row, part) for part in _inner(group).split(" or ")) for group in condition.split(" and ") if group
    )


def _inner(group: str) -> str:
    return group[1:-1] if group.startswith("(") else group


def _clause(row: Row, text: str) -> bool:
    listed = re.fullmatch(r"(\w+) in \((.*)\)", text)
    if listed:
        return row[listed[1]] in re.findall(r"'([^']*)'", listed[2])
    starts = re.fullmatch(r"startswith\((\w+),'([^']*)'\)", text)
    assert starts, f"filter {text}"
    return str(row[starts[1]]).startswith(starts[2])
