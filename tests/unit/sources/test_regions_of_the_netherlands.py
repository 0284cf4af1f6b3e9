"""Gebieden in Nederland as CBS published it in 2022: which province a municipality lies in, told by topic group."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sources.environment import Scope
from sources.errors import FeedProblem
from sources.feed import Table
from sources.registry import CbsOdata3Feed, load_registry
from tests.support.captures import CAPTURES, needs_captures
from tests.support.odata import load
from tests.support.protocols import Loaded
from tests.support.publisher import ODataTable

FEED = load_registry()["cbs_gebieden"]
assert isinstance(FEED, CbsOdata3Feed)
REGIONS = FEED.model_copy(update={"tables": (Table(id="85067NED", year=2022),)})
COUNTRY = Scope(whole_country=True, required=("NL00", "GM0917"))


def _rows(name: str, *numbers: str) -> list[dict[str, Any]]:
    with (CAPTURES / "regions" / f"85067NED_{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows: list[dict[str, Any]] = list(csv.DictReader(stream))
    for row in rows:
        row |= {number: int(row[number]) if row[number] else None for number in numbers}
    return rows


def regions_2022() -> ODataTable:
    """85067NED, 345 municipalities, as served: padded texts, numbers as numbers."""
    return ODataTable(
        "85067NED",
        "opendata.cbs.nl",
        {
            "TableInfos": _rows("TableInfos"),
            "DataProperties": _rows("DataProperties", "ID", "ParentID"),
            "RegioS": _rows("RegioS"),
            "TypedDataSet": _rows("data", "Inwonertal_54", "Omgevingsadressendichtheid_55"),
        },
    )


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("regions"), REGIONS, regions_2022(), COUNTRY)


@needs_captures
def test_every_municipality_has_the_province_that_cbs_published(country: Loaded) -> None:
    assert len(country.rows) == 345
    provinces = {row["area_code"]: row["attributes"] for row in country.rows}
    # Columns 28 and 29, the provinces in other years, hold the police regions in this one.
    assert provinces["GM0917"] == {"province_code": "PV31", "province_name": "Limburg"}
    assert provinces["GM0935"] == provinces["GM0983"] == provinces["GM0917"]
    assert provinces["GM0363"] == {"province_code": "PV27", "province_name": "Noord-Holland"}
    assert Counter(each["province_code"] for each in provinces.values()) == {
        "PV20": 10, "PV21": 18, "PV22": 12, "PV23": 25, "PV24": 6, "PV25": 51, "PV26": 26, "PV27": 45, "PV28": 52,
        "PV29": 13, "PV30": 56, "PV31": 31,
    }  # fmt: skip


@needs_captures
def test_inhabitants_are_the_published_ones(country: Loaded) -> None:
    inhabitants = {row["area_code"]: row["inhabitants"] for row in country.rows}
    assert inhabitants["GM0917"] == 86845
    # The population of the Netherlands on 1 January 2022.
    assert sum(inhabitants.values()) == 17590672
    assert {row["period_code"] for row in country.rows} == {"2022JJ00"}


@needs_captures
def test_the_scope_of_the_programme_has_its_municipalities_only(tmp_path: Path) -> None:
    scope = Scope(with_neighbourhoods=("GM0917",), municipalities=("GM0928",), required=("NL00", "GM0917"))
    loaded = load(tmp_path, REGIONS, regions_2022(), scope)
    assert sorted(loaded.column("area_code")) == ["GM0917", "GM0928"]
    (request,) = loaded.asked("TypedDataSet")
    assert "NL" not in request.partition("$filter=")[2], "the table has no row for the country"


@needs_captures
def test_a_province_that_cannot_be_told_from_the_other_codes_is_refused(tmp_path: Path) -> None:
    code = REGIONS.attributes["province_code"].model_copy(update={"group": None})
    feed = REGIONS.model_copy(update={"attributes": {"province_code": code}})
    with pytest.raises(FeedProblem, match="attribute 'province_code' fits several columns: Code_1, Code_4, "):
        load(tmp_path, feed, regions_2022(), COUNTRY)
