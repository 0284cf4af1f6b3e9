"""What a release says of itself, in every file of it.

Belongs here: the row of ``meta.release`` as a value, the title and the mark of invented figures. Does not belong here: how it
comes about (`publication.release`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

TITLE = "Monitor Heerlen-Noord"

# Stands before the title and every table comment, so that invented figures are never taken for real ones.
MARKS = {"sample": "SAMPLE – verzonnen cijfers. "}


@dataclass(frozen=True)
class Facts:
    """The row of ``meta.release``; `created_at` is in UTC, `previous` is None for the first release."""

    release_id: str
    created_at: datetime
    data_origin: str
    fingerprint: str
    environment: str
    previous: str | None

    @property
    def mark(self) -> str:
        return MARKS.get(self.data_origin, "")

    @property
    def title(self) -> str:
        return self.mark + TITLE
