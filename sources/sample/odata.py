"""A stand-in for opendata.cbs.nl and dataderden.cbs.nl that answers in their own format.

Belongs here: the tables of the sample's first feeds, and the parts of OData 3 that the protocol asks for: ``$filter``
on starts of keys, ``$select``, ``$skip`` and pages of 10,000 rows. A question outside these parts is an error, so that
the archive can't hold an answer the real publisher would not give. Does not belong here: the tables of other feeds
(`safety`, `work`, `care`, `places`), the figures (`figures`, `crimes`) and the recording (`generate`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from urllib.parse import parse_qs, quote, urlsplit

from sources.sample import care, crimes, figures, places, safety, work
from sources.sample.areas import Area, areas_of
from sources.sample.columns import Dimension, Topic, read_topics
from sources.sample.table import (
    MARGIN,
    MARGINS,
    PERIODS,
    REGION,
    OdataTable,
    Row,
    member_rows,
    region_key,
    text_cell,
    year_rows,
)

PAGE = 10_000
JSON_TYPE = "application/json;odata=minimalmetadata;streaming=true;charset=utf-8"
_AGE = Dimension("Leeftijd", "Leeftijd", "Dimension")
_KERNCIJFERS = {
    2013: ("82339NED", "2016-11-04T02:00:00"),
    2014: ("82931NED", "2017-08-30T02:00:00"),
    2015: ("83220NED", "2018-06-15T02:00:00"),
    2016: ("83487NED", "2019-07-04T02:00:00"),
    # The version before the publisher's correction of November 2020: see _LEAKED.
    2017: ("83765NED", "2019-12-06T02:00:00"),
    2018: ("84286NED", "2021-07-29T02:00:00"),
    2019: ("84583NED", "2022-03-31T02:00:00"),
    2020: ("84799NED", "2023-03-31T02:00:00"),
    2021: ("85039NED", "2024-02-29T02:00:00"),
    2022: ("85318NED", "2024-11-28T02:00:00"),
    2023: ("85618NED", "2025-09-30T02:00:00"),
    2024: ("85984NED", "2026-01-30T02:00:00"),
    2025: ("86165NED", "2026-02-27T02:00:00"),
}
# Until its version of 2020-11-06 the table of 2017 had -1 in these columns where the figure was secret; real, and in
# ``corrections.csv``.
_LEAKED = {(2017, "distance_school"), (2017, "schools_3km")}
# Entries of the catalogue with the same words in their title, from before the series of the feed.
_OLDER = {"70904NED": "2009-2012", "81903NED": "2004-2008"}
_HEALTH = {
    "50090NED": ((2012, 2016, 2020), "2022-11-14T02:00:00", 2020),
    "50120NED": ((2012, 2016, 2020, 2022), "2024-06-20T02:00:00", 2022),
    "50150NED": ((2012, 2016, 2020, 2022, 2024), "2025-12-11T02:00:00", 2024),
}
_AGES = {"20300": ("18 jaar of ouder", 0.0), "53115": ("18 tot 65 jaar", -0.03), "80200": ("65 jaar of ouder", 0.06)}
_WIDTHS = {"NL": 0.4, "GM": 1.9, "WK": 4.2, "BU": 6.1}
_EDUCATION = {2023: ("86052NED", "2025-02-13T02:00:00"), 2024: ("86232NED", "2026-02-12T02:00:00")}
_LEVELS = {
    "T001143": ("Totaal", ""),
    "2018700": ("Basisonderwijs, vmbo, mbo1", "education_low"),
    "2018740": ("Havo, vwo, mbo2-4", "education_middle"),
    "2018790": ("Hbo, wo", "education_high"),
}


def tables(municipalities: frozenset[str]) -> list[OdataTable]:
    """All tables of the sample, for the given municipalities."""
    made = [_kerncijfers(year, municipalities) for year in _KERNCIJFERS]
    made += [_education(year, municipalities) for year in _EDUCATION]
    made += [_health(identifier, municipalities) for identifier in _HEALTH]
    made.append(_police(municipalities))
    for group in (work, care, safety, places):
        made += group.tables(municipalities)
    return made


# -- Kerncijfers ----------------------------------------------------------------------------------------------------


def _kerncijfers(year: int, municipalities: frozenset[str]) -> OdataTable:
    identifier, modified = _KERNCIJFERS[year]
    region = Dimension("RegioS", "Regio's", "GeoDetail") if year == 2013 else REGION
    topics = read_topics("columns_kerncijfers.csv", identifier)
    areas = tuple(areas_of(year, municipalities))
    return OdataTable(
        id=identifier,
        title=f"Kerncijfers wijken en buurten {year}",
        period=str(year),
        modified=modified,
        frequency="Onregelmatig",
        dimensions=(region,),
        region=region.key,
        topics=topics,
        areas=areas,
        make_rows=partial(_kerncijfers_rows, region.key, topics, areas, year),
        map_year=year,
    )


def _kerncijfers_rows(region: str, topics: Sequence[Topic], areas: Sequence[Area], year: int) -> Iterator[Row]:
    for area in areas:
        yield {region: area.code.ljust(10)} | {topic.key: _cell(topic, area, year) for topic in topics}


def _cell(topic: Topic, area: Area, year: int) -> str | float | None:
    """The value of one column: text padded as on the wire, null for secret, reserved and not yet published."""
    if topic.datatype == "String":
        return text_cell(topic.figure, area)
    if not topic.figure or topic.figure in figures.UNPUBLISHED.get(year, ()):
        return None
    special = _SPECIAL.get(topic.figure)
    if special is not None:
        return special(area, year)
    if not figures.specification(topic.figure).base and topic.figure not in ("inhabitants", "households"):
        mean = figures.mean(area, topic.figure, year, topic.decimals)
        return -1 if mean is None and (year, topic.figure) in _LEAKED else mean
    if topic.unit == "aantal":
        return figures.count(area, topic.figure, year)
    return figures.share(area, topic.figure, year, topic.decimals, 10 if topic.unit.startswith("per 1 000") else 1)


def _inhabitants(area: Area, year: int) -> int | None:
    return figures.count(area, "inhabitants", year)


def _households(area: Area, year: int) -> int | None:
    return figures.count(area, "households", year)


def _per_household(numerator: str, area: Area, year: int) -> float | None:
    households, number = _households(area, year), figures.count(area, numerator, year)
    if not households or number is None or (area.is_small and households < 10):
        return None
    return round(number / households, 1)


def _density(area: Area, year: int) -> float | None:
    return round(figures.amount(area, "inhabitants", year) * 100 / area.hectares) if area.hectares else None


def _hectares(area: Area, _year: int) -> float | None:
    return area.hectares or None


_SPECIAL: dict[str, Callable[[Area, int], float | None]] = {
    "inhabitants": _inhabitants,
    "households": _households,
    "household_size": partial(_per_household, "inhabitants"),
    "cars_per_household": partial(_per_household, "cars"),
    "density": _density,
    "hectares": _hectares,
}


# -- education, health, police --------------------------------------------------------------------------------------


def _education(year: int, municipalities: frozenset[str]) -> OdataTable:
    identifier, modified = _EDUCATION[year]
    levels = Dimension("Opleidingsniveau", "Opleidingsniveau", "Dimension")
    stem, title = "Bevolking15Tot75Jaar", "Bevolking 15 tot 75 jaar"
    # One stem, two ordinals: only the unit tells the count from the percentage.
    topics = (
        Topic(f"{stem}_1", title, "aantal", "Long", 0, (title,), "count"),
        Topic(f"{stem}_2", title, "%", "Double", 1, (title,), "share"),
    )
    areas = tuple(areas_of(year, municipalities))
    return OdataTable(
        id=identifier,
        title=f"{title}; opleidingsniveau, wijken en buurten, {year}",
        period=str(year),
        modified=modified,
        frequency="Perjaar",
        dimensions=(levels, REGION),
        topics=topics,
        areas=areas,
        codes={levels.key: member_rows(_LEVELS)},
        make_rows=partial(_education_rows, topics, areas, year),
        map_year=year,
    )


def _education_rows(topics: Sequence[Topic], areas: Sequence[Area], year: int) -> Iterator[Row]:
    number, percentage = (topic.key for topic in topics)
    for (code, (_, name)), area in product(_LEVELS.items(), areas):
        values = (figures.count(area, name, year), figures.share(area, name, year, 1)) if name else (None, None)
        head = {"Opleidingsniveau": code, "WijkenEnBuurten": area.code.ljust(10)}
        yield head | dict(zip((number, percentage), values, strict=True))


def _health(identifier: str, municipalities: frozenset[str]) -> OdataTable:
    years, modified, division = _HEALTH[identifier]
    topics = read_topics("columns_gezondheid.csv", identifier)
    areas = tuple(areas_of(division, municipalities))
    codes = {
        "Leeftijd": member_rows(_AGES, 8),
        "Marges": member_rows(MARGINS),
        "Perioden": year_rows(years, max(years) + 1),
    }
    period = "/".join(map(str, years))
    return OdataTable(
        id=identifier,
        title=f"Gezondheid per wijk en buurt; {period} (indeling {division})",
        period=period,
        modified=modified,
        catalog="RIVM",
        frequency="Onregelmatig",
        dimensions=(_AGE, MARGIN, REGION, PERIODS),
        topics=topics,
        areas=areas,
        codes=codes,
        make_rows=partial(_health_rows, topics, areas, years),
        national_key="NL01",
        map_year=division,
    )


def _health_rows(topics: Sequence[Topic], areas: Sequence[Area], years: Sequence[int]) -> Iterator[Row]:
    for age, margin, area, year in product(_AGES, MARGINS, areas, years):
        key = region_key(area, "NL01")
        head = {"Leeftijd": age.ljust(8), "Marges": margin, "WijkenEnBuurten": key, "Perioden": f"{year}JJ00"}
        yield head | {topic.key: _health_cell(topic, area, year, age, margin) for topic in topics}


def _health_cell(topic: Topic, area: Area, year: int, age: str, margin: str) -> str | float | None:
    if topic.datatype == "String":
        return region_key(area, "NL01").ljust(20) if topic.figure == "code" else text_cell(topic.figure, area)
    # The guideline was measured in another way in 2012: the newest table leaves that year out, the one before has it.
    if not topic.figure or (topic.key.startswith("VoldoetAanDeBeweegrichtlijn") and year == 2012):
        return None
    figure = figures.specification(topic.figure)
    if area.is_small and figures.size(area, figure, year) < figure.least:
        return None
    value = figures.level(area, topic.figure, year) * (1 + _AGES[age][1])
    width = min(_WIDTHS[area.kind], value * 0.35, (100 - value) * 0.35)
    width *= 1 + 0.2 * figures.noise(area.code, topic.figure, year, "width")
    return round(min(100.0, max(0.0, value + MARGINS[margin][1] * width)), 1)


def _police(municipalities: frozenset[str]) -> OdataTable:
    years = range(crimes.FIRST, crimes.LAST + 1)
    kinds = Dimension("SoortMisdrijf", "Soort misdrijf", "Dimension")
    areas = tuple(areas_of(crimes.LAST, municipalities))
    title = "Geregistreerde misdrijven"
    topics = (
        Topic("GeregistreerdeMisdrijven_1", title, "aantal", "Long", 0, (title,), "registered"),
        Topic("Gemeentenaam_2", "Gemeentenaam", "naam", "String", 0, ("Regioaanduiding",), "municipality_name"),
        Topic("SoortRegio_3", "Soort regio", "omschrijving", "String", 0, ("Regioaanduiding",), "region_kind"),
    )
    codes = {
        kinds.key: member_rows({code: f"{code} {name}" for code, name in crimes.TITLES.items()}, 6),
        "Perioden": year_rows(years, crimes.LAST - 1),
    }
    return OdataTable(
        id="47018NED",
        title=f"{title}; soort misdrijf, wijk, buurt, jaarcijfers",
        period=f"{crimes.FIRST}-{crimes.LAST}",
        modified="2026-02-16T02:00:00",
        catalog="Politie",
        frequency="Perjaar",
        dimensions=(kinds, REGION, PERIODS),
        topics=topics,
        areas=areas,
        codes=codes,
        make_rows=partial(_police_rows, topics, areas, years),
        map_year=crimes.LAST,
    )


def _police_rows(topics: Sequence[Topic], areas: Sequence[Area], years: Sequence[int]) -> Iterator[Row]:
    number, name, kind = topics
    for crime, area, year in product(crimes.TITLES, areas, years):
        yield {
            "SoortMisdrijf": crime.ljust(6),
            "WijkenEnBuurten": area.code.ljust(10),
            "Perioden": f"{year}JJ00",
            number.key: crimes.registered(crime, area, year),
            name.key: text_cell(name.figure, area),
            kind.key: text_cell(kind.figure, area),
        }


# -- answering ------------------------------------------------------------------------------------------------------


class OdataPublisher:
    """Answers the URLs of one host."""

    def __init__(self, host: str, known: Sequence[OdataTable]) -> None:
        self._host = host
        self._tables = {table.id: table for table in known if table.host == host}

    def answer(self, url: str) -> bytes | None:
        """The body for a URL, None where the host has nothing."""
        parts = urlsplit(url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path = parts.path.strip("/").split("/")
        if path == ["ODataCatalog", "Tables"]:
            return self._catalogue(query["$filter"])
        service, _, identifier, entity = path
        table = self._tables.get(identifier)
        return None if table is None else self._page(service, table, entity, query)

    def _page(self, service: str, table: OdataTable, entity: str, query: dict[str, str]) -> bytes:
        groups = _parse(query.get("$filter", ""))
        rows = [row for row in table.entity(entity) if _passes(row, groups)]
        start = int(query.get("$skip", "0"))
        chosen = rows[start : start + PAGE]
        if "$select" in query:
            columns = query["$select"].split(",")
            chosen = [{column: row[column] for column in columns} for row in chosen]
        base = f"https://{self._host}/{service}"
        metadata = f"{base}/OData/{table.id}/$metadata#Cbs.OData.WebAPI.{entity}"
        body: Row = {"odata.metadata": metadata, "value": chosen}
        if len(rows) > start + PAGE:
            condition = quote(query["$filter"], safe="()")
            same = f"{base}/odata/{table.id}/{entity}?$format=json&$filter={condition}"
            body["odata.nextLink"] = f"{same}&$skip={start + PAGE}"
        return _encode(body)

    def _catalogue(self, condition: str) -> bytes:
        words = re.fullmatch(r"substringof\('([^']*)',Title\) and Language eq 'nl'", condition)
        if words is None:
            raise NotImplementedError(f"catalogue filter {condition}")
        entries = [table.info() for table in self._tables.values()]
        entries += [_older(identifier, period) for identifier, period in _OLDER.items()]
        chosen = [entry for entry in entries if words[1].casefold() in entry["Title"].casefold()]
        metadata = f"https://{self._host}/ODataCatalog/$metadata#Cbs.OData.Catalog.Tables"
        return _encode({"odata.metadata": metadata, "value": chosen})


def _older(identifier: str, period: str) -> Row:
    title = f"Kerncijfers wijken en buurten {period}"
    return {
        "ID": int(identifier[:5]),
        "Title": title,
        "ShortTitle": title,
        "Identifier": identifier,
        "Modified": "2015-03-12T02:00:00",
        "OutputStatus": "Gediscontinueerd",
        "Language": "nl",
        "Catalog": "CBS",
        "Frequency": "Stopgezet",
        "Period": period,
    }


def _passes(row: Row, groups: Sequence[tuple[str, tuple[str, ...]]]) -> bool:
    return all(str(row[column]).startswith(prefixes) for column, prefixes in groups)


def _parse(condition: str) -> list[tuple[str, tuple[str, ...]]]:
    """Conditions ``(a or b) and (c or d)`` over starts of keys: for each group its column and prefixes."""
    groups = []
    for group in condition.split(" and ") if condition else []:
        found = re.findall(r"startswith\((\w+),'([^']*)'\)", group)
        written = " or ".join(f"startswith({column},'{prefix}')" for column, prefix in found)
        if not found or group not in (written, f"({written})") or len({column for column, _ in found}) != 1:
            raise NotImplementedError(f"filter {group}")
        groups.append((found[0][0], tuple(prefix for _, prefix in found)))
    return groups


def _encode(body: Row) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
