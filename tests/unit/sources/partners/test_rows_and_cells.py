"""Every row is accounted for, and what is accepted adds up to exact cells."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.contracts import PartnerFeed
from sources.partners.areas import Places
from sources.partners.cells import add_up
from sources.partners.reading import Grid, Refused
from sources.partners.rows import MOST_REFUSALS, Judged, exceeds, judge_rows
from sources.partners.rules import RULES
from tests.support.partner_feeds import HEADER, judge, partner_feed

COUNTS = partner_feed()
TMP = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def broken(judged: Judged) -> list[tuple[int | None, str | None, str]]:
    return [(refusal.row, refusal.column, refusal.rule) for refusal in judged.refusals]


def cells(judged: Judged, feed: PartnerFeed) -> dict[tuple[str, str, str], Any]:
    """Cells by area, period and breakdown; the one measure or all of them."""
    table = add_up(judged.rows, feed, judged.incomplete)
    assert table.column_names == ["area_code", "period_code", "breakdown", *feed.measures]
    rows = [tuple(row.values()) for row in table.to_pylist()]
    found = {row[:3]: row[3] if len(row) == 4 else row[3:] for row in rows}
    assert len(found) == len(rows)
    return found


# -- rows -------------------------------------------------------------------------------------------------------------


def test_each_row_is_accepted_or_refused_with_place_and_rule(tmp_path: Path) -> None:
    judged = judge(
        tmp_path, COUNTS, "Titel", "Jaar;Maand;Wijkcode;Leeftijd;Aantal",
        "2025;3;WK091710;0_27;12",
        "2025;13;WK091711;0_27;12",
        ";3;WK092800;oud;-1",
        "2025;3;WK091712;0_27;",
        "2025;3;WK091713;tot 27;1.000",
    )  # fmt: skip
    assert (judged.delivered, judged.accepted, judged.refused) == (5, 2, 3)
    assert broken(judged) == [
        (4, "Maand", "maand"),
        (5, "Jaar", "verplicht"),
        (5, "Wijkcode", "gebied_buiten_programma"),
        (5, "Leeftijd", "categorie"),
        (5, "Aantal", "aantal"),
        (6, "Aantal", "verplicht"),
    ]
    assert judged.by_rule == {"maand": 1, "verplicht": 2, "gebied_buiten_programma": 1, "categorie": 1, "aantal": 1}
    assert judged.rows.to_pylist() == [
        {"area_code": "WK091710", "period_code": "2025MM03", "leeftijd": "0_27", "aantal": 12},
        {"area_code": "WK091713", "period_code": "2025MM03", "leeftijd": "0_27", "aantal": 1000},
    ]
    assert judged.refusals[3].expected_nl == "een van: 0_27, 27_45"
    # Month 13 may have been any month, so that the wijk lacks a row in each that was delivered.
    assert judged.incomplete == {("WK091711", "2025MM03"), ("WK091712", "2025MM03")}


def test_what_was_expected_comes_from_the_contract(tmp_path: Path) -> None:
    columns = {name: column.model_dump(exclude_defaults=True) for name, column in COUNTS.columns.items()}
    feed = partner_feed(columns=columns | {"aantal": {"type": "count", "least": 5, "most": 10}})
    rows = ["2025;3;WK091710;0_27;4", "2025;3;WK091711;0_27;11", "2025;3;BU09171000;0_27;7"]
    judged = judge(tmp_path, feed, HEADER, *rows)
    assert [refusal.expected_nl for refusal in judged.refusals] == ["ten minste 5", "hoogstens 10", "een wijk"]


def test_aggregated_rows_with_one_key_are_all_refused(tmp_path: Path) -> None:
    rows = ["2025;3;WK091710;0_27;1", "2025;03;Maria Gewanden en Terschuren;Tot 27;2", "2025;3;WK091710;27_45;3"]
    judged = judge(tmp_path, COUNTS, HEADER, *rows, "2025;3;WK091710;27_45;x")
    twice = "dubbele_rij"
    assert broken(judged) == [
        (2, None, twice),
        (3, None, twice),
        (4, None, twice),
        (5, "aantal", "aantal"),
        (5, None, twice),
    ]
    assert judged.accepted == 0


def test_schools_of_one_wijk_are_different_rows(tmp_path: Path) -> None:
    feed = school_feed()
    rows = ["2025;3;99AJ;0;0_27;10", "2025;3;99AJ;1;0_27;7", "2025;3;99AJ01;1;27_45;2"]
    judged = judge(tmp_path, feed, "jaar;maand;brin;vestiging;leeftijd;aantal", *rows)
    assert judged.accepted == 3
    found = cells(judged, feed)
    assert found["WK091731", "2025MM03", "0_27"] == 17
    assert found["WK091731", "2025MM03", "total"] == 19
    again = judge(tmp_path, feed, "jaar;maand;brin;vestiging;leeftijd;aantal", *rows, "2025;3;99AJ-00;;0_27;10")
    assert broken(again) == [(2, None, "dubbele_rij"), (5, None, "dubbele_rij")]


def school_feed() -> PartnerFeed:
    columns = {name: column.model_dump(exclude_defaults=True) for name, column in COUNTS.columns.items()}
    del columns["wijk"]
    columns |= {"brin": {"type": "school"}, "vestiging": {"type": "text", "required": False}}
    return partner_feed(columns=columns, area={"column": "brin", "kind": "school", "location": "vestiging"})


def test_a_row_with_too_many_fields_breaks_that_rule_only(tmp_path: Path) -> None:
    judged = judge(tmp_path, COUNTS, HEADER, "2025;3;De Hei; oud;12;5", "2025;3;WK091710;0_27;1")
    assert broken(judged) == [(2, None, "aantal_velden")]
    assert (judged.accepted, judged.refused) == (1, 1)


def test_years_that_contradict_each_other(tmp_path: Path) -> None:
    judged = judge(tmp_path, COUNTS, HEADER, "2025;2024-03;WK091710;0_27;1", "2025;2025-03;WK091710;0_27;1")
    assert broken(judged) == [(2, None, "periode_tegenstrijdig")]


def test_rows_before_the_window_are_left_out_and_count_for_nothing(tmp_path: Path) -> None:
    rows = ["2025;2;WK091710;oud;1", "2025;3;WK091710;0_27;1", "2024;12;WK091710;0_27;1"]
    judged = judge(tmp_path, COUNTS, HEADER, *rows, not_before="2025MM03")
    assert broken(judged) == [(2, None, "buiten_venster"), (4, None, "buiten_venster")]
    assert (judged.delivered, judged.accepted, judged.refused) == (3, 1, 2)
    assert judged.incomplete == frozenset()
    assert not exceeds(judged, COUNTS)


@pytest.mark.parametrize(("wrong", "right", "expected"), [(1, 19, False), (1, 18, True), (0, 3, False), (3, 0, True)])
def test_more_refused_rows_than_the_contract_allows(tmp_path: Path, wrong: int, right: int, expected: bool) -> None:
    areas = Places.read().of_kind("wijk")
    rows = [f"2025;3;{area};0_27;1" for area in areas[:right]] + ["2025;3;WK091799;0_27;1"] * wrong
    assert exceeds(judge(tmp_path, COUNTS, HEADER, *rows), COUNTS) is expected


def test_the_period_in_the_name_of_the_file(tmp_path: Path) -> None:
    columns = {name: column.model_dump(exclude_defaults=True) for name, column in COUNTS.columns.items()}
    del columns["jaar"], columns["maand"]
    feed = partner_feed(columns=columns, period={"type": "MM"})
    lines = ["wijk;leeftijd;aantal", "WK091710;0_27;1"]
    judged = judge(tmp_path, feed, *lines, file_name="Proef_202503.csv")
    assert judged.rows["period_code"].to_pylist() == ["2025MM03"]
    with pytest.raises(Refused, match="bestandsnaam"):
        judge(tmp_path, feed, *lines, file_name="proef.csv")


def test_the_list_of_refusals_ends_and_the_count_does_not(tmp_path: Path) -> None:
    rows = [f"2025;3;WK091710;{n};x" for n in range(MOST_REFUSALS)]
    judged = judge(tmp_path, COUNTS, HEADER, *rows)
    assert len(judged.refusals) == MOST_REFUSALS
    assert judged.refusals[-1].row == MOST_REFUSALS // 2 + 1
    assert judged.by_rule == {"categorie": MOST_REFUSALS, "aantal": MOST_REFUSALS}


def test_nothing_that_is_refused_is_repeated(tmp_path: Path) -> None:
    judged = judge(tmp_path, COUNTS, HEADER, "geheim;geheim;geheim;geheim;geheim")
    assert "geheim" not in str(judged)
    assert judged.refused == 1


# -- micro-data -------------------------------------------------------------------------------------------------------

PEOPLE = "pseudoniem;start;wijk;soort;uitkomst"


def people_feed(**changes: Any) -> PartnerFeed:
    return partner_feed(
        rows="micro",
        columns={
            "pseudoniem": {"type": "pseudonym"},
            "start": {"type": "date"},
            "wijk": {"type": "area"},
            "soort": {"type": "category", "values": {"a": [], "b": []}},
            "uitkomst": {"type": "category", "values": {"werk": [], "geen": []}},
            **({"nummer": {"type": "key", "required": False}} if changes.pop("numbered", False) else {}),
        },
        period={"type": "KW", "date": "start"},
        dimensions=["soort"],
        measures={
            "starts": {"rows": True, "counts": "events"},
            "people": {"distinct": "pseudoniem", "counts": "persons"},
            "to_work": {"distinct": "pseudoniem", "where": {"uitkomst": ["werk"]}, "counts": "persons"},
        },
        **changes,
    )


def person(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def test_people_are_counted_once_also_in_the_margins(tmp_path: Path) -> None:
    feed = people_feed()
    judged = judge(
        tmp_path, feed, PEOPLE,
        f"{person('p')};01-01-2025;WK091710;a;geen",
        f"{person('p')};02-02-2025;WK091710;a;werk",
        f"{person('p').upper()};03-03-2025;WK091710;b;werk",
        f"{person('q')};31-03-2025;WK091710;b;geen",
        f"{person('q')};01-04-2025;WK091710;b;geen",
    )  # fmt: skip
    assert judged.refused == 0
    assert cells(judged, feed) == {
        ("WK091710", "2025KW01", "a"): (2, 1, 1),
        ("WK091710", "2025KW01", "b"): (2, 2, 1),
        ("WK091710", "2025KW01", "total"): (4, 2, 1),
        ("WK091710", "2025KW02", "b"): (1, 1, 0),
        ("WK091710", "2025KW02", "total"): (1, 1, 0),
    }
    assert person("p") not in str(judged.rows.to_pylist())
    assert "start" not in judged.rows.column_names


def test_the_same_row_of_a_person_counts_once(tmp_path: Path) -> None:
    feed = people_feed()
    row = f"{person('p')};01-01-2025;WK091710;a;geen"
    judged = judge(tmp_path, feed, PEOPLE, row, row, f"{person('p')};01-01-2025;WK091710;a;werk", row)
    assert broken(judged) == [(3, None, "dubbele_rij"), (5, None, "dubbele_rij")]
    assert cells(judged, feed)["WK091710", "2025KW01", "total"] == (2, 1, 1)


def test_a_case_with_two_contents_is_refused_altogether(tmp_path: Path) -> None:
    feed = people_feed(numbered=True)
    p, q = person("p"), person("q")
    rows = [
        f"{p};01-01-2025;WK091710;a;geen;17", f"{p};01-01-2025;WK091710;a;geen;17", f"{p};01-01-2025;WK091710;a;werk;17",
        f"{q};01-01-2025;WK091710;a;geen;18", f"{q};01-01-2025;WK091710;a;geen;18",
    ]  # fmt: skip
    judged = judge(tmp_path, feed, PEOPLE + ";nummer", *rows)
    assert broken(judged) == [
        (2, None, "tegenstrijdige_rij"), (3, None, "dubbele_rij"), (4, None, "tegenstrijdige_rij"), (6, None, "dubbele_rij"),
    ]  # fmt: skip
    assert judged.accepted == 1


def test_events_without_a_key_may_be_alike(tmp_path: Path) -> None:
    columns = {"datum": {"type": "date"}, "wijk": {"type": "area"}}
    feed = partner_feed(
        rows="micro", columns=columns, period={"type": "JJ", "date": "datum"}, dimensions=[],
        measures={"events": {"rows": True, "counts": "events"}},
    )  # fmt: skip
    judged = judge(tmp_path, feed, "datum;wijk", *["2025-01-01;WK091710"] * 3)
    assert cells(judged, feed) == {("WK091710", "2025JJ00", "total"): 3}


# -- cells ------------------------------------------------------------------------------------------------------------


def test_margins_of_two_dimensions(tmp_path: Path) -> None:
    columns = {name: column.model_dump(exclude_defaults=True) for name, column in COUNTS.columns.items()}
    feed = partner_feed(
        columns=columns | {"soort": {"type": "text", "required": False}}, dimensions=["leeftijd", "soort"]
    )
    lines = ["2025;3;WK091710;0_27;1;sport  en\u00a0spel", "2025;3;WK091710;27_45;2;a|b", "2025;3;WK091710;0_27;4;"]
    found = cells(judge(tmp_path, feed, HEADER.replace(";aantal", ";aantal;soort"), *lines), feed)
    assert {breakdown: value for (_, _, breakdown), value in found.items()} == {
        "0_27|sport en spel": 1, "27_45|a/b": 2, "0_27|onbekend": 4, "0_27|total": 5, "27_45|total": 2,
        "total|sport en spel": 1, "total|a/b": 2, "total|onbekend": 4, "total|total": 7,
    }  # fmt: skip
    judged = judge(tmp_path, feed, HEADER.replace(";aantal", ";aantal;soort"), "2025;3;WK091710;0_27;1;Totaal")
    assert broken(judged) == [(2, "soort", "totaalrij")]


def test_an_area_without_rows_is_zero_or_absent(tmp_path: Path) -> None:
    lines = [HEADER, "2025;3;WK091710;0_27;5", "2025;3;WK091711;27_45;6", "2025;4;WK091710;0_27;7"]
    sparse = cells(judge(tmp_path, COUNTS, *lines), COUNTS)
    assert len(sparse) == 6
    feed = partner_feed(absent="zero")
    full = cells(judge(tmp_path, feed, *lines), feed)
    # 23 wijken: three breakdowns in March, two in April.
    assert len(full) == 23 * 5
    assert {key: value for key, value in full.items() if value} == sparse
    assert full["WK091742", "2025MM03", "27_45"] == 0
    assert ("WK091742", "2025MM04", "27_45") not in full


def test_an_area_that_lacks_a_refused_row_is_missing_and_not_zero(tmp_path: Path) -> None:
    feed = partner_feed(absent="zero")
    lines = [
        HEADER,
        "2025;3;WK091710;0_27;5",
        "2025;3;WK091710;27_45;x",
        "2025;3;WK091711;0_27;x",
        "2025;3;WK091712;0_27;2",
    ]
    found = cells(judge(tmp_path, feed, *lines), feed)
    assert [found[area, "2025MM03", "total"] for area in ("WK091710", "WK091711", "WK091712", "WK091713")] == [
        None,
        None,
        2,
        0,
    ]
    people = people_feed(absent="zero")
    rows = [
        f"{person('p')};01-01-2025;WK091710;a;geen",
        f"{person('q')};01-01-2025;WK091710;c;geen",
        "x;01-01-2025;WK091711;a;geen",
    ]
    found = cells(judge(tmp_path, people, PEOPLE, *rows), people)
    totals = [found[area, "2025KW01", "total"] for area in ("WK091710", "WK091711", "WK091712")]
    assert totals == [(1, 1, 0), (None, None, None), (0, 0, 0)]


def test_a_missing_value_makes_its_sums_missing(tmp_path: Path) -> None:
    columns = {name: column.model_dump(exclude_defaults=True) for name, column in COUNTS.columns.items()}
    feed = partner_feed(columns=columns | {"aantal": {"type": "count", "required": False}})
    found = cells(judge(tmp_path, feed, HEADER, "2025;3;WK091710;0_27;.", "2025;3;WK091710;27_45;3"), feed)
    assert {breakdown: value for (_, _, breakdown), value in found.items()} == {"0_27": None, "27_45": 3, "total": None}


def test_means_are_weighed_and_rows_chosen(tmp_path: Path) -> None:
    feed = partner_feed(
        columns={
            "wijk": {"type": "area"}, "complex": {"type": "key"}, "soort": {"type": "category", "values": {"frictie": [], "project": []}},
            "dagen": {"type": "number", "required": False}, "mutaties": {"type": "count"},
        },
        file_name="leeg_{JJJJ}Q{K}.csv", period={"type": "KW"}, dimensions=[],
        measures={
            "days": {"column": "dagen", "times": "mutaties", "counts": "amount"},
            "friction": {"column": "mutaties", "where": {"soort": ["frictie"]}, "counts": "dwellings"},
            "complexes": {"distinct": "complex", "counts": "dwellings"},
        },
    )  # fmt: skip
    lines = [
        "wijk;complex;soort;dagen;mutaties", "WK091710;c1;frictie;10,5;4", "WK091710;c2;project;30;2", "WK091710;c3;frictie;;0",
        "WK091711;c4;project;;1",
    ]  # fmt: skip
    judged = judge(tmp_path, feed, *lines, file_name="leeg_2025Q2.csv")
    assert cells(judged, feed) == {
        ("WK091710", "2025KW02", "total"): (102, 4, 3),
        ("WK091711", "2025KW02", "total"): (None, 0, 1),
    }


def test_postcodes_are_areas_of_their_own(tmp_path: Path) -> None:
    columns = {"pc": {"type": "postcode"}, "kosten": {"type": "number"}}
    feed = partner_feed(
        columns=columns, file_name="zorg_{JJJJ}.csv", period={"type": "JJ"}, area={"column": "pc", "kind": "postcode"},
        dimensions=[], measures={"costs": {"column": "kosten", "counts": "amount"}}, absent="zero",
    )  # fmt: skip
    judged = judge(tmp_path, feed, "pc;kosten", "6411;1.000,25", "6413;0,1", file_name="zorg_2024.csv")
    found = cells(judged, feed)
    assert len(found) == 13
    assert found["PC6411", "2024JJ00", "total"] == 1000.25
    assert found["PC6431", "2024JJ00", "total"] == 0


def test_no_accepted_row_makes_no_cell(tmp_path: Path) -> None:
    feed = partner_feed(absent="zero")
    assert cells(judge(tmp_path, feed, HEADER, "2025;3;WK091710;0_27;x"), feed) == {}


def test_more_people_than_memory_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.partners.cells._CONFIG", {"memory_limit": "4MB", "threads": 1, "temp_directory": ""})
    many = pa.array(range(500_000))
    same = {"area_code": "WK091710", "period_code": "2025KW01", "soort": "a", "uitkomst": "werk"}
    rows = pa.table({"pseudoniem": many} | {key: pa.array([text] * len(many)) for key, text in same.items()})
    with pytest.raises(Refused, match="te_veel_cellen"):
        add_up(rows, people_feed())


# -- any table --------------------------------------------------------------------------------------------------------

_SIGNS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
_CELLS = [
    st.sampled_from(["2025", "2024", "2025-2026", "x"]) | _SIGNS,
    st.sampled_from(["1", "03", "maart", "13", "2025MM03"]) | _SIGNS,
    st.sampled_from(["WK091710", "091711", "Heksenberg", "WK091799", "WK092800"]) | _SIGNS,
    st.sampled_from(["0_27", "Tot 27", "27_45", "oud"]) | _SIGNS,
    st.sampled_from(["0", "5", "1.234", "12,0", "-1", "1,5", "="]) | _SIGNS,
]
_ROW = st.tuples(*(st.none() | cell for cell in _CELLS))


def grid_of(rows: list[tuple[str | None, ...]]) -> Grid:
    columns = {f"c{at}": pa.array([row[at] for row in rows], pa.string()) for at in range(5)}
    return Grid(tuple(HEADER.split(";")), pa.table(columns), pa.array(range(2, len(rows) + 2), pa.int64()))


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(_ROW, min_size=1, max_size=12), is_micro=st.booleans())
def test_every_row_of_any_table_is_accounted_for(rows: list[tuple[str | None, ...]], is_micro: bool) -> None:
    feed = partner_feed(rows="micro" if is_micro else "aggregated")
    judged = judge_rows(grid_of(rows), feed)
    assert judged.delivered == len(rows) == judged.accepted + judged.refused
    assert judged.accepted == judged.rows.num_rows
    assert len({refusal.row for refusal in judged.refusals}) == judged.refused
    assert all(refusal.rule in RULES and refusal.expected_nl for refusal in judged.refusals)
    for rule, number in judged.by_rule.items():
        assert len({refusal.row for refusal in judged.refusals if refusal.rule == rule}) == number > 0
    assert judged.rows["area_code"].null_count == judged.rows["period_code"].null_count == 0


_GOOD = st.tuples(
    st.sampled_from(["2024", "2025"]),
    st.integers(1, 12).map(str),
    st.sampled_from(["WK091710", "091711", "Heksenberg"]),
    st.sampled_from(["0_27", "tot 27", "27_45"]),
    st.integers(0, 10**6).map(str),
)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(_GOOD, min_size=1, max_size=30), is_zero=st.booleans())
def test_cells_add_up_to_the_accepted_rows(rows: list[tuple[str, ...]], is_zero: bool) -> None:
    feed = partner_feed(rows="micro", absent="zero" if is_zero else "missing")
    judged = judge_rows(grid_of(list(rows)), feed)
    # A period with few rows beside the fullest one is taken for a stray.
    assert judged.accepted + judged.by_rule.get("andere_periode", 0) == len(rows)
    found = cells(judged, feed)
    total = sum(row["aantal"] for row in judged.rows.to_pylist())
    assert sum(value for (_, _, breakdown), value in found.items() if breakdown == "total") == total
    assert sum(value for (_, _, breakdown), value in found.items() if breakdown != "total") == total
