"""The release gate: green on a sound warehouse, and each check red on its own seeded defect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from publication.catalog import LINES, list_tables, open_read_only
from publication.dictionary import Descriptions
from publication.errors import PublicationError
from publication.gate import (
    RULES,
    Suite,
    check_release,
    check_structure,
    check_table,
    read_rules,
    release_check_names,
    suites,
)
from sources.checks import CheckResult, blocking
from sources.environment import Environment
from sources.errors import ConfigurationError
from tests.unit.publication.synthetic import change

pytestmark = pytest.mark.slow

LEREN = "leren.indicator_values"
PROGRESS, SIGNALS, CONNECTIONS, CHILDREN = (
    f"programma.{name}" for name in ("progress", "early_signals", "connections", "children")
)

# Check → the statement that breaks it. A statement breaks that check alone, unless ALSO says otherwise.
DEFECTS = {
    (LEREN, "row_count"): f"DELETE FROM {LEREN} WHERE period_start > DATE '2002-01-01'",
    (LEREN, "indicators_of_focus_area"): f"DELETE FROM {LEREN} WHERE area_code = 'HN14' AND indicator_code < 'LER_3'",
    (LEREN, "indicator_code_present"): f"UPDATE {LEREN} SET indicator_code = NULL WHERE rowid = 0",
    (LEREN, "area_code_present"): f"UPDATE {LEREN} SET area_code = NULL WHERE rowid = 0",
    (LEREN, "snapshot_id_present"): f"UPDATE {LEREN} SET snapshot_id = NULL WHERE rowid = 0",
    (LEREN, "one_row_per_observation"): f"INSERT INTO {LEREN} SELECT * FROM {LEREN} WHERE area_code = 'NL00'",
    (LEREN, "value_status_known"): f"UPDATE {LEREN} SET value_status = 'guessed' WHERE area_code = 'NL00'",
    (LEREN, "value_absent_with_reason"): f"UPDATE {LEREN} SET value_status = 'measured' WHERE area_code = 'BU1'",
    (LEREN, "direction_known"): f"UPDATE {LEREN} SET direction = 'up' WHERE area_code = 'NL00'",
    (LEREN, "coverage_is_a_share"): f"UPDATE {LEREN} SET coverage = 95 WHERE area_code = 'NL00'",
    (LEREN, "percentages_in_range"): (
        f"UPDATE {LEREN} SET value = 100.1, lower_95 = 99, upper_95 = 101, lower_998 = 98, upper_998 = 102 "
        "WHERE unit = '%' AND area_code = 'HN14'"
    ),
    (LEREN, "snapshot_explained"): f"UPDATE {LEREN} SET snapshot_id = 'snap_9' WHERE area_code = 'NL00'",
    (LEREN, "feed_explained"): "UPDATE meta.feeds SET license_name = '' WHERE feed_id = 'feed_a'",
    (LEREN, "period_in_order"): f"UPDATE {LEREN} SET period_end = DATE '1999-12-31' WHERE area_code = 'NL00'",
    (LEREN, "limits_in_order"): f"UPDATE {LEREN} SET lower_95 = value + 1 WHERE area_code = 'NL00' AND lower_998 > 0",
    (LEREN, "limits_around_value"): (
        f"UPDATE {LEREN} SET lower_95 = value + 1, upper_95 = value + 2 WHERE area_code = 'NL00' AND lower_998 IS NULL"
    ),
    (
        LEREN,
        "verdict_known",
    ): f"UPDATE {LEREN} SET national_verdict = 'better' WHERE direction = 'neutral' AND lower_95 > 0",
    (
        LEREN,
        "trend_known",
    ): f"UPDATE {LEREN} SET recent_trend = 'increasing' WHERE direction <> 'neutral' AND lower_95 > 0",
    ("meta.snapshots", "row_count"): "DELETE FROM meta.snapshots",
    ("meta.snapshots", "snapshot_id_present"): "INSERT INTO meta.snapshots (feed_id) VALUES ('feed_a')",
    ("meta.snapshots", "one_row_per_snapshot"): "INSERT INTO meta.snapshots FROM meta.snapshots",
    (PROGRESS, "one_row_per_pair"): f"INSERT INTO {PROGRESS} FROM {PROGRESS}",
    (PROGRESS, "every_indicator_told"): "INSERT INTO meta.indicators BY NAME SELECT 'LER_9' AS indicator_code",
    (PROGRESS, "status_with_reason"): f"UPDATE {PROGRESS} SET status = 'hopeful' WHERE status = 'uncertain'",
    (PROGRESS, "parts_add_up"): f"UPDATE {PROGRESS} SET own_part = own_part + 0.001",
    (PROGRESS, "limits_around_share"): f"UPDATE {PROGRESS} SET share_closed = 0.51 WHERE share_closed = 0.4",
    (SIGNALS, "one_row_per_period"): f"INSERT INTO {SIGNALS} FROM {SIGNALS}",
    (SIGNALS, "signal_with_reason"): f"UPDATE {SIGNALS} SET signal = NULL",
    (SIGNALS, "row_count"): f"DELETE FROM {SIGNALS}",
    (CONNECTIONS, "one_row_per_pair"): f"INSERT INTO {CONNECTIONS} FROM {CONNECTIONS}",
    (CONNECTIONS, "limits_around_correlation"): f"UPDATE {CONNECTIONS} SET correlation = 0.71 WHERE correlation = 0.5",
    (CONNECTIONS, "no_proof_of_cause"): f"UPDATE {CONNECTIONS} SET warning_nl = NULL",
    (CHILDREN, "one_row_per_indicator"): f"INSERT INTO {CHILDREN} FROM {CHILDREN}",
    (CHILDREN, "row_count"): f"DELETE FROM {CHILDREN}",
    (CHILDREN, "value_or_reason"): f"UPDATE {CHILDREN} SET no_value_reason = NULL",
}
# A second way of breaking a check that one defect can't show.
VARIANTS = [
    ((LEREN, "value_absent_with_reason"), f"UPDATE {LEREN} SET value = NULL WHERE area_code = 'NL00'"),
    ((LEREN, "value_absent_with_reason"), f"UPDATE {LEREN} SET value = 'nan' WHERE area_code = 'WK1' AND unit <> '%'"),
    ((LEREN, "value_status_known"), f"UPDATE {LEREN} SET value_status = NULL WHERE area_code = 'NL00'"),
    ((LEREN, "direction_known"), f"UPDATE {LEREN} SET direction = NULL WHERE area_code = 'NL00'"),
    (
        (LEREN, "percentages_in_range"),
        f"UPDATE {LEREN} SET value = -0.1, lower_95 = -1, upper_95 = 1, lower_998 = -2, upper_998 = 2 "
        "WHERE unit = '%' AND area_code = 'NL00'",
    ),
    *(
        ((LEREN, "limits_in_order"), f"UPDATE {LEREN} SET {change} WHERE area_code = 'GM0917' AND lower_998 > 0")
        for change in (
            "upper_95 = value - 1",
            "lower_998 = lower_95 + 1",
            "upper_998 = upper_95 - 1",
            "lower_998 = NULL",
            "upper_998 = NULL",
        )
    ),
    ((LEREN, "limits_in_order"), f"UPDATE {LEREN} SET upper_95 = NULL WHERE area_code = 'BU2' AND lower_998 IS NULL"),
    ((LEREN, "limits_in_order"), f"UPDATE {LEREN} SET lower_95 = 1, upper_95 = 2 WHERE area_code = 'BU1'"),
    (
        (LEREN, "limits_around_value"),
        f"UPDATE {LEREN} SET lower_95 = value - 2, upper_95 = value - 1 WHERE area_code = 'NL00' AND lower_998 IS NULL",
    ),
    ((LEREN, "verdict_known"), f"UPDATE {LEREN} SET national_verdict = 'best' WHERE area_code = 'HN14'"),
    ((LEREN, "verdict_known"), f"UPDATE {LEREN} SET national_verdict = 'similar' WHERE area_code IN ('NL00', 'BU1')"),
    ((LEREN, "verdict_known"), f"UPDATE {LEREN} SET national_value = NULL WHERE area_code = 'HN14'"),
    ((LEREN, "verdict_known"), f"UPDATE {LEREN} SET municipality_rest_verdict = 'fine' WHERE area_code = 'HN14'"),
    ((LEREN, "verdict_known"), f"UPDATE {LEREN} SET municipality_rest_value = NULL WHERE area_code = 'HN14'"),
    (
        (LEREN, "verdict_known"),
        f"UPDATE {LEREN} SET lower_95 = NULL, upper_95 = NULL WHERE area_code = 'HN14' AND lower_998 IS NULL",
    ),
    ((LEREN, "trend_known"), f"UPDATE {LEREN} SET recent_trend = NULL WHERE area_code = 'NL00'"),
    ((LEREN, "trend_known"), f"UPDATE {LEREN} SET recent_trend = 'no_significant_change' WHERE area_code = 'BU1'"),
    ((LEREN, "trend_known"), f"UPDATE {LEREN} SET estimate_type = 'model' WHERE area_code = 'HN14'"),
    ((LEREN, "trend_known"), f"UPDATE {LEREN} SET period_type = 'quarter' WHERE area_code = 'HN14'"),
    ((LEREN, "feed_explained"), "DELETE FROM meta.feeds WHERE feed_id = 'feed_a'"),
    ((LEREN, "feed_explained"), f"UPDATE {LEREN} SET feed_id = NULL WHERE area_code = 'NL00'"),
    ((LEREN, "period_in_order"), f"UPDATE {LEREN} SET period_end = NULL WHERE area_code = 'NL00'"),
    ((PROGRESS, "every_indicator_told"), f"UPDATE {PROGRESS} SET area_code = 'HN13' WHERE comparator_code = 'NL00'"),
    ((PROGRESS, "status_with_reason"), f"UPDATE {PROGRESS} SET status = NULL WHERE status = 'uncertain'"),
    ((PROGRESS, "status_with_reason"), f"UPDATE {PROGRESS} SET undefined_reason = NULL"),
    ((PROGRESS, "status_with_reason"), f"UPDATE {PROGRESS} SET undefined_reason = 'no_gap'"),
    ((PROGRESS, "parts_add_up"), f"UPDATE {PROGRESS} SET comparator_part = NULL"),
    ((PROGRESS, "limits_around_share"), f"UPDATE {PROGRESS} SET share_closed_lower_95 = NULL"),
    ((PROGRESS, "limits_around_share"), f"UPDATE {PROGRESS} SET share_closed_upper_95 = 0.39"),
    ((SIGNALS, "signal_with_reason"), f"UPDATE {SIGNALS} SET signal = 'fine' WHERE signal = 'better'"),
    ((SIGNALS, "signal_with_reason"), f"UPDATE {SIGNALS} SET no_signal_reason = 'no_value'"),
    ((CONNECTIONS, "limits_around_correlation"), f"UPDATE {CONNECTIONS} SET lower_95 = -1.1"),
    ((CHILDREN, "value_or_reason"), f"UPDATE {CHILDREN} SET value = 1"),
]
# What has no value can have neither limits nor a trend.
ALSO: Mapping[str, set[str]] = {
    f"UPDATE {LEREN} SET value = NULL WHERE area_code = 'NL00'": {"limits_in_order", "trend_known"},
    f"UPDATE {LEREN} SET value = 'nan' WHERE area_code = 'WK1' AND unit <> '%'": {
        "limits_in_order",
        "limits_around_value",
    },
}

STRUCTURAL_DEFECTS = {
    "tables_exist": ("DROP TABLE wonen.indicator_values", "wonen.indicator_values does not exist"),
    "columns_exist": ("ALTER TABLE meta.feeds DROP COLUMN publisher", "meta.feeds.publisher does not exist"),
    "documented_is_materialised": (
        "ALTER TABLE leren.indicator_values ADD COLUMN extra INTEGER",
        "leren.indicator_values.extra is not documented",
    ),
    "reserved_tables_absent": ("CREATE TABLE meta.release (x INTEGER)", "meta.release is made by the release itself"),
    "types_are_portable": (
        "ALTER TABLE leren.indicator_values ALTER COLUMN direction TYPE ENUM('higher_is_better', 'lower_is_better', 'neutral')",
        "leren.indicator_values.direction is ENUM",
    ),
    "names_are_plain": (
        "ALTER TABLE leren.indicator_values RENAME COLUMN unit TO Eenheid",
        "'Eenheid' is not lower_snake",
    ),
    "one_data_origin": (
        "UPDATE leren.indicator_values SET data_origin = 'live' WHERE area_code = 'NL00'",
        "leren.indicator_values holds rows of live",
    ),
}


def suite_of(table: str) -> Suite:
    return next(suite for suite in suites(read_rules()) if suite.table == table)


def red(results: list[CheckResult]) -> set[str]:
    return {result.name for result in results if not result.passed}


def structure(
    environment: Environment, descriptions: Descriptions, data_origin: str | None = "sample"
) -> list[CheckResult]:
    with closing(open_read_only(environment.warehouse)) as connection:
        tables = list_tables(connection, "warehouse")
        return check_structure(connection, tables, descriptions, data_origin, read_rules())


def test_a_sound_warehouse_is_green(environment: Environment, descriptions: Descriptions) -> None:
    results = check_release(environment.warehouse, descriptions, data_origin="sample")
    assert red(results) == set()
    assert {result.gate for result in results} == {"release"}
    named = [f"{result.subject}__{result.name}".replace(".", "_") for result in results]
    assert named == [name for name, _ in release_check_names()]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize(
    ("check", "statement"), [*DEFECTS.items(), *VARIANTS], ids=lambda part: part[1] if isinstance(part, tuple) else ""
)
def test_a_defect_turns_its_check_red(environment: Environment, check: tuple[str, str], statement: str) -> None:
    change(environment, statement)
    results = check_table(environment.warehouse, suite_of(check[0]))
    assert red(results) == {check[1]} | ALSO.get(statement, set())
    (found,) = (result for result in results if result.name == check[1])
    assert "not computable" not in found.found
    assert isinstance(json.loads(found.examples), list)


def test_every_check_has_a_defect() -> None:
    """Lines share their checks, so a defect in one line stands for all five."""
    names = {(s.table, e.check_name) for s in suites(read_rules()) for e in s.expectations}
    assert {name for name in names if name[0] not in {f"{line}.indicator_values" for line in LINES[1:]}} == set(DEFECTS)


def test_every_line_gets_the_same_checks() -> None:
    per_line = [[e.check_name for e in suite_of(f"{line}.indicator_values").expectations] for line in LINES]
    assert all(names == per_line[0] for names in per_line)


@pytest.mark.parametrize("name", STRUCTURAL_DEFECTS)
def test_a_structural_defect_turns_its_check_red(
    environment: Environment, descriptions: Descriptions, name: str
) -> None:
    statement, problem = STRUCTURAL_DEFECTS[name]
    change(environment, statement)
    (result,) = (result for result in structure(environment, descriptions) if result.name == name)
    assert not result.passed
    assert problem in result.found
    assert result.blocks
    assert result.unexpected_count >= 1


def test_every_structural_check_has_a_defect(environment: Environment, descriptions: Descriptions) -> None:
    results = structure(environment, descriptions)
    assert red(results) == set()
    # No line is optional today; the test below shows this check on a rule file that has one.
    assert {result.name for result in results} == {*STRUCTURAL_DEFECTS, "optional_lines_exist"}


def test_an_absent_table_fails_its_checks_and_hides_none(environment: Environment, descriptions: Descriptions) -> None:
    change(environment, "DROP TABLE veiligheid.indicator_values; DROP TABLE meta.snapshots")
    results = check_release(environment.warehouse, descriptions)
    assert [f"{r.subject}__{r.name}".replace(".", "_") for r in results] == [name for name, _ in release_check_names()]
    assert all(
        not result.passed for result in results if result.subject in ("veiligheid.indicator_values", "meta.snapshots")
    )
    (explained,) = (r for r in results if r.subject == LEREN and r.name == "snapshot_explained")
    assert not explained.passed
    assert "not computable" in explained.found


def test_an_optional_line_may_be_absent_with_a_warning(environment: Environment, descriptions: Descriptions) -> None:
    rules = read_rules()
    optional = rules.lines["wonen"].model_copy(update={"required": False})
    rules = rules.model_copy(update={"lines": {**rules.lines, "wonen": optional}})
    change(environment, "DROP SCHEMA wonen CASCADE")
    without = {key: value for key, value in descriptions.items() if key[0] != "wonen"}
    results = check_release(environment.warehouse, without, rules=rules)
    assert blocking(results) == []
    assert "optional_lines_exist" in red(results)
    assert "row_count" in red(results)


def test_without_a_given_origin_one_is_enough(environment: Environment, descriptions: Descriptions) -> None:
    assert red(structure(environment, descriptions, None)) == set()
    assert red(structure(environment, descriptions, "live")) == {"one_data_origin"}
    change(environment, STRUCTURAL_DEFECTS["one_data_origin"][0])
    assert red(structure(environment, descriptions, None)) == {"one_data_origin"}


def test_a_column_that_vanished_is_named(environment: Environment, descriptions: Descriptions) -> None:
    key = ("leren", "indicator_values")
    documented = replace(descriptions[key], columns={**descriptions[key].columns, "vanished": "Gone."})
    results = structure(environment, {**descriptions, key: documented})
    assert "leren.indicator_values.vanished is documented but is no column" in {result.found for result in results}


def test_an_unreadable_warehouse_is_one_clear_error(environment: Environment, descriptions: Descriptions) -> None:
    environment.warehouse.write_bytes(b"no database")
    with pytest.raises(PublicationError, match="warehouse can't be read"):
        check_release(environment.warehouse, descriptions)


def rules_with(tmp_path: Path, change_of: Mapping[str, object]) -> Path:
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(RULES.read_text(encoding="utf-8")), **change_of}))
    return path


ROW_COUNT = {"type": "expect_table_row_count_to_be_between", "name": "row_count", "min_value": 1, "severity": "block"}


@pytest.mark.parametrize(
    ("change_of", "named"),
    [
        ({"minimum": 3}, "minimum"),
        (
            {"lines": {"leren": {"required": True, "minimum_rows": 1, "minimum_indicators": 1}}},
            "lines must name exactly",
        ),
        ({"lines": {"leren": {"requird": True}}}, "requird"),
        ({"line_expectations": [{**ROW_COUNT, "max": 3}]}, "max"),
        ({"line_expectations": [ROW_COUNT]}, "same name"),
        ({"line_expectations": []}, "line_expectations"),
        ({"focus_area": "Heerlen'; DROP"}, "focus_area"),
    ],
)
def test_a_mistake_in_the_rules_is_refused_and_named(
    tmp_path: Path, change_of: Mapping[str, object], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named):
        read_rules(rules_with(tmp_path, change_of))


def test_absent_rules_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_rules(tmp_path / "rules.yml")
