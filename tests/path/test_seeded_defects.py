"""Every check turns red on a defect: seeded into a copy of the sample, one at a time, against the real check.

A check without a defect here fails: nobody would know whether it can turn red at all.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.dbt import PROJECT, ensure_manifest
from sources.arrival import UNIQUE_ROWS
from sources.checks import CheckResult
from sources.feed import Expectation
from sources.registry import load_registry

pytestmark = pytest.mark.slow

REGISTRY = load_registry()
EXPECTATIONS = [(feed.id, e) for feed in REGISTRY.values() for e in (UNIQUE_ROWS, *feed.expectations)]

# One statement per way in which a row query can find rows.
ROW_QUERY_DEFECTS = {
    "wijken_add_up_to_their_municipality": [
        "UPDATE delivery SET population = 1.1 * population + 500 WHERE area_code = 'GM0917' AND table_id = '84799NED'",
        "DELETE FROM delivery WHERE table_id = '84799NED' AND area_code = "
        "(SELECT max_by(area_code, population) FROM delivery WHERE table_id = '84799NED' AND area_code LIKE 'WK0917%')",
    ],
    "levels_add_up_to_hundred": [
        "UPDATE delivery SET share_pct = 50 + share_pct / 2 WHERE area_code = 'GM0917' AND breakdown = '2018700'",
        "UPDATE delivery SET share_pct = share_pct / 2 WHERE area_code = 'GM0917' AND breakdown = '2018700'",
    ],
    "parts_do_not_exceed_total": [
        "UPDATE delivery SET registered_crimes = 1e6 WHERE area_code = 'GM0917' AND breakdown = '1.1.1'",
        "UPDATE delivery SET registered_crimes = 0 WHERE area_code = 'GM0917' AND breakdown = '0.0.0'",
    ],
    "margins_enclose_the_value": [
        "UPDATE delivery SET good_health_pct = 99 WHERE area_code = 'GM0917' AND bound = 'lower'",
        "UPDATE delivery SET good_health_pct = 1 WHERE area_code = 'GM0917' AND bound = 'upper'",
    ],
    "years_have_all_their_months": [
        "DELETE FROM delivery WHERE period_code = '2024MM07'",
        "INSERT INTO delivery SELECT * REPLACE ('2024MM13' AS period_code) FROM delivery WHERE period_code = '2024MM07' LIMIT 1",
    ],
    "kinds_do_not_exceed_total": [
        "UPDATE delivery SET registered_nuisance = 1e6 WHERE area_code = 'GM0917' AND breakdown = 'youth'",
        "UPDATE delivery SET registered_nuisance = 0 WHERE area_code = 'GM0917' AND breakdown = 'total'",
    ],
    "months_add_up_to_their_year": [
        "UPDATE delivery SET registered_nuisance = 2 * registered_nuisance WHERE area_code = 'GM0917' AND period_code = '2024MM07'",
        "UPDATE delivery SET registered_nuisance = 1.5 * registered_nuisance WHERE area_code = 'GM0917' AND period_code = '2023JJ00'",
    ],
    "benefits_do_not_exceed_inhabitants": [
        "UPDATE delivery SET social_assistance = 100 * social_assistance WHERE area_code = 'GM0917' AND period_code = '2024KW04'",
        "UPDATE delivery SET disability_benefit = inhabitants_15_plus + 20 WHERE area_code = 'WK091712'",
        "UPDATE delivery SET inhabitants_15_plus = 100 WHERE area_code = 'GM0917'",
    ],
    "the_country_scores_about_zero": ["UPDATE delivery SET ses_score = 0.2 WHERE area_code = 'NL00'"],
    "participation_is_working_over_population": [
        "UPDATE delivery SET working = 0.9 * working WHERE area_code = 'GM0917'",
        "UPDATE delivery SET participation_pct = 100 - participation_pct WHERE area_code = 'NL00'",
    ],
    "counts_are_rounded_to_five": ["UPDATE delivery SET youth_care = youth_care + 1 WHERE area_code = 'GM0917'"],
    "forms_do_not_exceed_total": [
        "UPDATE delivery SET youth_care = 100000 WHERE area_code = 'GM0917' AND breakdown = 'with_stay'",
        "UPDATE delivery SET youth_care = 0 WHERE area_code = 'GM0917' AND breakdown = 'total'",
    ],
    "violence_does_not_exceed_all_victims": [
        "UPDATE delivery SET violence_victims_pct = 99 WHERE area_code = 'GM0917'"
    ],
    "survey_margins_enclose_the_value": [
        "UPDATE delivery SET unsafe_neighbourhood_pct = 99 WHERE area_code = 'GM0917' AND bound = 'lower'",
        "UPDATE delivery SET unsafe_neighbourhood_pct = 1 WHERE area_code = 'GM0917' AND bound = 'upper'",
        "UPDATE delivery SET safety_grade = 10 WHERE area_code = 'GM0917' AND bound = 'lower'",
        "UPDATE delivery SET safety_grade = 1 WHERE area_code = 'GM0917' AND bound = 'upper'",
    ],
    "the_country_uses_a_usual_amount": [
        "UPDATE delivery SET gas_m3 = gas_m3 / 10 WHERE area_code = 'NL00'",
        "UPDATE delivery SET electricity_kwh = 10 * electricity_kwh WHERE area_code = 'NL00'",
    ],
    "every_municipality_lies_in_a_province": [
        "UPDATE delivery SET attributes = MAP {'province_code': 'RE10', 'province_name': 'Limburg'} WHERE area_code = 'GM0917'",
        "UPDATE delivery SET attributes = MAP {'province_code': 'PV31'} WHERE area_code = 'GM0917'",
        "UPDATE delivery SET attributes = MAP {} WHERE area_code = 'GM0917'",
    ],
    "a_province_has_one_name": [
        "UPDATE delivery SET attributes = MAP {'province_code': 'PV31', 'province_name': 'Utrecht'} WHERE area_code = 'GM0917'",
    ],
    "leavers_are_a_small_part_of_pupils": ["UPDATE delivery SET early_leavers = pupils / 2 WHERE area_code = 'GM0917'"],
    "municipalities_stay_below_the_country": ["UPDATE delivery SET pupils = 1000 WHERE area_code = 'NL00'"],
    "postcodes_of_heerlen_are_there": [
        "DELETE FROM delivery WHERE breakdown = 'BO' AND area_code IN ('PC6411', 'PC6412', 'PC6413')",
    ],
    "most_pupils_are_in_ordinary_schools": ["UPDATE delivery SET pupils = 1000 WHERE breakdown = 'SO'"],
    "every_area_has_a_polygon": [
        "UPDATE delivery SET attributes = MAP {'name': 'Maria Gewanden'} WHERE area_code = 'BU09171000'",
        "UPDATE delivery SET attributes = MAP {'geometry': '{\"type\":\"Point\",\"coordinates\":[6,51]}'} WHERE area_code = 'BU09171000'",
    ],
    "absent_pupils_do_not_exceed_pupils": [
        "UPDATE delivery SET long_absence = pupils + 1 WHERE pupils > 0",
        "UPDATE delivery SET out_of_school = pupils + 1 WHERE pupils > 0",
    ],
    "participants_do_not_exceed_pupils": ["UPDATE delivery SET participants = pupils + 1 WHERE pupils > 0"],
    "participants_follow_at_most_twenty_hours": [
        "UPDATE delivery SET hours_attended = 21 * participants WHERE participants > 0",
        "UPDATE delivery SET participants = 0 WHERE hours_attended > 0",
    ],
    "toddlers_with_a_place_or_waiting_are_target_toddlers": [
        "UPDATE delivery SET placed = target_toddlers WHERE waiting > 0",
        "UPDATE delivery SET target_toddlers = toddlers + 1 WHERE toddlers > 0",
    ],
    "parts_of_the_stock_do_not_exceed_it": [
        "UPDATE delivery SET vacant_for_works = dwellings WHERE vacant_between_tenants > 0",
        "UPDATE delivery SET dwellings_with_label = dwellings + 1 WHERE dwellings > 0",
        "UPDATE delivery SET dwellings_label_efg = dwellings_with_label + 1 WHERE dwellings_with_label > 0",
    ],
    "mean_rent_is_a_usual_rent": [
        "UPDATE delivery SET rent_eur = rent_eur / 10 WHERE dwellings > 0",
        "UPDATE delivery SET rent_eur = 10 * rent_eur WHERE dwellings > 0",
    ],
    "kinds_of_requests_add_up": [
        "UPDATE delivery SET requests = requests + 1 WHERE breakdown = 'total'",
        "UPDATE delivery SET requests = requests + 1 WHERE breakdown = 'damp'",
        "DELETE FROM delivery WHERE breakdown = 'total' AND area_code = (SELECT min(area_code) FROM delivery)",
    ],
    "who_found_work_took_part": [
        "UPDATE delivery SET ended_with_work = ended + 1 WHERE breakdown = 'total'",
        "UPDATE delivery SET ended = participants + 1 WHERE breakdown = 'total'",
        "UPDATE delivery SET courses = participants - 1 WHERE participants > 0",
    ],
    "outflow_to_work_is_part_of_outflow": [
        "UPDATE delivery SET outflow_to_work = outflow + 1 WHERE breakdown = 'total|total'",
        "UPDATE delivery SET inflow = recipients + outflow + 1 WHERE breakdown = 'total|total'",
    ],
    "ages_on_assistance_add_up": [
        "UPDATE delivery SET recipients = recipients + 1 WHERE breakdown = 'total|total'",
        "UPDATE delivery SET recipients = recipients + 1 WHERE breakdown = '27_45|total'",
    ],
    "children_with_problems_were_measured": [
        "UPDATE delivery SET overweight = measured + 1",
        "UPDATE delivery SET obese = overweight + 1",
        "UPDATE delivery SET mouth_problems = measured + 1",
        "UPDATE delivery SET speech_problems = measured + 1",
    ],
    "kinds_of_care_do_not_exceed_all_care": [
        "UPDATE delivery SET costs_hospital_eur = costs_eur WHERE costs_gp_eur > 1"
    ],
    "participants_take_part": [
        "UPDATE delivery SET unique_participants = participations + 1",
        "UPDATE delivery SET children = unique_participants + 1",
    ],
    "solved_reports_do_not_exceed_reports": ["UPDATE delivery SET solved_in_time = reports + 1"],
    "kinds_of_nuisance_add_up": [
        "UPDATE delivery SET reports = reports + 1 WHERE breakdown = 'total'",
        "UPDATE delivery SET reports = reports + 1 WHERE breakdown = 'youth'",
    ],
    "buurten_lie_in_a_wijk_that_is_there": ["DELETE FROM delivery WHERE area_code = 'WK091710'"],
    "buurten_add_up_to_their_municipality": [
        "UPDATE delivery SET inhabitants = 1.1 * inhabitants + 500 WHERE area_code = 'GM0917'",
        "UPDATE delivery SET inhabitants = 0 WHERE area_code LIKE 'BU091712%'",
    ],
}


def defects_of(expectation: Expectation, rows: int) -> list[str]:
    """Statements on table `delivery`, each of which alone must turn the expectation red.

    Args:
        rows: how many rows the delivery has.
    """
    column = f'"{expectation.column}"'
    one = f"(SELECT min(rowid) FROM delivery WHERE {column} IS NOT NULL)"
    if expectation.type == "unexpected_rows_expectation":
        return ROW_QUERY_DEFECTS.get(str(expectation.name), [])
    if expectation.type == "expect_column_values_to_be_between" and expectation.mostly is None:
        beyond = [(expectation.min_value, -1), (expectation.max_value, 1)]
        values = [limit + step * 0.5 for limit, step in beyond if limit is not None]
        return [f"UPDATE delivery SET {column} = {value} WHERE rowid = {one}" for value in values]
    if expectation.type == "expect_column_values_to_not_be_null":
        keep = math.ceil((expectation.mostly or 1) * rows) - 1
        present = f"SELECT rowid FROM delivery WHERE {column} IS NOT NULL ORDER BY rowid LIMIT {keep}"
        return [f"UPDATE delivery SET {column} = NULL WHERE rowid NOT IN ({present})"]
    if expectation.type == "expect_column_distinct_values_to_equal_set" and expectation.value_set:
        gone = expectation.value_set[0]
        return [
            f"UPDATE delivery SET {column} = 'unknown' WHERE rowid = {one}",
            f"DELETE FROM delivery WHERE {column} = '{gone}'",
        ]
    if expectation.type == "expect_column_values_to_be_in_set":
        return [f"UPDATE delivery SET {column} = 'unknown' WHERE rowid = {one}"]
    if expectation.type == "expect_compound_columns_to_be_unique":
        return ["INSERT INTO delivery SELECT * FROM delivery WHERE rowid = 0"]
    return []


@pytest.fixture(scope="module")
def deliveries(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, int]]:
    """Per feed a DuckDB file with its good rows as `good`, and their number."""
    folder = tmp_path_factory.mktemp("deliveries")
    warehouse = sample_home / "sample" / "warehouse" / "warehouse.duckdb"
    made = {}
    for feed_id in REGISTRY:
        with duckdb.connect(str(folder / f"{feed_id}.duckdb")) as connection:
            connection.execute(f"ATTACH '{warehouse}' AS warehouse (READ_ONLY)")
            connection.execute(f'CREATE TABLE good AS SELECT * FROM warehouse.raw."{feed_id}"')
            rows = connection.execute("SELECT count(*) FROM good").fetchall()[0][0]
            connection.execute("DETACH warehouse")
        made[feed_id] = (folder / f"{feed_id}.duckdb", rows)
    return made


def _seed(database: Path, defect: str | None) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE OR REPLACE TABLE delivery AS SELECT * FROM good")
        if defect is not None:
            changed = connection.execute(defect).fetchall()[0][0]
            assert changed, f"the defect finds no row to spoil in the sample: {defect}"


@pytest.fixture(scope="module")
def green(deliveries: Mapping[str, tuple[Path, int]]) -> dict[tuple[str, str], CheckResult]:
    """The results on the good rows, by feed and check."""
    from sources.expectations import run_expectations

    found = {}
    for feed_id, (database, _rows) in deliveries.items():
        _seed(database, None)
        expectations = [e for owner, e in EXPECTATIONS if owner == feed_id]
        for result in run_expectations(database, "delivery", "arrival", feed_id, expectations):
            found[feed_id, result.name] = result
    return found


@pytest.mark.parametrize(
    ("feed_id", "expectation"), EXPECTATIONS, ids=[f"{feed}-{e.check_name}" for feed, e in EXPECTATIONS]
)
def test_expectation_turns_red(
    deliveries: Mapping[str, tuple[Path, int]],
    green: Mapping[tuple[str, str], CheckResult],
    feed_id: str,
    expectation: Expectation,
) -> None:
    from sources.expectations import run_expectations

    database, rows = deliveries[feed_id]
    defects = defects_of(expectation, rows)
    if not defects:
        pytest.fail(
            f"no defect is known that turns {expectation.check_name} of {feed_id} red: add an UPDATE, DELETE or INSERT on table "
            f"delivery to ROW_QUERY_DEFECTS under that name, or to defects_of() for the type {expectation.type}"
        )
    before = green[feed_id, expectation.check_name]
    assert before.passed, f"red on the good sample: {before.found}"
    for defect in defects:
        _seed(database, defect)
        (result,) = run_expectations(database, "delivery", "arrival", feed_id, [expectation])
        assert not result.passed, f"{expectation.check_name} stays green after: {defect}"
        assert not result.found.startswith("not computable"), result.found
        assert result.severity == expectation.severity
        assert result.unexpected_count > 0 or "are missing" in result.found, result.found
        if expectation.type in ("unexpected_rows_expectation", "expect_column_values_to_be_between"):
            assert result.examples != "[]", "a red check shows what is wrong"


def test_a_vanished_member_is_named(deliveries: Mapping[str, tuple[Path, int]]) -> None:
    from sources.expectations import run_expectations

    feed_id, expectation = next((feed, e) for feed, e in EXPECTATIONS if e.type.endswith("_to_equal_set"))
    assert expectation.value_set
    gone = str(expectation.value_set[0])
    database, _rows = deliveries[feed_id]
    _seed(database, f"DELETE FROM delivery WHERE \"{expectation.column}\" = '{gone}'")
    (result,) = run_expectations(database, "delivery", "arrival", feed_id, [expectation])
    assert gone in result.found


def test_a_new_expectation_needs_a_defect() -> None:
    """A type or row query that nobody has thought of has no defect, so the test above would fail."""
    unknown = Expectation(
        type="unexpected_rows_expectation",
        name="new",
        description="x",
        severity="warn",
        unexpected_rows_query="SELECT 1",
    )
    assert defects_of(unknown, 100) == []
    assert defects_of(Expectation(type="expect_table_row_count_to_be_between", severity="warn", min_value=1), 100) == []


# A shown count of what we protect, which is no amount; and a figure that is hidden.
_PROTECTED = (
    "(SELECT min(rowid) FROM {model} WHERE numerator > 0 AND indicator_code IN (SELECT indicator_code FROM "
    "intermediate.int_disclosure__terms WHERE NOT is_open AND role != 'denominator' AND counts != 'amount'))"
)
_HIDDEN = "(SELECT min(rowid) FROM {model} WHERE value_status = 'suppressed_here')"
_RATIO = "(SELECT min(rowid) FROM {model} WHERE value IS NOT NULL AND denominator IS NOT NULL)"

# Per generic test: statements on {model}, each of which alone must give failing rows.
GENERIC_DEFECTS = {
    "small_counts_are_hidden": [
        f"UPDATE {{model}} SET numerator = 1 WHERE rowid = {_PROTECTED}",
        f"UPDATE {{model}} SET numerator = 4 WHERE rowid = {_PROTECTED}",
        "DELETE FROM control.disclosure_rules WHERE NOT is_open",
    ],
    "counts_are_rounded": [
        f"UPDATE {{model}} SET numerator = numerator + 1 WHERE rowid = {_PROTECTED}",
        f"UPDATE {{model}} SET numerator = 1234567 WHERE rowid = {_PROTECTED}",
        "UPDATE control.disclosure_rules SET rounding = 7 WHERE NOT is_open",
    ],
    "hidden_is_hidden": [
        f"UPDATE {{model}} SET {change} WHERE rowid = {_HIDDEN}"
        for change in (
            "value = 1",
            "numerator = 1",
            "coverage = 1",
            "lower_95 = 1",
            "upper_95 = 1",
            "lower_998 = 1",
            "upper_998 = 1",
            "national_gap = 1",
            "municipality_rest_gap = 1",
            "national_verdict = 'similar'",
            "municipality_rest_verdict = 'similar'",
            "recent_trend = 'no_significant_change'",
        )
    ],
    "triple_agrees": [
        f"UPDATE {{model}} SET {change} WHERE rowid = {_RATIO}"
        for change in (
            "value = 1.001 * value + 0.001",
            "numerator = numerator + 1",
            "denominator = denominator + 1, numerator = numerator + 1",
            "numerator = NULL",
            "denominator = NULL",
        )
    ],
    "activity_counts_are_safe": [
        f"UPDATE {{model}} SET {change} WHERE rowid = (SELECT min(rowid) FROM {{model}} WHERE value_status = '{status}')"
        for change, status in (
            ("participations = 3", "measured"),
            ("children = 6", "measured"),
            ("volunteers = NULL", "measured"),
            ("value_note_nl = 'x'", "measured"),
            ("value_status = 'suppressed_here'", "measured"),
            ("value_status = 'measured', value_note_nl = NULL", "suppressed_here"),
            ("value_status = 'hidden'", "suppressed_here"),
            ("value_note_nl = NULL", "suppressed_here"),
        )
    ]
    + ["DELETE FROM control.disclosure_rules WHERE NOT is_open"],
    "unique_combination": ["INSERT INTO {model} SELECT * FROM {model} LIMIT 1"],
    "value_iff_status": [
        "UPDATE {model} SET value = NULL WHERE rowid = {measured}",
        "UPDATE {model} SET value_status = 'missing' WHERE rowid = {measured}",
        "UPDATE {model} SET value = 'NaN' WHERE rowid = {measured}",
        "UPDATE {model} SET value = '-Infinity' WHERE rowid = {measured}",
        "UPDATE {model} SET coverage = 1.01 WHERE rowid = {measured}",
        "UPDATE {model} SET coverage = -0.01 WHERE rowid = {measured}",
    ],
    "gap_has_direction": [
        "UPDATE {model} SET national_gap = -national_gap WHERE national_gap < 0",
        "UPDATE {model} SET national_gap = -national_gap WHERE national_gap > 0",
        "UPDATE {model} SET national_value = 1 WHERE area_code = 'NL00' AND rowid = "
        "(SELECT min(rowid) FROM {model} WHERE area_code = 'NL00')",
        "UPDATE {model} SET municipality_rest_value = 1 WHERE rowid = "
        "(SELECT min(rowid) FROM {model} WHERE area_code = 'RH14')",
        "UPDATE {model} SET municipality_rest_gap = -municipality_rest_gap WHERE municipality_rest_gap < 0",
        "UPDATE {model} SET municipality_rest_gap = -municipality_rest_gap WHERE municipality_rest_gap > 0",
    ],
    "known_words": [
        f"UPDATE {{model}} SET {column} = '{word}' WHERE rowid = {{measured}}"
        for column in (
            "direction",
            "area_type",
            "period_type",
            "estimate_type",
            "value_status",
            "data_origin",
            "national_verdict",
            "municipality_rest_verdict",
            "recent_trend",
        )
        for word in ("unknown", "")
    ]
    + [
        "UPDATE {model} SET recent_trend = NULL WHERE rowid = {measured}",
        "UPDATE {model} SET recent_trend = 'increasing_better', direction = 'neutral' WHERE rowid = {measured}",
        "UPDATE {model} SET recent_trend = 'increasing', direction = 'higher_is_better' WHERE rowid = {measured}",
        "UPDATE {model} SET recent_trend = 'no_significant_change' WHERE rowid = "
        "(SELECT min(rowid) FROM {model} WHERE value IS NULL)",
        "UPDATE {model} SET recent_trend = 'no_significant_change', estimate_type = 'model' WHERE rowid = {measured}",
        "UPDATE {model} SET recent_trend = 'no_significant_change', period_type = 'month' WHERE rowid = {measured}",
    ]
    + [
        f"UPDATE {{model}} SET {change} WHERE rowid = (SELECT min(rowid) FROM {{model}} WHERE {column} IS NOT NULL)"
        for column in ("national_verdict", "municipality_rest_verdict")
        for change in (
            f"{column} = 'higher', direction = 'lower_is_better'",
            f"{column} = 'worse', direction = 'neutral'",
            "lower_95 = NULL",
            f"{column.removesuffix('_verdict')}_value = NULL",
        )
    ],
    "limits_in_order": [
        f"UPDATE {{model}} SET {change} WHERE rowid = (SELECT min(rowid) FROM {{model}} WHERE lower_998 IS NOT NULL)"
        for change in (
            "lower_998 = lower_95 + 0.1",
            "upper_998 = upper_95 - 0.1",
            "lower_95 = value + 0.1, upper_95 = value + 1, upper_998 = value + 1",
            "upper_95 = value - 0.1, lower_95 = value - 1, lower_998 = value - 1",
            "lower_95 = upper_95 + 1",
            "lower_95 = NULL",
            "upper_95 = NULL",
            "lower_998 = NULL",
            "upper_998 = NULL",
            "lower_95 = NULL, upper_95 = NULL",
            "value = NULL",
            "upper_998 = 'Infinity'",
            "lower_998 = '-Infinity'",
        )
    ],
    "snapshot_is_explained": [
        "UPDATE {model} SET snapshot_id = 'no such delivery' WHERE rowid = {measured}",
        "UPDATE {model} SET snapshot_id = NULL WHERE rowid = {measured}",
        "DELETE FROM meta.snapshots WHERE snapshot_id = (SELECT min(snapshot_id) FROM {model})",
    ],
    "members_agree_with_regions": [
        "DELETE FROM seeds.area_members WHERE area_set = 'PV31' AND member_code = 'GM0882'",
        "UPDATE seeds.area_members SET valid_to_year = 2023 WHERE area_set = 'PV31' AND member_code = 'GM0882'",
        "UPDATE seeds.area_members SET valid_to_year = NULL WHERE area_set = 'PV31' AND member_code = 'GM0951'",
        "UPDATE {model} SET attributes = MAP {{'province_code': 'PV30'}} WHERE area_code = 'GM0917' AND boundary_year = 2024",
    ],
    "every_indicator_for_noord": [
        "DELETE FROM {model} WHERE area_code = 'HN14' AND comparator_code = 'NL00' AND indicator_code = 'WER_WW'",
        "UPDATE {model} SET comparator_code = 'RH14' WHERE area_code = 'HN14' AND indicator_code = 'WON_INWONERS'",
    ],
    "every_child_indicator": [
        "DELETE FROM {model} WHERE indicator_code = 'LER_ADVIES_HAVO_PLUS'",
        "INSERT INTO {model} BY NAME SELECT 'WER_WW' AS indicator_code, 1.0 AS value",
        "UPDATE {model} SET value = NULL WHERE indicator_code = 'LER_ADVIES_HAVO_PLUS'",
        "UPDATE {model} SET no_value_reason = 'missing' WHERE indicator_code = 'LER_ADVIES_HAVO_PLUS'",
        "UPDATE {model} SET no_value_reason_nl = NULL WHERE no_value_reason IS NOT NULL",
    ],
    "progress_says_why": [
        f"UPDATE {{model}} SET {change} WHERE rowid = (SELECT min(rowid) FROM {{model}} WHERE {which})"
        for change, which in (
            ("status = NULL", "status = 'uncertain'"),
            ("status = 'hopeful'", "status = 'uncertain'"),
            ("status = 'undefined'", "status = 'uncertain'"),
            ("status = 'behind'", "status = 'undefined'"),
            ("undefined_reason = NULL, undefined_reason_nl = NULL", "status = 'undefined'"),
            ("undefined_reason_nl = NULL", "status = 'undefined'"),
            ("share_closed = 0", "status = 'undefined'"),
            ("share_closed = NULL", "status = 'uncertain'"),
            ("share_closed_lower_95 = NULL", "status = 'uncertain'"),
            ("share_closed_upper_95 = NULL", "status = 'uncertain'"),
            ("mainly_due_to = NULL", "status = 'uncertain'"),
            ("baseline_year = now_year", "status = 'uncertain'"),
        )
    ],
    "parts_add_up": [
        f"UPDATE {{model}} SET {change} WHERE rowid = (SELECT min(rowid) FROM {{model}} WHERE gap_change IS NOT NULL)"
        for change in (
            "own_part = own_part + 0.001",
            "comparator_part = comparator_part - 0.001",
            "gap_change = gap_change + 0.001, own_part = own_part + 0.001",
            "gap_now = gap_now + 0.001",
            "gap_baseline = -gap_baseline - 1",
            "own_part = NULL",
            "comparator_part = NULL",
            "own_part = NULL, comparator_part = NULL, gap_change = NULL",
        )
    ],
    "limits_enclose_shares": [
        f"UPDATE {{model}} SET {change} WHERE rowid = (SELECT min(rowid) FROM {{model}} WHERE {which})"
        for change, which in (
            ("share_closed = share_closed_upper_95 + 0.001", "status = 'uncertain'"),
            ("share_closed = share_closed_lower_95 - 0.001", "status = 'uncertain'"),
            ("status = 'ahead'", "status = 'uncertain'"),
            ("status = 'behind'", "status = 'uncertain'"),
            ("status = 'on_track'", "status = 'uncertain' AND share_closed_lower_95 < 0"),
            ("status = 'uncertain'", "status = 'ahead'"),
            ("status = 'uncertain'", "status = 'behind'"),
            ("share_closed_lower_95 = 1e-9", "status = 'uncertain' AND share_closed > 1e-9"),
        )
    ],
    "no_period_is_skipped": [
        "DELETE FROM {model} WHERE period_start = DATE '2024-04-01' AND area_code = 'HN14'",
        "UPDATE {model} SET period_end = period_end - 1 WHERE period_start = DATE '2024-04-01' AND area_code = 'HN14'",
        "UPDATE {model} SET period_end = period_start - 1 WHERE is_newest AND area_code = 'HN14'",
    ],
    "signal_follows_change": [
        f"UPDATE {{model}} SET {change} WHERE rowid = (SELECT min(rowid) FROM {{model}} WHERE {which})"
        for change, which in (
            ("signal = NULL", "signal = 'similar'"),
            ("signal = 'fine'", "signal = 'similar'"),
            ("no_signal_reason = 'no_value', no_signal_reason_nl = 'x'", "signal = 'similar'"),
            ("no_signal_reason_nl = NULL", "signal IS NULL"),
            ("signal = 'better'", "signal = 'worse'"),
            ("signal = 'worse'", "signal = 'better'"),
            ("direction = 'neutral'", "signal = 'worse'"),
            ("signal = 'higher'", "signal = 'worse'"),
            ("signal = 'higher', direction = 'neutral'", "change < 0"),
            ("signal = 'lower', direction = 'neutral'", "change > 0"),
            ("value = NULL", "is_newest"),
            ("change = change + 0.001", "signal = 'similar'"),
        )
    ],
    "connection_is_sound": [
        f"UPDATE {{model}} SET {change} WHERE rowid = (SELECT min(rowid) FROM {{model}} WHERE is_significant = {which})"
        for change, which in (
            ("other_line = line", True),
            ("correlation = NULL", True),
            ("not_computed_reason = 'no_variation', not_computed_reason_nl = 'x'", True),
            ("not_computed_reason_nl = 'x'", True),
            ("n = 19", True),
            ("correlation = upper_95 + 0.001", True),
            ("correlation = lower_95 - 0.001", True),
            ("lower_95 = -1.001", True),
            ("upper_95 = 1.001", True),
            ("p_value = -0.001", True),
            ("p_value = p_adjusted + 0.001", True),
            ("p_adjusted = 1.001", False),
            ("is_significant = FALSE", True),
            ("relation_nl = NULL", True),
            ("relation_nl = 'x'", False),
            ("warning_nl = NULL", True),
            ("warning_nl = 'Oorzaak bewezen.'", True),
        )
    ],
}


@pytest.fixture(scope="module")
def compiled(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """A copy of the sample warehouse, and dbt's generic tests with their SQL as dbt runs it there."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    folder = tmp_path_factory.mktemp("generic_tests")
    source = sample_home / "sample" / "warehouse" / "warehouse.duckdb"
    # The file's name is the database's name in the compiled SQL.
    warehouse = Path(shutil.copy(source, folder / "warehouse.duckdb"))
    parsed = ensure_manifest().with_name("partial_parse.msgpack")
    arguments = ["compile", "--select", "test_type:generic", "--quiet", "--log-level", "none", "--no-version-check"]
    places = {"project-dir": PROJECT, "profiles-dir": PROJECT, "target-path": folder, "log-path": folder}
    arguments += [part for key, value in places.items() for part in (f"--{key}", str(value))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOORD_WAREHOUSE", str(warehouse))
        try:
            outcome: Any = dbtRunner(manifest=Manifest.from_msgpack(parsed.read_bytes())).invoke(arguments)
        finally:
            DuckDBConnectionManager.close_all_connections()
    assert outcome.exception is None, outcome.exception
    return warehouse, [result.node for result in outcome.result.results]


def _generic_tests() -> list[str]:
    text = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "tests" / "generic").glob("*.sql"))
    return sorted(re.findall(r"{%-?\s*test\s+(\w+)\(", text))


