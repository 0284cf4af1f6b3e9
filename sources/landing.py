"""Landing: every accepted body as received, in a folder that never changes again.

Belongs here: naming, writing and finding snapshots. A snapshot appears by one rename, so it is either whole or absent.
Does not belong here: what the bytes mean.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sources.environment import Environment
from sources.errors import ConfigurationError
from sources.feed import FeedBase, Table
from sources.http import Received

_RECORD = "snapshot.json"


class LandedFile(BaseModel):
    """One body of a snapshot; `role` says which call it answers (``data``, ``properties``, …)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: str
    name: str
    url: str
    bytes: int
    sha256: str
    etag: str | None = None
    last_modified: str | None = None


class Snapshot(BaseModel):
    """What is known of one delivery of one table; stored beside its bytes as ``snapshot.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    snapshot_id: str
    feed_id: str
    table: Table
    title: str
    publisher: str
    license_name: str
    license_url: str
    source_url: str
    upstream_version: str
    retrieved_at: datetime
    content_sha256: str
    data_origin: str
    # Common to what one arrival of a feed brought in; empty in what was landed before this was kept.
    delivery: str = ""
    files: tuple[LandedFile, ...]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


def landed_file(role: str, received: Received) -> LandedFile:
    return LandedFile(
        role=role,
        name=received.file,
        url=received.url,
        bytes=received.bytes,
        sha256=received.sha256,
        etag=received.etag,
        last_modified=received.last_modified,
    )


class Landing:
    """The landing of one environment, during one arrival. As known on a day, it ends with that day and can only be read."""

    def __init__(self, environment: Environment) -> None:
        self._root = environment.landing
        self._scratch = environment.audit / ".scratch"
        self._data_origin = environment.data_origin
        self._until = environment.known_until
        self._delivery = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")

    def open_folder(self) -> Path:
        """A new folder for bytes on their way in; `close` or `discard` it.

        Raises:
            ConfigurationError: the environment stands still on a day.
        """
        if self._until is not None:
            raise ConfigurationError(f"Nothing comes in as known on an earlier day. {self._root} was not changed.")
        incoming = self._root / ".incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        folder = incoming / datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        folder.mkdir()
        return folder

    def discard(self, folder: Path) -> None:
        shutil.rmtree(folder)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder outside landing for what reading needs for a moment; gone afterwards, and swept after a kill."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        try:
            yield self._scratch
        finally:
            shutil.rmtree(self._scratch)

    def sweep(self) -> None:
        """Remove what a killed run left behind. Only the holder of the run lock may call this."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        if self._until is None:
            shutil.rmtree(self._root / ".incoming", ignore_errors=True)

    def close(
        self,
        folder: Path,
        feed: FeedBase,
        table: Table,
        *,
        title: str,
        source_url: str,
        version: str,
        files: Sequence[LandedFile],
    ) -> Snapshot:
        """Give `folder` its record and its lasting name."""
        retrieved_at = datetime.now(UTC)
        content = hashlib.sha256("\n".join(sorted(f"{f.role} {f.name} {f.sha256}" for f in files)).encode()).hexdigest()
        # The id stands beside figures in a release. A digest there would let a reader try out what hidden counts may be.
        mark = content[:8] if feed.is_open else secrets.token_hex(4)
        safe_table = re.sub(r"[^0-9A-Za-z]+", "-", table.id).strip("-")
        snapshot = Snapshot(
            snapshot_id=f"{feed.id}.{safe_table}.{retrieved_at:%Y%m%dT%H%M%S%fZ}.{mark}",
            feed_id=feed.id,
            table=table,
            title=title,
            publisher=feed.publisher.name,
            license_name=feed.license.name,
            license_url=feed.license.url,
            source_url=source_url,
            upstream_version=version,
            retrieved_at=retrieved_at,
            content_sha256=content,
            data_origin=self._data_origin,
            delivery=self._delivery,
            files=tuple(files),
        )
        (folder / _RECORD).write_text(snapshot.model_dump_json(indent=2), encoding="utf-8")
        for path in folder.iterdir():
            path.chmod(0o444)
        target = self.folder(snapshot)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
        return snapshot

    def remove_duplicate(self, snapshot: Snapshot) -> None:
        """Take back a snapshot landed a moment ago that equals the one before; nothing refers to it yet."""
        shutil.rmtree(self.folder(snapshot))

    def folder(self, snapshot: Snapshot) -> Path:
        return self._root / snapshot.feed_id / snapshot.snapshot_id

    def snapshots(self, feed_id: str) -> list[Snapshot]:
        """All snapshots of a feed, oldest first."""
        records = [path.read_bytes() for path in (self._root / feed_id).glob(f"*/{_RECORD}")]
        found = [Snapshot.model_validate_json(record) for record in records]
        if self._until is not None:
            found = [snapshot for snapshot in found if snapshot.retrieved_at < self._until]
        return sorted(found, key=lambda snapshot: (snapshot.retrieved_at, snapshot.snapshot_id))

    def newest(self, feed_id: str) -> dict[str, Snapshot]:
        """The newest snapshot of each table of a feed, by table id."""
        return {snapshot.table.id: snapshot for snapshot in self.snapshots(feed_id)}

    def deliveries(self, feed_id: str) -> list[list[Snapshot]]:
        """The snapshots of a feed in the groups in which they came in, oldest first."""
        groups: dict[str, list[Snapshot]] = {}
        for snapshot in self.snapshots(feed_id):
            groups.setdefault(snapshot.delivery or snapshot.snapshot_id, []).append(snapshot)
        return list(groups.values())

    def first_moment(self) -> datetime | None:
        """When the oldest snapshot of any feed was retrieved, whatever is known; None when nothing ever came in."""
        records = [path.read_bytes() for path in self._root.glob(f"*/*/{_RECORD}")]
        return min((Snapshot.model_validate_json(record).retrieved_at for record in records), default=None)
