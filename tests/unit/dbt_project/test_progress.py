"""Progress: Fieller's limits against the inequality that defines them, the status, and what moved."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from tests.support.macros import evaluate

SHARE = {
    "share": "share_closed('now', 'baseline', 'm_baseline')",
    "lower": "share_closed_limit('now', 'baseline', 'm_now', 'm_baseline', 'lower')",
    "upper": "share_closed_limit('now', 'baseline', 'm_now', 'm_baseline', 'upper')",
}
Row = tuple[float | None, float | None, float | None, float | None]


def shares(rows: list[Row]) -> list[tuple[float | None, float | None, float | None]]:
    """Share closed and its limits for rows of now, baseline, margin of now, margin of the baseline."""
    names = ("now", "baseline", "m_now", "m_baseline")
    found = evaluate(SHARE, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    return list(zip(found["share"], found["lower"], found["upper"], strict=True))


def by_root_finding(now: float, baseline: float, m_now: float, m_baseline: float) -> tuple[float, float]:
    """The two ratios at which the distance of now from ratio × baseline equals its margin, as shares closed."""

    def surplus(ratio: float) -> float:
        return (now - ratio * baseline) ** 2 - (m_now**2 + ratio**2 * m_baseline**2)

    centre = now / baseline
    if surplus(centre) == 0:  # no margins at all
        return 1 - centre, 1 - centre
    # The surplus is a parabola that opens upwards and is negative at the point estimate.
    low = _first(lambda step: centre - step, surplus)
    high = _first(lambda step: centre + step, surplus)
    upper_ratio = brentq(surplus, centre, high, xtol=1e-15, rtol=1e-14, maxiter=500)
    lower_ratio = brentq(surplus, low, centre, xtol=1e-15, rtol=1e-14, maxiter=500)
    return 1 - upper_ratio, 1 - lower_ratio


def _first(place: Callable[[float], float], surplus: Callable[[float], float]) -> float:
    step = 1e-6
    while surplus(place(step)) <= 0:
        step *= 2
    return place(step)


def test_limits_solve_the_inequality_that_defines_them() -> None:
    generator = np.random.default_rng(1954)
    rows: list[Row] = []
    for _ in range(3000):
        baseline = -(10.0 ** generator.uniform(-2, 4))
        m_baseline = -baseline * generator.choice([0.0, generator.uniform(0, 0.95)])
        now = baseline * generator.normal(0.8, 1.0)
        m_now = -baseline * generator.choice([0.0, generator.uniform(0, 2)])
        rows.append((now, baseline, m_now, m_baseline))
    found = shares(rows)
    for row, (share, lower, upper) in zip(rows, found, strict=True):
        now, baseline, m_now, m_baseline = (float(part or 0) for part in row)
        expected = by_root_finding(now, baseline, m_now, m_baseline)
        assert share == pytest.approx(1 - now / baseline, rel=1e-12, abs=1e-12)
        assert (lower, upper) == pytest.approx(expected, rel=1e-9, abs=1e-9), row


def test_a_case_by_hand() -> None:
    # Gap from -10 ± 2 to -6 ± 1: ratio limits (60 ± sqrt(36·4 + 1·96)) / 96 = (60 ± 15.4919…) / 96.
    ((share, lower, upper),) = shares([(-6, -10, 1, 2)])
    assert share == pytest.approx(0.4)
    assert lower == pytest.approx(1 - (60 + math.sqrt(240)) / 96, abs=1e-15)
    assert upper == pytest.approx(1 - (60 - math.sqrt(240)) / 96, abs=1e-15)


def test_without_sampling_error_the_limits_are_the_share() -> None:
    assert shares([(-6, -8, 0, 0), (0, -8, 0, 0)]) == [(0.25, 0.25, 0.25), (1, 1, 1)]


@pytest.mark.parametrize(
    "row",
    [
        (-5.0, -2.0, 1.0, 2.0),  # the baseline's interval ends at zero
        (-5.0, -2.0, 1.0, 3.0),
        (-0.5, -(0.3 - 0.1), 1.0, 0.2),  # at zero but for the last digit
        (-5.0, 0.0, 1.0, 0.0),
        (None, -2.0, 1.0, 1.0),
        (-5.0, None, 1.0, 1.0),
        (-5.0, -2.0, None, 1.0),
        (-5.0, -2.0, 1.0, None),
    ],
)
def test_no_limits_without_a_clear_gap_or_without_margins(row: Row) -> None:
    ((_, lower, upper),) = shares([row])
    assert (lower, upper) == (None, None)


def test_the_interval_holds_the_truth_in_95_of_100_samples() -> None:
    """Monte Carlo: 40,000 samples of two gaps with known errors; the standard error of the coverage is 0.0011."""
    generator = np.random.default_rng(25)
    truth_now, truth_baseline, se_now, se_baseline = -6.0, -10.0, 1.5, 2.0
    now = generator.normal(truth_now, se_now, 40_000)
    baseline = generator.normal(truth_baseline, se_baseline, 40_000)
    rows: list[Row] = [(n, b, 1.96 * se_now, 1.96 * se_baseline) for n, b in zip(now, baseline, strict=True)]
    truth = 1 - truth_now / truth_baseline
    # A baseline whose interval holds zero has an unbounded set, which holds the truth by the same inequality.
    covered = [
        lower <= truth <= upper
        if lower is not None and upper is not None
        else bool((row[0] - (1 - truth) * row[1]) ** 2 <= row[2] ** 2 + (1 - truth) ** 2 * row[3] ** 2)  # type: ignore[operator]
        for row, (_, lower, upper) in zip(rows, shares(rows), strict=True)
    ]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.005)


gaps = st.floats(-1e4, 1e4).filter(lambda gap: abs(gap) > 1e-6)
margins = st.floats(0, 1e4)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(now=gaps, baseline=gaps, m_now=margins, fraction=st.floats(0, 0.99))
def test_limits_enclose_the_share_and_do_not_depend_on_the_direction(
    now: float, baseline: float, m_now: float, fraction: float
) -> None:
    m_baseline = abs(baseline) * fraction
    (one, other) = shares([(now, baseline, m_now, m_baseline), (-now, -baseline, m_now, m_baseline)])
    assert one == other, "a gap of an indicator that is turned round closes as fast"
    share, lower, upper = one
    assert share is not None
    assert lower is not None
    assert upper is not None
    slack = 1e-9 * (1 + abs(share))
    assert lower - slack <= share <= upper + slack


@settings(max_examples=50, deadline=None)
@given(baseline=gaps, m_now=margins)
def test_an_unchanged_gap_is_closed_for_nothing_and_none_at_all_wholly(baseline: float, m_now: float) -> None:
    ((unchanged, lower, upper), (closed, _, _)) = shares([(baseline, baseline, m_now, 0), (0, baseline, m_now, 0)])
    assert unchanged == 0
    assert closed == 1
    assert lower == pytest.approx(-m_now / abs(baseline), rel=1e-9)
    assert upper == pytest.approx(m_now / abs(baseline), rel=1e-9)


def test_margin_is_half_the_interval_and_refuses_limits_out_of_order() -> None:
    found = evaluate({"margin": "margin('lower', 'upper')"}, {"lower": [1, 5, 2, None, 1], "upper": [4, 5, 1, 1, None]})
    assert found["margin"] == [1.5, 0, None, None, None]


@pytest.mark.parametrize(
    ("lower", "upper", "status"),
    [
        (0.21, 0.5, "ahead"),
        (-0.5, 0.19, "behind"),
        (0.01, 0.5, "on_track"),
        (0.2, 0.2, "on_track"),  # without sampling error, exactly on the path
        (0.0, 0.2, "uncertain"),
        (-0.1, 0.5, "uncertain"),
        (None, 0.5, None),
        (-0.1, None, None),
    ],
)
def test_status_at_a_fifth_of_the_time(lower: float | None, upper: float | None, status: str | None) -> None:
    found = evaluate(
        {"status": "progress_status('lower', 'upper', 'elapsed')"},
        {"lower": [lower], "upper": [upper], "elapsed": [0.2]},
    )
    assert found["status"] == [status]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(lower=st.floats(-3, 3), width=st.floats(0, 3), elapsed=st.floats(0.01, 1))
def test_every_interval_has_one_status_and_it_means_what_it_says(lower: float, width: float, elapsed: float) -> None:
    upper = lower + width
    (status,) = evaluate(
        {"status": "progress_status('lower', 'upper', 'elapsed')"},
        {"lower": [lower], "upper": [upper], "elapsed": [elapsed]},
    )["status"]
    if status == "ahead":
        assert lower > elapsed
    elif status == "behind":
        assert upper < elapsed
    else:
        assert lower <= elapsed <= upper
        assert status == ("on_track" if lower > 0 else "uncertain")


@pytest.mark.parametrize(
    ("own", "comparator", "m_own", "m_comparator", "due_to"),
    [
        (5, 1, 1, 2, "own"),
        (-5, 1, 1, 2, "own"),
        (1, 5, 2, 1, "comparator"),
        (2, -9, 1, 1, "comparator"),
        (3, 2, 0, 0, "own"),
        (5, 4.9, 1, 1, "both"),
        (5, -4.9, 1, 1, "both"),
        (5, 5, 0, 0, "both"),
        (1, -1, 2, 2, "none"),
        (0, 0, 0, 0, "none"),
        (3, -1, 9, 0.1, "none"),  # the comparator moved, but the area may have moved more
        (5, 1, None, 1, None),
        (5, 1, 1, None, None),
    ],
)
def test_what_moved(
    own: float, comparator: float, m_own: float | None, m_comparator: float | None, due_to: str | None
) -> None:
    found = evaluate(
        {"due_to": "mainly_due_to('own', 'comparator', 'm_own', 'm_comparator')"},
        {"own": [own], "comparator": [comparator], "m_own": [m_own], "m_comparator": [m_comparator]},
    )
    assert found["due_to"] == [due_to]
