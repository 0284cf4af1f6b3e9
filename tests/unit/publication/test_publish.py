"""Publishing: released, unchanged or blocked, and what each leaves behind."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from publication.catalog import open_read_only
from publication.errors import PublicationError
from publication.publish import publish
from publication.release import Release, current_release, list_releases
from sources.environment import Environment
from tests.unit.publication.conftest import Maker
from tests.unit.publication.synthetic import FINGERPRINT, OTHER_FINGERPRINT, change

pytestmark = pytest.mark.slow

DEFECT = "UPDATE leren.indicator_values SET direction = 'up' WHERE area_code = 'NL00'"


def stored(environment: Environment) -> list[tuple[Any, ...]]:
    with closing(open_read_only(environment.warehouse)) as connection:
        return connection.execute(
            "SELECT subject, check_name, passed, snapshot_ids FROM control.checks WHERE gate = 'release'"
        ).fetchall()


def test_a_sound_warehouse_is_released(environment: Environment, manifest: Path) -> None:
    result = publish(environment, FINGERPRINT, manifest)
    assert result.outcome == "released"
    assert result.release == current_release(environment)
    assert len(stored(environment)) == len(result.checks) > 50
    assert all(passed for _, _, passed, _ in stored(environment))
    with closing(open_read_only(environment.current / "monitor.duckdb")) as connection:
        counts = connection.execute("SELECT gate, count(*) FROM meta.checks GROUP BY gate ORDER BY gate").fetchall()
    assert counts == [("arrival", 1), ("release", len(result.checks))]


def test_the_same_fingerprint_makes_no_release(environment: Environment, release: Release, manifest: Path) -> None:
    manifest.unlink()
    environment.warehouse.unlink()
    result = publish(environment, FINGERPRINT, manifest)
    assert (result.outcome, result.release, result.checks) == ("unchanged", release, ())
    assert list_releases(environment) == [release]


def test_a_damaged_current_release_is_made_again(environment: Environment, release: Release, manifest: Path) -> None:
    (release.path / "monitor.duckdb").unlink()
    result = publish(environment, FINGERPRINT, manifest)
    assert result.outcome == "released"
    assert result.release is not None
    assert result.release.id != release.id


def test_a_red_gate_leaves_current_as_it_was(environment: Environment, release: Release, manifest: Path) -> None:
    change(environment, DEFECT)
    result = publish(environment, OTHER_FINGERPRINT, manifest)
    assert result.outcome == "blocked"
    assert result.release == release == current_release(environment)
    assert [(check.subject, check.name) for check in result.checks if check.blocks] == [
        ("leren.indicator_values", "direction_known")
    ]
    assert [path.name for path in environment.releases.iterdir()] == [release.id]
    assert ("leren.indicator_values", "direction_known", False, []) in stored(environment)


def test_the_next_run_replaces_the_results_of_a_blocked_one(environment: Environment, manifest: Path) -> None:
    change(environment, DEFECT)
    assert publish(environment, FINGERPRINT, manifest).release is None
    change(environment, "UPDATE leren.indicator_values SET direction = 'neutral' WHERE area_code = 'NL00'")
    assert publish(environment, FINGERPRINT, manifest).outcome == "released"
    assert all(passed for _, _, passed, _ in stored(environment))


def test_a_warning_does_not_block(environment: Environment, manifest: Path) -> None:
    # Margins of a publisher, who rounds them apart from the value.
    publisher = "area_code = 'NL00' AND lower_998 IS NULL"
    change(environment, f"UPDATE leren.indicator_values SET lower_95 = value + 0.1 WHERE {publisher}")
    result = publish(environment, FINGERPRINT, manifest)
    assert result.outcome == "released"
    assert [check.name for check in result.checks if not check.passed] == ["limits_around_value"]


def test_figures_of_another_origin_are_never_released(new_environment: Maker) -> None:
    environment = new_environment("live")
    change(environment, "UPDATE leren.indicator_values SET data_origin = 'sample' WHERE area_code = 'NL00'")
    result = publish(environment, FINGERPRINT, environment.home / "manifest.json")
    assert result.outcome == "blocked"
    assert {check.name for check in result.checks if check.blocks} == {"one_data_origin"}


def test_publishing_sweeps_first(environment: Environment, release: Release, manifest: Path) -> None:
    (environment.releases / ".building-20260101T000000Z-01234567").mkdir()
    publish(environment, FINGERPRINT, manifest)
    assert [path.name for path in environment.releases.iterdir()] == [release.id]


def test_a_warehouse_without_control_tables_is_one_clear_error(environment: Environment, manifest: Path) -> None:
    change(environment, "DROP TABLE control.checks")
    with pytest.raises(PublicationError, match="can't be stored"):
        publish(environment, FINGERPRINT, manifest)
    assert list_releases(environment) == []
