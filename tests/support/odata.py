"""One OData 3 table, served on loopback, landed and loaded: what most tests of the protocol need."""

from __future__ import annotations

from pathlib import Path

from sources.environment import Scope
from sources.registry import CbsOdata3Feed
from tests.support.protocols import Loaded, land_and_load
from tests.support.publisher import LoopbackPublisher, ODataTable

HEERLEN = Scope(with_neighbourhoods=("GM0917",), required=("NL00", "GM0917"))


class Careless(ODataTable):
    """A publisher that ignores every filter."""

    def rows(self, entity: str, condition: str, skip: int, take: int) -> tuple[bytes, int]:
        return super().rows(entity, "", skip, take)


def careless(table: ODataTable) -> ODataTable:
    return Careless(table.id, table.host, table.entities)


def load(home: Path, feed: CbsOdata3Feed, table: ODataTable, scope: Scope = HEERLEN) -> Loaded:
    return land_and_load(home, LoopbackPublisher([table]), feed, scope)
