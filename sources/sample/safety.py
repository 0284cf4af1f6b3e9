"""Tables of the sample about safety: crime per month, nuisance, and the safety survey.

Belongs here: their columns, members and rows. Does not belong here: crimes (`crimes`) and the other figures
(`figures`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import product

from sources.sample import crimes, figures
from sources.sample.areas import Area, areas_of, members
from sources.sample.columns import Dimension, Topic
from sources.sample.table import (
    MARGIN,
    MARGINS,
    PERIODS,
    REGION,
    OdataTable,
    Row,
    member_rows,
    period_row,
    region_key,
    year_rows,
)

_KINDS = Dimension("SoortMisdrijf", "Soort misdrijf", "Dimension")
# The kinds that short-term figures are about; other months would only make the archive larger.
_MONTHLY = (crimes.TOTAL, "1.1.1", "1.4.3", "1.4.4", "1.4.5", "1.4.6", "1.4.7", "2.2.1", "2.5.2", "3.1.1")
_MONTHS = [(year, month) for year in (2023, 2024, 2025) for month in range(1, 13)] + [(2026, 1)]
_PROVISIONAL_MONTHS = 13
_NAMES = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november",
    "december",
)  # fmt: skip
_NUISANCE = Dimension("Overlast", "Overlast", "Dimension")
_NUISANCE_YEARS = range(2018, 2026)
# Title, reports per 1 000 inhabitants of the country, and how strongly they follow disadvantage.
_REPORTS = {
    "1.1": ("Overlast jeugd", 7.5, 0.8),
    "1.2": ("Overlast drugs", 2.6, 1.1),
    "1.3": ("Overige overlast", 16.0, 0.6),
}
_ALL_REPORTS = "0.0"
# The number of a kind in an area in a month, in the whole year for month 0; None where it is withheld.
Count = Callable[[str, Area, int, int], int | None]
_SURVEY_YEARS = (2021, 2023, 2025)
# Municipalities of fewer inhabitants are not in the survey by themselves.
_LEAST_INHABITANTS = 70_000
_SURVEY_REGION = Dimension("RegioS", "Regio's", "GeoDimension")
# Parts of the country that stand between the country and the municipalities.
_WIDER = (
    Area("LD04", "Zuid-Nederland (LD)", 2020, 0, 0, "", 0, ""),
    Area("PV31", "Limburg (PV)", 2020, 0, 0, "", 0, "Limburg"),
    Area("CR39", "Zuid-Limburg (CR)", 2020, 0, 0, "", 0, "Limburg"),
)
_WIDTHS = {"NL": 0.012, "LD": 0.03, "PV": 0.04, "CR": 0.05, "GM": 0.09}
# Column, unit, decimals, topic groups, figure; the ordinals are those of the publisher as far as they are known.
_SURVEY = (
    ("SpeelplekkenVoorKinderen_4", "%", 1, ("Leefbaarheid", "Fysieke voorzieningen"), "playgrounds"),
    ("VoorzieningenVoorJongeren_5", "%", 1, ("Leefbaarheid", "Fysieke voorzieningen"), "youth_facilities"),
    ("SocialeCohesieSchaalscore_15", "schaalscore", 1, ("Leefbaarheid", "Sociale cohesie"), "social_cohesion"),
    ("RapportcijferLeefbaarheidWoonbuurt_18", "rapportcijfer", 1, ("Leefbaarheid",), "liveability_grade"),
    ("RondhangendeJongeren_33", "%", 1, ("Overlast", "Sociale overlast"), "loitering_youth"),
    ("VoeltZichWeleensOnveiligInBuurt_50", "%", 1, ("Veiligheidsbeleving", "In de buurt"), "unsafe_neighbourhood"),
    ("RapportcijferVeiligheidInBuurt_60", "rapportcijfer", 1, ("Veiligheidsbeleving", "In de buurt"), "safety_grade"),
    ("GediscrimineerdGevoeld_66", "%", 1, ("Respectloos gedrag",), "discrimination"),
    ("Slachtoffers_70", "%", 1, ("Slachtofferschap", "Totaal delicten"), "victims"),
    ("Slachtoffers_75", "%", 1, ("Slachtofferschap", "Geweldsdelicten"), "victims_violence"),
    ("Slachtoffers_90", "%", 1, ("Slachtofferschap", "Vermogensdelicten"), "victims_property"),
)


def tables(municipalities: frozenset[str]) -> list[OdataTable]:
    """The tables of this module, for the given municipalities."""
    return [_crime_months(municipalities), _nuisance(municipalities), _survey(municipalities)]


def _month_rows() -> list[Row]:
    keys = [(f"{year}MM{month:02}", f"{year} {_NAMES[month - 1]}") for year, month in _MONTHS]
    firm = len(keys) - _PROVISIONAL_MONTHS
    return [period_row(key, title, "Definitief" if at < firm else "Voorlopig") for at, (key, title) in enumerate(keys)]


# -- police ---------------------------------------------------------------------------------------------------------


def _crime_months(municipalities: frozenset[str]) -> OdataTable:
    return _monthly(
        id="47022NED",
        title="Geregistreerde misdrijven",
        parts="soort misdrijf, wijk, buurt, maandcijfers",
        kinds=_KINDS,
        titles={code: f"{code} {crimes.TITLES[code]}" for code in _MONTHLY},
        years=range(2023, 2026),
        count=_crimes,
        municipalities=municipalities,
    )


def _nuisance(municipalities: frozenset[str]) -> OdataTable:
    return _monthly(
        id="47024NED",
        title="Geregistreerde overlast",
        parts="soort overlast, wijk, buurt",
        kinds=_NUISANCE,
        titles={_ALL_REPORTS: "Totaal overlast"} | {code: name for code, (name, *_) in _REPORTS.items()},
        years=_NUISANCE_YEARS,
        count=_reports,
        municipalities=municipalities,
    )


def _monthly(
    *,
    id: str,
    title: str,
    parts: str,
    kinds: Dimension,
    titles: dict[str, str],
    years: range,
    count: Count,
    municipalities: frozenset[str],
) -> OdataTable:
    """A table of the police that has a row for each month, and one for each of `years` beside them."""
    areas = tuple(areas_of(crimes.LAST, municipalities))
    stem = "".join(word.capitalize() for word in title.split())
    topic = Topic(f"{stem}_1", title, "aantal", "Long", 0, (title,), "registered")
    return OdataTable(
        id=id,
        title=f"{title}; {parts}",
        period=f"{years[0]}-2026",
        modified="2026-02-16T02:00:00",
        catalog="Politie",
        frequency="Permaand",
        dimensions=(kinds, REGION, PERIODS),
        topics=(topic,),
        areas=areas,
        codes={kinds.key: member_rows(titles, 6), PERIODS.key: [*year_rows(years, 2025), *_month_rows()]},
        make_rows=partial(_monthly_rows, kinds.key, topic.key, tuple(titles), areas, years, count),
        map_year=crimes.LAST,
    )


def _monthly_rows(
    kinds: str, topic: str, codes: Sequence[str], areas: Sequence[Area], years: range, count: Count
) -> Iterator[Row]:
    for code, area in product(codes, areas):
        head = {kinds: code.ljust(6), REGION.key: region_key(area)}
        for year in years:
            yield head | {PERIODS.key: f"{year}JJ00", topic: count(code, area, year, 0)}
        for year, month in _MONTHS:
            yield head | {PERIODS.key: f"{year}MM{month:02}", topic: count(code, area, year, month)}


def _crimes(kind: str, area: Area, year: int, month: int) -> int | None:
    if month:
        return crimes.registered_in_month(kind, area, year, month)
    return crimes.registered(kind, area, year)


@cache
def _reports(kind: str, area: Area, year: int, month: int) -> int:
    """Reports in a month, in the whole year for month 0; kinds, parts and months add up."""
    if kind == _ALL_REPORTS:
        return sum(_reports(code, area, year, month) for code in _REPORTS)
    parts = members(area.code)
    if parts:
        return sum(_reports(kind, part, year, month) for part in parts)
    _, rate, slope = _REPORTS[kind]
    people = figures.amount(area, "inhabitants", year) / 1000
    expected = people * rate * max(0.2, 1 + slope * (1 - 0.015 * (year - 2018)) * figures.disadvantage(area))
    whole = max(0, round(expected * (1 + 0.15 * figures.noise(area.code, kind, year))))
    return crimes.in_month(whole, month, kind, area.code, year) if month else whole


# -- survey ---------------------------------------------------------------------------------------------------------


def _survey(municipalities: frozenset[str]) -> OdataTable:
    known = [area for area in areas_of(_SURVEY_YEARS[-1], municipalities) if area.kind in ("NL", "GM")]
    large = [area for area in known if area.inhabitants >= _LEAST_INHABITANTS]
    areas = (*large[:1], *_WIDER, *large[1:])
    topics = tuple(
        Topic(key, key.rpartition("_")[0], unit, "Double", decimals, groups, figure)
        for key, unit, decimals, groups, figure in _SURVEY
    )
    return OdataTable(
        id="85146NED",
        title="Veiligheidsmonitor; kerncijfers, regio",
        period="/".join(map(str, _SURVEY_YEARS)),
        modified="2026-02-26T02:00:00",
        frequency="Tweejaarlijks",
        dimensions=(_SURVEY_REGION, MARGIN, PERIODS),
        topics=topics,
        areas=areas,
        codes={
            MARGIN.key: member_rows(MARGINS),
            PERIODS.key: year_rows(_SURVEY_YEARS, _SURVEY_YEARS[-1] + 1),
        },
        make_rows=partial(_survey_rows, topics, areas),
        national_key="NL01",
        region=_SURVEY_REGION.key,
        key_width=6,
    )


def _survey_rows(topics: Sequence[Topic], areas: Sequence[Area]) -> Iterator[Row]:
    for area, margin, year in product(areas, MARGINS, _SURVEY_YEARS):
        key = region_key(area, "NL01", 6)
        head = {_SURVEY_REGION.key: key, MARGIN.key: margin, PERIODS.key: f"{year}JJ00"}
        yield head | {topic.key: _survey_cell(topic, area, year, margin) for topic in topics}


def _survey_cell(topic: Topic, area: Area, year: int, margin: str) -> float:
    value = figures.level(area, topic.figure, year)
    width = value * _WIDTHS[area.kind] * (0.3 if topic.unit != "%" else 1.0)
    return round(max(0.0, value + MARGINS[margin][1] * width), topic.decimals)
