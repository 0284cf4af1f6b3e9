"""CKAN: pages by offset against the stated total, errors in the envelope, hosts that are never followed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.arrival import arrive, has_news
from sources.environment import Scope
from sources.registry import CkanFeed, load_registry
from tests.support.protocols import Loaded, Row, failed, first_arrival, land_and_load, refusal, standing
from tests.support.publisher import Answer, Fault, LoopbackPublisher

_PUPILS = load_registry()["duo_leerlingen_woonplaats"]
assert isinstance(_PUPILS, CkanFeed)
FEED: CkanFeed = _PUPILS
HOST, INTERNAL = "onderwijsdata.duo.nl", "beheer-ggm-ckan-prd.apps.prd.duo.rijksapps.nl"
API = f"https://{HOST}/api/3/action"
HEERLEN = [6411, 6412, 6413, 6414, 6415, 6416, 6417, 6418, 6419, 6421, 6422, 6431, 6432, 6433]
SCOPE = Scope(with_neighbourhoods=("GM0917",), required=("NL00", "GM0917"))


class Portal:
    """Records of one resource, as the datastore gives them."""

    def __init__(self) -> None:
        self.resource: Row = {
            "id": FEED.tables[0].id,
            "name": "Leerlingen po",
            "datastore_active": True,
            "last_modified": "2026-02-20T07:14:05",
            "metadata_modified": "2026-02-21T07:14:05",
            "url": f"https://{INTERNAL}/dataset/x/download/leerlingen.csv",
        }
        self.fields = ["_id", "PEILJAAR", "TYPE_PO", "POSTCODE4_DEELNEMER", "AANTAL_LEERLINGEN"]
        self.records: list[Row] = []
        for postcode in (*HEERLEN, 1011):
            for kind, number in (("BO", 300), ("SBO", 8), ("SO", "<5")):
                row = {"_id": len(self.records) + 1, "PEILJAAR": 2024, "TYPE_PO": kind}
                self.records.append(row | {"POSTCODE4_DEELNEMER": postcode, "AANTAL_LEERLINGEN": number})

    def route(self, url: str) -> Answer | None:
        parts = urlsplit(url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if url == f"{API}/resource_show?id={FEED.tables[0].id}":
            return _answer(self.resource)
        if parts.path.endswith("/datastore_search") and query["resource_id"] == FEED.tables[0].id:
            offset, limit = int(query["offset"]), int(query["limit"])
            fields = [{"id": name, "type": "text"} for name in self.fields]
            chosen = self.records[offset : offset + limit]
            return _answer({"total": len(self.records), "records": chosen, "fields": fields})
        return None


def _answer(result: Any, **envelope: Any) -> Answer:
    return Answer(body=json.dumps({"help": "x", "success": True, "result": result} | envelope).encode())


def publisher_of(portal: Portal, fault: Fault | None = None) -> LoopbackPublisher:
    return LoopbackPublisher(routes=[portal.route], fault=fault)


def load(home: Path, portal: Portal, feed: CkanFeed = FEED, fault: Fault | None = None) -> Loaded:
    return land_and_load(home, publisher_of(portal, fault), feed, SCOPE)


def refused(home: Path, portal: Portal, **settings: Any) -> str:
    return refusal(FEED, lambda: load(home, portal, **settings))


# -- rows -------------------------------------------------------------------------------------------------------------


def test_records_become_rows_by_postcode(tmp_path: Path) -> None:
    loaded = load(tmp_path, Portal())
    assert len(loaded.rows) == 15 * 3, "postcodes outside the scope are kept: the country is the sum of all"
    columns = ("area_code", "period_code", "breakdown", "pupils", "missing_markers")
    assert [tuple(row[name] for name in columns) for row in loaded.of("PC6411")] == [
        ("PC6411", "2024SJ00", "BO", 300.0, {}),
        ("PC6411", "2024SJ00", "SBO", 8.0, {}),
        ("PC6411", "2024SJ00", "SO", None, {"pupils": "<5"}),
    ]
    assert loaded.snapshot.title == "Leerlingen po"


def test_numbers_text_and_nothing_read_alike(tmp_path: Path) -> None:
    portal = Portal()
    for record, value in zip(portal.records, ("12", 12, 12.0, None), strict=False):
        record["AANTAL_LEERLINGEN"] = value
    portal.records[0]["POSTCODE4_DEELNEMER"] = "6411"
    rows = {(row["area_code"], row["breakdown"]): row for row in load(tmp_path, portal).rows}
    assert [rows["PC6411", kind]["pupils"] for kind in ("BO", "SBO", "SO")] == [12.0, 12.0, 12.0]
    assert rows["PC6412", "BO"]["missing_markers"] == {"pupils": ""}


@pytest.mark.parametrize("postcode", ["64111", "ONBEKEND", "6411 AB", ""])
def test_what_is_no_postcode_is_refused(tmp_path: Path, postcode: str) -> None:
    portal = Portal()
    portal.records[4]["POSTCODE4_DEELNEMER"] = postcode
    message = refused(tmp_path, portal)
    assert "is no area code" in message
    assert "row 5" in message


# -- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(size=st.integers(1, 60))
def test_pages_of_any_size_give_the_same_rows(tmp_path_factory: pytest.TempPathFactory, size: int) -> None:
    feed = FEED.model_copy(update={"page_size": size})
    whole = load(tmp_path_factory.mktemp("whole"), Portal())
    paged = load(tmp_path_factory.mktemp("paged"), Portal(), feed)
    assert paged.anonymous() == whole.anonymous()
    assert len([file for file in paged.snapshot.files if file.role == "data"]) == -(-45 // size)
    assert paged.asked("datastore_search")[-1].endswith(f"&limit={size}&offset={(45 - 1) // size * size}&sort=_id")


def _changed(**changes: Any) -> Callable[[str, Answer], Answer]:
    """Other values in the result of each page after the first."""

    def fault(url: str, answer: Answer) -> Answer:
        if "datastore_search" not in url or "offset=0" in url:
            return answer
        return _answer(json.loads(answer.body)["result"] | changes)

    return fault


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"total": 44}, "the total changed from 45 to 44 between pages"),
        ({"records": []}, "20 records came in, the portal counts 45"),
        ({"records": [{"_id": 1}] * 26}, "46 records came in, the portal counts 45"),
        ({"records": None}, "the answer has no list 'records'"),
        ({"total": None}, "the total of records is None"),
        ({"fields": [{"id": "ANDERS"}]}, "the columns change from page to page"),
        ({"fields": None}, "the answer has no list 'fields'"),
        ({"records": [{"_id": 1}] * 20}, "records lack the columns PEILJAAR, TYPE_PO"),
    ],
)
def test_pages_that_do_not_fit_are_refused(tmp_path: Path, changes: Row, words: str) -> None:
    feed = FEED.model_copy(update={"page_size": 20})
    if len(changes.get("records") or []) == 20:
        feed = FEED.model_copy(update={"page_size": 25})
    message = refused(tmp_path, Portal(), feed=feed, fault=_changed(**changes))
    assert words in message


def test_an_empty_resource_is_refused(tmp_path: Path) -> None:
    portal = Portal()
    portal.records.clear()
    assert "the total of records is 0" in refused(tmp_path, portal)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            _answer(None, success=False, error={"message": "Niet gevonden"}),
            'an error in place of data: {"message": "Niet',
        ),
        (Answer(404, b'{"success": false, "error": {"__type": "Not Found Error"}}'), "status 404"),
        (_answer(None), "the answer has no 'result'"),
        (Answer(body=b'{"result": {}}'), "the body is no answer of CKAN"),
        (Answer(body=b"<html>onderhoud</html>"), "a web page"),
    ],
)
@pytest.mark.parametrize("action", ["resource_show", "datastore_search"])
def test_errors_are_refused(tmp_path: Path, action: str, answer: Answer, words: str) -> None:
    def fault(url: str, honest: Answer) -> Answer:
        return answer if action in url else honest

    assert words in refused(tmp_path, Portal(), fault=fault)


@pytest.mark.parametrize("column", ["POSTCODE4_DEELNEMER", "PEILJAAR", "TYPE_PO", "AANTAL_LEERLINGEN"])
def test_a_column_that_is_gone_is_named(tmp_path: Path, column: str) -> None:
    portal = Portal()
    portal.fields = [name + "_NIEUW" if name == column else name for name in portal.fields]
    portal.records = [
        {key + "_NIEUW" if key == column else key: value for key, value in record.items()} for record in portal.records
    ]
    message = refused(tmp_path, portal)
    assert column in message
    assert "is missing" in message


# -- hosts and versions -------------------------------------------------------------------------------------------------


def test_a_host_inside_the_publishers_network_is_shown_as_the_portal_and_never_asked(tmp_path: Path) -> None:
    loaded = load(tmp_path, Portal())
    assert loaded.snapshot.source_url == f"https://{HOST}/dataset/x/download/leerlingen.csv"
    assert all(request.startswith(f"GET {API}/") for request in loaded.requests)


def test_a_resource_outside_the_datastore_is_refused(tmp_path: Path) -> None:
    portal = Portal()
    portal.resource["datastore_active"] = False
    assert "the resource is not in the datastore" in refused(tmp_path, portal)


def test_the_description_of_the_resource_tells_of_news(tmp_path: Path) -> None:
    portal = Portal()
    publisher = publisher_of(portal)
    with standing(tmp_path, publisher, FEED) as environment:
        first = arrive(FEED, environment)
        assert (first.outcome, first.rows, first.problem) == ("promoted", 45, None)
        assert not has_news(FEED, environment)
        publisher.requests.clear()
        assert arrive(FEED, environment).outcome == "unchanged"
        assert len(publisher.requests) == 1
        portal.resource["metadata_modified"] = "2026-03-01"
        publisher.forget()
        assert not has_news(FEED, environment), "the description alone is no news where the content has a date"
        portal.resource["last_modified"] = "2026-03-02"
        publisher.forget()
        assert has_news(FEED, environment)
        portal.resource |= {"last_modified": None, "metadata_modified": None}
        publisher.forget()
        assert arrive(FEED, environment).downloaded == 1
        again = arrive(FEED, environment)
    assert (again.outcome, again.downloaded) == ("unchanged", 1), "without dates the content is compared"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda p: p.records[0].update(AANTAL_LEERLINGEN=9000), "pupils__values_to_be_between"),
        (lambda p: p.records[2].update(TYPE_PO="VSO"), "breakdown__values_to_be_in_set"),
        (lambda p: [r.update(AANTAL_LEERLINGEN="<5") for r in p.records[4:]], "pupils__values_to_not_be_null"),
        (lambda p: p.records.__delitem__(slice(0, 9)), "postcodes_of_heerlen_are_there"),
        (lambda p: [r.update(PEILJAAR=2023) for r in p.records[-3:]], "postcodes_of_heerlen_are_there"),
        (lambda p: [r.update(AANTAL_LEERLINGEN=40) for r in p.records[1::3]], "most_pupils_are_in_ordinary_schools"),
        (lambda p: p.records.append(p.records[0]), "rows_are_unique"),
    ],
)
def test_each_expectation_catches_its_defect(tmp_path: Path, change: Callable[[Portal], Any], check: str) -> None:
    portal = Portal()
    change(portal)
    assert failed(first_arrival(tmp_path, publisher_of(portal), FEED)) == [check]


def test_postcodes_outside_the_scope_are_missed_too() -> None:
    """The country is the sum of all postcodes, so the guard of what vanished must look at each of them."""
    assert FEED.carries_every_area
    assert not FEED.model_copy(update={"region": FEED.region.model_copy(update={"keep": "scope"})}).carries_every_area
