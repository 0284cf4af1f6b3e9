"""Quarantine: the one place where a delivery lies as it came, readable by its owner only.

Belongs here: claims (a folder per delivery with the original and ``claim.json``), finding those that a killed run left
behind, and what becomes of an original. Does not belong here: which files are claimed (`inbox`, `pull`) and what is
decided (`intake`).
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from filelock import FileLock
from pydantic import BaseModel, ConfigDict

from sources.environment import Environment
from sources.partners.register import Delivery, Original, Way

MOST_BYTES = 200 * 1024**2
_RECORD = "claim.json"
_INCOMING = "incoming"


class Claim(BaseModel):
    """A delivery in quarantine; kept as ``claim.json`` beside the original. `feed_id` is empty when it fits no feed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delivery_id: str
    feed_id: str
    partner: str
    way: Way
    # As the partner named it: it may hold anything, and stays in quarantine.
    file_name: str
    received_at: datetime

    @property
    def original_name(self) -> str:
        ending = re.search(r"\.[A-Za-z]{3,4}$", self.file_name)
        return f"original{ending[0].lower() if ending else ''}"


def new_claim(feed_id: str, partner: str, way: Way, file_name: str, received_at: datetime) -> Claim:
    """A claim under a name of its own; nothing is written yet."""
    delivery_id = f"{feed_id or partner}.{received_at:%Y%m%dT%H%M%S%fZ}.{secrets.token_hex(4)}"
    # A name that is no UTF-8 can't be written down as it is.
    readable = os.fsencode(file_name).decode("utf-8", "replace")
    return Claim(
        delivery_id=delivery_id,
        feed_id=feed_id,
        partner=partner,
        way=way,
        file_name=readable,
        received_at=received_at,
    )


def original_of(environment: Environment, claim: Claim) -> Path:
    return environment.quarantine / claim.delivery_id / claim.original_name


@contextmanager
def claiming(environment: Environment) -> Iterator[None]:
    """Keeps claims and the sweep apart: half a claim looks like what a killed run left behind."""
    environment.quarantine.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(environment.quarantine / ".lock"):
        yield


def take_over(environment: Environment, claim: Claim, waiting: Path) -> bool:
    """Move a file into quarantine under the claim, in one step; False when it is not there any more."""
    with claiming(environment):
        original = _make_room(environment, claim)
        try:
            os.rename(waiting, original)
        except FileNotFoundError:
            shutil.rmtree(original.parent)
            return False
        except OSError:
            # An inbox on another file system, such as a mounted upload folder: a copy, then the file goes.
            with os.fdopen(os.open(waiting, os.O_RDONLY | os.O_NOFOLLOW), "rb") as source:
                _copy(source, original)
            waiting.unlink()
        original.chmod(0o600)
    return True


def store(environment: Environment, claim: Claim, source: IO[bytes]) -> None:
    """Write a copy of `source` into quarantine under the claim; it appears there whole or not at all."""
    with claiming(environment):
        _copy(source, _make_room(environment, claim))


def _make_room(environment: Environment, claim: Claim) -> Path:
    folder = environment.quarantine / claim.delivery_id
    folder.mkdir(mode=0o700)
    with _open_own(folder / _RECORD) as stream:
        stream.write(claim.model_dump_json().encode())
    return folder / claim.original_name


def _copy(source: IO[bytes], original: Path) -> None:
    incoming = original.with_name(_INCOMING)
    with _open_own(incoming) as target:
        shutil.copyfileobj(source, target, 1 << 20)
        target.flush()
        os.fsync(target.fileno())
    incoming.rename(original)


def _open_own(path: Path) -> IO[bytes]:
    """A new file that nobody but its owner can read, from its first byte on."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def undecided(environment: Environment, decided: Collection[str]) -> list[Claim]:
    """Claims without a line in the register, oldest first."""
    records = [folder / _RECORD for folder in _folders(environment) if folder.name not in decided and _is_whole(folder)]
    claims = [Claim.model_validate_json(record.read_bytes()) for record in records]
    return sorted(claims, key=lambda claim: (claim.received_at, claim.file_name, claim.delivery_id))


def sweep(environment: Environment, decided: Mapping[str, Delivery]) -> None:
    """Finish what a killed run left: half a claim goes, an original goes where the register says that it went."""
    with claiming(environment):
        for folder in _folders(environment):
            delivery = decided.get(folder.name)
            if delivery is not None:
                put_away(environment, delivery)
            elif not _is_whole(folder):
                shutil.rmtree(folder)


def put_away(environment: Environment, delivery: Delivery) -> None:
    """Bring the original where the register says it is; doing it twice changes nothing.

    Destroying is unlinking: the blocks of a file system that copies on write can't be overwritten from here.
    """
    folder = environment.quarantine / delivery.delivery_id
    if delivery.original == "quarantine" or not folder.exists():
        return
    if delivery.original == "archive":
        target = archive_folder(environment, delivery)
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        for original in folder.glob("original*"):
            original.chmod(0o400)
            original.rename(target / original.name)
    shutil.rmtree(folder)


def archive_folder(environment: Environment, delivery: Delivery) -> Path:
    return environment.delivery_archive / delivery.partner / delivery.feed_id / delivery.delivery_id


def kept_as(environment: Environment, *, is_accepted: bool, is_duplicate: bool, is_micro: bool) -> Original:
    """What becomes of an original: of accepted counts an archive, of the same once more nothing, of others by setting."""
    if is_accepted and not is_micro:
        return "archive"
    return "quarantine" if environment.keep_originals and not is_duplicate else "destroyed"


def _folders(environment: Environment) -> list[Path]:
    if not environment.quarantine.is_dir():
        return []
    return sorted(path for path in environment.quarantine.iterdir() if path.is_dir())


def _is_whole(folder: Path) -> bool:
    return (folder / _RECORD).exists() and any(folder.glob("original*"))
