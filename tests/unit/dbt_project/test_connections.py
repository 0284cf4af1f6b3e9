"""Connections: the normal tail, Spearman's correlation, its interval and Holm's adjustment, against scipy and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tests.support.macros import evaluate, query, render


def test_normal_tail_over_its_whole_range() -> None:
    """Relative 1e-12 for z from 0 to 30, where the tail is 5e-198; the seams of the approximation lie in between."""
    seams = [edge * math.sqrt(2) + step for edge in (0.46875, 4.0) for step in (-1e-9, 0.0, 1e-9)]
    z = [*np.linspace(0, 30, 30_001), *seams]
    found = evaluate({"tail": "normal_tail('z')"}, {"z": z})["tail"]
    np.testing.assert_allclose(found, stats.norm.sf(z), rtol=1e-12, atol=0)


def test_normal_tail_at_its_ends() -> None:
    found = evaluate({"tail": "normal_tail('z')"}, {"z": [0, math.inf, -1, None]})
    assert found["tail"] == [0.5, 0, None, None]


def rank(column: str) -> str:
    return render(f"average_rank('{column}', 'pair')")


def spearman(one: list[float], other: list[float]) -> float:
    """As in programma.connections: ranks within the pair, then the product-moment correlation."""
    ranks = f"SELECT {rank('one')} AS a, {rank('other')} AS b FROM arguments"
    columns = {"pair": ["p"] * len(one), "one": one, "other": other}
    correlation = render("rank_correlation('a', 'b')")
    (found,) = query(f"SELECT {correlation} AS r FROM ({ranks})", columns)["r"]
    return float(found)


values = st.lists(
    st.tuples(st.integers(-4, 4), st.floats(-1e6, 1e6, allow_subnormal=False)), min_size=4, max_size=60
).filter(lambda rows: len({a for a, _ in rows}) > 1 and len({b for _, b in rows}) > 1)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(values)
def test_rank_correlation_with_ties(rows: list[tuple[int, float]]) -> None:
    one, other = [float(a) for a, _ in rows], [b for _, b in rows]
    assert spearman(one, other) == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-9)


@pytest.mark.parametrize("n", [4, 57, 1001])
def test_a_perfect_correlation_is_exactly_one(n: int) -> None:
    rising = [float(i) ** 3 for i in range(n)]
    assert spearman(rising, rising) == 1
    assert spearman(rising, rising[::-1]) == -1


def test_ranks_are_taken_within_each_pair() -> None:
    columns = {"pair": ["p", "p", "p", "q", "q"], "value": [10, 20, 20, 20, 10]}
    found = query(f"SELECT {rank('value')} AS r FROM arguments ORDER BY pair, r", columns)
    assert found["r"] == [1, 2.5, 2.5, 1, 2]


def interval(r: float | None, n: int) -> tuple[float | None, float | None, float | None]:
    found = evaluate(
        {
            "lower": "rank_correlation_limit('r', 'n', 'lower')",
            "upper": "rank_correlation_limit('r', 'n', 'upper')",
            "z": "rank_correlation_z('r', 'n')",
        },
        {"r": [r], "n": [n]},
    )
    return found["lower"][0], found["upper"][0], found["z"][0]


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(r=st.floats(-0.9999, 0.9999), n=st.integers(4, 500))
def test_interval_of_bonett_and_wright(r: float, n: int) -> None:
    lower, upper, z = interval(r, n)
    error = math.sqrt((1 + r * r / 2) / (n - 3))
    centre, half = math.atanh(r), stats.norm.ppf(0.975) * error
    assert lower == pytest.approx(math.tanh(centre - half), abs=1e-12)
    assert upper == pytest.approx(math.tanh(centre + half), abs=1e-12)
    assert z == pytest.approx(abs(centre) / error, rel=1e-12)
    assert lower is not None
    assert upper is not None
    assert z is not None
    assert lower <= r <= upper
    turned = interval(-r, n)
    assert turned == pytest.approx((-upper, -lower, z), abs=1e-12), "turning an indicator round turns the correlation"
    if abs(2 * stats.norm.sf(z) - 0.05) > 1e-6:
        assert (2 * stats.norm.sf(z) < 0.05) == (lower > 0 or upper < 0), "p and interval tell the same"


def test_interval_where_there_is_none() -> None:
    assert interval(None, 50) == (None, None, None)
    assert interval(0.5, 3) == (None, None, None)
    assert interval(1.0, 20) == (1, 1, math.inf)
    assert interval(-1.0, 20) == (-1, -1, math.inf)


def test_the_interval_holds_the_truth_about_95_times_in_100() -> None:
    """Monte Carlo over 57 buurten: pairs of normal variables whose rank correlation is known in closed form."""
    generator = np.random.default_rng(2000)
    rho, n, times = 0.6, 57, 4000
    truth = 6 / math.pi * math.asin(rho / 2)
    one = generator.normal(size=(times, n))
    other = rho * one + math.sqrt(1 - rho**2) * generator.normal(size=(times, n))
    r = [float(stats.spearmanr(a, b).statistic) for a, b in zip(one, other, strict=True)]
    limits = {side: f"rank_correlation_limit('r', 'n', '{side}')" for side in ("lower", "upper")}
    found = evaluate(limits, {"r": r, "n": [n] * times})
    covered = [low <= truth <= high for low, high in zip(found["lower"], found["upper"], strict=True)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def holm(p: list[float]) -> list[float]:
    step, adjusted = render("holm_step('p')"), render("holm('p', 'step')")
    sql = f"SELECT {adjusted} AS adjusted FROM (SELECT p, row, {step} AS step FROM arguments) ORDER BY row"
    found: list[float] = query(sql, {"p": p, "row": list(range(len(p)))})["adjusted"]
    return found


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0])), min_size=1, max_size=60))
def test_holm_is_that_of_statsmodels(p: list[float]) -> None:
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12, atol=1e-300)


def test_holm_of_his_own_kind_of_case() -> None:
    # Four tests: 0.005 × 4, 0.01 × 3, then 0.03 × 2 which holds 0.04 × 1 up.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize(
    ("r", "is_significant", "word"),
    [
        (-0.85, True, "zeer sterk"),
        (0.8, True, "zeer sterk"),
        (-0.79, True, "sterk"),
        (0.4, True, "matig"),
        (-0.25, True, "zwak"),
        (0.1, True, "zeer zwak"),
        (0.9, False, "geen aantoonbare samenhang"),
        (None, False, None),
    ],
)
def test_strength_in_words(r: float | None, is_significant: bool, word: str | None) -> None:
    found = evaluate({"word": "strength_word('r', 's', 'nl')"}, {"r": [r], "s": [is_significant]})
    assert found["word"] == [word]
