"""Polygons for maps: clockwise rings, shared edges, nearly the same area."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.protocols.polygons import for_maps
from sources.sample.areas import HEERLEN, members
from sources.sample.features import outline
from tests.support.captures import CAPTURES, needs_captures
from tests.support.features import square


def shapes(texts: list[str]) -> Any:
    return np.array([shapely.from_geojson(text) for text in texts])


def signed_area(ring: list[list[float]]) -> float:
    """Shoelace: negative for a ring that runs clockwise."""
    pairs = zip(ring, ring[1:], strict=False)
    return sum(x * v - u * y for (x, y), (u, v) in pairs) / 2


@needs_captures
@pytest.mark.captures
@pytest.mark.parametrize("tolerance", [0, 25, 150, 400])
def test_wijken_of_heerlen_as_published(tolerance: float) -> None:
    document = json.loads((CAPTURES / "geo" / "heerlen_wijken_2014_wgs84.geojson").read_text(encoding="utf-8"))
    given_geometries = [each["geometry"] for each in document["features"]]
    texts = for_maps(given_geometries, tolerance)
    before, after = shapes([json.dumps(each) for each in given_geometries]), shapes(texts)
    assert len(after) == 23
    for text in texts:
        rings = json.loads(text)["coordinates"]
        assert signed_area(rings[0]) < 0
        assert all(signed_area(hole) > 0 for hole in rings[1:])
        assert all(coordinate == round(coordinate, 5) for ring in rings for point in ring for coordinate in point)
    assert shapely.coverage_is_valid(after), "neighbours share their edges point by point"
    assert shapely.is_valid(after).all()
    total = shapely.area(after).sum() / shapely.area(before).sum()
    assert total == pytest.approx(1, abs=0.001 if tolerance < 100 else 0.05)
    # Without gaps or overlaps the parts are as large as the whole.
    assert shapely.union_all(after).area == pytest.approx(shapely.area(after).sum(), rel=1e-9)
    if tolerance == 400:
        assert shapely.get_num_coordinates(after).sum() < shapely.get_num_coordinates(before).sum()


@settings(max_examples=60, deadline=None)
@given(
    columns=st.integers(1, 4),
    rows=st.integers(1, 4),
    clockwise=st.lists(st.booleans(), min_size=16, max_size=16),
    tolerance=st.sampled_from([0.0, 20.0, 200.0]),
)
def test_rings_run_clockwise_whatever_way_they_came(
    columns: int, rows: int, clockwise: list[bool], tolerance: float
) -> None:
    grid = [square(column, row) for column in range(columns) for row in range(rows)]
    for at, geometry in enumerate(grid):
        if clockwise[at]:
            geometry["coordinates"][0].reverse()
    texts = for_maps(grid, tolerance)
    assert all(signed_area(json.loads(text)["coordinates"][0]) < 0 for text in texts)
    assert shapely.coverage_is_valid(shapes(texts))
    assert shapely.area(shapes(texts)).sum() == pytest.approx(columns * rows * 0.0001, rel=0.02)


def test_holes_run_the_other_way_and_parts_stay_parts() -> None:
    outer = square(0, 0, 0.1)["coordinates"][0]
    hole = [[5.93, 50.83], [5.96, 50.83], [5.96, 50.86], [5.93, 50.86], [5.93, 50.83]]
    island = square(5, 5)["coordinates"][0]
    speck = [[7.0, 50.0], [7.000001, 50.0], [7.000001, 50.000001], [7.0, 50.0]]
    (text,) = for_maps([{"type": "MultiPolygon", "coordinates": [[outer, hole], [island], [speck]]}], 20)
    parts = json.loads(text)["coordinates"]
    assert [len(part) for part in parts] == [2, 1], "the speck of a few centimetres is gone"
    assert [signed_area(part[0]) < 0 for part in parts] == [True, True]
    assert signed_area(parts[0][1]) > 0


def test_a_tolerance_means_the_same_east_and_north() -> None:
    """A bend of 30 metres north and one of 30 metres east go or stay together; a degree is 1.6 times shorter east."""
    metres_north, metres_east = 30 / 111_320, 30 / (111_320 * math.cos(math.radians(50.85)))
    bent_north = [[5.9, 50.8], [5.95, 50.8 + metres_north], [6.0, 50.8], [6.0, 50.9], [5.9, 50.9], [5.9, 50.8]]
    bent_east = [[5.9, 50.8], [6.0, 50.8], [6.0 + metres_east, 50.85], [6.0, 50.9], [5.9, 50.9], [5.9, 50.8]]
    for ring in (bent_north, bent_east):
        polygon = {"type": "Polygon", "coordinates": [ring]}
        counts = [len(json.loads(for_maps([polygon], tolerance)[0])["coordinates"][0]) for tolerance in (100, 500)]
        assert counts == [6, 5], "30 metres on an edge of 7 to 11 kilometres: between 100² and 500² square metres"


def test_an_area_that_vanishes_is_refused() -> None:
    speck = [[7.0, 50.0], [7.000001, 50.0], [7.000001, 50.000001], [7.0, 50.0]]
    with pytest.raises(ValueError, match="an area is smaller than a metre"):
        for_maps([{"type": "Polygon", "coordinates": [speck]}], 20)


def test_the_map_of_the_sample_nests() -> None:
    """Invented, but whole: buurten fill their wijk, wijken the municipality, with shared edges."""
    wijken = members(HEERLEN)
    town = shapely.Polygon(outline(HEERLEN))
    parts = np.array([shapely.Polygon(outline(wijk.code)) for wijk in wijken])
    smallest = np.array([shapely.Polygon(outline(buurt.code)) for wijk in wijken for buurt in members(wijk.code)])
    assert (len(parts), len(smallest)) == (23, 57)
    for each in (parts, smallest):
        assert shapely.coverage_is_valid(each)
        assert shapely.union_all(each).equals(town)
    for wijk, shape in zip(wijken, parts, strict=True):
        assert shapely.union_all([shapely.Polygon(outline(b.code)) for b in members(wijk.code)]).equals(shape)
