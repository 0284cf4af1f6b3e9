"""The ledger of what releases showed: read from the release, added once, never taken away."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from publication.catalog import open_read_only
from publication.errors import PublicationError
from publication.ledger import catch_up, record_release, shown_figures
from publication.release import list_releases, prune
from sources import warehouse
from sources.environment import Environment
from tests.unit.publication.synthetic import make_environment

_RELEASE = """
CREATE SCHEMA meta; CREATE SCHEMA leren; CREATE SCHEMA programma;
CREATE TABLE meta.disclosure AS SELECT * FROM (VALUES
    ('closed', true, 5, 5), ('bases', true, 10, 5), ('open', false, NULL, NULL)
    ) AS t(feed_id, is_protected_here, least_count, rounding);
CREATE TABLE meta.indicators AS SELECT * FROM (VALUES
    ('SHARE', 'ratio', 'denominator: bases.pupils [total]; numerator: closed.absent [total]; numerator: closed.late [total]'),
    ('RATE', 'ratio', 'denominator: open.population [total]; numerator: closed.absent [1|total] → one; weight: closed.absent [total]'),
    ('COSTS', 'ratio', 'denominator: bases.pupils [total]; numerator: closed.euro [total]'),
    ('COUNT', 'sum', 'numerator: closed.absent [total]'),
    ('OPEN', 'ratio', 'denominator: open.population [total]; numerator: open.crimes [total]')
    ) AS t(indicator_code, aggregation, terms);
CREATE TABLE leren.indicator_values AS
    SELECT t.*, 'year' AS period_type, DATE '2024-01-01' AS period_start FROM (VALUES
        ('SHARE', 'closed', 'WK1', 'total', 15.0, 100.0), ('SHARE', 'closed', 'WK2', 'total', NULL, 60.0),
        ('RATE', 'closed', 'WK1', 'one', 20.0, 4321.0), ('COSTS', 'closed', 'WK1', 'total', 12300.0, 100.0),
        ('COUNT', 'closed', 'WK1', 'total', 0.0, NULL), ('OPEN', 'open', 'WK1', 'total', 3.0, 4321.0)
    ) AS t(indicator_code, feed_id, area_code, breakdown, numerator, denominator);
CREATE TABLE programma.activities AS
    SELECT 'taal' AS activity, 'leren' AS line, 'WK1' AS area_code, DATE '2024-01-01' AS period_start, 'quarter' AS period_type,
        40.0 AS participations, 10.0 AS unique_participants, NULL::DOUBLE AS children, 0.0 AS volunteers, 'closed' AS feed_id;
