"""When a period ends and when its figures are due.

Belongs here: the calendar of deliveries. Does not belong here: what becomes of a delivery that comes early or late; it is
named, and taken in like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from sources.contracts import PartnerFeed
from sources.partners.register import Timing

# As in meta.freshness: yearly figures need up to a year after their period, what comes oftener says so in its slack.
_PUBLICATION_DAYS = {"yearly": 366, "two_yearly": 366, "four_yearly": 366}
_CADENCE_DAYS = {
    "monthly": 31,
    "quarterly": 92,
    "half_yearly": 183,
    "yearly": 366,
    "two_yearly": 731,
    "four_yearly": 1461,
}
# The last month of period n of a year, counted from January of that year; terms begin in August.
_LAST_MONTH = {"JJ": (12, 0), "SJ": (19, 0), "HJ": (0, 6), "KW": (0, 3), "MM": (0, 1), "TR": (7, 4)}


def period_end(period_code: str) -> date:
    """The last day of a CBS period (``2024MM05``), or of a third of a school year (``2025TR01`` ends in November)."""
    year, kind, number = int(period_code[:4]), period_code[4:6], int(period_code[6:])
    first, each = _LAST_MONTH[kind]
    months = first + each * number
    return date(year + months // 12, months % 12 + 1, 1) - timedelta(days=1)


def timing_of(feed: PartnerFeed, periods: Sequence[str], received_on: date) -> Timing | None:
    """``early`` when the newest period has yet to end, ``late`` when its figures were due before; None without periods.

    What ended before the feed's first contract began to hold is due as if it had ended then: a history can't be late.
    """
    if not periods:
        return None
    end = max(map(period_end, periods))
    if received_on <= end:
        return "early"
    return "late" if received_on > max(end, _begin(feed)) + _patience(feed) else "on_time"


def next_due(feed: PartnerFeed, periods: Iterable[str]) -> date:
    """The last day on which the figures after `periods` are in time; without periods, the first figures of the contract."""
    newest = max(map(period_end, periods), default=date.min)
    return max(newest, _begin(feed)) + timedelta(days=_CADENCE_DAYS[feed.cadence.expected]) + _patience(feed)


def _begin(feed: PartnerFeed) -> date:
    return min(contract.valid_from for contract in (feed, *feed.earlier))


def _patience(feed: PartnerFeed) -> timedelta:
    return timedelta(days=feed.cadence.slack_days + _PUBLICATION_DAYS.get(feed.cadence.expected, 0))
