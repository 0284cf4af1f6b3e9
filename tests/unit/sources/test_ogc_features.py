"""OGC API Features: pages by links, municipalities, sentinels, and versions of pages that state their own moment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.arrival import arrive, has_news
from sources.environment import Scope
from sources.feed import Table
from sources.landing import Landing
from sources.registry import OgcFeaturesFeed, load_registry
from tests.support.features import HOST, FeatureService, square
from tests.support.protocols import Loaded, Row, failed, first_arrival, land_and_load, refusal, standing
from tests.support.publisher import Answer, Fault, LoopbackPublisher

_MAP = load_registry()["pdok_wijken_buurten"]
assert isinstance(_MAP, OgcFeaturesFeed)
TABLE = Table(id="wijken-en-buurten-2024", year=2024)
FEED: OgcFeaturesFeed = _MAP.model_copy(update={"tables": (TABLE,)})
SCOPE = Scope(with_neighbourhoods=("GM0917",), municipalities=("GM0928",), required=("NL00", "GM0917"))
PATH = "/cbs/wijken-en-buurten-2024/ogc/v1"


def feature(geometry: Any, **properties: Any) -> Row:
    return {"type": "Feature", "id": "1", "properties": properties, "geometry": geometry}


def heerlen() -> FeatureService:
    """A municipality of two wijken and four buurten on a grid, and a buurt of Kerkrade beside it."""
    town = {"gemeentecode": "GM0917", "gemeentenaam": "Heerlen", "water": "NEE"}
    other = {"gemeentecode": "GM0928", "gemeentenaam": "Kerkrade", "water": "NEE"}
    ring = [[5.9, 50.8], [5.92, 50.8], [5.92, 50.82], [5.9, 50.82], [5.9, 50.8]]
    buurten, wijken = [], []
    for column in (0, 1):
        wijk = town | {"wijkcode": f"WK09171{column}", "wijknaam": f"Wijk 1{column}"}
        edges = [ring[0][0] + 0.01 * column, 50.8, ring[0][0] + 0.01 * (column + 1), 50.82]
        west, south, east, north = (round(edge, 6) for edge in edges)
        tall = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        wijken.append(feature({"type": "Polygon", "coordinates": [tall]}, **wijk, aantal_inwoners=400))
        for row in (0, 1):
            names = {"buurtcode": f"BU09171{column}0{row}", "buurtnaam": f"Buurt {row}"}
            change = {"indelingswijziging_wijken_en_buurten": 1}
            buurten.append(feature(square(column, row), **names, **wijk, **change, aantal_inwoners=200))
    buurten.append(feature(square(2, 0), buurtcode="BU09280000", buurtnaam="Elders", **other, aantal_inwoners=5))
    towns = [
        feature({"type": "Polygon", "coordinates": [ring]}, **town, aantal_inwoners=800),
        feature(square(9, 9), **town | {"water": "JA"}, aantal_inwoners=-99997),
    ]
    return FeatureService(PATH, {"gemeenten": towns, "wijken": wijken, "buurten": buurten})


def publisher_of(service: FeatureService, fault: Fault | None = None) -> LoopbackPublisher:
    return LoopbackPublisher(routes=[service.route], fault=fault)


def load(home: Path, service: FeatureService, scope: Scope = SCOPE, fault: Fault | None = None) -> Loaded:
    return land_and_load(home, publisher_of(service, fault), FEED, scope)


def refused(home: Path, service: FeatureService, **settings: Any) -> str:
    return refusal(FEED, lambda: load(home, service, **settings))


# -- rows -------------------------------------------------------------------------------------------------------------


def test_features_become_rows_with_their_polygon(tmp_path: Path) -> None:
    loaded = load(tmp_path, heerlen())
    rows = loaded.rows
    assert [(row["area_code"], row["area_name"], row["inhabitants"]) for row in rows] == [
        ("BU09171000", "Buurt 0", 200.0),
        ("BU09171001", "Buurt 1", 200.0),
        ("BU09171100", "Buurt 0", 200.0),
        ("BU09171101", "Buurt 1", 200.0),
        ("GM0917", "Heerlen", 800.0),
        ("WK091710", "Wijk 10", 400.0),
        ("WK091711", "Wijk 11", 400.0),
    ]
    buurt, town = rows[0], rows[4]
    assert (buurt["period_code"], buurt["boundary_year"], buurt["breakdown"]) == ("2024JJ00", 2024, "total")
    geometry = json.loads(buurt["attributes"].pop("geometry"))
    assert geometry["type"] == "Polygon"
    assert buurt["attributes"] == {"name": "Buurt 0", "boundary_change": "1", "water": "NEE"}
    assert town["attributes"]["name"] == "Heerlen"
    assert "boundary_change" not in town["attributes"]
    assert loaded.asked("collections/buurten") == [
        f"GET https://{HOST}{PATH}/collections/buurten/items?f=json&limit=1000&gemeentecode=GM0917"
    ]


def test_a_server_that_ignores_the_filter_changes_nothing(tmp_path: Path) -> None:
    service = heerlen()
    service.careless = True
    assert {code[2:6] for code in load(tmp_path, service).column("area_code")} == {"0917"}


def test_the_whole_country_is_asked_without_a_filter(tmp_path: Path) -> None:
    loaded = load(tmp_path, heerlen(), scope=Scope(whole_country=True, required=("GM0917",)))
    assert "BU09280000" in loaded.column("area_code")
    assert not loaded.asked("gemeentecode")


@pytest.mark.parametrize("sentinel", [-99997, -99995, -99999999, -99997.0])
def test_sentinels_are_missing_and_leave_their_text(tmp_path: Path, sentinel: float) -> None:
    service = heerlen()
    service.collections["buurten"][0]["properties"]["aantal_inwoners"] = sentinel
    row = load(tmp_path, service).rows[0]
    assert (row["inhabitants"], row["missing_markers"]) == (None, {"inhabitants": str(int(sentinel))})


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(-(10**9), 10**9))
def test_a_number_is_missing_exactly_below_the_limit(tmp_path_factory: pytest.TempPathFactory, number: int) -> None:
    service = heerlen()
    service.collections["buurten"][0]["properties"]["aantal_inwoners"] = number
    row = load(tmp_path_factory.mktemp("map"), service).rows[0]
    expected = (number, {}) if number >= -99990 else (None, {"inhabitants": str(number)})
    assert (row["inhabitants"], row["missing_markers"]) == expected


def test_text_in_a_measure_is_still_refused(tmp_path: Path) -> None:
    service = heerlen()
    service.collections["buurten"][1]["properties"]["aantal_inwoners"] = "geheim"
    assert "'geheim' in measure 'inhabitants' (table wijken-en-buurten-2024, buurten, row 2)" in refused(
        tmp_path, service
    )


def test_a_property_without_a_value_is_null_without_a_marker(tmp_path: Path) -> None:
    service = heerlen()
    service.collections["buurten"][0]["properties"]["aantal_inwoners"] = None
    row = load(tmp_path, service).rows[0]
    assert (row["inhabitants"], row["missing_markers"]) == (None, {})


# -- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(page=st.integers(1, 6))
def test_pages_of_any_size_give_the_same_rows(tmp_path_factory: pytest.TempPathFactory, page: int) -> None:
    whole = load(tmp_path_factory.mktemp("whole"), heerlen())
    service = heerlen()
    service.page = page
    paged = load(tmp_path_factory.mktemp("paged"), service)
    assert paged.anonymous() == whole.anonymous()
    assert len([file for file in paged.snapshot.files if file.role == "buurten"]) == -(-4 // page)


def _linked(link: str) -> Callable[[str, Answer], Answer]:
    def fault(url: str, answer: Answer) -> Answer:
        page = json.loads(answer.body) | {"links": [{"rel": "next", "href": link or url}]}
        return Answer(body=json.dumps(page).encode())

    return fault


def test_a_link_that_leads_back_is_refused(tmp_path: Path) -> None:
    assert "links[rel=next] leads back to a page already read" in refused(tmp_path, heerlen(), fault=_linked(""))


def test_a_link_to_a_foreign_host_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, heerlen(), fault=_linked("https://evil.example/items?cursor=1"))
    assert "links[rel=next] points to the foreign host evil.example" in message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<ows:ExceptionReport/>", "a web page"),
        (b'{"code":"InvalidParameterValue"}', "the body is no collection of features"),
        (b'{"features":[],"numberReturned":0}', "of GM0917"),
        (b'{"features":[],"numberReturned":7}', "0 features came in, the page states 7"),
        (b'{"features":[{"type":"Feature"}]}', "a feature has no properties"),
        (b"", "not valid JSON"),
    ],
)
def test_bad_bodies_are_refused(tmp_path: Path, body: bytes, words: str) -> None:
    def fault(url: str, answer: Answer) -> Answer:
        return Answer(body=body) if "/buurten/" in url else answer

    assert words in refused(tmp_path, heerlen(), fault=fault)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("buurtcode", "column buurtcode is missing (file buurten)"),
        ("aantal_inwoners", "column of measure 'inhabitants' is missing or renamed"),
    ],
)
def test_a_property_that_is_gone_is_named(tmp_path: Path, key: str, words: str) -> None:
    service = heerlen()
    for each in service.collections["buurten"]:
        each["properties"].pop(key)
    assert words in refused(tmp_path, service)


def test_a_feature_without_a_code_is_refused(tmp_path: Path) -> None:
    service = heerlen()
    service.collections["buurten"][2]["properties"]["buurtcode"] = None
    assert "row 3 has nothing in column buurtcode (file buurten)" in refused(tmp_path, service)


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (None, "an area has None in place of a polygon"),
        ({"type": "Point", "coordinates": [5.9, 50.8]}, "an area has 'Point' in place of a polygon"),
        ({"type": "Polygon", "coordinates": []}, "an area has an empty polygon"),
        ({"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]}, "a polygon can't be read"),
        (
            {
                "type": "Polygon",
                "coordinates": [[[196000, 322000], [197000, 322000], [197000, 323000], [196000, 322000]]],
            },
            "coordinates such as 196000, 322000 are no degrees",
        ),
    ],
)
def test_what_is_no_polygon_in_degrees_is_refused(tmp_path: Path, geometry: Any, words: str) -> None:
    service = heerlen()
    service.collections["buurten"][0]["geometry"] = geometry
    message = refused(tmp_path, service)
    assert words in message
    assert "(collection buurten)" in message


# -- versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("tagged", [True, False])
def test_only_other_features_are_news(tmp_path: Path, tagged: bool) -> None:
    """Pages state their own moment: without tags the features themselves are the version, not the bytes."""
    service = heerlen()
    service.tagged = tagged
    publisher = publisher_of(service)
    with standing(tmp_path, publisher, FEED) as environment:
        first = arrive(FEED, environment)
        assert (first.outcome, first.rows, first.problem) == ("promoted", 7, None)
        publisher.forget()
        again = arrive(FEED, environment)
        assert (again.outcome, again.downloaded) == ("unchanged", 0 if tagged else 1)
        assert has_news(FEED, environment) is not tagged, "without a tag only a download can tell"
        assert len(Landing(environment).snapshots(FEED.id)) == 1
        service.collections["wijken"][0]["properties"]["aantal_inwoners"] = 405
        publisher.forget()
        assert arrive(FEED, environment).outcome == "promoted"
        assert len(Landing(environment).snapshots(FEED.id)) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda s: s.collections["wijken"].pop(), "buurten_lie_in_a_wijk_that_is_there"),
        (lambda s: s.collections["wijken"].append(s.collections["wijken"][0]), "rows_are_unique"),
        (
            lambda s: s.collections["wijken"][0]["properties"].update(aantal_inwoners=-5),
            "inhabitants__values_to_be_between",
        ),
        (
            lambda s: [f["properties"].update(aantal_inwoners=-99997) for f in s.collections["buurten"]],
            "inhabitants__values_to_not_be_null",
        ),
        (
            lambda s: s.collections["buurten"][0]["properties"].update(aantal_inwoners=900),
            "buurten_add_up_to_their_municipality",
        ),
    ],
)
def test_each_expectation_catches_its_defect(tmp_path: Path, change: Callable[[Any], Any], check: str) -> None:
    service = heerlen()
    change(service)
    assert failed(first_arrival(tmp_path, publisher_of(service), FEED)) == [check]


def test_a_map_without_polygons_is_caught(tmp_path: Path) -> None:
    feed = FEED.model_copy(update={"attributes": {"name": FEED.attributes["name"]}})
    arrival = first_arrival(tmp_path, publisher_of(heerlen()), feed)
    assert "check every_area_has_a_polygon failed" in (arrival.problem or "")
