"""Where deliveries wait: a folder per partner, files handed over by command, and bundled sample deliveries.

Belongs here: which files are left alone, which feed a file is for, and in which order files are claimed. A file's name is
never used as a path, and is shown elsewhere only where a contract foresees it. Does not belong here: what is in a file
(`reading`).
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Literal

from sources.contracts import PartnerFeed
from sources.environment import HERE, Environment
from sources.errors import ConfigurationError
from sources.partners.quarantine import MOST_BYTES, Claim, new_claim, store, take_over
from sources.registry import FEEDS, Registry, load_registry

OTHER_NAME = "(andere naam dan in het contract)"
# Beside bundled deliveries: the day on which each of them counts as received.
RECEIVED_FILE = "received.csv"
_TEMPORARY = (".part", ".tmp", ".partial", ".filepart", ".crdownload")

# ready: to be claimed; settling: changed a moment ago or still being written; not_taken: nothing that can be claimed.
State = Literal["ready", "settling", "not_taken"]


@dataclass(frozen=True)
class Waiting:
    """A file in a partner's inbox. `feed_id` is empty when it fits none of the partner's contracts, or several.

    `name` may hold anything and is for the eyes of the inbox's owner only. `identity` tells this state of this file from
    every other and says nothing of its name.
    """

    partner: str
    name: str
    path: Path
    feed_id: str
    state: State
    changed_at: datetime
    bytes: int
    identity: str


def ensure_inbox(environment: Environment, partner: str) -> Path:
    """The partner's inbox, made when it is not there; only its owner can look into it.

    Raises:
        ConfigurationError: something else than a folder stands in its place.
    """
    folders = (environment.inbox, environment.inbox / partner)
    for folder in folders:
        if not os.path.lexists(folder):
            folder.mkdir(parents=True, mode=0o700)
        if folder.is_symlink() or not folder.is_dir():
            raise ConfigurationError(f"{folder} is no folder. Expected: a folder of its own. Nothing was taken in.")
    return folders[-1]


def partner_feeds(registry: Registry) -> list[PartnerFeed]:
    """The feeds that partners deliver, in the order of their ids."""
    return [feed for feed in registry.values() if isinstance(feed, PartnerFeed)]


def feeds_of(feed: PartnerFeed) -> list[PartnerFeed]:
    """All feeds of a feed's partner, in the order of their ids; only the partner's own contracts are read."""
    folder = FEEDS / "partners" / feed.partner
    others = partner_feeds(load_registry(folder)) if folder.is_dir() else []
    return sorted([feed, *(other for other in others if other.id != feed.id)], key=lambda each: each.id)


def partner_feed(registry: Registry, feed_id: str) -> PartnerFeed:
    """A feed that a partner delivers.

    Raises:
        ConfigurationError: no contract has this id.
    """
    feed = registry.get(feed_id)
    if not isinstance(feed, PartnerFeed):
        known = ", ".join(f.id for f in partner_feeds(registry))
        raise ConfigurationError(f"No partner delivers '{feed_id}'. Expected: one of {known}. Nothing was added.")
    return feed


def feed_for(file_name: str, feeds: Sequence[PartnerFeed]) -> PartnerFeed | None:
    """The feed whose contract, in any version, names a file so; a partner with one feed needs no names."""
    named = [f for f in feeds if _is_foreseen(file_name, f)]
    if len(named) == 1:
        return named[0]
    return feeds[0] if len(feeds) == 1 else None


def safe_name(file_name: str, feed: PartnerFeed | None) -> str:
    """The file's name where a contract foresees every sign of it, else words that stand for it."""
    return file_name if feed is not None and _is_foreseen(file_name, feed) else OTHER_NAME


def _is_foreseen(file_name: str, feed: PartnerFeed) -> bool:
    return any(version.parts_of_name(file_name) is not None for version in (feed, *feed.earlier))


def look(environment: Environment, feeds: Sequence[PartnerFeed]) -> list[Waiting]:
    """What lies in the inboxes of these feeds' partners, in the order in which files changed last.

    Temporary files (dot files, ``~$``, ``.part`` and the like) are not seen at all. `feeds` must hold all feeds of a
    partner, or files of its other feeds seem to fit none.
    """
    found: list[Waiting] = []
    for partner in sorted({feed.partner for feed in feeds}):
        inbox = environment.inbox / partner
        if inbox.is_symlink() or not inbox.is_dir():
            continue
        own = [feed for feed in feeds if feed.partner == partner]
        with os.scandir(inbox) as entries:
            seen = [_waiting(environment, partner, own, entry) for entry in entries if not _is_temporary(entry.name)]
            found += [waiting for waiting in seen if waiting is not None]
    return sorted(found, key=lambda waiting: (waiting.changed_at, waiting.name))


