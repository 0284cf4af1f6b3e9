"""A refresh from the command line: decide whether anything is new, and only then start Dagster.

Belongs here: the order of a run, and its outcome as data. Does not belong here: printing (`orchestration.report`).
Heavy imports stand inside functions: a run without news must not pay for them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from orchestration.fingerprint import fingerprint
from orchestration.instance import process_settings
from publication.release import Release, current_release, sweep
from sources import warehouse
from sources.arrival import has_news
from sources.environment import HERE, Environment
from sources.errors import ConfigurationError
from sources.landing import Landing
from sources.registry import Registry

RunOutcome = Literal["released", "unchanged", "failed"]


@dataclass(frozen=True)
class RunResult:
    """How a run ended. `held` maps feeds to the problem that holds them; `failures` are messages of failed steps."""

    outcome: RunOutcome
    release: Release | None
    held: dict[str, str]
    failures: tuple[str, ...] = ()


def refresh(
    environment: Environment,
    registry: Registry,
    feeds_word: str,
    *,
    only: Collection[str] = (),
    tables: Collection[str] = (),
    force: bool = False,
    progress: Callable[[str], None] = lambda _text: None,
) -> RunResult:
    """Bring the environment up to date and release it.

    Args:
        feeds_word: what `declare_environment` was given, for the processes that the run may start.
        only: feeds to fetch; all when empty.
        tables: restrict these feeds to these tables.
        force: download everything again.

    Raises:
        ConfigurationError: `only` names no feed, or nothing was known yet on the day on which the environment stands.
    """
    if environment.known_on is not None:
        _require_knowledge(environment, is_whole=not (only or tables or force))
    unknown = sorted(set(only) - set(registry))
    if unknown:
        raise ConfigurationError(
            f"No feed called {', '.join(unknown)}; there are {', '.join(registry)}. Nothing was started."
        )
    chosen = [feed_id for feed_id in registry if not only or feed_id in only]
    with warehouse.writer_lock(environment, wait_seconds=3600):
        Landing(environment).sweep()
        sweep(environment)
        if not force and not _anything_new(environment, registry, chosen, tables, progress):
            return RunResult("unchanged", current_release(environment), _held(environment, registry))
        return _materialize(environment, registry, feeds_word, chosen, tables, force, progress)


def _require_knowledge(environment: Environment, *, is_whole: bool) -> None:
    if not is_whole:
        raise ConfigurationError(
            "As known on an earlier day everything is read from landing; --only, --tables and --force have no meaning "
            "there. Nothing was started."
        )
    first, until = Landing(environment).first_moment(), environment.known_until
    if first is None or until is None or first >= until:
        when = (
            f"the first delivery came in on {first.astimezone(HERE):%Y-%m-%d at %H:%M}"
            if first
            else "nothing came in yet"
        )
        raise ConfigurationError(
            f"On {environment.known_on} nothing was known: {when} ({environment.landing}). Nothing was started."
        )


def _anything_new(
    environment: Environment,
    registry: Registry,
    chosen: list[str],
    tables: Collection[str],
    progress: Callable[[str], None],
) -> bool:
    release = current_release(environment)
    if release is None or release.fingerprint != fingerprint(environment, registry):
        return True
    standings = warehouse.standings(environment, chosen)
    for feed_id in chosen:
        progress(f"{feed_id}: asking for news")
        if has_news(registry[feed_id], environment, tables, standings[feed_id]):
            return True
    return False


def _materialize(
    environment: Environment,
    registry: Registry,
    feeds_word: str,
    chosen: list[str],
    tables: Collection[str],
    force: bool,
    progress: Callable[[str], None],
) -> RunResult:
    progress("starting Dagster")
    os.environ.update(process_settings(environment, feeds_word))
    from orchestration.execute import execute_refresh

    before = current_release(environment)
    failures = execute_refresh(chosen, list(tables), force, progress)
    after = current_release(environment)
    held = _held(environment, registry)
    if failures:
        return RunResult("failed", after, held, failures)
    made = after is not None and (before is None or after.id != before.id)
    return RunResult("released" if made else "unchanged", after, held)


def _held(environment: Environment, registry: Registry) -> dict[str, str]:
    return {feed_id: s.held for feed_id, s in warehouse.standings(environment, registry).items() if s.held}
