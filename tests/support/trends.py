"""The recent trend computed a second time, from the definition and without the project's SQL.

Sums over years as in the published formula, in extended precision with numpy; the macro takes sums over pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

THRESHOLD = 9.54953570608324
_TOLERANCE = 1e-12
_WORDS = {
    ("higher_is_better", 1): "increasing_better",
    ("higher_is_better", -1): "decreasing_worse",
    ("lower_is_better", 1): "increasing_worse",
    ("lower_is_better", -1): "decreasing_better",
    ("neutral", 1): "increasing",
    ("neutral", -1): "decreasing",
}

Array = npt.NDArray[np.longdouble]


def marks_of_proportions(
    numerators: npt.ArrayLike, denominators: npt.ArrayLike, directions: Sequence[str]
) -> list[str]:
    """One mark per series of five (numerator, denominator); missing values are NaN.

    chi2 = N (N sum(ty) - Y sum(tn))^2 / (Y (N - Y) (N sum(t^2 n) - sum(tn)^2)), t = 1 .. 5.
    """
    y, n = np.asarray(numerators, np.longdouble), np.asarray(denominators, np.longdouble)
    t = np.arange(1, 6, dtype=np.longdouble)
    valid = np.all((n > 0) & (y >= 0) & (y <= n), axis=1)
    with np.errstate(all="ignore"):
        total, events = n.sum(axis=1), y.sum(axis=1)
        top = total * (total * (t * y).sum(axis=1) - events * (t * n).sum(axis=1)) ** 2
        below = events * (total - events) * (total * (t**2 * n).sum(axis=1) - (t * n).sum(axis=1) ** 2)
        chi_square = top / below
        return _marks(chi_square, valid & (below > 0), n, y / n, directions)


def marks_of_values(
    values: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike, directions: Sequence[str]
) -> list[str]:
    """One mark per series of five values with 95 % limits, by weighted regression; missing values are NaN."""
    r = np.asarray(values, np.longdouble)
    variance = ((np.asarray(upper, np.longdouble) - np.asarray(lower, np.longdouble)) / np.longdouble(3.92)) ** 2
    valid = np.all((variance > 0) & ~np.isnan(r), axis=1) & np.all(
        np.asarray(upper, float) > np.asarray(lower, float), axis=1
    )
    with np.errstate(all="ignore"):
        weights = 1 / variance
        t = np.arange(1, 6, dtype=np.longdouble)
        centred = t - ((weights * t).sum(axis=1) / weights.sum(axis=1))[:, None]
        spread = (weights * centred**2).sum(axis=1)
        slope = (weights * centred * r).sum(axis=1) / spread
        return _marks(slope**2 * spread, valid, weights, r, directions)


def _marks(
    chi_square: Array, valid: npt.NDArray[np.bool_], weights: Array, r: Array, directions: Sequence[str]
) -> list[str]:
    signs = [_slope_sign(weights, r, [i for i in range(5) if i != left_out]) for left_out in range(-1, 5)]
    same = np.all(np.asarray(signs) == signs[0], axis=0)
    found = []
    for row, direction in enumerate(directions):
        if not valid[row] or not np.isfinite(chi_square[row]):
            found.append("cannot_be_calculated")
        elif chi_square[row] > THRESHOLD and same[row] and signs[0][row]:
            found.append(_WORDS[direction, int(signs[0][row])])
        else:
            found.append("no_significant_change")
    return found


def _slope_sign(weights: Array, r: Array, keep: list[int]) -> npt.NDArray[np.int_]:
    """Sign of the weighted regression slope over these points; 0 when it is level but for rounding."""
    w, t, y = weights[:, keep], np.asarray(keep, np.longdouble), r[:, keep]
    total = w.sum(axis=1)[:, None]
    centred_t = t - (w * t).sum(axis=1)[:, None] / total
    centred_y = y - (w * y).sum(axis=1)[:, None] / total
    terms = w * centred_t * centred_y
    size = (w * np.abs(centred_t)).sum(axis=1) * np.abs(y).max(axis=1)
    slope = terms.sum(axis=1)
    return np.where(np.abs(slope) > _TOLERANCE * size, np.sign(slope), 0).astype(int)
