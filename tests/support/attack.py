"""An outsider with a solver, who tries to work out what was hidden. Shares no code with the warehouse.

Belongs here: what such a person knows, as linear limits, and the search for what follows from it. Does not belong here:
which numbers are hidden and why (`dbt_project.disclosure`), and reading a release (`attack_on_release`).

The outsider knows the method. From a rounded count they list the true counts that would have been shown so, by trying them
all; nothing is taken from the engine's own formulas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

SLACK = 1e-4

Sum = Mapping[str, float]


def shown_as(count: float, rounding: float, least_count: float) -> float | None:
    """What the published method makes of a true count; None for a count of a few."""
    if count == 0:
        return 0.0
    if count < least_count:
        return None
    return max(rounding, math.floor(count / rounding + 0.5) * rounding)


def counts_behind(shown: float, rounding: float, least_count: float) -> tuple[float, float]:
    """The least and the most true count that would be shown so."""
    if shown == 0:
        return 0.0, 0.0
    candidates = [n for n in range(int(shown - rounding) - 1, int(shown + rounding) + 2) if n > 0]
    fitting = [n for n in candidates if shown_as(n, rounding, least_count) == shown]
    return float(min(fitting)), float(max(fitting))


def amounts_behind(shown: float) -> tuple[float, float]:
    """The least and the most amount that three significant digits show so."""
    if shown == 0:
        return 0.0, 0.0
    unit = 10.0 ** (math.floor(math.log10(shown) + 1e-9) - 2)
    below = unit / 10 if math.isclose(shown, unit * 100) else unit
    return shown - below / 2, shown + unit / 2


@dataclass
class Knowledge:
    """Linear limits on sums of atoms, each atom zero or more."""

    atoms: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[Sum, float, float]] = field(default_factory=list)

    def add(self, parts: Sum, low: float, high: float) -> None:
        """This sum lies between low and high."""
        for atom in parts:
            self.atoms.setdefault(atom, len(self.atoms))
        self.rows.append((dict(parts), low, high))

    def add_part_of(self, part: Sum, whole: Sum) -> None:
        """The first sum is no more than the second."""
        names = {*part, *whole}
        self.add({name: whole.get(name, 0.0) - part.get(name, 0.0) for name in names}, 0.0, math.inf)

    def solver(self) -> Solver:
        return Solver(self)


class Solver:
    """The limits as a matrix, cut into independent problems so that each question is a small one."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._atoms = knowledge.atoms
        entries = [
            (row, knowledge.atoms[atom], share)
            for row, (parts, _, _) in enumerate(knowledge.rows)
            for atom, share in parts.items()
        ]
        shape = (len(knowledge.rows), len(knowledge.atoms))
        row, column, share = zip(*entries, strict=True) if entries else ((), (), ())
        self._matrix = sparse.csr_matrix((share, (row, column)), shape=shape)
        self._low = np.array([low for _, low, _ in knowledge.rows])
        self._high = np.array([high for _, _, high in knowledge.rows])
        links = self._matrix != 0
        _, self._group = sparse.csgraph.connected_components(links.T @ links, directed=False)
        self._problems: dict[int, tuple[np.ndarray, sparse.csr_matrix, np.ndarray]] = {}

    def grouped(self, targets: Iterable[Target]) -> list[list[Target]]:
        """Targets of one problem together; what nothing is known of is a group by itself."""
        found: dict[int, list[Target]] = {}
        for target in targets:
            known = [int(self._group[self._atoms[atom]]) for atom in target.parts if atom in self._atoms]
            found.setdefault(min(known, default=-1), []).append(target)
        return list(found.values())

    def not_yet_ruled_in(self, targets: list[Target], rounds: int = 6) -> list[Target]:
        """The targets that are worth a closer look.

        Most are out of reach, which one programme shows of many: atoms that fit everything and bring as many as possible of
        the targets to an end of what was promised. Only who has been at both ends is left alone.
        """
        groups = {
            int(self._group[self._atoms[atom]]) for target in targets for atom in target.parts if atom in self._atoms
        }
        if len(groups) != 1 or any(atom not in self._atoms for target in targets for atom in target.parts):
            return targets
        columns, matrix, limits = self._problem(groups.pop())
        place = {int(column): at for at, column in enumerate(columns)}
        sums = sparse.lil_matrix((len(targets), len(columns)))
        for row, target in enumerate(targets):
            for atom, share in target.parts.items():
                sums[row, place[self._atoms[atom]]] += share
        rows = sums.tocsr()
        is_left = self._left(matrix, limits, rows, np.array([target.high for target in targets]), 1.0, rounds)
        is_left |= self._left(matrix, limits, rows, np.array([target.low for target in targets]), -1.0, rounds)
        return [target for target, left in zip(targets, is_left, strict=True) if left]

    @staticmethod
    def _left(
        matrix: sparse.csr_matrix,
        limits: np.ndarray,
        rows: sparse.csr_matrix,
        goals: np.ndarray,
        sign: float,
        rounds: int,
    ) -> np.ndarray:
        """Which rows never came to their goals: at least (sign 1) or at most (-1) so much."""
        left = np.ones(len(goals), dtype=bool)
        for _ in range(rounds):
            at = np.flatnonzero(left)
            if len(at) == 0:
                break
            # lack ≥ sign × (goal - sum), and the sum of all lacks as small as can be.
            lacking = sparse.identity(len(at), format="csr")
            programme = sparse.bmat([[matrix, None], [-sign * rows[at], -lacking]], format="csr")
            cost = np.concatenate([np.zeros(matrix.shape[1]), np.ones(len(at))])
            found = linprog(
                cost, A_ub=programme, b_ub=np.concatenate([limits, -sign * goals[at]]), bounds=(0, None), method="highs"
            )
            if found.status != 0:
                raise RuntimeError(f"the outsider's solver stopped: {found.message}")
            reached = sign * (goals[at] - rows[at] @ found.x[: matrix.shape[1]]) <= SLACK
            if not reached.any():
                break
            left[at[reached]] = False
        return left

    def bounds(self, parts: Sum) -> tuple[float, float]:
        """Between which values this sum must lie.

        A solver that gives up is no success for the outsider and no comfort for us: it raises.
        """
        low = high = 0.0
        groups = {int(self._group[self._atoms[atom]]) for atom in parts if atom in self._atoms}
        if any(atom not in self._atoms for atom in parts):
            high = math.inf
        for group in sorted(groups):
            least, most = self._bounds_within(group, parts)
            low, high = low + least, high + most
        return low, high

    def _bounds_within(self, group: int, parts: Sum) -> tuple[float, float]:
        columns, matrix, limits = self._problem(group)
        place = {int(column): at for at, column in enumerate(columns)}
        cost = np.zeros(len(columns))
        for atom, share in parts.items():
            at = place.get(self._atoms.get(atom, -1))
            if at is not None:
                cost[at] += share
        ends = []
        for sign in (1.0, -1.0):
            found = linprog(sign * cost, A_ub=matrix, b_ub=limits, bounds=(0, None), method="highs")
            if found.status == 3:
                ends.append(math.inf)
            elif found.status == 0:
                ends.append(sign * found.fun)
            else:
                raise RuntimeError(f"the outsider's solver stopped: {found.message}")
        return ends[0], ends[1]

    def _problem(self, group: int) -> tuple[np.ndarray, sparse.csr_matrix, np.ndarray]:
        if group not in self._problems:
            columns = np.flatnonzero(self._group == group)
            rows = np.flatnonzero(np.diff(self._matrix[:, columns].tocsr().indptr))
            own = self._matrix[rows][:, columns]
            above, below = np.isfinite(self._high[rows]), np.isfinite(self._low[rows])
            matrix = sparse.vstack([own[above], -own[below]]).tocsr()
            limits = np.concatenate([self._high[rows][above] + SLACK / 10, -self._low[rows][below] + SLACK / 10])
            self._problems[group] = (columns, matrix, limits)
        return self._problems[group]


