"""A delivery as large as a whole region's: one million rows of `trajecten_naar_werk`."""

from __future__ import annotations

import hmac
from pathlib import Path

import numpy as np

from sources.sample.partners.cases import wijken
from sources.sample.partners.werken import AGES, KINDS, OUTCOMES, TRAJECTORIES

ROWS = 1_000_000
# The pseudonyms stand for nobody.
TEST_KEY = b"test: no real key"
_BLOCK = 50_000


def million_rows(path: Path, rows: int = ROWS, first_year: int = 2025) -> int:
    """Write the delivery to `path`, the same bytes each time; about five rows in six begin a person's only trajectory.

    Returns:
        How many different people (pseudonyms) it holds.
    """
    chance = np.random.Generator(np.random.PCG64(917))
    people: set[int] = set()
    with path.open("w", encoding="utf-8", newline="") as target:
        target.write(";".join(TRAJECTORIES) + "\r\n")
        for start in range(0, rows, _BLOCK):
            count = min(_BLOCK, rows - start)
            persons = chance.integers(0, 3 * rows, count).tolist()
            people.update(persons)
            tails = _tails(chance, count, first_year)
            target.writelines(
                f"{hmac.digest(TEST_KEY, str(person).encode(), 'sha256').hex()};{tail}\r\n"
                for person, tail in zip(persons, tails, strict=True)
            )
    return len(people)


def _tails(chance: np.random.Generator, count: int, year: int) -> list[str]:
    """All columns after the pseudonym."""
    codes = [wijk.code for wijk in wijken()]
    kinds, ages, outcomes = list(KINDS), list(AGES), [*OUTCOMES, "loopt nog"]
    picks = [
        chance.integers(0, size, count).tolist() for size in (len(kinds), 3, 27, len(outcomes), len(codes), len(ages))
    ]
    return [
        f"{kinds[kind]};{day + 1:02}-{10 + month}-{year};"
        f"{'' if outcome == len(outcomes) - 1 else f'{day + 1:02}-02-{year + 1}'};{outcomes[outcome]};{codes[wijk]};{ages[age]}"
        for kind, month, day, outcome, wijk, age in zip(*picks, strict=True)
    ]
