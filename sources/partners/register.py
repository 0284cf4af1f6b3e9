"""The register of deliveries: who delivered what, when, under which version of a contract, and what was decided.

Belongs here: the record of one delivery and the file to which records are only ever added. It is the truth from which
``control.deliveries`` and ``meta.deliveries`` follow. Does not belong here: the decisions themselves
(`sources.partners.intake`). A record never holds a cell's value, nor a file's name that the contract does not foresee.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sources.partners.privacy import Finding

Way = Literal["inbox", "command", "pull"]
Decision = Literal["accepted", "accepted_with_refusals", "refused", "held", "duplicate"]
Timing = Literal["early", "on_time", "late"]
Original = Literal["destroyed", "quarantine", "archive"]


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

    @property
    def is_accepted(self) -> bool:
        return self.decision in ("accepted", "accepted_with_refusals")
