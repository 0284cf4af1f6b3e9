"""Deliveries about safety and living together: reports of nuisance, and what welfare work organises.

Belongs here: the rows of `meldingen_overlast` and `activiteiten`. Does not belong here: how files are written
(`dialects`) and named (`sources.sample.deliveries`), and the nuisance that the police publish themselves (`safety`).
"""

from __future__ import annotations

from collections.abc import Iterator

from sources.sample.areas import Area
from sources.sample.figures import amount, disadvantage
from sources.sample.partners.cases import buurten, happened, some_of, wijken
from sources.sample.partners.dialects import Row

NUISANCE = ("buurtcode", "soort_melding", "periode", "aantal")
ACTIVITIES = (
    "activiteit", "programmalijn", "locatie", "wijkcode", "deelnames", "unieke_deelnemers", "kinderen", "vrijwilligers",
)  # fmt: skip
# Reports a year per 1 000 inhabitants, and how strongly they follow disadvantage.
KINDS = {"1.1.0": (6.5, 0.8), "1.2.0": (2.4, 1.1), "1.3.0": (5.0, 0.7), "1.9.0": (3.0, 0.6)}
# Line, participants a quarter at most, share of children, times that each comes.
_OFFER = {
    "Huiswerkklas": ("leren", 34, 1.0, 9.0),
    "Taalcafé": ("leren", 22, 0.0, 8.0),
    "Sollicitatiehulp": ("werken", 18, 0.0, 3.0),
    "Samen koken": ("gezondheid", 26, 0.25, 6.0),
    "Wandelgroep": ("gezondheid", 16, 0.0, 10.0),
    "Buurtschoonmaak": ("wonen", 30, 0.4, 2.0),
    "Jongerenavond": ("veiligheid", 40, 0.85, 7.0),
}
_SUMMER = {1: 1.0, 2: 0.95, 3: 0.7, 4: 1.0}


def nuisance(year: int, month: int) -> Iterator[Row]:
    """Reports by buurt and kind in the police's own spelling: codes padded, periods as CBS writes them."""
    warm = 1.25 if month in (5, 6, 7, 8) else 0.9
    for buurt in buurten():
        people = amount(buurt, "inhabitants", year) / 1000
        for kind, (rate, slope) in KINDS.items():
            expected = people * rate / 12 * max(0.2, 1 + slope * disadvantage(buurt)) * warm
            number = happened(expected, buurt.code, kind, year, month)
            if number:
                yield f"{buurt.code:<10}", f"{kind:<6}", f"{year}MM{month:02}", number


def activities(year: int, quarter: int) -> Iterator[Row]:
    """What was organised in a quarter: no activity is in every wijk, and those in small ones have few participants."""
    for at, wijk in enumerate(wijken()):
        for number, (activity, (line, most, children, times)) in enumerate(_OFFER.items()):
            if (at + 2 * number) % 5 < 2:
                yield _activity(wijk, activity, line, most * _SUMMER[quarter], children, times, (year, quarter))


def _activity(
    wijk: Area, activity: str, line: str, most: float, children: float, times: float, when: tuple[int, int]
) -> Row:
    what = (wijk.code, activity, *when)
    near = min(1.0, amount(wijk, "inhabitants", when[0]) / 5000) * (0.8 + 0.3 * disadvantage(wijk))
    people = max(1, happened(most * near, *what))
    place = f"Buurthuis {wijk.name.split(' ', 2)[-1]}"
    visits = people + happened(people * (times - 1), *what, "visits")
    return (
        activity, line, place, wijk.code, visits, people, some_of(people, children, *what, "children"),
        1 + happened(people / 14, *what, "volunteers"),
    )  # fmt: skip
