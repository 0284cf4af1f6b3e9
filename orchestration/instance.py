"""The Dagster instance of an environment: its folder and its settings.

Belongs here: dagster.yaml, and the settings of processes. Does not belong here: definitions.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sources.environment import Environment

if TYPE_CHECKING:
    from dagster import DagsterInstance

_SETTINGS = """\
# Written by noord; change orchestration/instance.py.
# No sign-up window over the lineage.
nux:
  enabled: false
telemetry:
  enabled: false
# One run at a time may write the warehouse; the others queue.
concurrency:
  pools:
    granularity: run
    default_limit: 1
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days: {skipped: 7, failure: 90, success: 90}
"""


def prepare_instance(environment: Environment) -> Path:
    """Make the folder that DAGSTER_HOME points to, with its dagster.yaml."""
    home = environment.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if not settings.exists() or settings.read_text(encoding="utf-8") != _SETTINGS:
        settings.write_text(_SETTINGS, encoding="utf-8")
    return home


def process_settings(environment: Environment, feeds: str) -> dict[str, str]:
    """What Dagster's processes are told of the environment that they work for.

    Args:
        feeds: the word from which the environment was declared.
    """
    return {
        "DAGSTER_HOME": str(prepare_instance(environment)),
        "NOORD_FEEDS": feeds,
        "NOORD_AS_KNOWN_ON": str(environment.known_on or ""),
    }


def opened_instance() -> DagsterInstance:
    """The instance that DAGSTER_HOME names, for a process that executes a run itself: it keeps the event log open."""
    from dagster import DagsterInstance
    from dagster._core.instance.ref import InstanceRef

    home = Path(os.environ["DAGSTER_HOME"])
    event_log = {
        "module": "orchestration.event_log",
        "class": "KeptEventLog",
        # Where Dagster's own keeps it, so that the UI finds it.
        "config": {"base_dir": str(home / "history" / "runs")},
    }
    return DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides={"event_log_storage": event_log}))
