"""What partners delivered, as far as an arrival needs it: figures that lie in landing, and deliveries that came to nothing.

Belongs here: the reading of landed figures into cells, which refusal still waits for an answer, and what is overdue. A
partner's feed is not fetched: its tables are the periods in landing, and how they come there is `sources.partners`. Does not
belong here: whether rows are promoted (`sources.arrival`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from sources.checks import CheckResult
from sources.contracts import NOT_DELIVERED, PartnerFeed
from sources.environment import HERE, Environment
from sources.errors import FeedProblem
from sources.landing import Landing, Snapshot
from sources.protocols.cells import create_cells, literal, quote

if TYPE_CHECKING:
    from sources.partners.register import Delivery

CELLS = "cells.csv"
OVERDUE_CHECK = "nothing_overdue"
_KEYS = ("area_code", "period_code", "breakdown")


class Deliveries:
    """The landed figures of one contract: plain numbers per area, period and breakdown; an empty cell is missing."""

    def __init__(self, feed: PartnerFeed) -> None:
        self._feed = feed

    def read_cells(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, landing: Landing) -> None:
        """Fill ``cells`` with one period; a measure that the contract gained since is missing in it.

        Raises:
            FeedProblem: the file is gone or is not what the intake wrote. The message holds nothing of its content.
        """
        create_cells(connection, self._feed)
        path = landing.folder(snapshot) / CELLS
        try:
            self._append(connection, path)
        except duckdb.Error as error:
            raise FeedProblem(
                f"the landed figures can't be read ({type(error).__name__})",
                feed_id=self._feed.id,
                where=f"table {snapshot.table.id}, {path}",
                expected=f"a file with the columns {', '.join(_KEYS)} and the measures of the contract",
            ) from None

    def _append(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        source = f"read_csv({literal(str(path))}, header = true, delim = ',', quote = '\"', escape = '\"', all_varchar = true)"
        landed = {name for name, *_ in connection.execute(f"DESCRIBE FROM {source}").fetchall()}
        missing = literal(NOT_DELIVERED)
        figures = [f"coalesce({quote(name)}, {missing})" if name in landed else missing for name in self._feed.measures]
        names = ", ".join(quote(name) for name in self._feed.measures)
        keys = ", ".join(_KEYS)
        connection.execute(
            f"""INSERT INTO cells (row_number, file, {keys}, bound, {names})
            SELECT row_number() OVER () + 1, {literal(CELLS)}, {keys}, 'value', {", ".join(figures)} FROM {source}"""
        )


def overdue_check(feed: PartnerFeed, environment: Environment, periods: Collection[str]) -> CheckResult:
    """Whether the figures after those that stand are still in time, on the day of the run or of the recording it replays.

    What it found is the same from day to day until the day on which it turns.

    Args:
        periods: the period codes that stand.
    """
    # Imported here: a run without partners must not pay for it.
    from sources.partners.intake import reference_moment
    from sources.partners.timing import next_due

    due = next_due(feed, periods)
    is_overdue = reference_moment(environment).astimezone(HERE).date() > due
    after = f"after {max(periods)}" if periods else "of the contract"
    return CheckResult(
        gate="arrival",
        subject=feed.id,
        name=OVERDUE_CHECK,
        severity="warn",
        passed=not is_overdue,
        expected=f"Figures {feed.cadence.expected.replace('_', '-')}, up to {feed.cadence.slack_days} days late",
        found=f"the figures {after} {'were' if is_overdue else 'are'} due by {due}",
        unexpected_count=int(is_overdue),
        examples="[]",
        checked_at=datetime.now(UTC),
    )


def unanswered(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """The refused and held deliveries of one feed that no good one has answered yet, in the order of their decisions.

    A good delivery answers an earlier refusal when it came in after it, or, where both waited together, when it is about the
    same periods; a refused delivery whose periods nobody could read is answered by any good one after it.

    Args:
        deliveries: those of one feed, in the order of their decisions.
    """
    return [
        refused
        for place, refused in enumerate(deliveries)
        if refused.decision in ("refused", "held")
        and not any(_answers(later, refused) for later in deliveries[place + 1 :])
    ]


def _answers(later: Delivery, refused: Delivery) -> bool:
    if not later.is_accepted:
        return False
    return later.received_at > refused.decided_at or set(refused.periods) <= set(later.periods)


def open_problem(feed: PartnerFeed, environment: Environment) -> FeedProblem | None:
    """Why the newest deliveries of a feed don't count, for as long as the partner has not sent better ones."""
    # Imported here: a run without partners must not pay for it.
    from sources.partners.register import Register

    waiting = unanswered(Register(environment).deliveries(feed.id))
    if not waiting:
        return None
    newest = waiting[-1]
    more = f", as were {len(waiting) - 1} before it" if len(waiting) > 1 else ""
    return FeedProblem(
        f"delivery {newest.delivery_id} was {newest.decision}{more}: {newest.problem_nl}",
        feed_id=feed.id,
        where=f"inbox {feed.partner}, received {newest.received_at:%Y-%m-%d %H:%M} UTC",
        expected=f"a delivery as the contract of {feed.id} asks; the report to the partner says what to mend",
    )
