"""How publishers are reached: one module per interface.

Belongs here: the calls of an interface, its paging, its metadata and the reading of its bytes into cells. Does not
belong here: what a feed's rows must satisfy (`sources.loading`, `sources.expectations`) and whether they are promoted
(`sources.arrival`).
"""

from __future__ import annotations

from typing import Protocol

import duckdb

from sources.contracts import PartnerFeed
from sources.environment import Scope
from sources.feed import Table
from sources.http import PublisherSession
from sources.landing import Landing, Snapshot
from sources.protocols.cbs_odata3 import CbsOdata3
from sources.protocols.cbs_odata4 import CbsOdata4
from sources.protocols.ckan import Ckan
from sources.protocols.deliveries import Deliveries
from sources.protocols.download import Download
from sources.protocols.ogc_features import OgcFeatures
from sources.registry import CbsOdata3Feed, CbsOdata4Feed, CkanFeed, Feed, FetchedFeed, OgcFeaturesFeed


class Reader(Protocol):
    """What the audit of a feed needs, however its bytes came to landing."""

    def read_cells(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, landing: Landing) -> None:
        """Read landed bytes into the temporary table ``cells`` (see `sources.loading`); `FeedProblem` when it can't."""


class FeedProtocol(Reader, Protocol):
    """What the arrival of a feed needs of an interface. Each call raises `FeedProblem` when it can't be done."""

    def tables(self, session: PublisherSession) -> list[Table]:
        """The tables of the feed file and those that the catalogue has beside them."""

    def version(self, session: PublisherSession, table: Table) -> str:
        """The publisher's version of a table, asked without downloading data; empty when it gives none."""

    def fetch(self, session: PublisherSession, table: Table, version: str, landing: Landing) -> Snapshot:
        """Land one table."""


def reader_of(feed: Feed, scope: Scope) -> Reader:
    """What reads the landed bytes of a feed: its protocol, or that of deliveries where a partner sends them."""
    return Deliveries(feed) if isinstance(feed, PartnerFeed) else protocol_of(feed, scope)


def protocol_of(feed: FetchedFeed, scope: Scope) -> FeedProtocol:
    """The protocol by which a feed is fetched, bound to the feed and the scope. Nobody fetches what a partner delivers."""
    if isinstance(feed, CbsOdata3Feed):
        return CbsOdata3(feed, scope)
    if isinstance(feed, CbsOdata4Feed):
        return CbsOdata4(feed, scope)
    if isinstance(feed, OgcFeaturesFeed):
        return OgcFeatures(feed, scope)
    if isinstance(feed, CkanFeed):
        return Ckan(feed, scope)
    return Download(feed, scope)
