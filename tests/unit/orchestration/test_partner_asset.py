"""A partner's feed in the lineage UI: its asset, and an event for each delivery with what the report says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.feed_assets import feed_assets, feed_key
from orchestration.resources import EnvironmentResource
from sources.environment import declare_environment
from sources.partners.privacy import Finding
from tests.support.partner import FEED_ID, FakeIntake, cells, contract, delivery

FEED = contract()
FIRST = {"WK091710": 120.0, "WK091711": 40.0}


@pytest.fixture
def intake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeIntake:
    monkeypatch.setenv("NOORD_HOME", str(tmp_path))
    monkeypatch.setenv("NOORD_FEEDS", "live")
    monkeypatch.delenv("NOORD_AS_KNOWN_ON", raising=False)
    made = FakeIntake(declare_environment("live", {"NOORD_HOME": str(tmp_path)}), FEED)
    made.install(monkeypatch)
    return made


def materialise() -> dg.ExecuteInProcessResult:
    result = dg.materialize(feed_assets({FEED.id: FEED}), resources={"environment": EnvironmentResource()})
    assert result.success
    return result


def observations(result: dg.ExecuteInProcessResult) -> list[dg.AssetObservation]:
    found = [
        event.asset_observation_data for event in result.all_events if event.event_type_value == "ASSET_OBSERVATION"
    ]
    return [data.asset_observation for data in found]


def plain(observation: dg.AssetObservation) -> dict[str, Any]:
    return {name: value.value for name, value in observation.metadata.items()}


def test_the_asset_says_whose_it_is_and_under_which_contract() -> None:
    (asset,) = feed_assets({FEED.id: FEED})
    spec = asset.get_asset_spec(feed_key(FEED_ID))
    assert (spec.group_name, set(spec.kinds)) == ("partners", {"python", "duckdb", "csv"})
    assert spec.tags["protocol"] == "partner"
    metadata = {name: getattr(value, "value", value) for name, value in spec.metadata.items()}
    assert metadata["contract"] == "version 1 from 2024-01-01"
    assert metadata["way"] == "inbox/welzijn/bezoek_{JJJJ}Q{K}.csv"
    assert metadata["refused_rows_allowed"] == "5%"
    columns = spec.metadata["dagster/column_schema"].columns  # type: ignore[attr-defined]
    assert [(column.name, column.description) for column in columns] == [("visitors", "bezoekers (aantal)")]
    assert not any(check.name == "discovery" for check in asset.check_specs)


def test_each_delivery_is_an_event_with_its_counts_and_its_report(intake: FakeIntake) -> None:
    refused = {"wijk_onbekend": 2, "geen_getal": 1}
    accepted = delivery(1, "accepted_with_refusals", accepted=8, refused=2, refusals_by_rule=refused, timing="late")
    intake.waiting = [(accepted, [cells(FIRST)]), (delivery(2, "duplicate"), [])]
    first, second = observations(materialise())
    assert first.asset_key == feed_key(FEED_ID)
    assert first.description == "Aangenomen, zonder de afgekeurde rijen: 10 rijen geleverd, 8 aangenomen, 2 afgekeurd."
    told = plain(first)
    counts = {name: told[f"rows_{name}"] for name in ("delivered", "accepted", "refused")}
    assert counts == {"delivered": 10, "accepted": 8, "refused": 2}
    assert (told["decision"], told["periods"], told["timing"]) == ("accepted_with_refusals", "2025KW01", "late")
    assert told["contract_version"] == 1
    assert told["report"] == str(intake.environment.reports / "welzijn" / "d1.html")
    rules = [line.split(" | ")[:2] for line in told["refusals"].splitlines()[2:]]
    assert rules == [["| wijk_onbekend", "2"], ["| geen_getal", "1"]]
    assert plain(second)["decision"] == "duplicate"
    assert "refusals" not in plain(second)


def test_what_was_held_tells_where_and_how_many_and_the_step_does_not_fail(intake: FakeIntake) -> None:
    held = delivery(1, "held", findings=(Finding("wijkcode", "bsn", 12, 40),), delivered=40, refused=40, periods=())
    intake.waiting = [(held, [])]
    result = materialise()
    (told,) = [plain(observation) for observation in observations(result)]
    assert told["personal_data"].splitlines()[2] == "| wijkcode | burgerservicenummer (BSN) | 12 | 40 |"
    assert told["reason"] == held.problem_nl
    checks = {
        event.asset_check_evaluation_data.check_name: event.asset_check_evaluation_data
        for event in result.all_events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    }
    assert not checks["delivery"].passed
    assert "delivery d1 was held" in str(checks["delivery"].description)


def test_a_run_without_deliveries_has_no_such_event(intake: FakeIntake) -> None:
    intake.waiting = [(delivery(1), [cells(FIRST)])]
    materialise()
    assert observations(materialise()) == []
