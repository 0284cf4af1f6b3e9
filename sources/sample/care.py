"""Tables of the sample about youth care.

Belongs here: their members and rows: municipalities and wijken, counts rounded to five, fewer than eight secret. Does
not belong here: the figures (`figures`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

from sources.sample import figures
from sources.sample.areas import Area, areas_of
from sources.sample.columns import Dimension, Topic
from sources.sample.table import (
    PERIODS,
    REGION,
    OdataTable,
    Row,
    area_topics,
    member_rows,
    region_key,
    text_cell,
    year_rows,
)

# Years, division, Modified, and the name of the dimension that holds the forms.
_TABLES = {
    "82964NED": (range(2015, 2018), 2017, "2018-10-31T02:00:00", "VormenVanJeugdzorg"),
    "20248NED": (range(2015, 2021), 2020, "2022-04-29T02:00:00", "VormenVanJeugdzorg"),
    "20313NED": (range(2021, 2025), 2024, "2025-10-31T02:00:00", "VormenVanJeugdzorg"),
    "86204NED": (range(2025, 2026), 2025, "2026-02-27T02:00:00", "Vormen"),
}
# Forms overlap: who has help with a stay counts as having help too.
_FORMS = {
    "T001271": ("Totaal jeugdzorg", 1.0),
    "A046740": ("Jeugdhulp zonder verblijf", 0.91),
    "A046745": ("Jeugdhulp met verblijf", 0.095),
    "A046752": ("Jeugdbescherming", 0.08),
}
_SECRET_BELOW = 8


def tables(municipalities: frozenset[str]) -> list[OdataTable]:
    """The tables of this module, for the given municipalities."""
    return [_youth_care(identifier, municipalities) for identifier in _TABLES]


def _youth_care(identifier: str, municipalities: frozenset[str]) -> OdataTable:
    years, division, modified, dimension = _TABLES[identifier]
    forms = Dimension(dimension, "Vormen van jeugdzorg", "Dimension")
    areas = tuple(area for area in areas_of(division, municipalities) if area.kind != "BU")
    title = "Totaal jongeren met jeugdzorg"
    topics = (
        *area_topics(1),
        Topic("TotaalJongerenMetJeugdzorg_5", title, "aantal", "Long", 0, ("Jongeren",), "youth_care"),
    )
    return OdataTable(
        id=identifier,
        title=f"Jongeren met jeugdzorg; vormen van jeugdzorg, wijken, {years[0]}-{years[-1]}",
        period=f"{years[0]}-{years[-1]}",
        modified=modified,
        frequency="Perhalfjaar",
        dimensions=(forms, REGION, PERIODS),
        topics=topics,
        areas=areas,
        codes={
            forms.key: member_rows(_FORMS, 10),
            PERIODS.key: year_rows(years, 2025, 2024),
        },
        make_rows=partial(_rows, forms.key, topics, areas, years),
        map_year=division,
    )


def _rows(forms: str, topics: Sequence[Topic], areas: Sequence[Area], years: range) -> Iterator[Row]:
    for (form, (_, part)), area, year in product(_FORMS.items(), areas, years):
        head = {forms: form.ljust(10), REGION.key: region_key(area), PERIODS.key: f"{year}JJ00"}
        *texts, number = topics
        yield (
            head
            | {topic.key: text_cell(topic.figure, area) for topic in texts}
            | {number.key: _count(area, part, year)}
        )


def _count(area: Area, part: float, year: int) -> int | None:
    whole = figures.size(area, figures.specification("youth_care"), year)
    exact = whole * figures.level(area, "youth_care", year) / 100 * part
    return None if exact < _SECRET_BELOW else figures.round_to(exact, 5)
