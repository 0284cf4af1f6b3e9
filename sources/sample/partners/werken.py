"""Deliveries about work: households on social assistance, and trajectories towards work.

Belongs here: the rows of `bijstand_wijk` and `trajecten_naar_werk`. Does not belong here: how files are written
(`dialects`) and named (`sources.sample.deliveries`).
"""

from __future__ import annotations

import hashlib
import hmac
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from sources.sample.areas import Area
from sources.sample.figures import amount, disadvantage, level, noise
from sources.sample.partners.cases import divided, happened, moment, present, some_of, wijken
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
KINDS = {"werkervaring": 0.3, "scholing": 0.22, "bemiddeling": 0.26, "loonkostensubsidie": 0.1, "beschut werk": 0.12}
OUTCOMES = {"werk": 0.42, "opleiding": 0.18, "gestopt": 0.27, "anders": 0.13}
# No secret: the pseudonyms of the sample stand for people who don't exist.
SAMPLE_KEY = b"voorbeeld: geen echte sleutel"
_STARTED_A_MONTH = 40.0


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
    when = moment(year, month, 12)
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


def trajectories(year: int, quarter: int) -> Iterator[Row]:
    """The trajectories that began in a quarter, as they stood two months after it ended, in the order of their start."""
    yield from sorted(_started(year, quarter), key=lambda row: (str(row[2]), str(row[0])))


def known_on(year: int, quarter: int) -> date:
    """The day on which the partner looks at the trajectories of a quarter."""
    return date(year + quarter // 4, quarter * 3 % 12 + 2, 28)


def _started(year: int, quarter: int) -> Iterator[Row]:
    known = known_on(year, quarter)
    for wijk in wijken():
        weight = amount(wijk, "inhabitants", year) / 87000 * (1 + 0.5 * disadvantage(wijk)) / 1.4
        number = happened(3 * _STARTED_A_MONTH * weight, wijk.code, year, quarter, "trajectories")
        for at in range(number):
            yield _trajectory(wijk, (year, quarter, at), known)


def _trajectory(wijk: Area, which: tuple[int, int, int], known: date) -> Row:
    year, quarter, _ = which
    what = (wijk.code, *which)
    start = date(year, 3 * quarter - 2, 1) + timedelta(days=int(45 + 44 * noise(*what, "start")))
    end = start + timedelta(days=int(70 + 60 * noise(*what, "length")))
    is_over = end <= known
    # About one in eight people begins a second trajectory within the same quarter.
    person = (*what[:3], which[2] - 1) if which[2] % 8 == 7 else what
    return (
        pseudonym(person),
        chosen(KINDS, *what, "kind"),
        start,
        end if is_over else None,
        chosen(OUTCOMES, *what, "outcome") if is_over else "loopt nog",
        wijk.code,
        chosen({"18 tot 27": 0.3, "27 tot 45": 0.4, "45 en ouder": 0.3}, *person, "age"),
    )


def chosen(shares: dict[str, float], *what: object) -> str:
    """One of the words, by chance and by their shares."""
    at, labels = (noise(*what) + 1) / 2, list(shares)
    for label in labels:
        at -= shares[label]
        if at < 0:
            return label
    return labels[-1]
