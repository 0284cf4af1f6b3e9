"""Random municipalities, their numbers decided by the engine and attacked by an independent solver.

Belongs here: that nothing hidden can be worked out, whatever the structure. Does not belong here: single rules
(`test_rules`), the sample (`tests/path/test_attack.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbt_project.disclosure.engine import decide
from tests.support.attack import attack
from tests.unit.dbt_project.disclosure.outsider import add, knowledge, targets
from tests.unit.dbt_project.disclosure.small_warehouse import NO_RELEASES, Tables, as_release

COUNTS = st.one_of(st.integers(0, 9), st.integers(0, 60), st.just(0), st.integers(500, 3000))


@st.composite
def municipalities(draw: st.DrawFn) -> tuple[Tables, dict[str, int]]:
    """Up to eight wijken, some with too few inhabitants; two sets that differ by one wijk, with their rests; breakdowns;
    a measure with its denominator, own or open; perhaps an amount."""
    wijken = [f"W{number}" for number in range(draw(st.integers(2, 8)))]
    groups = [f"g{number}" for number in range(draw(st.integers(1, 3)))]
    has_open_base, shows_finest = draw(st.booleans()), draw(st.booleans())
    is_share = draw(st.booleans())
    rules = {
        "is_open": False,
        "least_count": draw(st.sampled_from([3, 5, 10])),
        "rounding": draw(st.sampled_from([5, 3, 10])),
        "least_denominator": draw(st.sampled_from([10, 30])),
        "least_population": 50,
        "most_share": draw(st.sampled_from([0.9, 0.8])),
    }
    populations = {wijk: draw(st.sampled_from([1000.0, 1000.0, 1000.0, 40.0])) for wijk in wijken}
    cases, of = {}, {}
    for wijk in wijken:
        for group in groups:
            cases[wijk, group] = draw(COUNTS)
            of[wijk, group] = cases[wijk, group] + draw(COUNTS)
    north = wijken[: draw(st.integers(1, len(wijken)))]
    tables = municipality(
        rules, populations, north, cases, of, has_open_base=has_open_base, shows_finest=shows_finest, is_share=is_share
    )
    return tables, {f"n-{w}-{g}": count for (w, g), count in cases.items()}


def municipality(
    rules: dict[str, Any],
    populations: Mapping[str, float],
    north: list[str],
    cases: Mapping[tuple[str, str], int],
    of: Mapping[tuple[str, str], int],
    *,
    has_open_base: bool,
    shows_finest: bool,
    is_share: bool,
) -> Tables:
    """The numbers of one measure and its denominator, for wijken, two sets with their rests, and the whole."""
    wijken, groups = list(populations), sorted({group for _, group in cases})
    areas = {wijk: ("wijk", [wijk]) for wijk in wijken}
    areas["GM"] = ("municipality", wijken)
    areas |= {"HN14": ("programme_area", north), "RH14": ("programme_area", [w for w in wijken if w not in north])}
    areas |= {
        "HN13": ("programme_area", north[:-1]),
        "RH13": ("programme_area", [w for w in wijken if w not in north[:-1]]),
    }
    breakdowns = {"total": groups} | ({group: [group] for group in groups} if len(groups) > 1 else {})
    tables = Tables(rules)
    for area, (area_type, members) in areas.items():
        for breakdown, own in breakdowns.items():
            cells = [(wijk, group) for wijk in members for group in own]
            if not cells or (breakdown != "total" and area_type == "wijk" and not shows_finest):
                continue
            pair = f"{area}-{breakdown}"
            population = sum(populations[wijk] for wijk in members)
            common = {
                "area_type": area_type,
                "breakdown": breakdown,
                "pair": pair,
                "is_share": is_share,
                "population": population,
            }
            tables.add(area, {f"n-{w}-{g}": cases[w, g] for w, g in cells}, role="numerator", **common)
            whole = {f"d-{w}-{g}": of[w, g] for w, g in cells}
            tables.add(area, whole, role="denominator", kind="open" if has_open_base else "count", **common)
    return tables


def corrected(quantities: pd.DataFrame, parts: pd.DataFrame, change: Mapping[str, int]) -> pd.DataFrame:
    """The numbers when these atoms are so many more, or fewer."""
    by = parts["share"] * parts["atom_id"].map(change).fillna(0)
    difference = by.groupby(parts["quantity_id"]).sum()
    return quantities.assign(true_value=quantities["true_value"] + quantities["quantity_id"].map(difference).fillna(0))


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(municipalities(), st.data())
def test_nothing_more_is_recovered_after_a_correction(made: tuple[Tables, dict[str, int]], data: st.DataObject) -> None:
    """Counts go down, or up, in a second release; the outsider knows which. What can't be helped any more is said to be so."""
    tables, counts = made
    then, parts = tables.quantities(), tables.parts_table()
    atoms = data.draw(st.sets(st.sampled_from(sorted(counts)), max_size=3))
    change = {atom: -data.draw(st.integers(0, counts[atom])) for atom in atoms}
    change |= {
        f"d-{atom[2:]}": data.draw(st.integers(0, 9))
        for atom in data.draw(st.sets(st.sampled_from(sorted(counts)), max_size=2))
    }
    if (then["kind"] == "open").any():
        change = {atom: by for atom, by in change.items() if atom.startswith("n-")}
    assert_nothing_more_is_recovered(then, parts, change)


