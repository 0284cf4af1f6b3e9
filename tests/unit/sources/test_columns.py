"""Columns are known by stem, unit and topic group, never by ordinal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.errors import FeedProblem
from sources.feed import Attribute, FeedBase, Table
from sources.protocols.columns import Column, resolve_attributes, resolve_measures
from sources.registry import Measure
from tests.support.small import kerncijfers_feed

YEAR = Table(id="T", year=2020)
FEED = kerncijfers_feed()


def _feed(**measures: Measure) -> FeedBase:
    return FEED.model_copy(update={"measures": measures, "attributes": {}})


@given(st.integers(1, 999))
def test_the_ordinal_does_not_matter(ordinal: int) -> None:
    feed = _feed(population=Measure(stem=("AantalInwoners",), unit="aantal"))
    key = f"AantalInwoners_{ordinal}"
    assert resolve_measures(feed, YEAR, [Column(key, "aantal")], "t") == {"population": key}


def test_unit_tells_equal_stems_apart() -> None:
    feed = _feed(
        share=Measure(stem=("Bevolking15Tot75Jaar",), unit="%"),
        persons=Measure(stem=("Bevolking15Tot75Jaar",), unit="aantal"),
    )
    columns = [Column("Bevolking15Tot75Jaar_1", "aantal"), Column("Bevolking15Tot75Jaar_2", "%")]
    assert resolve_measures(feed, YEAR, columns, "t") == {
        "share": "Bevolking15Tot75Jaar_2",
        "persons": "Bevolking15Tot75Jaar_1",
    }


def test_topic_group_tells_equal_stems_and_units_apart() -> None:
    columns = [
        Column("Huurwoning_53", "kWh", ("Naar eigendom", "Elektriciteit")),
        Column("Huurwoning_61", "kWh", ("Naar eigendom", "Gas")),
    ]
    feed = _feed(rent=Measure(stem=("Huurwoning",), unit="kWh", group="Gas"))
    assert resolve_measures(feed, YEAR, columns, "t") == {"rent": "Huurwoning_61"}


def test_without_group_two_fitting_columns_are_refused() -> None:
    feed = _feed(rent=Measure(stem=("Huurwoning",)))
    with pytest.raises(FeedProblem, match="fits several columns: Huurwoning_53, Huurwoning_61"):
        resolve_measures(feed, YEAR, [Column("Huurwoning_53"), Column("Huurwoning_61")], "t")


def test_a_rename_between_years_is_one_measure_whatever_its_case() -> None:
    feed = _feed(participation=Measure(stem=("NettoArbeidsparticipatie",), unit="%"))
    assert resolve_measures(feed, YEAR, [Column("Nettoarbeidsparticipatie_67", "%")], "t") == {
        "participation": "Nettoarbeidsparticipatie_67"
    }


def test_a_missing_column_names_its_nearest() -> None:
    feed = _feed(population=Measure(stem=("AantalInwoners",), unit="aantal"))
    with pytest.raises(FeedProblem, match="missing or renamed; nearest: AantalInwonersTotaal"):
        resolve_measures(feed, YEAR, [Column("AantalInwonersTotaal_5", "aantal")], "t")


def test_a_changed_unit_is_told() -> None:
    feed = _feed(young=Measure(stem=("k_0Tot15Jaar",), unit="aantal"))
    with pytest.raises(FeedProblem, match="another unit or group: k_0Tot15Jaar_8 in '%'"):
        resolve_measures(feed, YEAR, [Column("k_0Tot15Jaar_8", "%")], "t")


def test_where_it_is_not_required_another_unit_is_another_quantity() -> None:
    feed = _feed(young=Measure.model_validate({"stem": "k_0Tot15Jaar", "unit": "aantal", "required": {"from": 2016}}))
    assert resolve_measures(feed, Table(id="T", year=2014), [Column("k_0Tot15Jaar_8", "%")], "t") == {"young": None}


def test_a_discovered_table_requires_nothing() -> None:
    feed = _feed(population=Measure(stem=("AantalInwoners",)))
    assert resolve_measures(feed, Table(id="T", year=2026, discovered=True), [], "t") == {"population": None}


def test_a_group_may_have_had_several_titles() -> None:
    columns = [Column("Score_1", None, ("Welvaart",)), Column("Score_2", None, ("Arbeid", "SES"))]
    feed = _feed(work=Measure.model_validate({"stem": "Score", "group": ["Recent arbeidsverleden", "arbeid "]}))
    assert resolve_measures(feed, YEAR, columns, "t") == {"work": "Score_2"}


def test_an_attribute_is_told_apart_by_its_group() -> None:
    province = Attribute.model_validate({"stem": "Code", "group": "Provincies"})
    feed = FEED.model_copy(update={"attributes": {"province": province}})
    columns = [Column("Code_1", "code", ("Gemeenten",)), Column("Code_26", "code", ("Provincies", "Plaats"))]
    assert resolve_attributes(feed, columns) == {"province": "Code_26"}
    assert resolve_attributes(feed, columns[:1]) == {"province": None}
    with pytest.raises(FeedProblem, match="attribute 'province' fits several columns: Code_26, Code_28"):
        resolve_attributes(feed, [*columns, Column("Code_28", "code", ("Provincies",))], "t")


def test_attributes_are_taken_when_present() -> None:
    feed = kerncijfers_feed()
    assert resolve_attributes(feed, [Column("MeestVoorkomendePostcode_113")]) == {
        "boundary_change": None,
        "postcode": "MeestVoorkomendePostcode_113",
    }
