"""The whole path on real published bytes: figures reconcile with the published ones.

A loopback publisher serves the captures in OData 3 wire format: Kerncijfers 2020 of the whole country in two pages and
the RIVM table of 2016 and 2020. The other feeds are not asked, so their lines stay empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.path.conftest import noord
from tests.support.captures import kerncijfers_2020, needs_captures, rivm_health
from tests.support.publisher import LoopbackPublisher

pytestmark = [needs_captures, pytest.mark.captures, pytest.mark.slow]

SCOPE = Path(__file__).parents[1] / "support" / "whole_country.yml"


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, LoopbackPublisher]]:
    home = tmp_path_factory.mktemp("captured")
    publisher = LoopbackPublisher([kerncijfers_2020(), rivm_health()])
    with publisher.running():
        mirrors = publisher.mirrors("opendata.cbs.nl", "dataderden.cbs.nl")
        feeds = [
            "--only",
            "cbs_kerncijfers",
            "--only",
            "rivm_gezondheid",
            "--tables",
            "84799NED",
            "--tables",
            "50090NED",
        ]
        result = noord("run", "--feeds", "live", *feeds, home=home, NOORD_SCOPE=str(SCOPE), NOORD_MIRRORS=mirrors)
        assert result.returncode == 0, result.stdout + result.stderr
        yield home, publisher


@pytest.fixture(scope="module")
def monitor(captured: tuple[Path, LoopbackPublisher]) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(captured[0] / "live" / "current" / "monitor.duckdb"), read_only=True) as connection:
        yield connection


def _value(monitor: duckdb.DuckDBPyConnection, line: str, indicator: str, area: str, year: int = 2020) -> float:
    rows = monitor.execute(
        f"SELECT value FROM {line}.indicator_values WHERE indicator_code = ? AND area_code = ? AND year = ?",
        [indicator, area, year],
    ).fetchall()
    assert len(rows) == 1
    return float(rows[0][0])


@pytest.mark.parametrize(
    ("area", "inhabitants"),
    [
        ("GM0917", 87086),
        ("HN14", 55740),
        ("HN13", 53195),
        ("RH14", 31305),
        ("RH13", 33850),
        ("NL00", 17407585),
        ("BU09173002", 5),
    ],
)
def test_inhabitants(monitor: duckdb.DuckDBPyConnection, area: str, inhabitants: int) -> None:
    assert _value(monitor, "wonen", "WON_INWONERS", area) == inhabitants


@pytest.mark.parametrize(("kind", "count", "inhabitants"), [("wijk", 23, 87045), ("buurt", 57, 86980)])
def test_rounded_parts_add_up_as_published(
    monitor: duckdb.DuckDBPyConnection, kind: str, count: int, inhabitants: int
) -> None:
    rows = monitor.execute(
        "SELECT count(*), sum(value) FROM wonen.indicator_values "
        "WHERE indicator_code = 'WON_INWONERS' AND area_type = ? AND substr(area_code, 3, 4) = '0917'",
        [kind],
    ).fetchall()
    assert rows == [(count, inhabitants)]


@pytest.mark.parametrize(
    ("area", "inhabitants"), [("WK059910", 76590), ("WK059912", 61360), ("WK059915", 69400), ("WK034403", 34295)]
)
def test_focus_areas_elsewhere_are_taken_as_wijken(
    monitor: duckdb.DuckDBPyConnection, area: str, inhabitants: int
) -> None:
    assert _value(monitor, "wonen", "WON_INWONERS", area) == inhabitants


def test_the_decoy_is_not_in_heerlen(
    captured: tuple[Path, LoopbackPublisher], monitor: duckdb.DuckDBPyConnection
) -> None:
    """BU07850917 contains 0917 and is fetched with the whole country; it reaches no mart."""
    with duckdb.connect(str(captured[0] / "live" / "warehouse" / "warehouse.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute(
            "SELECT count(*) FROM raw.cbs_kerncijfers WHERE area_code = 'BU07850917'"
        ).fetchall() == [(1,)]
        assert warehouse.execute("SELECT count(*) FROM raw.cbs_kerncijfers").fetchall() == [(17341,)]
    assert monitor.execute("SELECT count(*) FROM wonen.indicator_values WHERE area_code LIKE 'BU0785%'").fetchall() == [
        (0,)
    ]
    heerlen = monitor.execute("SELECT count(*) FROM meta.areas WHERE substr(area_code, 3, 4) = '0917'").fetchall()
    assert heerlen == [(81,)]


@pytest.mark.parametrize("indicator", ["WON_WOZ", "WON_KOOPWONINGEN", "WON_LEEGSTAND", "WON_GAS"])
def test_columns_empty_nationally_are_not_published(monitor: duckdb.DuckDBPyConnection, indicator: str) -> None:
    statuses = monitor.execute(
        "SELECT value_status, count(value), count(*) > 80 FROM wonen.indicator_values WHERE indicator_code = ? GROUP BY 1",
        [indicator],
    ).fetchall()
    assert statuses == [("not_published", 0, True)]


def test_empty_cells_of_published_columns_are_suppressed(monitor: duckdb.DuckDBPyConnection) -> None:
    """Benefits are not published below 30 inhabitants: In de Cramer has 5."""
    rows = monitor.execute(
        "SELECT value, value_status FROM werken.indicator_values WHERE indicator_code = 'WER_BIJSTAND' AND area_code = 'BU09173002'"
    ).fetchall()
    assert rows == [(None, "suppressed_source")]


def test_benefits_per_1000_from_the_published_counts(monitor: duckdb.DuckDBPyConnection) -> None:
    assert _value(monitor, "werken", "WER_BIJSTAND", "GM0917") == pytest.approx(1000 * 4210 / 87086, abs=1e-12)
    rows = monitor.execute(
        """SELECT value, numerator, denominator, coverage, national_gap, municipality_rest_gap FROM werken.indicator_values
        WHERE indicator_code = 'WER_BIJSTAND' AND area_code = 'HN14'"""
    ).fetchall()
    value, numerator, denominator, coverage, national_gap, rest_gap = rows[0]
    # De Hei (50 inhabitants) has no published number: it is left out of numerator and denominator, and coverage says so.
    assert (numerator, denominator) == (3170, 55690)
    assert value == pytest.approx(1000 * 3170 / 55690)
    assert coverage == pytest.approx(55690 / 55740)
    assert national_gap < 0
    assert rest_gap < 0


@pytest.mark.parametrize(
    ("area", "year", "good_health"),
    [("NL00", 2016, 75.2), ("NL00", 2020, 78.4), ("GM0917", 2016, 63.9), ("GM0917", 2020, 67.4)],
)
def test_health_as_published(monitor: duckdb.DuckDBPyConnection, area: str, year: int, good_health: float) -> None:
    assert _value(monitor, "gezondheid", "GEZ_ERVAREN_GEZONDHEID", area, year) == good_health


def test_health_of_heerlen_noord_is_the_weighted_mean_of_its_wijken(monitor: duckdb.DuckDBPyConnection) -> None:
    expected = monitor.execute(
        f"""WITH people AS (
            SELECT trim("WijkenEnBuurten") AS code,
                "k_15Tot25Jaar_9" + "k_25Tot45Jaar_10" + "k_45Tot65Jaar_11" + "k_65JaarOfOuder_12" AS adults
            FROM '{_capture()}')
        SELECT sum(h.value * p.adults) / sum(p.adults)
        FROM meta.area_members AS m
        JOIN people AS p ON p.code = m.member_code
        JOIN gezondheid.indicator_values AS h ON h.area_code = m.member_code
        WHERE m.area_set = 'HN14' AND h.indicator_code = 'GEZ_ERVAREN_GEZONDHEID' AND h.year = 2020"""
    ).fetchall()[0][0]
    assert _value(monitor, "gezondheid", "GEZ_ERVAREN_GEZONDHEID", "HN14") == pytest.approx(expected, abs=1e-9)


def _capture() -> Path:
    from tests.support.captures import CAPTURES

    return CAPTURES / "kwb" / "84799NED_TypedDataSet.parquet"


def test_every_row_is_explained(monitor: duckdb.DuckDBPyConnection) -> None:
    for line in ("leren", "werken", "gezondheid", "wonen", "veiligheid"):
        unexplained = monitor.execute(
            f"SELECT count(*) FROM {line}.indicator_values WHERE snapshot_id NOT IN (SELECT snapshot_id FROM meta.snapshots)"
        ).fetchall()
        assert unexplained == [(0,)]
    snapshots = monitor.execute(
        "SELECT table_id, row_count, publisher, data_origin FROM meta.snapshots ORDER BY 1"
    ).fetchall()
    assert snapshots == [("50090NED", 34682, "RIVM", "live"), ("84799NED", 17341, "CBS", "live")]


def test_the_whole_country_came_in_two_pages(captured: tuple[Path, LoopbackPublisher]) -> None:
    data = [request for request in captured[1].requests if "84799NED/TypedDataSet" in request]
    assert [("$skip=10000" in request) for request in data] == [False, True]
