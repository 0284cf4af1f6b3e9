"""Citizen service numbers (BSN): the 11-proof, where digits may stand for one, and when that is no chance any more.

Belongs here: the arithmetic. Does not belong here: which columns are judged how (`sources.partners.privacy`).

The 11-proof (Besluit BSN; weights 9 to 2 and -1, the sum divisible by 11) is passed by one in eleven of all numbers, so a
single number that passes says little where such numbers belong, and much where they do not. Hence two ways of judging
the different numbers of eight or nine digits in a column:

``foreign``  The column has no business with such numbers (counts of people in one city, labels, free text). A number
             that passes is a hit while fewer than five stand there, or when half of them pass.
``native``   Such numbers belong there (amounts of money, case numbers). It is a hit when all of three or more pass, or when
             the number that pass is one that chance gives less than once in 100,000 columns (binomial, 1/11).

Chance of holding a clean delivery by a native column, n different numbers: 7.5e-4 at n = 3 (the worst), 6.8e-5 at 4, at
most 1e-5 from 5 on. Chance of finding BSNs that are a share of a native column: at 1 % they stand out from 50,000 numbers
on (0.99), at 10 % from 600, at 50 % from 30. Where the rest of a column holds no numbers of that length, the first one is
found whatever its share, because then all that stand there pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import betainc

from sources.partners.plain_text import matches

RATE = 1 / 11
CHANCE = 1e-5
# Below this, numbers that do not belong in a column are looked at one by one.
FEW = 5
_LEAST, _MOST = 10_000_000, 999_999_999
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
# A cell that is one number, also with the dots of thousands or the decimals that a spreadsheet adds.
_WHOLE = r"^[-+]?(?:\d{8,9}|\d{2,3}[. ']\d{3}[. ']\d{3})(?:[.,]0+)?$"
_LONG = r"\d(?:[ .,\-_/']{0,3}\d){7}"
_DIGITS = re.compile(r"\d+")
# What people put between groups of digits.
_BETWEEN = re.compile(r" ?[.\-_/,'] ?| ")
# How nine digits are grouped amidst others; by themselves any groups of up to five count.
_GROUPED = {(3, 3, 3), (4, 2, 3)}
_GROUPED_EIGHT = {(2, 3, 3), (3, 3, 2), (4, 2, 2)}


def passes(numbers: np.ndarray) -> np.ndarray:
    """Which whole numbers have eight or nine digits and pass the 11-proof; a leading zero is left out."""
    return np.asarray((numbers >= _LEAST) & (numbers <= _MOST) & (weighted_sum(numbers) % 11 == 0))


def weighted_sum(numbers: np.ndarray) -> np.ndarray:
    """Each digit of whole numbers times its weight, added up."""
    total = np.zeros(len(numbers), np.int64)
    rest = numbers.astype(np.int64)
    for weight in reversed(_WEIGHTS):
        total += weight * (rest % 10)
        rest = rest // 10
    return total


def is_candidate(numbers: np.ndarray) -> np.ndarray:
    """Which whole numbers have eight or nine digits and are no day written without hyphens."""
    day_last = _is_day(numbers // 10_000, numbers // 100 % 100, numbers % 100)
    day_first = _is_day(numbers % 10_000, numbers // 10_000 % 100, numbers // 1_000_000)
    is_day = (numbers < 100_000_000) & (day_last | day_first)
    return np.asarray((numbers >= _LEAST) & (numbers <= _MOST) & ~is_day)


def _is_day(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    return np.asarray((year >= 1900) & (year <= 2099) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31))


def chance_of(passing: int, candidates: int) -> float:
    """The chance that at least so many of so many different numbers pass: the upper tail of a binomial with 1/11."""
    return 1.0 if passing == 0 else float(betainc(passing, candidates - passing + 1, RATE))


def is_foreign_hit(passing: int, candidates: int) -> bool:
    """Whether numbers that pass are BSNs where such numbers do not belong."""
    few_or_many = candidates < FEW or 2 * passing >= candidates
    return passing > 0 and (few_or_many or chance_of(passing, candidates) < CHANCE)


def is_native_hit(passing: int, candidates: int) -> bool:
    """Whether numbers that pass are more than chance gives where such numbers belong."""
    return (passing == candidates >= 3) or chance_of(passing, candidates) < CHANCE


def numbers_of(values: pa.Array, is_text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every number in plain values that may be a BSN, and the place of the value that holds it.

    Args:
        values: plain strings.
        is_text: where numbers amidst other signs are looked for too; elsewhere a value is one number or none.
    """
    is_whole = matches(values, _WHOLE)
    whole = pc.replace_substring_regex(values.filter(pa.array(is_whole)), r"[.,]0+$|[^\d]", "").cast(pa.int64())
    # Only there: pseudonyms hold digits side by side too, each in a form of its own.
    searched = is_text & ~is_whole
    holding = np.flatnonzero(searched)[_holds_groups(values.filter(pa.array(searched)))]
    inside = [(place, number) for place in holding.tolist() for number in numbers_in(values[place].as_py())]
    amidst = np.array(inside, np.int64).reshape(-1, 2)
    places = np.concatenate([np.flatnonzero(is_whole), amidst[:, 0]])
    numbers = np.concatenate([whole.to_numpy(), amidst[:, 1]])
    is_kept = is_candidate(numbers)
    return places[is_kept], numbers[is_kept]


def _holds_groups(values: pa.Array) -> np.ndarray:
    """Which values hold digits in groups of eight or nine: one look at each form, as most keys of a column have the same."""
    may_hold = matches(values, _LONG)
    years = pc.replace_substring_regex(values.filter(pa.array(may_hold)), r"\b(?:19|20)\d{2}\b", "\u00ff")
    forms = pc.replace_substring_regex(
        pc.replace_substring_regex(years, r"\d", "0"), "\u00ff", "2000"
    ).dictionary_encode()
    has_number = np.array([next(numbers_in(form), None) is not None for form in forms.dictionary.to_pylist()], bool)
    may_hold[may_hold] = has_number[forms.indices.to_numpy()]
    return may_hold


def numbers_in(text: str) -> Iterator[int]:
    """Every number of eight or nine digits in plain text that may be a BSN, with or without separators.

    Left out: longer numbers, area codes of CBS, and groups that begin with a year (``2025-00123`` is a case). Days are not:
    `is_candidate` tells.
    """
    for run in _runs(text):
        lengths = [len(digits) for digits in run]
        for start in range(len(run)):
            for end in range(start + 1, len(run) + 1):
                shape = tuple(lengths[start:end])
                if sum(shape) > 9:
                    break
                if _may_be(shape, run[start], whole=len(run) == end - start):
                    yield int("".join(run[start:end]))


def _runs(text: str) -> Iterator[list[str]]:
    """Digits that stand beside each other with nothing but separators between them."""
    run: list[str] = []
    end = 0
    for found in _DIGITS.finditer(text):
        if run and not _BETWEEN.fullmatch(text, end, found.start()):
            yield run
            run = []
        is_area = text[max(found.start() - 2, 0) : found.start()].upper() in ("BU", "WK", "GM")
        run.append("" if is_area else found.group())
        end = found.end()
    if run:
        yield run


def _may_be(shape: tuple[int, ...], first: str, *, whole: bool) -> bool:
    if 0 in shape:
        return False
    if len(shape) == 1:
        return shape[0] in (8, 9)
    if shape[0] == 4 and "1900" <= first <= "2099":
        return False
    return (sum(shape) == 9 and ((whole and max(shape) <= 5) or shape in _GROUPED)) or shape in _GROUPED_EIGHT
