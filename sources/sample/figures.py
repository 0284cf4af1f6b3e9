"""The model behind the invented figures: small, deterministic, and the same on every machine.

Belongs here: how a figure depends on area and year, rounding and secrecy. An area has a disadvantage (0 is the
Netherlands, 1 the north of Heerlen); a figure has a national course, a gap at disadvantage 1 that closes slowly, a
difference for the south of Limburg, and local spread. Wijken and the municipality are weighted means of their parts,
so that levels agree before rounding. Does not belong here: how a publisher writes a figure (`odata`, `files`).

Noise comes from SHA-256 and sums from `math.fsum`: both give the same bytes on every version of Python.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sources.sample.areas import HEERLEN, MERGED, MERGER, Area, members

# Chosen so that the gaps resemble published ones. An assumption of the sample, no statement on which wijken belong to
# the programme area.
_WIJKEN = {
    "10": 0.80, "11": 0.90, "12": 1.00, "13": 0.75, "14": 0.60, "20": 1.15, "21": 1.05, "22": 0.80, "23": 0.40,
    "24": 1.00, "30": 1.25, "31": 1.20, "32": 1.15, "33": 0.85, "34": 0.85, "35": 0.20, "36": -0.10, "37": 0.30,
    "38": 0.10, "39": 0.95, "40": 0.55, "41": 0.20, "42": 0.20,
}  # fmt: skip
_MUNICIPALITIES = {
    "GM0928": 0.70, "GM0882": 0.35, "GM0899": 0.55, "GM0986": -0.35, "GM0965": 0.00, "GM0935": 0.30, "GM1883": 0.25,
    "GM0599": 0.60, "GM0518": 0.45, "GM0363": 0.20, "GM0606": 0.50, "GM0622": 0.30, "GM0344": 0.05, "GM0505": 0.25,
    "GM0995": 0.30, "GM0202": 0.30, "GM0014": 0.25, "GM0080": 0.25, "GM0855": 0.20, "WK059910": 0.95, "WK059912": 0.90,
    "WK059915": 1.00, "WK034403": 0.95,
} | dict.fromkeys((MERGER, *MERGED), -0.25)  # fmt: skip
# South of Limburg: Parkstad, Maastricht and surroundings.
_SOUTH = {
    HEERLEN, "GM0928", "GM0882", "GM0899", "GM0986", "GM0965", "GM0935", "GM1883", "GM0971", "GM0981", "GM0994",
    "GM0938", "GM1903", "GM1729", "GM0888", MERGER, *MERGED,
}  # fmt: skip
# Thousands of inhabitants of the Netherlands in 2013 – 2025; 2020 is in the file of areas.
_COUNTRY = (16780, 16829, 16901, 16979, 17082, 17181, 17282, 17408, 17475, 17591, 17811, 17943, 18045)
_FIRST, _LAST, _MIDDLE = 2013, 2025, 2018
Course = tuple[float, ...]


@dataclass(frozen=True)
class Figure:
    """How one figure behaves.

    Args:
        course: national values: two (2013 and 2025, linear in between) or one for each of these years. Percentages of
            the base for a figure with a base, else the mean itself.
        gap: difference at disadvantage 1 in 2018; `closing` is the part of it that goes each year.
        regional: difference in the south of Limburg.
        spread: largest local difference.
        base: ``inhabitants`` or ``households`` for shares and counts, empty for means.
        part: the part of the base that the figure is about, such as 0.77 for those aged 15 to 75.
        least: size of that part below which a percentage or mean of a wijk or buurt is secret; also a count, where
            counts are guarded (`secret`, or rounded to ten as benefits are).
        secret: counts of a wijk or buurt below this are secret.
        step: counts of wijken and buurten, and means, are rounded to multiples of this; multiples of ten everywhere.
        relative: gap, regional and spread are parts of the national value.
    """

    course: Course
    gap: float = 0.0
    regional: float = 0.0
    spread: float = 0.0
    base: str = "inhabitants"
    part: float = 1.0
    least: int = 10
    secret: int = 0
    step: int = 5
    closing: float = 0.012
    relative: bool = False
    lowest: float = 0.0


def _flat(value: float) -> Course:
    return (value, value)


def _households(
    course: Course, gap: float = 0.0, regional: float = 0.0, spread: float = 0.0, least: int = 20
) -> Figure:
    return Figure(course, gap, regional, spread, "households", least=least)


def _income(course: Course, gap: float, regional: float, spread: float = 1.5) -> Figure:
    return Figure(course, gap, regional, spread, "households", least=100)


def _mean(
    course: Course, gap: float, regional: float, spread: float, least: int, step: int = 0, lowest: float = 0.1
) -> Figure:
    return Figure(course, gap, regional, spread, "", least=least, step=step, relative=True, lowest=lowest)


def _health(course: Course, gap: float, regional: float, closing: float = 0.008) -> Figure:
    return Figure(course, gap, regional, 1.6, part=0.81, least=60, closing=closing)


def _survey(course: Course, gap: float, regional: float, spread: float = 1.5) -> Figure:
    return Figure(course, gap, regional, spread, part=0.85, closing=0.01)


_POPULATION = {
    "men": Figure(_flat(49.7), spread=1.0),
    "age_0_15": Figure((17.2, 14.9), 0.6, -3.0, 2.0),
    "age_15_25": Figure((12.3, 12.2), 0.3, -1.9, 1.5),
    "age_25_45": Figure((25.0, 25.5), 0.4, -1.0, 2.5),
    "age_45_65": Figure((28.1, 26.5), -0.4, 2.2, 2.5),
    "unmarried": Figure((47.0, 49.5), 2.0, -3.0, 2.0),
    "married": Figure((39.8, 37.4), -6.0, -1.0, 3.0),
    "divorced": Figure((7.2, 8.2), 3.0, 1.0, 1.0),
    "western": Figure((9.4, 11.0), 1.0, 7.0, 1.5),
    "non_western": Figure((11.7, 14.5), 4.0, -4.0, 1.5),
    "morocco": Figure((2.2, 2.4), 0.8, -0.2, 0.4),
    "antilles": Figure((0.9, 1.0), 0.5, -0.1, 0.2),
    "surinam": Figure((2.1, 2.0), 0.1, -1.6, 0.2),
    "turkey": Figure((2.4, 2.4), 0.2, -1.7, 0.2),
    "other_non_western": Figure((4.1, 6.7), 1.5, -1.0, 0.5),
    "origin_nl": Figure((79.0, 71.6), -6.0, -1.0, 2.0),
    "origin_europe": Figure((7.8, 10.2), 1.5, 5.0, 1.0),
    "births": Figure((1.02, 0.93), 0.05, -0.22, 0.1),
    "deaths": Figure((0.84, 0.96), 0.20, 0.30, 0.2),
    "pupils_primary": Figure(_flat(8.2), 0.3, -1.6, 0.8),
    "pupils_secondary": Figure(_flat(5.4), 0.1, -1.0, 0.6),
    "students_mbo": Figure(_flat(2.9), 0.6, -0.3, 0.4),
    "students_hbo": Figure(_flat(2.7), -0.6, -0.4, 0.4),
    "students_wo": Figure(_flat(1.9), -0.9, -0.5, 0.3),
    "businesses": Figure((8.0, 13.0), -3.0, -2.5, 1.0),
    "cars": Figure((47.0, 51.0), -4.0, 3.0, 4.0),
    "crime_burglary": Figure((0.50, 0.20), 0.25, 0.05, 0.1),
    "crime_vandalism": Figure((0.70, 0.50), 0.50, 0.05, 0.2),
    "crime_violence": Figure((0.55, 0.48), 0.45, 0.05, 0.1),
}
_HOUSEHOLDS = {
    "single_households": _households((37.0, 40.0), 4.0, 3.0, 5.0),
    "households_with_children": _households((33.6, 31.4), 1.0, -6.0, 4.0),
    "dwellings": Figure(_flat(100.0), base="households", part=1.03, least=0),
    "new_dwellings": Figure(_flat(0.9), -0.2, -0.5, 0.2, "households"),
    "vacant": _households((4.5, 4.2), 1.5, 1.3, 1.2),
    "owner_occupied": _households(_flat(57.0), -16.0, -2.0, 6.0),
    "corporation": _households((30.0, 28.5), 19.0, 3.0, 5.0),
    "owner_unknown": _households((0.6, 0.4), spread=0.4),
    "built_before_2000": _households((85.0, 77.0), 2.0, 8.0, 4.0),
    "single_family": _households(_flat(64.0), -6.0, -4.0, 15.0),
    "terraced": _households(_flat(27.0), 2.0, -2.0, 6.0),
    "corner": _households(_flat(13.0), 0.0, -1.0, 3.0),
    "semi_detached": _households(_flat(11.0), -3.0, 1.0, 4.0),
    "detached": _households(_flat(13.0), -6.0, -3.0, 4.0),
    "district_heating": _households((4.2, 6.0), 0.0, -3.0, 2.0, 6),
}
_MEANS = {
    "woz": _mean((223, 215, 211, 213, 220, 231, 248, 270, 290, 317, 368, 379, 398), -0.28, -0.24, 0.09, 20, lowest=45),
    "electricity": _mean((3350, 2600), -0.07, -0.04, 0.05, 6, 10),
    "gas": _mean((1560, 1480, 1370, 1400, 1360, 1330, 1260, 1170, 1280, 1050, 910, 900, 890), -0.05, 0.03, 0.09, 6, 10),
    "income_per_receiver": _mean((30.2, 42.5), -0.13, -0.06, 0.04, 100),
    "income_per_inhabitant": _mean((22.4, 33.5), -0.13, -0.05, 0.04, 100),
    "standardised_income": _mean((24.0, 37.5), -0.14, -0.05, 0.04, 100),
    "wealth": _mean((20, 18, 20, 23, 29, 39, 50, 66, 92, 130, 150, 155, 160), -0.55, -0.20, 0.12, 100, lowest=0.6),
    "distance_gp": _mean(_flat(1.0), -0.10, -0.15, 0.45, 10),
    "distance_supermarket": _mean(_flat(0.9), -0.05, -0.10, 0.45, 10),
    "distance_daycare": _mean((0.8, 0.6), 0.0, 0.0, 0.45, 10),
    "distance_school": _mean(_flat(0.7), 0.0, 0.0, 0.40, 10),
    "schools_3km": _mean((11.4, 10.4), 0.0, -0.15, 0.15, 10),
}
_WORKING = (65.4, 64.9, 65.4, 65.8, 66.7, 67.8, 68.8, 68.4, 70.4, 72.2, 73.1, 73.2, 73.4)
_UNEMPLOYED = (2.3, 2.5, 2.4, 2.3, 1.9, 1.5, 1.3, 1.6, 1.2, 0.9, 0.9, 1.0, 1.0)
_WORK = {
    "education_low": Figure((31.5, 25.0), 13.0, 0.5, 2.0, part=0.77, least=150, step=10),
    "education_high": Figure((28.0, 36.5), -14.0, -4.0, 2.0, part=0.77, least=150, step=10),
    "participation_youth": Figure((60.5, 76.0), -7.0, -3.5, 2.0, part=0.122, least=100, closing=0.018),
    "participation": Figure(_WORKING, -6.8, -3.9, 1.0, part=0.77, least=150, closing=0.018),
    "employees": Figure((87.0, 84.0), 2.5, 1.0, 1.0, part=0.5, least=150),
    "employees_permanent": Figure((62.0, 58.0), -5.0, 0.0, 1.5, part=0.5, least=150),
    "employees_flexible": Figure((25.0, 26.0), 7.0, 1.0, 1.5, part=0.5, least=150),
    "income_receivers": Figure((76.0, 78.5), -1.0, 1.0, 1.0, least=100),
    "lowest_income_persons": Figure(_flat(40.0), 8.0, 1.5, 1.5, least=100),
    "highest_income_persons": Figure(_flat(20.0), -8.0, -3.5, 1.5, least=100),
    "active": Figure((70.0, 71.5), -7.0, -3.5, 1.5, least=100),
    "poverty": Figure((5.4, 3.0), 3.4, 0.1, 0.5, least=100),
    "near_poverty": Figure((7.5, 6.0), 5.2, 0.3, 0.6, least=100),
    "lowest_income_households": _income(_flat(40.0), 15.0, -7.2),
    "highest_income_households": _income(_flat(20.0), -9.0, -2.0),
    "low_income": _income((9.0, 5.5), 6.8, 0.0, 0.8),
    "social_minimum": _income((7.0, 5.0), 6.0, 0.0, 0.7),
    "social_minimum_110": _income((10.5, 8.5), 8.5, 0.3, 0.8),
    "social_minimum_120": _income((14.0, 12.0), 11.0, 0.6, 0.9),
    "social_assistance": Figure((2.70, 2.30), 3.75, 0.0, 0.35, least=30, step=10, closing=0.03),
    "disability": Figure((4.75, 4.60), 5.8, -0.5, 0.5, least=30, step=10),
    "unemployment": Figure(_UNEMPLOYED, 0.35, 0.1, 0.1, least=30, step=10),
    "state_pension": Figure((17.8, 19.8), -1.0, 3.0, 2.5, least=30, step=10),
    "youth_care": Figure((9.0, 11.0), 3.4, -1.0, 0.8, part=0.21, least=30, secret=8, closing=-0.004),
    "wmo": Figure((6.0, 7.0), 3.4, 1.4, 0.8, least=30, secret=8),
}
_HEALTH = {
    "good_health": _health((78.0, 75.8), -10.0, -2.5),
    "smoker": _health((22.8, 14.6), 7.5, 1.0, 0.02),
    "overweight": _health((48.3, 51.6), 6.0, 2.5),
    "obesity": _health((12.9, 17.0), 5.5, 1.5),
    "excessive_drinker": _health((9.4, 6.2), -0.5, 0.6),
    "exercise": _health((50.4, 46.5), -7.5, -2.0),
    "anxiety": _health((5.4, 9.2), 4.8, 0.7, -0.008),
    "lonely": _health((40.0, 46.4), 7.0, 1.0),
    "severely_lonely": _health((8.8, 13.0), 5.2, 0.6),
    "long_term_illness": _health((32.0, 36.0), 7.5, 3.0),
    "carer": _health((13.2, 15.1), 0.4, 1.5),
    "ends_meet": _health((19.4, 14.4), 11.0, 1.0, 0.025),
    "volunteer": _health((29.0, 26.0), -7.0, -1.0),
    "stress": _health((16.5, 21.0), 4.0, 0.4),
}
# Deviations from the Dutch mean, in the units of the Leefbaarometer.
_LIVEABILITY = {
    "physical": Figure(_flat(0.0), -0.020, 0.010, 0.015, lowest=-9),
    "nuisance": Figure(_flat(0.0), -0.075, 0.010, 0.025, lowest=-9, closing=0.02),
    "cohesion": Figure(_flat(0.0), -0.025, 0.005, 0.015, lowest=-9),
    "amenities": Figure(_flat(0.0), 0.015, 0.005, 0.020, lowest=-9),
    "housing": Figure(_flat(0.0), -0.060, -0.010, 0.020, lowest=-9, closing=0.015),
}
# Scores of SES-WOA: 0 is the Netherlands.
_SES = {
    "ses_wealth": Figure(_flat(0.0), -0.19, -0.02, 0.03, "households", least=100, lowest=-9),
    "ses_education": Figure(_flat(0.0), -0.08, -0.01, 0.02, "households", least=100, lowest=-9),
    "ses_work": Figure(_flat(0.0), -0.16, -0.03, 0.03, "households", least=100, lowest=-9),
}
# Percentages and school marks of the safety survey; asked in municipalities only.
_SURVEY = {
    "unsafe_neighbourhood": _survey((16.0, 14.5), 7.5, 0.5),
    "safety_grade": _survey(_flat(7.3), -0.35, 0.05, 0.1),
    "liveability_grade": _survey((7.5, 7.6), -0.45, 0.0, 0.1),
    "playgrounds": _survey((58.0, 60.0), -5.0, -1.0, 3.0),
    "youth_facilities": _survey((24.0, 26.0), -2.5, -1.0, 2.5),
    "loitering_youth": _survey((9.0, 11.0), 3.5, 0.0),
    "social_cohesion": _survey((6.2, 6.1), -0.45, 0.1, 0.1),
    "victims": _survey((22.0, 20.0), 3.0, -1.0),
    "victims_violence": _survey((5.0, 5.6), 1.6, 0.0, 0.4),
    "victims_property": _survey((10.5, 8.5), 1.5, -0.5, 0.8),
    "discrimination": _survey((8.0, 11.5), 1.5, -0.5, 0.8),
}
FIGURES = {**_POPULATION, **_HOUSEHOLDS, **_MEANS, **_WORK, **_HEALTH, **_LIVEABILITY, **_SES, **_SURVEY}
# What the named figures leave of all: age groups and the like add up exactly where they are not rounded.
RESTS = {
    "women": ("men",),
    "age_15_plus": ("age_0_15",),
    "age_65_plus": ("age_0_15", "age_15_25", "age_25_45", "age_45_65"),
    "widowed": ("unmarried", "married", "divorced"),
    "origin_other": ("origin_nl", "origin_europe"),
    "childless_households": ("single_households", "households_with_children"),
    "occupied": ("vacant",),
    "rented": ("owner_occupied", "owner_unknown"),
    "other_landlords": ("owner_occupied", "owner_unknown", "corporation"),
    "built_since_2000": ("built_before_2000",),
    "multi_family": ("single_family",),
    "education_middle": ("education_low", "education_high"),
    "self_employed": ("employees",),
}
SAME = {"working": "participation"}
_INCOME = {
    "income_receivers", "income_per_receiver", "income_per_inhabitant", "lowest_income_persons",
    "highest_income_persons", "poverty", "near_poverty", "standardised_income", "lowest_income_households",
    "highest_income_households", "wealth",
}  # fmt: skip
_ENERGY = {"electricity", "gas", "district_heating"}
_LATE = {
    "woz", "education_low", "education_middle", "education_high", "working", "participation", "employees",
    "employees_permanent", "employees_flexible", "self_employed", "social_assistance", "disability", "unemployment",
    "state_pension", "youth_care", "wmo", "births", "deaths",
}  # fmt: skip
# A table fills in steps: columns that are there and empty everywhere.
UNPUBLISHED = {2024: _ENERGY | {"wealth", "standardised_income"}, 2025: _INCOME | _ENERGY | _LATE}


@cache
def noise(*parts: object) -> float:
    """A number from −1 up to 1 that depends on its arguments alone."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**47 - 1


