"""How invented counts of people, households and events come about.

Belongs here: whole numbers around an expectation, and how a whole is divided so that its parts add up. Does not belong
here: what is counted (the modules of the lines). Only SHA-256, sums and square roots are used, which give the same
numbers on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

from sources.sample.areas import HEERLEN, Area, members
from sources.sample.figures import noise

Key = TypeVar("Key")


def wijken() -> tuple[Area, ...]:
    """The 23 wijken of Heerlen."""
    return members(HEERLEN)


def buurten() -> tuple[Area, ...]:
    """The 57 buurten of Heerlen."""
    return tuple(buurt for wijk in wijken() for buurt in members(wijk.code))


def _deviation(*what: object) -> float:
    """About standard normal: the sum of three uniform numbers, each from −1 to 1 and with variance 1/3."""
    return math.fsum(noise(*what, throw) for throw in range(3))


def happened(expected: float, *what: object) -> int:
    """How many events happened where `expected` were expected: about Poisson, never below zero."""
    return max(0, round(expected + math.sqrt(max(0.0, expected)) * _deviation(*what)))


def present(expected: float, when: object, *what: object) -> int:
    """How many are there at a moment: a stock, of which an area keeps its deviation and little changes in a month."""
    moved = _deviation(*what) + 0.15 * _deviation(*what, when)
    return max(0, round(expected + math.sqrt(max(0.0, expected)) * moved))


def divided(whole: int, weights: Mapping[Key, float], *what: object) -> dict[Key, int]:
    """A whole number over parts by weight, with some chance; the parts add up to it.

    Remainders go to the largest fractions, as seats do (Hamilton's method).
    """
    shaken = {key: weight * (1 + 0.25 * noise(*what, key)) for key, weight in weights.items()}
    total = math.fsum(shaken.values())
    exact = {key: whole * weight / total for key, weight in shaken.items()}
    parts = {key: math.floor(value) for key, value in exact.items()}
    by_fraction = sorted(exact, key=lambda key: (parts[key] - exact[key], str(key)))
    for key in by_fraction[: whole - sum(parts.values())]:
        parts[key] += 1
    return parts


def some_of(whole: int, share: float, *what: object) -> int:
    """How many of a group; about binomial, never more than the group nor fewer than nobody."""
    within = min(1.0, max(0.0, share))
    around = math.sqrt(whole * within * (1 - within)) * _deviation(*what)
    return min(whole, max(0, round(whole * within + around)))


def moment(year: int, part: int, parts: int) -> float:
    """The end of a month or quarter as the model counts years: the end of a year is that year.

    A whole year stays a whole number: the model's noise depends on how the year is written, and 2024.0 is written otherwise.
    """
    return year if part == parts else year - 1 + part / parts


def months(first: tuple[int, int], last: tuple[int, int]) -> Sequence[tuple[int, int]]:
    """Year and month of each month from the first to the last, both included."""
    count = 12 * (last[0] - first[0]) + last[1] - first[1] + 1
    return [(first[0] + (first[1] - 1 + at) // 12, (first[1] - 1 + at) % 12 + 1) for at in range(count)]