@dataclass(frozen=True)
class Rule:
    """The rule of a feed, as published in meta.disclosure."""

    least_count: float
    rounding: float
    least_denominator: float
    least_population: float
    most_share: float


def behind(shown: float, rule: Rule, *, is_amount: bool) -> tuple[float, float]:
    """The least and the most that may stand behind a shown number."""
    return amounts_behind(shown) if is_amount else counts_behind(shown, rule.rounding, rule.least_count)


def promised(
    true: float, rule: Rule, *, is_amount: bool, population: float | None, base: float | None, is_share: bool
) -> tuple[float, float] | None:
    """The interval of which nobody may rule out any part, as docs/disclosure.md promises; None for a number without one.

    `base`: the true denominator, for numerators only.
    """
    margin = 0.05 * true if is_amount else 2.0
    around, intervals = (true - margin, true + margin), []
    if population is None or math.isnan(population) or population < rule.least_population:
        intervals.append(around)
    if not is_amount and 0 < true < rule.least_count:
        intervals.append((min(1.0, true), max(true, rule.least_count - 1.0)))
    if base is not None and base < rule.least_denominator:
        intervals.append(around)
    if base is not None and is_share and true > 0 and true > rule.most_share * base:
        intervals.append((rule.most_share * base, true))
    if not intervals:
        return None
    low, high = min(low for low, _ in intervals), max(high for _, high in intervals)
    return max(low, 0.0), min(high, base) if base is not None and is_share else high


@dataclass(frozen=True)
class Target:
    """A hidden number: its parts, its true value, and the interval of which the outsider must not rule out any part."""

    name: str
    parts: Sum
    true: float
    low: float
    high: float


@dataclass(frozen=True)
class Outcome:
    """What came of an attack: how many hidden numbers were tried, and those of which part of the interval was ruled out."""

    tried: int
    recovered: tuple[str, ...]


def attack(knowledge: Knowledge, targets: Iterable[Target], *, stop_at_first: bool = False) -> Outcome:
    """Try each hidden number. The truth must fit what is known, or the attack itself is wrong and says so."""
    solver = knowledge.solver()
    tried, recovered = 0, []
    for group in solver.grouped(targets):
        tried += len(group)
        for target in solver.not_yet_ruled_in(group):
            low, high = solver.bounds(target.parts)
            slack = SLACK * (1 + abs(target.true)) * 10
            if not low - slack <= target.true <= high + slack:
                raise AssertionError(f"{target.name}: {target.true} lies outside what is known, {low} to {high}")
            if low > target.low + slack or high < target.high - slack:
                recovered.append(f"{target.name}: {low:.2f} to {high:.2f}, promised {target.low:g} to {target.high:g}")
                if stop_at_first:
                    return Outcome(tried, tuple(recovered))
    return Outcome(tried, tuple(recovered))
