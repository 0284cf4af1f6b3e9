"""Releases: building one, flipping ``current`` to it, listing, rolling back and pruning.

Belongs here: everything that changes ``releases/`` or ``current``. Does not belong here: whether a release may be made
(`publication.gate`, `publication.publish`) and what stands in its files (`publication.monitor`,
`publication.site`, `publication.datapackage` and the like).

A reader opens ``current/monitor.duckdb`` at any moment, so nothing under a final name is ever written to: a release is
built under another name, synced, renamed, and only then does the link move. All functions that write expect the caller
to hold the environment's run lock; readers need none.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from publication.catalog import open_read_only
from publication.change_report import write_changes_page
from publication.checksums import CHECKSUMS, find_damage, write_checksums
from publication.datapackage import DATA_PACKAGE, write_data_package
from publication.dcat import write_dcat
from publication.dictionary import Descriptions
from publication.errors import PublicationError
from publication.facts import Facts
from publication.files import sync, sync_tree, tree_bytes
from publication.metadata import write_attribution, write_metadata
from publication.monitor import MONITOR, write_monitor
from publication.readers import open_since
from publication.site.build import SITE, build_site
from publication.site.words import day
from publication.tables import DICTIONARY
from sources.checks import CheckResult
from sources.environment import Environment

RELEASE = "release.json"
_PARTS = (MONITOR, DICTIONARY, DATA_PACKAGE, RELEASE, CHECKSUMS)
_RELEASE_ID = re.compile(r"\d{8}T\d{6}Z-[0-9A-Za-z]{8}")
_TIME = "%Y%m%dT%H%M%SZ"
# A reader of a release is left alone for this long.
READERS_TIME = timedelta(days=1)
_UNTOUCHED = "No release was made and current is as it was."


@dataclass(frozen=True)
class Release:
    """A release on disk. `previous` is the release that was current when it was built; `bytes` is its size.

    A folder that lost one of its files has ``is_complete`` False and, without its ``release.json``, an empty
    fingerprint and data_origin.
    """

    id: str
    path: Path
    created_at: datetime
    fingerprint: str
    data_origin: str
    previous: str | None
    is_current: bool
    is_complete: bool
    bytes: int

    @property
    def monitor(self) -> Path | None:
        """Its ``monitor.duckdb``; None when the release lost it."""
        path = self.path / MONITOR
        return path if path.is_file() else None


def build_release(
    environment: Environment, fingerprint: str, checks: Sequence[CheckResult], descriptions: Descriptions
) -> Release:
    """Build a release from the environment's warehouse and make it current.

    Args:
        fingerprint: hash of everything the release is made from; at least eight letters or digits.
        checks: results of the release gate; they go into ``meta.checks``.
        descriptions: meaning of every table and column, as `publication.dictionary.read_descriptions` gives it.

    Raises:
        PublicationError: it could not be built or flipped; ``current`` and the other releases are as they were.
    """
    if not re.fullmatch(r"[0-9A-Za-z]{8,}", fingerprint):
        raise PublicationError("The fingerprint is no hash", where=repr(fingerprint), now=_UNTOUCHED)
    previous = current_release(environment)
    facts = _new_facts(environment, fingerprint, previous)
    with _building(environment, facts.release_id) as folder:
        before = previous.monitor if previous else None
        write_monitor(folder, environment.warehouse, facts, checks, descriptions, before)
        build_site(folder / MONITOR, folder / SITE, _earlier(environment))
        _write_descriptions(folder, facts)
        _write_release_file(folder, facts)
        write_checksums(folder)
        sync_tree(folder)
        folder.rename(environment.releases / facts.release_id)
        sync(environment.releases)
    _flip_or_discard(environment, facts.release_id)
    return _read_release(environment, facts.release_id)


def current_release(environment: Environment) -> Release | None:
    """The release that readers see; None when there is none or the link leads nowhere."""
    release_id = _current_id(environment)
    if release_id is None or not (environment.releases / release_id).is_dir():
        return None
    return _read_release(environment, release_id)


def list_releases(environment: Environment) -> list[Release]:
    """All releases, newest first. Folders that carry no release's name are not releases."""
    if not environment.releases.is_dir():
        return []
    names = sorted((path.name for path in environment.releases.iterdir() if path.is_dir()), reverse=True)
    return [_read_release(environment, name) for name in names if _RELEASE_ID.fullmatch(name)]


