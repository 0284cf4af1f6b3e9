"""Each rule by itself, and rounding beside the counts that it stands for, tried one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_project.disclosure import rules
from dbt_project.disclosure.engine import decide
from tests.support.attack import amounts_behind, counts_behind, shown_as
from tests.unit.dbt_project.disclosure.small_warehouse import NO_RELEASES, Tables


def reasons(tables: Tables) -> dict[str, str | None]:
    decided = decide(tables.quantities(), tables.parts_table(), NO_RELEASES)
    assert (decided["shown_value"].isna() == ~decided["is_shown"]).all()
    assert (decided["reason"].isna() == decided["is_shown"]).all()
    return {
        row.quantity_id: None if row.is_shown else str(row.reason) for row in decided.itertuples() if row.quantity_id
    }


@pytest.mark.parametrize(
    ("count", "reason"),
    [(0, None), (1, "small_count"), (4, "small_count"), (5, None), (0.5, "small_count"), (4.9, "small_count")],
)
def test_a_few_are_hidden_and_none_is_shown(count: float, reason: str | None) -> None:
    tables = Tables()
    key = tables.add("W1", {"a": count})
    assert reasons(tables)[key] == reason


@pytest.mark.parametrize(
    ("rules_of_feed", "reason"),
    [
        ({"is_open": None}, "no_rule"),
        ({"rounding": None}, "no_rule"),
        ({"population": None}, "unknown_base"),
        ({"population": 49.0}, "small_population"),
        ({"population": 50.0}, None),
        ({"is_open": True, "population": None, "rounding": None}, None),
    ],
)
def test_closed_when_in_doubt(rules_of_feed: dict[str, object], reason: str | None) -> None:
    tables = Tables()
    key = tables.add("W1", {"a": 120}, **rules_of_feed)  # type: ignore[arg-type]
    assert reasons(tables)[key] == reason


def figure(
    numerator: float, denominator: float | None, *, is_share: bool = True, kind: str = "count", base: str = "count"
) -> Tables:
    tables = Tables()
    tables.add("W1", {"n": numerator}, role="numerator", pair="p", is_share=is_share, kind=kind)
    if denominator is not None:
        tables.add("W1", {"d": denominator}, role="denominator", pair="p", is_share=is_share, kind=base)
    return tables


@pytest.mark.parametrize(
    ("tables", "numerator", "denominator"),
    [
        (figure(10, 29), "small_denominator", None),
        (figure(10, 30), None, None),
        (figure(28, 30), "dominant_group", None),
        (figure(27, 30), None, None),
        (figure(28, 30, is_share=False), None, None),
        (figure(0, 29), "small_denominator", None),
        (figure(3, 4), "small_count", "small_count"),
        (figure(10, 29, base="open"), "small_denominator", None),
        # An amount of 29 people says too much of each of them, an amount of 300 does not, and that of three goes with them.
        (figure(123456, 29, is_share=False, kind="amount"), "small_denominator", None),
        (figure(123456, 300, is_share=False, kind="amount"), None, None),
        (figure(2, 300, is_share=False, kind="amount"), None, None),
    ],
)
def test_a_figure_needs_enough_people(tables: Tables, numerator: str | None, denominator: str | None) -> None:
    found = reasons(tables)
    assert found["C-numerator-W1-total"] == numerator
    assert found["C-denominator-W1-total"] == denominator


def test_a_numerator_without_denominator_is_hidden() -> None:
    assert reasons(figure(10, None))["C-numerator-W1-total"] == "unknown_base"


def test_a_count_of_unknown_origin_is_hidden() -> None:
    tables = Tables()
    key = tables.add("W1", {}, value=120.0)
    assert reasons(tables)[key] == "unknown_base"


@given(st.integers(3, 10), st.integers(3, 12), st.integers(0, 300))
def test_what_a_rounded_count_tells(rounding: int, least_count: int, count: int) -> None:
    shown = shown_as(count, rounding, least_count)
    if shown is None:
        return
    base = np.array([float(rounding)])
    assert rules.rounded_counts(np.array([float(count)]), base)[0] == shown
    low, high = rules.known_of_counts(np.array([shown]), base, np.array([float(least_count)]), np.array([True]))
    assert (low[0], high[0]) == counts_behind(shown, rounding, least_count)


@given(st.floats(0.01, 1e9))
def test_what_a_rounded_amount_tells(amount: float) -> None:
    shown = rules.rounded_amounts(np.array([amount]))
    assert float(f"{shown[0]:.3g}") == pytest.approx(shown[0])
    assert shown[0] == pytest.approx(amount, rel=0.0051)
    low, high = rules.known_of_amounts(shown)
    assert low[0] * (1 - 1e-9) <= amount <= high[0] * (1 + 1e-9)
    assert (low[0], high[0]) == pytest.approx(amounts_behind(float(shown[0])))
