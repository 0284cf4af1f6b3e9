"""A publisher drops a year, a measure or a region, or is ten times itself: held, and named until somebody agrees.

Each case first lands a good delivery of two years of crimes, then changes the publisher, publishes anew and asks again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sources import warehouse
from sources.arrival import Arrival, arrive
from sources.checks import CheckResult
from sources.environment import Environment
from sources.guards import NO_TENFOLD_JUMP, NOTHING_VANISHED
from sources.registry import CbsOdata3Feed, load_registry
from tests.support.publisher import LoopbackPublisher, ODataTable
from tests.support.small import small_environment

CRIMES = "47018NED"
AREAS = ("NL00", "GM0917", "WK091710", "BU09171000")
YEARS = ("2023JJ00", "2024JJ00")
COUNT = "GeregistreerdeMisdrijven_1"
LATER = "2027-01-01T02:00:00"


def crimes() -> ODataTable:
    """Two years of one kind of crime: 4000 in the country, 400 in Heerlen, and some in a wijk and a buurt."""
    kinds = [
        ("SoortMisdrijf", "Dimension"),
        ("WijkenEnBuurten", "GeoDetail"),
        ("Perioden", "TimeDimension"),
        (COUNT, "Topic"),
    ]
    figures = {"NL00": 4000, "GM0917": 400, "WK091710": 60, "BU09171000": 7}
    return ODataTable(
        id=CRIMES,
        host="dataderden.cbs.nl",
        entities={
            "TableInfos": [{"ID": 1, "Title": "Misdrijven", "Modified": "2026-02-15T02:00:00"}],
            "DataProperties": [
                {"ID": at, "ParentID": None, "Type": kind, "Key": key, "Title": key, "Unit": "aantal"}
                for at, (key, kind) in enumerate(kinds)
            ],
            "WijkenEnBuurten": [{"Key": f"{area:<10}", "Title": area} for area in AREAS],
            "Perioden": [{"Key": year, "Title": year[:4], "Status": "Definitief"} for year in YEARS],
            "SoortMisdrijf": [{"Key": "0.0.0     ", "Title": "Totaal misdrijven"}],
            "TypedDataSet": [
                {
                    "SoortMisdrijf": "0.0.0     ",
                    "WijkenEnBuurten": f"{area:<10}",
                    "Perioden": year,
                    COUNT: figures[area],
                }
                for area in AREAS
                for year in YEARS
            ],
        },
    )


class Case:
    """A publisher whose good delivery stands in the warehouse."""

    def __init__(self, home: Path, publisher: LoopbackPublisher, table: ODataTable) -> None:
        self.publisher, self.table = publisher, table
        feed = load_registry()["politie_misdrijven"]
        assert isinstance(feed, CbsOdata3Feed)
        self.feed = self.changed(feed, tables=[{"id": CRIMES, "year": 2025}])
        self.environment: Environment = small_environment(home, publisher)
        self.first = self.arrive(self.feed)
        assert self.first.outcome == "promoted", self.first.problem

    @staticmethod
    def changed(feed: CbsOdata3Feed, **changes: Any) -> CbsOdata3Feed:
        return CbsOdata3Feed.model_validate(feed.model_dump(by_alias=True) | changes)

    def arrive(self, feed: CbsOdata3Feed) -> Arrival:
        self.publisher.forget()
        warehouse.prepare(self.environment, {feed.id: feed})
        return arrive(feed, self.environment)

    def publish_anew(self) -> None:
        self.table.entities["TableInfos"][0]["Modified"] = LATER

    def drop(self, entity: str, key: str, code: str) -> None:
        for name, column in ((entity, "Key"), ("TypedDataSet", key)):
            rows = self.table.entities[name]
            rows[:] = [row for row in rows if str(row[column]).strip() != code]

    def crimes_of(self, area: str, year: str, count: float | None) -> None:
        for row in self.table.entities["TypedDataSet"]:
            if (row["WijkenEnBuurten"].strip(), row["Perioden"]) == (area, year):
                row[COUNT] = count

    def stored(self, name: str) -> CheckResult:
        checks = warehouse.stored_checks(self.environment, "arrival", self.feed.id)
        return next(check for check in checks if check.name == name)

    def rows(self) -> list[tuple[Any, ...]]:
        with warehouse.connect(self.environment.warehouse, read_only=True) as connection:
            return connection.execute(f"SELECT * FROM raw.{self.feed.id} ORDER BY ALL").fetchall()


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    table = crimes()
    publisher = LoopbackPublisher([table])
    with publisher.running():
        yield Case(tmp_path, publisher, table)


def expect_held(case: Case, check: str, words: str) -> None:
    """Held with these words, in the message and in the check, and everything else as it was."""
    before = case.rows()
    case.publish_anew()
    held = case.arrive(case.feed)
    assert held.outcome == "held"
    assert f"politie_misdrijven: check {check} failed: {words}" in str(held.problem)
    assert f"({CRIMES}). Expected: " in str(held.problem)
    assert "The delivery is held; the last good figures stay." in str(held.problem)
    stored = case.stored(check)
    assert (stored.passed, stored.severity, words in stored.found) == (False, "block", True)
    assert json.loads(stored.examples), "a red check shows what is wrong"
    assert case.rows() == before


def expect_accepted(case: Case, check: str, line: dict[str, str]) -> None:
    """With a dated line in the feed file the same delivery passes, without a download, and the check repeats the line."""
    asked = len(case.publisher.downloads())
    dated = {"date": "2027-01-10", "reason": "nagevraagd bij de uitgever"}
    accepted = case.arrive(case.changed(case.feed, acknowledged=[line | dated]))
    assert (accepted.outcome, accepted.problem) == ("promoted", None)
    assert len(case.publisher.downloads()) == asked
    stored = case.stored(check)
    assert stored.passed
    assert stored.found.startswith(f"acknowledged: {line['what']} {line['name']} since 2027-01-10: nagevraagd")


def test_the_first_delivery_has_nothing_to_be_compared_with(case: Case) -> None:
    for name in (NOTHING_VANISHED, NO_TENFOLD_JUMP):
        assert (case.stored(name).passed, case.stored(name).found) == (True, "no earlier delivery to compare with")


def test_a_delivery_with_other_figures_is_compared_and_passes(case: Case) -> None:
    case.crimes_of("GM0917", "2024JJ00", 390)
    case.publish_anew()
    assert case.arrive(case.feed).outcome == "promoted"
    assert case.stored(NOTHING_VANISHED).found == "nothing vanished"
    assert case.stored(NO_TENFOLD_JUMP).found == "no figure jumped"


def test_a_year_is_gone(case: Case) -> None:
    case.drop("Perioden", "Perioden", "2023JJ00")
    expect_held(case, NOTHING_VANISHED, f"1 period vanished: 2023JJ00 (table {CRIMES})")
    expect_accepted(case, NOTHING_VANISHED, {"what": "period", "name": "2023JJ00"})


def test_a_year_is_there_without_a_figure(case: Case) -> None:
    for area in AREAS:
        case.crimes_of(area, "2023JJ00", None)
    expect_held(case, NOTHING_VANISHED, f"1 period vanished: 2023JJ00 (table {CRIMES})")


def test_a_region_is_gone(case: Case) -> None:
    case.drop("WijkenEnBuurten", "WijkenEnBuurten", "BU09171000")
    expect_held(case, NOTHING_VANISHED, f"1 region vanished: BU09171000 (table {CRIMES})")
    expect_accepted(case, NOTHING_VANISHED, {"what": "region", "name": "BU0917*"})


def test_a_region_is_gone_in_one_year(case: Case) -> None:
    rows = case.table.entities["TypedDataSet"]
    rows[:] = [row for row in rows if (row["WijkenEnBuurten"].strip(), row["Perioden"]) != ("WK091710", "2023JJ00")]
    expect_held(case, NOTHING_VANISHED, f"1 region vanished: WK091710 in 1 of 2 periods (table {CRIMES})")


def test_a_measure_is_gone(case: Case) -> None:
    """The column is there and empty; that every cell is empty is no fault in itself, so the expectations are left out."""
    ranges = [{"type": "expect_column_values_to_not_be_null", "column": "area_code", "severity": "block"}]
    case.feed = case.changed(case.feed, expectations=ranges)
    assert case.arrive(case.feed).outcome == "promoted"
    for area in AREAS:
        for year in YEARS:
            case.crimes_of(area, year, None)
    expect_held(case, NOTHING_VANISHED, "1 measure vanished: registered_crimes")


def test_a_figure_revised_to_ten_times_itself(case: Case) -> None:
    case.crimes_of("GM0917", "2023JJ00", 4000)
    expect_held(
        case,
        NO_TENFOLD_JUMP,
        f"1 figure jumped tenfold: registered_crimes (0.0.0) of GM0917 in 2023JJ00, table {CRIMES}: 4,000, and 400 before",
    )
    expect_accepted(case, NO_TENFOLD_JUMP, {"what": "jump", "name": "registered_crimes/GM0917/2023JJ00"})


def test_a_new_year_a_tenth_of_the_last(case: Case) -> None:
    case.table.entities["Perioden"].append({"Key": "2025JJ00", "Title": "2025", "Status": "Voorlopig"})
    for row in [row for row in case.table.entities["TypedDataSet"] if row["Perioden"] == "2024JJ00"]:
        case.table.entities["TypedDataSet"].append(row | {"Perioden": "2025JJ00"})
    case.crimes_of("NL00", "2025JJ00", 400)
    expect_held(
        case,
        NO_TENFOLD_JUMP,
        f"1 figure jumped tenfold: registered_crimes (0.0.0) of NL00 in 2025JJ00, table {CRIMES}: 400, and 4,000 in 2024JJ00 before",
    )


def test_small_areas_and_small_counts_may_jump(case: Case) -> None:
    case.crimes_of("BU09171000", "2024JJ00", 0)
    case.crimes_of("WK091710", "2024JJ00", 6)
    case.publish_anew()
    assert case.arrive(case.feed).outcome == "promoted"


def test_a_held_loss_ends_when_the_publisher_brings_it_back(case: Case) -> None:
    whole = {name: list(rows) for name, rows in case.table.entities.items()}
    case.drop("WijkenEnBuurten", "WijkenEnBuurten", "BU09171000")
    case.publish_anew()
    assert case.arrive(case.feed).outcome == "held"
    case.table.entities.update(whole)
    case.table.entities["TableInfos"] = [whole["TableInfos"][0] | {"Modified": "2027-02-01T02:00:00"}]
    assert case.arrive(case.feed).outcome == "promoted"
    assert warehouse.standing_of(case.environment, case.feed.id).held is None
    assert case.stored(NOTHING_VANISHED).passed
