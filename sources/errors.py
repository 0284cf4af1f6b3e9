"""The one shape of bad news: what is wrong, where, what was expected and what happens now.

Belongs here: the exceptions that a person reads. Code that catches them belongs where the decision is made: a feed's
problem becomes a hold in `sources.arrival`, anything else ends the run.
"""

from __future__ import annotations


class NoordError(Exception):
    """An error whose text is meant for the person who has to act on it."""


class ConfigurationError(NoordError):
    """A setting, feed file or scope file that can't be used; nothing was started."""


class FeedProblem(NoordError):
    """A delivery that can't be accepted.

    Args:
        what: what is wrong, in one clause.
        feed_id: the feed concerned.
        where: table, file, row, column or URL.
        expected: what would have been right.
    """

    def __init__(self, what: str, *, feed_id: str, where: str, expected: str) -> None:
        self.what = what
        self.feed_id = feed_id
        self.where = where
        self.expected = expected
        super().__init__(f"{feed_id}: {what} ({where}). Expected: {expected}.")
