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
from sources.registry import PublishedFeed, load_registry
from sources.sample import figures
from sources.sample.areas import HEERLEN, all_areas, members
from sources.sample.generate import generate

pytestmark = pytest.mark.slow

# What partners deliver lies beside the archive: see test_sample_deliveries.
PUBLISHED = {feed.id: feed for feed in load_registry().values() if isinstance(feed, PublishedFeed)}
# Codes and names of areas.csv as compared with the lists of CBS. Another sum asks for another comparison.
REAL_AREAS = "67695a70339ecadfcaef24677e8273566d53b6a73a41eb14d2b26467250694f8"
TINY = "BU09173002"


class Sample:
    """Everything the sample holds, landed and loaded once."""

    def __init__(self, home: Path) -> None:
        self.environment: Environment = declare_environment("sample", {"NOORD_HOME": str(home)})
        self.landing = Landing(self.environment)
        self.connection = duckdb.connect()
        self.snapshots: dict[str, Snapshot] = {}
        for feed in PUBLISHED.values():
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
    assert SAMPLE_ARCHIVE.stat().st_size < 6_000_000


def test_codes_and_names_are_the_real_ones() -> None:
    lines = "\n".join(f"{area.code};{area.name}" for area in all_areas().values())
    assert hashlib.sha256(lines.encode()).hexdigest() == REAL_AREAS
    wijken = members(HEERLEN)
    assert (len(wijken), sum(len(members(wijk.code)) for wijk in wijken)) == (23, 57)


def test_every_area_of_the_rows_is_known(sample: Sample) -> None:
    known = {(area.code, area.name) for area in all_areas().values()}
    for feed in PUBLISHED:
        if feed == "duo_leerlingen_woonplaats":
            continue
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
        ("cbs_arbeidsdeelname", 6, 1608),
        ("cbs_energie", 1, 2010),
        ("cbs_gebieden", 5, 245),
        ("cbs_jeugdzorg", 4, 3252),
        ("cbs_ses_woa", 2, 2814),
        ("cbs_uitkeringen", 13, 6882),
        ("cbs_veiligheidsmonitor", 1, 198),
        ("politie_misdrijven_maand", 4, 49580),
        ("politie_overlast", 1, 18090),
        ("cbs_kerncijfers", 13, 1754),
        ("cbs_opleidingsniveau", 2, 804),
        ("duo_schooladviezen", 5, 1360),
        ("leefbaarometer", 1, 1197),
        ("politie_misdrijven", 1, 28140),
        ("rivm_gezondheid", 3, 4824),
        ("cbs_vsv", 1, 400),
        ("duo_leerlingen_woonplaats", 1, 6054),
        ("pdok_wijken_buurten", 4, 324),
    ],
)
def test_all_tables_load(sample: Sample, feed: str, tables: int, rows: int) -> None:
    assert sample.all(f"SELECT count(DISTINCT table_id), count(*) FROM {feed}") == [(tables, rows)]
    keys = "table_id, area_code, period_code, breakdown, bound"
    assert sample.value(f"SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {feed})") == rows


def test_own_expectations_of_the_feeds_hold(sample: Sample) -> None:
    for feed in PUBLISHED.values():
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


def test_months_of_crime_add_up_to_the_year_that_the_police_publish(sample: Sample) -> None:
    """In each area and of each kind; the newest month stands alone in its slice."""
    query = """SELECT count(*), count(*) FILTER (WHERE y.registered_crimes IS DISTINCT FROM m.crimes)
        FROM politie_misdrijven AS y
        JOIN (SELECT area_code, breakdown, left(period_code, 4) AS year, count(*) AS months, sum(registered_crimes) AS crimes
            FROM politie_misdrijven_maand GROUP BY ALL) AS m
        ON y.area_code = m.area_code AND y.breakdown = m.breakdown AND left(y.period_code, 4) = m.year AND m.months = 12"""
    compared, different = sample.all(query)[0]
    assert (compared, different) == (134 * 10 * 3, 0)
    slices = "SELECT table_id, count(DISTINCT period_code), min(period_status) FROM politie_misdrijven_maand GROUP BY 1 ORDER BY 1"
    assert sample.all(slices) == [
        ("47022NED-2023", 12, "final"),
        ("47022NED-2024", 12, "final"),
        ("47022NED-2025", 12, "provisional"),
        ("47022NED-2026", 1, "provisional"),
    ]


