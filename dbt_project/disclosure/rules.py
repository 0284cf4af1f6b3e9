"""The rules that hide a number by itself, and the rounding of what is shown.

Belongs here: one function for each rule, what each rule promises (the protection interval), rounding, and what a reader
knows of a rounded number. Does not belong here: what can be worked out from several numbers together (`attacker`).

Each rule takes the rows of `engine.decide` with the column `base` added (the true denominator of the row's pair) and says
for which rows it hides. Rules of Dutch practice: GGD (at least 30 in the denominator, nothing above 90 %), CBS (counts
rounded to 5, small counts secret, no figure for areas of few inhabitants); Hundepool et al. (2012), chapters 4.2 and 5.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

RULE_COLUMNS = ("least_count", "rounding", "least_denominator", "least_population", "most_share")

# How far a reader must be left from a count hidden for another reason than being small, and from an amount.
COUNT_MARGIN = 2.0
AMOUNT_MARGIN = 0.05
SIGNIFICANT_DIGITS = 3

Mask = np.ndarray


def no_rule(rows: pd.DataFrame) -> Mask:
    """A feed that control.disclosure_rules doesn't know, or whose rules have a gap: nothing of it is shown."""
    gaps = rows[list(RULE_COLUMNS)].isna().any(axis=1)
    return (rows["is_open"].isna() | gaps).to_numpy(dtype=bool)


def unknown_base(rows: pd.DataFrame) -> Mask:
    """Inhabitants, denominator or the number itself are unknown, negative, or of unknown origin (no parts)."""
    no_denominator = (rows["role"] == "numerator") & rows["base"].isna()
    no_origin = ~rows["has_parts"].astype(bool)
    no_value = rows["true_value"].isna() | (rows["true_value"] < 0)
    return (rows["population"].isna() | no_denominator | no_origin | no_value).to_numpy(dtype=bool)


def small_population(rows: pd.DataFrame) -> Mask:
    """The area has too few inhabitants for any figure."""
    return (rows["population"] < rows["least_population"]).to_numpy(dtype=bool)


def small_count(rows: pd.DataFrame) -> Mask:
    """A count of a few; zero is none of these and is shown."""
    few = (rows["true_value"] > 0) & (rows["true_value"] < rows["least_count"])
    return (few & (rows["kind"] == "count")).to_numpy(dtype=bool)


def small_denominator(rows: pd.DataFrame) -> Mask:
    """A share, rate or mean of too few: hides the numerator, and the value with it."""
    return ((rows["role"] == "numerator") & (rows["base"] < rows["least_denominator"])).to_numpy(dtype=bool)


def dominant_group(rows: pd.DataFrame) -> Mask:
    """(Almost) everybody in the denominator is in the numerator, so the share tells about each of them.

    A numerator that rounding would lift above its denominator is hidden too: it would read as more than everybody.
    """
    is_share = (rows["role"] == "numerator") & rows["is_share"].astype(bool) & (rows["base"] > 0)
    lifted = shown_values(rows) > rows["shown_base"].to_numpy(dtype=float)
    is_all = (rows["true_value"] > rows["most_share"] * rows["base"]) & (rows["true_value"] > 0)
    return (is_share & (is_all | lifted)).to_numpy(dtype=bool)


# In the order in which the reason is named when several rules hide one number.
RULES: dict[str, Callable[[pd.DataFrame], Mask]] = {
    "no_rule": no_rule,
    "unknown_base": unknown_base,
    "small_population": small_population,
    "small_count": small_count,
    "small_denominator": small_denominator,
    "dominant_group": dominant_group,
}


def hidden_by(rows: pd.DataFrame) -> dict[str, Mask]:
    """For each rule the rows that it hides."""
    return {reason: rule(rows) for reason, rule in RULES.items()}


