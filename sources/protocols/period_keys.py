"""The kinds of CBS period keys: ``2024JJ00``, ``2024SJ00``, ``2024MM05``.

Belongs here: turning a publisher's key into the one under which a period is stored. Does not belong here: dates of
periods (dbt).
"""

from __future__ import annotations

import re

from sources.registry import Period

_KEY = re.compile(r"(\d{4})(JJ|KW|MM|HJ|SJ)(\d{2})")
# A table of school years may give them the keys of calendar years.
_SAME = {("JJ", "SJ")}


def stored_period(period: Period, key: str) -> str | None:
    """The key under which a period is stored, None when the feed does not keep its kind.

    Raises:
        ValueError: the key is no period, or its kind can't become the one that the feed stores.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError(f"'{key}' is no period key such as 2024JJ00")
    year, kind, number = match.groups()
    if period.keep and kind not in period.keep:
        return None
    wanted = period.stored_as or kind
    if kind != wanted and (kind, wanted) not in _SAME:
        raise ValueError(f"period {key} can't be stored as {wanted}")
    return f"{year}{wanted}{number}"