def test_benefits_at_the_end_of_a_year_are_those_of_kerncijfers(sample: Sample) -> None:
    query = """SELECT count(*), count(*) FILTER (WHERE q.social_assistance <> k.social_assistance
            OR q.disability_benefit <> k.disability_benefit OR q.unemployment_benefit <> k.unemployment_benefit)
        FROM cbs_uitkeringen AS q JOIN cbs_kerncijfers AS k ON q.area_code = k.area_code
            AND q.period_code = left(k.period_code, 4) || 'KW04' AND k.social_assistance IS NOT NULL"""
    compared, different = sample.all(query)[0]
    assert compared > 1000
    assert different == 0
    periods = "SELECT min(period_code), max(period_code), count(DISTINCT period_code) FROM cbs_uitkeringen"
    assert sample.all(periods) == [("2013KW01", "2025KW03", 4 * 12 + 3)]
    status = "SELECT period_status, min(left(period_code, 4)) FROM cbs_uitkeringen GROUP BY 1 ORDER BY 2"
    assert sample.all(status) == [("final", "2013"), ("revised", "2024"), ("provisional", "2025")]


def test_tables_that_the_catalogue_has_beside_the_feed_file_are_there(sample: Sample) -> None:
    found = {s.feed_id: set() for s in sample.snapshots.values() if s.table.discovered}
    for snapshot in sample.snapshots.values():
        if snapshot.table.discovered:
            found[snapshot.feed_id].add(snapshot.table.year)
    assert found == {"cbs_arbeidsdeelname": set(range(2019, 2024)), "cbs_uitkeringen": {2025}}


def test_members_have_their_labels(sample: Sample) -> None:
    for feed, labels in (
        ("cbs_arbeidsdeelname", ["total|15_25", "total|15_75"]),
        ("cbs_energie", ["total"]),
        ("cbs_jeugdzorg", ["protection", "total", "with_stay"]),
        ("politie_overlast", ["drugs", "total", "youth"]),
    ):
        assert [label for (label,) in sample.all(f"SELECT DISTINCT breakdown FROM {feed} ORDER BY 1")] == labels


def test_youth_care_is_rounded_to_five_and_secret_below_eight(sample: Sample) -> None:
    assert sample.value("SELECT count(*) FROM cbs_jeugdzorg WHERE youth_care % 5 <> 0 OR youth_care < 10") == 0
    secret = "SELECT count(*) FROM cbs_jeugdzorg WHERE youth_care IS NULL AND breakdown = 'protection'"
    assert sample.value(secret) > 0
    assert sample.value("SELECT count(*) FROM cbs_jeugdzorg WHERE area_code LIKE 'BU%'") == 0


def test_scores_of_status_are_four_columns_of_one_stem(sample: Sample) -> None:
    query = """SELECT count(*), count(*) FILTER (WHERE abs(ses_score - ses_wealth_score - ses_education_score - ses_work_score) > 0.002)
        FROM cbs_ses_woa WHERE ses_score IS NOT NULL"""
    compared, different = sample.all(query)[0]
    assert compared > 1000
    assert different == 0
    noord = "SELECT ses_score FROM cbs_ses_woa WHERE area_code = '{}' AND period_code = '2024JJ00' AND table_id = '86296NED'"
    assert sample.value(noord.format("NL00")) == 0
    assert sample.value(noord.format("WK091720")) < sample.value(noord.format("WK091736")) < 0.2


def test_the_survey_has_large_municipalities_and_no_neighbourhoods(sample: Sample) -> None:
    areas = {code for (code,) in sample.all("SELECT DISTINCT area_code FROM cbs_veiligheidsmonitor")}
    assert {"NL00", "GM0917", "GM0935"} <= areas
    assert {code[:2] for code in areas} == {"NL", "GM"}
    assert "GM0928" not in areas, "Kerkrade is too small"


