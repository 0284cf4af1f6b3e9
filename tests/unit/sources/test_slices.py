"""A table of months in yearly slices: recent ones come again with each version, older ones with another division."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import warehouse
from sources.arrival import arrive, has_news
from sources.feed import Table
from sources.landing import Landing
from sources.protocols.slices import covers, is_current, slice_version, slices_of
from sources.registry import CbsOdata3Feed, load_registry
from tests.support.odata import careless
from tests.support.protocols import House, opened
from tests.support.publisher import LoopbackPublisher, ODataTable

pytestmark = pytest.mark.slow

TABLE = Table(id="47022NED", year=2025)
FEED = load_registry()["politie_misdrijven_maand"]
assert isinstance(FEED, CbsOdata3Feed)
CRIMES = FEED
AREAS = {"NL00": "Nederland", "GM0917": "Heerlen", "WK091710": "Wijk 10"}
MONTHS = [f"2023MM{month:02}" for month in range(1, 13)] + [f"2024MM{month:02}" for month in range(1, 13)]
MONTHS += ["2025MM01", "2025MM02"]
YEARS = ["2023JJ00", "2024JJ00"]


# -- which slices there are -------------------------------------------------------------------------------------------


def _month(key: str) -> int:
    return int(key[:4]) * 12 + int(key[6:])


@given(
    st.sets(st.tuples(st.integers(2012, 2030), st.integers(1, 12)), min_size=1, max_size=60),
    st.integers(1, 40),
)
def test_a_slice_is_open_when_it_holds_any_of_the_newest_months(months: set[tuple[int, int]], newest: int) -> None:
    keys = [f"{year}MM{month:02}" for year, month in months]
    last = max(map(_month, keys))
    recent = {(at - 1) // 12 for at in range(last - newest + 1, last + 1)}
    slices = slices_of(TABLE, keys, newest)
    assert [part.slice_year for part in slices] == sorted({year for year, _ in months})
    assert {part.slice_year for part in slices if not part.closed} == {year for year, _ in months} & recent
    assert all(
        (part.id, part.source, part.year) == (f"47022NED-{part.slice_year}", "47022NED", 2025) for part in slices
    )


@pytest.mark.parametrize(
    ("newest", "open_years"),
    [
        ("2025MM12", {2024, 2025}),
        ("2026MM01", {2025, 2026}),
        ("2026KW01", {2025, 2026}),
        ("2025HJ01", {2024, 2025}),
        ("2025JJ00", {2024, 2025}),
    ],
)
def test_thirteen_months_reach_back_into_the_year_before(newest: str, open_years: set[int]) -> None:
    keys = ["2022MM01", "2023MM12", "2024MM06", "2025MM01", newest]
    assert {part.slice_year for part in slices_of(TABLE, keys, 13) if not part.closed} == open_years


def test_keys_that_are_no_periods_make_no_slice() -> None:
    assert slices_of(TABLE, ["2024XX00", "", "jaar", "2024MM1"], 13) == []


def test_versions_tell_regions_from_corrections() -> None:
    regions = [("GM0917", "Heerlen"), ("NL00", "Nederland")]
    first = slice_version("2026-01-16T02:00:00", regions)
    corrected = slice_version("2026-02-16T02:00:00", reversed(regions))
    renamed = slice_version("2026-02-16T02:00:00", [("GM0917", "Groot Heerlen"), ("NL00", "Nederland")])
    recent, old = TABLE, TABLE.model_copy(update={"closed": True})
    assert [is_current(recent, version, first) for version in (first, corrected, renamed)] == [True, False, False]
    assert [is_current(old, version, first) for version in (first, corrected, renamed)] == [True, True, False]
    assert not is_current(old, "2026-01-16T02:00:00", "2026-01-16T02:00:00"), "no list of regions, nothing known"


def test_a_run_names_a_slice_or_the_table_of_all() -> None:
    slices = slices_of(TABLE, MONTHS, 13)
    assert [table.id for table in covers(slices, ["47022NED-2024"])] == ["47022NED-2024"]
    assert [table.id for table in covers(slices, ["47022NED"])] == ["47022NED-2023", "47022NED-2024", "47022NED-2025"]
    assert covers(slices, ["47018NED"]) == []


# -- over the wire ------------------------------------------------------------------------------------------------------


def _row(number: int, area: str, period: str) -> dict[str, Any]:
    head = {"ID": number, "SoortMisdrijf": "0.0.0 ", "WijkenEnBuurten": f"{area:<10}", "Perioden": period}
    return head | {"GeregistreerdeMisdrijven_1": number}


def crime_table() -> ODataTable:
    dimensions = [("SoortMisdrijf", "Dimension"), ("WijkenEnBuurten", "GeoDetail"), ("Perioden", "TimeDimension")]
    properties: list[dict[str, Any]] = [
        {"ID": at, "ParentID": None, "Type": kind, "Key": key} for at, (key, kind) in enumerate(dimensions)
    ]
    topic = {"ID": 3, "ParentID": None, "Type": "Topic", "Key": "GeregistreerdeMisdrijven_1", "Unit": "aantal"}
    pairs = [(area, period) for area in AREAS for period in (*YEARS, *MONTHS)]
    return ODataTable(
        id="47022NED",
        host="dataderden.cbs.nl",
        entities={
            "TableInfos": [{"ID": 1, "Title": "Misdrijven per maand", "Modified": "2025-03-14T02:00:00"}],
            "DataProperties": [*properties, topic],
            "Perioden": [{"Key": key, "Title": key, "Status": "Definitief"} for key in (*YEARS, *MONTHS)],
            "WijkenEnBuurten": [{"Key": f"{code:<10}", "Title": name} for code, name in AREAS.items()],
            "TypedDataSet": [_row(number, area, period) for number, (area, period) in enumerate(pairs, start=1)],
        },
    )


class Police(House):
    """The monthly table behind a publisher that a test can let publish again."""

    def __init__(self, home: Path, table: ODataTable) -> None:
        super().__init__(home, LoopbackPublisher([table]))
        self.table = table
        warehouse.prepare(self.environment, {CRIMES.id: CRIMES})

    def publish(self, day: int, **corrections: int) -> None:
        """A new version in which a period's figure of Heerlen is another; keys such as ``m2024MM12``."""
        self.table.entities["TableInfos"][0]["Modified"] = f"2025-04-{day:02}T02:00:00"
        for row in self.table.entities["TypedDataSet"]:
            name = "m" + row["Perioden"]
            if row["WijkenEnBuurten"].strip() == "GM0917" and name in corrections:
                row["GeregistreerdeMisdrijven_1"] = corrections[name]
        self.publisher.forget()

    def run(self, **arguments: Any) -> list[str]:
        """Arrive, and say which slices were downloaded."""
        self.publisher.requests.clear()
        arrival = arrive(CRIMES, self.environment, **arguments)
        assert arrival.problem is None, arrival.problem
        asked = [request for request in self.publisher.requests if "TypedDataSet" in request]
        return sorted({re.findall(r"startswith\(Perioden,'(\d{4})MM'\)", request)[0] for request in asked})

    def heerlen(self) -> dict[str, float]:
        rows = self.ask(
            "SELECT period_code, registered_crimes FROM raw.politie_misdrijven_maand WHERE area_code = 'GM0917'"
        )
        assert len({period for period, _ in rows}) == len(rows), "a period stands twice"
        return dict(rows)

    def standing(self) -> dict[str, str]:
        return warehouse.standing_of(self.environment, CRIMES.id).snapshots


