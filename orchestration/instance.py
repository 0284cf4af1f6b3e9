"""The Dagster instance of an environment: its folder and its settings.

Belongs here: dagster.yaml, and the settings of processes. Does not belong here: definitions.
"""

from __future__ import annotations

from pathlib import Path

from sources.environment import Environment

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
