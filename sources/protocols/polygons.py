"""Polygons of areas, made fit for maps on a page.

Belongs here: fewer points without gaps between neighbours, and the direction of rings. Does not belong here: figures, or
the way polygons come in. Coordinates are degrees of longitude and latitude (CRS84), as they came and as they go.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import shapely

# About a metre.
DECIMALS = 5
_METRES_PER_DEGREE = 111_320.0


def for_maps(geometries: Sequence[Any], tolerance_m: float) -> list[str]:
    """GeoJSON texts of the areas of one collection, in their order.

    Neighbours keep sharing their edges: the collection is simplified as a whole (`shapely.coverage_simplify`, which is
    Visvalingam-Whyatt on the edges of the coverage). Outer rings run clockwise and holes the other way: d3 and Vega
    take a ring that runs anticlockwise for the rest of the globe. That is the reverse of RFC 7946.

    Args:
        geometries: decoded GeoJSON of (multi)polygons.
        tolerance_m: the side in metres of a square with the area of the smallest triangle that stays; 0 keeps all.

    Raises:
        ValueError: a geometry is no polygon, is empty, or has coordinates that are no degrees.
    """
    if not geometries:
        return []
    shapes = np.array([_shape(geometry) for geometry in geometries], dtype=object)
    if tolerance_m > 0:
        shapes = _simplified(shapes, tolerance_m)
    shapes = shapely.orient_polygons(shapes, exterior_cw=True)
    return [_text(shape) for shape in shapes]


def _shape(geometry: Any) -> shapely.Geometry:
    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        kind = geometry.get("type") if isinstance(geometry, dict) else geometry
        raise ValueError(f"an area has {kind!r} in place of a polygon")
    try:
        shape = shapely.force_2d(shapely.from_geojson(orjson.dumps(geometry)))
    except (shapely.errors.GEOSException, TypeError) as error:
        raise ValueError(f"a polygon can't be read: {error}") from error
    if shape.is_empty:
        raise ValueError("an area has an empty polygon")
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError(f"coordinates such as {west:.0f}, {south:.0f} are no degrees")
    return _rounded(shape)


def _rounded(shape: shapely.Geometry) -> shapely.Geometry:
    """On the grid of `DECIMALS`, the same for both sides of an edge, without parts and holes that vanish there."""
    rounded = shapely.transform(shape, lambda points: np.round(points, DECIMALS))
    parts = [_without_vanished_holes(part) for part in shapely.get_parts(rounded) if part.area > 0]
    if not parts:
        raise ValueError("an area is smaller than a metre")
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _without_vanished_holes(part: shapely.Polygon) -> shapely.Polygon:
    holes = [hole for hole in part.interiors if shapely.Polygon(hole).area > 0]
    return shapely.remove_repeated_points(shapely.Polygon(part.exterior, holes))


def _simplified(shapes: Any, tolerance_m: float) -> Any:
    """In metres east and north, so that a tolerance means the same in both directions."""
    _, south, _, north = shapely.total_bounds(shapes)
    scale = np.array([_METRES_PER_DEGREE * math.cos(math.radians((south + north) / 2)), _METRES_PER_DEGREE])
    flat = shapely.transform(shapes, lambda points: points * scale)
    simple = shapely.coverage_simplify(flat, tolerance_m)
    # Points are a choice from those that came in, so rounding takes them back exactly and edges stay shared.
    return shapely.transform(simple, lambda points: np.round(points / scale, DECIMALS))


def _text(shape: shapely.Geometry) -> str:
    return orjson.dumps(shapely.geometry.mapping(shape)).decode()
