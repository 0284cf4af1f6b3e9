"""The result of one check, in the shape that the warehouse stores and the lineage UI shows.

Belongs here: the value object alone. Running checks belongs to `sources.expectations`; deciding on them to
`sources.arrival` and `publication.gate`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Severity = Literal["block", "warn"]


@dataclass(frozen=True)
class CheckResult:
    """What one check expected and what it found.

    `gate` is ``arrival`` or ``release``; `subject` the feed or table; `examples` a JSON text with at most three
    offending rows or values; `unexpected_count` the number of them.
    """

    gate: str
    subject: str
    name: str
    severity: Severity
    passed: bool
    expected: str
    found: str
    unexpected_count: int
    examples: str
    checked_at: datetime

    @property
    def blocks(self) -> bool:
        return not self.passed and self.severity == "block"


def blocking(results: Iterable[CheckResult]) -> list[CheckResult]:
    """The results that forbid promotion or release."""
    return [result for result in results if result.blocks]
