"""Limits, verdicts and trends of a release, each computed a second time: scipy and numpy on what the release itself says.

Nothing of the project's SQL is used here. What the marts do not carry, the weight under a share that is published without
counts, is read from the warehouse that the release was made from.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, norm

from publication.catalog import LINES
from tests.path.conftest import ROOT
from tests.support.trends import marks_of_proportions, marks_of_values

pytestmark = pytest.mark.slow

ALPHAS = {"95": 0.05, "998": 0.002}
KEY = ["indicator_code", "area_code", "period_type", "period_start", "breakdown"]
LIMITS = ["lower_95", "upper_95", "lower_998", "upper_998"]


@pytest.fixture(scope="module")
def rows(sample_home: Path) -> pd.DataFrame:
    """Every row of the five marts, with the method and weight of its figure."""
    folder = sample_home / "sample"
    marts = " UNION ALL BY NAME ".join(f"SELECT * FROM monitor.{line}.indicator_values" for line in LINES)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{folder / 'current' / 'monitor.duckdb'}' AS monitor (READ_ONLY)")
        connection.execute(f"ATTACH '{folder / 'warehouse' / 'warehouse.duckdb'}' AS warehouse (READ_ONLY)")
        return connection.execute(
            f"""SELECT m.*, i.aggregation, i.interval_method, i.scale, i.rounding_step, i.national_constant, w.weight
            FROM ({marts}) AS m
            JOIN monitor.meta.indicators AS i USING (indicator_code)
            JOIN warehouse.intermediate.int_indicator_values__intervals AS w USING ({", ".join(KEY)})
            ORDER BY {", ".join(KEY)}"""
        ).df()


def wilson(x: pd.Series, n: pd.Series, alpha: float) -> tuple[pd.Series, pd.Series]:
    """Newcombe's method 3, as printed."""
    z = norm.ppf(1 - alpha / 2)
    p = x / n
    # Rates may exceed one per head; they have another method, and no root here.
    with np.errstate(all="ignore"):
        middle, half = 2 * n * p + z**2, z * np.sqrt(z**2 + 4 * n * p * (1 - p))
    return (middle - half) / (2 * (n + z**2)), (middle + half) / (2 * (n + z**2))


def byar(x: pd.Series, alpha: float) -> tuple[pd.Series, pd.Series]:
    """Byar's approximation from ten events on, the chi-square distribution below."""
    z = norm.ppf(1 - alpha / 2)
    with np.errstate(all="ignore"):
        lower = x * (1 - 1 / (9 * x) - z / (3 * np.sqrt(x))) ** 3
        upper = (x + 1) * (1 - 1 / (9 * (x + 1)) + z / (3 * np.sqrt(x + 1))) ** 3
        exact_lower = chi2.ppf(alpha / 2, 2 * x) / 2
        exact_upper = chi2.isf(alpha / 2, 2 * x + 2) / 2
    return lower.where(x >= 10, exact_lower).where(x > 0, 0.0), upper.where(x >= 10, exact_upper)


def expected_limits(rows: pd.DataFrame, level: str) -> tuple[pd.Series, pd.Series]:
    """Lower and upper limits of rows that have a value; NaN where the method gives none."""
    alpha, method = ALPHAS[level], rows["interval_method"]
    lower, upper = (pd.Series(np.nan, index=rows.index) for _ in range(2))
    proportions = wilson(rows["numerator"], rows["denominator"], alpha)
    events = byar(rows["numerator"], alpha)
    shares = wilson(rows["value"] * rows["weight"] / 100, rows["weight"], alpha)
    per = rows["scale"] / rows["denominator"]
    for side, limit in enumerate((lower, upper)):
        limit.update((rows["scale"] * proportions[side])[method == "wilson"])
        limit.update((per * events[side])[method == "byar"])
        limit.update((100 * shares[side])[method == "wilson_on_weight"])
        limit.update((rows["value"] + (side - 0.5) * rows["rounding_step"])[method == "rounding"])
    return lower, upper


@pytest.mark.parametrize("level", ALPHAS)
def test_every_computed_limit_is_that_of_the_second_computation(rows: pd.DataFrame, level: str) -> None:
    valued = rows[rows["value"].notna() & ~rows["interval_method"].isin(["publisher", "none"])]
    counted = valued["numerator"].notna() & valued["denominator"].notna()
    assert counted.sum() > 15_000
    assert (~counted).sum() > 15_000
    for side, expected in zip(("lower", "upper"), expected_limits(valued, level), strict=True):
        found = valued[f"{side}_{level}"]
        assert expected.notna().all()
        near = np.isclose(found, expected, rtol=1e-9, atol=1e-9)
        assert near.all(), valued.loc[~near, [*KEY, "value", f"{side}_{level}"]].head().to_string()


