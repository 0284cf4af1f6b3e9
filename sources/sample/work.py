"""Tables of the sample about work and income: benefits per quarter, participation in work, socio-economic status.

Belongs here: their columns, members and rows. Does not belong here: the figures (`figures`).
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
    period_row,
    region_key,
    text_cell,
    year_rows,
)

# The tables that catalogues find have ids of the sample's own: those of the publisher are not known yet.
_BENEFITS = {
    2013: "83618NED", 2014: "83012NED", 2015: "83173NED", 2016: "83577NED", 2017: "83759NED", 2018: "84417NED",
    2019: "84692NED", 2020: "84897NED", 2021: "85042NED", 2022: "85317NED", 2023: "85586NED", 2024: "86003NED",
    2025: "VB90025",
}  # fmt: skip
_QUARTERS = {1: "maart", 2: "juni", 3: "september", 4: "december"}
# The newest table fills up over the year.
_NEWEST, _PUBLISHED = 2025, (1, 2, 3)
_BENEFIT = {"unemployment": (1.04, 1.0, 0.97, 1.0), "social_assistance": (1.0,) * 4, "disability": (1.0,) * 4}
_PARTICIPATION = {
    2019: "VB91019", 2020: "VB91020", 2021: "VB91021", 2022: "VB91022", 2023: "VB91023", 2024: "86258NED",
}  # fmt: skip
_SEX, _AGE = Dimension("Geslacht", "Geslacht", "Dimension"), Dimension("Leeftijd", "Leeftijd", "Dimension")
_SEXES = {"T001038": "Totaal mannen en vrouwen", "3000": "Mannen", "4000": "Vrouwen"}
# Members of age: title, figure, and the part of the inhabitants they are; no figure: in the list, without rows.
_AGES = {
    "52052": ("15 tot 75 jaar", "participation"),
    "53050": ("15 tot 25 jaar", "participation_youth"),
    "53500": ("25 tot 45 jaar", ""),
    "53800": ("45 tot 75 jaar", ""),
}
_SES = {
    "86092NED": (range(2014, 2024), 2024, "2025-03-13T02:00:00"),
    "86296NED": (range(2014, 2025), 2025, "2026-02-19T02:00:00"),
}
_SES_PARTS = ("ses_wealth", "ses_education", "ses_work")


def tables(municipalities: frozenset[str]) -> list[OdataTable]:
    """The tables of this module, for the given municipalities."""
    made = [_benefits(year, municipalities) for year in _BENEFITS]
    made += [_participation(year, municipalities) for year in _PARTICIPATION]
    return made + [_ses(identifier, municipalities) for identifier in _SES]


# -- benefits -------------------------------------------------------------------------------------------------------


def _benefits(year: int, municipalities: frozenset[str]) -> OdataTable:
    areas = tuple(areas_of(year, municipalities))
    count, share, people = ("Aantal uitkeringen",), ("Relatief",), ("Bevolking",)
    # The same stem as a count and as a percentage: only the unit tells them apart.
    topics = (
        *area_topics(1),
        Topic("Werkloosheidsuitkering_5", "Werkloosheidsuitkering", "aantal", "Long", 0, count, "unemployment"),
        Topic("Bijstandsuitkering_6", "Bijstandsuitkering", "aantal", "Long", 0, count, "social_assistance"),
        Topic("Arbeidsongeschiktheidsuitkering_7", "Arbeidsongeschiktheid", "aantal", "Long", 0, count, "disability"),
        Topic("Bijstandsuitkering_10", "Bijstandsuitkering", "%", "Double", 1, share, "social_assistance"),
        Topic("InwonersVanaf15Jaar_13", "Inwoners vanaf 15 jaar", "aantal", "Long", 0, people, "age_15_plus"),
    )
    quarters = _PUBLISHED if year == _NEWEST else tuple(_QUARTERS)
    status = {_NEWEST: "Voorlopig", _NEWEST - 1: "NaderVoorlopig"}.get(year, "Definitief")
    periods = [period_row(f"{year}MM{3 * each:02}", f"{year} {_QUARTERS[each]}", status) for each in quarters]
    return OdataTable(
        id=_BENEFITS[year],
        title=f"Personen met een uitkering; soort uitkering, wijken en buurten {year}",
        period=str(year),
        modified=f"{min(year + 2, 2026)}-02-12T02:00:00",
        frequency="Perkwartaal",
        dimensions=(REGION, PERIODS),
        topics=topics,
        areas=areas,
        codes={PERIODS.key: periods},
        make_rows=partial(_benefit_rows, topics, areas, year, quarters),
        map_year=year,
    )


def _benefit_rows(topics: Sequence[Topic], areas: Sequence[Area], year: int, quarters: Sequence[int]) -> Iterator[Row]:
    for area, quarter in product(areas, quarters):
        head = {REGION.key: region_key(area), PERIODS.key: f"{year}MM{3 * quarter:02}"}
        yield head | {topic.key: _benefit_cell(topic, area, year, quarter) for topic in topics}


def _benefit_cell(topic: Topic, area: Area, year: int, quarter: int) -> str | float | None:
    if topic.datatype == "String":
        return text_cell(topic.figure, area)
    # The end of the year stands for the year, as in Kerncijfers.
    when = year if quarter == len(_QUARTERS) else year - 1 + quarter / len(_QUARTERS)
    figure = figures.specification(topic.figure)
    whole, level = figures.size(area, figure, when), figures.level(area, topic.figure, when)
    if topic.figure not in _BENEFIT:
        return figures.round_to(whole * level / 100, 5 if area.is_small else 1)
    if area.is_small and whole < figure.least:
        return None
    exact = level * _BENEFIT[topic.figure][quarter - 1]
    return round(exact, 1) if topic.unit == "%" else figures.round_to(whole * exact / 100, figure.step)


# -- participation --------------------------------------------------------------------------------------------------


def _participation(year: int, municipalities: frozenset[str]) -> OdataTable:
    areas = tuple(areas_of(year, municipalities))
    working, contract = ("Werkzame beroepsbevolking",), ("Werkzame beroepsbevolking", "Positie in de werkkring")
    topics = (
        Topic("BeroepsEnNietBeroepsbevolking_1", "Bevolking", "aantal", "Long", 0, ("Bevolking",), "population"),
        Topic("WerkzameBeroepsbevolking_2", "Werkzame beroepsbevolking", "aantal", "Long", 0, working, "working"),
        Topic("NettoArbeidsparticipatie_3", "Netto arbeidsparticipatie", "%", "Double", 1, working, "share"),
        Topic("Werknemer_4", "Werknemer", "aantal", "Long", 0, contract, "employees"),
        Topic("WerknemerFlex_6", "Werknemer met flexibele arbeidsrelatie", "aantal", "Long", 0, contract, "flexible"),
    )
    return OdataTable(
        id=_PARTICIPATION[year],
        title=f"Arbeidsdeelname; wijken en buurten, {year}",
        period=str(year),
        modified=f"{year + 1}-12-18T02:00:00",
        frequency="Perjaar",
        dimensions=(_SEX, _AGE, REGION),
        topics=topics,
        areas=areas,
        codes={
            _SEX.key: member_rows(_SEXES, 8),
            _AGE.key: member_rows(_AGES, 8),
        },
        make_rows=partial(_participation_rows, topics, areas, year),
        map_year=year,
    )


def _participation_rows(topics: Sequence[Topic], areas: Sequence[Area], year: int) -> Iterator[Row]:
    for sex, (age, (_, name)), area in product(_SEXES, _AGES.items(), areas):
        if name and sex == "T001038":
            head = {_SEX.key: sex.ljust(8), _AGE.key: age.ljust(8), REGION.key: region_key(area)}
            yield head | dict(zip((topic.key for topic in topics), _workers(area, name, year), strict=True))


def _workers(area: Area, name: str, year: int) -> tuple[float | None, ...]:
    figure = figures.specification(name)
    people = figures.size(area, figure, year)
    if area.is_small and people < figure.least:
        return (None,) * 5
    share = min(100.0, figures.level(area, name, year))
    employees = people * share / 100 * figures.level(area, "employees", year) / 100
    flexible = employees * figures.level(area, "employees_flexible", year) / 100 * (2.1 if "youth" in name else 1.0)
    counts = [figures.round_to(each, 10) for each in (people, people * share / 100, employees, flexible)]
    return (*counts[:2], round(share, 1), *counts[2:])


# -- socio-economic status ------------------------------------------------------------------------------------------


def _ses(identifier: str, municipalities: frozenset[str]) -> OdataTable:
    years, division, modified = _SES[identifier]
    areas = tuple(areas_of(division, municipalities))
    # Four columns of one stem: only the topic group tells them apart.
    groups = ("Totaalscore", "Deelscore financiële welvaart", "Deelscore opleidingsniveau", "Deelscore arbeid")
    topics = (
        Topic("ParticuliereHuishoudens_2", "Particuliere huishoudens", "aantal", "Long", 0, ("Huishoudens",), ""),
        *(
            Topic(f"GemiddeldeScore_{29 + 2 * at}", "Gemiddelde score", "score", "Double", 3, ("SES-WOA", group), "")
            for at, group in enumerate(groups)
        ),
    )
    return OdataTable(
        id=identifier,
        title=f"Sociaal-economische status; scores per wijk en buurt, regio-indeling {division}",
        period=f"{years[0]}-{years[-1]}",
        modified=modified,
        frequency="Perjaar",
        dimensions=(REGION, PERIODS),
        topics=topics,
        areas=areas,
        codes={PERIODS.key: year_rows(years, years[-1])},
        make_rows=partial(_ses_rows, topics, areas, years),
        map_year=division,
    )


def _ses_rows(topics: Sequence[Topic], areas: Sequence[Area], years: range) -> Iterator[Row]:
    for area, year in product(areas, years):
        head = {REGION.key: region_key(area), PERIODS.key: f"{year}JJ00"}
        households = figures.round_to(figures.amount(area, "households", year), 5 if area.is_small else 1)
        scores: list[float | None] = [None] * 4
        if not area.is_small or households >= figures.specification(_SES_PARTS[0]).least:
            parts = [figures.level(area, part, year) for part in _SES_PARTS]
            scores = [round(score, 3) for score in (sum(parts), *parts)]
        yield head | dict(zip((topic.key for topic in topics), (households, *scores), strict=True))
