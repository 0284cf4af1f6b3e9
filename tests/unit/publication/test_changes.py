"""What a release changes of the one before: each revised figure once, no noise, and the jumps among them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publication.catalog import open_read_only
from publication.changes import add_revisions, check_jumps
from publication.dictionary import Descriptions
from publication.errors import PublicationError
from publication.gate import check_release
from publication.publish import publish
from publication.release import Release, build_release
from sources.checks import CheckResult, blocking
from sources.environment import Environment
from sources.feed import Acknowledgement
from tests.unit.publication.synthetic import CHECK, FINGERPRINT, OTHER_FINGERPRINT, change

pytestmark = pytest.mark.slow

WERKEN = "werken.indicator_values"
COLUMNS = (
    "line, indicator_code, area_code, period_start::VARCHAR, change, old_value, new_value, old_status, new_status, "
    "old_snapshot_id, new_snapshot_id"
)
ROW = "indicator_code = 'WER_2' AND area_code = 'HN14' AND period_start = DATE '2003-01-01'"


def revisions(release: Release, columns: str = COLUMNS) -> list[tuple[Any, ...]]:
    assert release.monitor is not None
    with open_read_only(release.monitor) as connection:
        return connection.execute(f"SELECT {columns} FROM meta.revisions ORDER BY ALL").fetchall()


def rebuilt(environment: Environment, descriptions: Descriptions, statement: str = "") -> Release:
    if statement:
        change(environment, statement)
    return build_release(environment, OTHER_FINGERPRINT, [CHECK], descriptions)


# -- revisions ------------------------------------------------------------------------------------------------------------


def test_the_first_release_revises_nothing(release: Release) -> None:
    assert release.previous is None
    assert revisions(release) == []


def test_the_same_figures_are_no_revision(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    assert revisions(rebuilt(environment, descriptions)) == []


def test_a_revised_figure_stands_with_both_values_and_deliveries(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    statement = f"UPDATE {WERKEN} SET value = 43.5, value_status = 'provisional', snapshot_id = 'snap_9' WHERE {ROW}"
    second = rebuilt(environment, descriptions, statement)
    assert revisions(second) == [
        (
            "werken", "WER_2", "HN14", "2003-01-01", "revised", 42.0, 43.5, "measured", "provisional", "snap_1", "snap_9",
        )
    ]  # fmt: skip
    assert revisions(second, "period_type, breakdown, previous_release_id") == [("year", "total", release.id)]


@pytest.mark.parametrize(
    ("statement", "new_status"),
    [
        (f"UPDATE {WERKEN} SET value = NULL, value_status = 'suppressed_source' WHERE {ROW}", "suppressed_source"),
        (f"DELETE FROM {WERKEN} WHERE {ROW}", None),
    ],
)
def test_a_figure_that_is_gone_is_withdrawn(
    environment: Environment, release: Release, descriptions: Descriptions, statement: str, new_status: str | None
) -> None:
    (row,) = revisions(rebuilt(environment, descriptions, statement), "change, old_value, new_value, new_status")
    assert row == ("withdrawn", 42.0, None, new_status)


def test_a_figure_that_becomes_final_changes_its_status_alone(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    statement = f"UPDATE {WERKEN} SET value_status = 'provisional' WHERE {ROW}"
    (row,) = revisions(
        rebuilt(environment, descriptions, statement), "change, old_value, new_value, old_status, new_status"
    )
    assert row == ("status_changed", 42.0, 42.0, "measured", "provisional")


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {WERKEN} SET value = value * (1 + 2e-15) WHERE {ROW}",
        f"UPDATE {WERKEN} SET value = 7, value_status = 'measured' WHERE area_code = 'BU1'",
        f"INSERT INTO {WERKEN} SELECT * REPLACE (DATE '2010-01-01' AS period_start, DATE '2010-12-31' AS period_end) "
        f"FROM {WERKEN} WHERE period_start = DATE '2003-01-01'",
        f"UPDATE {WERKEN} SET value_status = 'missing' WHERE area_code = 'BU1'",
    ],
    ids=["noise of adding up", "a figure where there was none", "a new period", "another reason for no figure"],
)
def test_what_is_no_revision(
    environment: Environment, release: Release, descriptions: Descriptions, statement: str
) -> None:
    assert revisions(rebuilt(environment, descriptions, statement)) == []


def test_a_line_that_is_gone_is_withdrawn_as_a_whole(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    change(environment, "DROP SCHEMA veiligheid CASCADE")
    without = {key: value for key, value in descriptions.items() if key[0] != "veiligheid"}
    found = revisions(build_release(environment, OTHER_FINGERPRINT, [CHECK], without), "line, change")
    assert found == [("veiligheid", "withdrawn")] * 125, "5 indicators, 5 areas with figures, 5 years"


def test_a_release_is_compared_with_the_one_that_readers_saw(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    second = rebuilt(environment, descriptions, f"UPDATE {WERKEN} SET value = 43 WHERE {ROW}")
    third = rebuilt(environment, descriptions, f"UPDATE {WERKEN} SET value = 44 WHERE {ROW}")
    assert revisions(third, "old_value, new_value, previous_release_id") == [(43.0, 44.0, second.id)]


def test_a_previous_release_that_is_no_database_is_one_clear_error(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    assert release.monitor is not None
    release.monitor.chmod(0o644)
    release.monitor.write_bytes(b"no database")
    with pytest.raises(PublicationError, match=f"Release {release.id} can't be compared with.*roll back to a sound"):
        rebuilt(environment, descriptions)
    assert [path.name for path in environment.releases.iterdir()] == [release.id]


_VALUES = st.one_of(st.none(), st.sampled_from([0.0, 1.0, 1.0 + 1e-14, -1.0, 2.5]))
_STATUSES = st.sampled_from(["measured", "provisional"])
_FIGURES = st.dictionaries(
    st.tuples(st.sampled_from(["A", "B"]), st.sampled_from(["NL00", "HN14"])), st.tuples(_VALUES, _STATUSES), max_size=4
)


@contextmanager
def monitor_and_previous(folder: Path, new: Any, old: Any) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """Two databases with the line `leren` alone; the new one attached as `monitor`."""
    paths = [folder / "monitor.duckdb", folder / "previous.duckdb"]
    for path, figures in zip(paths, (new, old), strict=True):
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                "CREATE SCHEMA meta; CREATE SCHEMA leren; CREATE TABLE leren.indicator_values (indicator_code VARCHAR, "
                "area_code VARCHAR, period_start DATE, period_type VARCHAR, breakdown VARCHAR, value DOUBLE, "
                "value_status VARCHAR, snapshot_id VARCHAR)"
            )
            for (indicator, area), (value, status) in figures.items():
                row = [indicator, area, date(2020, 1, 1), "year", "total", value, status, "s"]
                connection.execute(f"INSERT INTO leren.indicator_values VALUES ({', '.join('?' * 8)})", row)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{paths[0]}' AS monitor")
        yield connection, paths[1]


@settings(max_examples=40, deadline=None)
@given(_FIGURES, _FIGURES)
def test_each_changed_figure_stands_once(tmp_path_factory: pytest.TempPathFactory, new: Any, old: Any) -> None:
    expected = set()
    for key, (value, status) in old.items():
        now, now_status = new.get(key, (None, None))
        if value is None:
            continue
        if now is None:
            expected.add((*key, "withdrawn"))
        elif abs(now - value) > 1e-12 * max(abs(now), abs(value)):
            expected.add((*key, "revised"))
        elif now_status != status:
            expected.add((*key, "status_changed"))
    folder = tmp_path_factory.mktemp("revisions")
    with monitor_and_previous(folder, new, old) as (connection, previous):
        add_revisions(connection, previous, "r1")
        found = connection.execute("SELECT indicator_code, area_code, change FROM monitor.meta.revisions").fetchall()
    assert len(found) == len(set(found))
    assert set(found) == expected


# -- jumps ----------------------------------------------------------------------------------------------------------------


def jumps(environment: Environment, release: Release, *lines: Acknowledgement) -> CheckResult:
    return check_jumps(environment.warehouse, release.monitor, lines)


def test_a_release_without_jumps_is_green(environment: Environment, release: Release) -> None:
    assert (jumps(environment, release).passed, jumps(environment, release).found) == (True, "no figure jumped")
    alone = check_jumps(environment.warehouse, None, ())
    assert (alone.passed, alone.found) == (True, "no earlier release to compare with")


@pytest.mark.parametrize(("value", "found"), [(420, "420, and 42"), (4.2, "4.2, and 42")])
def test_a_figure_ten_times_the_released_one(
    environment: Environment, release: Release, value: float, found: str
) -> None:
    change(environment, f"UPDATE {WERKEN} SET value = {value} WHERE {ROW}")
    check = jumps(environment, release)
    assert check.found == (
        f"1 figure jumped tenfold: WER_2 of HN14, period from 2003-01-01: {found} in the release before"
    )
    assert (check.passed, check.severity, check.unexpected_count) == (False, "warn", 1)
    (row,) = json.loads(check.examples)
    assert (row["line"], row["indicator_code"], row["old_value"], row["value"]) == ("werken", "WER_2", 42.0, value)


NEW_PERIOD = f"""INSERT INTO {WERKEN} SELECT * REPLACE (DATE '2005-01-01' AS period_start, DATE '2005-12-31' AS period_end,
    10 * value AS value, 10 * numerator AS numerator)
    FROM {WERKEN} WHERE indicator_code = 'WER_2' AND area_code = 'HN14' AND period_start = DATE '2004-01-01'"""


def test_a_new_period_ten_times_the_last_released_one(environment: Environment, release: Release) -> None:
    change(environment, NEW_PERIOD)
    assert jumps(environment, release).found == (
        "1 figure jumped tenfold: WER_2 of HN14, period from 2005-01-01: 420, and 42 of 2004-01-01 in the release before"
    )


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {WERKEN} SET value = 10 * value WHERE area_code IN ('WK1', 'BU2')",
        f"UPDATE {WERKEN} SET value = 9.9 * value",
        f"UPDATE {WERKEN} SET value = 0 WHERE area_code = 'HN14'",
        f"UPDATE {WERKEN} SET value = 10 * value, numerator = 49 WHERE area_code = 'HN14'",
        f"UPDATE {WERKEN} SET value = 49, unit = 'aantal' WHERE {ROW}",
    ],
    ids=["small areas", "less than tenfold", "zero", "a rate of a small count", "a small count"],
)
def test_what_is_no_jump(environment: Environment, release: Release, statement: str) -> None:
    change(environment, statement)
    assert jumps(environment, release).passed


def test_an_acknowledged_jump_passes_and_the_check_says_why(environment: Environment, release: Release) -> None:
    change(environment, f"UPDATE {WERKEN} SET value = 420 WHERE {ROW}")
    for name, passes in (("WER_2/HN14", True), ("WER_2/HN14/2003-01-01", True), ("WER_2/HN13", False)):
        line = Acknowledgement(what="jump", name=name, date=date(2026, 11, 1), reason="nieuwe telling")
        check = jumps(environment, release, line)
        assert check.passed is passes
        assert ("nieuwe telling" in check.found) is passes


def test_a_previous_release_that_can_not_be_read_is_no_pass(environment: Environment, release: Release) -> None:
    broken = environment.home / "broken.duckdb"
    broken.write_bytes(b"no database")
    check = check_jumps(environment.warehouse, broken, ())
    assert not check.passed
    assert check.found.startswith("not computable: ")


def test_a_jump_warns_in_the_release_and_blocks_nothing(
    environment: Environment, release: Release, descriptions: Descriptions, manifest: Path
) -> None:
    limits = ", ".join(f"{side}_{level} = NULL" for side in ("lower", "upper") for level in ("95", "998"))
    verdicts = "national_verdict = NULL, municipality_rest_verdict = NULL"
    change(environment, f"UPDATE {WERKEN} SET value = 420, {limits}, {verdicts} WHERE {ROW}")
    results = check_release(environment.warehouse, descriptions, data_origin="sample", previous=release.monitor)
    assert [check.name for check in results if not check.passed] == ["no_tenfold_jump"]
    assert blocking(results) == []
    published = publish(environment, OTHER_FINGERPRINT, manifest).release
    assert published is not None
    assert published.monitor is not None
    with open_read_only(published.monitor) as connection:
        stored = "SELECT subject, passed, severity FROM meta.checks WHERE check_name = 'no_tenfold_jump'"
        assert connection.execute(stored).fetchall() == [("release", False, "warn")]
    assert published.fingerprint != FINGERPRINT