@pytest.mark.parametrize("name", _generic_tests())
def test_dbt_test_turns_red(compiled: tuple[Path, list[Any]], name: str) -> None:
    """Every use of the test, with each defect in a transaction of its own that is rolled back."""
    warehouse, nodes = compiled
    uses = [node for node in nodes if node.test_metadata.name == name]
    assert uses, f"no model or seed uses the test {name}"
    if name not in GENERIC_DEFECTS:
        pytest.fail(f"no defect is known that turns the dbt test {name} red: add statements to GENERIC_DEFECTS")
    with duckdb.connect(str(warehouse)) as connection:
        for node in uses:
            model = _relation(node)
            assert _failures(connection, node) == 0, f"{node.name} is red on the good sample"
            for template in GENERIC_DEFECTS[name]:
                measured = f"(SELECT min(rowid) FROM {model} WHERE value_status = 'measured')"
                defect = template.format(model=model, measured=measured)
                connection.execute("BEGIN")
                changed = connection.execute(defect).fetchall()[0][0]
                failures = _failures(connection, node)
                connection.execute("ROLLBACK")
                assert changed, f"the defect finds no row to spoil in the sample: {defect}"
                assert failures > 0, f"{node.name} stays green after: {defect}"


def _relation(node: Any) -> str:
    """`schema.table` that the test is about: the first table its SQL reads."""
    match = re.search(r'"warehouse"\."(\w+)"\."(\w+)"', node.compiled_code)
    assert match, node.compiled_code
    return f'"{match[1]}"."{match[2]}"'


def _failures(connection: duckdb.DuckDBPyConnection, node: Any) -> int:
    return int(connection.execute(f"SELECT count(*) FROM ({node.compiled_code})").fetchall()[0][0])
