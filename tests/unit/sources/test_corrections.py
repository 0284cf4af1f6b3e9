"""Known errors of publishers: read strictly, applied on the way to raw, and watched until the source has fixed them."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources import warehouse
from sources.arrival import Arrival, arrive
from sources.corrections import CORRECTIONS, MARKER, Correction, read_corrections
from sources.environment import Scope
from sources.errors import ConfigurationError
from sources.guards import CORRECTIONS_NEEDED
from sources.loading import append_cells, create_delivery
from sources.protocols.cells import create_cells
from sources.registry import FEEDS, CbsOdata3Feed, DownloadFeed, load_registry, read_feed, with_corrections
from tests.support.captures import CAPTURES, needs_captures
from tests.support.protocols import House, opened
from tests.support.publisher import LoopbackPublisher
from tests.support.small import AREAS, TABLE_ID, column, kerncijfers_feed, small_kerncijfers
from tests.unit.sources.test_loading import SNAPSHOT

pytestmark = pytest.mark.slow

LINE: dict[str, Any] = {
    "correction_id": "een", "feed_id": "cbs_kerncijfers", "table_id": TABLE_ID, "measure": "distance_school_km",
    "area_code": "", "period_code": "", "published_value": "-1", "action": "to_missing", "replacement": "",
    "reason_nl": "Moet een punt zijn.", "reporter": "CBS", "reported_on": "2020-11-06",
    "source_url": "https://opendata.cbs.nl/x", "retired_on": "",
}  # fmt: skip


def line(**changes: Any) -> Correction:
    return Correction.model_validate(LINE | changes)


def feed_with(*corrections: Correction) -> CbsOdata3Feed:
    feed = with_corrections({"cbs_kerncijfers": kerncijfers_feed()}, corrections)["cbs_kerncijfers"]
    assert isinstance(feed, CbsOdata3Feed)
    return feed


# -- the file -----------------------------------------------------------------------------------------------------------


def written(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    path = tmp_path / "corrections.csv"
    lines = [",".join(LINE), *(",".join(str(value) for value in row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_bundled_file_holds_the_first_case() -> None:
    found = {(c.table_id, c.measure, c.published_value, c.action) for c in read_corrections()}
    assert found == {
        ("83765NED", "distance_school_km", -1.0, "to_missing"),
        ("83765NED", "schools_within_3km", -1.0, "to_missing"),
    }


@needs_captures
def test_the_first_case_is_what_the_publisher_says() -> None:
    """The version notes of the table name both columns, the value and the day of the correction."""
    properties = json.loads((CAPTURES / "kwb" / "83765NED_odata4_Properties.json").read_text(encoding="utf-8"))
    notes = properties["VersionNotes"]
    for words in ("afstand tot school", "aantal scholen binnen 3 km", "een waarde van -1"):
        assert words in notes
    for correction in read_corrections():
        assert properties["Modified"].startswith(str(correction.reported_on))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"published_value": "min een"}, "line 3: published_value"),
        ({"published_value": "nan"}, "line 3: published_value"),
        ({"action": "remove"}, "line 3: action"),
        ({"action": "replace"}, "replacement goes with action replace"),
        ({"replacement": "3"}, "replacement goes with action replace"),
        ({"reason_nl": ""}, "line 3: reason_nl"),
        ({"reported_on": "vorig jaar"}, "line 3: reported_on"),
        ({"source_url": "http://x"}, "line 3: source_url"),
        ({"correction_id": "een"}, "een stands twice"),
    ],
)
def test_a_wrong_line_is_refused_by_number_and_column(tmp_path: Path, change: dict[str, str], words: str) -> None:
    path = written(tmp_path, LINE, LINE | {"correction_id": "twee"} | change)
    with pytest.raises(ConfigurationError) as error:
        read_corrections(path)
    assert words in str(error.value)
    assert str(path) in str(error.value)


def test_a_line_with_a_column_too_few_or_too_many_is_refused(tmp_path: Path) -> None:
    for row in (dict(list(LINE.items())[:5]), LINE | {"extra": "x"}):
        with pytest.raises(ConfigurationError, match="line 2"):
            read_corrections(written(tmp_path, row))


@pytest.mark.parametrize("change", [{"feed_id": "cbs_kerncijfer"}, {"measure": "distance_school"}])
def test_a_line_for_what_does_not_exist_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="Correction een: there is no measure"):
        feed_with(line(**change))


def test_another_line_is_another_contract() -> None:
    plain, corrected = feed_with(), feed_with(line())
    assert plain.contract_sha256 != corrected.contract_sha256
    assert corrected.contract_sha256 != feed_with(line(published_value="-2")).contract_sha256
    other = with_corrections(load_registry(), [line()])
    assert other["leefbaarometer"].contract_sha256 == load_registry()["leefbaarometer"].contract_sha256


def test_a_feed_file_holds_no_corrections(tmp_path: Path) -> None:
    text = next(FEEDS.rglob("leefbaarometer.yml")).read_text(encoding="utf-8")
    path = tmp_path / "leefbaarometer.yml"
    path.write_text(text + "corrections: []\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"corrections stand in {CORRECTIONS.name}"):
        read_feed(path)


# -- on the way to raw ----------------------------------------------------------------------------------------------------


class Kerncijfers(House):
    """Kerncijfers of 2020 at a publisher that has -1 where it means a dot, in two of its seven areas."""

    def __init__(self, home: Path) -> None:
        self.table = small_kerncijfers()
        self.key = column(self.table, "AfstandTotSchool")
        super().__init__(home, LoopbackPublisher([self.table]))
        self.set(4, -1)
        self.set(6, -1)

    def set(self, row: int, value: float | None) -> None:
        self.table.entities["TypedDataSet"][row][self.key] = value

    def arrive(self, *corrections: Correction) -> Arrival:
        return self.bring(feed_with(*corrections))

    def fix(self) -> None:
        self.table.entities["TableInfos"][0]["Modified"] = "2023-11-06T02:00:00"
        self.set(4, None)
        self.set(6, None)

    def distances(self) -> dict[str, tuple[float | None, str | None]]:
        measure = "distance_school_km"
        rows = self.ask(f"SELECT area_code, {measure}, missing_markers['{measure}'] FROM raw.cbs_kerncijfers")
        return {area: (value, marker) for area, value, marker in rows}

    def guard(self, arrival: Arrival) -> tuple[bool, str, int]:
        check = next(check for check in arrival.checks if check.name == CORRECTIONS_NEEDED)
        assert check.severity == "warn"
        return check.passed, check.found, check.unexpected_count


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Kerncijfers]:
    yield from opened(Kerncijfers(tmp_path))


def test_a_known_error_becomes_missing_and_raw_says_why(house: Kerncijfers) -> None:
    arrival = house.arrive(line())
    assert (arrival.outcome, house.guard(arrival)) == ("promoted", (True, "2 cells corrected", 0))
    found = house.distances()
    assert [area for area, pair in found.items() if pair == (None, MARKER)] == [AREAS[4], AREAS[6]]
    others = [pair for area, pair in found.items() if area not in (AREAS[4], AREAS[6])]
    assert all(value is not None and value > 0 and marker is None for value, marker in others)
    counted = "SELECT correction_id, table_id, measure, area_code, cells, snapshot_id FROM control.corrections"
    assert house.ask(counted) == [
        ("een", TABLE_ID, "distance_school_km", None, 2, arrival.snapshots[TABLE_ID]),
    ]


def test_landing_keeps_the_bytes_as_received(house: Kerncijfers) -> None:
    arrival = house.arrive(line())
    folder = house.environment.landing / "cbs_kerncijfers" / arrival.snapshots[TABLE_ID]
    rows = json.loads((folder / "data-01-0001.json").read_bytes())["value"]
    assert [row[house.key] for row in rows].count(-1) == 2


def test_a_correction_comes_before_the_audit(house: Kerncijfers) -> None:
    """Without it the -1 would hold the whole table."""
    strict = {"type": "expect_column_values_to_be_between", "column": "distance_school_km", "min_value": 0}
    feed = CbsOdata3Feed.model_validate(
        feed_with().model_dump(by_alias=True) | {"expectations": [strict | {"severity": "block"}]}
    )
    warehouse.prepare(house.environment, {feed.id: feed})
    assert arrive(feed, house.environment).outcome == "held"
    corrected = feed.model_copy(update={"corrections": (line(),)})
    assert arrive(corrected, house.environment).outcome == "promoted"


def test_the_guard_turns_red_when_the_source_has_fixed_it(house: Kerncijfers) -> None:
    house.arrive(line())
    house.fix()
    arrival = house.arrive(line())
    assert arrival.outcome == "promoted", "a warning holds nothing"
    assert house.guard(arrival) == (
        False,
        f"een: distance_school_km of table {TABLE_ID} holds -1 nowhere any more; the source has fixed it, so fill in retired_on",
        1,
    )
    assert house.distances()[AREAS[4]] == (None, None)
    retired = house.arrive(line(retired_on="2026-12-01"))
    assert house.guard(retired) == (True, "0 cells corrected", 0)
    assert house.ask("SELECT cells, retired_on::VARCHAR FROM control.corrections") == [(0, "2026-12-01")]


def test_a_line_whose_table_did_not_come_in_keeps_its_last_count(house: Kerncijfers) -> None:
    other = line(correction_id="twee", table_id="85039NED")
    arrival = house.arrive(line(), other)
    assert house.guard(arrival)[0], "a table that never came in proves nothing"
    assert house.ask("SELECT correction_id FROM control.corrections") == [("een",)]


@pytest.mark.parametrize(
    ("change", "cells"),
    [
        ({"area_code": AREAS[4]}, [AREAS[4]]),
        ({"area_code": "GM0917"}, []),
        ({"period_code": "2020JJ00"}, [AREAS[4], AREAS[6]]),
        ({"period_code": "2019JJ00"}, []),
        ({"published_value": "-1.0"}, [AREAS[4], AREAS[6]]),
        ({"published_value": "-10"}, []),
        ({"table_id": "85039NED"}, []),
    ],
)
def test_a_line_corrects_only_what_it_names(house: Kerncijfers, change: dict[str, str], cells: list[str]) -> None:
    house.arrive(line(**change))
    assert [area for area, (_, marker) in house.distances().items() if marker == MARKER] == cells
    wrong = [area for area, (value, _) in house.distances().items() if value == -1]
    assert wrong == [area for area in (AREAS[4], AREAS[6]) if area not in cells]


SCHOOLS = load_registry()["duo_schooladviezen"]
CELLS: list[tuple[CbsOdata3Feed | DownloadFeed, str, str]] = [
    (kerncijfers_feed(), "distance_school_km", "-1"),
    (SCHOOLS, "advice_havo", "-1,0"),
]


@pytest.mark.parametrize(("feed", "measure", "text"), CELLS, ids=["decimal point", "decimal comma"])
@settings(max_examples=50, deadline=None)
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_replacement_arrives_to_the_last_bit(
    feed: CbsOdata3Feed | DownloadFeed, measure: str, text: str, number: float
) -> None:
    correction = line(feed_id=feed.id, measure=measure, action="replace", replacement=repr(number))
    feed = feed.model_copy(update={"corrections": (correction,)})
    with warehouse.connect_memory() as connection:
        create_cells(connection, feed)
        create_delivery(connection, feed)
        keys = "row_number, file, area_code, period_code, breakdown, bound"
        connection.execute(
            f"INSERT INTO cells ({keys}, {measure}) VALUES (1, 'f', 'GM0917', '2020JJ00', 'total', 'value', ?)", [text]
        )
        append_cells(connection, feed, SNAPSHOT, Scope(required=("GM0917",)))
        (row,) = connection.execute(f"SELECT {measure}, missing_markers FROM delivery").fetchall()
        applied = connection.execute("SELECT cells FROM applied_corrections").fetchall()
    assert (struct.pack("<d", row[0]), row[1], applied) == (struct.pack("<d", number), {}, [(1,)])


def test_a_line_added_later_reads_landing_again(house: Kerncijfers) -> None:
    house.arrive()
    assert house.distances()[AREAS[4]] == (-1, None)
    asked = len(house.publisher.downloads())
    assert house.arrive(line()).outcome == "promoted"
    assert house.distances()[AREAS[4]] == (None, MARKER)
    assert len(house.publisher.downloads()) == asked