def test_a_correction_beside_large_counts_stays_a_correction_of_one_count() -> None:
    """Forgiving a millionth of a thousand, the engine took two counts for corrected where one was, and showed too much."""
    cases = {(f"W{number}", group): 0 for number in range(5) for group in ("g0", "g1")}
    cases |= {("W1", "g0"): 500, ("W3", "g1"): 500, ("W4", "g1"): 3}
    rules = {
        "is_open": False,
        "least_count": 3,
        "rounding": 3,
        "least_denominator": 10,
        "least_population": 50,
        "most_share": 0.9,
    }
    tables = municipality(
        rules, {f"W{number}": 1000.0 for number in range(5)}, ["W0"], cases, cases,
        has_open_base=False, shows_finest=False, is_share=False,
    )  # fmt: skip
    assert_nothing_more_is_recovered(tables.quantities(), tables.parts_table(), {"n-W4-g1": -1})


def assert_nothing_more_is_recovered(then: pd.DataFrame, parts: pd.DataFrame, change: Mapping[str, int]) -> None:
    """Attack two releases, between which these atoms changed, as somebody who knows which ones."""
    now = corrected(then, parts, change)
    first = decide(then, parts, NO_RELEASES)
    second = decide(now, parts, as_release(then, first))
    known = knowledge(now, parts, second)
    add(
        known,
        then,
        parts.assign(atom_id=parts["atom_id"].where(~parts["atom_id"].isin(change), parts["atom_id"] + " then")),
        first,
    )
    given_away = set(second["quantity_id"][second["is_already_disclosed"]])
    outcome = attack(known, targets(now, parts))
    assert {text.split(": ")[0] for text in outcome.recovered} <= given_away


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(municipalities())
def test_nothing_hidden_is_recovered(made: tuple[Tables, dict[str, int]]) -> None:
    tables, _ = made
    quantities, parts = tables.quantities(), tables.parts_table()
    decided = decide(quantities, parts, NO_RELEASES)
    wanted = targets(quantities, parts)
    shown = decided.set_index("quantity_id")["is_shown"]
    assert not any(shown[target.name] for target in wanted)
    assert not decided["is_already_disclosed"].any()
    assert not (decided["reason"] == "unknown_base").any()
    outcome = attack(knowledge(quantities, parts, decided), wanted)
    assert outcome.tried == len(wanted)
    assert outcome.recovered == ()
