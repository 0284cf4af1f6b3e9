"""The sensor of the inboxes: one run for what waits, none for what still grows, and none twice."""

from __future__ import annotations

import os
import time
from pathlib import Path

import dagster as dg
import pytest

from orchestration.resources import EnvironmentResource
from sources.environment import Environment, declare_environment
from sources.partners.inbox import add_file
from sources.registry import load_registry

REGISTRY = load_registry()
FEED = REGISTRY["activiteiten"]
INBOX = "welzijn"
NAME = FEED.file_name.replace("{JJJJ}", "2025").replace("{K}", "1")
LONG_AGO = time.time() - 3600


class Sensor:
    """The real sensor of the real definitions, looking at an environment of its own."""

    def __init__(self, home: Path) -> None:
        self.environment: Environment = declare_environment("live", {"NOORD_HOME": str(home)})
        self.inbox = self.environment.inbox / INBOX
        self.inbox.mkdir(parents=True)

    def tick(self) -> tuple[list[dg.RunRequest], str]:
        from orchestration.definitions import defs

        with dg.DagsterInstance.ephemeral() as instance:
            resources = {"environment": EnvironmentResource()}
            context = dg.build_sensor_context(instance=instance, definitions=defs, resources=resources)
            data = defs.resolve_sensor_def("inbox").evaluate_tick(context)
        return list(data.run_requests or []), str(data.skip_message or "")

    def put(self, name: str, content: bytes = b"a;b\n1;2\n") -> Path:
        path = self.inbox / name
        path.write_bytes(content)
        return path


@pytest.fixture
def sensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sensor:
    monkeypatch.setenv("NOORD_HOME", str(tmp_path))
    monkeypatch.setenv("NOORD_FEEDS", "live")
    monkeypatch.setenv("NOORD_INBOX_SETTLE", "0")
    monkeypatch.delenv("NOORD_AS_KNOWN_ON", raising=False)
    return Sensor(tmp_path)


def test_nothing_waits(sensor: Sensor) -> None:
    assert sensor.tick() == ([], "Nothing waits.")


def test_a_file_that_has_settled_starts_one_run_for_its_feed(sensor: Sensor) -> None:
    sensor.put(NAME)
    (request,), _ = sensor.tick()
    selected = {key.to_user_string() for key in request.asset_selection or ()}
    assert {key for key in selected if key.startswith("raw/")} == {"raw/activiteiten"}
    assert {"uitgave/release", "leren/indicator_values", "meta/deliveries", "staging/stg_activiteiten"} <= selected
    assert request.tags["noord/feeds"] == "activiteiten"
    assert NAME not in f"{request.run_key}{request.tags}", "a name is the partner's own"


def test_the_same_file_again_starts_nothing_again_and_another_state_does(sensor: Sensor) -> None:
    """Dagster starts one run per key, so the keys of two looks at one state must be equal."""
    path = sensor.put(NAME)
    keys = [sensor.tick()[0][0].run_key for _ in range(2)]
    assert keys[0] == keys[1]
    path.unlink()
    assert sensor.tick() == ([], "Nothing waits.")
    sensor.put(NAME, b"a;b\n3;4\n5;6\n")
    assert sensor.tick()[0][0].run_key not in keys


def test_a_file_that_still_changes_is_left_alone(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOORD_INBOX_SETTLE", "30")
    sensor.put(NAME)
    assert sensor.tick() == ([], "1 files have not settled yet.")


def test_a_file_that_is_being_written_is_left_alone(sensor: Sensor) -> None:
    path = sensor.put(NAME)
    with path.open("ab") as growing:
        growing.write(b"3;4\n")
        growing.flush()
        assert sensor.tick() == ([], "1 files have not settled yet.")
    assert len(sensor.tick()[0]) == 1


def test_a_file_that_fits_no_contract_is_refused_by_the_first_feed_of_its_partner(sensor: Sensor) -> None:
    other = sensor.environment.inbox / "gemeente"
    other.mkdir()
    (other / "vakantiefoto.csv").write_bytes(b"x")
    feeds = [feed.id for feed in REGISTRY.values() if getattr(feed, "partner", "") == "gemeente"]
    (request,), _ = sensor.tick()
    assert request.tags["noord/feeds"] == sorted(feeds)[0]


def test_what_was_handed_over_by_command_starts_a_run_too(sensor: Sensor, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"a;b\n")
    os.utime(path, (LONG_AGO, LONG_AGO))
    add_file(sensor.environment, FEED, path)  # type: ignore[arg-type]
    (request,), _ = sensor.tick()
    assert request.tags["noord/feeds"] == "activiteiten"
    assert sensor.tick()[0][0].run_key == request.run_key


def test_several_feeds_are_taken_in_by_one_run(sensor: Sensor) -> None:
    sensor.put(NAME)
    police = REGISTRY["meldingen_overlast"]
    inbox = sensor.environment.inbox / police.partner
    inbox.mkdir()
    (inbox / police.file_name.replace("{JJJJ}", "2025").replace("{MM}", "03")).write_bytes(b"a;b\n")
    (request,), _ = sensor.tick()
    assert request.tags["noord/feeds"] == "activiteiten,meldingen_overlast"


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("NOORD_FEEDS", "", "NOORD_FEEDS is not set"),
        ("NOORD_AS_KNOWN_ON", "2026-03-01", "live-known-on-2026-03-01 stands still on 2026-03-01; nothing comes in."),
    ],
)
def test_without_an_environment_of_the_present_nothing_starts(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, reason: str
) -> None:
    sensor.put(NAME)
    monkeypatch.setenv(setting, value)
    requests, skipped = sensor.tick()
    assert requests == []
    assert reason in skipped


def test_the_job_takes_in_partners_and_asks_no_publisher() -> None:
    from orchestration.definitions import defs

    keys = {key.to_user_string() for key in defs.resolve_job_def("deliveries").asset_layer.executable_asset_keys}
    partners = {f"raw/{feed.id}" for feed in REGISTRY.values() if feed.protocol == "partner"}
    assert {key for key in keys if key.startswith("raw/")} == partners
    assert {"uitgave/release", "programma/progress"} <= keys