def disadvantage(area: Area) -> float:
    if area.kind == "NL":
        return 0.0
    if area.wijk:
        return _WIJKEN[area.wijk] + 0.2 * noise(area.code, "disadvantage")
    known = _MUNICIPALITIES.get(area.code)
    return known if known is not None else -0.1 + 0.25 * noise(area.code, "disadvantage")


def _along(course: Sequence[float], year: float) -> float:
    """The value of a course with one value for each year; between two years (quarters) on the line between them."""
    place = min(max(year, _FIRST), _LAST) - _FIRST
    before = int(place)
    part = place - before
    return course[before] + part * (course[before + 1] - course[before]) if part else course[before]


def _drift(area: Area, base: str, year: float) -> float:
    """Growth since the year of the published count; buurten grow like their wijk."""
    place = area.wijk or area.code
    yearly = 0.003 * noise(place, "growth") + (0.003 if base == "households" else 0.0005)
    return 1 + yearly * (year - area.year)


@cache
def amount(area: Area, base: str, year: float) -> float:
    """Inhabitants or households before rounding; equals the published count in the year of that count."""
    published = area.inhabitants if base == "inhabitants" else area.households
    if area.kind == "NL":
        growth = _along(_COUNTRY, year) / _COUNTRY[2020 - _FIRST]
        return published * growth * (1 if base == "inhabitants" else 1 + 0.004 * (year - 2020))
    if area.code == HEERLEN:
        now = math.fsum(amount(wijk, base, year) for wijk in members(HEERLEN))
        then = math.fsum(amount(wijk, base, 2020) for wijk in members(HEERLEN))
        return published * now / then
    if base == "households" and not area.is_small:
        each_inhabitant = 0.46 + 0.03 * noise(area.code, "households") + 0.001 * (year - 2020)
        return amount(area, "inhabitants", year) * each_inhabitant
    return published * _drift(area, base, year)


