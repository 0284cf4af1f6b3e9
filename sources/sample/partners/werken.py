"""Deliveries about work: households on social assistance, and trajectories towards work.

Belongs here: the rows of `bijstand_wijk` and `trajecten_naar_werk`. Does not belong here: how files are written
(`dialects`) and named (`sources.sample.deliveries`).
"""

from __future__ import annotations

import hashlib
import hmac
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from sources.sample.areas import Area
from sources.sample.figures import amount, disadvantage, level, noise
from sources.sample.partners.cases import divided, happened, months, present, some_of, wijken
from sources.sample.partners.dialects import Row

ASSISTANCE = (
    "peildatum", "wijkcode", "leeftijdsklasse", "huishoudtype", "aantal", "instroom", "uitstroom", "uitstroom_werk",
)  # fmt: skip
TRAJECTORIES = ("pseudoniem", "traject", "start", "einde", "uitkomst", "wijkcode", "leeftijdsklasse")
AGES = {"18 tot 27": 0.13, "27 tot 45": 0.41, "45 en ouder": 0.46}
HOUSEHOLDS = {
    "alleenstaand": 0.58, "alleenstaande ouder": 0.24, "paar met kinderen": 0.1, "paar zonder kinderen": 0.08,
}  # fmt: skip
# Two people of a couple are one household.
_HOUSEHOLDS_EACH = 0.88
# In these wijken nearly everybody on social assistance lives alone.
_ONE_KIND = {"WK091714", "WK091735"}
KINDS = {"bemiddeling": 0.34, "scholing": 0.28, "loonkostensubsidie": 0.14, "activering": 0.24}
OUTCOMES = {"werk": 0.42, "opleiding": 0.18, "gestopt": 0.27, "anders": 0.13}
# No secret: the pseudonyms of the sample stand for people who don't exist.
SAMPLE_KEY = b"voorbeeld: geen echte sleutel"
_STARTED_A_MONTH = 26.0
_LONGEST_MONTHS = 5


# -- social assistance ----------------------------------------------------------------------------------------------


def assistance(year: int, month: int) -> Iterator[Row]:
    """Households on social assistance on the last day of a month; a combination that nobody is in has no row."""
    day = date(year, month, monthrange(year, month)[1])
    for wijk in wijken():
        for (age, household), (number, entered, left, to_work) in _assisted(wijk, year, month).items():
            if number or entered or left:
                yield day, wijk.code, age, household, number, entered, left, to_work


@cache
def _assisted(wijk: Area, year: int, month: int) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    when = year - 1 + month / 12
    expected = amount(wijk, "inhabitants", when) * level(wijk, "social_assistance", when) / 100
    households = present(_HOUSEHOLDS_EACH * expected, (year, month), wijk.code, "assistance")
    found = {}
    for (age, household), number in divided(households, _weights(wijk), wijk.code, "assisted").items():
        what = (wijk.code, age, household, year, month)
        entered = min(number, happened(0.021 * number, *what, "entered"))
        left = happened(0.024 * number, *what, "left")
        found[age, household] = (number, entered, left, some_of(left, 0.4, *what, "to work"))
    return found


def _weights(wijk: Area) -> dict[tuple[str, str], float]:
    weights = {(age, home): part * share for age, part in AGES.items() for home, share in HOUSEHOLDS.items()}
    if wijk.code in _ONE_KIND:
        weights |= {key: weight * (20.0 if key[1] == "alleenstaand" else 0.4) for key, weight in weights.items()}
    return weights


# -- trajectories ---------------------------------------------------------------------------------------------------


def pseudonym(person: object, key: bytes = SAMPLE_KEY) -> str:
    """A keyed hash, as the partner makes it of a number that nobody else gets to see."""
    return hmac.new(key, str(person).encode(), hashlib.sha256).hexdigest()


def trajectories(year: int, month: int) -> Iterator[Row]:
    """The trajectories of a month: begun before its end and not ended before its start, as they stood when it ended."""
    first, last = date(year, month, 1), date(year, month, monthrange(year, month)[1])
    found = []
    for begun in months((year - 1, month), (year, month))[-1 - _LONGEST_MONTHS :]:
        found += [row for row in map(_known(last), _started(*begun)) if row[3] is None or row[3] >= first]
    yield from sorted(found, key=lambda row: (row[2], row[0]))


def _known(day: date) -> Callable[[_Trajectory], tuple[str, str, date, date | None, str, str, str]]:
    """How a trajectory looked on a day: without an end or an outcome as long as it lasted."""

    def seen(one: _Trajectory) -> tuple[str, str, date, date | None, str, str, str]:
        is_over = one.end <= day
        outcome = one.outcome if is_over else "lopend"
        return one.person, one.kind, one.start, one.end if is_over else None, outcome, one.wijk, one.age

    return seen


@dataclass(frozen=True)
class _Trajectory:
    person: str
    kind: str
    start: date
    end: date
    outcome: str
    wijk: str
    age: str


@cache
def _started(year: int, month: int) -> tuple[_Trajectory, ...]:
    found = []
    for wijk in wijken():
        weight = amount(wijk, "inhabitants", year) / 87000 * (1 + 0.5 * disadvantage(wijk)) / 1.4
        number = happened(_STARTED_A_MONTH * weight, wijk.code, year, month, "trajectories")
        found += [_trajectory(wijk, (year, month, at)) for at in range(number)]
    return tuple(found)


def _trajectory(wijk: Area, which: tuple[int, int, int]) -> _Trajectory:
    year, month, at = which
    what = (wijk.code, *which)
    start = date(year, month, 14) + timedelta(days=int(14 * noise(*what, "start")))
    end = start + timedelta(days=int(70 + 60 * noise(*what, "length")))
    # Now and then somebody begins a second trajectory in the same month.
    person = (wijk.code, year, month, at - 1) if at % 6 == 5 else what
    age = chosen({"jonger dan 27": 0.3, "27 tot 45": 0.4, "45 en ouder": 0.3}, *person, "age")
    kind, outcome = chosen(KINDS, *what, "kind"), chosen(OUTCOMES, *what, "outcome")
    return _Trajectory(pseudonym(person), kind, start, end, outcome, wijk.code, age)


def chosen(shares: dict[str, float], *what: object) -> str:
    """One of the words, by chance and by their shares."""
    at, labels = (noise(*what) + 1) / 2, list(shares)
    for label in labels:
        at -= shares[label]
        if at < 0:
            return label
    return labels[-1]