@pytest.fixture
def police(tmp_path: Path) -> Iterator[Police]:
    yield from opened(Police(tmp_path, crime_table()))


def test_each_calendar_year_is_a_delivery_of_its_own(police: Police) -> None:
    assert police.run() == ["2023", "2024", "2025"]
    assert set(police.standing()) == {"47022NED-2023", "47022NED-2024", "47022NED-2025"}
    assert sorted(police.heerlen()) == MONTHS, "the years beside the months are left out"
    with warehouse.connect(police.environment.warehouse, read_only=True) as connection:
        query = "SELECT table_id, boundary_year, count(*) FROM raw.politie_misdrijven_maand GROUP BY ALL ORDER BY 1"
        assert connection.execute(query).fetchall() == [
            ("47022NED-2023", 2025, 36),
            ("47022NED-2024", 2025, 36),
            ("47022NED-2025", 2025, 6),
        ]
    assert not has_news(CRIMES, police.environment)
    assert police.run() == []


def test_a_new_version_brings_the_slices_of_the_newest_thirteen_months_again(police: Police) -> None:
    police.run()
    first = police.heerlen()
    police.publish(14, m2024MM12=99, m2023MM05=88)
    assert has_news(CRIMES, police.environment)
    assert police.run() == ["2024", "2025"]
    assert police.heerlen() == first | {"2024MM12": 99}, "the correction replaces; the closed year was not fetched"
    landed = [snapshot.table.id for snapshot in Landing(police.environment).snapshots(CRIMES.id)]
    assert sorted(landed) == sorted(["47022NED-2023", *2 * ["47022NED-2024", "47022NED-2025"]])
    assert police.run() == []


