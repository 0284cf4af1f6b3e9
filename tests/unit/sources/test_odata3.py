"""OData 3: pages, batches, padded keys, filters that are not trusted, and the search for next year's table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sources import warehouse
from sources.arrival import Arrival, arrive
from sources.environment import Environment, Scope
from sources.errors import FeedProblem
from sources.feed import Table
from sources.http import PublisherSession
from sources.landing import Landing
from sources.protocols.cbs_odata3 import CLAUSES_PER_CALL, CbsOdata3
from sources.registry import CbsOdata3Feed, Discover, load_registry
from tests.support import publisher as publisher_module
from tests.support.odata import HEERLEN, careless, load
from tests.support.protocols import House, Loaded, Row, first_arrival, opened
from tests.support.publisher import Answer, LoopbackPublisher, ODataTable
from tests.support.small import (
    AREAS,
    POPULATION,
    TABLE_ID,
    column,
    kerncijfers_feed,
    small_kerncijfers,
)

REGISTRY = load_registry()
FEED = kerncijfers_feed()
# With few columns small pages cut the rows and not the list of columns.
NARROW = FEED.model_copy(update={"measures": {"population": FEED.measures["population"]}, "attributes": {}})
DECOY = "BU07850917"


def add_area(table: ODataTable, code: str, **cells: Any) -> None:
    """Another area with the figures of the last one."""
    table.entities["WijkenEnBuurten"].append({"Key": f"{code:<10}", "Title": f"Gebied {code}"})
    last = table.entities["TypedDataSet"][-1]
    table.entities["TypedDataSet"].append(last | {"ID": last["ID"] + 1, "WijkenEnBuurten": f"{code:<10}"} | cells)


# -- pages, batches, keys ---------------------------------------------------------------------------------------------


def test_three_pages_are_read_to_the_last_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher_module, "PAGE_ROWS", 3)
    loaded = load(tmp_path, NARROW, small_kerncijfers(NARROW))
    assert [request.rpartition("$skip=")[2][:2] for request in loaded.asked("TypedDataSet")[1:]] == ["3", "6"]
    pages = [file for file in loaded.snapshot.files if file.role == "data"]
    assert [file.name for file in pages] == ["data-01-0001.json", "data-01-0002.json", "data-01-0003.json"]
    assert dict(zip(loaded.column("area_code"), loaded.column("population"), strict=True)) == POPULATION
    assert loaded.column("area_name") == sorted(AREAS, key=loaded.column("area_code").index)


def test_a_last_page_that_is_empty_ends_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher_module, "PAGE_ROWS", len(AREAS))
    loaded = load(tmp_path, NARROW, small_kerncijfers(NARROW))
    assert len(loaded.asked("TypedDataSet")) == 2
    assert sorted(loaded.column("area_code")) == sorted(AREAS)


def test_regions_are_asked_for_in_batches(tmp_path: Path) -> None:
    others = tuple(f"GM{number:04}" for number in range(1, 2 * CLAUSES_PER_CALL))
    scope = Scope(
        with_neighbourhoods=("GM0917",), municipalities=(*others, "GM0917"), required=("NL00", "GM0917", "GM0039")
    )
    table = small_kerncijfers(FEED)
    for code in others:
        add_area(table, code)
    loaded = load(tmp_path, FEED, table, scope)
    clauses = [request.count("startswith(WijkenEnBuurten,") for request in loaded.asked("TypedDataSet")]
    assert clauses == [CLAUSES_PER_CALL, CLAUSES_PER_CALL, 1 + 3 + len(others) - 2 * CLAUSES_PER_CALL]
    assert [request.count("startswith(Key,") for request in loaded.asked("/WijkenEnBuurten?")] == clauses
    assert sorted(loaded.column("area_code")) == sorted([*AREAS, *others])


def test_padded_keys_and_texts_are_stripped(tmp_path: Path) -> None:
    table = small_kerncijfers(FEED)
    postcode = {"ID": 900, "ParentID": 1, "Type": "Topic", "Key": "MeestVoorkomendePostcode_113", "Title": "Postcode"}
    table.entities["DataProperties"].append(postcode)
    for row in table.entities["TypedDataSet"]:
        row["MeestVoorkomendePostcode_113"] = "         ." if row["ID"] == 0 else "      6411"
    assert {len(row["WijkenEnBuurten"]) for row in table.entities["TypedDataSet"]} == {10}
    loaded = load(tmp_path, FEED, table)
    postcodes = {row["area_code"]: row["attributes"]["postcode"] for row in loaded.rows}
    assert postcodes == {area: "." if area == "NL00" else "6411" for area in AREAS}


def test_the_geo_dimension_may_have_another_name(tmp_path: Path) -> None:
    """82339NED of 2013 calls it RegioS."""
    table = small_kerncijfers(FEED)
    table.entities["RegioS"] = table.entities.pop("WijkenEnBuurten")
    table.entities["DataProperties"][0] |= {"Type": "GeoDimension", "Key": "RegioS"}
    for row in table.entities["TypedDataSet"]:
        row["RegioS"] = row.pop("WijkenEnBuurten")
    loaded = load(tmp_path, FEED, table)
    assert len(loaded.asked("startswith(RegioS,'GM0917')")) == 1
    assert dict(zip(loaded.column("area_code"), loaded.column("population"), strict=True)) == POPULATION


def test_numbers_keep_every_bit(tmp_path: Path) -> None:
    table = small_kerncijfers(FEED)
    figures = [0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, 2**53 + 2, 0, 87086]
    for row, figure in zip(table.entities["TypedDataSet"], figures, strict=True):
        row[column(table, "AantalInwoners")] = figure
    loaded = load(tmp_path, FEED, table)
    found = {row["area_code"]: row["population"] for row in loaded.rows}
    assert [found[area].hex() for area in AREAS] == [float(figure).hex() for figure in figures]


# -- filters are not trusted --------------------------------------------------------------------------------------------


def test_the_decoy_is_dropped_when_the_server_ignores_the_filter(tmp_path: Path) -> None:
    """BU07850917 holds the digits 0917 and lies in Goirle."""
    table = small_kerncijfers(FEED)
    add_area(table, DECOY)
    add_area(table, "GM0935")
    loaded = load(tmp_path, FEED, careless(table))
    served = (
        Landing(Environment("live", "live", tmp_path, HEERLEN)).folder(loaded.snapshot) / "data-01-0001.json"
    ).read_text()
    assert DECOY in served
    assert sorted(loaded.column("area_code")) == sorted(AREAS)


def education() -> tuple[CbsOdata3Feed, ODataTable]:
    feed = REGISTRY["cbs_opleidingsniveau"]
    assert isinstance(feed, CbsOdata3Feed)
    feed = feed.model_copy(update={"tables": (Table(id="86232NED", year=2024),), "discover": None})
    members = ["T001143", "2018700", "2018740", "2018790"]
    rows: list[Row] = []
    for area in AREAS:
        for at, member in enumerate(members):
            row = {"ID": len(rows), "WijkenEnBuurten": f"{area:<10}", "Opleidingsniveau": f"{member:<8}"}
            rows.append(row | {"Bevolking15Tot75Jaar_1": 25.0 + at, "Bevolking15Tot75Jaar_2": 100 * at})
    properties = [
        {"ID": 0, "ParentID": None, "Type": "Dimension", "Key": "Opleidingsniveau"},
        {"ID": 1, "ParentID": None, "Type": "GeoDetail", "Key": "WijkenEnBuurten"},
        {"ID": 2, "ParentID": None, "Type": "Topic", "Key": "Bevolking15Tot75Jaar_1", "Unit": "%"},
        {"ID": 3, "ParentID": None, "Type": "Topic", "Key": "Bevolking15Tot75Jaar_2", "Unit": "aantal"},
    ]
    entities = small_kerncijfers(FEED).entities | {"DataProperties": properties, "TypedDataSet": rows}
    return feed, ODataTable("86232NED", "opendata.cbs.nl", entities)


@pytest.mark.parametrize("obedient", [True, False])
def test_members_to_keep_are_asked_for_and_checked_again(tmp_path: Path, obedient: bool) -> None:
    feed, table = education()
    loaded = load(tmp_path, feed, table if obedient else careless(table))
    condition = " or ".join(f"startswith(Opleidingsniveau,'{member}')" for member in ("2018700", "2018740", "2018790"))
    (request,) = loaded.asked("TypedDataSet")
    assert request.endswith(f") and ({condition})")
    received = sum(len(json.loads(text)["value"]) for text in _bodies(tmp_path, loaded))
    assert received == len(AREAS) * (3 if obedient else 4)
    assert sorted(loaded.column("breakdown")) == sorted(["2018700", "2018740", "2018790"] * len(AREAS))
    heerlen = [(r["breakdown"], r["share_pct"], r["persons"]) for r in loaded.rows if r["area_code"] == "GM0917"]
    assert heerlen == [("2018700", 26.0, 100.0), ("2018740", 27.0, 200.0), ("2018790", 28.0, 300.0)]


def _bodies(home: Path, loaded: Loaded) -> list[str]:
    folder = Landing(Environment("live", "live", home, HEERLEN)).folder(loaded.snapshot)
    return [(folder / file.name).read_text() for file in loaded.snapshot.files if file.role == "data"]


def test_a_list_of_regions_that_is_not_json_is_a_problem(tmp_path: Path) -> None:
    table = small_kerncijfers(FEED)
    publisher = LoopbackPublisher([table])
    publisher.fault = lambda url, a: Answer(body=b'{"value":[{"Key":"NL00}') if "/WijkenEnBuurten?" in url else a
    arrival = first_arrival(tmp_path, publisher, FEED)
    assert arrival.outcome == "held"
    assert "the body is not valid JSON" in (arrival.problem or "")
    assert "/WijkenEnBuurten?" in (arrival.problem or "")


def _arrival_with_page(home: Path, body: Callable[[bytes], bytes]) -> Arrival:
    publisher = LoopbackPublisher([small_kerncijfers(FEED)])
    publisher.fault = lambda url, answer: Answer(body=body(answer.body)) if "/TypedDataSet?" in url else answer
    return first_arrival(home, publisher, FEED)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"}]", b"}]}, 7"),
        (b"}]", b"},]"),
        (b"}]", b"}"),
        (b"}]", b'}], "note": '),
        (b'{"odata.metadata"', b'{7, "odata.metadata"'),
        (b"}, {", b"} {"),
    ],
)
def test_a_page_that_is_not_json_anywhere_is_a_problem(tmp_path: Path, old: bytes, new: bytes) -> None:
    """The rows are read apart from what stands around them: both must be JSON."""
    arrival = _arrival_with_page(tmp_path, lambda body: body.replace(old, new, 1))
    assert arrival.outcome == "held"
    assert "the body is not valid JSON" in (arrival.problem or "")
    assert "/TypedDataSet?" in (arrival.problem or "")


def test_the_list_of_rows_may_stand_anywhere_in_the_envelope(tmp_path: Path) -> None:
    def rearranged(body: bytes) -> bytes:
        return json.dumps(
            {"odata.count": "9", "value": json.loads(body)["value"], "odata.metadata": "[x"}, indent=1
        ).encode()

    arrival = _arrival_with_page(tmp_path, rearranged)
    assert (arrival.outcome, arrival.rows) == ("promoted", len(AREAS))


@pytest.mark.parametrize("body", [b'{"value":[]}', b'{"value":[7]}', b'{"value":[{"Identifier":"x"}]}', b"[]"])
def test_strange_table_infos_hold_the_feed(tmp_path: Path, body: bytes) -> None:
    publisher = LoopbackPublisher([small_kerncijfers(FEED)])
    publisher.fault = lambda url, answer: Answer(body=body) if "/TableInfos?" in url else answer
    arrival = first_arrival(tmp_path, publisher, FEED)
    assert arrival.outcome == "held"
    assert "TableInfos" in (arrival.problem or "")
    assert arrival.downloaded == 0


# -- time, margins, the national key ------------------------------------------------------------------------------------


def health() -> tuple[CbsOdata3Feed, ODataTable]:
    feed = REGISTRY["rivm_gezondheid"]
    assert isinstance(feed, CbsOdata3Feed)
    measures = {name: feed.measures[name] for name in ("good_health_pct", "smoker_pct")}
    feed = feed.model_copy(update={"tables": (Table(id="50150NED", year=2024),), "measures": measures})
    areas = ["NL01", *AREAS[1:]]
    margins = {"MW00000": 70.0, "MOG0095": 65.5, "MBG0095": 74.5}
    rows: list[Row] = []
    for area in areas:
        for period in ("2022JJ00", "2024JJ00", "2024KW04", "2024MM12"):
            for margin, figure in (margins | {"MXXXXXX": 1.0}).items():
                keys = {"WijkenEnBuurten": f"{area:<10}", "Leeftijd": "20300   ", "Marges": margin, "Perioden": period}
                rows.append({"ID": len(rows), **keys, "GoedErvarenGezondheid_3": figure, "Roker_9": None})
    dimensions = [
        ("Leeftijd", "Dimension"),
        ("Marges", "Dimension"),
        ("WijkenEnBuurten", "GeoDetail"),
        ("Perioden", "TimeDimension"),
    ]
    topics = [("GoedErvarenGezondheid_3", "Topic"), ("Roker_9", "Topic")]
    properties = [
        {"ID": at, "ParentID": None, "Type": kind, "Key": key, "Unit": "%" if kind == "Topic" else None}
        for at, (key, kind) in enumerate(dimensions + topics)
    ]
    periods = [
        {"Key": "2022JJ00", "Title": "2022", "Status": "Definitief"},
        {"Key": "2024JJ00 ", "Title": "2024*", "Status": "NaderVoorlopig"},
        {"Key": "2024KW04", "Title": "2024 4e kwartaal", "Status": "Definitief"},
    ]
    return feed, ODataTable(
        id="50150NED",
        host="dataderden.cbs.nl",
        entities={
            "TableInfos": [{"ID": 1, "Title": "Gezondheid", "Modified": "2025-12-11T02:00:00", "RecordCount": 1}],
            "DataProperties": properties,
            "Perioden": periods,
            "WijkenEnBuurten": [{"Key": f"{area:<10}", "Title": area} for area in areas],
            "TypedDataSet": rows,
        },
    )


def test_margins_years_status_and_the_national_key(tmp_path: Path) -> None:
    feed, table = health()
    loaded = load(tmp_path, feed, table)
    assert "startswith(WijkenEnBuurten,'NL01')" in loaded.asked("TypedDataSet")[0]
    assert {row["area_code"] for row in loaded.rows} == set(AREAS), "NL01 is stored as NL00"
    assert len(loaded.rows) == len(AREAS) * 2 * 3, "two years, three bounds; no quarter, month or other margin"
    country = [
        (
            row["period_code"],
            row["period_status"],
            row["bound"],
            row["good_health_pct"],
            row["smoker_pct"],
            row["breakdown"],
        )
        for row in loaded.rows
        if row["area_code"] == "NL00"
    ]
    assert sorted(country) == [
        ("2022JJ00", "final", "lower", 65.5, None, "20300"),
        ("2022JJ00", "final", "upper", 74.5, None, "20300"),
        ("2022JJ00", "final", "value", 70.0, None, "20300"),
        ("2024JJ00", "revised", "lower", 65.5, None, "20300"),
        ("2024JJ00", "revised", "upper", 74.5, None, "20300"),
        ("2024JJ00", "revised", "value", 70.0, None, "20300"),
    ]


def test_a_table_that_is_provisional_as_a_whole_says_so_in_each_row(tmp_path: Path) -> None:
    feed = FEED.model_copy(update={"tables": (Table(id=TABLE_ID, year=2020, provisional=True),)})
    assert set(load(tmp_path, feed, small_kerncijfers(FEED)).column("period_status")) == {"provisional"}


# -- the row count ------------------------------------------------------------------------------------------------------


def test_the_stated_row_count_is_compared_for_the_whole_country(tmp_path: Path) -> None:
    scope = Scope(whole_country=True, required=("NL00", "GM0917"))
    table = small_kerncijfers(FEED)
    loaded = load(tmp_path / "a", FEED, table, scope)
    assert len(loaded.rows) == len(AREAS)
    assert "$filter" not in loaded.asked("TypedDataSet")[0]
    table.entities["TableInfos"][0]["RecordCount"] = 17341
    with pytest.raises(FeedProblem, match="7 rows came in, the table states 17,341 .*as many rows as stated"):
        load(tmp_path / "b", FEED, table, scope)
    assert len(load(tmp_path / "c", FEED, table).rows) == len(AREAS), "not for a part of the country"


# -- discovery ----------------------------------------------------------------------------------------------------------

WORDS = "Kerncijfers wijken en buurten"


def entry(identifier: str, **changes: Any) -> Row:
    row = {
        "Identifier": identifier,
        "Title": f"{WORDS} 2021",
        "Period": "2021",
        "Language": "nl",
        "OutputStatus": "Regulier",
    }
    return {key: value for key, value in (row | changes).items() if value is not None}


class Catalogue(House):
    """The table of 2020, one of 2021 beside it, and a catalogue that ignores filters."""

    def __init__(self, home: Path) -> None:
        self.feed = FEED.model_copy(update={"discover": Discover(title_contains=WORDS)})
        known, newer = small_kerncijfers(FEED), small_kerncijfers(FEED)
        newer.id, newer.entities["TableInfos"][0]["Title"] = "85039NED", f"{WORDS} 2021"
        self.newer = newer
        self.entries: list[Row] = []
        super().__init__(home, LoopbackPublisher([known, newer], fault=self._answer))
        warehouse.prepare(self.environment, {self.feed.id: self.feed})

    def _answer(self, url: str, answer: Answer) -> Answer:
        return Answer(body=json.dumps({"value": self.entries}).encode()) if "ODataCatalog" in url else answer

    def found(self) -> list[Table]:
        with PublisherSession(self.feed.id, self.environment) as session:
            return CbsOdata3(self.feed, HEERLEN).tables(session)[1:]

    def discovery(self) -> tuple[bool, str, str]:
        stored = warehouse.stored_checks(self.environment, "arrival", self.feed.id)
        (check,) = [check for check in stored if check.name == "discovery"]
        return check.passed, check.severity, check.found


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    yield from opened(Catalogue(tmp_path))


def test_a_new_table_of_a_later_year_is_found_and_loaded(catalogue: Catalogue) -> None:
    catalogue.entries = [entry(TABLE_ID, Title=f"{WORDS} 2020", Period="2020"), entry("85039NED")]
    assert catalogue.found() == [Table(id="85039NED", year=2021, provisional=True, discovered=True)]
    arrival = arrive(catalogue.feed, catalogue.environment)
    assert (arrival.problem, arrival.outcome, arrival.downloaded, arrival.notes) == (None, "promoted", 2, ())
    query = "SELECT table_id, boundary_year, period_code, period_status, count(*) FROM raw.cbs_kerncijfers GROUP BY ALL ORDER BY 1"
    assert catalogue.ask(query) == [
        ("84799NED", 2020, "2020JJ00", None, 7),
        ("85039NED", 2021, "2021JJ00", "provisional", 7),
    ]
    assert catalogue.discovery() == (True, "warn", "none")
    assert any(
        "substringof('Kerncijfers wijken en buurten',Title)" in request for request in catalogue.publisher.requests
    )


@pytest.mark.parametrize(
    ("changes", "year"),
    [
        ({}, 2021),
        ({"Title": WORDS, "Period": "2021"}, 2021),
        ({"Title": WORDS, "Period": "2009-2026"}, 2026),
        ({"Title": f"{WORDS} 2022", "Period": "2009-2026"}, 2022),
        ({"Title": f"  {WORDS.upper()}, 2023 "}, 2023),
        ({"Language": None, "OutputStatus": None}, 2021),
        ({"Language": "NL ", "OutputStatus": "Regulier "}, 2021),
        ({"Language": "en"}, None),
        ({"OutputStatus": "Gediscontinueerd"}, None),
        ({"OutputStatus": "Vervallen"}, None),
        ({"Title": "Key figures districts and neighbourhoods 2021"}, None),
        ({"Title": "Nabijheid voorzieningen; wijken en buurten 2021"}, None),
        ({"Title": None}, None),
        ({"Title": f"{WORDS} 2019", "Period": "2019"}, None),
        ({"Title": f"{WORDS} 2020", "Period": "2020"}, None),
        ({"Title": f"{WORDS} 2009-2012", "Period": "2009-2012"}, None),
        ({"Title": WORDS, "Period": None}, None),
        ({"Identifier": ""}, None),
        ({"Identifier": "../85039NED"}, None),
        ({"Identifier": TABLE_ID}, None),
    ],
)
def test_which_entries_count_when_the_server_ignores_the_filter(
    catalogue: Catalogue, changes: Row, year: int | None
) -> None:
    catalogue.entries = [entry("85039NED", **changes)]
    assert [table.year for table in catalogue.found()] == ([] if year is None else [year])


@pytest.mark.parametrize(
    ("changes", "table"),
    [
        ({"Title": f"{WORDS} 2019"}, Table(id="84583NED", year=2019, discovered=True)),
        ({"Title": f"{WORDS} 2016"}, Table(id="84583NED", year=2016, discovered=True)),
        (
            {"Title": f"{WORDS} 2019", "OutputStatus": "Gediscontinueerd"},
            Table(id="84583NED", year=2019, discovered=True),
        ),
        ({"Title": f"{WORDS} 2021"}, Table(id="84583NED", year=2021, discovered=True, provisional=True)),
        ({"Title": f"{WORDS} 2021", "OutputStatus": "Gediscontinueerd"}, None),
        ({"Title": f"{WORDS} 2015"}, None),
        ({"Title": f"{WORDS} 2020"}, None),
        ({"Title": f"{WORDS} 2019", "Language": "en"}, None),
        ({"Title": "Nabijheid voorzieningen 2019"}, None),
    ],
)
def test_older_tables_of_the_series_are_found_from_a_year_on(
    catalogue: Catalogue, changes: Row, table: Table | None
) -> None:
    catalogue.feed = FEED.model_copy(update={"discover": Discover(title_contains=WORDS, from_year=2016)})
    catalogue.entries = [entry("84583NED", **changes)]
    assert catalogue.found() == ([] if table is None else [table])


def test_a_table_that_stands_twice_in_the_catalogue_is_one_table(catalogue: Catalogue) -> None:
    catalogue.entries = [entry("85039NED"), entry(" 85039NED ")]
    assert [table.id for table in catalogue.found()] == ["85039NED"]


@pytest.mark.slow
def test_a_discovered_table_that_cannot_be_read_stops_nothing(catalogue: Catalogue) -> None:
    """Also when it appears between two runs that have no other news; the check is green again when it is readable."""
    first = arrive(catalogue.feed, catalogue.environment)
    assert (first.outcome, catalogue.discovery()) == ("promoted", (True, "warn", "none"))
    catalogue.entries = [entry("85039NED")]
    good = catalogue.newer.entities["DataProperties"][0]["Type"]
    catalogue.newer.entities["DataProperties"][0]["Type"] = "Dimension"
    second = arrive(catalogue.feed, catalogue.environment)
    assert (second.outcome, second.problem, second.snapshots) == ("unchanged", None, first.snapshots)
    assert len(second.notes) == 1
    passed, severity, found = catalogue.discovery()
    assert (passed, severity) == (False, "warn")
    assert "table 85039NED of 2021 was found in the catalogue and is not usable yet" in found
    assert "0 geo dimensions" in found
    assert {check.name: check.passed for check in second.checks}["discovery"] is False
    catalogue.newer.entities["DataProperties"][0]["Type"] = good
    catalogue.newer.entities["TableInfos"][0]["Modified"] = "2026-03-03T02:00:00"
    catalogue.publisher.forget()
    third = arrive(catalogue.feed, catalogue.environment)
    assert (third.outcome, third.rows, catalogue.discovery()) == ("promoted", 7, (True, "warn", "none"))


def test_an_unreadable_discovered_table_beside_a_first_delivery(catalogue: Catalogue) -> None:
    catalogue.entries = [entry("85039NED"), entry("99999NED")]
    catalogue.newer.entities["TypedDataSet"].clear()
    catalogue.newer.entities["WijkenEnBuurten"].clear()
    arrival = arrive(catalogue.feed, catalogue.environment)
    assert (arrival.outcome, arrival.rows) == ("promoted", 7)
    passed, severity, found = catalogue.discovery()
    assert (passed, severity) == (False, "warn")
    assert "no rows for NL00, GM0917" in found
    assert "status 404" in found


def test_a_catalogue_that_does_not_answer_holds_the_feed(catalogue: Catalogue) -> None:
    catalogue.publisher.fault = lambda url, a: Answer(500, b"storing") if "ODataCatalog" in url else a
    arrival = arrive(catalogue.feed, catalogue.environment)
    assert arrival.outcome == "held"
    assert "status 500 Internal Server Error: storing" in (arrival.problem or "")
