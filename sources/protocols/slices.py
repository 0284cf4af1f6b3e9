"""A table of many years as one delivery for each calendar year.

Belongs here: which slices a table has and when one is fetched again. Recent months are corrected with every version,
so the slices that hold them come again; older ones only when the publisher moves all years to another division of
areas, which its list of regions tells. Does not belong here: asking for periods and regions (the protocols).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from sources.feed import Table

PERIOD = re.compile(r"(\d{4})(JJ|KW|MM|HJ|SJ)(\d{2})")
# Months that a period of each kind takes; its number times this is its last month. Years are numbered 00.
_MONTHS = {"KW": 3, "MM": 1, "HJ": 6}
_REGIONS = " regions "


def slices_of(table: Table, periods: Iterable[str], repull_months: int) -> list[Table]:
    """A table for each calendar year of `periods`, oldest first.

    Args:
        periods: the publisher's period keys of the kinds that the feed keeps.
        repull_months: a slice without any of the newest months, this many, is closed.
    """
    found = [match for match in map(PERIOD.fullmatch, periods) if match]
    newest = max((_last_month(match) for match in found), default=0)
    years = sorted({int(match[1]) for match in found})
    return [
        table.model_copy(
            update={
                "id": f"{table.id}-{year}",
                "source": table.id,
                "slice_year": year,
                "closed": year * 12 + 12 <= newest - repull_months,
            }
        )
        for year in years
    ]


def _last_month(period: re.Match[str]) -> int:
    """The number of a period's last month, counted from the year 0."""
    return (
        int(period[1]) * 12 + int(period[3]) * _MONTHS[period[2]] if period[2] in _MONTHS else int(period[1]) * 12 + 12
    )


def slice_version(modified: str, regions: Iterable[tuple[str, str]]) -> str:
    """The version of a slice: that of its table, and a digest of the codes and names of the regions it stands on."""
    text = "\n".join(sorted(f"{code}\t{title}" for code, title in regions))
    return f"{modified}{_REGIONS}{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def is_current(table: Table, version: str, landed: str) -> bool:
    """Whether what was landed under the version `landed` is still what the publisher has.

    A closed slice is current for as long as its regions are.
    """
    if table.closed:
        return version.partition(_REGIONS)[2] == landed.partition(_REGIONS)[2] != ""
    return version == landed


def covers(tables: Sequence[Table], ids: Iterable[str]) -> list[Table]:
    """The tables whose own id or whose publisher's id is among `ids`."""
    wanted = set(ids)
    return [table for table in tables if table.id in wanted or table.publisher_id in wanted]
