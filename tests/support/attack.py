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
    for target in targets:
        tried += 1
        low, high = solver.bounds(target.parts)
        slack = SLACK * (1 + abs(target.true)) * 10
        if not low - slack <= target.true <= high + slack:
            raise AssertionError(f"{target.name}: {target.true} lies outside what is known, {low} to {high}")
        if low > target.low + slack or high < target.high - slack:
            recovered.append(f"{target.name}: {low:.2f} to {high:.2f}, promised {target.low:g} to {target.high:g}")
            if stop_at_first:
                break
    return Outcome(tried, tuple(recovered))
