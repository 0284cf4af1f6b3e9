"""Verdicts: where the comparator lies beside the interval, and what that means for the indicator's direction."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.macros import evaluate

DIRECTIONS = ("higher_is_better", "lower_is_better", "neutral")
CALL = {"verdict": "verdict('lower', 'upper', 'comparator', 'direction')"}


def verdicts(rows: list[tuple[float | None, float | None, float | None, str | None]]) -> list[str | None]:
    """One verdict per (lower, upper, comparator, direction)."""
    lower, upper, comparator, direction = (list(column) for column in zip(*rows, strict=True))
    columns = {"lower": lower, "upper": upper, "comparator": comparator, "direction": direction}
    return list(evaluate(CALL, columns)["verdict"])


def test_every_place_of_the_comparator_in_every_direction() -> None:
    places = {9.0: "below", 10.0: "on the limit", 11.0: "inside", 12.0: "on the limit", 13.0: "above"}
    rows = [(10.0, 12.0, comparator, direction) for direction, comparator in product(DIRECTIONS, places)]
    same = ["similar"] * 3
    assert verdicts(rows) == [
        *("better", *same, "worse"),
        *("worse", *same, "better"),
        *("higher", *same, "lower"),
    ]


def test_what_is_missing_gives_no_verdict() -> None:
    complete = (10.0, 12.0, 9.0, "neutral")
    for place in range(4):
        row = tuple(None if i == place else part for i, part in enumerate(complete))
        assert verdicts([row, complete]) == [None, "higher"]
    assert verdicts([(10.0, 12.0, 9.0, "sideways"), (10.0, 12.0, 13.0, "sideways")]) == [None, None]


NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=50))
def test_turning_the_direction_swaps_better_and_worse(rows: list[tuple[float, float, float]]) -> None:
    ordered = [(min(a, b), max(a, b), comparator) for a, b, comparator in rows]
    words, count = verdicts([(*row, direction) for direction in DIRECTIONS for row in ordered]), len(rows)
    higher, lower, neutral = words[:count], words[count : 2 * count], words[2 * count :]
    swap = {"better": "worse", "worse": "better", "similar": "similar"}
    assert [swap[str(word)] for word in higher] == lower
    plain = {"better": "higher", "worse": "lower", "similar": "similar"}
    assert [plain[str(word)] for word in higher] == neutral


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=50))
def test_turning_the_sign_of_the_figures_swaps_better_and_worse(rows: list[tuple[float, float, float]]) -> None:
    ordered = [(min(a, b), max(a, b), comparator, "higher_is_better") for a, b, comparator in rows]
    turned = [(-upper, -lower, -comparator, direction) for lower, upper, comparator, direction in ordered]
    swap = {"better": "worse", "worse": "better", "similar": "similar"}
    assert [swap[str(word)] for word in verdicts(ordered)] == verdicts(turned)
