"""The register of deliveries: who delivered what, when, under which version of a contract, and what was decided.

Belongs here: the record of one delivery and the file to which records are only ever added. It is the truth from which
``control.deliveries`` and ``meta.deliveries`` follow. Does not belong here: the decisions themselves
(`sources.partners.intake`). A record never holds a cell's value, nor a file's name that the contract does not foresee.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from filelock import FileLock
from pydantic import TypeAdapter

from sources.environment import Environment
from sources.errors import NoordError
from sources.partners.privacy import Finding

Way = Literal["inbox", "command", "pull"]
Decision = Literal["accepted", "accepted_with_refusals", "refused", "held", "duplicate"]
Timing = Literal["early", "on_time", "late"]
Original = Literal["destroyed", "quarantine", "archive"]
# What the first line names as the line before it.
NO_LINE = "0" * 64


class RegisterChanged(NoordError):
    """A line of the register is not what the line after it says it was."""


@dataclass(frozen=True)
class Delivery:
    """One delivery and what became of it; ``delivered == accepted + refused``, in rows.

    `feed_id` is empty when no contract of the partner fits the file. `contract_version` is that under which it was read,
    None when it could not be. `periods` are CBS period codes, `replaces` those of them that stood before. `timing` says
    whether the newest period had ended (``early``) and its figures were due (``late``); None without a period.
    `problem_nl` says in plain Dutch why it was not accepted. `refusals_by_rule` counts refusals, of which a row may have
    several. `snapshots` maps a period to the snapshot that was landed for it.
    """

    delivery_id: str
    feed_id: str
    partner: str
    contract_version: int | None
    contract_sha256: str
    way: Way
    file_name: str
    file_sha256: str
    bytes: int
    received_at: datetime
    decided_at: datetime
    decision: Decision
    delivered: int
    accepted: int
    refused: int
    periods: tuple[str, ...]
    replaces: tuple[str, ...]
    timing: Timing | None
    problem_nl: str | None
    findings: tuple[Finding, ...]
    refusals_by_rule: dict[str, int]
    snapshots: dict[str, str]
    original: Original

    def __post_init__(self) -> None:
        if self.delivered != self.accepted + self.refused:
            raise ValueError(f"{self.delivery_id}: {self.delivered} rows are not {self.accepted} + {self.refused}")

    @property
    def is_accepted(self) -> bool:
        return self.decision in ("accepted", "accepted_with_refusals")


@dataclass(frozen=True)
class Removal:
    """What one rule of retention took away: how many things and bytes, and of which deliveries or snapshots."""

    removed_at: datetime
    what: str
    days: int
    ids: tuple[str, ...]
    bytes: int


_DELIVERY: TypeAdapter[Delivery] = TypeAdapter(Delivery)
_REMOVAL: TypeAdapter[Removal] = TypeAdapter(Removal)


class Register:
    """The file ``deliveries.jsonl`` of one environment.

    Each line holds the sha256 of the line before, so that a line that was changed, left out or put in is found. Lines
    cut from the end are not: the warehouse's own copy has them. A line counts once it ends: what a killed writer left of
    its last line is no record and makes way for the next.
    """

    def __init__(self, environment: Environment) -> None:
        self._path = environment.register
        self._until = environment.known_until

    def add(self, record: Delivery | Removal) -> None:
        """Add a line and have it on disk before returning."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.parent / ".lock"):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "r+b") as stream:
                lines = _whole_lines(stream.read())
                # Not "append": half a line of a killed writer would become the beginning of this one.
                stream.seek(sum(len(line) + 1 for line in lines))
                stream.truncate()
                stream.write(_line(record, lines[-1] if lines else None) + b"\n")
                stream.flush()
                os.fsync(stream.fileno())

    def deliveries(self, feed_id: str | None = None) -> list[Delivery]:
        """Deliveries in the order of their decisions, as far as the environment knows; of one feed when it is given."""
        found = [_DELIVERY.validate_python(line["record"]) for line in self._lines() if line["kind"] == "delivery"]
        return [
            delivery
            for delivery in found
            if feed_id in (None, delivery.feed_id) and (self._until is None or delivery.decided_at < self._until)
        ]

    def removals(self) -> list[Removal]:
        """What retention took away, oldest first."""
        return [_REMOVAL.validate_python(line["record"]) for line in self._lines() if line["kind"] == "removal"]

    def torn_bytes(self) -> int:
        """Length of what a killed writer left of a last line; it is no record and makes way for the next."""
        content = self._content()
        return len(content) - sum(len(line) + 1 for line in _whole_lines(content))

    def verify(self) -> int:
        """Follow the chain of lines.

        Returns:
            The number of lines.

        Raises:
            RegisterChanged: a line is not what the next says it was; the message says which.
        """
        before: bytes | None = None
        lines = _whole_lines(self._content())
        for number, line in enumerate(lines, start=1):
            if _previous(line) != _digest(before):
                where = f"line {number - 1}" if number > 1 else "the beginning"
                raise RegisterChanged(
                    f"{self._path}: line {number} does not follow {where}. Expected: lines that are only ever added, each "
                    "with the sha256 of the one before. No delivery is taken in until the register is put right from a copy."
                )
            before = line
        return len(lines)

    def _lines(self) -> Iterator[Mapping[str, Any]]:
        for line in _whole_lines(self._content()):
            yield json.loads(line)

    def _content(self) -> bytes:
        return self._path.read_bytes() if self._path.exists() else b""


def _whole_lines(content: bytes) -> list[bytes]:
    return content.split(b"\n")[:-1]


def _digest(line: bytes | None) -> str:
    return NO_LINE if line is None else hashlib.sha256(line).hexdigest()


def _previous(line: bytes) -> str | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return str(document.get("previous")) if isinstance(document, dict) else None


def _line(record: Delivery | Removal, before: bytes | None) -> bytes:
    if isinstance(record, Delivery):
        kind, fields = "delivery", _DELIVERY.dump_python(record, mode="json")
    else:
        kind, fields = "removal", _REMOVAL.dump_python(record, mode="json")
    document = {"previous": _digest(before), "kind": kind, "record": fields}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
