"""The recent trend, against an independent computation on thousands of series and against cases worked by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from statsmodels.api import WLS, add_constant

from tests.support.macros import evaluate, query, render
from tests.support.trends import THRESHOLD, marks_of_proportions, marks_of_values

DIRECTIONS = ("higher_is_better", "lower_is_better", "neutral")
TURNED = {
    "increasing_better": "decreasing_worse",
    "decreasing_worse": "increasing_better",
    "increasing_worse": "decreasing_better",
    "decreasing_better": "increasing_worse",
    "increasing": "decreasing",
    "decreasing": "increasing",
    "no_significant_change": "no_significant_change",
    "cannot_be_calculated": "cannot_be_calculated",
}

Series = list[float | None]


def _of_points(is_proportion: bool, columns: dict[str, list[Series]], directions: list[str]) -> list[str]:
    """Marks through all three macros, from points to weights and figures to a mark."""
    names = ("numerator", "denominator", "value", "lower", "upper")
    nothing: list[Series] = [[None] * 5] * len(directions)
    arguments: dict[str, list] = {
        f"{name}_{i}": [series[i] for series in columns.get(name, nothing)] for name in names for i in range(5)
    }
    arguments |= {"is_proportion": [is_proportion] * len(directions), "direction": directions}
    weights, figures = [], []
    for i in range(5):
        pair = f"'is_proportion', 'numerator_{i}', 'denominator_{i}'"
        weights.append(render(f"trend_weight({pair}, 'lower_{i}', 'upper_{i}')"))
        figures.append(render(f"trend_figure({pair}, 'value_{i}')"))
    points = f"SELECT *, [{', '.join(weights)}] AS w, [{', '.join(figures)}] AS r FROM arguments"
    mark = render("recent_trend('w', 'r', 'is_proportion', 'direction')")
    return [str(word) for word in query(f"SELECT {mark} AS mark FROM ({points})", arguments)["mark"]]


def of_proportions(numerators: list[Series], denominators: list[Series], directions: list[str]) -> list[str]:
    return _of_points(True, {"numerator": numerators, "denominator": denominators}, directions)


def of_values(values: list[Series], lower: list[Series], upper: list[Series], directions: list[str]) -> list[str]:
    return _of_points(False, {"value": values, "lower": lower, "upper": upper}, directions)


def test_the_threshold_is_that_of_998_percent() -> None:
    assert pytest.approx(chi2.isf(0.002, 1), rel=1e-12) == THRESHOLD
    assert f"<= {THRESHOLD}e0" in render("recent_trend('w', 'r', 'p', 'd')")


def test_thousands_of_proportions_get_the_mark_of_the_independent_computation() -> None:
    random = np.random.default_rng(20261125)
    count = 6000
    denominators = random.integers(1, 10 ** random.integers(1, 8, size=(count, 1)), size=(count, 5), endpoint=True)
    share = random.uniform(0, 1, size=(count, 1)) ** 3
    drift = random.normal(0, 0.04, size=(count, 1)) * np.arange(5) * random.integers(0, 2, size=(count, 1))
    numerators = random.binomial(denominators, np.clip(share + drift, 0, 1))
    directions = [str(word) for word in random.choice(DIRECTIONS, count)]
    found = of_proportions(numerators.tolist(), denominators.tolist(), directions)
    assert found == marks_of_proportions(numerators, denominators, directions)
    assert min(Counter(found).values()) > 20
    assert set(found) == set(TURNED)


def test_thousands_of_values_get_the_mark_of_the_independent_computation() -> None:
    random = np.random.default_rng(20261126)
    count = 6000
    error = 10 ** random.uniform(-3, 2, size=(count, 1)) * random.uniform(0.3, 3, size=(count, 5))
    slope = random.normal(0, 1, size=(count, 1)) * error.mean(axis=1, keepdims=True) * 2
    values = random.normal(0, 50, size=(count, 1)) + slope * np.arange(5) + error * random.normal(size=(count, 5))
    # Publishers round: many figures and limits are equal.
    coarse = random.random(count) < 0.4
    values[coarse], error[coarse] = values[coarse].round(0), np.maximum(error[coarse].round(1), 0.1)
    lower, upper = values - 1.96 * error, values + 1.96 * error
    directions = [str(word) for word in random.choice(DIRECTIONS, count)]
    found = of_values(values.tolist(), lower.tolist(), upper.tolist(), directions)
    assert found == marks_of_values(values, lower, upper, directions)
    assert {word for word in TURNED if word != "cannot_be_calculated"} == set(found)
    assert min(Counter(found).values()) > 20


def chi_square(weights: list[Series], figures: list[Series], is_proportion: bool) -> list[float]:
    arguments = {"w": weights, "r": figures, "p": [is_proportion] * len(weights)}
    return list(evaluate({"chi_square": "trend_chi_square('w', 'r', 'p')"}, arguments)["chi_square"])


def test_chi_square_of_values_is_that_of_a_weighted_regression() -> None:
    """The squared ratio of slope and standard error, with variances known, as statsmodels computes it."""
    random = np.random.default_rng(3)
    weights, figures = random.uniform(0.1, 50, (200, 5)), random.normal(10, 3, (200, 5))
    years = add_constant(np.arange(1, 6))
    fits = [WLS(r, years, weights=w).fit(cov_type="fixed scale") for w, r in zip(weights, figures, strict=True)]
    expected = [(fit.params[1] / fit.bse[1]) ** 2 for fit in fits]
    assert chi_square(weights.tolist(), figures.tolist(), False) == pytest.approx(expected, rel=1e-9)


def test_chi_square_of_proportions_is_armitages() -> None:
    """In whole numbers, so without any rounding before the division."""
    random = np.random.default_rng(4)
    n = random.integers(5, 5000, (200, 5))
    y = random.binomial(n, random.uniform(0.05, 0.95, (200, 1)))
    t = np.arange(1, 6)
    expected = []
    for bases, events in zip(n, y, strict=True):
        total, positive = int(bases.sum()), int(events.sum())
        top = total * (total * int((t * events).sum()) - positive * int((t * bases).sum())) ** 2
        below = positive * (total - positive) * (total * int((t**2 * bases).sum()) - int((t * bases).sum()) ** 2)
        expected.append(top / below)
    found = chi_square(n.astype(float).tolist(), (y / n).tolist(), True)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


HUNDRED: Series = [1000.0] * 5


@pytest.mark.parametrize(
    ("numerators", "mark"),
    [
        ([100, 120, 140, 160, 180], "increasing_worse"),
        ([180, 160, 140, 120, 100], "decreasing_better"),
        ([100, 101, 102, 103, 104], "no_significant_change"),
        # Significant, but all of it is the last year: without that the line is level, and level is no direction.
        ([100, 100, 100, 100, 180], "no_significant_change"),
        # Significant, but without the first year it turns.
        ([20, 180, 170, 160, 150], "no_significant_change"),
        ([0, 0, 0, 0, 0], "cannot_be_calculated"),
        ([1000, 1000, 1000, 1000, 1000], "cannot_be_calculated"),
        ([100, 120, None, 160, 180], "cannot_be_calculated"),
        ([100, 120, 1001, 160, 180], "cannot_be_calculated"),
        ([100, 120, -1, 160, 180], "cannot_be_calculated"),
    ],
)
def test_proportions_worked_by_hand(numerators: Series, mark: str) -> None:
    assert of_proportions([numerators], [HUNDRED], ["lower_is_better"]) == [mark]


@pytest.mark.parametrize("denominator", [None, 0.0, -5.0])
def test_a_proportion_without_a_base_has_no_trend(denominator: float | None) -> None:
    denominators = [1000.0, 1000.0, denominator, 1000.0, 1000.0]
    assert of_proportions([[100, 120, 0, 160, 180]], [denominators], ["neutral"]) == ["cannot_be_calculated"]


def _around(values: Series, half: float) -> tuple[list[Series], list[Series], list[Series]]:
    lower = [None if value is None else value - half for value in values]
    upper = [None if value is None else value + half for value in values]
    return [values], [lower], [upper]


@pytest.mark.parametrize(
    ("values", "half", "mark"),
    [
        ([10, 12, 14, 16, 18], 1, "increasing_better"),
        ([18, 16, 14, 12, 10], 1, "decreasing_worse"),
        ([-18, -16, -14, -12, -10], 1, "increasing_better"),
        ([10, 12, 14, 16, 18], 10, "no_significant_change"),
        ([10.1, 10.1, 10.1, 10.1, 18.1], 0.1, "no_significant_change"),
        ([10, 11, 12, 11, 10], 0.1, "no_significant_change"),
        ([10, 10, 10, 10, 10], 1, "no_significant_change"),
        ([10, 12, 14, 16, None], 1, "cannot_be_calculated"),
        ([10, 12, 14, 16, 18], 0, "cannot_be_calculated"),
        ([10, 12, 14, 16, 18], -1, "cannot_be_calculated"),
    ],
)
def test_values_worked_by_hand(values: Series, half: float, mark: str) -> None:
    assert of_values(*_around(values, half), ["higher_is_better"]) == [mark]


def test_one_missing_limit_is_enough_for_no_trend() -> None:
    values, lower, upper = _around([10, 12, 14, 16, 18], 1)
    lower[0][2] = None
    assert of_values(values, lower, upper, ["neutral"]) == ["cannot_be_calculated"]


@pytest.mark.parametrize("count", [0, 1, 4])
def test_fewer_than_five_points_have_no_trend(count: int) -> None:
    lists = {"w": [[1.0] * count, [1.0] * 5], "r": [[float(i) for i in range(count)], [0.0, 9.0, 18.0, 27.0, 36.0]]}
    arguments = lists | {"p": [False, False], "d": ["neutral", "neutral"]}
    found = evaluate({"mark": "recent_trend('w', 'r', 'p', 'd')"}, arguments)["mark"]
    assert found == ["cannot_be_calculated", "increasing"]


def test_figures_equal_but_for_their_last_digits_are_level() -> None:
    """0.1 + 0.2 is not 0.3 in a computer, and that is no direction."""
    values: Series = [0.3, 0.1 + 0.2, 0.3, 0.1 + 0.2, 4.3]
    assert of_values(*_around(values, 0.1), ["neutral"]) == ["no_significant_change"]


SMALL = st.integers(0, 400)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.lists(SMALL, min_size=5, max_size=5), st.sampled_from(DIRECTIONS)), min_size=20, max_size=60)
)
def test_turning_the_sign_of_the_figures_turns_the_trend(rows: list[tuple[list[int], str]]) -> None:
    figures: list[Series] = [[sign * value / 10 for value in values] for sign in (1, -1) for values, _ in rows]
    marks = of_values(
        figures,
        [[value - 2 for value in series if value is not None] for series in figures],
        [[value + 2 for value in series if value is not None] for series in figures],
        [direction for _, direction in rows] * 2,
    )
    found, turned = marks[: len(rows)], marks[len(rows) :]
    assert [TURNED[word] for word in found] == turned


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.lists(SMALL, min_size=5, max_size=5), st.sampled_from(DIRECTIONS)), min_size=20, max_size=60)
)
def test_counting_the_others_turns_the_trend(rows: list[tuple[list[int], str]]) -> None:
    """Who does not have it goes down as who has it goes up; and so does time backwards."""
    count = len(rows)
    numerators: list[Series] = [[*values] for values, _ in rows]
    numerators += [[400 - value for value in values] for values, _ in rows]
    numerators += [[*values[::-1]] for values, _ in rows]
    marks = of_proportions(numerators, [[400.0] * 5] * (3 * count), [direction for _, direction in rows] * 3)
    found, complement, backwards = marks[:count], marks[count : 2 * count], marks[2 * count :]
    assert [TURNED[word] for word in found] == complement
    assert complement == backwards


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(SMALL, min_size=5, max_size=5), min_size=20, max_size=60))
def test_the_direction_only_chooses_the_words(rows: list[list[int]]) -> None:
    count = len(rows)
    directions = [direction for direction in DIRECTIONS for _ in rows]
    marks = of_proportions([[*values] for values in rows] * 3, [[400.0] * 5] * (3 * count), directions)
    higher, lower, neutral = marks[:count], marks[count : 2 * count], marks[2 * count :]
    for up, down, plain in zip(higher, lower, neutral, strict=True):
        assert up.removesuffix("_better").removesuffix("_worse") == plain
        assert down.removesuffix("_better").removesuffix("_worse") == plain
        assert up.endswith("_better") == down.endswith("_worse")
