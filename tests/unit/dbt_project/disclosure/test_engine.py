"""What is hidden for the sake of others, in cases that can be checked by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from dbt_project.disclosure import attacker
from dbt_project.disclosure.engine import ALL_RELATIONS, decide
from tests.unit.dbt_project.disclosure.small_warehouse import NO_RELEASES, Tables, as_release


def municipality(wijken: Mapping[str, float], **of_total: object) -> Tables:
    tables = Tables()
    for wijk, count in wijken.items():
        tables.add(wijk, {wijk: count})
    tables.add("GM", dict(wijken), area_type="municipality", **of_total)  # type: ignore[arg-type]
    return tables


def decided(tables: Tables, before: pd.DataFrame = NO_RELEASES, without: str | None = None) -> pd.DataFrame:
    found = decide(tables.quantities(), tables.parts_table(), before, ALL_RELATIONS - {without})
    return found.set_index("quantity_id")


def hidden(found: pd.DataFrame) -> dict[str, str]:
    return {key.split("-")[2]: str(row.reason) for key, row in found[~found["is_shown"]].iterrows()}


def test_a_total_that_gives_the_last_part_away_hides_another_wijk() -> None:
    # 7 is shown as 5 (5 to 7) and 5 as 5 (5 to 7): the hidden 2 would be 0 to 2.
    found = decided(municipality({"W1": 2, "W2": 5, "W3": 0}))
    assert hidden(found) == {"W1": "small_count", "W2": "secondary"}
    assert found.loc["C-value-GM-total", "shown_value"] == 5
    assert found.loc["C-value-W3-total", "shown_value"] == 0
    assert found.loc["C-value-W1-total", "least_possible"] <= 1
    assert found.loc["C-value-W1-total", "most_possible"] >= 4


def test_rounding_alone_protects_where_numbers_are_large() -> None:
    # 42 as 40 (38 to 42), 40 as 40: the hidden 2 may be 0 to 4.
    found = decided(municipality({"W1": 2, "W2": 40}))
    assert hidden(found) == {"W1": "small_count"}


def test_a_set_with_one_wijk_less_hides_the_set_that_is_needed_less() -> None:
    tables = municipality({"W1": 5, "W2": 0, "W3": 2, "W4": 9, "W5": 30})
    tables.add("HN13", {"W1": 5, "W2": 0}, area_type="programme_area")
    tables.add("HN14", {"W1": 5, "W2": 0, "W3": 2}, area_type="programme_area")
    found = decided(tables)
    assert hidden(found)["W3"] == "small_count"
    assert found.loc["C-value-HN14-total", "is_shown"]
    assert not found.loc["C-value-HN13-total", "is_shown"]
    assert not found.loc["C-value-W1-total", "is_shown"]
    # Without a thought for the sets, HN13 is shown and gives the hidden 2 away.
    assert decided(tables, without="area_sets").loc["C-value-HN13-total", "is_shown"]


def test_a_breakdown_is_hidden_beside_its_total() -> None:
    tables = Tables()
    tables.add("GM", {"boys": 5, "girls": 3}, area_type="municipality")
    tables.add("GM", {"boys": 5}, breakdown="boys", area_type="municipality")
    tables.add("GM", {"girls": 3}, breakdown="girls", area_type="municipality")
    found = decided(tables)
    # 8 as 10 (8 to 12) and 5 as 5 (5 to 7) leave 1 to 7 for the girls: enough.
    assert found["is_shown"].to_dict() == {
        "C-value-GM-boys": True, "C-value-GM-girls": False, "C-value-GM-total": True,
    }  # fmt: skip
    tables = Tables()
    tables.add("GM", {"boys": 5, "girls": 2}, area_type="municipality")
    tables.add("GM", {"boys": 5}, breakdown="boys", area_type="municipality")
    tables.add("GM", {"girls": 2}, breakdown="girls", area_type="municipality")
    assert not decided(tables).loc["C-value-GM-boys", "is_shown"]
    assert decided(tables, without="breakdowns").loc["C-value-GM-boys", "is_shown"]


def test_a_hidden_denominator_takes_numerator_and_value_along() -> None:
    tables = Tables()
    for wijk, (part, whole) in {"W1": (0, 2), "W2": (0, 5)}.items():
        tables.add(wijk, {f"n{wijk}": part}, role="numerator", pair=wijk, is_share=False)
        tables.add(wijk, {f"d{wijk}": whole}, role="denominator", pair=wijk, is_share=False)
    tables.add("GM", {"nW1": 0, "nW2": 0}, role="numerator", pair="GM", area_type="municipality")
    tables.add("GM", {"dW1": 2, "dW2": 5}, role="denominator", pair="GM", area_type="municipality")
    found = decided(tables)
    assert found.loc["C-denominator-W1-total", "reason"] == "small_count"
    assert found.loc["C-denominator-W2-total", "reason"] == "secondary"
    assert not found.loc["C-numerator-W2-total", "is_shown"]


def test_an_amount_of_a_few_people_is_kept_within_its_margin() -> None:
    tables = Tables()
    for wijk, (euros, people) in {"W1": (4_000, 3), "W2": (100_000, 40), "W3": (5_000_000, 2_000)}.items():
        tables.add(wijk, {f"n{wijk}": euros}, role="numerator", pair=wijk, kind="amount")
        tables.add(wijk, {f"d{wijk}": people}, role="denominator", pair=wijk)
    total = {"nW1": 4_000, "nW2": 100_000, "nW3": 5_000_000}
    tables.add("GM", total, role="numerator", pair="GM", kind="amount", area_type="municipality")
    tables.add("GM", {"dW1": 3, "dW2": 40, "dW3": 2_000}, role="denominator", pair="GM", area_type="municipality")
    found = decided(tables)
    assert found.loc["C-numerator-W1-total", "reason"] == "small_denominator"
    assert found.loc["C-numerator-GM-total", "shown_value"] == 5_100_000
    assert found.loc["C-numerator-W1-total", "least_possible"] <= 3_800
    assert found.loc["C-numerator-W1-total", "most_possible"] >= 4_200


def test_the_same_people_share_their_fate() -> None:
    tables = Tables()
    wijk = tables.add("W1", {"b1": 120})
    # The only buurt of the wijk has the wijk's people, but not enough inhabitants by its own books.
    buurt = tables.add("B1", {"b1": 120}, area_type="buurt", population=40.0)
    found = decided(tables)
    assert found.loc[[wijk, buurt], "reason"].tolist() == ["small_population", "small_population"]


def test_parts_that_do_not_add_up_prove_nothing() -> None:
    tables = municipality({"W1": 2, "W2": 40}, value=90.0)
    found = decided(tables)
    assert not found["is_shown"].any()
    assert found.loc["C-value-GM-total", "reason"] == "unknown_base"


def test_a_solver_that_fails_hides_everything_that_hangs_together(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Failed:
        status, x, message = 1, None, "time limit"

    monkeypatch.setattr(attacker.opt, "milp", lambda *_, **__: Failed())
    tables = municipality({"W1": 2, "W2": 5})
    tables.add("X1", {"elsewhere": 80}, code="D")
    found = decided(tables)
    assert found[found["is_shown"]].index.tolist() == ["D-value-X1-total"]
    assert "3 numbers that hang together are hidden" in caplog.text


@pytest.mark.parametrize(("shown_before", "hidden_now"), [("W2", "W3"), ("W3", "W2")])
def test_what_was_shown_before_is_of_no_use_for_hiding(shown_before: str, hidden_now: str) -> None:
    # 12 as 10 (8 to 12) less twice 5 to 7 leaves 0 to 2 for the hidden 2: W2 or W3 must go, but not the one that was shown.
    tables = municipality({"W1": 2, "W2": 5, "W3": 5})
    quantities = tables.quantities()
    shown = quantities.assign(is_shown=quantities["area_code"].isin(["GM", shown_before]))
    shown["shown_value"] = shown["area_code"].map({"GM": 10.0}).fillna(5.0).where(shown["is_shown"])
    found = decided(tables, as_release(quantities, shown[["quantity_id", "is_shown", "shown_value"]]))
    assert hidden(found) == {"W1": "small_count", hidden_now: "secondary"}
    assert not found["is_already_disclosed"].any()


def test_what_earlier_releases_give_away_is_said() -> None:
    tables = municipality({"W1": 2, "W2": 5})
    quantities = tables.quantities()
    shown = quantities.assign(is_shown=quantities["area_code"] != "W1", shown_value=5.0)[
        ["quantity_id", "is_shown", "shown_value"]
    ]
    before = as_release(quantities, shown)
    found = decided(tables, before)
    assert found.loc["C-value-W1-total", "is_already_disclosed"]
    assert not decided(tables, before, without="releases")["is_already_disclosed"].any()
    # Corrected since: the old numbers are not those of now, and give nothing away.
    assert not decided(municipality({"W1": 3, "W2": 12}), before)["is_already_disclosed"].any()


def test_an_earlier_release_keeps_a_number_hidden() -> None:
    wijken = {"W1": 2, "W2": 5}
    first = municipality(wijken)
    before = as_release(first.quantities(), decided(first).reset_index())
    # The total is hidden now, so that W2 alone would say nothing of W1; but the total of the first release is known.
    now = municipality(wijken, population=None)
    assert hidden(decided(now, before)) == {"GM": "unknown_base", "W1": "small_count", "W2": "secondary"}
    assert hidden(decided(now, before, without="releases")) == {"GM": "unknown_base", "W1": "small_count"}


def test_the_order_of_rows_changes_nothing() -> None:
    generator = np.random.default_rng(7)
    tables = municipality({f"W{number}": int(generator.integers(0, 9)) for number in range(12)})
    quantities, parts = tables.quantities(), tables.parts_table()
    one = decide(quantities, parts, NO_RELEASES)
    two = decide(quantities.sample(frac=1, random_state=1), parts.sample(frac=1, random_state=2), NO_RELEASES)
    pd.testing.assert_frame_equal(one, two)


def test_nothing_to_decide() -> None:
    tables = Tables()
    tables.add("W1", {"a": 1})
    quantities, parts = tables.quantities(), tables.parts_table()
    assert len(decide(quantities.iloc[:0], parts.iloc[:0], NO_RELEASES)) == 0


def test_tables_that_are_not_whole_are_refused() -> None:
    tables = municipality({"W1": 2})
    quantities, parts = tables.quantities(), tables.parts_table()
    with pytest.raises(ValueError, match="quantities: columns are missing: population"):
        decide(quantities.drop(columns="population"), parts, NO_RELEASES)
    with pytest.raises(ValueError, match="quantity_id stands twice: C-value-GM-total"):
        decide(pd.concat([quantities, quantities]), parts, NO_RELEASES)
    with pytest.raises(ValueError, match="parts: columns are missing: atom_id"):
        decide(quantities, parts.drop(columns="atom_id"), NO_RELEASES)
