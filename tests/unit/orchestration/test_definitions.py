"""The definitions load with nothing set and nothing run, and hold what the recorded list says.

A feed, asset, check, job, schedule or sensor that vanishes or appears changes `definitions.txt`; after a deliberate change write
it again with ``python -m tests.unit.orchestration.test_definitions``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RECORDED = Path(__file__).with_name("definitions.txt")
ROOT = Path(__file__).parents[3]


def _listing() -> str:
    from orchestration.definitions import defs

    repository = defs.get_repository_def()
    graph = repository.asset_graph
    lines = []
    for key in sorted(graph.get_all_asset_keys(), key=lambda key: key.path):
        node = graph.get(key)
        owners = ",".join(sorted(node.owners))
        lines.append(
            f"asset {key.to_user_string()} group={node.group_name} kinds={','.join(sorted(node.kinds))} owners={owners}"
        )
    lines += sorted(f"check {check.asset_key.to_user_string()} {check.name}" for check in graph.asset_check_keys)
    lines += sorted(f"job {name}" for name in repository.job_names if not name.startswith("__"))
    lines += sorted(f"schedule {schedule.name} {schedule.cron_schedule}" for schedule in repository.schedule_defs)
    lines += sorted(f"sensor {sensor.name} starts {sensor.job_name}" for sensor in repository.sensor_defs)
    return "\n".join(lines) + "\n"


def test_definitions_equal_the_recorded_list() -> None:
    assert _listing() == RECORDED.read_text(encoding="utf-8")


@pytest.mark.slow
def test_definitions_load_without_any_setting(tmp_path: Path) -> None:
    """No NOORD_ or DAGSTER_ variable, an empty home, a foreign working folder and no way to the network."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    command = [
        sys.executable,
        "-c",
        "from orchestration.definitions import defs; print(len(defs.get_repository_def().job_names))",
    ]
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
    assert list(tmp_path.iterdir()) == [], "loading writes nothing into the working folder or the home"


def test_every_asset_has_what_a_person_needs() -> None:
    from orchestration.definitions import defs

    graph = defs.get_repository_def().asset_graph
    for key in graph.executable_asset_keys:
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key
        assert node.group_name not in (None, "default"), key


def test_a_run_without_a_declared_environment_is_refused() -> None:
    import pytest

    from orchestration.resources import EnvironmentResource
    from sources.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="NOORD_FEEDS is not set"):
        EnvironmentResource().declared()


if __name__ == "__main__":
    RECORDED.write_text(_listing(), encoding="utf-8")
