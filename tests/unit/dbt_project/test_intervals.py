"""Limits of proportions, counts and rounded figures, against scipy, statsmodels and published cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, norm
from statsmodels.stats.proportion import proportion_confint

from tests.support.macros import evaluate, render

ALPHAS = {"95": 0.05, "998": 0.002}
LEVELS = tuple(ALPHAS)

DENOMINATORS = [0.5, 1, 2, 3, 5, 10, 29, 100, 148, 999, 12_345, 17_407_585, 1e9, 1e12]
SHARES = [0, 1e-9, 1e-6, 0.001, 0.01, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 0.999, 1 - 1e-9, 1]


def wilson(numerators: list[float | None], denominators: list[float | None], level: str) -> tuple[list, list]:
    calls = {side: f"wilson_limit('x', 'n', '{level}', '{side}')" for side in ("lower", "upper")}
    found = evaluate(calls, {"x": numerators, "n": denominators})
    return found["lower"], found["upper"]


def byar(counts: list[float | None], level: str) -> tuple[list, list]:
    calls = {side: f"byar_limit('x', '{level}', '{side}')" for side in ("lower", "upper")}
    found = evaluate(calls, {"x": counts})
    return found["lower"], found["upper"]


@pytest.mark.parametrize("level", LEVELS)
def test_z_is_the_normal_quantile(level: str) -> None:
    assert float(render(f"normal_quantile('{level}')")) == pytest.approx(norm.ppf(1 - ALPHAS[level] / 2), abs=1e-15)


@pytest.mark.parametrize("level", LEVELS)
def test_wilson_is_that_of_statsmodels_over_a_wide_grid(level: str) -> None:
    grid = [(share * n, n) for share, n in product(SHARES, DENOMINATORS)]
    grid += [(float(x), float(n)) for n in range(1, 41) for x in range(n + 1)]
    lower, upper = wilson([x for x, _ in grid], [n for _, n in grid], level)
    expected = [proportion_confint(x, n, ALPHAS[level], "wilson") for x, n in grid]
    assert len(grid) > 1000
    assert lower == pytest.approx([low for low, _ in expected], rel=1e-9, abs=1e-12)
    assert upper == pytest.approx([high for _, high in expected], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_wilson_limits_are_the_roots_of_their_definition(level: str) -> None:
    """Each limit is the proportion that lies z of its own standard errors from the observed one."""
    z = norm.ppf(1 - ALPHAS[level] / 2)
    # Not those within 1e-9 of 1: there 1 - limit has too few digits left for the comparison.
    grid = [(share * n, n) for share, n in product(SHARES[1:-2], DENOMINATORS)]
    for (x, n), limits in zip(grid, zip(*wilson(*map(list, zip(*grid, strict=True)), level), strict=True), strict=True):
        for limit, sign in zip(limits, (-1, 1), strict=True):
            distance = limit - x / n
            assert distance * sign > 0
            assert distance**2 == pytest.approx(z**2 * limit * (1 - limit) / n, rel=1e-5, abs=1e-18)


def test_wilson_has_no_lost_digits_where_the_count_is_tiny() -> None:
    """At a numerator of x near 0 the lower limit is x² / (n z²) to first order; the textbook form gives noise there."""
    (lower,), _ = wilson([1e-9], [1e9], "95")
    assert lower == pytest.approx(1e-18 / (1e9 * norm.ppf(0.975) ** 2), rel=1e-6)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("n", DENOMINATORS)
def test_wilson_is_exact_at_both_ends(level: str, n: float) -> None:
    lower, upper = wilson([0, n], [n, n], level)
    assert lower[0] == 0
    assert upper[1] == 1
    assert upper[0] == pytest.approx(1 - lower[1], abs=1e-15)


@pytest.mark.parametrize(
    ("x", "n", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_in_newcombe_1998(x: int, n: int, lower: float, upper: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    found = wilson([x], [n], "95")
    assert (round(found[0][0], 4), round(found[1][0], 4)) == (lower, upper)


@pytest.mark.parametrize("level", LEVELS)
def test_impossible_proportions_have_no_limits(level: str) -> None:
    cases = [(None, 5), (5, None), (None, None), (1, 0), (0, 0), (-1, 5), (6, 5), (5, -5), (1, math.inf)]
    cases += [(math.inf, math.inf), (math.nan, 5), (5, math.nan), (math.nan, math.nan), (5.000001, 5)]
    lower, upper = wilson([x for x, _ in cases], [n for _, n in cases], level)
    assert lower == upper == [None] * len(cases)


@pytest.mark.parametrize("level", LEVELS)
def test_exact_limits_are_chi_square_quantiles(level: str) -> None:
    """The constants are computed again: the same but for the last digit, in which versions of scipy may differ."""
    alpha = ALPHAS[level]
    counts = list(range(10))
    lower, upper = byar([float(count) for count in counts], level)
    expected_lower = [chi2.ppf(alpha / 2, 2 * count) / 2 if count else 0.0 for count in counts]
    expected_upper = [chi2.isf(alpha / 2, 2 * count + 2) / 2 for count in counts]
    assert lower == pytest.approx(expected_lower, rel=1e-15, abs=0)
    assert upper == pytest.approx(expected_upper, rel=1e-15, abs=0)


def test_exact_limits_as_in_garwood_1936() -> None:
    """F. Garwood, Biometrika 28 (1936), table of 95 % fiducial limits, as printed."""
    lower, upper = byar([float(count) for count in range(10)], "95")
    assert [round(x, 3) for x in lower[:4]] == [0, 0.025, 0.242, 0.619]
    assert [round(x, 2) for x in lower[4:]] == [1.09, 1.62, 2.20, 2.81, 3.45, 4.12]
    assert [round(x, 2) for x in upper] == [3.69, 5.57, 7.22, 8.77, 10.24, 11.67, 13.06, 14.42, 15.76, 17.08]


@pytest.mark.parametrize("level", LEVELS)
def test_byar_is_its_formula_from_ten_on(level: str) -> None:
    counts = np.concatenate([np.arange(10, 200), np.array([10.5, 19.25, 1_045, 65_432, 1e6, 1.7e7, 1e12])])
    z = norm.ppf(1 - ALPHAS[level] / 2)
    lower, upper = byar(counts.tolist(), level)
    assert lower == pytest.approx(counts * (1 - 1 / (9 * counts) - z / (3 * np.sqrt(counts))) ** 3, rel=1e-12)
    above = counts + 1
    assert upper == pytest.approx(above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3, rel=1e-12)


def test_byar_is_close_to_exact() -> None:
    """Breslow and Day call it accurate; from ten events on it is within half a percent of the exact limits at 95 %."""
    counts = np.arange(10, 500)
    lower, upper = byar(counts.tolist(), "95")
    assert lower == pytest.approx(chi2.ppf(0.025, 2 * counts) / 2, rel=5e-3)
    assert upper == pytest.approx(chi2.isf(0.025, 2 * counts + 2) / 2, rel=5e-3)


@pytest.mark.parametrize("level", LEVELS)
def test_a_count_that_is_not_whole_gets_the_wider_exact_limits(level: str) -> None:
    lower, upper = byar([2.5, 2.0, 3.0, 9.5, 9.0, 10.0], level)
    assert lower[0] == lower[1]
    assert upper[0] == upper[2]
    assert lower[3] == lower[4]
    assert upper[3] == upper[5]


@pytest.mark.parametrize("level", LEVELS)
def test_impossible_counts_have_no_limits(level: str) -> None:
    lower, upper = byar([None, -1.0, -0.5, math.nan, math.inf, -math.inf], level)
    assert lower == upper == [None] * 6


def test_rounding_is_half_a_step_either_side() -> None:
    calls = {side: f"rounding_limit('v', 's', '{side}')" for side in ("lower", "upper")}
    found = evaluate(calls, {"v": [119.0, 0.8, 1230.0, 0.8, None, 0.8], "s": [1.0, 0.1, 10.0, None, 0.1, 0.0]})
    assert found["lower"] == pytest.approx([118.5, 0.75, 1225.0, None, None, None])
    assert found["upper"] == pytest.approx([119.5, 0.85, 1235.0, None, None, None])


def by_method(row: dict[str, object]) -> dict[str, float | None]:
    """All four limits of one row by its interval_method; columns that are not given are missing."""
    columns = ["numerator", "denominator", "value", "weight", "scale", "rounding_step"]
    columns += ["publisher_lower", "publisher_upper"]
    arguments: dict[str, Sequence[object] | pa.Array] = {name: [row.get(name)] for name in columns}
    arguments["method_of_value"] = pa.array([row["method"]], pa.string())
    arguments["has_margins"] = ["publisher_lower" in row]
    calls = {
        f"{side}_{level}": f"limit_by_method('{level}', '{side}')" for level in LEVELS for side in ("lower", "upper")
    }
    return {name: values[0] for name, values in evaluate(calls, arguments).items()}


def test_limits_follow_the_method_of_the_indicator() -> None:
    count = {"numerator": 20, "denominator": 400, "scale": 1000}
    expected = proportion_confint(20, 400, 0.05, "wilson")
    assert by_method({"method": "wilson", **count})["lower_95"] == pytest.approx(1000 * expected[0], rel=1e-12)
    assert by_method({"method": "byar", **count})["upper_998"] == pytest.approx(
        1000 / 400 * byar([20.0], "998")[1][0], rel=1e-12
    )
    share = {"method": "wilson_on_weight", "value": 12.5, "weight": 800, "scale": 1}
    assert by_method(share)["upper_95"] == pytest.approx(100 * proportion_confint(100, 800, 0.05, "wilson")[1])
    rounded = by_method({"method": "rounding", "value": 119, "rounding_step": 1})
    assert rounded == {"lower_95": 118.5, "upper_95": 119.5, "lower_998": 118.5, "upper_998": 119.5}
    margins = by_method({"method": "publisher", "value": 20, "publisher_lower": 18, "publisher_upper": 23})
    assert margins == {"lower_95": 18, "upper_95": 23, "lower_998": None, "upper_998": None}


@pytest.mark.parametrize(
    "row",
    [
        {"method": "none", "value": 3, "numerator": 3, "denominator": 4, "scale": 1},
        {"method": None, "numerator": 3, "denominator": 4, "scale": 1},
        {"method": "wilson", "numerator": 5, "denominator": 4, "scale": 100},
        {"method": "byar", "numerator": 5, "denominator": 0, "scale": 1000},
        {"method": "byar", "numerator": 5, "scale": 1000},
        {"method": "wilson_on_weight", "value": 12, "scale": 1},
        {"method": "wilson_on_weight", "value": 12, "weight": 0, "scale": 1},
        {"method": "rounding", "value": 12},
        {"method": "publisher", "value": 12},
    ],
)
def test_without_what_its_method_needs_a_value_has_no_limits(row: dict[str, object]) -> None:
    assert set(by_method(row).values()) == {None}


FINITE = {"allow_nan": False, "allow_infinity": False}


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(1e-3, 1e12, **FINITE)), min_size=1, max_size=40))
def test_wilson_bounds_are_ordered_and_hold_the_value(rows: list[tuple[float, float]]) -> None:
    numerators, denominators = [share * n for share, n in rows], [n for _, n in rows]
    inner, outer = wilson(numerators, denominators, "95"), wilson(numerators, denominators, "998")
    for x, n, *limits in zip(numerators, denominators, outer[0], inner[0], inner[1], outer[1], strict=True):
        widest_lower, lower, upper, widest_upper = limits
        slack = 1e-12
        assert 0 <= widest_lower <= lower + slack
        assert lower <= x / n + slack
        assert x / n <= upper + slack
        assert upper <= widest_upper + slack
        assert widest_upper <= 1


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 10**9)), min_size=1, max_size=40))
def test_wilson_of_the_complement_is_the_complement(rows: list[tuple[int, int]]) -> None:
    pairs = [(min(x, n), n) for x, n in rows]
    lower, upper = wilson([x for x, _ in pairs], [n for _, n in pairs], "95")
    other = wilson([n - x for x, n in pairs], [n for _, n in pairs], "95")
    assert lower == pytest.approx([1 - high for high in other[1]], abs=1e-12)
    assert upper == pytest.approx([1 - low for low in other[0]], abs=1e-12)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.floats(0, 12, **FINITE), st.floats(0, 1e12, **FINITE)), min_size=1, max_size=40))
def test_count_bounds_are_ordered_and_hold_the_count(counts: list[float]) -> None:
    inner, outer = byar(counts, "95"), byar(counts, "998")
    for x, *limits in zip(counts, outer[0], inner[0], inner[1], outer[1], strict=True):
        widest_lower, lower, upper, widest_upper = limits
        assert 0 <= widest_lower <= lower <= x <= upper <= widest_upper
        assert widest_lower < lower or math.floor(x) == 0
        assert upper < widest_upper


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=60, unique=True))
def test_more_events_have_higher_limits(counts: list[int]) -> None:
    """Also where the exact limits give way to the approximation."""
    counts = sorted({*counts, 9, 10})
    for level in LEVELS:
        lower, upper = byar([float(count) for count in counts], level)
        assert lower == sorted(lower)
        assert upper == sorted(upper)
        assert len(set(upper)) == len(counts)