def test_another_division_brings_every_slice_again(police: Police) -> None:
    police.run()
    police.publish(14, m2023MM05=88)
    police.table.entities["WijkenEnBuurten"][2]["Title"] = "Wijk 10 Maria Gewanden"
    assert police.run() == ["2023", "2024", "2025"]
    assert police.heerlen()["2023MM05"] == 88


def test_a_slice_closes_without_coming_again(police: Police) -> None:
    """2025MM03 to 2026MM01: thirteen months reach back to January 2025, so 2024 closes as it was last corrected."""
    police.run()
    months = [f"2025MM{month:02}" for month in range(3, 13)] + ["2026MM01"]
    police.table.entities["Perioden"] += [{"Key": key, "Title": key, "Status": "Voorlopig"} for key in months]
    rows = police.table.entities["TypedDataSet"]
    rows += [_row(len(rows) + at, area, key) for at, (area, key) in enumerate((a, k) for a in AREAS for k in months)]
    police.publish(14)
    assert police.run() == ["2025", "2026"]
    assert sorted(police.heerlen()) == [*MONTHS, *months]


def test_a_year_that_never_arrived_is_fetched_whatever_its_age(police: Police) -> None:
    assert police.run(tables=["47022NED-2025"]) == ["2025"]
    assert set(police.standing()) == {"47022NED-2025"}
    assert police.run() == ["2023", "2024"]


def test_slices_that_a_run_does_not_name_stay_under_a_new_contract(police: Police) -> None:
    police.run()
    before = police.heerlen()
    changed = CRIMES.model_copy(update={"title": "Anders", "tables": (Table(id="47022NED", year=2026),)})
    arrival = arrive(changed, police.environment, tables=["47022NED-2024"])
    assert (arrival.outcome, arrival.downloaded) == ("promoted", 0)
    assert police.heerlen() == before
    with warehouse.connect(police.environment.warehouse, read_only=True) as connection:
        years = connection.execute("SELECT DISTINCT boundary_year FROM raw.politie_misdrijven_maand").fetchall()
    assert years == [(2026,)]


def test_a_slice_keeps_to_its_year_when_the_server_ignores_the_filter(tmp_path: Path) -> None:
    police = Police(tmp_path, careless(crime_table()))
    with police.publisher.running():
        police.run()
        assert sorted(police.heerlen()) == MONTHS


def test_a_table_without_months_is_held(police: Police) -> None:
    police.table.entities["Perioden"] = [{"Key": key, "Title": key, "Status": "Definitief"} for key in YEARS]
    arrival = arrive(CRIMES, police.environment)
    assert arrival.outcome == "held"
    assert "none of the 2 periods is of a kind that the feed keeps" in (arrival.problem or "")
    assert "47022NED/Perioden" in (arrival.problem or "")
