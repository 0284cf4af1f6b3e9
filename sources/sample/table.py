"""A table of the sample as its publisher serves it: entity sets, and cells as they stand on the wire.

Belongs here: what all OData tables of the sample share. Does not belong here: which tables there are (`odata`,
`safety`, `work`, `care`, `places`), the figures (`figures`, `crimes`) and answering URLs (`odata`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sources.sample.areas import COUNTRY, HEERLEN, Area, all_areas
from sources.sample.columns import Dimension, Topic, data_properties

CBS, THIRD_PARTIES = "opendata.cbs.nl", "dataderden.cbs.nl"
REGION = Dimension("WijkenEnBuurten", "Wijken en buurten", "GeoDetail")
PERIODS = Dimension("Perioden", "Perioden", "TimeDimension")
MARGIN = Dimension("Marges", "Marges", "Dimension")
# Members of the margins: title, and on which side of the value.
MARGINS = {
    "MW00000": ("Waarde", 0),
    "MOG0095": ("Ondergrens 95%-betrouwbaarheidsinterval", -1),
    "MBG0095": ("Bovengrens 95%-betrouwbaarheidsinterval", 1),
}
_CBS_CATALOGUE = "CBS"
Row = dict[str, Any]


@dataclass(frozen=True)
class OdataTable:
    """One table.

    `make_rows` makes the rows of TypedDataSet without their ID; `codes` holds the members of the other dimensions.
    Tables of another catalogue than that of CBS are served by the host for third parties.
    `region` is the geo dimension, whose keys are padded to `key_width`.
    """

    id: str
    title: str
    period: str
    modified: str
    frequency: str
    dimensions: tuple[Dimension, ...]
    topics: tuple[Topic, ...]
    areas: tuple[Area, ...]
    make_rows: Callable[[], Iterator[Row]]
    codes: dict[str, list[Row]] = field(default_factory=dict)
    catalog: str = _CBS_CATALOGUE
    national_key: str = COUNTRY
    map_year: int | None = None
    region: str = REGION.key
    key_width: int = 10

    @property
    def host(self) -> str:
        return CBS if self.catalog == _CBS_CATALOGUE else THIRD_PARTIES

    @cached_property
    def data(self) -> list[Row]:
        return [{"ID": number} | row for number, row in enumerate(self.make_rows())]

    def entity(self, name: str) -> list[Row]:
        """The rows of an entity set."""
        if name == "TypedDataSet":
            return self.data
        if name == "TableInfos":
            return [self.info()]
        if name == "DataProperties":
            return data_properties(self.dimensions, self.topics, self.map_year)
        if name == self.region:
            return [region_row(area, self.national_key, self.key_width) for area in self.areas]
        return self.codes[name]

    def info(self) -> Row:
        """The row of TableInfos; `Modified` is local time without an offset."""
        return {
            "ID": int("".join(filter(str.isdigit, self.id))[:5]),
            "Title": self.title,
            "ShortTitle": self.title,
            "Identifier": self.id,
            "Summary": "Voorbeeldcijfers in de vorm van deze tabel; geen uitkomsten van de uitgever.",
            "Modified": self.modified,
            "MetaDataModified": self.modified,
            "ReasonDelivery": "Actualisering",
            "ExplanatoryText": "",
            "OutputStatus": "Regulier",
            "Source": f"{self.catalog}.",
            "Language": "nl",
            "Catalog": self.catalog,
            "Frequency": self.frequency,
            "Period": self.period,
            "RecordCount": len(self.data),
            "ColumnCount": len(self.dimensions) + len(self.topics),
            "SearchPriority": "2",
        }


def member_row(key: str, title: str) -> Row:
    return {"Key": key, "Title": title, "Description": None}


def member_rows(members: Mapping[str, str | tuple[str, object]], width: int = 0) -> list[Row]:
    """Members from their titles, or from pairs that begin with them; their codes are padded to `width`."""
    titles = {code: member if isinstance(member, str) else member[0] for code, member in members.items()}
    return [member_row(code.ljust(width), title) for code, title in titles.items()]


def period_row(key: str, title: str, status: str) -> Row:
    return member_row(key, title) | {"Status": status}


def year_rows(years: range | tuple[int, ...], provisional_from: int, revised_from: int | None = None) -> list[Row]:
    """Calendar years as members; the newest are provisional, those before them may be revised."""
    revised = provisional_from if revised_from is None else revised_from
    return [period_row(f"{year}JJ00", str(year), _status(year, revised, provisional_from)) for year in years]


def _status(year: int, revised: int, provisional: int) -> str:
    if year >= provisional:
        return "Voorlopig"
    return "NaderVoorlopig" if year >= revised else "Definitief"


def region_key(area: Area, national_key: str = COUNTRY, width: int = 10) -> str:
    return (national_key if area.kind == "NL" else area.code).ljust(width)


def region_row(area: Area, national_key: str, width: int = 10) -> Row:
    key = region_key(area, national_key, width)
    municipality = "" if area.kind == "NL" else area.municipality
    detail = key.strip() if municipality else ""
    return member_row(key, area.name) | {"Municipality": municipality, "DetailRegionCode": detail}


def text_cell(figure: str, area: Area) -> str:
    """A text about the area, padded as on the wire."""
    if figure == "municipality_name":
        return municipality_name(area).ljust(40)
    if figure == "region_kind":
        return area.kind_name.ljust(10)
    if figure == "boundary_change":
        return ("1" if area.is_small else ".").rjust(10)
    if figure == "postcode":
        return (area.postcode if area.kind == "BU" else ".").rjust(10)
    return area.code.ljust(10)


def municipality_name(area: Area) -> str:
    # The decoy's municipality is in no file of areas.
    return "Goirle" if area.kind == "BU" and area.municipality != HEERLEN else all_areas()[area.municipality].name


def area_topics(first: int) -> tuple[Topic, ...]:
    """The columns with which most tables say what an area is, numbered from `first`."""
    group = ("Regioaanduiding",)
    return (
        Topic(f"Gemeentenaam_{first}", "Gemeentenaam", "naam", "String", 0, group, "municipality_name"),
        Topic(f"SoortRegio_{first + 1}", "Soort regio", "omschrijving", "String", 0, group, "region_kind"),
        Topic(f"Codering_{first + 2}", "Codering", "code", "String", 0, group, "code"),
    )