def _national(figure: Figure, year: float) -> float:
    if len(figure.course) == 2:
        first, last = figure.course
        return first + (last - first) * (year - _FIRST) / (_LAST - _FIRST)
    return _along(figure.course, year)


@cache
def level(area: Area, name: str, year: float) -> float:
    """The share (in per cent of the base) or mean of a figure before rounding and secrecy."""
    name = SAME.get(name, name)
    if name in RESTS:
        return 100 - math.fsum(level(area, part, year) for part in RESTS[name])
    figure = FIGURES[name]
    parts = [(amount(part, figure.base or "inhabitants", year), part) for part in members(area.code)]
    weight = math.fsum(size for size, _ in parts)
    if weight > 0:
        return math.fsum(size * level(part, name, year) for size, part in parts) / weight
    national = _national(figure, year)
    return max(figure.lowest, national + _difference(area, name, figure, year) * (national if figure.relative else 1))


def _difference(area: Area, name: str, figure: Figure, year: float) -> float:
    if area.kind == "NL":
        return 0.0
    gap = figure.gap * disadvantage(area) * (1 - figure.closing * (year - _MIDDLE))
    regional = figure.regional if area.municipality in _SOUTH else 0.0
    local = 0.8 * noise(area.code, name) + 0.2 * noise(area.code, name, year)
    return gap + regional + figure.spread * local


