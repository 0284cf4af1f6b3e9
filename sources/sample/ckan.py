"""A stand-in for onderwijsdata.duo.nl: pupils in primary education by the postcode of their home.

Belongs here: the records, and the answers of CKAN's action API in their own form. Postcodes of Heerlen's buurten are
real, each with the children of its buurten; every other municipality has the one postcode of ``areas.csv``. All counts
are invented. Does not belong here: the pupils of schools (`files`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sources.sample.areas import HEERLEN, Area, all_areas, exists, members
from sources.sample.figures import amount, disadvantage, level, noise

HOST = "onderwijsdata.duo.nl"
RESOURCE = "402c5a69-eea8-41b4-b8ad-ecac301c28a8"
JSON_TYPE = "application/json;charset=utf-8"
YEARS = range(2020, 2026)
# DUO's own answers name a host inside its network.
_INTERNAL_HOST = "beheer-ggm-ckan-prd.apps.prd.duo.rijksapps.nl"
_MODIFIED = "2026-02-20T07:14:05.112000"
# Parts of all pupils, and how they change with disadvantage.
_KINDS = {"BO": (0.957, -0.012), "SBO": (0.024, 0.008), "SO": (0.019, 0.004)}
_EMPTY_POSTCODE = "6421"
_FIELDS = (
    ("_id", "int"),
    ("PEILJAAR", "int"),
    ("TYPE_PO", "text"),
    ("POSTCODE4_DEELNEMER", "int"),
    ("AANTAL_LEERLINGEN", "text"),
)
Record = dict[str, Any]


def answer(url: str) -> bytes | None:
    """The body for a URL, None where the portal has nothing."""
    parts = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    action = parts.path.removeprefix("/api/3/action/")
    if action == "resource_show" and query.get("id") == RESOURCE:
        return _encode(action, _resource())
    if action == "datastore_search" and query.get("resource_id") == RESOURCE:
        return _encode(action, _search(int(query["limit"]), int(query["offset"])))
    return None


def _resource() -> Record:
    return {
        "id": RESOURCE,
        "name": "Leerlingen po naar postcode woonadres (voorbeeldcijfers)",
        "format": "CSV",
        "datastore_active": True,
        "last_modified": _MODIFIED,
        "metadata_modified": _MODIFIED,
        "url": f"https://{_INTERNAL_HOST}/dataset/leerlingen/resource/{RESOURCE}/download/leerlingen_pc4.csv",
    }


def _search(limit: int, offset: int) -> Record:
    records = _records()
    return {
        "include_total": True,
        "limit": limit,
        "offset": offset,
        "resource_id": RESOURCE,
        "fields": [{"id": name, "type": kind} for name, kind in _FIELDS],
        "records": records[offset : offset + limit],
        "total": len(records),
        "total_was_estimated": False,
    }


@cache
def _records() -> list[Record]:
    return [{"_id": number} | record for number, record in enumerate(_made(), start=1)]


def _made() -> Iterator[Record]:
    for year in YEARS:
        for postcode, places in _places().items():
            for kind in _KINDS:
                number = pupils(postcode, places, kind, year)
                if number:
                    yield {
                        "PEILJAAR": year,
                        "TYPE_PO": kind,
                        "POSTCODE4_DEELNEMER": int(postcode),
                        "AANTAL_LEERLINGEN": "<5" if number < 5 else str(number),
                    }


def _places() -> dict[str, tuple[Area, ...]]:
    """The areas whose children a postcode counts: buurten in Heerlen, whole municipalities elsewhere."""
    buurten = [buurt for wijk in members(HEERLEN) for buurt in members(wijk.code)]
    towns = [
        area for area in all_areas().values() if area.kind == "GM" and area.code != HEERLEN and exists(area.code, 2025)
    ]
    places: dict[str, tuple[Area, ...]] = {}
    for area in (*buurten, *towns):
        if area.postcode:
            places[area.postcode] = (*places.get(area.postcode, ()), area)
    # A postcode of Heerlen that no buurt of the file has as its most frequent one; it borders on the largest.
    places[_EMPTY_POSTCODE] = (buurten[0],)
    return dict(sorted(places.items()))


def pupils(postcode: str, places: tuple[Area, ...], kind: str, year: int) -> int:
    """Pupils of one kind of school who live in a postcode on 1 October."""
    homes = [(_homes(place, postcode, year), place) for place in places]
    whole = math.fsum(number * level(place, "pupils_primary", year) / 100 for number, place in homes)
    share, slope = _KINDS[kind]
    lag = math.fsum(number * disadvantage(place) for number, place in homes) / math.fsum(number for number, _ in homes)
    return round(whole * max(0.001, share + slope * lag) * (1 + 0.08 * noise(postcode, kind, year)))


def _homes(place: Area, postcode: str, year: int) -> float:
    """Inhabitants of a place in this postcode; a town is spread over about one postcode per 4,500 inhabitants."""
    people = amount(place, "inhabitants", year)
    if place.kind == "GM":
        return min(people, 4500 + 1500 * noise(place.code, "postcode"))
    return people * (0.15 if postcode == _EMPTY_POSTCODE else 1.0)


def _encode(action: str, result: Record) -> bytes:
    body = {"help": f"https://{HOST}/api/3/action/help_show?name={action}", "success": True, "result": result}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
