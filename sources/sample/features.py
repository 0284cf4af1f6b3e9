"""A stand-in for api.pdok.nl: Heerlen, its wijken and buurten as schematic areas.

Belongs here: the invented map and the answers of OGC API Features. The map is a Voronoi division of an invented outline:
buurten lie around the middle of their wijk, wijken are the union of their buurten, the municipality of its wijken, so
that edges are shared point by point. Nothing lies where it lies. Does not belong here: inhabitants (`figures`).

Coordinates come from plain arithmetic and are rounded to six decimals: the same on every machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sources.sample import figures
from sources.sample.areas import HEERLEN, Area, all_areas, members
from sources.sample.figures import noise

HOST = "api.pdok.nl"
JSON_TYPE = "application/geo+json"
YEARS = range(2022, 2026)
MODIFIED = {year: f"Mon, {day:02} Dec 2025 09:00:00 GMT" for year, day in zip(YEARS, (1, 8, 15, 22), strict=True)}
# Below this a buurt's inhabitants are secret on the map.
SECRET_BELOW, SECRET, NOT_AVAILABLE = 10, -99997, -99995
Point = tuple[float, float]
Ring = list[Point]

_MIDDLE, _KM_PER_DEGREE = (5.97, 50.89), (70.2, 111.3)
_RADIUS_KM, _BUURT_KM, _STEP_KM = 3.8, 0.33, 0.15
_COLLECTIONS = ("gemeenten", "wijken", "buurten")


def answer(url: str) -> tuple[bytes, int] | None:
    """The body for a URL and the year of its edition, None where the host has nothing."""
    parts = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    path = parts.path.strip("/").split("/")
    year = int(path[1].rpartition("-")[2])
    if year not in YEARS or path[2:5] != ["ogc", "v1", "collections"] or path[5] not in _COLLECTIONS:
        return None
    features = [
        feature
        for feature in _features(path[5], year)
        if feature["properties"]["gemeentecode"] == query.get("gemeentecode", HEERLEN)
    ]
    body = {
        "type": "FeatureCollection",
        "timeStamp": "2026-03-02T06:00:00Z",
        "links": [{"rel": "self", "title": "This document", "type": JSON_TYPE, "href": url}],
        "features": features,
        "numberReturned": len(features),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), year


# -- features -------------------------------------------------------------------------------------------------------


def _features(collection: str, year: int) -> Iterator[dict[str, Any]]:
    town = all_areas()[HEERLEN]
    wijken = members(HEERLEN)
    areas = {
        "gemeenten": [town],
        "wijken": list(wijken),
        "buurten": [buurt for wijk in wijken for buurt in members(wijk.code)],
    }
    for number, area in enumerate(areas[collection], start=1):
        ring = [list(point) for point in outline(area.code)]
        yield {
            "type": "Feature",
            "id": str(number),
            "properties": _properties(area, year),
            # RFC 7946: the outer ring runs anticlockwise.
            "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        }


def _properties(area: Area, year: int) -> dict[str, Any]:
    names = all_areas()
    codes: dict[str, Any] = {}
    if area.kind == "BU":
        wijk = "WK" + area.code[2:8]
        codes = {"buurtcode": area.code, "buurtnaam": area.name, "wijkcode": wijk, "wijknaam": names[wijk].name}
    elif area.kind == "WK":
        codes = {"wijkcode": area.code, "wijknaam": area.name}
    inhabitants = figures.count(area, "inhabitants", year)
    change = {"indelingswijziging_wijken_en_buurten": 1} if area.is_small else {}
    postcode = {"meest_voorkomende_postcode": area.postcode} if area.kind == "BU" else {}
    return {
        **codes,
        "gemeentecode": HEERLEN,
        "gemeentenaam": names[HEERLEN].name,
        **change,
        "water": "NEE",
        **postcode,
        "aantal_inwoners": SECRET if area.is_small and (inhabitants or 0) < SECRET_BELOW else inhabitants,
        "gemiddelde_woningwaarde": NOT_AVAILABLE,
        "jrstatcode": f"{year}{area.code}",
        "jaar": year,
    }


# -- the invented map -----------------------------------------------------------------------------------------------


@cache
def outline(code: str) -> tuple[Point, ...]:
    """The ring of an area, anticlockwise and without its last point, in degrees."""
    if code.startswith("BU"):
        return tuple(_with_steps(_cells()[code]))
    return tuple(_union(outline(part.code) for part in members(code)))


@cache
def _cells() -> dict[str, Ring]:
    """The Voronoi cell of each buurt inside the outline of the municipality, in kilometres, rounded."""
    seeds = dict(_seeds())
    border = [_polar(_RADIUS_KM * (1.15 + 0.12 * noise("border", at)), math.tau * at / 14) for at in range(14)]
    cells = {}
    for code, (x, y) in seeds.items():
        cell = border
        for other, (u, v) in seeds.items():
            if other != code:
                cell = _clipped(cell, (u - x, v - y), ((u * u + v * v) - (x * x + y * y)) / 2)
        rounded = [_degrees(point) for point in cell]
        cells[code] = [point for at, point in enumerate(rounded) if point != rounded[at - 1]]
    return cells


def _seeds() -> Iterator[tuple[str, Point]]:
    """Wijken on a sunflower spiral, their buurten around them."""
    wijken = members(HEERLEN)
    for number, wijk in enumerate(wijken):
        x, y = _polar(_RADIUS_KM * math.sqrt((number + 0.5) / len(wijken)), 2.399963 * number)
        buurten = members(wijk.code)
        for at, buurt in enumerate(buurten):
            distance = 0.0 if len(buurten) == 1 else _BUURT_KM * (1 + 0.3 * noise(buurt.code, "seed"))
            dx, dy = _polar(distance, math.tau * at / len(buurten) + noise(wijk.code, "turn"))
            yield buurt.code, (x + dx, y + dy)


def _polar(distance: float, angle: float) -> Point:
    return distance * math.cos(angle), distance * math.sin(angle)


def _clipped(ring: Ring, normal: Point, limit: float) -> Ring:
    """The part of a ring where ``normal · point <= limit``."""
    kept: Ring = []
    for at, end in enumerate(ring):
        start = ring[at - 1]
        before = normal[0] * start[0] + normal[1] * start[1] - limit
        after = normal[0] * end[0] + normal[1] * end[1] - limit
        if (before > 0) != (after > 0):
            part = before / (before - after)
            kept.append((start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])))
        if after <= 0:
            kept.append(end)
    return kept


def _degrees(point: Point) -> Point:
    longitude, latitude = (_MIDDLE[axis] + point[axis] / _KM_PER_DEGREE[axis] for axis in (0, 1))
    return round(longitude, 6), round(latitude, 6)


def _with_steps(ring: Ring) -> Iterator[Point]:
    """Small bends in each edge, the same from both sides: a map has more points than a page needs."""
    for at, end in enumerate(ring):
        start = ring[at - 1]
        first, last = sorted((start, end))
        bends = list(_bends(first, last))
        yield from bends if start == first else reversed(bends)
        yield end


def _bends(first: Point, last: Point) -> Iterator[Point]:
    across, along = last[0] - first[0], last[1] - first[1]
    length = math.hypot(across * _KM_PER_DEGREE[0], along * _KM_PER_DEGREE[1])
    count = int(length / _STEP_KM)
    for step in range(1, count + 1):
        part, aside = step / (count + 1), 0.1 / (count + 1) * noise(first, last, step)
        yield (
            round(first[0] + part * across - aside * along, 6),
            round(first[1] + part * along + aside * across, 6),
        )


def _union(rings: Iterable[tuple[Point, ...]]) -> Iterator[Point]:
    """The outline of areas that share edges: an edge that two of them walk in opposite directions lies inside."""
    edges = {(ring[at - 1], point) for ring in rings for at, point in enumerate(ring)}
    following = {start: end for start, end in edges if (end, start) not in edges}
    point = first = min(following)
    while True:
        yield point
        point = following.pop(point)
        if point == first:
            break
    if following:
        raise ValueError("the areas do not lie side by side")
