"""Finding a feed's tables in a publisher's catalogue.

Belongs here: which entries belong to a series and which of their years are used. Shared by the interfaces of CBS, whose
catalogues have the same entries under other names. Does not belong here: asking the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sources.feed import Table
from sources.registry import Discover, PublishedFeed

_YEAR = re.compile(r"\b20\d\d\b")
_IDENTIFIER = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")


@dataclass(frozen=True)
class Entry:
    """One table as a catalogue lists it; what it does not say is empty. `period` is a year or a span of years."""

    identifier: str
    title: str
    language: str
    status: str
    period: str

    @property
    def is_current(self) -> bool:
        return (self.status or "Regulier").strip() == "Regulier"

    def edition(self, words: str) -> int | None:
        """The year of an entry that belongs to the series; the server's filter is never trusted."""
        if words.casefold() not in self.title.casefold() or (self.language or "nl").strip().casefold() != "nl":
            return None
        # A period may be a span such as 2009-2026; the title names the edition where there is one.
        years = _YEAR.findall(self.title) or _YEAR.findall(self.period)
        return int(years[-1]) if years else None


def discovered_tables(feed: PublishedFeed, discover: Discover, entries: Iterable[Entry]) -> list[Table]:
    """The tables that the feed file does not name: of later years, and of earlier ones where it asks for them.

    The next table counts when it is current; an older one of the series may be discontinued and still holds.
    """
    years = {table.year for table in feed.tables}
    ids, newest = {table.id for table in feed.tables}, max(years)
    found: list[Table] = []
    for entry in entries:
        year, identifier = entry.edition(discover.title_contains), entry.identifier.strip()
        if year is None or identifier in ids or not _IDENTIFIER.fullmatch(identifier):
            continue
        is_next = year > newest and entry.is_current
        is_older = discover.from_year is not None and discover.from_year <= year < newest and year not in years
        if is_next or is_older:
            found.append(Table(id=identifier, year=year, provisional=is_next, discovered=True))
            ids.add(identifier)
    return found
