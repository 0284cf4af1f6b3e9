"""What a release changes of the one before: each revised figure once, no noise, and the jumps among them."""

from __future__ import annotations

import json
import re
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
from publication.change_report import compare, number
from publication.changes import add_changes, make_tables
from publication.dictionary import Descriptions, read_descriptions
from publication.errors import PublicationError
from publication.gate import check_release
from publication.jumps import check_jumps
from publication.publish import publish
from publication.release import Release, build_release
from sources.checks import CheckResult, blocking
from sources.environment import Environment
from sources.feed import Acknowledgement
from tests.unit.publication.synthetic import CHECK, FINGERPRINT, OTHER_FINGERPRINT, change, write_manifest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_site")]

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
    # What is hidden now stays hidden: only who kept the release before knows what it was.
    assert row == ("withdrawn", None if new_status else 42.0, None, new_status)


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
    previous = folder / "previous.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH ':memory:' AS monitor; ATTACH '{previous}' AS previous")
        for name, figures in (("monitor", new), ("previous", old)):
            connection.execute(
                f"USE {name}; CREATE SCHEMA meta; CREATE SCHEMA leren; CREATE TABLE leren.indicator_values (indicator_code VARCHAR, "
                "area_code VARCHAR, period_start DATE, period_type VARCHAR, breakdown VARCHAR, value DOUBLE, "
                "value_status VARCHAR, snapshot_id VARCHAR, feed_id VARCHAR, national_verdict VARCHAR, "
                "municipality_rest_verdict VARCHAR); CREATE TABLE meta.snapshots (snapshot_id VARCHAR, feed_id VARCHAR); "
                "CREATE TABLE meta.indicators (indicator_code VARCHAR, line VARCHAR, label_nl VARCHAR, aggregation VARCHAR, "
                "scale DOUBLE, terms VARCHAR)"
            )
            for (indicator, area), (value, status) in figures.items():
                row = [indicator, area, date(2020, 1, 1), "year", "total", value, status, "s"]
                connection.execute(
                    f"INSERT INTO leren.indicator_values VALUES ({', '.join('?' * 8)}, 'f', NULL, NULL)", row
                )
        connection.execute("USE memory; DETACH previous")
        yield connection, previous


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
        make_tables(connection)
        add_changes(connection, previous, "r1")
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


# -- causes, and everything else that changed ---------------------------------------------------------------------------------


