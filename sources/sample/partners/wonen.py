"""Deliveries about living: dwellings of housing corporations, requests for repair, reports about public space.

Belongs here: the rows of `corporatie_voorraad`, `reparatieverzoeken` and `meldingen_openbare_ruimte`. Does not belong
here: how files are written (`dialects`) and named (`sources.sample.deliveries`), and the interface that gives the
requests in pages (`repairs`).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from sources.sample.areas import Area
from sources.sample.figures import amount, disadvantage, level, noise
from sources.sample.partners.cases import buurten, divided, happened, moment, some_of
from sources.sample.partners.dialects import Row
from sources.sample.partners.werken import chosen

DWELLINGS = (
    "corporatie", "complex", "wijkcode", "buurtcode", "vhe", "label", "leeg_frictie", "leeg_project", "mutaties",
    "gem_dagen_leeg", "huur_gem",
)  # fmt: skip
PUBLIC_SPACE = ("maand", "buurtcode", "categorie", "aantal", "binnen_5_werkdagen")
LABELS = {"A": 0.2, "B": 0.19, "C": 0.25, "D": 0.16, "E": 0.1, "F": 0.06, "G": 0.04}
CATEGORIES = {"afval": 0.44, "groen": 0.16, "verlichting": 0.12, "wegen": 0.16, "speelplekken": 0.06, "overlast": 0.06}
REPAIRS = {"vocht en schimmel": 0.17, "verwarming": 0.24, "sanitair": 0.27, "deuren en ramen": 0.2, "elektra": 0.12}
_CORPORATIONS = ("Corporatie A", "Corporatie B", "Corporatie C")
_REPORTS_A_YEAR = 0.14
_REPAIRS_A_YEAR = 0.08


def _homes(buurt: Area, year: float) -> int:
    """Dwellings of corporations in a buurt; a handful where only few people live."""
    return round(amount(buurt, "households", year) * max(0.0, level(buurt, "corporation", year)) / 100)


# -- dwellings ------------------------------------------------------------------------------------------------------


def dwellings(year: int, quarter: int) -> Iterator[Row]:
    """Dwellings by complex and energy label; a complex is what one corporation has in one buurt."""
    for number, buurt in enumerate(buurten()):
        homes = _homes(buurt, moment(year, quarter, 4))
        for label, count in divided(homes, _labels(buurt, year), buurt.code, "labels").items():
            if count:
                yield _complex(number, buurt, label, count, (year, quarter))


def _labels(buurt: Area, year: int) -> dict[str, float]:
    # Dwellings are insulated from year to year, and labels move up.
    better = 1 + 0.09 * (year - 2022) - 0.25 * disadvantage(buurt)
    return {label: part * (better if label in "ABC" else 1.0) for label, part in LABELS.items()}


def _complex(number: int, buurt: Area, label: str, homes: int, when: tuple[int, int]) -> Row:
    what = (buurt.code, label, *when)
    moved = min(homes, happened(homes * (0.017 + 0.004 * disadvantage(buurt)), *what, "moved"))
    empty = some_of(homes, 0.013 + 0.006 * disadvantage(buurt), *what, "friction")
    # Some blocks wait for demolition or renovation, one of them almost as a whole.
    waiting = 0.95 if (buurt.code, label) == ("BU09173201", "G") else 0.05 if label in "FG" else 0.002
    project = min(homes - empty, some_of(homes, waiting, *what, "project"))
    days = round(34 + 14 * noise(*what, "days"), 1) if moved else None
    rent = round(585 + 60 * noise(buurt.code, label) - 8 * "ABCDEFG".index(label) + 14 * (when[0] - 2022), 2)
    corporation = _CORPORATIONS[number % len(_CORPORATIONS)]
    name = f"{corporation[-1]}-{buurt.code[6:]}"
    return corporation, name, f"WK{buurt.code[2:8]}", buurt.code, homes, label, empty, project, moved, days, rent


# -- repairs --------------------------------------------------------------------------------------------------------


@cache
def repairs(year: int, month: int) -> tuple[dict[str, str | int | None], ...]:
    """Requests of a month as the corporations' system gives them, in the order of their numbers."""
    found = []
    for buurt in buurten():
        expected = _homes(buurt, year) * _REPAIRS_A_YEAR / 12 * (1 + 0.4 * disadvantage(buurt)) * _cold(month)
        for at in range(happened(expected, buurt.code, year, month, "repairs")):
            what = (buurt.code, year, month, at)
            made = date(year, month, 1 + int((noise(*what, "day") + 1) / 2 * monthrange(year, month)[1]))
            days = 2 + int(14 * (1 + noise(*what, "handled")) ** 2)
            letters = "".join(chr(65 + int((noise(*what, which) + 1) / 2 * 26)) for which in "lr")
            kind = chosen(REPAIRS, *what, "kind")
            found.append((made, f"{buurt.postcode}{letters}", kind, made + timedelta(days=days)))
    found.sort()
    known_on = date(2026, 2, 28)
    return tuple(
        {
            "id": (year * 100 + month) * 10_000 + number,
            "datum": f"{made:%d-%m-%Y}",
            "pc6": postcode,
            "categorie": kind,
            "afgehandeld_op": f"{handled:%d-%m-%Y}" if handled <= known_on else None,
        }
        for number, (made, postcode, kind, handled) in enumerate(found, start=1)
    )


def _cold(month: int) -> float:
    return 1.3 if month in (11, 12, 1, 2) else 0.85


# -- public space ---------------------------------------------------------------------------------------------------


def public_space(year: int, month: int) -> Iterator[Row]:
    """Reports about public space by buurt and kind; a kind without reports has no row."""
    for buurt in buurten():
        people = amount(buurt, "inhabitants", year)
        reports = happened(people * _REPORTS_A_YEAR / 12 * (1 + 0.35 * disadvantage(buurt)), buurt.code, year, month)
        for kind, number in divided(reports, CATEGORIES, buurt.code, year, month).items():
            if number:
                share = 0.72 + 0.05 * (year - 2024) - 0.06 * disadvantage(buurt)
                yield (
                    f"{year}-{month:02}",
                    buurt.code,
                    kind,
                    number,
                    some_of(number, share, buurt.code, year, month, kind),
                )
