"""Deliveries about health: weight and teeth of children, and costs of care.

Belongs here: the rows of `jgz_gewicht` and `zorgkosten`. Does not belong here: how files are written (`dialects`) and
named (`sources.sample.deliveries`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

from sources.sample.areas import Area
from sources.sample.figures import amount, disadvantage, noise
from sources.sample.partners.cases import buurten, some_of, wijken
from sources.sample.partners.dialects import Row

CHILDREN = ("wijkcode", "leeftijd", "gemeten", "overgewicht", "obesitas", "mond", "spraak")
COSTS = ("pc4", "leeftijdsklasse", "verzekerdenjaren", "kosten_totaal", "huisarts", "ggz", "msz")
# Shares at no disadvantage and what a disadvantage of 1 adds: overweight, obesity, bad teeth, delayed speech.
_CHECKED = {5: (0.10, 0.06, 0.10, 0.14), 10: (0.155, 0.085, 0.17, 0.05), 14: (0.165, 0.095, 0.19, 0.02)}
_OBESE = 0.28
# Euro per insured year: in all, general practitioner, mental care, hospital.
_AGES = {
    "0-17": (1450, 140, 330, 620),
    "18-39": (1900, 165, 420, 820),
    "40-64": (2950, 190, 370, 1650),
    "65+": (6600, 290, 210, 3600),
}
_PARTS = {"0-17": 0.17, "18-39": 0.26, "40-64": 0.34, "65+": 0.23}
# What care costs each year compared with 2020.
_DEARER = {2020: 1.0, 2021: 1.06, 2022: 1.09, 2023: 1.14, 2024: 1.2}


def children(year: int) -> Iterator[Row]:
    """Children of 5, 10 and 14 whom the youth health service saw in a year; a wijk with none has no row."""
    for wijk in wijken():
        for age, (weight, slope, teeth, speech) in _CHECKED.items():
            seen = _seen(wijk, age, year)
            if seen:
                lag, what = disadvantage(wijk) * (1 - 0.01 * (year - 2019)), (wijk.code, age, year)
                # Few children live in De Koumen, and nearly all of them are found too heavy: a group to protect.
                share = 0.96 if wijk.code == "WK091714" and age == 14 else weight + slope * lag
                heavy = some_of(seen, share, *what, "overweight")
                obese = some_of(heavy, _OBESE + 0.05 * lag, *what, "obese")
                bad_teeth = some_of(seen, teeth + 0.08 * lag, *what, "teeth")
                yield wijk.code, age, seen, heavy, obese, bad_teeth, some_of(seen, speech + 0.04 * lag, *what, "speech")


def _seen(wijk: Area, age: int, year: int) -> int:
    born = 0.0093 * amount(wijk, "inhabitants", year) * (1 + 0.06 * noise(wijk.code, age, year, "born"))
    response = {5: 0.93, 10: 0.9, 14: 0.84}[age] - (0.25 if year == 2020 else 0)
    return round(born * response)


def costs(year: int) -> Iterator[Row]:
    """Insured years, and costs in euro, by postcode and age."""
    for postcode, places in _postcodes().items():
        people = math.fsum(amount(place, "inhabitants", year) for place in places)
        lag = math.fsum(amount(p, "inhabitants", year) * disadvantage(p) for p in places) / people
        for age, each in _AGES.items():
            # One insurer has about two in three of all residents.
            insured = round(0.66 * people * _PARTS[age] * (1 + 0.05 * noise(postcode, age, "insured")))
            dearer = _DEARER[year] * (1 + 0.14 * lag)
            spent = [
                round(insured * part * dearer * (1 + 0.06 * noise(postcode, age, year, kind)), 2)
                for kind, part in enumerate(each)
            ]
            yield postcode, age, insured, *spent


@cache
def _postcodes() -> dict[str, list[Area]]:
    found: dict[str, list[Area]] = {}
    for buurt in buurten():
        found.setdefault(buurt.postcode, []).append(buurt)
    return dict(sorted(found.items()))
