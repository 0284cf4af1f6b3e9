"""Recording of live traffic for later replay.

Belongs here: fetching every feed once with a recorder on. Landing goes to a folder of its own that is removed: a
recording must not look like a delivery. Does not belong here: the archive's format (`sources.archive`).
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from sources.archive import ArchiveWriter
from sources.contracts import PartnerFeed
from sources.environment import Environment, replay_name
from sources.errors import ConfigurationError, FeedProblem
from sources.http import PublisherSession
from sources.landing import Landing
from sources.protocols import protocol_of
from sources.registry import FetchedFeed, Registry


def record_feeds(
    environment: Environment,
    registry: Registry,
    archive: Path,
    *,
    only: Collection[str] = (),
    progress: Callable[[str], None] = lambda _text: None,
) -> list[FeedProblem]:
    """Write what the publishers answer to a new archive.

    Returns:
        The feeds' problems; the other feeds are in the archive.

    Raises:
        ConfigurationError: the archive exists already, or has a name that a replay would refuse.
    """
    if archive.exists() or not archive.name.endswith(".warc.gz"):
        raise ConfigurationError(f"{archive} exists already or does not end in .warc.gz. Nothing was recorded.")
    if not replay_name(archive):
        raise ConfigurationError(f"{archive} can't be replayed under that name; choose another. Nothing was recorded.")
    partial = archive.with_name(archive.name + ".part")
    partial.unlink(missing_ok=True)
    recorder = ArchiveWriter(partial)
    problems = []
    with tempfile.TemporaryDirectory() as scratch:
        landing = Landing(dataclasses.replace(environment, home=Path(scratch)))
        for feed in registry.values():
            if isinstance(feed, PartnerFeed) or (only and feed.id not in only):
                continue
            progress(f"{feed.id}: recording")
            try:
                record_feed(feed, environment, landing, recorder)
            except FeedProblem as problem:
                problems.append(problem)
    recorder.close()
    partial.rename(archive)
    return problems


def record_feed(feed: FetchedFeed, environment: Environment, landing: Landing, recorder: ArchiveWriter) -> None:
    """Everything that an arrival of this feed would ask for.

    Raises:
        FeedProblem: the publisher did not answer as expected; what came before is in the archive.
    """
    protocol = protocol_of(feed, environment.scope)
    with PublisherSession(feed.id, environment, recorder) as session:
        for table in protocol.tables(session):
            if not table.superseded:
                protocol.fetch(session, table, protocol.version(session, table), landing)
