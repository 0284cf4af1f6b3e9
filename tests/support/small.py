"""A small table in the wire format of Kerncijfers, and an environment around it, for tests of seconds.

Rows: the Netherlands, Heerlen, two wijken and three buurten; every measure that the feed requires in 2020.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sources.environment import Environment, declare_environment
from sources.feed import Table
from sources.registry import CbsOdata3Feed, load_registry
from tests.support.publisher import LoopbackPublisher, ODataTable

TABLE_ID = "84799NED"
HOSTS = (
    "opendata.cbs.nl",
    "dataderden.cbs.nl",
    "datasets.cbs.nl",
    "api.pdok.nl",
    "duo.nl",
    "onderwijsdata.duo.nl",
    "www.leefbaarometer.nl",
)
AREAS = ["NL00", "GM0917", "WK091710", "WK091711", "BU09171000", "BU09171001", "BU09171100"]
POPULATION = {
    "NL00": 17407585,
    "GM0917": 87086,
    "WK091710": 3940,
    "WK091711": 83145,
    "BU09171000": 3460,
    "BU09171001": 475,
    "BU09171100": 1820,
}


def kerncijfers_feed() -> CbsOdata3Feed:
    """The real feed file, restricted to 2020 and without catalogue discovery."""
    feed = load_registry()["cbs_kerncijfers"]
    assert isinstance(feed, CbsOdata3Feed)
    return feed.model_copy(update={"tables": (Table(id=TABLE_ID, year=2020),), "discover": None})


def small_kerncijfers(feed: CbsOdata3Feed | None = None) -> ODataTable:
    """The table as entity sets; tests change its rows and properties in place."""
    feed = feed or kerncijfers_feed()
    year = Table(id=TABLE_ID, year=2020)
    keys: dict[str, str] = {}
    properties: list[dict[str, Any]] = [
        {"ID": 0, "ParentID": None, "Type": "GeoDetail", "Key": "WijkenEnBuurten", "Title": "Wijken en buurten"},
        {"ID": 1, "ParentID": None, "Type": "TopicGroup", "Key": "", "Title": "Bevolking"},
    ]
    for ordinal, (name, measure) in enumerate(feed.measures.items(), start=5):
        if measure.is_required(year):
            keys[name] = f"{measure.stem[0]}_{ordinal}"
            row = {"ParentID": 1, "Type": "Topic", "Key": keys[name], "Title": name, "Unit": measure.unit}
            properties.append({"ID": len(properties)} | row)
    rows = [_row(number, area, keys) for number, area in enumerate(AREAS)]
    return ODataTable(
        id=TABLE_ID,
        host="opendata.cbs.nl",
        entities={
            "TableInfos": [
                {
                    "ID": 1,
                    "Identifier": TABLE_ID,
                    "Title": "Kerncijfers 2020",
                    "Modified": "2021-03-26T02:00:00",
                    "RecordCount": len(rows),
                }
            ],
            "DataProperties": properties,
            "WijkenEnBuurten": [{"Key": f"{area:<10}", "Title": area} for area in AREAS],
            "TypedDataSet": rows,
        },
    )


def _row(number: int, area: str, keys: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"ID": number, "WijkenEnBuurten": f"{area:<10}"}
    for name, key in keys.items():
        row[key] = 40 + number
        if name == "population":
            row[key] = POPULATION[area]
    return row


def column(table: ODataTable, stem: str) -> str:
    """The full key of a column of the small table."""
    return next(str(row["Key"]) for row in table.entities["DataProperties"] if str(row["Key"]).startswith(stem + "_"))


def small_environment(home: Path, publisher: LoopbackPublisher) -> Environment:
    """A live environment whose publishers are on loopback and whose scope is Heerlen and the Netherlands."""
    scope = home / "scope.yml"
    home.mkdir(parents=True, exist_ok=True)
    scope.write_text(yaml.safe_dump({"with_neighbourhoods": ["GM0917"], "required": ["NL00", "GM0917"]}))
    mirrors = publisher.mirrors(*HOSTS)
    return declare_environment("live", {"NOORD_HOME": str(home), "NOORD_SCOPE": str(scope), "NOORD_MIRRORS": mirrors})