def rollback(environment: Environment, release_id: str) -> Release:
    """Make an earlier release current again, after comparing all its files with their hashes.

    Raises:
        PublicationError: the id is none of the releases, the release is damaged, or the link can't be moved.
    """
    folder = find_release(environment, release_id).path
    damage = [f"{name} is absent" for name in _PARTS if not (folder / name).is_file()] or find_damage(folder)
    if damage:
        raise PublicationError(
            f"Release {release_id} is damaged: {'; '.join(damage)}", where=str(folder), now="Current is as it was."
        )
    _flip(environment, release_id)
    return _read_release(environment, release_id)


def find_release(environment: Environment, release_id: str) -> Release:
    """The release of that id.

    Raises:
        PublicationError: there is none.
    """
    if not _RELEASE_ID.fullmatch(release_id) or not (environment.releases / release_id).is_dir():
        raise PublicationError(
            f"There is no release {release_id!r}", where=str(environment.releases), now="Current is as it was."
        )
    return _read_release(environment, release_id)


def prune(environment: Environment, now: datetime | None = None) -> list[str]:
    """Remove all but the newest ``keep_releases`` releases, never the current one nor the one before it.

    Nor one that a reader may have had open for less than a day. Who opens ``current`` opened a release before it was left,
    so a day after that even readers whom nobody can see have had their day; of readers who open a release by its own name,
    those that this machine shows count.

    Args:
        now: the present unless given.

    Returns:
        The ids of the removed releases, newest first.

    Raises:
        PublicationError: a folder can't be removed; the others are as they were.
    """
    releases = list_releases(environment)
    kept = {release.id for release in releases[: environment.keep_releases]}
    for release in releases:
        if release.is_current:
            kept |= {release.id, release.previous or release.id}
    going = [release for release in releases if release.id not in kept]
    day_ago = (now or datetime.now(UTC)) - READERS_TIME
    opened = open_since({release.id: release.path for release in going}) if going else {}
    removed = [
        release.id for release in going if max(_left_at(release.path), opened.get(release.id, day_ago)) <= day_ago
    ]
    for release_id in removed:
        _remove(environment, release_id)
    return removed


def sweep(environment: Environment) -> list[str]:
    """Remove what killed runs left: half-built and half-removed releases, and links that were never moved.

    Returns:
        The names of what was removed.

    Raises:
        PublicationError: something can't be removed.
    """
    leftovers = [*environment.releases.glob(".building-*"), *environment.releases.glob(".removing-*")]
    links = list(environment.home.glob(".current-*"))
    try:
        for folder in leftovers:
            shutil.rmtree(folder)
        for link in links:
            link.unlink()
    except OSError as error:
        raise PublicationError(
            f"What a killed run left can't be removed: {error}", where=str(environment.home), now=_UNTOUCHED
        ) from error
    return sorted(path.name for path in (*leftovers, *links))


def _new_facts(environment: Environment, fingerprint: str, previous: Release | None) -> Facts:
    created = datetime.now(UTC).replace(microsecond=0)
    # Ids sort by time, so no two releases may carry the same second.
    taken = {release.created_at for release in list_releases(environment)}
    while created in taken:
        created += timedelta(seconds=1)
    return Facts(
        release_id=f"{created.strftime(_TIME)}-{fingerprint[:8]}",
        created_at=created,
        data_origin=environment.data_origin,
        fingerprint=fingerprint,
        environment=environment.name,
        previous=previous.id if previous else None,
    )


@contextmanager
def _building(environment: Environment, release_id: str) -> Iterator[Path]:
    """A folder to build in; gone afterwards unless it was renamed, whatever happened."""
    folder = environment.releases / f".building-{release_id}"
    try:
        folder.mkdir(parents=True)
        yield folder
    except (OSError, duckdb.Error) as error:
        raise PublicationError(
            f"Release {release_id} could not be built: {error}", where=str(folder), now=_UNTOUCHED
        ) from error
    finally:
        # What can't be removed here is removed by the next run's sweep; the first error is the one to report.
        shutil.rmtree(folder, ignore_errors=True)


