"""Periods of CBS in the table ``cells``: their status, and the kind under which they are stored.

Belongs here: what the time dimension of a publisher says about a period. Shared by the protocols of CBS; does not read
bytes itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from sources.errors import FeedProblem
from sources.protocols.cells import literal
from sources.registry import PublishedFeed

_STATUS = {"definitief": "final", "nadervoorlopig": "revised", "voorlopig": "provisional"}


def period_status(publisher: str) -> str:
    """``final``, ``revised`` or ``provisional`` for a publisher's word; a word that is not known promises nothing."""
    return _STATUS.get("".join(publisher.split()).casefold(), "provisional")


def set_status(connection: duckdb.DuckDBPyConnection, periods: Sequence[Mapping[str, Any]]) -> None:
    """Give the rows of ``cells`` the status of their period, where the time dimension states one."""
    known = [(period_status(str(row["Status"])), str(row["Key"]).strip()) for row in periods if row.get("Status")]
    if not known:
        return
    pairs = ", ".join(f"({literal(status)}, {literal(key)})" for status, key in known)
    connection.execute(
        f"UPDATE cells SET period_status = s.status FROM (VALUES {pairs}) AS s(status, code) WHERE s.code = cells.period_code"
    )


def store_periods(connection: duckdb.DuckDBPyConnection, feed: PublishedFeed, where: str) -> None:
    """Give the periods of ``cells`` the kind under which the feed stores them.

    Raises:
        FeedProblem: a key is no period of CBS, or its kind can't become the one that the feed stores.
    """
    _refuse_strange_keys(connection, feed, where, "(JJ|KW|MM|HJ|SJ)", "keys of periods such as 2024JJ00")
    if feed.period.stored_as == "KW":
        months_as_quarters(connection, feed, where)
    elif feed.period.stored_as == "SJ":
        connection.execute("UPDATE cells SET period_code = replace(period_code, 'JJ', 'SJ')")
    if feed.period.stored_as:
        kind = feed.period.stored_as
        _refuse_strange_keys(connection, feed, where, kind, f"periods that can be stored as {kind}")


def _refuse_strange_keys(
    connection: duckdb.DuckDBPyConnection, feed: PublishedFeed, where: str, kinds: str, expected: str
) -> None:
    strange = connection.execute(
        f"SELECT min(period_code) FROM cells WHERE NOT regexp_full_match(period_code, '\\d{{4}}{kinds}\\d{{2}}')"
    ).fetchall()[0][0]
    if strange is not None:
        raise FeedProblem(f"period '{strange}'", feed_id=feed.id, where=where, expected=expected)


def months_as_quarters(connection: duckdb.DuckDBPyConnection, feed: PublishedFeed, where: str) -> None:
    """Turn months that end a quarter into that quarter: ``2024MM03`` holds the stand at the end of ``2024KW01``.

    Raises:
        FeedProblem: a month ends no quarter; taking it for one would count a quarter twice or a stand at another date.
    """
    months = connection.execute(
        "SELECT DISTINCT period_code FROM cells WHERE substr(period_code, 5, 2) = 'MM' ORDER BY 1"
    ).fetchall()
    strange = [code for (code,) in months if code[6:] not in ("03", "06", "09", "12")]
    if strange:
        raise FeedProblem(
            f"{len(strange)} months end no quarter, such as {', '.join(strange[:3])}",
            feed_id=feed.id,
            where=where,
            expected="quarters, or the months 03, 06, 09 and 12",
        )
    connection.execute(
        """UPDATE cells SET period_code = left(period_code, 4) || 'KW' || lpad((right(period_code, 2)::INTEGER // 3)::VARCHAR, 2, '0')
        WHERE substr(period_code, 5, 2) = 'MM'"""
    )
