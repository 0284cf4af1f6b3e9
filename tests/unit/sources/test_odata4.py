"""OData 4: codes that drift, observations that become rows, reasons for missing figures, pages and counts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.arrival import arrive, has_news
from sources.environment import Scope
from sources.feed import Table
from sources.http import PublisherSession
from sources.protocols.cbs_odata4 import CbsOdata4, measure_columns
from sources.protocols.columns import resolve_measures, stem_of_title
from sources.registry import CbsOdata4Feed, Dimension, Discover, load_registry
from tests.support.captures import CAPTURES, needs_captures
from tests.support.odata4 import HOST, ROOT, Odata4Table
from tests.support.protocols import Loaded, Row, failed, first_arrival, land_and_load, refusal, standing
from tests.support.publisher import Answer, Fault, LoopbackPublisher
from tests.support.small import small_environment

REGISTRY = load_registry()
VSV = REGISTRY["cbs_vsv"]
assert isinstance(VSV, CbsOdata4Feed)
FEED: CbsOdata4Feed = VSV
SCOPE = Scope(with_neighbourhoods=("GM0917",), municipalities=("GM0928",), required=("NL00", "GM0917"))
REGIONS = {"NL01": "Nederland", "PV31": "Limburg (PV)", "GM0917": "Heerlen", "GM0928": "Kerkrade", "GM0034": "Almere"}
YEARS = {"2022SJ00": "Definitief", "2023SJ00": "NaderVoorlopig", "2024SJ00": "Voorlopig"}


def observation(number: int, region: str, period: str, measure: str, value: float | None, **changes: Any) -> Row:
    attribute = "None" if value is not None else "Impossible"
    keys = {"Geslacht": "T001038", "Regiokenmerken": region, "Perioden": period}
    cell = {"Value": value, "StringValue": None, "ValueAttribute": attribute}
    return {"Id": number, "Measure": measure, **keys, **cell} | changes


def early_leavers() -> Odata4Table:
    """The table of early school leavers: five regions, three years, men beside the total, three measures."""
    measures = [
        ("A1", "Leerlingen", "aantal", "G1"),
        ("B2_1", "Voortijdig schoolverlaters", "aantal", "G2"),
        ("B2_2", "Voortijdig schoolverlaters", "%", "G2"),
    ]
    rows: list[Row] = []
    for at, region in enumerate(REGIONS):
        for year, period in enumerate(YEARS):
            for sex in ("T001038", "3000"):
                size = at + 1 if at else 1000
                values = (1000.0 * size + year, 20.0 * size + year, 2.0)
                for (code, *_), value in zip(measures, values, strict=True):
                    rows.append(observation(len(rows), region, period, code, value, Geslacht=sex))
    kinds = {"Geslacht": "Dimension", "Regiokenmerken": "GeoDimension", "Perioden": "TimeDimension"}
    return Odata4Table(
        id="84780NED",
        properties={
            "Identifier": "84780NED",
            "Title": "Voortijdig schoolverlaters",
            "Modified": "2026-03-02T02:00:00+01:00",
            "ObservationsModified": "2026-03-02T02:00:00+01:00",
            "Version": "202603020200",
            "ObservationCount": len(rows),
        },
        entities={
            "Dimensions": [{"Identifier": name, "Kind": kind} for name, kind in kinds.items()],
            "MeasureCodes": [
                {"Identifier": code, "Title": title, "Unit": unit, "MeasureGroupId": group}
                for code, title, unit, group in measures
            ],
            "MeasureGroups": [
                {"Id": "G1", "Title": "Leerlingen", "ParentId": None},
                {"Id": "G2", "Title": "Schoolverlaters", "ParentId": "G1"},
            ],
            "PeriodenCodes": [{"Identifier": key, "Title": key[:4], "Status": status} for key, status in YEARS.items()],
            "RegiokenmerkenCodes": [{"Identifier": code, "Title": title} for code, title in REGIONS.items()],
            "Observations": rows,
        },
    )


def publisher_of(table: Odata4Table, fault: Fault | None = None) -> LoopbackPublisher:
    return LoopbackPublisher(routes=[table.route], fault=fault)


def load(
    home: Path,
    table: Odata4Table,
    feed: CbsOdata4Feed = FEED,
    scope: Scope = SCOPE,
    fault: Fault | None = None,
) -> Loaded:
    return land_and_load(home, publisher_of(table, fault), feed, scope)


def refused(home: Path, table: Odata4Table, **settings: Any) -> str:
    return refusal(FEED, lambda: load(home, table, **settings))


# -- rows -------------------------------------------------------------------------------------------------------------


def test_observations_become_a_row_per_area_and_period(tmp_path: Path) -> None:
    loaded = load(tmp_path, early_leavers())
    assert len(loaded.rows) == 3 * 3, "country, Heerlen, Kerkrade; three years; no province, no other town, no men"
    assert {row["area_code"]: row["area_name"] for row in loaded.rows} == {
        "NL00": "Nederland",
        "GM0917": "Heerlen",
        "GM0928": "Kerkrade",
    }
    columns = ("period_code", "period_status", "pupils", "early_leavers", "breakdown", "bound", "boundary_year")
    assert [tuple(row[name] for name in columns) for row in loaded.of("GM0917")] == [
        ("2022SJ00", "final", 3000.0, 60.0, "T001038", "value", 2025),
        ("2023SJ00", "revised", 3001.0, 61.0, "T001038", "value", 2025),
        ("2024SJ00", "provisional", 3002.0, 62.0, "T001038", "value", 2025),
    ]


def test_what_is_asked_for_is_no_more_than_is_used(tmp_path: Path) -> None:
    loaded = load(tmp_path, early_leavers())
    (asked,) = [request for request in loaded.requests if "/Observations?" in request]
    regions = "(Regiokenmerken in ('NL01','GM0917','GM0928') or startswith(Regiokenmerken,'WK0917')"
    regions += " or startswith(Regiokenmerken,'BU0917'))"
    assert asked == (
        f"GET {ROOT}/CBS/84780NED/Observations?$filter={regions} and Geslacht in ('T001038')"
        " and Measure in ('A1','B2_1')&$count=true"
    )


def test_a_server_that_ignores_filters_changes_nothing(tmp_path: Path) -> None:
    table = early_leavers()
    honest = load(tmp_path / "a", table)
    table.careless = True
    careless = load(tmp_path / "b", table)
    assert careless.anonymous() == honest.anonymous()


def test_codes_of_measures_may_drift(tmp_path: Path) -> None:
    """``1014800_1`` became ``1014800``: what counts is title and unit."""
    table = early_leavers()
    names = {"A1": "2012655", "B2_1": "B2", "B2_2": "B2_1"}
    for entity, column in (("MeasureCodes", "Identifier"), ("Observations", "Measure")):
        table.entities[entity] = [row | {column: names[row[column]]} for row in table.entities[entity]]
    assert [(r["pupils"], r["early_leavers"]) for r in load(tmp_path, table).of("GM0917")] == [
        (3000.0, 60.0),
        (3001.0, 61.0),
        (3002.0, 62.0),
    ]


@pytest.mark.parametrize("word", ["None", "Impossible", "Confidential", "Unknown"])
def test_the_reason_for_a_missing_figure_is_kept(tmp_path: Path, word: str) -> None:
    table = early_leavers()
    for row in table.entities["Observations"]:
        if (row["Regiokenmerken"], row["Measure"], row["Perioden"]) == ("GM0917", "B2_1", "2024SJ00"):
            row |= {"Value": None, "ValueAttribute": word}
    newest = load(tmp_path, table).of("GM0917")[-1]
    assert (newest["early_leavers"], newest["missing_markers"]) == (None, {"early_leavers": word})
    assert newest["pupils"] == 3002.0


def test_a_reason_that_the_feed_does_not_know_is_refused(tmp_path: Path) -> None:
    table = early_leavers()
    table.entities["Observations"][0] |= {"Value": None, "ValueAttribute": "Estimated"}
    assert "'Estimated' in measure 'pupils'" in refused(tmp_path, table)


def test_a_cell_without_an_observation_is_empty(tmp_path: Path) -> None:
    table = early_leavers()
    rows = table.entities["Observations"]
    table.entities["Observations"] = [
        row for row in rows if (row["Regiokenmerken"], row["Measure"]) != ("GM0928", "B2_1")
    ]
    assert [(row["early_leavers"], row["missing_markers"]) for row in load(tmp_path, table).of("GM0928")] == [
        (None, {})
    ] * 3


def test_years_of_calendar_years_are_stored_as_school_years(tmp_path: Path) -> None:
    table = early_leavers()
    for entity, column in (("PeriodenCodes", "Identifier"), ("Observations", "Perioden")):
        for row in table.entities[entity]:
            row[column] = row[column].replace("SJ", "JJ")
    found = [(row["period_code"], row["period_status"]) for row in load(tmp_path, table).of("NL00")]
    assert found == [("2022SJ00", "final"), ("2023SJ00", "revised"), ("2024SJ00", "provisional")]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("2024JJ0", "period '2024JJ0' (table 84780NED, Perioden)"),
        ("x024SJ00", "period 'x024SJ00'"),
        ("2024JJ001", "period '2024JJ001'"),
    ],
)
def test_a_key_that_is_no_period_holds_the_feed(tmp_path: Path, key: str, words: str) -> None:
    table = early_leavers()
    for row in table.entities["Observations"]:
        row["Perioden"] = key if row["Perioden"] == "2024SJ00" else row["Perioden"]
    assert words in refused(tmp_path, table)


def test_other_kinds_of_periods_are_left_out_or_refused(tmp_path: Path) -> None:
    table = early_leavers()
    for row in table.entities["Observations"]:
        row["Perioden"] = row["Perioden"].replace("2024SJ00", "2024KW01")
    assert {row["period_code"] for row in load(tmp_path / "a", table).rows} == {"2022SJ00", "2023SJ00"}
    all_kinds = FEED.model_copy(update={"period": FEED.period.model_copy(update={"keep": ()})})
    message = refused(tmp_path / "b", table, feed=all_kinds)
    assert "period '2024KW01'" in message
    assert "Expected: periods that can be stored as SJ" in message


def test_members_by_title_take_the_label_of_the_feed(tmp_path: Path) -> None:
    table = early_leavers()
    table.entities["GeslachtCodes"] = [
        {"Identifier": "T001038", "Title": "Totaal mannen en vrouwen"},
        {"Identifier": "3000", "Title": "Mannen"},
    ]
    by_title = Dimension.model_validate({"name": ["Sekse", "Geslacht"], "titles": {"boys": "Mannen"}})
    loaded = load(tmp_path, table, FEED.model_copy(update={"dimensions": (by_title,)}))
    assert {row["breakdown"] for row in loaded.rows} == {"boys"}
    assert len(loaded.rows) == 9
    (asked,) = [request for request in loaded.requests if "/Observations?" in request]
    assert "Geslacht in ('3000')" in asked


# -- pages and counts ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(page=st.integers(1, 20))
def test_pages_of_any_size_give_the_same_rows(tmp_path_factory: pytest.TempPathFactory, page: int) -> None:
    table = early_leavers()
    whole = load(tmp_path_factory.mktemp("whole"), table)
    table.page = page
    paged = load(tmp_path_factory.mktemp("paged"), table)
    assert paged.anonymous() == whole.anonymous()
    assert len([file for file in paged.snapshot.files if file.role == "data"]) == -(-18 // page)


def _with_link(link: str) -> Callable[[str, Answer], Answer]:
    def fault(url: str, answer: Answer) -> Answer:
        if "/Observations?" not in url:
            return answer
        return Answer(body=json.dumps(json.loads(answer.body) | {"@odata.nextLink": link}).encode())

    return fault


def test_a_link_that_leads_back_is_refused(tmp_path: Path) -> None:
    def fault(url: str, answer: Answer) -> Answer:
        return _with_link(url)(url, answer)

    assert "@odata.nextLink leads back to a page already read" in refused(tmp_path, early_leavers(), fault=fault)


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://evil.example/odata/v1/CBS/84780NED/Observations?$skiptoken=1", "evil.example"),
        ("//evil.example/x", "evil.example"),
        (f"http://{HOST}/odata/v1/CBS/84780NED/Observations?$skiptoken=1", HOST),
    ],
)
def test_a_link_to_a_foreign_host_is_refused(tmp_path: Path, link: str, host: str) -> None:
    message = refused(tmp_path, early_leavers(), fault=_with_link(link))
    assert f"@odata.nextLink points to the foreign host {host}" in message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is empty"),
        (b'{"error":{"code":"","message":"The query is not valid"}}', "an error in place of data"),
        (b'{"@odata.context":"x","value":[{"Id":0,"Measure":"A1"', "the body is cut off after"),
        (b"<html><body>onderhoud</body></html>", "a web page"),
        (b'{"@odata.context":"x"}', "no list 'value'"),
        (b'{"@odata.context":"x","value":[{"Id":0,]}', "the first row is not valid JSON"),
        (
            b'{"@odata.context":"x","value":[{"Id":0,"Measure":"A1","Value":1.0}]}',
            "rows lack the columns ValueAttribute",
        ),
        (b'{"@odata.context":"x","@odata.count":0,"value":[]}', "3 regions of the table's own list have no rows"),
        (b'{"@odata.context":"x","@odata.count":18,"value":[]}', "0 observations came in, the publisher counts 18"),
    ],
)
def test_bad_bodies_are_refused(tmp_path: Path, body: bytes, words: str) -> None:
    def fault(url: str, answer: Answer) -> Answer:
        return Answer(body=body) if "/Observations?" in url else answer

    assert words in refused(tmp_path, early_leavers(), fault=fault)


def test_a_lost_page_shows_in_the_count(tmp_path: Path) -> None:
    table = early_leavers()
    table.page = 6

    def fault(url: str, answer: Answer) -> Answer:
        body = json.loads(answer.body)
        if "$skiptoken=6" in url:
            body.pop("@odata.nextLink")
        return Answer(body=json.dumps(body).encode())

    assert "12 observations came in, the publisher counts 18" in refused(tmp_path, table, fault=fault)


def test_a_cell_that_comes_twice_is_refused(tmp_path: Path) -> None:
    table = early_leavers()
    table.entities["Observations"].append(observation(99, "GM0917", "2024SJ00", "A1", 1.0))
    assert "two observations of GM0917, 2024SJ00, T001038, A1" in refused(tmp_path, table)


def test_a_region_of_the_own_list_without_rows_is_refused(tmp_path: Path) -> None:
    table = early_leavers()
    rows = table.entities["Observations"]
    table.entities["Observations"] = [row for row in rows if row["Regiokenmerken"] != "GM0928"]
    assert "1 regions of the table's own list have no rows, such as GM0928" in refused(tmp_path, table)


def test_heerlen_is_required(tmp_path: Path) -> None:
    table = early_leavers()
    for entity, column in (("RegiokenmerkenCodes", "Identifier"), ("Observations", "Regiokenmerken")):
        table.entities[entity] = [row for row in table.entities[entity] if row[column] != "GM0917"]
    assert "no rows for GM0917" in refused(tmp_path, table)


# -- shape ------------------------------------------------------------------------------------------------------------


def test_an_unknown_dimension_is_refused(tmp_path: Path) -> None:
    table = early_leavers()
    table.entities["Dimensions"].append({"Identifier": "Leeftijd", "Kind": "Dimension"})
    message = refused(tmp_path, table)
    assert "dimensions ['Geslacht', 'Leeftijd', 'Perioden']" in message
    assert "would double rows" in message


def test_a_region_dimension_of_another_kind_is_found_by_its_name(tmp_path: Path) -> None:
    table = early_leavers()
    table.entities["Dimensions"][1]["Kind"] = "Dimension"
    assert len(load(tmp_path, table).rows) == 9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Title": "Scholieren"}, "column of measure 'pupils' is missing or renamed"),
        ({"Unit": "x 1 000"}, "measure 'pupils' has another unit or group: A1 in 'x 1 000'"),
    ],
)
def test_a_measure_that_is_no_longer_there(tmp_path: Path, change: Row, words: str) -> None:
    table = early_leavers()
    table.entities["MeasureCodes"][0] |= change
    assert words in refused(tmp_path, table)


def test_groups_tell_equal_titles_apart() -> None:
    groups = {
        "1": {"Id": "1", "Title": "Totaal delicten", "ParentId": "0"},
        "2": {"Id": "2", "Title": "Geweldsdelicten", "ParentId": "0"},
        "0": {"Id": "0", "Title": "Slachtofferschap", "ParentId": "0"},
    }
    rows = [{"Identifier": f"S{at}", "Title": "Slachtoffers", "Unit": "%", "MeasureGroupId": at} for at in ("1", "2")]
    columns = list(measure_columns(rows, groups))
    assert [column.groups for column in columns] == [
        ("Totaal delicten", "Slachtofferschap"),
        ("Geweldsdelicten", "Slachtofferschap"),
    ], "a group that is its own parent ends the walk"


# -- change detection and discovery -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_any_of_three_fields_is_news(tmp_path: Path) -> None:
    table = early_leavers()
    publisher = publisher_of(table)
    with standing(tmp_path, publisher, FEED) as environment:
        first = arrive(FEED, environment)
        assert (first.outcome, first.rows, first.problem) == ("promoted", 6, None)
        assert not has_news(FEED, environment)
        publisher.requests.clear()
        assert arrive(FEED, environment).outcome == "unchanged"
        assert publisher.requests == [f"GET {ROOT}/CBS/84780NED/Properties"]
        for key in ("Modified", "ObservationsModified", "Version"):
            table.properties[key] = "2026-04-01T02:00:00+02:00"
            publisher.forget()
            assert has_news(FEED, environment)
            assert arrive(FEED, environment).downloaded == 1
        table.properties.pop("Modified")
        publisher.forget()
        held = arrive(FEED, environment)
    assert held.outcome == "held"
    assert "Properties has no 'Modified'" in (held.problem or "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda rows: rows[0].update(Value=9e6), "pupils__values_to_be_between"),
        (lambda rows: rows[1].update(Value=110_000.0), "early_leavers__values_to_be_between"),
        (
            lambda rows: [
                row.update(Value=None, ValueAttribute="Unknown") for row in rows[36:] if row["Measure"] == "A1"
            ],
            "pupils__values_to_not_be_null",
        ),
        (lambda rows: rows[37].update(Value=2500.0), "leavers_are_a_small_part_of_pupils"),
        (lambda rows: rows[36].update(Value=1_200_000.0), "municipalities_stay_below_the_country"),
    ],
)
def test_each_expectation_catches_its_defect(tmp_path: Path, change: Callable[[list[Row]], Any], check: str) -> None:
    table = early_leavers()
    change(table.entities["Observations"])
    assert failed(first_arrival(tmp_path, publisher_of(table), FEED)) == [check]


def test_next_years_table_is_found_in_the_catalogue(tmp_path: Path) -> None:
    feed = FEED.model_copy(
        update={"tables": (Table(id="84780NED", year=2024),), "discover": Discover(title_contains="Schoolverlaters")}
    )
    table = early_leavers()
    entry = {"Catalog": "CBS", "Language": "nl", "Status": "Regulier"}
    table.datasets = [
        entry | {"Identifier": "90001NED", "Title": "Voortijdig schoolverlaters 2025"},
        entry | {"Identifier": "90002NED", "Title": "Voortijdig schoolverlaters", "TemporalCoverage": "2012-2026"},
        entry | {"Identifier": "90003NED", "Title": "Voortijdig schoolverlaters 2024"},
        entry | {"Identifier": "90004NED", "Title": "Early school leavers 2026", "Language": "en"},
        entry | {"Identifier": "90005NED", "Title": "Voortijdig schoolverlaters 2026", "Status": "Gediscontinueerd"},
        entry | {"Identifier": "../x", "Title": "Voortijdig schoolverlaters 2026"},
    ]
    publisher = publisher_of(table)
    with publisher.running(), PublisherSession(feed.id, small_environment(tmp_path, publisher)) as session:
        found = CbsOdata4(feed, SCOPE).tables(session)[1:]
    assert found == [
        Table(id="90001NED", year=2025, provisional=True, discovered=True),
        Table(id="90002NED", year=2026, provisional=True, discovered=True),
    ]
    assert publisher.requests == [f"GET {ROOT}/Datasets?$filter=contains(Title,'Schoolverlaters') and Catalog eq 'CBS'"]


# -- real captures ------------------------------------------------------------------------------------------------------


def _captured(name: str) -> Any:
    return json.loads((CAPTURES / "odata4" / f"80072ned_{name}.json").read_text(encoding="utf-8"))


@needs_captures
@pytest.mark.captures
def test_sick_leave_as_cbs_served_it(tmp_path: Path) -> None:
    """80072ned: no region, quarters and years, one measure, 4,409 observations of which some say why they are empty."""
    names = ("Dimensions", "MeasureCodes", "PeriodenCodes", "BedrijfskenmerkenSBI2008Codes", "Observations")
    entities = {name: _captured(name)["value"] for name in names}
    table = Odata4Table("80072ned", _captured("Properties"), entities, page=1000)
    feed = CbsOdata4Feed.model_validate(
        FEED.model_dump(by_alias=True)
        | {
            "tables": [{"id": "80072ned", "year": 2020}],
            "region": None,
            "period": {"from": "dimension", "dimension": "Perioden"},
            "dimensions": [{"name": "BedrijfskenmerkenSBI2008"}],
            "measures": {"sick_leave_pct": {"stem": "Ziekteverzuimpercentage", "unit": "%"}},
            "expectations": [{"type": "expect_table_row_count_to_be_between", "min_value": 1, "severity": "block"}],
        }
    )
    loaded = load(tmp_path, table, feed)
    assert len([file for file in loaded.snapshot.files if file.role == "data"]) == 5
    assert len(loaded.rows) == 4409 == _captured("Properties")["ObservationCount"] == len(entities["Observations"])
    figures = {(row["breakdown"], row["period_code"]): row for row in loaded.rows}
    assert figures["T001081", "1996KW01"]["sick_leave_pct"] == 5.5
    assert figures["T001081", "1996JJ00"]["sick_leave_pct"] == 4.7
    assert {row["area_code"] for row in loaded.rows} == {"NL00"}
    assert figures["T001081", "1996JJ00"]["period_status"] == "final"
    expected = {row["Identifier"]: row["Status"] for row in entities["PeriodenCodes"]}
    words = {"final": "Definitief", "revised": "NaderVoorlopig", "provisional": "Voorlopig"}
    assert {(row["period_code"], words[row["period_status"]]) for row in loaded.rows} <= set(expected.items())
    for row in entities["Observations"]:
        stored = figures[row["BedrijfskenmerkenSBI2008"], row["Perioden"]]
        assert stored["sick_leave_pct"] == row["Value"]
        assert stored["missing_markers"] == (
            {} if row["Value"] is not None else {"sick_leave_pct": row["ValueAttribute"]}
        )


@needs_captures
@pytest.mark.captures
def test_measures_of_kerncijfers_2017_are_found_by_title_unit_and_group() -> None:
    folder = CAPTURES / "kwb"
    rows = {
        name: duckdb.sql(f"FROM '{folder}/83765NED_odata4_{name}.parquet'").to_arrow_table().to_pylist()
        for name in ("MeasureCodes", "MeasureGroups")
    }
    columns = list(measure_columns(rows["MeasureCodes"], {row["Id"]: row for row in rows["MeasureGroups"]}))
    feed = REGISTRY["cbs_kerncijfers"]
    found = resolve_measures(feed, Table(id="83765NED", year=2017), columns, "here")
    codes = {
        "population": "T001036", "age_0_15": "10680", "households": "1050010_2", "dwellings": "M000297",
        "woz_value_keur": "M003039", "owner_occupied_pct": "1014800_1", "housing_corporation_pct": "A047047",
        "gas_m3": "M000219_2", "low_income_households_pct": "D000227", "social_assistance": "D006842",
        "income_per_inhabitant_keur": "M000224", "lowest_income_households_pct": "D000186",
    }  # fmt: skip
    assert {name: found[name] for name in codes} == codes
    # Three columns are called Huurwoning or Eigen woning: the unit, or the group two levels up, tells which.
    twins = [column for column in columns if column.stem == "Appartement"]
    assert [(column.key, column.unit) for column in twins] == [("ZW25810_1", "kWh"), ("ZW25810_2", "m³")]
    assert twins[1].groups == ("Naar woningtype", "Gemiddeld aardgasverbruik", "Energie")


@needs_captures
@pytest.mark.captures
def test_titles_give_the_names_that_odata_3_has() -> None:
    """All 288 columns of three real tables: what OData 3 calls a column follows from its title."""
    files = (
        "kwb/84799NED_DataProperties.parquet",
        "kwb/85318NED_DataProperties.csv",
        "regions/85067NED_DataProperties.csv",
    )
    pairs = [
        pair
        for file in files
        for pair in duckdb.sql(f"SELECT Key, Title FROM '{CAPTURES / file}' WHERE Type = 'Topic'").fetchall()
    ]
    assert len(pairs) == 288
    assert [
        key for key, title in pairs if re.sub(r"_\d+$", "", key).casefold() != stem_of_title(title).casefold()
    ] == []
