"""Periods and members as tables of CBS have them: quarters under months, status, titles for codes, mixed regions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.environment import Scope
from sources.errors import FeedProblem
from sources.feed import Table
from sources.protocols.members import name_of, resolve_members
from sources.protocols.periods import period_status
from sources.registry import CbsOdata3Feed, Dimension, load_registry
from tests.support.odata import careless, load
from tests.support.protocols import Row
from tests.support.publisher import ODataTable
from tests.support.small import kerncijfers_feed

REGISTRY = load_registry()
AREAS = ["NL00", "GM0917", "WK091710"]


def feed_of(name: str, **changes: Any) -> CbsOdata3Feed:
    feed = REGISTRY[name]
    assert isinstance(feed, CbsOdata3Feed)
    return feed.model_copy(update={"discover": None} | changes)


def table_of(
    identifier: str, host: str, dimensions: dict[str, str], topics: list[Row], rows: list[Row], **entities: list[Row]
) -> ODataTable:
    """A table whose region list follows from its rows."""
    properties: list[Row] = [
        {"ID": at, "ParentID": None, "Type": kind, "Key": key} for at, (key, kind) in enumerate(dimensions.items())
    ]
    for topic in topics:
        groups = [topic.pop("Group")] if "Group" in topic else []
        parent = None
        for title in groups:
            parent = len(properties)
            properties.append({"ID": parent, "ParentID": None, "Type": "TopicGroup", "Key": "", "Title": title})
        properties.append({"ID": len(properties), "ParentID": parent, "Type": "Topic"} | topic)
    region = next(key for key, kind in dimensions.items() if kind in ("GeoDetail", "GeoDimension"))
    regions = list(dict.fromkeys(str(row[region]) for row in rows))
    info = {"ID": 1, "Title": identifier, "Modified": "2026-02-12T02:00:00"}
    return ODataTable(
        identifier,
        host,
        {
            "TableInfos": [info],
            "DataProperties": properties,
            region: [{"Key": key, "Title": key.strip()} for key in regions],
            "TypedDataSet": [{"ID": number} | row for number, row in enumerate(rows)],
        }
        | entities,
    )


# -- quarters ---------------------------------------------------------------------------------------------------------


def benefits(*periods: tuple[str, str]) -> tuple[CbsOdata3Feed, ODataTable]:
    stems = ("Werkloosheidsuitkering", "Bijstandsuitkering", "Arbeidsongeschiktheidsuitkering", "InwonersVanaf15Jaar")
    topics: list[Row] = [{"Key": f"{stem}_{at}", "Unit": "aantal"} for at, stem in enumerate(stems, start=5)]
    topics += [{"Key": f"{stem}_{at}", "Unit": "%"} for at, stem in enumerate(stems[:3], start=9)]
    rows = [
        {"WijkenEnBuurten": f"{area:<10}", "Perioden": key} | {topic["Key"]: 10 * at for topic in topics}
        for area in AREAS
        for at, (key, _) in enumerate(periods, start=1)
    ]
    members = [{"Key": key, "Title": key, "Status": status} for key, status in periods]
    dimensions = {"WijkenEnBuurten": "GeoDetail", "Perioden": "TimeDimension"}
    feed = feed_of("cbs_uitkeringen", tables=(Table(id="86003NED", year=2024),))
    return feed, table_of("86003NED", "opendata.cbs.nl", dimensions, topics, rows, Perioden=members)


def test_months_that_end_a_quarter_are_stored_as_quarters(tmp_path: Path) -> None:
    feed, table = benefits(
        ("2024MM03", "Definitief"), ("2024MM06", "NaderVoorlopig"), ("2024MM09", "Voorlopig"), ("2024KW04", "Voorlopig")
    )
    loaded = load(tmp_path, feed, table)
    town = [
        (row["period_code"], row["period_status"], row["social_assistance"])
        for row in loaded.rows
        if row["area_code"] == "GM0917"
    ]
    assert sorted(town) == [
        ("2024KW01", "final", 10),
        ("2024KW02", "revised", 20),
        ("2024KW03", "provisional", 30),
        ("2024KW04", "provisional", 40),
    ]


def test_a_month_that_ends_no_quarter_is_refused(tmp_path: Path) -> None:
    feed, table = benefits(("2024MM03", "Definitief"), ("2024MM04", "Definitief"), ("2024MM12", "Definitief"))
    with pytest.raises(FeedProblem) as error:
        load(tmp_path, feed, table)
    assert "1 months end no quarter, such as 2024MM04" in str(error.value)
    assert "table 86003NED" in str(error.value)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Definitief", "final"),
        ("definitief ", "final"),
        ("NaderVoorlopig", "revised"),
        ("Nader voorlopig", "revised"),
        ("Voorlopig", "provisional"),
        ("Onbekend", "provisional"),
    ],
)
def test_status_of_a_period(word: str, status: str) -> None:
    assert period_status(word) == status


# -- members by title ---------------------------------------------------------------------------------------------------

AGES = {"52052": "15 tot 75 jaar", "53050": "15 tot 25 jaar", "53500": "25 tot 45 jaar"}


def participation(age: str = "Leeftijd", ages: dict[str, str] = AGES) -> tuple[CbsOdata3Feed, ODataTable]:
    stems = [("BeroepsEnNietBeroepsbevolking", "aantal"), ("WerkzameBeroepsbevolking", "aantal")]
    stems += [("NettoArbeidsparticipatie", "%")]
    topics: list[Row] = [{"Key": f"{stem}_{at}", "Unit": unit} for at, (stem, unit) in enumerate(stems, start=1)]
    rows = [
        {"Geslacht": f"{sex:<8}", age: f"{code:<8}", "WijkenEnBuurten": f"{area:<10}"}
        | {topic["Key"]: float(at) for topic in topics}
        for sex in ("T001038", "3000")
        for at, code in enumerate(ages, start=1)
        for area in AREAS
    ]
    dimensions = {"Geslacht": "Dimension", age: "Dimension", "WijkenEnBuurten": "GeoDetail"}
    sexes = [{"Key": "T001038 ", "Title": "Totaal  mannen en vrouwen"}, {"Key": "3000    ", "Title": "Mannen"}]
    members = [{"Key": f"{code:<8}", "Title": title} for code, title in ages.items()]
    feed = feed_of("cbs_arbeidsdeelname", tables=(Table(id="86258NED", year=2024),))
    table = table_of("86258NED", "opendata.cbs.nl", dimensions, topics, rows, Geslacht=sexes, **{age: members})
    return feed, table


@pytest.mark.parametrize("obedient", [True, False])
@pytest.mark.parametrize("name", ["Leeftijd", "Leeftijdsklassen"])
def test_members_are_found_by_title_and_stored_under_their_label(tmp_path: Path, name: str, obedient: bool) -> None:
    feed, table = participation(name)
    loaded = load(tmp_path, feed, table if obedient else careless(table))
    (request,) = loaded.asked("TypedDataSet")
    condition = f"(startswith(Geslacht,'T001038')) and (startswith({name},'52052') or startswith({name},'53050'))"
    assert request.endswith(condition)
    town = {row["breakdown"]: row["population"] for row in loaded.rows if row["area_code"] == "GM0917"}
    assert town == {"total|15_75": 1.0, "total|15_25": 2.0}
    assert len(loaded.rows) == 2 * len(AREAS)
    assert {file.name for file in loaded.snapshot.files if file.role == name} == {f"{name}.json"}, "landed too"
    assert set(loaded.column("employees_flexible")) == {None}, "its name is not known for certain"


def test_a_title_that_is_gone_names_the_nearest(tmp_path: Path) -> None:
    feed, table = participation(ages={"52052": "15 tot 75 jaar", "53050": "15 tot 24 jaar", "53500": "25 tot 45 jaar"})
    with pytest.raises(FeedProblem) as error:
        load(tmp_path, feed, table)
    found = str(error.value)
    assert "no member has the title of '15_25'; nearest: 15 tot 75 jaar, 15 tot 24 jaar, 25 tot 45 jaar" in found
    assert "(Leeftijd of table 86258NED). Expected: 15 tot 25 jaar." in found


def test_a_title_that_stands_twice_is_refused(tmp_path: Path) -> None:
    feed, table = participation(ages={"52052": "15 tot 75 jaar", "53050": "15 tot 25 jaar", "9": "15 TOT 25 jaar "})
    with pytest.raises(FeedProblem, match="2 members have the title '15 tot 25 jaar': 53050, 9"):
        load(tmp_path, feed, table)


def test_a_dimension_under_none_of_its_names_is_refused(tmp_path: Path) -> None:
    feed, table = participation("Ouderdom")
    with pytest.raises(FeedProblem, match="dimensions .*Ouderdom.*'Leeftijd'"):
        load(tmp_path, feed, table)


FORMS = Dimension(names=("Vormen",), titles={"total": ("Totaal jeugdzorg", "Jeugdzorg"), "stay": ("Met verblijf",)})


def test_the_first_title_of_a_label_that_exists_counts() -> None:
    rows = [{"Key": "1 ", "Title": "Jeugdzorg"}, {"Key": "2 ", "Title": "Totaal jeugdzorg"}]
    rows.append({"Key": "3 ", "Title": "Met  verblijf"})
    assert resolve_members(kerncijfers_feed(), FORMS, rows, "t") == {"2": "total", "3": "stay"}


def test_two_labels_of_one_member_are_refused() -> None:
    both = Dimension(names=("Vormen",), titles={"a": ("Jeugdzorg",), "b": ("Totaal", "Jeugdzorg")})
    with pytest.raises(FeedProblem, match="'b' and 'a' are one member, 1"):
        resolve_members(kerncijfers_feed(), both, [{"Key": "1", "Title": "Jeugdzorg"}], "t")


@given(st.permutations(list(AGES.items())), st.lists(st.sampled_from([" ", "\u00a0", "  "]), min_size=3, max_size=3))
def test_neither_order_nor_spaces_nor_case_matter(members: list[tuple[str, str]], spaces: list[str]) -> None:
    feed = feed_of("cbs_arbeidsdeelname")
    rows = [
        {"Key": f"{code:<8}", "Title": title.upper().replace(" ", space)}
        for (code, title), space in zip(members, spaces, strict=True)
    ]
    assert resolve_members(feed, feed.dimensions[1], rows, "t") == {"52052": "15_75", "53050": "15_25"}


def test_a_dimension_goes_by_the_first_name_that_a_table_has() -> None:
    forms = REGISTRY["cbs_jeugdzorg"].dimensions[0]
    assert name_of(forms, ["Perioden", "Vormen"]) == "Vormen"
    assert name_of(forms, ["Perioden"]) is None


# -- regions of more kinds ----------------------------------------------------------------------------------------------


def survey(areas: list[str]) -> tuple[CbsOdata3Feed, ODataTable]:
    feed = feed_of("cbs_veiligheidsmonitor")
    topics: list[Row] = []
    for at, measure in enumerate(feed.measures.values(), start=1):
        group = {"Group": measure.group[0]} if measure.group else {}
        topics.append({"Key": f"{measure.stem[0]}_{at}", "Unit": measure.unit or "cijfer"} | group)
    rows = [
        {"RegioS": f"{area:<6}", "Marges": margin, "Perioden": "2023JJ00"}
        | {topic["Key"]: 5.0 + at for at, topic in enumerate(topics)}
        for area in areas
        for margin in ("MW00000", "MOG0095", "MBG0095")
    ]
    dimensions = {"RegioS": "GeoDimension", "Marges": "Dimension", "Perioden": "TimeDimension"}
    periods = [{"Key": "2023JJ00", "Title": "2023", "Status": "Definitief"}]
    return feed, table_of("85146NED", "opendata.cbs.nl", dimensions, topics, rows, Perioden=periods)


MIXED = ["NL01", "LD04", "PV31", "CR39", "PD05", "BT0505", "GM0917", "GM0935"]


def test_of_mixed_regions_those_in_scope_are_kept(tmp_path: Path) -> None:
    feed, table = survey(MIXED)
    loaded = load(tmp_path, feed, careless(table))
    assert set(loaded.column("area_code")) == {"NL00", "GM0917"}
    assert len(loaded.rows) == 2 * 3


def test_of_mixed_regions_the_whole_country_has_areas_only(tmp_path: Path) -> None:
    feed, table = survey(MIXED)
    loaded = load(tmp_path, feed, table, Scope(whole_country=True, required=("NL00", "GM0917")))
    assert set(loaded.column("area_code")) == {"NL00", "LD04", "PV31", "CR39", "GM0917", "GM0935"}


def test_one_stem_is_told_apart_by_its_topic_group(tmp_path: Path) -> None:
    feed, table = survey(MIXED)
    town = next(row for row in load(tmp_path, feed, table).rows if row["area_code"] == "GM0917")
    assert town["violence_victims_pct"] - town["victims_pct"] == 1.0


def test_a_group_of_another_title_is_refused_with_what_there_is(tmp_path: Path) -> None:
    feed, table = survey(MIXED)
    for row in table.entities["DataProperties"]:
        if row.get("Title") == "Geweldsdelicten":
            row["Title"] = "Geweld"
    with pytest.raises(FeedProblem) as error:
        load(tmp_path, feed, table)
    assert "measure 'violence_victims_pct' has another unit or group" in str(error.value)
    assert "Slachtoffers_9 in '%' under Geweld" in str(error.value)
    assert "Geweldsdelicten" in str(error.value)
