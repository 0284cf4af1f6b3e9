"""OGC API Features for the loopback publisher: collections of features, filtered by municipality, cut into pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.publisher import Answer

HOST = "api.pdok.nl"
Feature = dict[str, Any]


@dataclass
class FeatureService:
    """Collection → features. A `careless` service ignores the filter; without `tagged` pages have no ETag.

    Each answer states another moment, as servers do.
    """

    path: str
    collections: dict[str, list[Feature]]
    page: int = 1000
    careless: bool = False
    tagged: bool = True
    answered: int = 0

    def route(self, url: str) -> Answer | None:
        parts = urlsplit(url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.netloc != HOST or not parts.path.startswith(f"{self.path}/collections/"):
            return None
        features = self.collections[parts.path.split("/")[-2]]
        wanted = query.get("gemeentecode")
        if wanted and not self.careless:
            features = [feature for feature in features if feature["properties"].get("gemeentecode") == wanted]
        at = int(query.get("cursor", "0"))
        chosen = features[at : at + self.page]
        links = [{"rel": "self", "href": url}]
        if len(features) > at + self.page:
            following = url.partition("&cursor=")[0] + f"&cursor={at + self.page}"
            links.append({"rel": "next", "href": following})
        self.answered += 1
        moment = f"2026-03-02T06:00:{self.answered % 60:02}Z"
        body = {"type": "FeatureCollection", "timeStamp": moment, "links": links}
        content = json.dumps(body | {"numberReturned": len(chosen), "features": chosen}).encode()
        tag = {"ETag": f'"{hash(json.dumps(chosen)):x}"'} if self.tagged else {}
        return Answer(body=content, headers={"Content-Type": "application/geo+json", **tag})


def square(column: int, row: int, size: float = 0.01) -> dict[str, Any]:
    """A square of a grid near Heerlen, anticlockwise as RFC 7946 asks; neighbours share corners."""
    west, south = 5.9 + column * size, 50.8 + row * size
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    ring = [[round(west + x * size, 6), round(south + y * size, 6)] for x, y in corners]
    return {"type": "Polygon", "coordinates": [ring]}
