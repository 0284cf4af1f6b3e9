"""Cells as partners write them: numbers, days, periods, areas and schools."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sources.contracts import Column, DeliveredPeriod
from sources.partners.areas import FOLDER, Places, plain_name
from sources.partners.periods import (
    Moment,
    date_of,
    month_of,
    named_period,
    period_code,
    quarter_of,
    term_of,
    year_of,
)
from sources.partners.rules import Refused
from sources.partners.values import parse_column, parse_counts, parse_numbers
from tests.support.partner_feeds import partner_feed

ROOT = Path(__file__).parents[4]
PLACES = Places.read()


def counts(*texts: str) -> list[Any]:
    values, rules = parse_counts(pa.array(texts, pa.string()))
    return [rule or value for value, rule in zip(values.to_pylist(), rules.to_pylist(), strict=True)]


def numbers(*texts: str) -> list[Any]:
    values, rules = parse_numbers(pa.array(texts, pa.string()))
    return [rule or value for value, rule in zip(values.to_pylist(), rules.to_pylist(), strict=True)]


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_counts() -> None:
    good = {
        "0": 0, "12": 12, "+12": 12, "007": 7, "1.234": 1234, "1.234.567": 1234567, "1 234": 1234, "12.0": 12, "12,00": 12,
        "12.000": 12000,
    }  # fmt: skip
    assert counts(*good) == list(good.values())
    bad = [
        "-1",
        "1,5",
        "1.5",
        "1,234",
        "12.34",
        "1.23",
        "1.2345",
        "x",
        "=1+1",
        "1e3",
        "9" * 16,
        "9" * 30,
        "1.234,5",
        "1-2",
        "½",
    ]
    assert counts(*bad) == ["aantal"] * len(bad)


def test_numbers_with_a_decimal_comma_or_point() -> None:
    good = {
        "12": 12, "-12,5": -12.5, "1.234,5": 1234.5, "1 234,50": 1234.5, "€ 1.234,50": 1234.5, "1.234.567": 1234567,
        "0.125": 0.125, "14000.5": 14000.5, "1234": 1234,
    }  # fmt: skip
    assert numbers(*good) == list(good.values())
    bad = ["1,234.5", "1.23.4", "x", "1e3", "12%", "NaN", "inf", "1,2,3", "9" * 17, "-", "1.234 567"]
    assert numbers(*bad) == ["getal"] * len(bad)


def test_a_point_before_three_digits_is_read_as_the_column_shows() -> None:
    unclear = "getal_dubbelzinnig"
    assert numbers("1.234") == [unclear]
    assert numbers("1.234", "12") == [unclear, 12]
    assert numbers("1.234", "12,5") == [1234, 12.5]
    assert numbers("1.234", "1.234.567") == [1234, 1234567]
    assert numbers("1.234", "12.5") == [1.234, 12.5]
    assert numbers("1.234", "12.5", "12,5") == [unclear, 12.5, 12.5]


def test_a_comma_before_three_digits_is_a_decimal_comma_unless_points_are() -> None:
    assert numbers("1,234") == [1.234]
    assert numbers("1,234", "12,5") == [1.234, 12.5]
    assert numbers("1,234", "12.5") == ["getal_dubbelzinnig", 12.5]
    assert numbers("1,234", "12.5", "7,25") == [1.234, 12.5, 7.25]


def _grouped(whole: int, sign: str) -> str:
    return f"{whole:,}".replace(",", sign)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**15), st.sampled_from(["", ".", " "]))
def test_counts_of_every_dialect_come_back(number: int, sign: str) -> None:
    assert counts(_grouped(number, sign)) == [number]


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**9), 10**9), st.integers(0, 999_999), st.sampled_from(["", ".", " "]))
def test_dutch_numbers_of_every_dialect_come_back(whole: int, fraction: int, sign: str) -> None:
    assert numbers(f"{_grouped(whole, sign)},{fraction:06}") == [float(f"{whole}.{fraction:06}")]


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e9, 1e9, allow_nan=False))
def test_numbers_with_a_point_come_back_or_are_unclear(number: float) -> None:
    text = f"{number!r}"
    assume("e" not in text)
    assert numbers(text) in ([number], ["getal_dubbelzinnig"])
    assert numbers(text, "0.5") == [number, 0.5]


def test_bounds_and_missing_figures() -> None:
    feed = partner_feed(missing=[".", "x"], missing_below=-99000)
    column = pa.chunked_array([["5", ".", "x", "-99997", "1", "11", None]])
    spec = Column(type="number", least=2, most=10, required=False)
    parsed = parse_column(column, spec, feed)
    assert parsed.values.to_pylist() == [5, None, None, None, 1, 11, None]
    assert parsed.rules.to_pylist() == [None, None, None, "te_laag", "te_laag", "te_hoog", None]
    required = parse_column(column, Column(type="number"), feed)
    assert required.rules.to_pylist() == [None, "verplicht", "verplicht", None, None, None, "verplicht"]


# -- other cells ------------------------------------------------------------------------------------------------------


def test_categories_by_label_or_synonym() -> None:
    spec = Column(type="category", values={"0_27": ("Tot 27 jaar",), "27_45": ()})
    column = pa.chunked_array([["0_27", " tot  27\nJAAR", "27_45", "27-45"]])
    parsed = parse_column(column, spec, partner_feed())
    assert parsed.values.to_pylist() == ["0_27", "0_27", "27_45", None]
    assert parsed.rules.to_pylist() == [None, None, None, "categorie"]


def test_pseudonyms_become_numbers() -> None:
    hashes = ["a1" * 32, "A1" * 32, "b2" * 32]
    parsed = parse_column(
        pa.chunked_array([[*hashes, "123456782", "g" * 64]]), Column(type="pseudonym"), partner_feed()
    )
    first, again, other = parsed.values.to_pylist()[:3]
    assert first == again != other
    assert parsed.values.to_pylist()[3:] == [None, None]
    assert parsed.rules.to_pylist() == [None, None, None, "pseudoniem", "pseudoniem"]
    assert pa.types.is_integer(parsed.values.type)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31-12-2025", (2025, 12, 31)), ("1-2-2025", (2025, 2, 1)), ("01/02/2025", (2025, 2, 1)), ("1.2.2025", (2025, 2, 1)),
        ("2025-02-01", (2025, 2, 1)), ("20250201", (2025, 2, 1)), ("2025-02-01T00:00:00Z", (2025, 2, 1)),
        ("01-02-2025 13:45", (2025, 2, 1)), ("29-02-2024", (2024, 2, 29)),
    ],
)  # fmt: skip
def test_days(text: str, day: tuple[int, int, int]) -> None:
    assert date_of(text) == datetime.date(*day)


@pytest.mark.parametrize(
    "text", ["31-02-2025", "29-02-2025", "12-31-2025", "1-2-25", "2025", "45717", "1-2/2025", "0-0-0000", "maart 2025", "2025-13-01"]
)  # fmt: skip
def test_what_is_no_day(text: str) -> None:
    assert date_of(text) is None


def test_serial_numbers_are_days_in_workbooks_only() -> None:
    assert date_of("45717", has_serials=True) == datetime.date(2025, 3, 1)
    column = pa.chunked_array([["45717"]])
    assert parse_column(column, Column(type="date"), partner_feed()).rules.to_pylist() == ["datum"]
    in_workbook = parse_column(column, Column(type="date"), partner_feed(format="xlsx"))
    assert in_workbook.values.to_pylist() == [datetime.date(2025, 3, 1)]


@settings(max_examples=200, deadline=None)
@given(
    st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)),
    st.sampled_from(["%d-%m-%Y", "%d/%m/%Y", "%Y-%m-%d", "%Y%m%d"]),
)
def test_days_of_every_dialect_come_back(day: datetime.date, written: str) -> None:
    assert date_of(day.strftime(written)) == day


def test_years_months_quarters_and_terms() -> None:
    assert [year_of(t) for t in ("2025", "2025-2026", "2025/2026", "2025-26", "2025JJ00", "2025SJ00")] == [2025] * 6
    assert [year_of(t) for t in ("25", "2025-2027", "3025", "2025MM01", "x")] == [None] * 5
    assert [month_of(t) for t in ("3", "03", "maart", "Mrt.", "12", "okt")] == [3, 3, 3, 3, 12, 10]
    assert [month_of(t) for t in ("2025-03", "202503", "2025MM03", "2025/12")] == [202503, 202503, 202503, 202512]
    assert [month_of(t) for t in ("0", "13", "2025-13", "march", "2025")] == [None] * 5
    assert [quarter_of(t) for t in ("1", "Q2", "K3", "KW04", "2025Q1", "2025K1", "2025-1", "2025KW01", "1e kwartaal")] == [
        1, 2, 3, 4, 20251, 20251, 20251, 20251, 1,
    ]  # fmt: skip
    assert [quarter_of(t) for t in ("0", "5", "Q5", "20251", "2025", "2025KW05", "x")] == [None] * 7
    assert [term_of(t) for t in ("1", "2", "3", "4", "x")] == [1, 2, 3, None, None]


@pytest.mark.parametrize(
    ("kind", "month", "code"),
    [
        ("JJ", 202503, "2025JJ00"), ("HJ", 202506, "2025HJ01"), ("HJ", 202507, "2025HJ02"), ("KW", 202503, "2025KW01"),
        ("KW", 202504, "2025KW02"), ("MM", 202503, "2025MM03"), ("SJ", 202507, "2024SJ00"), ("SJ", 202508, "2025SJ00"),
        ("TR", 202508, "2025TR01"), ("TR", 202511, "2025TR01"), ("TR", 202512, "2025TR02"), ("TR", 202603, "2025TR02"),
        ("TR", 202604, "2025TR03"), ("TR", 202607, "2025TR03"),
    ],
)  # fmt: skip
def test_a_day_lies_in_its_period(kind: str, month: int, code: str) -> None:
    day = datetime.date(month // 100, month % 100, 15)
    period = DeliveredPeriod(type=kind, date="datum")  # type: ignore[arg-type]
    assert period_code(period, Moment(date=day), {}) == code
    period = DeliveredPeriod(type=kind, month="maand")  # type: ignore[arg-type]
    assert period_code(period, Moment(month=month), {}) == code


def test_a_school_year_goes_on_into_the_next_calendar_year() -> None:
    period = DeliveredPeriod(type="MM", year="schooljaar", month="maand", is_school_year=True)
    assert period_code(period, Moment(year=2025, month=9), {}) == "2025MM09"
    assert period_code(period, Moment(year=2025, month=3), {}) == "2026MM03"
    assert period_code(period, Moment(year=2025, month=202603), {}) == "2026MM03"
    assert period_code(period, Moment(year=2025, month=202503), {}) is None
    quarters = DeliveredPeriod(type="KW", year="schooljaar", quarter="kwartaal", is_school_year=True)
    assert period_code(quarters, Moment(year=2025, quarter=1), {}) == "2026KW01"
    assert period_code(quarters, Moment(year=2025, quarter=20254), {}) == "2025KW04"


def test_years_that_differ_make_no_period() -> None:
    period = DeliveredPeriod(type="KW", year="jaar", quarter="kwartaal")
    assert period_code(period, Moment(year=2025, quarter=20251), {}) == "2025KW01"
    assert period_code(period, Moment(year=2024, quarter=20251), {}) is None


def test_what_no_column_holds_stands_in_the_name_of_the_file() -> None:
    feed = partner_feed(file_name="Uren_{JJJJ}_T{T}.xlsx")
    assert named_period("uren_2025_t2.XLSX", feed) == {"JJJJ": 2025, "T": 2}
    assert named_period("uren_2025_t4.xlsx", feed) is None
    assert named_period("../uren_2025_t2.xlsx", feed) is None
    period = DeliveredPeriod(type="TR")
    assert period_code(period, Moment(), {"JJJJ": 2025, "T": 2}) == "2025TR02"
    assert (
        period_code(DeliveredPeriod(type="MM", year="jaar"), Moment(year=2024), {"JJJJ": 2025, "MM": 2}) == "2024MM02"
    )
    assert period_code(DeliveredPeriod(type="JJ"), Moment(), {"JJJJ": 2025}) == "2025JJ00"
    for kind, named in (("TR", {"JJJJ": 2025}), ("MM", {"MM": 2}), ("KW", {}), ("JJ", {})):
        with pytest.raises(Refused, match="bestandsnaam"):
            period_code(DeliveredPeriod(type=kind), Moment(), named)  # type: ignore[arg-type]


# -- areas ------------------------------------------------------------------------------------------------------------


def test_the_areas_agree_with_those_of_the_warehouse() -> None:
    with (ROOT / "dbt_project/seeds/areas.csv").open(encoding="utf-8", newline="") as stream:
        seed = {row["area_code"]: row for row in csv.DictReader(stream) if row["area_code"][:6] in ("WK0917", "BU0917")}
    with (FOLDER / "areas.csv").open(encoding="utf-8", newline="") as stream:
        own = {row["area_code"]: row for row in csv.DictReader(stream) if row["area_type"] != "postcode"}
    fields = ("area_code", "area_name", "area_type", "parent_code")
    assert [[row[f] for f in fields] for row in own.values()] == [[row[f] for f in fields] for row in seed.values()]
    assert [len(PLACES.of_kind(kind)) for kind in ("wijk", "buurt", "school")] == [23, 57, 23]
    with (ROOT / "dbt_project/seeds/postcode_areas.csv").open(encoding="utf-8", newline="") as stream:
        postcodes = {"PC" + row["postcode"] for row in csv.DictReader(stream)}
    assert set(PLACES.of_kind("postcode")) == postcodes


def test_names_tell_areas_of_one_kind_apart() -> None:
    for areas in (PLACES.areas["wijk"], PLACES.areas["buurt"]):
        assert len({plain_name(name) for name in areas.values()}) == len(areas)


def test_schools_lie_in_buurten_and_wijken_that_exist() -> None:
    with (FOLDER / "schools.csv").open(encoding="utf-8", newline="") as stream:
        schools = list(csv.DictReader(stream))
    assert len(PLACES.schools) == len(schools) == 22
    for school in schools:
        assert school["buurt_code"] in PLACES.areas["buurt"]
        assert school["wijk_code"] == "WK" + school["buurt_code"][2:8]
        assert "PC" + school["postcode"] in PLACES.areas["postcode"]
        assert school["brin"].startswith("99"), "no real school has it"


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("wijk", "WK091710", "WK091710"), ("wijk", "wk091710  ", "WK091710"), ("wijk", "091710", "WK091710"),
        ("wijk", "91710", "WK091710"), ("wijk", "WK 0917 10", "WK091710"), ("wijk", "Mariarade", "WK091711"),
        ("wijk", "heksenberg", "WK091722"), ("buurt", "Heksenberg", "BU09172200"), ("buurt", "9172200", "BU09172200"),
        ("buurt", "09172200", "BU09172200"), ("buurt", "Versilienbosch", "BU09172003"), ("buurt", "De Dem e.o.", "BU09171201"),
        ("buurt", "'t Loon", "BU09173302"), ("wijk", "Wijk 11 Mariarade", "WK091711"), ("wijk", "Hoensbroek De Dem", "WK091712"),
        ("wijk", "910", "gebied_onbekend"), ("wijk", "WK091799", "gebied_onbekend"), ("wijk", "Atlantis", "gebied_onbekend"),
        ("wijk", "BU091710", "gebied_onbekend"), ("wijk", "WK09171000", "gebied_onbekend"),
        ("wijk", "BU09171000", "gebied_niveau"), ("buurt", "WK091710", "gebied_niveau"), ("wijk", "GM0917", "gebied_niveau"),
        ("wijk", "HN14", "gebied_niveau"), ("wijk", "WK092800", "gebied_buiten_programma"),
        ("buurt", "BU09280000", "gebied_buiten_programma"),
        ("postcode", "6411", "PC6411"), ("postcode", "6411 ab", "PC6411"), ("postcode", "PC6411", "PC6411"),
        ("postcode", "6211", "gebied_buiten_programma"), ("postcode", "0411", "postcode"), ("postcode", "6411 A", "postcode"),
    ],
)  # fmt: skip
def test_areas_however_they_are_written(kind: Any, text: str, found: str) -> None:
    place = PLACES.find(kind, text)
    assert (place.area_code or place.rule) == found
    assert place.key == place.area_code


def test_a_name_must_fit_its_code() -> None:
    assert PLACES.find("wijk", "WK091711", "Mariarade").area_code == "WK091711"
    assert PLACES.find("wijk", "WK091711", "Heksenberg").rule == "naam_past_niet"
    assert PLACES.find("wijk", "WK091711", "Atlantis").rule == "naam_past_niet"
    assert PLACES.find("buurt", "BU09171100", "mariarade - noord").area_code == "BU09171100"


@pytest.mark.parametrize(
    ("brin", "location", "name", "found"),
    [
        ("99AA00", "", "", ("99AA00", "WK091710")), ("99aa-01", "", "", ("99AA01", "WK091711")),
        ("99AA", "1", "", ("99AA01", "WK091711")), ("99AA", "01", "", ("99AA01", "WK091711")),
        ("99AA01", "1", "", ("99AA01", "WK091711")), ("99AB", "", "", ("99AB00", "WK091712")),
        ("99AB", "", "Het Lamplicht", ("99AB00", "WK091712")), ("99AB", "", "De Schacht", "naam_past_niet"),
        ("99AA", "", "", "school_onbekend"), ("99AA01", "0", "", "school_onbekend"), ("99AA", "x", "", "school_onbekend"),
        ("99AA", "7", "", "school_onbekend"), ("99ZZ00", "", "", "school_onbekend"), ("school", "", "", "school_onbekend"),
    ],
)  # fmt: skip
def test_schools_by_brin_and_location(brin: str, location: str, name: str, found: Any) -> None:
    place = PLACES.find("school", brin, name, location)
    assert (place.rule or (place.key, place.area_code)) == found