"""


def make_release(environment: Environment, name: str, sql: str = _RELEASE, *changes: str) -> None:
    """A folder as `publication.release` lists it, with the tables that the ledger reads."""
    folder = environment.releases / name
    folder.mkdir(parents=True)
    with closing(duckdb.connect(str(folder / "monitor.duckdb"))) as connection:
        for statement in (sql, *changes):
            connection.execute(statement)
    (folder / "release.json").write_text(json.dumps({"id": name, "fingerprint": "x", "data_origin": "sample"}))
    for part in ("dictionary.csv", "datapackage.json", "SHA256SUMS"):
        (folder / part).touch()


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    made = make_environment(tmp_path / "sample", keep_releases=1)
    with closing(warehouse.connect(made.warehouse)) as connection:
        connection.execute("CREATE SCHEMA control")
        connection.execute("CREATE TABLE control.measure_kinds (feed_id VARCHAR, measure VARCHAR, counts VARCHAR)")
        connection.execute(
            "INSERT INTO control.measure_kinds VALUES ('closed', 'euro', 'amount'), ('closed', 'absent', 'persons')"
        )
    return made


def ledger(environment: Environment, columns: str = "*") -> list[tuple[Any, ...]]:
    with closing(open_read_only(environment.warehouse)) as connection:
        return connection.execute(f"SELECT {columns} FROM control.published ORDER BY ALL").fetchall()


def test_a_release_is_read_as_its_readers_see_it(environment: Environment) -> None:
    make_release(environment, "20260101T000000Z-aaaaaaaa")
    assert catch_up(environment) == ["20260101T000000Z-aaaaaaaa"]
    columns = "subject, code, role, area_code, breakdown, feed_id, is_shown, shown_value, rounding, least_count"
    assert ledger(environment, columns) == [
        ("activity", "children", "value", "WK1", "leren|taal", "closed", False, None, 5, 5),
        ("activity", "participations", "value", "WK1", "leren|taal", "closed", True, 40.0, 5, 5),
        ("activity", "unique_participants", "value", "WK1", "leren|taal", "closed", True, 10.0, 5, 5),
        ("activity", "volunteers", "value", "WK1", "leren|taal", "closed", True, 0.0, 5, 5),
        ("indicator", "COSTS", "denominator", "WK1", "total", "bases", True, 100.0, 5, 10),
        # An amount is rounded to digits, not to a base.
        ("indicator", "COSTS", "numerator", "WK1", "total", "closed", True, 12300.0, None, 5),
        ("indicator", "COUNT", "value", "WK1", "total", "closed", True, 0.0, 5, 5),
        # Inhabitants and crimes are open, a weight is no count.
        ("indicator", "RATE", "numerator", "WK1", "one", "closed", True, 20.0, 5, 5),
        ("indicator", "SHARE", "denominator", "WK1", "total", "bases", True, 100.0, 5, 10),
        ("indicator", "SHARE", "denominator", "WK2", "total", "bases", True, 60.0, 5, 10),
        ("indicator", "SHARE", "numerator", "WK1", "total", "closed", True, 15.0, 5, 5),
        ("indicator", "SHARE", "numerator", "WK2", "total", "closed", False, None, 5, 5),
    ]
    with closing(open_read_only(environment.warehouse)) as connection:
        (made,) = connection.execute("SELECT DISTINCT released_at FROM control.published").fetchall()
    assert made == (datetime(2026, 1, 1, tzinfo=UTC),)


def test_a_later_release_adds_only_what_is_new(environment: Environment) -> None:
    make_release(environment, "20260101T000000Z-aaaaaaaa")
    correction = "UPDATE leren.indicator_values SET numerator = 25 WHERE indicator_code = 'SHARE' AND area_code = 'WK1'"
    make_release(environment, "20260201T000000Z-bbbbbbbb", _RELEASE, correction)
    assert catch_up(environment) == ["20260101T000000Z-aaaaaaaa", "20260201T000000Z-bbbbbbbb"]
    shown = [row for row in ledger(environment, "code, role, area_code, shown_value, release_id") if row[0] == "SHARE"]
    assert ("SHARE", "numerator", "WK1", 15.0, "20260101T000000Z-aaaaaaaa") in shown
    assert ("SHARE", "numerator", "WK1", 25.0, "20260201T000000Z-bbbbbbbb") in shown
    assert len(ledger(environment)) == 13


def test_a_release_is_added_once(environment: Environment) -> None:
    make_release(environment, "20260101T000000Z-aaaaaaaa")
    (release,) = list_releases(environment)
    record_release(environment, release)
    before = ledger(environment)
    record_release(environment, release)
    assert catch_up(environment) == []
    assert ledger(environment) == before != []


def test_what_was_just_built_is_added_with_its_true_values(environment: Environment) -> None:
    with closing(warehouse.connect(environment.warehouse)) as connection:
        connection.execute("CREATE SCHEMA intermediate")
        connection.execute(
            """CREATE TABLE intermediate.int_disclosure__quantities AS SELECT *, 'year' AS period_type, DATE '2024-01-01' AS period_start
            FROM (VALUES ('indicator', 'SHARE', 'numerator', 'WK1', 'total', 14.0), ('indicator', 'SHARE', 'numerator', 'WK2', 'total', 3.0)
            ) AS t(subject, code, role, area_code, breakdown, true_value)"""
        )
    make_release(environment, "20260101T000000Z-aaaaaaaa")
    (release,) = list_releases(environment)
    record_release(environment, release, is_just_built=True)
    rows = ledger(environment, "code, role, area_code, is_shown, true_value")
    assert [row for row in rows if row[4] is not None] == [
        ("SHARE", "numerator", "WK1", True, 14.0),
        ("SHARE", "numerator", "WK2", False, 3.0),
    ]
    assert len(rows) == 12
    # A release that is read back later says the same and adds nothing; one that was corrected within its rounding does.
    make_release(environment, "20260201T000000Z-bbbbbbbb")
    catch_up(environment)
    assert ledger(environment, "code, role, area_code, is_shown, true_value") == rows
    with closing(warehouse.connect(environment.warehouse)) as connection:
        connection.execute("UPDATE intermediate.int_disclosure__quantities SET true_value = 16 WHERE area_code = 'WK1'")
    make_release(environment, "20260301T000000Z-cccccccc")
    record_release(environment, list_releases(environment)[0], is_just_built=True)
    now = ledger(environment, "code, role, area_code, is_shown, true_value, release_id")
    assert [row for row in now if row[5] == "20260301T000000Z-cccccccc"] == [
        ("SHARE", "numerator", "WK1", True, 16.0, "20260301T000000Z-cccccccc")
    ]


def test_removing_old_releases_takes_nothing_away(environment: Environment) -> None:
    for name in ("20260101T000000Z-aaaaaaaa", "20260201T000000Z-bbbbbbbb"):
        make_release(environment, name)
    catch_up(environment)
    before = ledger(environment)
    assert prune(environment, datetime.now(UTC) + timedelta(days=2)) == ["20260101T000000Z-aaaaaaaa"]
    assert catch_up(environment) == []
    assert ledger(environment) == before


def test_a_warehouse_made_anew_learns_from_the_releases_on_disk(environment: Environment) -> None:
    make_release(environment, "20260101T000000Z-aaaaaaaa")
    catch_up(environment)
    before = ledger(environment)
    with closing(warehouse.connect(environment.warehouse)) as connection:
        connection.execute("DROP TABLE control.published")
        connection.execute("DROP TABLE control.published_releases")
    catch_up(environment)
    assert ledger(environment) == before


def test_a_release_that_protects_nothing_says_nothing(environment: Environment) -> None:
    make_release(
        environment, "20260101T000000Z-aaaaaaaa", "CREATE SCHEMA meta; CREATE TABLE meta.areas AS SELECT 1 AS x"
    )
    (release,) = list_releases(environment)
    assert release.monitor is not None
    assert shown_figures(release.monitor) is None
    record_release(environment, release)


def test_an_unreadable_release_is_named(environment: Environment) -> None:
    make_release(environment, "20260101T000000Z-aaaaaaaa")
    (release,) = list_releases(environment)
    assert release.monitor is not None
    release.monitor.write_bytes(b"no database")
    with pytest.raises(PublicationError, match="can't be added to the ledger") as raised:
        record_release(environment, release)
    assert "The release stands" in str(raised.value)