def _write_descriptions(folder: Path, facts: Facts) -> None:
    """What people and programs read about the figures; the data package is last, because it describes the others."""
    with closing(open_read_only(folder / MONITOR)) as connection:
        write_metadata(connection, folder)
        write_attribution(connection, folder, facts)
        write_dcat(connection, folder, facts)
        write_changes_page(connection, folder, facts.previous, facts.release_id, facts.mark)
    write_data_package(folder, facts)


def _earlier(environment: Environment) -> list[tuple[str, str]]:
    """Id and day in words of the releases that are kept, newest first."""
    return [(release.id, day(release.created_at)) for release in list_releases(environment)]


def _write_release_file(folder: Path, facts: Facts) -> None:
    with closing(open_read_only(folder / MONITOR)) as connection:
        rows = connection.execute("SELECT snapshot_id FROM meta.snapshots ORDER BY snapshot_id").fetchall()
    content = {
        "id": facts.release_id,
        "created_at": facts.created_at.isoformat(),
        "fingerprint": facts.fingerprint,
        "data_origin": facts.data_origin,
        "environment": facts.environment,
        "previous": facts.previous,
        "snapshots": [snapshot_id for (snapshot_id,) in rows],
    }
    (folder / RELEASE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _flip_or_discard(environment: Environment, release_id: str) -> None:
    try:
        _flip(environment, release_id)
    except PublicationError:
        if _current_id(environment) != release_id:
            shutil.rmtree(environment.releases / release_id)
        raise


def _flip(environment: Environment, release_id: str) -> None:
    """Point ``current`` at a release: one rename of a finished link, so that every reader sees the old or the new."""
    link = environment.home / f".current-{release_id}"
    left = _current_id(environment)
    try:
        if left is not None and left != release_id and (environment.releases / left).is_dir():
            os.utime(environment.releases / left)
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(environment.releases / release_id, environment.current.parent))
        os.replace(link, environment.current)
        sync(environment.home)
    except OSError as error:
        link.unlink(missing_ok=True)
        raise PublicationError(
            f"Current could not be flipped to {release_id}: {error}", where=str(environment.current), now=_UNTOUCHED
        ) from error


def _left_at(folder: Path) -> datetime:
    """When readers of ``current`` last saw a release: the flip away from it marks its folder; nothing else changes one."""
    return datetime.fromtimestamp(folder.stat().st_mtime, UTC)


def _current_id(environment: Environment) -> str | None:
    return environment.current.readlink().name if environment.current.is_symlink() else None


def _read_release(environment: Environment, release_id: str) -> Release:
    folder = environment.releases / release_id
    content = _read_release_file(folder)
    return Release(
        id=release_id,
        path=folder,
        created_at=datetime.strptime(release_id.partition("-")[0], _TIME).replace(tzinfo=UTC),
        fingerprint=str(content.get("fingerprint", "")),
        data_origin=str(content.get("data_origin", "")),
        previous=content.get("previous"),
        is_current=release_id == _current_id(environment),
        is_complete=bool(content) and all((folder / name).is_file() for name in _PARTS),
        bytes=tree_bytes(folder),
    )


def _read_release_file(folder: Path) -> dict[str, Any]:
    """The content of ``release.json``; empty when it is absent or unreadable, which marks the release incomplete."""
    try:
        content = json.loads((folder / RELEASE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and content.get("id") == folder.name else {}


def _remove(environment: Environment, release_id: str) -> None:
    """Remove a release in two steps, so that a kill in between leaves no half release under a release's name."""
    going = environment.releases / f".removing-{release_id}"
    try:
        (environment.releases / release_id).rename(going)
        shutil.rmtree(going)
    except OSError as error:
        raise PublicationError(
            f"Release {release_id} could not be removed: {error}",
            where=str(going),
            now="What readers see is not affected.",
        ) from error
