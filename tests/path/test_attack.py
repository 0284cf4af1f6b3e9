"""A stranger attacks the sample's releases with a solver, and gets nothing; with any one rule left out they get something.

Belongs here: that protection holds on real releases, and that this test can fail. Does not belong here: random structures
(`tests/unit/dbt_project/disclosure`), the stranger's tools (`tests/support/attack*.py`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.attack import Outcome, Rule, attack
from tests.support.attack_on_release import (
    Fact,
    as_it_was,
    facts,
    knowledge,
    read_release,
    shown_wrongly,
    targets,
    total,
    true_atoms,
    values_follow,
)
from tests.support.decisions import Tables, Warehouse

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Seen:
    """The sample's release as a stranger reads it, and the raw counts to judge by."""

    facts: list[Fact]
    rules: Mapping[str, Rule]
    true: Mapping[str, float]
    warehouse: Warehouse

    def outcome(self, *of_releases: list[Fact], rules: Mapping[str, Rule] | None = None, stop: bool = False,
                true: Mapping[str, float] | None = None) -> Outcome:  # fmt: skip
        """An attack on what these releases show together, aimed at what is sensitive in the last of them."""
        known = knowledge(of_releases, rules or self.rules)
        aims = targets(of_releases[-1], self.rules, self.true if true is None else true)
        return attack(known, aims, stop_at_first=stop)


@pytest.fixture(scope="module")
def seen(sample_home: Path) -> Seen:
    home = sample_home / "sample"
    release = read_release(home / "current" / "monitor.duckdb")
    file = home / "warehouse" / "warehouse.duckdb"
    everything = facts(release)
    return Seen(everything, release.rules, true_atoms(file, release.rules), Warehouse(file, everything))


def test_what_is_shown_stands_for_what_was_delivered(sample_home: Path, seen: Seen) -> None:
    release = read_release(sample_home / "sample" / "current" / "monitor.duckdb")
    assert len(seen.rules) == 12
    assert values_follow(release) == []
    assert shown_wrongly(seen.facts, seen.rules, seen.true) == []


def test_nothing_hidden_is_recovered_from_the_sample(seen: Seen) -> None:
    aims = list(targets(seen.facts, seen.rules, seen.true))
    shown = {str(fact.number) for fact in seen.facts if fact.shown is not None}
    assert [target.name for target in aims if target.name in shown] == []
    outcome = attack(knowledge([seen.facts], seen.rules), aims)
    assert outcome.tried == len(aims) > 10_000
    assert outcome.recovered == ()


def corrected(piece: Tables, true: Mapping[str, float], dice: random.Random) -> dict[str, float]:
    """A few counts of these numbers, each some persons higher or lower, such that parts still fit in their wholes."""
    atoms = sorted({atom for fact in piece.facts if not fact.is_amount for atom in fact.parts})
    wholes = {fact.pair: fact for fact in piece.facts if fact.number.role == "denominator"}
    while True:
        now = dict(true)
        for atom in dice.sample(atoms, dice.randint(1, 3)):
            now[atom] = max(0.0, true.get(atom, 0.0) + dice.choice([-4, -3, -2, -1, 1, 2, 3, 4, 9]))
        changed = {atom for atom in now if now[atom] != true.get(atom, 0.0)}
        fits = all(
            total(fact.parts, now) <= (total(wholes[fact.pair].parts, now) if fact.pair in wholes else fact.open_base or 0.0)
            for fact in piece.facts
            if fact.is_share and fact.number.role == "numerator" and not changed.isdisjoint(fact.parts)
        )
        if changed and fits:
            return now
