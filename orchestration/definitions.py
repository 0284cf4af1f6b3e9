"""Everything Dagster knows of this project. Loads without network, secrets or an earlier run.

Belongs here: putting assets, jobs, schedules and sensors together. Does not belong here: what they do.
"""

from __future__ import annotations

import dagster as dg

from orchestration.dbt import ensure_manifest
from orchestration.deliveries import DELIVERIES, deliveries_selection, inbox_sensor
from orchestration.feed_assets import feed_assets
from orchestration.mart_assets import control_assets, mart_assets
from orchestration.release_asset import exposure_assets, release_asset
from orchestration.resources import EnvironmentResource
from sources.registry import load_registry

REFRESH = "refresh"


def build_definitions() -> dg.Definitions:
    """Assets from the feed registry and the dbt manifest, the job `refresh` with its daily schedule, and the job
    `deliveries` with the sensor of the inboxes."""
    registry = load_registry()
    feeds = feed_assets(registry)
    manifest = ensure_manifest(registry)
    marts = mart_assets(manifest, registry)
    release = release_asset(registry, sorted(marts.keys))
    # In-process: starting a process per step costs more than all steps together (64 s against 21 s).
    refresh = dg.define_asset_job(
        REFRESH,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Alle bronnen, alle bewerkingen en de uitgave.",
    )
    deliveries = dg.define_asset_job(
        DELIVERIES,
        selection=deliveries_selection(registry),
        executor_def=dg.in_process_executor,
        description="Leveringen van partners, alle bewerkingen en de uitgave.",
    )
    return dg.Definitions(
        assets=[*feeds, *control_assets(manifest), marts, release, *exposure_assets(manifest)],
        jobs=[refresh, deliveries],
        schedules=[
            # After the publishers' own night runs: CBS publishes at 00:00 and 02:00.
            dg.ScheduleDefinition(
                name="refresh_daily", job=refresh, cron_schedule="30 5 * * *", execution_timezone="Europe/Amsterdam"
            )
        ],
        sensors=[inbox_sensor(registry, [*sorted(marts.keys), *release.keys])],
        resources={"environment": EnvironmentResource()},
        executor=dg.in_process_executor,
    )


defs = build_definitions()