def _is_temporary(name: str) -> bool:
    return name.startswith((".", "~$")) or name.lower().endswith(_TEMPORARY)


def _waiting(
    environment: Environment, partner: str, feeds: Sequence[PartnerFeed], entry: os.DirEntry[str]
) -> Waiting | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        # Another process claimed it since.
        return None
    # The last change of any kind: a copy may keep an old time of writing.
    changed = max(status.st_mtime, status.st_ctime)
    feed = feed_for(entry.name, feeds)
    return Waiting(
        partner=partner,
        name=entry.name,
        path=Path(entry.path),
        feed_id=feed.id if feed else "",
        state=_state(environment, Path(entry.path), status, changed),
        changed_at=datetime.fromtimestamp(changed, UTC),
        bytes=status.st_size,
        identity=f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}",
    )


def _state(environment: Environment, path: Path, status: os.stat_result, changed: float) -> State:
    # Under a second name a file could be changed, and read, after it was claimed.
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        return "not_taken"
    age = datetime.now(UTC).timestamp() - changed
    return "settling" if age < environment.inbox_settle or _has_writer(path) else "ready"


def _has_writer(path: Path) -> bool:
    """Whether a process of this machine has the file open for writing; False where the system can't tell."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # A read lease is refused exactly while somebody writes.
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except (OSError, AttributeError):
        # A file system over the network, a file of another user, or another system than Linux: age alone decides.
        return False
    finally:
        os.close(descriptor)
    return False


def claim_ready(environment: Environment, feed: PartnerFeed, feeds: Sequence[PartnerFeed]) -> list[Claim]:
    """Claim the files that are for `feed`, and with the partner's first feed those that are for none."""
    wanted = {feed.id, ""} if feed.id == min(f.id for f in feeds) else {feed.id}
    claims = []
    for waiting in look(environment, feeds):
        if waiting.state != "ready" or waiting.feed_id not in wanted:
            continue
        claim = new_claim(waiting.feed_id, waiting.partner, "inbox", waiting.name, datetime.now(UTC))
        if take_over(environment, claim, waiting.path):
            claims.append(claim)
    return claims


def add_file(environment: Environment, feed: PartnerFeed, path: Path) -> Claim:
    """Claim a copy of a file for a feed; the file itself stays where it is.

    Raises:
        ConfigurationError: it is no file that can be read, or too large to be a delivery.
    """
    ensure_inbox(environment, feed.partner)
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise ConfigurationError(
                f"{path} is no file of at most {MOST_BYTES // 1024**2} MB. Expected: a delivery of {feed.id}. Nothing was added."
            )
        claim = new_claim(feed.id, feed.partner, "command", path.name, datetime.now(UTC))
        with path.open("rb") as source:
            store(environment, claim, source)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be copied: {error.strerror}. Nothing was added.") from error
    return claim


def claim_bundled(
    environment: Environment, feed: PartnerFeed, known: Collection[str], received_at: datetime
) -> list[Claim]:
    """Claim copies of the feed's bundled deliveries whose sha256 is not in `known`.

    Args:
        received_at: when those came in of which ``received.csv`` says nothing.
    """
    claims = []
    for path in new_bundled(environment, feed, known):
        day = _received_days(environment).get(path.relative_to(environment.deliveries or path).as_posix())
        moment = datetime.combine(day, time(9), HERE).astimezone(UTC) if day else received_at
        claims.append(new_claim(feed.id, feed.partner, "inbox", path.name, moment))
        with path.open("rb") as source:
            store(environment, claims[-1], source)
    return claims


def new_bundled(environment: Environment, feed: PartnerFeed, known: Collection[str]) -> list[Path]:
    """The feed's bundled deliveries whose sha256 is not in `known`, by name."""
    if environment.deliveries is None:
        return []
    folder = environment.deliveries / feed.partner / feed.id
    return [path for path in sorted(folder.glob("*")) if path.is_file() and sha256_of(path) not in known]


def _received_days(environment: Environment) -> dict[str, date]:
    path = (environment.deliveries or Path()) / RECEIVED_FILE
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["file"]: date.fromisoformat(row["received_on"]) for row in csv.DictReader(stream)}


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
