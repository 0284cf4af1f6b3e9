"""Finding a feed's measures among a publisher's columns.

Belongs here: the rule that a column is known by its stem, unit and topic group and never by its ordinal, because CBS
renumbers the columns of one table between editions (84286NED had two different columns ``_64``). Shared by all
protocols; does not read bytes itself.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sources.errors import FeedProblem
from sources.feed import Attribute, Table
from sources.registry import Measure, PublishedFeed

_ORDINAL = re.compile(r"_\d+$")


@dataclass(frozen=True)
class Column:
    """A publisher's column. `groups` are the titles of the topic groups above it; `unit` is None when unstated.

    `title` names a column whose key says nothing, as the codes of OData 4 do.
    """

    key: str
    unit: str | None = None
    groups: tuple[str, ...] = ()
    title: str | None = None

    @property
    def stem(self) -> str:
        return _ORDINAL.sub("", self.key) if self.title is None else stem_of_title(self.title)


def stem_of_title(title: str) -> str:
    """The name that OData 3 makes of a title: «Twee-onder-één-kap-woning» is TweeOnderEenKapWoning there."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    stem = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^0-9A-Za-z]+", plain))
    return f"k_{stem}" if stem[:1].isdigit() else stem


def resolve_measures(feed: PublishedFeed, table: Table, columns: Sequence[Column], where: str) -> dict[str, str | None]:
    """The publisher's key for each measure of the feed; None where the table need not have it and has not.

    Raises:
        FeedProblem: a required column is absent, has another unit, or can't be told from another one.
    """
    return {name: _resolve(feed, table, name, measure, columns, where) for name, measure in feed.measures.items()}


def resolve_attributes(
    feed: PublishedFeed, columns: Sequence[Column], where: str = "the table's columns"
) -> dict[str, str | None]:
    """The publisher's key for each attribute, None where the table has none.

    Raises:
        FeedProblem: an attribute can't be told from another column.
    """
    found: dict[str, str | None] = {}
    for name, attribute in feed.attributes.items():
        matches = (_matches(stem, attribute, columns) for stem in attribute.stem)
        chosen = next((each for each in matches if each), [])
        found[name] = _only(feed, f"attribute '{name}'", chosen, where) if chosen else None
    return found


def _resolve(
    feed: PublishedFeed, table: Table, name: str, measure: Measure, columns: Sequence[Column], where: str
) -> str | None:
    for stem in measure.stem:
        matches = _matches(stem, measure, columns)
        if matches:
            return _only(feed, f"measure '{name}'", matches, where)
    if not measure.is_required(table):
        return None
    others = [column for column in columns if any(is_same(column.stem, stem) for stem in measure.stem)]
    if others:
        found = ", ".join(_described(column) for column in others)
        groups = f" under {' or '.join(measure.group)}" if measure.group else ""
        raise _problem(
            feed, f"measure '{name}' has another unit or group: {found}", where, f"unit '{measure.unit}'{groups}"
        )
    near = difflib.get_close_matches(measure.stem[0], [column.stem for column in columns], n=3)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    raise _problem(feed, f"column of measure '{name}' is missing or renamed{hint}", where, " or ".join(measure.stem))


def _matches(stem: str, wanted: Measure | Attribute, columns: Sequence[Column]) -> list[Column]:
    unit = wanted.unit if isinstance(wanted, Measure) else None
    return [column for column in columns if is_same(column.stem, stem) and _fits(column, unit, wanted.group)]


def _only(feed: PublishedFeed, what: str, matches: Sequence[Column], where: str) -> str:
    if len(matches) > 1:
        keys = ", ".join(column.key for column in matches)
        raise _problem(
            feed, f"{what} fits several columns: {keys}", where, "one column; name its topic group in the feed file"
        )
    return matches[0].key


def _described(column: Column) -> str:
    return f"{column.key} in '{column.unit}'" + (f" under {' / '.join(column.groups)}" if column.groups else "")


def _fits(column: Column, unit: str | None, groups: Sequence[str] | None) -> bool:
    unit_fits = unit is None or _plain(column.unit or "") == _plain(unit)
    return unit_fits and (groups is None or any(is_same(group, wanted) for group in column.groups for wanted in groups))


def is_same(left: str, right: str) -> bool:
    """Whether two names of a publisher are the same but for case and spaces."""
    # 2020 has NettoArbeidsparticipatie, 2021 Nettoarbeidsparticipatie.
    return _plain(left) == _plain(right)


def _plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").replace("\ufeff", "").split()).casefold()


def _problem(feed: PublishedFeed, what: str, where: str, expected: str) -> FeedProblem:
    return FeedProblem(what, feed_id=feed.id, where=where, expected=expected)
