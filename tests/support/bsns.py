"""Citizen service numbers made for a test, and the ways in which people write them.

They are made by the 11-proof alone; none is taken from a person, though one that passes may have been given to somebody.
"""

from __future__ import annotations

from hypothesis import strategies as st

# Groups of digits, and what is put between them.
_GROUPS = ((9,), (3, 3, 3), (4, 2, 3), (2, 3, 4), (4, 5), (2, 2, 2, 3), (1, 1, 1, 1, 1, 1, 1, 1, 1), (3, 2, 4))
_BETWEEN = ("", " ", ".", "-", "/", " - ", "_")


def with_proof(first_eight: int) -> int | None:
    """The number of nine digits that passes and begins with these eight; None where the eight have none."""
    digits = [int(digit) for digit in f"{first_eight:08d}"]
    last = sum(weight * digit for weight, digit in zip(range(9, 1, -1), digits, strict=True)) % 11
    return None if last == 10 else first_eight * 10 + last


def bsns(least: int = 100_000_000) -> st.SearchStrategy[int]:
    """Numbers of nine digits that pass and do not begin like a year, which groups of four digits would be taken for."""
    made = st.integers(least // 10, 99_999_999).map(with_proof)
    return made.filter(lambda number: number is not None and f"{number:09d}"[:2] not in ("19", "20"))


@st.composite
def written(draw: st.DrawFn, number: int) -> str:
    """A number with any groups and any separator."""
    digits, groups, between = f"{number:09d}", draw(st.sampled_from(_GROUPS)), draw(st.sampled_from(_BETWEEN))
    ends = [sum(groups[: place + 1]) for place in range(len(groups))]
    return between.join(digits[end - size : end] for end, size in zip(ends, groups, strict=True))
