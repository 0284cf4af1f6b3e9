"""One OData 3 table, served on loopback, landed and loaded: what most tests of the protocol need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources import warehouse
from sources.environment import Environment, Scope
from sources.http import PublisherSession
from sources.landing import Landing, Snapshot
from sources.loading import append_cells, create_delivery
from sources.protocols.cbs_odata3 import CbsOdata3
from sources.registry import CbsOdata3Feed
from tests.support.publisher import LoopbackPublisher, ODataTable
from tests.support.small import small_environment

HEERLEN = Scope(with_neighbourhoods=("GM0917",), required=("NL00", "GM0917"))
Row = dict[str, Any]


class Careless(ODataTable):
    """A publisher that ignores every filter."""

    def rows(self, entity: str, condition: str, skip: int, take: int) -> tuple[bytes, int]:
        return super().rows(entity, "", skip, take)


def careless(table: ODataTable) -> ODataTable:
    return Careless(table.id, table.host, table.entities)


@dataclass
class Loaded:
    """One table, landed and loaded, and what was asked for it."""

    rows: list[Row]
    snapshot: Snapshot
    requests: list[str]

    def column(self, name: str) -> list[Any]:
        return [row[name] for row in self.rows]

    def asked(self, words: str) -> list[str]:
        return [request for request in self.requests if words in request]


def load(home: Path, feed: CbsOdata3Feed, table: ODataTable, scope: Scope = HEERLEN) -> Loaded:
    with LoopbackPublisher([table]).running() as publisher:
        settings = small_environment(home, publisher)
        environment = Environment("live", "live", home, scope, None, settings.mirrors)
        protocol, landing = CbsOdata3(feed, scope), Landing(environment)
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