def size(area: Area, figure: Figure, year: float) -> float:
    """How many persons or households a figure is about."""
    return amount(area, figure.base or "inhabitants", year) * figure.part


def round_to(value: float, step: int) -> int:
    return round(value / step) * step if step else round(value)


def specification(name: str) -> Figure:
    """The figure itself, or the one that a rest or a synonym goes by."""
    name = SAME.get(name, name)
    return FIGURES[RESTS[name][0] if name in RESTS else name]


def count(area: Area, name: str, year: int) -> int | None:
    """A count as published: exact for municipalities, rounded for wijken and buurten, None when secret."""
    if name in ("inhabitants", "households"):
        return round_to(amount(area, name, year), 5 if area.is_small else 1)
    figure = specification(name)
    whole = size(area, figure, year)
    step = figure.step if area.is_small or figure.step == 10 else 1
    if name in RESTS and not area.is_small:
        return round_to(round(whole) - sum(count(area, part, year) or 0 for part in RESTS[name]), step)
    exact = whole * level(area, name, year) / 100
    guarded = area.is_small and (figure.secret > 0 or figure.step == 10)
    if guarded and (whole < figure.least or exact < figure.secret):
        return None
    return round_to(exact, step)


def share(area: Area, name: str, year: int, decimals: int, scale: float = 1.0) -> float | None:
    """A percentage as published (`scale` 10 gives per 1 000), None when secret."""
    figure = specification(name)
    if area.is_small and size(area, figure, year) < figure.least:
        return None
    return _rounded(min(100.0, max(0.0, level(area, name, year))) * scale, decimals)


def mean(area: Area, name: str, year: int, decimals: int) -> float | None:
    """A mean as published, None when secret."""
    figure = FIGURES[name]
    base = "households" if name in ("woz", "electricity", "gas", "standardised_income", "wealth") else "inhabitants"
    if area.is_small and amount(area, base, year) < figure.least:
        return None
    value = level(area, name, year)
    return round_to(value, figure.step) if figure.step else _rounded(value, decimals)


def _rounded(value: float, decimals: int) -> float:
    return round(value, decimals) if decimals else round(value)
