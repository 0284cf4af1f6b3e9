"""The job `refresh`, executed in this process and recorded in the environment's Dagster instance.

Belongs here: the call into Dagster, so that `orchestration.run` can decide without importing it.
"""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from orchestration import resources
from orchestration.definitions import REFRESH, defs
from orchestration.feed_assets import feed_key
from orchestration.instance import opened_instance


def execute_refresh(
    feeds: list[str], tables: list[str], force: bool, progress: Callable[[str], None]
) -> tuple[str, ...]:
    """Materialise the feeds given, all marts and the release.

    Returns:
        The messages of failed steps; none when the run succeeded. Held feeds are no failures.
    """
    resources.listen(progress)
    job = defs.resolve_job_def(REFRESH)
    chosen = {feed_key(feed) for feed in feeds}
    selection = [key for key in job.asset_layer.executable_asset_keys if key.path[0] != "raw" or key in chosen]
    ops = {feed_key(feed).to_python_identifier(): {"config": {"force": force, "tables": tables}} for feed in feeds}
    # The report says what matters; the full log is in the instance and in the UI.
    loggers = {"console": {"config": {"log_level": "CRITICAL"}}}
    with opened_instance() as instance:
        result = job.execute_in_process(
            instance=instance,
            run_config={"ops": ops, "loggers": loggers},
            asset_selection=selection,
            raise_on_error=False,
            tags={"noord/started_by": "command line"},
        )
        return tuple(_message(event) for event in result.get_step_failure_events())


def _message(event: dg.DagsterEvent) -> str:
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    return f"{event.step_key}: {error.message.strip() if error else 'failed'}"
