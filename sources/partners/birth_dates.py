"""Whether the days in a column are days of birth: they lie years apart, where days of events lie close together.

Belongs here: that judgement. Dates of birth inside text are found by `sources.partners.identifiers`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_DAY = (
    r"^(?:\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})\.?[-/. ](?P<last>\d{4}|\d{2})|(?P<first>\d{4})[-/.]\d{1,2}[-/.]\d{1,2})"
    r"(?:[ T][\d:.Z]*)?$"
)
# Two digits up to here are of this century.
_CENTURY = 35


def are_birth_dates(values: pa.Array, *, is_declared: bool) -> bool:
    """Whether a column holds dates of birth.

    Args:
        values: the different values of the column, plain.
        is_declared: the contract says that days stand here. Then there must be twenty different ones, nine tenths of them
            over more than fifteen years; else five over more than five years, and nearly nothing but days. Either way half
            must lie more than three years before the newest, which days of a stock or a case seldom do.
    """
    years = _years(values)
    least, share, spread = (20, 0.5, 15) if is_declared else (5, 0.8, 5)
    if len(years) < max(least, share * len(values)):
        return False
    low, middle, high = np.quantile(years, [0.05, 0.5, 0.95])
    return bool(high - low > spread and years.max() - middle > 3)


def _years(values: pa.Array) -> np.ndarray:
    parts = pc.extract_regex(values, _DAY).drop_null()
    if not len(parts):
        return np.zeros(0)
    text = pc.if_else(pc.equal(parts.field("last"), ""), parts.field("first"), parts.field("last"))
    years: np.ndarray = text.cast(pa.int64()).to_numpy()
    years = np.where(years < 100, years + np.where(years <= _CENTURY, 2000, 1900), years)
    return years[(years >= 1900) & (years <= 2100)]