def changed(release: Release, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
    assert release.monitor is not None
    with open_read_only(release.monitor) as connection:
        return connection.execute(f"SELECT {columns} FROM meta.changes WHERE {where} ORDER BY ALL").fetchall()


# LER_1 is made from feed_a and from feed_b, LER_2 from feed_a alone.
LEREN_ROW = "area_code = 'HN14' AND period_start = DATE '2003-01-01'"
REVISE = f"UPDATE leren.indicator_values SET value = value + 1 WHERE {LEREN_ROW}"


@pytest.mark.parametrize(
    ("statement", "causes"),
    [
        ("", {"LER_1": "method", "LER_2": "method"}),
        (
            f"UPDATE leren.indicator_values SET snapshot_id = 'snap_9' WHERE {LEREN_ROW} AND indicator_code = 'LER_2'",
            {"LER_1": "method", "LER_2": "snapshot"},
        ),
        (
            "UPDATE meta.snapshots SET snapshot_id = 'snap_9' WHERE feed_id = 'feed_b'",
            {"LER_1": "snapshot", "LER_2": "method"},
        ),
        (
            "UPDATE meta.feeds SET contract_sha256 = 'other' WHERE feed_id = 'feed_b'",
            {"LER_1": "contract", "LER_2": "method"},
        ),
        # Another table of the own feed came in, and the contract changed: the figure's own delivery is the same.
        (
            "UPDATE meta.feeds SET contract_sha256 = 'other' WHERE feed_id = 'feed_a'; "
            "INSERT INTO meta.snapshots BY NAME SELECT 'snap_9' AS snapshot_id, 'feed_a' AS feed_id",
            {"LER_1": "contract", "LER_2": "contract"},
        ),
        (
            "INSERT INTO meta.snapshots BY NAME SELECT 'snap_9' AS snapshot_id, 'feed_a' AS feed_id",
            {"LER_1": "snapshot", "LER_2": "snapshot"},
        ),
        (
            "UPDATE meta.indicators SET terms = terms || '; weight: feed_b.people [total]' WHERE indicator_code = 'LER_2'; "
            "UPDATE meta.snapshots SET snapshot_id = 'snap_9'",
            {"LER_1": "snapshot", "LER_2": "method"},
        ),
    ],
    ids=["nothing else", "own delivery", "base", "contract", "contract and table", "table of the feed", "definition"],
)
def test_the_cause_of_a_revision(
    environment: Environment, release: Release, descriptions: Descriptions, statement: str, causes: dict[str, str]
) -> None:
    second = rebuilt(environment, descriptions, "; ".join(filter(None, (REVISE, statement))))
    found = revisions(second, "indicator_code, cause")
    # Indicators that meta.indicators does not explain follow from no definition that stands.
    assert {code: cause for code, cause in found if code in causes} == causes
    assert [cause for code, cause in found if code not in causes] == ["method"] * 3


def test_a_hidden_figure_tells_nothing_but_that_it_is_hidden(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    gone = "value = NULL, numerator = NULL, national_verdict = NULL, municipality_rest_verdict = NULL"
    second = rebuilt(
        environment, descriptions, f"UPDATE {WERKEN} SET {gone}, value_status = 'suppressed_here' WHERE {ROW}"
    )
    numbers = "old_value, new_value, difference, difference_pct, old_text, new_text, cause"
    assert changed(second, f"change, indicator_code, {numbers}") == [
        ("figure_withdrawn", "WER_2", None, None, None, None, "measured", "suppressed_here", "suppression")
    ]
    assert revisions(second, "old_value, new_value, cause") == [(None, None, "suppression")]
    text = (second.path / "changes.html").read_text(encoding="utf-8")
    assert "nu verborgen" in text
    assert "42" not in text.partition("<main>")[2].replace(release.id, "").replace(second.id, "")
    assert compare(release, second).revised[0].old_value is None


def test_a_figure_that_was_hidden_is_an_addition(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    statement = (
        f"UPDATE {WERKEN} SET value = 7, value_status = 'measured' WHERE area_code = 'BU1' AND indicator_code = 'WER_2'"
    )
    second = rebuilt(environment, descriptions, statement)
    assert changed(second, "change, line, indicator_code, period_start::VARCHAR, period_type, figures, new_value") == [
        ("figures_added", "werken", "WER_2", "2004-01-01", "year", 5, None)
    ]


def test_the_size_of_a_revision(environment: Environment, release: Release, descriptions: Descriptions) -> None:
    second = rebuilt(environment, descriptions, f"UPDATE {WERKEN} SET value = 31.5 WHERE {ROW}")
    sizes = "old_value, new_value, difference, difference_pct, previous_release_id"
    assert changed(second, sizes) == [(42.0, 31.5, -10.5, -25.0, release.id)]


NEWEST = "area_code = 'HN14' AND period_start = DATE '2004-01-01'"


def test_a_verdict_that_flipped(environment: Environment, release: Release, descriptions: Descriptions) -> None:
    one = "indicator_code = 'WER_1'"
    before = f"UPDATE {WERKEN} SET national_verdict = 'worse' WHERE {ROW}"
    second = rebuilt(
        environment, descriptions, f"{before}; UPDATE {WERKEN} SET national_verdict = 'worse' WHERE {NEWEST} AND {one}"
    )
    columns = "name, line, indicator_code, area_code, period_start::VARCHAR, old_text, new_text, cause"
    assert changed(second, columns) == [
        ("national", "werken", "WER_1", "HN14", "2004-01-01", "similar", "worse", "method")
    ], "the older period of WER_2 does not count"


def test_a_verdict_of_a_newer_period(environment: Environment, release: Release, descriptions: Descriptions) -> None:
    newer = f"""INSERT INTO {WERKEN} SELECT * REPLACE (DATE '2005-01-01' AS period_start, DATE '2005-12-31' AS period_end,
        'better' AS national_verdict) FROM {WERKEN} WHERE {NEWEST} AND indicator_code = 'WER_1'"""
    second = rebuilt(environment, descriptions, newer)
    columns = "name, period_start::VARCHAR, old_text, new_text, cause"
    assert changed(second, columns, "change = 'verdict_flipped'") == [
        ("national", "2005-01-01", "similar", "better", "new_period")
    ]


def test_a_hidden_figure_gives_no_older_verdict(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    """The year before had another verdict; that the newest year is hidden does not bring it back."""
    one = "indicator_code = 'WER_1' AND area_code = 'HN14'"
    second = rebuilt(
        environment, descriptions, f"UPDATE {WERKEN} SET national_verdict = 'worse' WHERE {one} AND period_start < DATE '2004-01-01'; "
        f"UPDATE {WERKEN} SET value = NULL, national_verdict = NULL, municipality_rest_verdict = NULL, "
        f"value_status = 'suppressed_here' WHERE {one} AND period_start = DATE '2004-01-01'",
    )  # fmt: skip
    assert changed(second, "change", "change = 'verdict_flipped'") == []


def test_tables_columns_and_indicators_that_changed(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    changes = [
        "CREATE TABLE meta.extra AS SELECT 1 AS x",
        "DROP TABLE meta.areas",
        "ALTER TABLE meta.snapshots ADD COLUMN bytes BIGINT",
        "ALTER TABLE leren.indicator_values DROP COLUMN numerator",
        "ALTER TABLE leren.indicator_values ALTER COLUMN coverage TYPE FLOAT",
        "DELETE FROM meta.indicators WHERE indicator_code = 'LER_2'",
        "INSERT INTO meta.indicators BY NAME SELECT 'LER_3' AS indicator_code, 'leren' AS line, 'Drie' AS label_nl",
        "UPDATE meta.indicators SET definition_nl = 'Iets anders.' WHERE indicator_code = 'LER_1'",
    ]
    change(environment, "; ".join(changes))
    second = build_release(environment, OTHER_FINGERPRINT, [CHECK], read_descriptions(write_manifest(environment)))
    assert changed(second, "change, name, indicator_code, old_text, new_text", "NOT starts_with(change, 'figure')") == [
        ("column_added", "meta.snapshots.bytes", None, None, "BIGINT"),
        ("column_dropped", "leren.indicator_values.numerator", None, "DOUBLE", None),
        ("column_retyped", "leren.indicator_values.coverage", None, "DOUBLE", "FLOAT"),
        ("indicator_added", None, "LER_3", None, "Drie"),
        ("indicator_dropped", None, "LER_2", "Twee", None),
        ("indicator_redefined", "definition_nl", "LER_1", 'Wat "een" is, één.', "Iets anders."),
        ("table_added", "meta.extra", None, None, None),
        ("table_dropped", "meta.areas", None, None, None),
    ]
    assert changed(second, "count(*)", "starts_with(change, 'figure')") == [(0,)]


def test_an_older_release_without_contracts_can_be_compared_with(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    """Releases of before this column stand beside newer ones for a while."""
    assert release.monitor is not None
    with duckdb.connect(str(release.monitor)) as connection:
        connection.execute("ALTER TABLE meta.feeds DROP COLUMN contract_sha256")
    second = rebuilt(environment, descriptions, REVISE)
    assert {cause for (cause,) in revisions(second, "cause")} == {"method"}


# -- told to people -------------------------------------------------------------------------------------------------------------


def test_the_page_and_the_command_tell_what_the_table_holds(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    revised = f"UPDATE {WERKEN} SET value = value * 2 WHERE {ROW}; UPDATE {WERKEN} SET value = value + 1 WHERE area_code = 'NL00'"
    flipped = f"UPDATE {WERKEN} SET national_verdict = 'worse' WHERE {NEWEST} AND indicator_code = 'WER_1'"
    named = "INSERT INTO meta.indicators BY NAME SELECT 'WER_2' AS indicator_code, 'werken' AS line, 'Werk & <inkomen>' AS label_nl"
    second = rebuilt(environment, descriptions, f"{revised}; {flipped}; {named}")
    summary = compare(release, second)
    (row,) = (row for row in summary.revised if row.indicator_code == "WER_2")
    assert (row.figures, row.change, row.area, row.period) == (6, "figure_revised", "Heerlen-Noord", "2003-01-01")
    assert (row.old_value, row.new_value, row.difference_pct) == (42.0, 84.0, 100.0)
    assert (
        sum(row.figures for row in summary.revised)
        == changed(second, "count(*)", "change = 'figure_revised'")[0][0]
        == 26
    )
    assert [(f.area, f.comparator, f.old, f.new) for f in summary.flipped] == [
        ("Heerlen-Noord", "national", "similar", "worse")
    ]
    text = (second.path / "changes.html").read_text(encoding="utf-8")
    assert "Werk &amp; &lt;inkomen&gt;" in text
    assert "<td>vergelijkbaar</td><td>slechter</td>" in text
    assert "SAMPLE – verzonnen cijfers." in text
    assert not re.search(r"(src|href)=", text), "the page needs nothing but itself"
    parquet = second.path / "changes.parquet"
    with duckdb.connect() as connection:
        count = connection.execute(f"SELECT count(*) FROM '{parquet}'").fetchall()
    assert count == changed(second, "count(*)")


def test_any_two_releases_can_be_compared_both_ways(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    rebuilt(environment, descriptions, f"UPDATE {WERKEN} SET value = 43 WHERE {ROW}")
    third = rebuilt(environment, descriptions, f"UPDATE {WERKEN} SET value = 44 WHERE {ROW}")
    there, back = compare(release, third), compare(third, release)
    assert [(row.old_value, row.new_value) for row in there.revised] == [(42.0, 44.0)]
    assert [(row.old_value, row.new_value) for row in back.revised] == [(44.0, 42.0)]
    assert compare(third, third).is_empty


def test_a_release_that_lost_its_figures_can_not_be_compared(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    second = rebuilt(environment, descriptions)
    (second.path / "monitor.duckdb").write_bytes(b"no database")
    with pytest.raises(PublicationError, match="can't be read"):
        compare(release, second)
    (second.path / "monitor.duckdb").unlink()
    with pytest.raises(PublicationError, match=r"has no monitor\.duckdb"):
        compare(release, second)


def test_the_first_and_an_equal_release_say_so(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    assert "is de eerste" in (release.path / "changes.html").read_text(encoding="utf-8")
    second = rebuilt(environment, descriptions)
    assert "verandert niets aan" in (second.path / "changes.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.0, "0"), (1234.5, "1.234,5"), (-0.25, "-0,25"), (12345678.0, "12.345.678")]
)
def test_numbers_are_written_the_dutch_way(value: float | None, text: str) -> None:
    assert number(value) == text
