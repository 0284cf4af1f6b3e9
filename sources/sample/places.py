"""Tables of the sample about places: energy use of dwellings, and in which province a municipality lies.

Belongs here: their columns, members and rows. Does not belong here: the figures (`figures`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

from sources.sample import figures
from sources.sample.areas import Area, areas_of
from sources.sample.columns import Dimension, Topic
from sources.sample.table import PERIODS, REGION, OdataTable, Row, member_rows, region_key, year_rows

_DWELLINGS = Dimension("Woningkenmerken", "Woningkenmerken", "Dimension")
# Title, and use beside that of all dwellings.
_TYPES = {
    "T001100": ("Totaal woningen", 1.0),
    "ZW10300": ("2-onder-1-kapwoning", 1.2),
    "ZW10320": ("Vrijstaande woning", 1.5),
    "ZW10340": ("Appartement", 0.7),
}
_ENERGY_YEARS = range(2010, 2025)
# Table of each year, and the first ordinal of the provinces in it: it moves between years.
_REGIONS = {
    2020: ("84721NED", 28, "2020-02-14T02:00:00"),
    2022: ("85067NED", 26, "2022-08-23T02:00:00"),
    2024: ("85755NED", 28, "2024-02-16T02:00:00"),
    2025: ("86059NED", 28, "2025-02-14T02:00:00"),
    2026: ("86247NED", 28, "2026-02-13T02:00:00"),
}
_MUNICIPALITY = Dimension("RegioS", "Regio's", "Dimension")
_PROVINCES = {
    "Groningen": "PV20", "Fryslân": "PV21", "Drenthe": "PV22", "Overijssel": "PV23", "Flevoland": "PV24",
    "Gelderland": "PV25", "Utrecht": "PV26", "Noord-Holland": "PV27", "Zuid-Holland": "PV28", "Zeeland": "PV29",
    "Noord-Brabant": "PV30", "Limburg": "PV31",
}  # fmt: skip
# The last province of each part of the country.
_PARTS = {
    "PV22": ("LD01", "Noord-Nederland"),
    "PV25": ("LD02", "Oost-Nederland"),
    "PV29": ("LD03", "West-Nederland"),
    "PV31": ("LD04", "Zuid-Nederland"),
}


def tables(municipalities: frozenset[str]) -> list[OdataTable]:
    """The tables of this module, for the given municipalities."""
    return [_energy(municipalities), *(_regions(year, municipalities) for year in _REGIONS)]


def _energy(municipalities: frozenset[str]) -> OdataTable:
    areas = tuple(areas_of(_ENERGY_YEARS[-1], municipalities))
    group = ("Gemiddeld energieverbruik",)
    topics = (
        Topic("GemiddeldAardgasverbruik_1", "Gemiddeld aardgasverbruik", "m³", "Long", 0, group, "gas"),
        Topic("GemiddeldElektriciteitsverbruik_2", "Gemiddeld elektriciteitsverbruik", "kWh", "Long", 0, group, "electricity"),
    )  # fmt: skip
    return OdataTable(
        id="86159NED",
        title="Energieverbruik particuliere woningen; woningtype, wijken en buurten",
        period=f"{_ENERGY_YEARS[0]}-{_ENERGY_YEARS[-1]}",
        modified="2025-10-09T02:00:00",
        frequency="Perjaar",
        dimensions=(_DWELLINGS, REGION, PERIODS),
        topics=topics,
        areas=areas,
        codes={
            _DWELLINGS.key: member_rows(_TYPES, 10),
            PERIODS.key: year_rows(_ENERGY_YEARS, _ENERGY_YEARS[-1]),
        },
        make_rows=partial(_energy_rows, topics, areas),
        map_year=_ENERGY_YEARS[-1],
    )


def _energy_rows(topics: Sequence[Topic], areas: Sequence[Area]) -> Iterator[Row]:
    for (kind, (_, factor)), area, year in product(_TYPES.items(), areas, _ENERGY_YEARS):
        head = {_DWELLINGS.key: kind.ljust(10), REGION.key: region_key(area), PERIODS.key: f"{year}JJ00"}
        means = {topic.key: figures.mean(area, topic.figure, year, 0) for topic in topics}
        yield head | {key: None if mean is None else round(mean * factor, -1) for key, mean in means.items()}


def _regions(year: int, municipalities: frozenset[str]) -> OdataTable:
    identifier, first, modified = _REGIONS[year]
    areas = tuple(area for area in areas_of(year, municipalities) if area.kind == "GM")
    codes, places = ("Codes en namen van gemeenten",), ("Lokaliseringen van gemeenten",)
    # Many columns are called Code and Naam: only the topic group tells them apart.
    topics = (
        Topic("Code_1", "Code", "code", "String", 0, codes, ""),
        Topic("Naam_2", "Naam", "naam", "String", 0, codes, ""),
        Topic(f"Code_{first - 2}", "Code", "code", "String", 0, (*places, "Landsdelen"), ""),
        Topic(f"Naam_{first - 1}", "Naam", "naam", "String", 0, (*places, "Landsdelen"), ""),
        Topic(f"Code_{first}", "Code", "code", "String", 0, (*places, "Provincies"), ""),
        Topic(f"Naam_{first + 1}", "Naam", "naam", "String", 0, (*places, "Provincies"), ""),
        Topic(f"Inwonertal_{first + 28}", "Inwonertal", "aantal", "Long", 0, ("Statistische gegevens",), ""),
    )
    return OdataTable(
        id=identifier,
        title=f"Gebieden in Nederland {year}",
        period=str(year),
        modified=modified,
        frequency="Onregelmatig",
        dimensions=(_MUNICIPALITY,),
        topics=topics,
        areas=areas,
        make_rows=partial(_region_rows, topics, areas, year),
        region=_MUNICIPALITY.key,
    )


def _region_rows(topics: Sequence[Topic], areas: Sequence[Area], year: int) -> Iterator[Row]:
    for area in areas:
        province = _PROVINCES[area.province]
        part, part_name = next(part for last, part in _PARTS.items() if province <= last)
        texts = (area.code, area.name, part, part_name, province, area.province)
        widths = (10, 50) * 3
        padded = [text.ljust(width) for text, width in zip(texts, widths, strict=True)]
        cells = (*padded, figures.count(area, "inhabitants", year))
        yield {_MUNICIPALITY.key: area.code.ljust(10)} | dict(zip((t.key for t in topics), cells, strict=True))
