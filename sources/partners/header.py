"""Where the table begins: the header row, and whether its columns are those of the contract.

Belongs here: matching headers with a contract. Does not belong here: how rows are read from bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sources.contracts import PartnerFeed, plain_header
from sources.files import clean
from sources.partners.rules import Refused

# Titles above a table are few; what stands further down is no header.
MOST_TITLE_ROWS = 40
MOST_COLUMNS = 200
TextRow = Sequence[str]


@dataclass(frozen=True)
class Header:
    """The header of a table: `last` is the index of its last row, `places` are the columns with a header, `width` how many
    fields it has, and `titles` the texts above it."""

    last: int
    places: tuple[int, ...]
    labels: tuple[str, ...]
    width: int
    score: int
    titles: tuple[str, ...]


def known_headers(feed: PartnerFeed) -> dict[str, str]:
    """Headers of a contract, plain, with the name of their column."""
    return {plain_header(h): name for name, column in feed.columns.items() for h in (name, *column.synonyms)}


def column_places(header: Sequence[str], feed: PartnerFeed) -> dict[str, int]:
    """The place in `header` of each column of the contract that was delivered."""
    known = known_headers(feed)
    found = {known.get(plain_header(label)): place for place, label in enumerate(header)}
    return {name: place for name, place in found.items() if name is not None}


def find_header(rows: Sequence[TextRow], feed: PartnerFeed) -> Header | None:
    """The row, or the two rows with merged cells, that fit the contract's headers best; None when too few fit.

    Half of the required columns must be there: with fewer it is no header of this contract.
    """
    known = known_headers(feed)
    best: tuple[int, int, int, list[str]] | None = None
    for first, last, labels in _candidates(rows, known):
        score = len({known[key] for key in map(plain_header, labels) if key in known})
        if best is None or score > best[0]:
            best = (score, first, last, labels)
        if score == len(feed.columns):
            # No other fits better; most deliveries end here, at their first row.
            break
    needed = sum(column.required for column in feed.columns.values())
    if best is None or best[0] == 0 or 2 * best[0] < needed:
        return None
    score, first, last, labels = best
    places = tuple(place for place, label in enumerate(labels) if label)
    titles = tuple(text for row in rows[:first] for text in map(clean, row) if text)
    return Header(last, places, tuple(labels[place] for place in places), len(labels), score, titles)


def _candidates(rows: Sequence[TextRow], known: dict[str, str]) -> Iterator[tuple[int, int, list[str]]]:
    """Rows that may be the header, each with its first and last index: single ones, then pairs."""
    for at, row in enumerate(rows):
        yield at, at, [_label(cell) for cell in row]
    for at, (upper, lower) in enumerate(pairwise(rows)):
        yield at, at + 1, _merged(upper, lower, known)


def require_columns(header: Header, feed: PartnerFeed) -> None:
    """Refuse columns that the contract doesn't know: nobody has looked at whether they may be here.

    Raises:
        Refused: a column is unknown, stands twice, or is missing.
    """
    known = known_headers(feed)
    names = [known.get(plain_header(label)) for label in header.labels]
    if len(names) > MOST_COLUMNS:
        raise Refused("te_veel_kolommen", f"{len(names)} kolommen")
    for place, name in zip(header.places, names, strict=True):
        if name is None:
            # Its header is not repeated: where a header row is missing, it is somebody's data.
            raise Refused("onbekende_kolom", f"kolom {place + 1}")
        if names.count(name) > 1:
            raise Refused("dubbele_kolom", f"kolom {name}")
    missing = [name for name, column in feed.columns.items() if column.required and name not in names]
    if missing:
        raise Refused("kolom_ontbreekt", "kopregel", f"ook de kolommen {', '.join(missing)}")


def _label(cell: str) -> str:
    return " ".join(clean(cell).split())


def _merged(upper: TextRow, lower: TextRow, known: dict[str, str]) -> list[str]:
    """Two rows as one: a cell merged over both rows stands in the upper one, a group merged over columns in its first."""
    labels: list[str] = []
    group = ""
    for place in range(max(len(upper), len(lower))):
        above = _label(upper[place]) if place < len(upper) else ""
        below = _label(lower[place]) if place < len(lower) else ""
        group = above or group
        both = f"{group} {below}".strip()
        labels.append(
            below
            if below and (plain_header(below) in known or plain_header(both) not in known)
            else both
            if below
            else above
        )
    return labels