def test_provinces_stand_under_other_ordinals_in_other_years(sample: Sample) -> None:
    query = "SELECT DISTINCT attributes['province_code'], attributes['province_name'] FROM cbs_gebieden WHERE area_code = 'GM0917'"
    assert sample.all(query) == [("PV31", "Limburg")]
    properties = {
        year: sample.rows(table, "DataProperties") for year, table in ((2022, "85067NED"), (2024, "85755NED"))
    }
    keys = {year: [row["Key"] for row in rows if row["Key"].startswith("Code_")] for year, rows in properties.items()}
    assert keys == {2022: ["Code_1", "Code_24", "Code_26"], 2024: ["Code_1", "Code_26", "Code_28"]}


def test_no_figure_of_the_model_takes_the_name_of_another() -> None:
    groups = (
        figures._POPULATION, figures._HOUSEHOLDS, figures._MEANS, figures._WORK, figures._HEALTH, figures._LIVEABILITY,
        figures._SES, figures._SURVEY,
    )  # fmt: skip
    assert len(figures.FIGURES) == sum(map(len, groups))


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


def test_early_school_leavers_follow_disadvantage_and_the_newest_years_may_change(sample: Sample) -> None:
    query = (
        "SELECT period_code, period_status, 100 * early_leavers / pupils FROM cbs_vsv WHERE area_code = '{}' ORDER BY 1"
    )
    town, country = sample.all(query.format("GM0917")), sample.all(query.format("NL00"))
    assert [row[:2] for row in town][-3:] == [
        ("2022SJ00", "final"),
        ("2023SJ00", "revised"),
        ("2024SJ00", "provisional"),
    ]
    assert all(here[2] > there[2] for here, there in zip(town, country, strict=True))
    markers = sample.all("SELECT DISTINCT missing_markers FROM cbs_vsv WHERE early_leavers IS NULL")
    assert markers == [({"early_leavers": "Impossible"},)]


def test_pupils_live_in_postcodes(sample: Sample) -> None:
    """The 14 postcodes of Heerlen hold about as many pupils as Kerncijfers says live there."""
    real = {f"PC{area.postcode}" for area in all_areas().values() if area.postcode} | {"PC6421"}
    found = {code for (code,) in sample.all("SELECT DISTINCT area_code FROM duo_leerlingen_woonplaats")}
    assert found <= real
    heerlen = "area_code SIMILAR TO 'PC64(1[1-9]|2[12]|3[1-3])' AND period_code = '2022SJ00'"
    postcodes, number = sample.all(
        f"SELECT count(DISTINCT area_code), sum(pupils) FROM duo_leerlingen_woonplaats WHERE {heerlen}"
    )[0]
    assert postcodes == 14
    assert 5000 < number < 7500
    assert sample.value("SELECT count(*) FROM duo_leerlingen_woonplaats WHERE missing_markers['pupils'] = '<5'") > 50


def test_the_map_has_a_polygon_and_a_name_for_each_area(sample: Sample) -> None:
    query = "SELECT area_code, area_name, attributes['name'], attributes['geometry'] FROM pdok_wijken_buurten"
    for code, name, own_name, geometry in sample.all(f"{query} WHERE boundary_year = 2024"):
        assert all_areas()[code].name == name == own_name
        assert json.loads(geometry)["type"] == "Polygon"
    secret = sample.all("SELECT DISTINCT area_code FROM pdok_wijken_buurten WHERE inhabitants IS NULL")
    assert secret == [(TINY,)]
    kinds = (
        "SELECT left(area_code, 2), count(*) FROM pdok_wijken_buurten WHERE boundary_year = 2025 GROUP BY 1 ORDER BY 1"
    )
    assert sample.all(kinds) == [("BU", 57), ("GM", 1), ("WK", 23)]


def test_what_was_not_recorded_is_not_found() -> None:
    environment = declare_environment("sample", {})
    with (
        PublisherSession("cbs_kerncijfers", environment) as session,
        pytest.raises(FeedProblem, match="404 Not in the archive"),
    ):
        session.get_json("https://opendata.cbs.nl/ODataApi/odata/99999NED/TableInfos?$format=json")
