"""Deliveries about learning: absence from school, the Rijke Schooldag, preschool.

Belongs here: the rows of `leerplicht_verzuim`, `rijke_schooldag` and `peuteropvang`. The schools are those of the
crosswalk that partners' deliveries go through. Does not belong here: how files are written (`dialects`) and named
(`sources.sample.deliveries`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sources
from sources.sample.areas import Area, all_areas
from sources.sample.figures import amount, disadvantage, noise
from sources.sample.partners.cases import happened, moment, present, some_of, wijken
from sources.sample.partners.dialects import Row

ABSENCE = (
    "schooljaar", "maand", "brin", "vestiging", "schoolnaam", "bestuur", "leerlingen", "meldingen_absoluut",
    "meldingen_relatief", "langdurig_4wk", "thuiszitters_3mnd",
)  # fmt: skip
RICH_DAY = (
    "brin", "vestiging", "groep", "leerlingen", "deelnemers", "uren_aangeboden", "uren_gevolgd", "activiteit",
)  # fmt: skip
PRESCHOOL = ("locatie", "wijkcode", "peuters_2_4", "doelgroeppeuters", "geplaatst", "wachtlijst")
# The second version of the contract: one column has a clearer name, another is new.
PRESCHOOL_2 = (*PRESCHOOL[:4], "doelgroep_geplaatst", "wachtlijst", "dagdelen")
GROUPS = range(1, 9)
_CROSSWALK = Path(sources.__file__).parent / "partners" / "schools.csv"
_BOARDS = ("Stichting Voorbeeld", "Scholengroep Voorbeeld")
_OFFERED = ("sport", "muziek", "techniek", "taal en lezen", "gemengd")
_PRESCHOOL_HALF_DAYS = 4
# Reports of absence happen in term time.
_SCHOOL_MONTHS = {1: 1.1, 2: 0.9, 3: 1.2, 4: 0.9, 5: 0.9, 6: 1.0, 7: 0.3, 8: 0.2, 9: 0.9, 10: 0.9, 11: 1.3, 12: 0.9}


@dataclass(frozen=True)
class School:
    """One location of a school of the sample; `number` is its place in the crosswalk."""

    number: int
    brin: str
    location: str
    name: str
    wijk: Area

    @property
    def pupils(self) -> int:
        return 180 + round(90 * noise("pupils", self.brin, self.location))


@cache
def schools() -> tuple[School, ...]:
    """The schools of the crosswalk, in its order."""
    with _CROSSWALK.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return tuple(
        School(number, row["brin"], row["location"], row["school_name"], all_areas()[row["wijk_code"]])
        for number, row in enumerate(rows)
    )


# -- absence --------------------------------------------------------------------------------------------------------


def absence(year: int, month: int) -> Iterator[Row]:
    """Reports of absence of each school in a month; month 1 to 7 belong to the school year that began the year before."""
    first = year if month >= 8 else year - 1
    for school in schools():
        lag, what = disadvantage(school.wijk), (school.brin, school.location, year, month)
        pupils = _pupils(school, first)
        missing = happened(pupils * 0.007 * max(0.2, 1 + lag) * _SCHOOL_MONTHS[month], *what, "relative")
        # Hardly any child is registered nowhere, and most schools have none at home for three months.
        nowhere = happened(pupils * 0.0004 * max(0.2, 1 + lag), *what, "absolute")
        long = happened(pupils * 0.0016 * max(0.2, 1 + 0.7 * lag), *what, "long")
        home = present(pupils * 0.0022 * max(0.2, 1 + 0.5 * lag), (year, month), school.brin, school.location, "home")
        yield (
            f"{first}-{first + 1}", month, school.brin, school.location, school.name,
            _BOARDS[school.number % len(_BOARDS)], pupils, nowhere, missing, long, home,
        )  # fmt: skip


def _pupils(school: School, first: int) -> int:
    return round(school.pupils * (1 - 0.012 * (first - 2023)) * (1 + 0.02 * noise(school.brin, first, "pupils")))


# -- Rijke Schooldag ------------------------------------------------------------------------------------------------


def rich_day(year: int, term: int) -> Iterator[Row]:
    """Pupils and hours of each group of the schools that take part; more of them from year to year."""
    for school in schools():
        if school.number % 4 <= year - 2023 + 1 and disadvantage(school.wijk) > 0.4:
            for group in GROUPS:
                yield _group(school, group, (year, term))


def _group(school: School, group: int, when: tuple[int, int]) -> Row:
    what = (school.brin, school.location, group, *when)
    pupils = round(_pupils(school, when[0]) / 8 * (1 + 0.12 * noise(school.brin, group, when[0])))
    # In some groups everybody takes part, which says something of each of them.
    share = 0.99 if (school.number + group) % 7 == 0 else 0.52 + 0.06 * (when[0] - 2023) + 0.12 * noise(*what, "share")
    joined = some_of(pupils, share, *what)
    # Hours a week: five are the norm that the programme works towards.
    offered = round(3.5 + 0.5 * (when[0] - 2023) + 0.5 * noise(school.brin, group, when[0], "offered"), 1)
    followed = round(offered * (0.86 + 0.06 * noise(*what, "hours")), 1) if joined else 0.0
    activity = _OFFERED[(school.number + group) % len(_OFFERED)]
    return school.brin, school.location, group, pupils, joined, offered, followed, activity


# -- preschool ------------------------------------------------------------------------------------------------------


def preschool(year: int, quarter: int) -> Iterator[Row]:
    """Toddlers at a location of each wijk, those for whom it is meant most, and how many of these have a place."""
    for wijk in wijken():
        toddlers = _toddlers(wijk, moment(year, quarter, 4))
        if toddlers == 0:
            continue
        what = (wijk.code, year, quarter)
        meant = some_of(toddlers, 0.13 + 0.13 * disadvantage(wijk), wijk.code, year, "meant")
        placed = some_of(meant, 0.52 + 0.035 * (year - 2022) + 0.01 * quarter, *what, "placed")
        waiting = min(meant - placed, happened(0.06 * meant, *what, "waiting"))
        yield f"Peuterspeelplek {wijk.name.split(' ', 2)[-1]}", wijk.code, toddlers, meant, placed, waiting


def preschool_2(year: int, quarter: int) -> Iterator[Row]:
    """The same under the second version of the contract, with half days a week of those who have a place."""
    for row in preschool(year, quarter):
        yield *row, _PRESCHOOL_HALF_DAYS * int(str(row[4]))


def _toddlers(wijk: Area, when: float) -> int:
    return round(amount(wijk, "inhabitants", when) * 0.0185 * (1 + 0.08 * noise(wijk.code, "toddlers")))
