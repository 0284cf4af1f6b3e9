"""The bad news of this package.

Belongs here: the exceptions that `publication` raises. Does not belong here: a failed check, which is a result
(`sources.checks.CheckResult`) and never an exception.
"""

from __future__ import annotations

from sources.errors import NoordError


class PublicationError(NoordError):
    """Something that could not be built, flipped or read.

    Args:
        what: what went wrong, in one clause.
        where: file, folder or table.
        now: the state that things were left in.
    """

    def __init__(self, what: str, *, where: str, now: str) -> None:
        self.what = what
        self.where = where
        self.now = now
        super().__init__(f"{what} ({where}). {now}")
