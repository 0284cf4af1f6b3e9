"""Maps of wijken and buurten, with at most five classes and hatching where nothing can be shown.

Belongs here: projecting GeoJSON, cutting values into classes, drawing. Does not belong here: the figures, which stand in
the table below each map.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from publication.site import words
from publication.site.reading import Area, Figure, Indicator, Monitor
from publication.site.svg import Canvas, Point

_WIDTH = 640.0
_CLASSES = 5
HATCH = "hatch"
HIDDEN = ("suppressed_here", "suppressed_source")


@dataclass(frozen=True)
class Shape:
    """An area's outline as SVG path data, and where its name goes."""

    path: str
    centre: Point


@dataclass(frozen=True)
class BaseMap:
    """Outlines of all areas in one projection."""

    height: float
    shapes: Mapping[str, Shape]
    wijken: tuple[Area, ...]


@dataclass(frozen=True)
class Step:
    """A class of a map: values from `low` to `high`, both shown rounded; `count` areas fall in it."""

    number: int
    text: str
    count: int


def base_map(monitor: Monitor) -> BaseMap | None:
    """Project the outlines once for all maps; None when the release has none."""
    parsed = {code: _polygons(json.loads(text)) for code, text in monitor.geometries.items()}
    inside = {code: rings for code, rings in parsed.items() if monitor.areas[code].type in ("wijk", "buurt")}
    points = [point for rings in inside.values() for ring in rings for point in ring]
    if not points:
        return None
    west, south = min(x for x, _ in points), min(y for _, y in points)
    east, north = max(x for x, _ in points), max(y for _, y in points)
    # At this size a degree of longitude has one length; its ratio to a degree of latitude is the cosine of the latitude.
    ratio = math.cos(math.radians((south + north) / 2))
    scale = (_WIDTH - 8) / ((east - west) * ratio)

    def project(point: Point) -> Point:
        return 4 + (point[0] - west) * ratio * scale, 4 + (north - point[1]) * scale

    shapes = {code: _shape([[project(point) for point in ring] for ring in rings]) for code, rings in inside.items()}
    wijken = tuple(area for area in monitor.wijken if area.code in shapes)
    return BaseMap(8 + (north - south) * scale, shapes, wijken)


def _polygons(geometry: Mapping[str, Any]) -> list[list[Point]]:
    """Outer and inner rings of a Polygon or MultiPolygon, in one list: even-odd filling keeps holes open."""
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [[(point[0], point[1]) for point in ring] for polygon in polygons for ring in polygon]


def _shape(rings: Sequence[Sequence[Point]]) -> Shape:
    path = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring[:-1]) + "Z" for ring in rings)
    return Shape(path, _centre(max(rings, key=lambda ring: abs(_area(ring)))))


def _area(ring: Sequence[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:], strict=False)) / 2


def _centre(ring: Sequence[Point]) -> Point:
    """Centre of gravity of a ring, or the mean of its points when it has no surface."""
    size = _area(ring)
    if abs(size) < 1e-9:
        return sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)
    pairs = [(a, b, a[0] * b[1] - b[0] * a[1]) for a, b in zip(ring, ring[1:], strict=False)]
    x = sum((a[0] + b[0]) * cross for a, b, cross in pairs) / (6 * size)
    y = sum((a[1] + b[1]) * cross for a, b, cross in pairs) / (6 * size)
    return x, y


def classes(values: Sequence[float], most: int = _CLASSES) -> list[float]:
    """Upper edges of classes that hold about equally many areas; fewer when values are equal."""
    ordered = sorted(values)
    edges = [ordered[min(len(ordered) - 1, -(-len(ordered) * step // most) - 1)] for step in range(1, most + 1)]
    return sorted(set(edges))


def choropleth(
    key: str,
    title: str,
    indicator: Indicator,
    base: BaseMap,
    areas: Mapping[str, Area],
    figures: Mapping[str, Figure],
) -> tuple[Markup, list[Step]]:
    """A map of `figures` by area code, and the classes for its legend."""
    values = {code: figure.value for code, figure in figures.items() if figure.value is not None}
    edges = classes(list(values.values()))
    canvas = Canvas(_WIDTH, base.height, key, title, "Dezelfde cijfers staan in de tabel onder de kaart.")
    canvas.hatch(HATCH)
    for code, figure in figures.items():
        if code in base.shapes:
            tip = words.shown(indicator, figure) if figure.value is not None else words.reason(figure)
            kind = _kind(figure, edges)
            fill = HATCH if kind == "hidden" else ""
            canvas.area(base.shapes[code].path, kind, f"{areas[code].name}: {tip}", fill)
    for wijk in base.wijken:
        outline = "wijk noord" if wijk.in_noord else "wijk"
        canvas.parts.append(f'<path d="{base.shapes[wijk.code].path}" class="{outline}"/>')
    for wijk in base.wijken:
        _label(canvas, wijk.name, base.shapes[wijk.code].centre)
    return canvas.markup("map"), _steps(indicator, list(values.values()), edges)


def _kind(figure: Figure, edges: Sequence[float]) -> str:
    if figure.value is None:
        return "hidden" if figure.status in HIDDEN else "absent"
    value = figure.value
    return f"q{next(index for index, edge in enumerate(edges) if value <= edge) + 1 + _CLASSES - len(edges)}"


def _steps(indicator: Indicator, values: Sequence[float], edges: Sequence[float]) -> list[Step]:
    steps = []
    for index, edge in enumerate(edges):
        inside = [value for value in values if value <= edge and (index == 0 or value > edges[index - 1])]
        low, high = (words.bare(value, indicator.unit, indicator.decimals) for value in (min(inside), max(inside)))
        text = high if low == high else f"{low} tot en met {high}"
        steps.append(Step(index + 1 + _CLASSES - len(edges), text, len(inside)))
    return steps


def _label(canvas: Canvas, name: str, at: Point) -> None:
    """A wijk's name on as many lines as it has words."""
    parts = [part for part in re.split(r"(?<=-)| ", name) if part]
    top = at[1] - (len(parts) - 1) * 5
    for index, part in enumerate(parts):
        canvas.text((at[0], top + index * 10), part, "wijk-name", "middle")
