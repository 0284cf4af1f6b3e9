"""What tests of the protocols share: a publisher on loopback whose tables are landed and loaded, or arrive whole.

Belongs here: the way from a publisher to rows, and to a warehouse. Does not belong here: what a publisher serves
(`publisher`, `odata4`, `features`) and which rows are right (the tests).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sources import warehouse
from sources.arrival import Arrival, arrive
from sources.environment import Environment, Scope
from sources.errors import FeedProblem
from sources.http import PublisherSession
from sources.landing import Landing, Snapshot
from sources.loading import append_cells, create_delivery
from sources.protocols import protocol_of
from sources.registry import Feed
from tests.support.publisher import LoopbackPublisher
from tests.support.small import small_environment

Row = dict[str, Any]


@dataclass
class Loaded:
    """One table, landed and loaded, and what was asked for it."""

    rows: list[Row]
    snapshot: Snapshot
    requests: list[str]

    def column(self, name: str) -> list[Any]:
        return [row[name] for row in self.rows]

    def of(self, area: str) -> list[Row]:
        return [row for row in self.rows if row["area_code"] == area]

    def asked(self, words: str) -> list[str]:
        return [request for request in self.requests if words in request]

    def anonymous(self) -> list[Row]:
        """The rows without the id of their snapshot, in which two loads of the same differ."""
        return [row | {"snapshot_id": ""} for row in self.rows]


def land_and_load(home: Path, publisher: LoopbackPublisher, feed: Feed, scope: Scope) -> Loaded:
    """Run the publisher, and bring the first table of the feed as far as the rows of its delivery.

    Raises:
        FeedProblem: what the protocol or the loading refuses.
    """
    with publisher.running():
        mirrors = small_environment(home, publisher).mirrors
        environment = Environment("live", "live", home, scope, None, mirrors)
        protocol, landing = protocol_of(feed, scope), Landing(environment)
        with PublisherSession(feed.id, environment) as session:
            snapshot = protocol.fetch(session, feed.tables[0], "", landing)
        with warehouse.connect_memory() as connection:
            create_delivery(connection, feed)
            protocol.read_cells(connection, snapshot, landing)
            append_cells(connection, feed, snapshot, scope)
            found = connection.execute("FROM delivery ORDER BY ALL")
            names = [each[0] for each in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return Loaded(rows, snapshot, publisher.requests)


def refusal(feed: Feed, load: Callable[[], object]) -> str:
    """The message with which a load is refused; it must name the feed."""
    with pytest.raises(FeedProblem) as caught:
        load()
    assert str(caught.value).startswith(f"{feed.id}: ")
    return str(caught.value)


class House:
    """A publisher, and an environment to bring its feeds to."""

    def __init__(self, home: Path, publisher: LoopbackPublisher) -> None:
        self.publisher = publisher
        self.environment: Environment = small_environment(home, publisher)

    def bring(self, feed: Feed, **settings: Any) -> Arrival:
        """Let the feed arrive, with what the publisher has by now."""
        self.publisher.forget()
        warehouse.prepare(self.environment, {feed.id: feed})
        return arrive(feed, self.environment, **settings)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with warehouse.connect(self.environment.warehouse, read_only=True) as connection:
            return connection.execute(query).fetchall()


AnyHouse = TypeVar("AnyHouse", bound=House)


def opened(house: AnyHouse) -> Iterator[AnyHouse]:
    """The house while its publisher runs: the body of a fixture."""
    with house.publisher.running():
        yield house


@contextmanager
def standing(home: Path, publisher: LoopbackPublisher, feed: Feed) -> Iterator[Environment]:
    """Run the publisher; the environment has a warehouse that waits for the feed."""
    with publisher.running():
        house = House(home, publisher)
        warehouse.prepare(house.environment, {feed.id: feed})
        yield house.environment


def first_arrival(home: Path, publisher: LoopbackPublisher, feed: Feed) -> Arrival:
    """Run the publisher and let the feed arrive in an empty warehouse."""
    with standing(home, publisher, feed) as environment:
        return arrive(feed, environment)


def failed(arrival: Arrival) -> list[str]:
    """The checks of a delivery that did not pass, without the one that sums them up."""
    return [result.name for result in arrival.checks if not result.passed and result.name != "delivery"]
