"""What assets need of their surroundings: the declared environment, and an ear for progress.

Belongs here: the bridge from a process (its settings, its terminal) to assets. Does not belong here: work.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import dagster as dg

from sources.environment import Environment, declare_environment, read_day
from sources.errors import ConfigurationError

# An overlapping run waits for the writer's place this long before it gives up, in seconds.
LONGEST_WAIT = 3600.0

_listeners: list[Callable[[str], None]] = []


class EnvironmentResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The environment named by NOORD_FEEDS (``sample``, ``live`` or the path of an archive); read when a run starts.

    With NOORD_AS_KNOWN_ON it stands still at the end of that day.
    """

    def declared(self) -> Environment:
        feeds = os.environ.get("NOORD_FEEDS")
        if not feeds:
            raise ConfigurationError(
                "NOORD_FEEDS is not set, so it is unknown which environment this run is for. Start with 'noord run' or "
                "'noord ui', or set NOORD_FEEDS to sample, live or the path of an archive. Nothing was started."
            )
        day = os.environ.get("NOORD_AS_KNOWN_ON")
        return declare_environment(feeds, known_on=read_day(day) if day else None)


def listen(listener: Callable[[str], None]) -> None:
    """Tell `listener` in a few words what a run in this process is doing."""
    _listeners.append(listener)


def say(text: str) -> None:
    """Report progress to whoever listens."""
    for listener in _listeners:
        listener(text)
