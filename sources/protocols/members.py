"""Finding the members of a feed's further dimensions among a publisher's.

Belongs here: the rule that a member is known by its title where the feed file gives titles, because the codes of
members differ between tables of one feed. Shared by the protocols; does not read bytes itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sources.errors import FeedProblem
from sources.protocols.cells import literal, quote
from sources.protocols.columns import is_same
from sources.registry import Dimension, PublishedFeed


@dataclass(frozen=True)
class KeptDimension:
    """A dimension of the feed as one table has it.

    `labels` says under which word each member that is fetched goes, by its unpadded code; empty when every member is
    fetched under its own code.
    """

    key: str
    labels: Mapping[str, str]


def name_of(dimension: Dimension, found: Sequence[str]) -> str | None:
    """The name under which a table has a dimension; None when it has it under none of the feed's names."""
    return next((name for name in dimension.names if name in found), None)


def kept_dimensions(
    feed: PublishedFeed, found: Sequence[str], members: Callable[[str], Sequence[Mapping[str, Any]]], table: str
) -> list[KeptDimension]:
    """The feed's dimensions as the table has them, with the labels of the members that are fetched.

    Args:
        found: the names of the table's dimensions, checked before to hold all of the feed's.
        members: the publisher's list of the members of a dimension, with ``Key`` and ``Title``; asked only for
            dimensions whose members the feed names by title.

    Raises:
        FeedProblem: see `resolve_members`.
    """
    return [_kept_dimension(feed, dimension, found, members, table) for dimension in feed.dimensions]


def _kept_dimension(
    feed: PublishedFeed,
    dimension: Dimension,
    found: Sequence[str],
    members: Callable[[str], Sequence[Mapping[str, Any]]],
    table: str,
) -> KeptDimension:
    key = name_of(dimension, found)
    assert key is not None, "a table without the dimension was refused"
    if not dimension.titles:
        return KeptDimension(key, {code: code for code in dimension.keep})
    return KeptDimension(key, resolve_members(feed, dimension, members(key), f"{key} of table {table}"))


def breakdown_sql(kept: Sequence[KeptDimension]) -> str:
    """SQL for the breakdown of a row ``r``: its members, or the labels of those that have one."""
    parts = []
    for dimension in kept:
        member = f"trim(r.{quote(dimension.key)})"
        pairs = " ".join(f"WHEN {literal(code)} THEN {literal(label)}" for code, label in dimension.labels.items())
        parts.append(f"CASE {member} {pairs} END" if pairs else member)
    return f"concat_ws('|', {', '.join(parts)})" if parts else "'total'"


def resolve_members(
    feed: PublishedFeed, dimension: Dimension, rows: Sequence[Mapping[str, Any]], where: str
) -> dict[str, str]:
    """The feed's label of each member by the member's code.

    Args:
        rows: the publisher's list of members, with ``Key`` and ``Title``.

    Raises:
        FeedProblem: no member, or more than one, has a title that the feed file names.
    """
    members = [(str(row.get("Key", "")).strip(), str(row.get("Title") or "")) for row in rows]
    labels: dict[str, str] = {}
    for label, titles in dimension.titles.items():
        code = _code(feed, label, titles, members, where)
        if code in labels:
            raise _problem(feed, f"'{label}' and '{labels[code]}' are one member, {code}", where, "a member for each")
        labels[code] = label
    return labels


def _code(
    feed: PublishedFeed, label: str, titles: Sequence[str], members: Sequence[tuple[str, str]], where: str
) -> str:
    for title in titles:
        codes = [code for code, found in members if is_same(found, title)]
        if len(codes) > 1:
            raise _problem(feed, f"{len(codes)} members have the title '{title}': {', '.join(codes)}", where, "one")
        if codes:
            return codes[0]
    near = difflib.get_close_matches(titles[0], [title.strip() for _, title in members], n=3, cutoff=0.4)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    raise _problem(feed, f"no member has the title of '{label}'{hint}", where, " or ".join(titles))


def _problem(feed: PublishedFeed, what: str, where: str, expected: str) -> FeedProblem:
    return FeedProblem(what, feed_id=feed.id, where=where, expected=expected)
