"""The intake: from a file of a partner to figures in landing, or back to the partner with a report.

Belongs here: the order of the steps and the decision. Does not belong here: how each step is done (the other modules of
this package), and what becomes of landed figures (`sources.arrival`).
"""

from __future__ import annotations

from collections.abc import Callable

from sources.contracts import PartnerFeed
from sources.environment import Environment
from sources.landing import Landing
from sources.partners.register import Delivery

Progress = Callable[[str], None]


def has_waiting(feed: PartnerFeed, environment: Environment) -> bool:
    """Whether `take_in_all` would find something: a file that has settled, one that was claimed, or news to pull."""
    raise NotImplementedError


def take_in_all(
    feed: PartnerFeed, environment: Environment, landing: Landing, progress: Progress = lambda _text: None
) -> list[Delivery]:
    """Take in what waits for the feed, in the order of arrival, and land the figures of what is accepted.

    The caller holds the writer lock. Every delivery ends as a line of the register with a report, also when it is
    refused, held or a duplicate. Files of the partner that fit none of its contracts are refused too (``feed_id`` empty)
    and are not among the returned ones: they are nobody's figures and must hold no feed.

    Raises:
        FeedProblem: nothing could be fetched, or the disk refuses; what was claimed is taken up again next time.
        ConfigurationError: the register was changed by other hands.
    """
    raise NotImplementedError
