"""A stranger attacks the sample's releases with a solver, and gets nothing; with any one rule left out they get something.

Belongs here: that protection holds on real releases, and that this test can fail. Does not belong here: random structures
(`tests/unit/dbt_project/disclosure`), the stranger's tools (`tests/support/attack*.py`).
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import duckdb
import pytest

from tests.path.conftest import noord
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


def test_little_is_hidden_for_the_sake_of_others(sample_home: Path) -> None:
    """Nor is anything hidden because its parts don't make it up, or no proof was found."""
    with duckdb.connect(str(sample_home / "sample" / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        decided = dict(
            connection.sql(
                "SELECT coalesce(reason, 'shown'), count(*) FROM intermediate.int_disclosure__decided "
                "JOIN intermediate.int_disclosure__quantities USING (quantity_id) WHERE kind != 'open' GROUP BY ALL"
            ).fetchall()
        )
    assert not decided.keys() & {"unknown_base", "no_rule"}
    assert 0 < decided["secondary"] + decided["hidden_denominator"] < 0.02 * decided["shown"]


def test_nothing_hidden_is_recovered_from_the_sample(seen: Seen) -> None:
    aims = list(targets(seen.facts, seen.rules, seen.true))
    shown = {str(fact.number) for fact in seen.facts if fact.shown is not None}
    assert [target.name for target in aims if target.name in shown] == []
    outcome = attack(knowledge([seen.facts], seen.rules), aims)
    assert outcome.tried == len(aims) > 10_000
    assert outcome.recovered == ()


# --- one rule left out ---------------------------------------------------------------------------------------------------

View = tuple[list[Fact], Mapping[str, Rule]]


def with_all_rules(piece: Tables, rules: Mapping[str, Rule]) -> View:
    return piece.shown(piece.decided()), rules


def without_small_counts(piece: Tables, rules: Mapping[str, Rule]) -> View:
    """Counts of 1 to 4 are rounded like all others; everybody knows that."""
    loose = piece.with_rule(least_count=1)
    return loose.shown(loose.decided()), {feed: replace(rule, least_count=1) for feed, rule in rules.items()}


def without_denominators(piece: Tables, rules: Mapping[str, Rule]) -> View:
    loose = piece.with_rule(least_denominator=1)
    return loose.shown(loose.decided()), rules


def without_groups(piece: Tables, rules: Mapping[str, Rule]) -> View:
    loose = piece.with_rule(most_share=1.0)
    return loose.shown(loose.decided()), rules


def without_populations(piece: Tables, rules: Mapping[str, Rule]) -> View:
    """Areas of a few inhabitants, and of nobody knows how many, are taken for large ones."""
    loose = piece.with_rule(population=piece.quantities["population"].fillna(1e6), least_population=0)
    return loose.shown(loose.decided()), rules


def without(relation: str) -> Callable[[Tables, Mapping[str, Rule]], View]:
    return lambda piece, rules: (piece.shown(piece.decided(without=relation)), rules)


# What is left out, and the feeds in which the sample has a case of it.
LEFT_OUT = {
    "small counts": (without_small_counts, ("leerplicht_verzuim", "bijstand_wijk")),
    "small denominators": (without_denominators, ("bijstand_wijk",)),
    "small populations": (without_populations, ("jgz_gewicht",)),
    "hierarchy": (without("hierarchy"), ("leerplicht_verzuim",)),
    "area sets": (without("area_sets"), ("leerplicht_verzuim",)),
    "breakdowns": (without("breakdowns"), ("bijstand_wijk",)),
}


@pytest.mark.parametrize("rule", LEFT_OUT)
def test_each_rule_is_needed(rule: str, seen: Seen) -> None:
    leave_out, feeds = LEFT_OUT[rule]
    for piece in seen.warehouse.pieces(feeds):
        shown, known_rules = leave_out(piece, seen.rules)
        if seen.outcome(shown, rules=known_rules, stop=True).recovered:
            shown, known_rules = with_all_rules(piece, seen.rules)
            assert seen.outcome(shown, rules=known_rules).recovered == ()
            return
    pytest.fail(f"nothing was recovered without {rule}")


def test_groups_of_almost_everybody_need_their_rule(seen: Seen) -> None:
    """The sample has no such group, so one is delivered: nearly all pupils of a wijk take part."""
    piece = next(iter(seen.warehouse.pieces(["rijke_schooldag"])))
    wholes = {fact.pair: fact for fact in piece.facts if fact.number.role == "denominator"}
    true = dict(seen.true)
    for fact in piece.facts:
        if fact.number.code == "LER_RIJKE_SCHOOLDAG" and fact.number.role == "numerator" and len(fact.parts) == 1:
            pupils = total(wholes[fact.pair].parts, true)
            if pupils >= 100:
                true[next(iter(fact.parts))] = pupils - 3
                break
    piece = piece.with_true(true)
    shown, rules = with_all_rules(piece, seen.rules)
    assert seen.outcome(shown, rules=rules, true=true).recovered == ()
    shown, rules = without_groups(piece, seen.rules)
    assert seen.outcome(shown, rules=rules, true=true).recovered != ()


def test_a_value_must_be_hidden_with_its_numerator(seen: Seen) -> None:
    """A share beside its denominator is the numerator once more."""
    piece = next(iter(seen.warehouse.pieces(["leerplicht_verzuim"])))
    shown, rules = with_all_rules(piece, seen.rules)
    wholes = {fact.pair: fact for fact in shown if fact.number.role == "denominator"}
    known = knowledge([shown], rules)
    for fact in shown:
        if fact.shown is None and fact.pair in wholes and fact.number.role == "numerator":
            whole = wholes[fact.pair].parts
            people = total(whole, seen.true)
            value = total(fact.parts, seen.true) / people if people else 0.0
            known.add({**{atom: -value * share for atom, share in whole.items()}, **fact.parts}, 0.0, 0.0)
    aims = list(targets(shown, seen.rules, seen.true))
    assert attack(known, aims, stop_at_first=True).recovered != ()
    assert attack(knowledge([shown], rules), aims).recovered == ()


# --- corrections ---------------------------------------------------------------------------------------------------------


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
            total(fact.parts, now)
            <= (total(wholes[fact.pair].parts, now) if fact.pair in wholes else fact.open_base or 0.0)
            for fact in piece.facts
            if fact.is_share and fact.number.role == "numerator" and not changed.isdisjoint(fact.parts)
        )
        if changed and fits:
            return now


@dataclass(frozen=True)
class Corrected:
    """Two releases of the same numbers, with a correction in between; `recovered` in both together, `given_away` as reported."""

    outcome: Outcome
    given_away: set[str]


def after_a_correction(piece: Tables, seen: Seen, now: Mapping[str, float], *, without: str | None = None) -> Corrected:
    changed = {atom for atom in now if now[atom] != seen.true.get(atom, 0.0)}
    first = piece.decided()
    later = piece.with_true(now)
    second = later.decided(piece.ledger(first, "1"), without=without)
    true = {**now, **{f"{atom} as it was": seen.true.get(atom, 0.0) for atom in changed}}
    outcome = seen.outcome(as_it_was(piece.shown(first), changed), later.shown(second), true=true)
    return Corrected(outcome, later.names(second["quantity_id"][second["is_already_disclosed"]]))


def test_nothing_is_recovered_after_a_correction(seen: Seen) -> None:
    """Sixty corrections, one by one, attacked by somebody who knows which counts were corrected.

    What a first release showed may give a number away that only later becomes sensitive. Then it says so; that is rare.
    """
    tried, recovered, given_away, otherwise = 0, [], 0, 0
    for feeds in (["leerplicht_verzuim", "peuteropvang"], ["bijstand_wijk"], ["trajecten_naar_werk", "jgz_gewicht"]):
        for piece in islice(seen.warehouse.pieces(feeds), 4):
            for dice in range(5):
                now = corrected(piece, seen.true, random.Random(dice))
                found = after_a_correction(piece, seen, now)
                tried += found.outcome.tried
                given_away += len(found.given_away)
                recovered += [text for text in found.outcome.recovered if text.split(": ")[0] not in found.given_away]
                if otherwise == 0:
                    otherwise = len(after_a_correction(piece, seen, now, without="releases").outcome.recovered)
    assert recovered == []
    assert tried > 5_000
    assert given_away < tried / 1_000
    # A release that doesn't look back gives something away.
    assert otherwise > 0


@pytest.mark.parametrize(("is_rounded", "is_found_out"), [(True, False), (False, True)])
def test_rounding_hides_by_how_many_a_count_was_corrected(is_rounded: bool, is_found_out: bool, seen: Seen) -> None:
    """Two persons more in one wijk: whoever compares the releases must not learn that there are two."""
    piece = next(iter(seen.warehouse.pieces(["leerplicht_verzuim"])))
    rules = seen.rules
    if not is_rounded:
        piece = piece.with_rule(rounding=1)
        rules = {feed: replace(rule, rounding=1) for feed, rule in rules.items()}
    shown = piece.shown(piece.decided())
    (pupils,) = {
        atom
        for fact in shown
        if fact.number.code == "LER_VERZUIM" and fact.number.role == "denominator" and fact.number.area == "WK091720"
        for atom in fact.parts
    }
    later = piece.with_true({**seen.true, pupils: seen.true[pupils] + 2})
    again = later.shown(later.decided(piece.ledger(piece.decided(), "1")))
    solver = knowledge([as_it_was(shown, {pupils}), again], rules).solver()
    low, high = solver.bounds({pupils: 1.0, f"{pupils} as it was": -1.0})
    assert low - 0.01 <= 2 <= high + 0.01
    assert (high - low < 1) == is_found_out


def test_nothing_is_recovered_from_two_real_releases(sample_home: Path, tmp_path: Path) -> None:
    """A municipality delivers a month again with three counts corrected; both releases are attacked together."""
    home = shutil.copytree(sample_home, tmp_path / "home", symlinks=True)
    delivered = sorted((home / "sample" / "archive").glob("*/leerplicht_verzuim/*/original.csv"))[-1]
    file = tmp_path / "leerplicht_verzuim_202601.csv"
    lines = delivered.read_text(encoding="utf-8").splitlines()
    header, first, second = (line.split(";") for line in lines[:3])
    first[header.index("leerlingen")] = str(int(first[header.index("leerlingen")]) + 2)
    first[header.index("meldingen_relatief")] = str(int(first[header.index("meldingen_relatief")]) + 3)
    second[header.index("langdurig_4wk")] = str(int(second[header.index("langdurig_4wk")]) + 1)
    file.write_text("\n".join([lines[0], ";".join(first), ";".join(second), *lines[3:]]) + "\n", encoding="utf-8")

    warehouse = home / "sample" / "warehouse" / "warehouse.duckdb"
    before = true_atoms(warehouse, ["leerplicht_verzuim"])
    added = noord("inbox", "add", "leerplicht_verzuim", str(file), home=home)
    assert added.returncode == 0, added.stdout + added.stderr
    run = noord("run", "--feeds", "sample", "--only", "leerplicht_verzuim", home=home)
    assert run.returncode == 0, run.stdout + run.stderr
    now = true_atoms(warehouse, ["leerplicht_verzuim"])
    changed = {atom for atom in now if now[atom] != before.get(atom)}
    assert len(changed) == 3

    releases = [read_release(folder / "monitor.duckdb") for folder in sorted((home / "sample" / "releases").iterdir())]
    assert len(releases) == 2
    earlier, later = (facts(one, "leerplicht_verzuim") for one in releases)
    assert {fact.number for fact in earlier} == {fact.number for fact in later}
    assert [fact.shown for fact in earlier] != [fact.shown for fact in later]
    rules = releases[-1].rules
    aims = list(targets(later, rules, now))
    outcome = attack(knowledge([as_it_was(earlier, changed), later], rules), aims)
    assert outcome.tried == len(aims) > 500
    assert outcome.recovered == ()
