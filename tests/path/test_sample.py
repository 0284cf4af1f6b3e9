"""The whole path on the bundled sample: what a newcomer gets from `make run`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sources.registry import load_registry
from tests.path.conftest import noord

pytestmark = pytest.mark.slow

LINES = ("leren", "werken", "gezondheid", "wonen", "veiligheid")


@pytest.fixture(scope="module")
def monitor(sample_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(sample_home / "sample" / "current" / "monitor.duckdb"), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize("line", LINES)
def test_each_line_has_at_least_five_indicators_with_values(monitor: duckdb.DuckDBPyConnection, line: str) -> None:
    counts = monitor.execute(
        f"SELECT count(DISTINCT indicator_code), count(DISTINCT area_code) FROM {line}.indicator_values WHERE value IS NOT NULL"
    ).fetchall()[0]
    assert counts[0] >= 5
    assert counts[1] > 100


def test_at_least_25_indicators_for_the_areas_that_count(monitor: duckdb.DuckDBPyConnection) -> None:
    union = " UNION ALL ".join(
        f"SELECT area_code, area_type, indicator_code, value FROM {line}.indicator_values" for line in LINES
    )
    for condition in (
        "area_code = 'HN14'",
        "area_code = 'GM0917'",
        "area_code = 'RH14'",
        "area_code = 'NL00'",
        "area_type = 'buurt'",
    ):
        count = monitor.execute(
            f"SELECT count(DISTINCT indicator_code) FROM ({union}) WHERE value IS NOT NULL AND {condition}"
        ).fetchall()[0][0]
        assert count >= 25, condition
    wijken = monitor.execute(
        f"""SELECT count(DISTINCT u.area_code) FROM ({union}) AS u
        JOIN meta.area_members AS m ON m.area_set = 'HN14' AND m.member_code = u.area_code"""
    ).fetchall()
    assert wijken == [(14,)]


@pytest.mark.parametrize("line", LINES)
def test_every_snapshot_is_explained_and_marked_as_sample(monitor: duckdb.DuckDBPyConnection, line: str) -> None:
    rows = monitor.execute(
        f"""SELECT count(*) FILTER (WHERE s.snapshot_id IS NULL), count(*) FILTER (WHERE v.data_origin != 'sample')
        FROM {line}.indicator_values AS v LEFT JOIN meta.snapshots AS s USING (snapshot_id)"""
    ).fetchall()
    assert rows == [(0, 0)]


def test_sample_is_marked_wherever_it_surfaces(sample_home: Path, monitor: duckdb.DuckDBPyConnection) -> None:
    comments = monitor.execute("SELECT comment FROM duckdb_tables()").fetchall()
    assert comments
    assert all(comment.startswith("SAMPLE") for (comment,) in comments)
    assert monitor.execute("SELECT data_origin, title FROM meta.release").fetchall()[0][0] == "sample"
    package = json.loads((sample_home / "sample" / "current" / "datapackage.json").read_text())
    assert package["title"].startswith("SAMPLE")
    assert package["x-noord"]["data_origin"] == "sample"


def test_the_statuses_of_the_nasty_cases(monitor: duckdb.DuckDBPyConnection) -> None:
    def statuses(line: str, indicator: str, year: int) -> set[str]:
        rows = monitor.execute(
            f"""SELECT DISTINCT value_status FROM {line}.indicator_values
            WHERE indicator_code = ? AND year = ? AND period_type IN ('year', 'school_year')""",
            [indicator, year],
        ).fetchall()
        return {status for (status,) in rows}

    assert statuses("werken", "WER_BIJSTAND", 2025) == {"not_published"}, "staged columns of the newest Kerncijfers"
    assert statuses("werken", "WER_LAAG_INKOMEN", 2024) == {"not_published"}, "replaced by poverty in 2024"
    assert "suppressed_source" in statuses("werken", "WER_LAAG_INKOMEN", 2018), "small buurten"
    assert "estimated" in statuses("leren", "LER_ADVIES_HAVO_PLUS", 2022), "<5 counts with its middle"
    assert "provisional" in statuses("veiligheid", "VEI_MISDRIJVEN", 2024), "the police's newest years"
    assert statuses("leren", "LER_AFSTAND_SCHOOL", 2017) == {"measured", "missing"}, "the -1 of CBS, corrected"
    assert statuses("wonen", "WON_KINDEREN", 2014) == {"not_published"}, "percentages in place of counts until 2015"


def test_the_release_says_which_figures_were_corrected_and_how_full_tables_are(
    monitor: duckdb.DuckDBPyConnection,
) -> None:
    corrected = (
        "SELECT measure, published_value, action, cells FROM meta.corrections WHERE table_id = '83765NED' ORDER BY 1"
    )
    assert monitor.execute(corrected).fetchall() == [
        ("distance_school_km", -1.0, "to_missing", 1),
        ("schools_within_3km", -1.0, "to_missing", 1),
    ]
    vintages = """SELECT period_code, period_status, measures_published < measures_in_contract FROM meta.vintages
    WHERE table_id IN ('86165NED', '47018NED') AND period_code >= '2023' ORDER BY table_id, 1"""
    assert monitor.execute(vintages).fetchall() == [
        ("2023JJ00", "final", False),
        ("2024JJ00", "provisional", False),
        ("2025JJ00", "provisional", False),
        ("2025JJ00", "provisional", True),
    ]
    tables = "SELECT count(DISTINCT (feed_id, table_id)) FROM meta.vintages"
    assert monitor.execute(tables).fetchall() == monitor.execute("SELECT count(*) FROM meta.snapshots").fetchall()
    assert monitor.execute("SELECT count(*) FROM meta.revisions").fetchall() == [(0,)], "the first release"


def test_figures_of_2020_are_the_published_ones(monitor: duckdb.DuckDBPyConnection) -> None:
    rows = monitor.execute(
        """SELECT area_code, value FROM wonen.indicator_values
        WHERE indicator_code = 'WON_INWONERS' AND year = 2020 AND area_code IN ('GM0917', 'HN14', 'HN13') ORDER BY 1"""
    ).fetchall()
    assert rows == [("GM0917", 87086), ("HN13", 53195), ("HN14", 55740)]


def test_parkstad_follows_the_merger_of_2019(monitor: duckdb.DuckDBPyConnection) -> None:
    rows = monitor.execute(
        """SELECT year, coverage, value > 240000 FROM wonen.indicator_values
        WHERE indicator_code = 'WON_INWONERS' AND area_code = 'PARKSTAD' AND year IN (2018, 2019) ORDER BY 1"""
    ).fetchall()
    assert rows == [(2018, 1.0, True), (2019, 1.0, True)]


def test_a_second_run_downloads_nothing_and_makes_no_release(sample_home: Path) -> None:
    before = sorted(path.name for path in (sample_home / "sample" / "releases").iterdir())
    landed = sorted(path.name for path in (sample_home / "sample" / "landing").glob("*/*"))
    result = noord("run", "--feeds", "sample", home=sample_home)
    assert result.returncode == 0
    assert "Nothing changed: nothing was downloaded and no release was made." in result.stdout
    assert sorted(path.name for path in (sample_home / "sample" / "releases").iterdir()) == before
    assert sorted(path.name for path in (sample_home / "sample" / "landing").glob("*/*")) == landed
    assert "downloading" not in result.stdout


def test_status_feeds_and_releases_tell_what_is_there(sample_home: Path) -> None:
    status = noord("status", home=sample_home)
    assert status.stdout.count(" ok ") == len(load_registry()) == 30
    assert "cbs_kerncijfers" in noord("feeds", home=sample_home).stdout
    releases = noord("releases", home=sample_home)
    assert releases.stdout.count("sample") == 1
    assert "yes" in releases.stdout


def test_the_run_from_the_command_line_is_in_the_lineage_ui(sample_home: Path) -> None:
    from dagster import DagsterInstance, DagsterRunStatus

    with DagsterInstance.from_config(str(sample_home / "sample" / "dagster")) as instance:
        runs = instance.get_runs()
        assert [(run.job_name, run.status, run.tags["noord/started_by"]) for run in runs] == [
            ("refresh", DagsterRunStatus.SUCCESS, "command line")
        ]


def test_a_release_beside_itself_has_no_changes(sample_home: Path) -> None:
    release_id = (sample_home / "sample" / "current").resolve().name
    result = noord("diff", release_id, release_id, home=sample_home)
    assert result.returncode == 0, result.stderr
    assert "Nothing changed." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "--feeds", "prod"], 2, "neither sample nor live"),
        (["run", "--only", "cbs_kerncijfer"], 2, "No feed called cbs_kerncijfer"),
        (["rollback", "20200101T000000Z-00000000"], 1, "There is no release"),
        (["rollback", "../../etc"], 1, "There is no release"),
        (["diff", "../../etc", "20200101T000000Z-00000000"], 1, "There is no release"),
    ],
)
def test_wrong_use_is_one_sentence(sample_home: Path, arguments: list[str], code: int, words: str) -> None:
    result = noord(*arguments, home=sample_home)
    assert result.returncode == code
    assert words in result.stderr
    assert "Traceback" not in result.stderr
