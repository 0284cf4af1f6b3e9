"""The bundled sample: reproducible, real where it claims to be, and accepted by the protocols."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sources.environment import SAMPLE_ARCHIVE, Environment, declare_environment
from sources.errors import FeedProblem
from sources.http import PublisherSession
from sources.landing import Landing, Snapshot
from sources.loading import append_cells, create_delivery
from sources.protocols import protocol_of
from sources.registry import load_registry
from sources.sample.areas import HEERLEN, all_areas, members
from sources.sample.generate import generate

# Codes and names of areas.csv as compared with the lists of CBS. Another sum asks for another comparison.
REAL_AREAS = "7c9a3d615c3b35d415c65d4feaae96791683b40bea65e1340370168ef06f1f3f"
TINY = "BU09173002"


class Sample:
    """Everything the sample holds, landed and loaded once."""

    def __init__(self, home: Path) -> None:
        self.environment: Environment = declare_environment("sample", {"NOORD_HOME": str(home)})
        self.landing = Landing(self.environment)
        self.connection = duckdb.connect()
        self.snapshots: dict[str, Snapshot] = {}
        for feed in load_registry().values():
            protocol = protocol_of(feed, self.environment.scope)
            create_delivery(self.connection, feed)
            with PublisherSession(feed.id, self.environment) as session:
                for table in protocol.tables(session):
                    snapshot = protocol.fetch(session, table, protocol.version(session, table), self.landing)
                    protocol.read_cells(self.connection, snapshot, self.landing)
                    append_cells(self.connection, feed, snapshot, self.environment.scope)
                    self.snapshots[table.id] = snapshot
            self.connection.execute(f"CREATE TABLE {feed.id} AS FROM delivery")

    def all(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def value(self, query: str) -> Any:
        return self.all(query)[0][0]

    def rows(self, table: str, entity: str) -> list[dict[str, Any]]:
        snapshot = self.snapshots[table]
        found: list[dict[str, Any]] = []
        for file in snapshot.files:
            if file.role == entity:
                found += json.loads((self.landing.folder(snapshot) / file.name).read_bytes())["value"]
        return found


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    made = Sample(tmp_path_factory.mktemp("sample"))
    yield made
    made.connection.close()


def test_a_fresh_generation_equals_the_archive(tmp_path: Path) -> None:
    """Unpacked, because packed bytes depend on the build of zlib."""
    fresh = tmp_path / "sample.warc.gz"
    generate(fresh)
    same = gzip.decompress(fresh.read_bytes()) == gzip.decompress(SAMPLE_ARCHIVE.read_bytes())
    assert same, "the archive differs: run python -m sources.sample.generate and look at what changed"


def test_the_archive_is_small() -> None:
    assert SAMPLE_ARCHIVE.stat().st_size < 2_000_000


def test_codes_and_names_are_the_real_ones() -> None:
    lines = "\n".join(f"{area.code};{area.name}" for area in all_areas().values())
    assert hashlib.sha256(lines.encode()).hexdigest() == REAL_AREAS
    wijken = members(HEERLEN)
    assert (len(wijken), sum(len(members(wijk.code)) for wijk in wijken)) == (23, 57)


def test_every_area_of_the_rows_is_known(sample: Sample) -> None:
    known = {(area.code, area.name) for area in all_areas().values()}
    for feed in load_registry():
        areas = set(sample.all(f"SELECT DISTINCT area_code, area_name FROM {feed}"))
        assert {code for code, _ in areas} <= {code for code, _ in known}
        assert {pair for pair in areas if pair[1] is not None} <= known


def test_inhabitants_of_2020_are_the_published_ones(sample: Sample) -> None:
    query = "SELECT sum(population), sum(households) FROM cbs_kerncijfers WHERE boundary_year = 2020 AND area_code "
    assert sample.all(query + "= 'GM0917'") == [(87086, 45247)]
    assert sample.all(query + "LIKE 'WK0917%'")[0][0] == 87045
    assert sample.all(query + "LIKE 'BU0917%'")[0][0] == 86980
    assert sample.all(query + "= 'NL00'") == [(17407585, 7997800)]


@pytest.mark.parametrize(
    ("feed", "tables", "rows"),
    [
        ("cbs_kerncijfers", 13, 1702),
        ("cbs_opleidingsniveau", 2, 780),
        ("duo_schooladviezen", 5, 1360),
        ("leefbaarometer", 1, 1161),
        ("politie_misdrijven", 1, 27300),
        ("rivm_gezondheid", 3, 4680),
    ],
)
def test_all_tables_load(sample: Sample, feed: str, tables: int, rows: int) -> None:
    assert sample.all(f"SELECT count(DISTINCT table_id), count(*) FROM {feed}") == [(tables, rows)]
    keys = "table_id, area_code, period_code, breakdown, bound"
    assert sample.value(f"SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {feed})") == rows


def test_own_expectations_of_the_feeds_hold(sample: Sample) -> None:
    for feed in load_registry().values():
        for expectation in feed.expectations:
            if expectation.unexpected_rows_query:
                assert sample.all(expectation.unexpected_rows_query.replace("{batch}", feed.id)) == []


def test_merged_municipalities_change_places_in_2019(sample: Sample) -> None:
    query = "SELECT DISTINCT boundary_year FROM cbs_kerncijfers WHERE area_code = '{}' ORDER BY 1"
    assert sample.all(query.format("GM1954")) == [(year,) for year in range(2019, 2026)]
    assert sample.all(query.format("GM0951")) == [(year,) for year in range(2013, 2019)]


def test_small_areas_and_unpublished_columns_are_empty(sample: Sample) -> None:
    columns = "labour_participation_pct, low_income_households_pct, standardised_income_keur, social_assistance"
    query = f"SELECT {columns} FROM cbs_kerncijfers WHERE boundary_year = 2020 AND area_code = '{TINY}'"
    assert sample.all(query) == [(None,) * 4]
    empty = "SELECT count(woz_value_keur) + count(social_assistance) + count(wmo_clients) FROM cbs_kerncijfers"
    assert sample.value(f"{empty} WHERE boundary_year = 2025") == 0


def test_the_table_of_2017_has_the_minus_one_that_cbs_published(sample: Sample) -> None:
    """The version before November 2020: -1 on the wire where a dot was meant, and missing with a reason once it is read."""
    assert sample.snapshots["83765NED"].upstream_version < "2020-11-06"
    for key, measure in (("AfstandTotSchool_97", "distance_school_km"), ("ScholenBinnen3Km_98", "schools_within_3km")):
        leaked = {row["WijkenEnBuurten"].strip() for row in sample.rows("83765NED", "data") if row[key] == -1}
        assert TINY in leaked
        query = f"SELECT area_code FROM cbs_kerncijfers WHERE missing_markers['{measure}'] = 'corrected'"
        assert {area for (area,) in sample.all(query)} == leaked
        assert sample.value(f"SELECT min({measure}) FROM cbs_kerncijfers") > 0


def test_wire_format_of_cbs(sample: Sample) -> None:
    assert {row["RegioS"] for row in sample.rows("82339NED", "data")} >= {"NL00      ", "GM0917    "}
    town = next(row for row in sample.rows("84799NED", "data") if row["WijkenEnBuurten"] == "GM0917    ")
    assert (town["Gemeentenaam_1"], town["MeestVoorkomendePostcode_113"]) == ("Heerlen".ljust(40), "         .")
    topics = {row["Key"]: row for row in sample.rows("84799NED", "DataProperties")}
    assert (topics["Appartement_48"]["Unit"], topics["Appartement_56"]["Unit"]) == ("kWh", "m³")
    assert "NettoArbeidsparticipatie_67" in topics
    assert "T" in sample.snapshots["84799NED"].upstream_version


def test_police_pages_and_provisional_years(sample: Sample) -> None:
    pages = [file for file in sample.snapshots["47018NED"].files if file.role == "data" and "-01-" in file.name]
    assert len(pages) == 3
    query = "SELECT DISTINCT period_code FROM politie_misdrijven WHERE period_status = 'provisional' ORDER BY 1"
    assert sample.all(query) == [("2024JJ00",), ("2025JJ00",)]
    crimes = "SELECT sum(registered_crimes) FROM politie_misdrijven WHERE area_code = 'GM0917' AND breakdown"
    country = "SELECT registered_crimes FROM politie_misdrijven WHERE area_code = 'NL00' AND breakdown = '0.0.0'"
    assert sample.value(f"{country} AND period_code = '2024JJ00'") == 805327
    total, parts = sample.value(f"{crimes} = '0.0.0'"), sample.value(f"{crimes} <> '0.0.0'")
    assert total > parts
    assert sample.value("SELECT count(*) - count(registered_crimes) FROM politie_misdrijven") > 0


def test_health_has_all_margins_and_a_figure_only_the_older_table_has(sample: Sample) -> None:
    assert sample.value("SELECT count(DISTINCT bound) FROM rivm_gezondheid WHERE table_id = '50150NED'") == 3
    query = "SELECT table_id, count(exercise_guideline_pct) > 0 FROM rivm_gezondheid WHERE period_code = '2012JJ00'"
    found = dict(sample.all(f"{query} GROUP BY ALL"))
    assert (found["50120NED"], found["50150NED"]) == (True, False)


def test_school_files_differ_as_those_of_the_publisher_do(sample: Sample) -> None:
    years = {table[-13:-9]: snapshot for table, snapshot in sample.snapshots.items() if "schooladviezen" in table}
    bodies = {year: (sample.landing.folder(s) / s.files[0].name).read_bytes() for year, s in years.items()}
    assert [year for year, body in bodies.items() if body.startswith(b"\xef\xbb\xbf")] == ["2022"]
    assert b"POSTCODE_VESTIGING" in bodies["2022"]
    assert b";917;HEERLEN;" in bodies["2020"]
    assert b";0917;HEERLEN;" in bodies["2021"]
    assert "Belvédère".encode("cp1252") in bodies["2024"]
    assert b'; locatie Markt"' in bodies["2020"]
    assert b'\nlocatie Plein"' in bodies["2020"]
    assert all(snapshot.files[0].etag and snapshot.files[0].last_modified for snapshot in years.values())


def test_what_was_not_recorded_is_not_found() -> None:
    environment = declare_environment("sample", {})
    with (
        PublisherSession("cbs_kerncijfers", environment) as session,
        pytest.raises(FeedProblem, match="404 Not in the archive"),
    ):
        session.get_json("https://opendata.cbs.nl/ODataApi/odata/99999NED/TableInfos?$format=json")
