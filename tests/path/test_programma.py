"""The programme's own marts on the released sample, computed once more in pandas and numpy from the lines' marts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

pytestmark = pytest.mark.slow

LINES = ("leren", "werken", "gezondheid", "wonen", "veiligheid")
START, END = 2022, 2047


@pytest.fixture(scope="module")
def monitor(sample_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(sample_home / "sample" / "current" / "monitor.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def figures(monitor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """All rows of the five marts, read from each of them."""
    parts = [monitor.execute(f"SELECT '{line}' AS line, * FROM {line}.indicator_values").df() for line in LINES]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def indicators(monitor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return monitor.execute("SELECT * FROM meta.indicators").df().set_index("indicator_code")


@pytest.fixture(scope="module")
def progress(monitor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return monitor.execute("SELECT * FROM programma.progress").df()


def test_the_lines_are_gathered_whole(sample_home: Path, figures: pd.DataFrame) -> None:
    with duckdb.connect(str(sample_home / "sample" / "warehouse" / "warehouse.duckdb"), read_only=True) as warehouse:
        counts = warehouse.execute(
            "SELECT line, count(*), count(value) FROM intermediate.int_indicator_values__gathered GROUP BY line"
        ).fetchall()
    expected = figures.groupby("line").value.agg(["size", "count"])
    assert {line: (rows, values) for line, rows, values in counts} == {
        line: (row["size"], row["count"]) for line, row in expected.iterrows()
    }


# --- progress ------------------------------------------------------------------------------------------------------


def comparable_years(area: pd.DataFrame, comparator: pd.DataFrame) -> list[tuple[Any, Any]]:
    """Walk through the years once: rows of area and comparator with values since the last break or change of kind."""
    by_start: dict[Any, list[Any]] = {}
    for place, rows in enumerate((area, comparator)):
        for row in rows.itertuples():
            by_start.setdefault(row.period_start, [None, None])[place] = row
    run: list[tuple[Any, Any]] = []
    for start in sorted(by_start):
        one, other = by_start[start]
        if any(row is not None and row.has_series_break for row in (one, other)):
            run = []
        if one is None or other is None or pd.isna(one.value) or pd.isna(other.value):
            continue
        if one.estimate_type != other.estimate_type:
            continue
        if run and run[-1][0].estimate_type != one.estimate_type:
            run = []
        run.append((one, other))
    return run


def constant_rows(area: pd.DataFrame, constant: float) -> pd.DataFrame:
    """The Netherlands where a score is a deviation from the national mean: that constant each year, without error."""
    return area.assign(value=constant, lower_95=constant, upper_95=constant, has_series_break=False)


def variance(row: Any) -> float:
    return float(((row.upper_95 - row.lower_95) / 3.92) ** 2)


def fieller(now: float, baseline: float, var_now: float, var_baseline: float) -> tuple[float, float]:
    """Roots of the quadratic that defines the limits, by numpy."""
    z2 = 1.96**2
    roots = np.roots([baseline**2 - z2 * var_baseline, -2 * now * baseline, now**2 - z2 * var_now]).real
    return 1 - max(roots), 1 - min(roots)


def expected_progress(run: list[tuple[Any, Any]], sign: int) -> dict[str, Any]:
    """What the newest year of a run says against its baseline."""
    now = run[-1]
    earlier = [pair for pair in run[:-1] if pair[0].year <= START]
    base = earlier[-1] if earlier else run[0]
    found: dict[str, Any] = {
        "baseline_year": base[0].year,
        "now_year": now[0].year,
        "is_late_baseline": base[0].year > START,
        "time_elapsed": (now[0].year - base[0].year) / (END - base[0].year),
        "gap_baseline": sign * (base[0].value - base[1].value),
        "gap_now": sign * (now[0].value - now[1].value),
        "own_part": sign * (now[0].value - base[0].value),
        "comparator_part": -sign * (now[1].value - base[1].value),
        "snapshot_id": now[0].snapshot_id,
    }
    var = {"now": variance(now[0]) + variance(now[1]), "base": variance(base[0]) + variance(base[1])}
    if math.isnan(var["now"] + var["base"]):
        return found | {"reason": "no_interval"}
    for name, parts in (("own_part", (now[0], base[0])), ("comparator_part", (now[1], base[1]))):
        half = 1.96 * math.sqrt(sum(variance(part) for part in parts))
        found |= {f"{name}_lower_95": found[name] - half, f"{name}_upper_95": found[name] + half}
    half = 1.96 * math.sqrt(var["base"])
    if found["gap_baseline"] >= 0 or found["gap_baseline"] + half > -1e-6 * half:
        return found | {"reason": "no_gap"}
    lower, upper = fieller(found["gap_now"], found["gap_baseline"], var["now"], var["base"])
    elapsed = found["time_elapsed"]
    status = "ahead" if lower > elapsed else "behind" if upper < elapsed else "on_track" if lower > 0 else "uncertain"
    return found | {
        "reason": None,
        "status": status,
        "share_closed": 1 - found["gap_now"] / found["gap_baseline"],
        "share_closed_lower_95": lower,
        "share_closed_upper_95": upper,
        "required_gap_now": found["gap_baseline"] * (1 - elapsed),
    }


def test_every_indicator_has_its_row_for_noord(progress: pd.DataFrame, indicators: pd.DataFrame) -> None:
    for area, comparators in (("HN14", {"NL00", "RH14"}), ("HN13", {"NL00", "RH13"}), ("GM0917", {"NL00"})):
        rows = progress[progress.area_code == area]
        assert set(rows.comparator_code) == comparators
        for comparator in comparators:
            assert set(rows[rows.comparator_code == comparator].indicator_code) == set(indicators.index)
    assert len(indicators) >= 60


def test_progress_is_that_of_pandas(progress: pd.DataFrame, figures: pd.DataFrame, indicators: pd.DataFrame) -> None:
    yearly = figures[figures.period_type.isin(["year", "school_year"]) & (figures.breakdown == "total")]
    # Only what is looked at: pandas takes its time for each column of each row.
    looked_at = [
        "period_start",
        "year",
        "value",
        "lower_95",
        "upper_95",
        "has_series_break",
        "estimate_type",
        "snapshot_id",
    ]
    keyed = yearly[["indicator_code", "area_code", *looked_at]]
    series = {key: rows[looked_at] for key, rows in keyed.groupby(["indicator_code", "area_code"])}
    nothing = keyed.iloc[:0]
    of_code = {row.Index: row for row in indicators.itertuples()}
    compared = {"rows": 0, "defined": 0, "numbers": 0}
    for row in progress.to_dict("records"):
        indicator = of_code[row["indicator_code"]]
        area = series.get((row["indicator_code"], row["area_code"]), nothing)
        comparator = series.get((row["indicator_code"], row["comparator_code"]), nothing)
        if row["comparator_code"] == "NL00" and comparator.value.isna().all() and pd.notna(indicator.national_constant):
            comparator = constant_rows(area, indicator.national_constant)
        run = comparable_years(area, comparator)
        where = (row["indicator_code"], row["area_code"], row["comparator_code"])
        assert row["comparable_years"] == len(run), where
        compared["rows"] += 1
        if len(run) < 2 or indicator.aggregation == "sum":
            assert row["status"] == "undefined", where
            assert row["undefined_reason_nl"], where
            continue
        sign = -1 if indicator.direction == "lower_is_better" else 1
        expected = expected_progress(run, sign)
        reason = "neutral_direction" if indicator.direction == "neutral" else expected.pop("reason")
        assert (row["undefined_reason"] if row["status"] == "undefined" else None) == reason, where
        if reason is not None:
            expected.pop("status", None)
            expected = {
                key: value
                for key, value in expected.items()
                if key != "reason" and not key.startswith(("share", "required"))
            }
        for name, value in expected.items():
            if isinstance(value, float):
                assert row[name] == pytest.approx(value, rel=1e-9, abs=1e-9), (*where, name)
                compared["numbers"] += 1
            else:
                assert row[name] == value, (*where, name)
        compared["defined"] += reason is None
    assert compared["rows"] == len(progress) > 3000
    assert compared["defined"] > 1000
    assert compared["numbers"] > 10_000


def test_the_parts_make_the_whole(progress: pd.DataFrame) -> None:
    told = progress[(progress.comparable_years >= 2) & (progress.undefined_reason != "count_without_gap")]
    assert len(told) > 1000
    assert told[["own_part", "comparator_part", "gap_change"]].notna().all().all()
    np.testing.assert_allclose(told.own_part + told.comparator_part, told.gap_change, rtol=0, atol=1e-9)
    np.testing.assert_allclose(told.gap_now - told.gap_baseline, told.gap_change, rtol=0, atol=1e-9)
    noord = told[told.area_code == "HN14"]
    defined = noord[noord.status != "undefined"]
    assert len(defined) >= 20
    assert defined[["share_closed_lower_95", "share_closed_upper_95", "mainly_due_to"]].notna().all().all()


def test_a_break_and_a_late_baseline_are_obeyed(progress: pd.DataFrame) -> None:
    """The advice of primary schools broke in 2023, WOZ in 2020."""
    noord = progress[(progress.area_code == "HN14") & (progress.comparator_code == "NL00")].set_index("indicator_code")
    advice, woz = noord.loc["LER_ADVIES_HAVO_PLUS"], noord.loc["WON_WOZ"]
    assert (advice.baseline_year, bool(advice.is_late_baseline)) == (2023, True)
    assert (woz.baseline_year, bool(woz.is_late_baseline)) == (2022, False)
    assert woz.comparable_years == woz.now_year - 2020 + 1


# --- early signals -------------------------------------------------------------------------------------------------


def signal(lower: float, upper: float, direction: str) -> str | None:
    if math.isnan(lower) or math.isnan(upper):
        return None
    if lower <= 0 <= upper:
        return "similar"
    rose = lower > 0
    if direction == "neutral":
        return "higher" if rose else "lower"
    return "better" if rose == (direction == "higher_is_better") else "worse"


def test_early_signals_are_those_of_pandas(
    monitor: duckdb.DuckDBPyConnection, figures: pd.DataFrame, indicators: pd.DataFrame
) -> None:
    members = monitor.execute("SELECT member_code FROM meta.area_members WHERE area_set = 'HN14'").df().member_code
    areas = {"HN14", "HN13", "RH14", "GM0917", "NL00", *members}
    short = figures[
        figures.period_type.isin(["month", "quarter", "term", "half_year"])
        & figures.area_code.isin(areas)
        & (figures.breakdown == "total")
    ]
    found = monitor.execute("SELECT * FROM programma.early_signals").df()
    found = found.set_index(["indicator_code", "period_type", "area_code", "period_start"]).sort_index()
    numbers = signals = rows = 0
    for (code, kind), per_indicator in short.groupby(["indicator_code", "period_type"]):
        months = {"month": 1, "quarter": 3, "term": 4, "half_year": 6}[kind]
        calendar = pd.date_range(
            per_indicator.period_start.min(), per_indicator.period_start.max(), freq=pd.DateOffset(months=months)
        )
        per_year = 12 // months
        events = indicators.loc[code].interval_method == "byar"
        for area, series in per_indicator.groupby("area_code"):
            whole = series.set_index("period_start").reindex(calendar)
            assert not whole.has_series_break.eq(True).any(), "the sample has no break within its months"
            mart = found.loc[code, kind, area]
            assert list(mart.index) == list(calendar)
            rows += len(mart)
            half = (whole.upper_95 - whole.lower_95) / 2
            change = whole.value - whole.value.shift(per_year)
            margin = np.sqrt(half**2 + half.shift(per_year) ** 2)
            numerators = whole.numerator.where(whole.value.notna()).rolling(per_year).sum()
            denominators = whole.denominator.rolling(per_year).sum()
            scale = indicators.loc[code].scale
            rolling = scale * numerators / denominators * (per_year if events else 1)
            if indicators.loc[code].aggregation == "sum":
                rolling = scale * numerators
            expected = {
                "change": change,
                "change_lower_95": change - margin,
                "change_upper_95": change + margin,
                "rolling_value": rolling,
                "rolling_change": rolling - rolling.shift(per_year),
            }
            for name, values in expected.items():
                # A rolling sum in pandas carries rounding errors along; the mart adds each window up anew.
                np.testing.assert_allclose(mart[name], values, rtol=1e-9, atol=1e-7, err_msg=f"{code} {area} {name}")
                numbers += int(values.notna().sum())
            words = [
                signal(low, high, indicators.loc[code].direction)
                for low, high in zip(mart.change_lower_95, mart.change_upper_95, strict=True)
            ]
            assert [word if isinstance(word, str) else None for word in mart.signal] == words
            signals += sum(word is not None for word in words)
            assert mart.index[mart.is_newest].tolist() == whole.index[whole.value.notna()].tolist()[-1:]
    assert rows == len(found) > 5000
    assert numbers > 10_000
    assert signals > 3000


# --- connections ---------------------------------------------------------------------------------------------------


def newest_over_buurten(figures: pd.DataFrame, indicators: pd.DataFrame) -> dict[str, pd.Series]:
    """Per indicator the values by buurt, in the newest year in which at least twenty have one."""
    rows = figures[
        figures.period_type.isin(["year", "school_year"])
        & figures.area_code.str.startswith("BU0917")
        & figures.value.notna()
        & (figures.breakdown == "total")
    ]
    chosen = {}
    for code, series in rows.groupby("indicator_code"):
        counts = series.groupby("year").size()
        year = counts[counts >= 20].index.max() if (counts >= 20).any() else counts.index.max()
        if indicators.loc[code].aggregation != "sum":
            chosen[str(code)] = series[series.year == year].set_index("area_code").value
    return chosen


def test_connections_are_those_of_scipy(
    monitor: duckdb.DuckDBPyConnection, figures: pd.DataFrame, indicators: pd.DataFrame
) -> None:
    found = monitor.execute("SELECT * FROM programma.connections").df()
    newest = newest_over_buurten(figures, indicators)
    order = {line: place for place, line in enumerate(LINES)}
    expected_pairs = {
        (one, other)
        for one in newest
        for other in newest
        if order[indicators.loc[one].line] < order[indicators.loc[other].line]
        and len(newest[one].index.intersection(newest[other].index)) > 0
    }
    assert {(row.indicator_code, row.other_indicator_code) for row in found.itertuples()} == expected_pairs
    assert len(expected_pairs) > 500
    computed = found[found.correlation.notna()]
    for row in computed.itertuples():
        both = pd.concat([newest[row.indicator_code], newest[row.other_indicator_code]], axis=1, join="inner")
        assert row.n == len(both) >= 20
        r = stats.spearmanr(both.iloc[:, 0], both.iloc[:, 1]).statistic
        error = math.sqrt((1 + r * r / 2) / (row.n - 3))
        assert row.correlation == pytest.approx(r, abs=1e-9)
        assert row.lower_95 == pytest.approx(math.tanh(math.atanh(r) - stats.norm.ppf(0.975) * error), abs=1e-9)
        assert row.upper_95 == pytest.approx(math.tanh(math.atanh(r) + stats.norm.ppf(0.975) * error), abs=1e-9)
        assert row.p_value == pytest.approx(2 * stats.norm.sf(abs(math.atanh(r)) / error), rel=1e-9)
    np.testing.assert_allclose(computed.p_adjusted, multipletests(computed.p_value, method="holm")[1], rtol=1e-9)
    assert computed.is_significant.any()
    assert not computed.is_significant.all()
    models = set(indicators.index[indicators.estimate_type == "model"])
    built_in = [bool({row.indicator_code, row.other_indicator_code} & models) for row in found.itertuples()]
    assert found.shares_model_inputs.tolist() == built_in
    assert (found.warning_nl == "Samenhang is geen bewijs van oorzaak.").all()


# --- children ------------------------------------------------------------------------------------------------------


def test_the_promise_is_told_for_every_child_indicator(
    monitor: duckdb.DuckDBPyConnection, figures: pd.DataFrame, indicators: pd.DataFrame, progress: pd.DataFrame
) -> None:
    children = monitor.execute("SELECT * FROM programma.children").df().set_index("indicator_code")
    assert set(children.index) == set(indicators.index[indicators.is_child_focused])
    assert len(children) >= 15
    noord = progress[(progress.area_code == "HN14") & (progress.comparator_code == "NL00")].set_index("indicator_code")
    values = figures[(figures.area_code == "HN14") & figures.value.notna() & (figures.breakdown == "total")]
    yearly = values[values.period_type.isin(["year", "school_year"])]
    told = 0
    for code, row in children.iterrows():
        assert row.progress_status == noord.loc[code].status
        rows = yearly[yearly.indicator_code == code]
        rows = rows if len(rows) else values[values.indicator_code == code]
        if rows.empty:
            assert math.isnan(row.value)
            assert row.no_value_reason_nl
            continue
        newest = rows.sort_values("period_start").iloc[-1]
        for name in ("value", "national_value", "national_gap", "municipality_rest_value", "lower_95", "upper_95"):
            assert row[name] == pytest.approx(newest[name], nan_ok=True)
        for name in ("period_start", "national_verdict", "municipality_rest_verdict", "recent_trend", "snapshot_id"):
            assert row[name] == newest[name] or (pd.isna(row[name]) and pd.isna(newest[name]))
        told += 1
    assert told >= 7
