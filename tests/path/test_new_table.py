"""A CBS table from scratch is one YAML file, a one-line staging model and indicator rows, and nothing else.

The project is copied, these are added to the copy, and `noord run` there fetches the table from a loopback publisher,
beside the Kerncijfers whose inhabitants are its weights. The table is the one of distances to amenities (84463NED), a
feed that the project does not have: two of its columns share a stem and only their topic group tells them apart.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from sources.sample.odata import tables as sample_tables
from tests.path.conftest import ROOT, noord
from tests.support.project_copy import SEEDS, append_rows, asset_graph, copy_project, files_of
from tests.support.publisher import LoopbackPublisher, ODataTable

pytestmark = pytest.mark.slow

FEED = "cbs_nabijheid"
FEED_FILE = f"sources/feeds/cbs/{FEED}.yml"
MODEL_FILE = f"dbt_project/models/staging/stg_{FEED}.sql"
# Its columns are those of the new indicators, but for words and terms.
LIKE = "LER_AFSTAND_SCHOOL"
LIBRARY, SCHOOL = "AfstandTotBibliotheek_92", "AfstandTotSchool_64"

FEED_YAML = """\
id: cbs_nabijheid
title: Nabijheid voorzieningen
description: Hoe ver inwoners gemiddeld van voorzieningen wonen, per gemeente, wijk en buurt.
publisher: {name: CBS, url: https://www.cbs.nl}
license: {name: CC BY 4.0, url: https://creativecommons.org/licenses/by/4.0/}
page: https://opendata.cbs.nl/#/CBS/nl/dataset/84463NED
lines: [leren]
owner: team:datateam
cadence: {expected: yearly, slack_days: 90}
estimate_type: register
protocol: cbs_odata3
catalog: opendata.cbs.nl
tables:
  - {id: 84463NED, year: 2018}
region: {national_key: NL00}
period: {from: table_year}
measures:
  distance_library_km: {stem: AfstandTotBibliotheek, unit: km}
  distance_secondary_school_km: {stem: AfstandTotSchool, unit: km, group: Voortgezet onderwijs}
expectations:
  - {type: expect_column_values_to_be_between, column: distance_library_km, min_value: 0, max_value: 100, severity: block}
"""
MODEL_SQL = "{{ stage_feed('cbs_nabijheid') }}\n"
INDICATORS = {
    "LER_AFSTAND_BIBLIOTHEEK": (
        "distance_library_km",
        {
            "label_nl": "Afstand tot een bibliotheek",
            "label_en": "Distance to a library",
            "definition_nl": "Hoe ver inwoners gemiddeld over de weg van de dichtstbijzijnde bibliotheek wonen.",
        },
    ),
    "LER_AFSTAND_VO": (
        "distance_secondary_school_km",
        {
            "label_nl": "Afstand tot een middelbare school",
            "label_en": "Distance to a secondary school",
            "definition_nl": "Hoe ver inwoners gemiddeld over de weg van de dichtstbijzijnde middelbare school wonen.",
        },
    ),
}


@dataclass(frozen=True)
class Outcome:
    """The copy of the project after its run, the home of that run, and the rows that the publisher served."""

    project: Path
    home: Path
    distances: list[dict[str, Any]]
    inhabitants: dict[str, int]

    @property
    def release(self) -> Path:
        return self.home / "live" / "current"


def _kerncijfers() -> ODataTable:
    """Kerncijfers 2018 of the sample, as the loopback publisher serves it."""
    made = next(table for table in sample_tables(frozenset({"GM0917"})) if table.id == "84286NED")
    entities = ("TableInfos", "DataProperties", "WijkenEnBuurten", "TypedDataSet")
    return ODataTable(id=made.id, host=made.host, entities={name: made.entity(name) for name in entities})


def _distances(regions: list[dict[str, Any]]) -> ODataTable:
    """The new table: a distance for each region, one of them empty; schools of two kinds under one stem."""
    rows = [
        {
            "ID": number,
            "WijkenEnBuurten": region["Key"],
            "AfstandTotSchool_60": 0.4,
            SCHOOL: round(1.5 + 0.1 * (number % 13), 1),
            LIBRARY: None if region["Key"].strip() == "WK091723" else round(0.8 + 0.1 * (number % 17), 1),
        }
        for number, region in enumerate(regions)
    ]
    groups = [(1, None, "Onderwijs"), (2, 1, "Basisonderwijs"), (3, 1, "Voortgezet onderwijs"), (4, None, "Cultuur")]
    topics = [(2, "AfstandTotSchool_60", "Afstand tot school"), (3, SCHOOL, "Afstand tot school")]
    topics.append((4, LIBRARY, "Afstand tot bibliotheek"))
    properties: list[dict[str, Any]] = [
        {"ID": 0, "ParentID": None, "Type": "GeoDetail", "Key": "WijkenEnBuurten", "Title": "Wijken en buurten"}
    ]
    properties += [{"ID": i, "ParentID": p, "Type": "TopicGroup", "Key": "", "Title": title} for i, p, title in groups]
    properties += [
        {"ID": number, "ParentID": group, "Type": "Topic", "Key": key, "Title": title, "Unit": "km"}
        for number, (group, key, title) in enumerate(topics, start=5)
    ]
    info = {
        "ID": 84463,
        "Identifier": "84463NED",
        "Title": "Nabijheid voorzieningen 2018",
        "Modified": "2019-12-20T02:00:00",
    }
    return ODataTable(
        id="84463NED",
        host="opendata.cbs.nl",
        entities={
            "TableInfos": [info | {"RecordCount": len(rows)}],
            "DataProperties": properties,
            "WijkenEnBuurten": regions,
            "TypedDataSet": rows,
        },
    )


def _add_table(project: Path) -> None:
    """All that a new table takes."""
    (project / FEED_FILE).write_text(FEED_YAML, encoding="utf-8")
    (project / MODEL_FILE).write_text(MODEL_SQL, encoding="utf-8")
    append_rows(project / SEEDS[0], LIKE, [{"indicator_code": code} | words for code, (_, words) in INDICATORS.items()])
    terms = []
    for code, (measure, _) in INDICATORS.items():
        terms.append({"indicator_code": code, "role": "value", "feed_id": FEED, "measure": measure})
        terms.append({"indicator_code": code, "role": "weight", "feed_id": "cbs_kerncijfers", "measure": "population"})
    append_rows(project / SEEDS[1], LIKE, terms)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("new_table")
    project, home, scope = folder / "project", folder / "home", folder / "scope.yml"
    copy_project(project)
    _add_table(project)
    scope.write_text(yaml.safe_dump({"with_neighbourhoods": ["GM0917"], "required": ["NL00", "GM0917"]}))
    kerncijfers = _kerncijfers()
    new = _distances(kerncijfers.entities["WijkenEnBuurten"])
    publisher = LoopbackPublisher([kerncijfers, new])
    with publisher.running():
        result = noord(
            *("run", "--feeds", "live", "--only", FEED, "--only", "cbs_kerncijfers"),
            *("--tables", "84463NED", "--tables", kerncijfers.id),
            home=home,
            root=project,
            NOORD_SCOPE=str(scope),
            NOORD_MIRRORS=publisher.mirrors("opendata.cbs.nl"),
        )
    assert result.returncode == 0, result.stdout + result.stderr
    rows = kerncijfers.entities["TypedDataSet"]
    inhabitants = {row["WijkenEnBuurten"].strip(): row["AantalInwoners_5"] for row in rows}
    return Outcome(project, home, new.entities["TypedDataSet"], inhabitants)


@pytest.fixture(scope="module")
def monitor(outcome: Outcome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(outcome.release / "monitor.duckdb"), read_only=True) as connection:
        yield connection


def test_the_copy_differs_in_these_files_only(outcome: Outcome) -> None:
    before, after = files_of(ROOT), files_of(outcome.project)
    assert len(before) > 80
    assert set(after) - set(before) == {FEED_FILE, MODEL_FILE}
    assert {name for name in before if before[name] != after.get(name)} == set(SEEDS)
    assert all(after[name].startswith(before[name]) for name in SEEDS), "rows are added, none is changed"
    assert after[MODEL_FILE].count(b"\n") == 1


@pytest.mark.parametrize(("code", "column"), [("LER_AFSTAND_BIBLIOTHEEK", LIBRARY), ("LER_AFSTAND_VO", SCHOOL)])
def test_figures_of_all_regions_are_in_the_mart(
    outcome: Outcome, monitor: duckdb.DuckDBPyConnection, code: str, column: str
) -> None:
    rows = monitor.execute(
        """SELECT area_code, value, indicator_label_nl, unit, feed_id, data_origin FROM leren.indicator_values
        WHERE indicator_code = ? AND area_type IN ('country', 'municipality', 'wijk', 'buurt')""",
        [code],
    ).fetchall()
    served = {row["WijkenEnBuurten"].strip(): row[column] for row in outcome.distances}
    assert {area: value for area, value, *_ in rows} == {
        area: value for area, value in served.items() if area == "NL00" or area[2:6] == "0917"
    }
    assert len(rows) == 82
    assert {row[2:] for row in rows} == {(INDICATORS[code][1]["label_nl"], "km", FEED, "live")}


@pytest.mark.parametrize(("code", "column"), [("LER_AFSTAND_BIBLIOTHEEK", LIBRARY), ("LER_AFSTAND_VO", SCHOOL)])
@pytest.mark.parametrize("area", ["HN14", "RH14"])
def test_area_sets_are_weighted_with_inhabitants(
    outcome: Outcome, monitor: duckdb.DuckDBPyConnection, code: str, column: str, area: str
) -> None:
    members = monitor.execute("SELECT member_code FROM meta.area_members WHERE area_set = ?", [area]).fetchall()
    served = {row["WijkenEnBuurten"].strip(): row[column] for row in outcome.distances}
    weights = {wijk: outcome.inhabitants[wijk] for (wijk,) in members}
    present = {wijk: weight for wijk, weight in weights.items() if served[wijk] is not None}
    mean = math.fsum(served[wijk] * weight for wijk, weight in present.items()) / sum(present.values())
    rows = monitor.execute(
        """SELECT value, coverage, national_value, national_gap FROM leren.indicator_values
        WHERE indicator_code = ? AND area_code = ?""",
        [code, area],
    ).fetchall()
    nation = served["NL00"]
    assert rows == [
        pytest.approx((mean, sum(present.values()) / sum(weights.values()), nation, nation - mean), abs=1e-9)
    ]
    assert (rows[0][1] < 1) == (area == "HN14" and column == LIBRARY), "De Hei has no distance to a library"


def test_the_asset_is_in_the_lineage(outcome: Outcome) -> None:
    found = asset_graph(outcome.project)
    assert f"raw/{FEED}" in found["keys"]
    assert f"raw/{FEED}" in found["keys"][f"staging/stg_{FEED}"]
    assert f"staging/stg_{FEED}" in found["keys"]["intermediate/int_observations__unioned"]
    assert f"raw/{FEED} distance_library_km__values_to_be_between" in found["checks"]


def test_the_indicators_and_the_feed_are_in_meta(monitor: duckdb.DuckDBPyConnection) -> None:
    indicators = monitor.execute(
        "SELECT indicator_code, line, label_en, terms FROM meta.indicators WHERE terms LIKE '%cbs_nabijheid%' ORDER BY 1"
    ).fetchall()
    weight = "weight: cbs_kerncijfers.population [total]"
    assert indicators == [
        (code, "leren", words["label_en"], f"value: {FEED}.{measure} [total]; {weight}")
        for code, (measure, words) in INDICATORS.items()
    ]
    feeds = monitor.execute(
        "SELECT title, publisher, license_name, lines, held_since FROM meta.feeds WHERE feed_id = ?", [FEED]
    ).fetchall()
    assert feeds == [("Nabijheid voorzieningen", "CBS", "CC BY 4.0", ["leren"], None)]
    snapshots = monitor.execute("SELECT table_id, row_count FROM meta.snapshots WHERE feed_id = ?", [FEED]).fetchall()
    assert snapshots == [("84463NED", 82)]
    checks = monitor.execute("SELECT bool_and(passed), count(*) > 2 FROM meta.checks WHERE subject = ?", [FEED])
    assert checks.fetchall() == [(True, True)]


def test_the_dictionary_explains_the_indicators(outcome: Outcome, monitor: duckdb.DuckDBPyConnection) -> None:
    expected = {code: f"{words['label_nl']}. {words['definition_nl']}" for code, (_, words) in INDICATORS.items()}
    place = "schema_name = 'leren' AND table_name = 'indicator_values' AND column_name = 'indicator_code'"
    rows = monitor.execute(
        f"SELECT code, description FROM meta.dictionary WHERE {place} AND code IS NOT NULL"
    ).fetchall()
    assert expected.items() <= dict(rows).items()
    with (outcome.release / "dictionary.csv").open(encoding="utf-8", newline="") as stream:
        written = {row["code"]: row["description"] for row in csv.DictReader(stream) if row["schema_name"] == "leren"}
    assert expected.items() <= written.items()