def protection(rows: pd.DataFrame, hidden: dict[str, Mask]) -> tuple[np.ndarray, np.ndarray]:
    """The interval that a reader must not be able to rule any part of out, per row; NaN where there is none to protect.

    A small count: 1 up to the least count that is shown. A dominant group: from the true value down to a share that may be
    shown. Otherwise the true value with a margin. Never below zero, nor above a denominator that it is a part of.
    """
    value = rows["true_value"].to_numpy(dtype=float)
    base = rows["base"].to_numpy(dtype=float)
    is_amount = (rows["kind"] == "amount").to_numpy(dtype=bool)
    margin = np.where(is_amount, AMOUNT_MARGIN * value, COUNT_MARGIN)
    low, high = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    by_margin = hidden["no_rule"] | hidden["unknown_base"] | hidden["small_population"] | hidden["small_denominator"]
    _widen(low, high, by_margin, value - margin, value + margin)
    few = hidden["small_count"]
    most_of_few = rows["least_count"].to_numpy(dtype=float) - 1
    _widen(low, high, few, np.minimum(value, 1.0), np.maximum(value, most_of_few))
    allowed = rows["most_share"].to_numpy(dtype=float) * base
    _widen(low, high, hidden["dominant_group"], np.minimum(value, allowed), value)
    is_part = rows["is_share"].to_numpy(dtype=bool) & ~np.isnan(base)
    high = np.where(is_part, np.minimum(high, np.maximum(base, value)), high)
    unknown = np.isnan(value) | (value < 0)
    return np.where(unknown, np.nan, np.maximum(low, 0.0)), np.where(unknown, np.nan, high)


def _widen(low: np.ndarray, high: np.ndarray, where: Mask, new_low: np.ndarray, new_high: np.ndarray) -> None:
    low[where] = np.fmin(low[where], new_low[where])
    high[where] = np.fmax(high[where], new_high[where])


def shown_values(rows: pd.DataFrame) -> np.ndarray:
    """What would be shown of each row: counts to multiples, amounts to three significant digits, open data as they are."""
    value = rows["true_value"].to_numpy(dtype=float)
    counts = rounded_counts(value, rows["rounding"].to_numpy(dtype=float))
    shown = np.where((rows["kind"] == "amount").to_numpy(dtype=bool), rounded_amounts(value), counts)
    return np.where((rows["kind"] == "open").to_numpy(dtype=bool), value, shown)


def rounded_counts(value: np.ndarray, base: np.ndarray) -> np.ndarray:
    """The nearest multiple of base, halves upwards; what is above zero never becomes zero."""
    nearest = np.floor(value / base + 0.5) * base
    return np.asarray(np.where(value > 0, np.maximum(nearest, base), nearest))


def rounded_amounts(value: np.ndarray) -> np.ndarray:
    """Three significant digits."""
    unit = _unit(value)
    return np.asarray(np.floor(value / unit + 0.5) * unit)


def _unit(value: np.ndarray) -> np.ndarray:
    """The weight of the last of three significant digits (1 for zero, which stays zero)."""
    positive = np.where(value > 0, value, 1.0)
    # A power of ten that comes out a hair low would take the unit of the power before.
    power = np.floor(np.log10(positive) + 1e-12)
    return np.asarray(np.power(10.0, power - (SIGNIFICANT_DIGITS - 1)))


def known_of_counts(shown: np.ndarray, base: np.ndarray, least_count: np.ndarray, is_whole: Mask) -> tuple[Mask, Mask]:
    """Between which true counts a reader knows the truth to lie, given what is shown: for base 5, 20 says 18 to 22.

    The least multiple also stands for what lies between the least count and it. Zero is zero. A count that postcodes
    divided over areas is not whole and has the half on both sides.
    """
    below = np.where(is_whole, np.floor(base / 2), base / 2)
    above = np.where(is_whole, np.floor((base - 1) / 2), base / 2)
    low = np.where(shown <= base, least_count, np.maximum(least_count, shown - below))
    high = shown + above
    return np.where(shown == 0, 0.0, np.minimum(low, high)), np.where(shown == 0, 0.0, high)


def known_of_amounts(shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `known_of_counts`: half a unit of the third digit; just below a power of ten units are a tenth."""
    unit = _unit(shown)
    is_power = np.isclose(shown, unit * 10 ** (SIGNIFICANT_DIGITS - 1))
    low = shown - np.where(is_power, unit / 10, unit) / 2
    return np.where(shown == 0, 0.0, np.maximum(low, 0.0)), np.where(shown == 0, 0.0, shown + unit / 2)
