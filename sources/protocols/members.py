"""Finding the members of a feed's further dimensions among a publisher's.

Belongs here: the rule that a member is known by its title where the feed file gives titles, because the codes of
members differ between tables of one feed. Shared by the protocols; does not read bytes itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sources.errors import FeedProblem
from sources.protocols.columns import is_same
from sources.registry import Dimension, FeedBase


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


def resolve_members(
    feed: FeedBase, dimension: Dimension, rows: Sequence[Mapping[str, Any]], where: str
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


def _code(feed: FeedBase, label: str, titles: Sequence[str], members: Sequence[tuple[str, str]], where: str) -> str:
    for title in titles:
        codes = [code for code, found in members if is_same(found, title)]
        if len(codes) > 1:
            raise _problem(feed, f"{len(codes)} members have the title '{title}': {', '.join(codes)}", where, "one")
        if codes:
            return codes[0]
    near = difflib.get_close_matches(titles[0], [title.strip() for _, title in members], n=3, cutoff=0.4)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    raise _problem(feed, f"no member has the title of '{label}'{hint}", where, " or ".join(titles))


def _problem(feed: FeedBase, what: str, where: str, expected: str) -> FeedProblem:
    return FeedProblem(what, feed_id=feed.id, where=where, expected=expected)
