"""Registered crimes of the sample.

Belongs here: kinds of crime, their shares and the invented counts. Counts of wijken and of Heerlen are sums of counts
of buurten, so that levels agree; crimes without a known place are added to the municipality. Does not belong here: how
the police publish them (`odata`).
"""

from __future__ import annotations

import math
from functools import cache

from sources.sample.areas import HEERLEN, Area, members
from sources.sample.figures import amount, disadvantage, noise

TOTAL = "0.0.0"
# Titles, parts of all crimes in 2012 and 2025, and how strongly each follows disadvantage.
KINDS: dict[str, tuple[str, float, float, float]] = {
    "1.1.1": ("Diefstal/inbraak woning", 0.080, 0.027, 0.5),
    "1.2.1": ("Diefstal uit/vanaf motorvoertuigen", 0.090, 0.050, 0.3),
    "1.2.3": ("Diefstal van brom-, snor-, fietsen", 0.100, 0.100, 0.3),
    "1.4.3": ("Openlijk geweld (persoon)", 0.006, 0.004, 0.7),
    "1.4.4": ("Bedreiging", 0.024, 0.030, 0.9),
    "1.4.5": ("Mishandeling", 0.045, 0.044, 0.9),
    "1.4.6": ("Straatroof", 0.006, 0.003, 0.8),
    "1.4.7": ("Overval", 0.002, 0.001, 0.5),
    "1.6.1": ("Brand/ontploffing", 0.004, 0.005, 0.6),
    "2.2.1": ("Vernieling cq. zaakbeschadiging", 0.110, 0.085, 0.7),
    "2.5.2": ("Winkeldiefstal", 0.036, 0.062, 0.4),
    "3.1.1": ("Drugshandel", 0.014, 0.012, 0.9),
    "3.5.2": ("Onder invloed (weg)", 0.028, 0.045, 0.3),
    "3.9.1": ("Horizontale fraude", 0.030, 0.085, 0.2),
}
TITLES = {TOTAL: "Totaal misdrijven"} | {code: title for code, (title, *_) in KINDS.items()}
FIRST, LAST = 2012, 2025
# How the crimes and reports of a year fall over its months.
_SEASON = (0.94, 0.88, 0.99, 1.0, 1.05, 1.04, 1.03, 1.0, 1.02, 1.04, 1.01, 1.0)
# Thousands in the whole country; 2012 and 2024 are the published totals, the others resemble them.
_COUNTRY = (1127.693, 1093, 1010, 966, 933, 838, 789, 815, 803, 752, 796, 801, 805.327, 796)
_SHOPS = {"33": 3.2, "35": 6.0, "14": 2.5, "42": 5.0, "21": 1.2, "12": 1.3}


def registered(crime: str, area: Area, year: int) -> int | None:
    """The registered number, None where the police withhold it."""
    few = area.is_small and amount(area, "inhabitants", year) < 60
    return None if few and noise(area.code, crime, year, "withheld") > 0.4 else _number(crime, area, year)


def registered_in_month(crime: str, area: Area, year: int, month: int) -> int | None:
    """The number registered in a month; months add up to the year, None where the police withhold the year."""
    return None if registered(crime, area, year) is None else _month(crime, area, year, month)


@cache
def _month(crime: str, area: Area, year: int, month: int) -> int:
    if area.kind != "NL" and crime == TOTAL:
        return sum(_month(code, area, year, month) for code in (*KINDS, "other"))
    parts = members(area.code)
    if parts:
        placed = sum(_month(crime, part, year, month) for part in parts)
        unplaced = _number(crime, area, year) - sum(_number(crime, part, year) for part in parts)
        return placed + in_month(unplaced, month, crime, area.code, year)
    return in_month(_number(crime, area, year), month, crime, area.code, year)


def in_month(whole: int, month: int, *what: object) -> int:
    """The part of a year's number that falls in a month; the twelve parts add up to the whole."""
    before, now = (math.floor(whole * share + _start(*what)) for share in _shares(*what)[month - 1 : month + 1])
    return now - before


@cache
def _shares(*what: object) -> tuple[float, ...]:
    """The part of a year that has passed at the start of each month and at its end."""
    weights = [season * (1 + 0.12 * noise(*what, month)) for month, season in enumerate(_SEASON)]
    return tuple(math.fsum(weights[:month]) / math.fsum(weights) for month in range(12)) + (1.0,)


def _start(*what: object) -> float:
    # Few crimes would otherwise all fall late in the year.
    return (noise(*what, "start") + 1) / 2


@cache
def _number(crime: str, area: Area, year: int) -> int:
    if area.kind == "NL":
        return round(_expected(crime, area, year))
    if crime == TOTAL:
        return sum(_number(code, area, year) for code in (*KINDS, "other"))
    parts = members(area.code)
    if parts:
        unplaced = round(0.02 * _expected(crime, area, year)) if area.code == HEERLEN else 0
        return sum(_number(crime, part, year) for part in parts) + unplaced
    around, apart = 1 + 0.15 * noise(area.code, crime, year), 0.4 * noise(crime, area.code, year)
    return max(0, round(_expected(crime, area, year) * around + apart))


def _expected(crime: str, area: Area, year: int) -> float:
    country = _COUNTRY[min(year, LAST) - FIRST] * 1000
    people = amount(area, "inhabitants", year) / 17407585 * country
    if area.kind == "NL":
        return country * _part(crime, year)
    slope = KINDS[crime][3] if crime in KINDS else 0.4
    shops = _SHOPS.get(area.wijk, 1.0)
    easing = 1 - 0.015 * (year - 2018)
    return people * _part(crime, year) * max(0.3, 1 + slope * easing * disadvantage(area)) * shops


def _part(crime: str, year: int) -> float:
    if crime == TOTAL:
        return 1.0
    if crime not in KINDS:
        return 1 - math.fsum(_part(code, year) for code in KINDS)
    _, first, last, _ = KINDS[crime]
    return first + (last - first) * (year - FIRST) / (LAST - FIRST)