def test_every_row_with_numerator_and_denominator_has_limits(rows: pd.DataFrame) -> None:
    """And each that has no value has none, whatever its counts."""
    counted = rows[rows["numerator"].notna() & rows["denominator"].notna() & (rows["interval_method"] != "none")]
    assert len(counted) > 15_000
    assert (counted["value"].notna() == counted["lower_95"].notna()).all()
    empty = rows[rows["value"].isna()]
    assert len(empty) > 1000
    assert not empty[LIMITS].notna().any(axis=None)
    without = rows[rows["numerator"].notna() & rows["value"].notna() & rows["lower_95"].isna()]
    assert set(without["interval_method"]) == {"none"}


def test_imputed_figures_have_limits_too(rows: pd.DataFrame) -> None:
    estimated = rows[(rows["value_status"] == "estimated") & (rows["interval_method"] == "wilson")]
    assert len(estimated) > 10
    assert estimated[LIMITS].notna().all(axis=None)


def test_margins_of_publishers_are_theirs(sample_home: Path, rows: pd.DataFrame) -> None:
    """As published for areas that they publish, and weighted means for area sets; never at 99.8 %."""
    own = rows[(rows["interval_method"] == "publisher") & rows["value"].notna()].set_index(KEY)
    assert not own[["lower_998", "upper_998"]].notna().any(axis=None)
    with duckdb.connect(str(sample_home / "sample" / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        terms = connection.execute(
            "SELECT indicator_code, area_code, period_start, lower, upper FROM intermediate.int_terms__resolved WHERE role = 'value'"
        ).df()
        members = connection.execute(
            "SELECT area_set, member_code FROM seeds.area_members WHERE area_set = 'HN14'"
        ).df()
    published = own.reset_index().merge(terms, on=["indicator_code", "area_code", "period_start"])
    assert len(published) > 3000
    assert np.array_equal(published["lower_95"], published["lower"], equal_nan=True)
    assert np.array_equal(published["upper_95"], published["upper"], equal_nan=True)

    parts = own.reset_index().merge(members, left_on="area_code", right_on="member_code")
    for side in ("lower_95", "upper_95"):
        parts[f"w_{side}"] = parts[side] * parts["weight"]
    sums = parts.groupby(["indicator_code", "period_start"]).agg(
        lower=("w_lower_95", "sum"), upper=("w_upper_95", "sum"), weight=("weight", "sum")
    )
    noord = own.reset_index().query("area_code == 'HN14'").set_index(["indicator_code", "period_start"])
    assert len(noord) > 30
    together = noord.join(sums, rsuffix="_sum")
    assert np.allclose(together["lower_95"], together["lower"] / together["weight_sum"], rtol=1e-9)
    assert np.allclose(together["upper_95"], together["upper"] / together["weight_sum"], rtol=1e-9)


def verdict(row: tuple[float, float, float, str]) -> str | None:
    lower, upper, comparator, direction = row
    if np.isnan([lower, upper, comparator]).any():
        return None
    if lower <= comparator <= upper:
        return "similar"
    above = comparator < lower
    if direction == "neutral":
        return "higher" if above else "lower"
    return "better" if above == (direction == "higher_is_better") else "worse"


def test_every_verdict_is_that_of_the_second_computation(rows: pd.DataFrame) -> None:
    """The comparators' values are looked up here too: the Netherlands, and the rest of Heerlen for what lies in the north."""
    values = rows.set_index(["area_code", "indicator_code", "period_type", "period_start", "breakdown"])["value"]
    seed = pd.read_csv(ROOT / "dbt_project" / "seeds" / "area_members.csv")
    parents = pd.read_csv(ROOT / "dbt_project" / "seeds" / "areas.csv").set_index("area_code")["parent_code"]
    north = set(seed.loc[seed["area_set"] == "HN14", "member_code"])
    rest = {code: "RH14" for code in parents.index if code in north or parents[code] in north}
    rest |= {"HN14": "RH14", "HN13": "RH13"}
    series = ["indicator_code", "period_type", "period_start", "breakdown"]

    def beside(codes: pd.Series) -> pd.Series:
        keys = pd.MultiIndex.from_frame(rows[series].assign(area_code=codes)[["area_code", *series]])
        return pd.Series(values.reindex(keys).to_numpy(), index=rows.index)

    abroad = rows["area_code"] != "NL00"
    nation = beside(pd.Series("NL00", index=rows.index)).fillna(rows["national_constant"]).where(abroad)
    comparators = {"national": nation, "municipality_rest": beside(rows["area_code"].map(rest))}
    for name, comparator in comparators.items():
        assert np.array_equal(comparator, rows[f"{name}_value"].astype(float), equal_nan=True)
        judged = comparator.where(rows["aggregation"] != "sum")
        cells = zip(rows["lower_95"], rows["upper_95"], judged, rows["direction"], strict=True)
        expected = pd.Series([verdict(cell) for cell in cells], index=rows.index, dtype=object)
        found = rows[f"{name}_verdict"].astype(object).where(rows[f"{name}_verdict"].notna(), None)
        differ = expected.fillna("") != found.fillna("")
        assert not differ.any(), rows.loc[differ, [*KEY, f"{name}_verdict"]].head().to_string()
        assert expected.notna().sum() > 10_000
        assert set(expected.dropna()) == {"better", "worse", "similar", "higher", "lower"}
    assert rows.loc[~abroad, "national_verdict"].isna().all()
    assert rows.loc[rows["area_code"].isin(["RH13", "RH14", "GM0917"]), "municipality_rest_verdict"].isna().all()


def test_every_trend_is_that_of_the_second_computation(rows: pd.DataFrame) -> None:
    """Each row ends a series of the years before it; years are looked up by date, so a gap can't close up."""
    rows = rows.assign(expected="cannot_be_calculated")
    yearly = rows[rows["period_type"].isin(["year", "school_year"]) & (rows["estimate_type"] != "model")]
    columns = ["value", "numerator", "denominator", "lower_95", "upper_95", "has_series_break", "estimate_type"]
    by_key = yearly.set_index(["indicator_code", "area_code", "period_type", "breakdown", "period_start"])[columns]
    points = []
    for years_back in range(4, -1, -1):
        starts = yearly["period_start"] - pd.DateOffset(years=years_back)
        key = pd.MultiIndex.from_frame(yearly.assign(period_start=starts)[by_key.index.names])
        points.append(by_key.reindex(key))

    def five(column: str) -> np.ndarray:
        return np.column_stack([point[column].to_numpy(float) for point in points])

    values, steps = five("value"), np.column_stack([point["has_series_break"].eq(True) for point in points[1:]])
    kinds = np.column_stack([point["estimate_type"].astype(object) for point in points])
    comparable = ~np.isnan(values).any(axis=1) & ~steps.any(axis=1) & (kinds == kinds[:, :1]).all(axis=1)
    proportion = (yearly["interval_method"] == "wilson").to_numpy()
    for kind, chosen in (("proportion", comparable & proportion), ("other", comparable & ~proportion)):
        directions = yearly.loc[chosen, "direction"].tolist()
        if kind == "proportion":
            marks = marks_of_proportions(five("numerator")[chosen], five("denominator")[chosen], directions)
        else:
            marks = marks_of_values(values[chosen], five("lower_95")[chosen], five("upper_95")[chosen], directions)
        assert len(marks) > 3000
        rows.loc[yearly.index[chosen], "expected"] = marks
    differ = rows["expected"] != rows["recent_trend"]
    assert not differ.any(), rows.loc[differ, [*KEY, "recent_trend", "expected"]].head(20).to_string()
    counts = Counter(rows["recent_trend"])
    assert len(counts) == 8, "all marks occur"
    assert rows["recent_trend"].ne("cannot_be_calculated").sum() > 10_000


def test_no_trend_crosses_a_series_break(rows: pd.DataFrame) -> None:
    """Property values stand on another basis from 2020 on, so the first trend is that of 2024."""
    woz = rows[(rows["indicator_code"] == "WON_WOZ") & (rows["area_code"] == "HN14")].set_index("year")
    assert woz.loc[2020, "has_series_break"]
    assert (woz.loc[2020:2023, "recent_trend"] == "cannot_be_calculated").all()
    assert woz.loc[2019, "recent_trend"] != "cannot_be_calculated"
