"""What a reader can work out from everything that is shown together.

Belongs here: one system of numbers that hang together, as linear constraints, and the linear programmes over it. Does not
belong here: which numbers are sensitive (`rules`), nor which are hidden besides (`secondary`).

The reader knows how every number is made up of atoms (the finest counts, each zero or more), between which limits each
shown number lies, what earlier releases showed, and which numerators are parts of their denominators. This is the attacker
of Fischetti & Salazar (2001): what it can't rule out is the range of a number over all atoms that fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.optimize as opt
import scipy.sparse as sp

# HiGHS keeps its constraints to 1e-7; a whole count is off by far less than this.
TOLERANCE = 1e-6
# A programme of this size takes hundredths of a second. One that takes a minute is a failure, and failing hides.
_OPTIONS = {"time_limit": 60.0}
_OPTIMAL, _INFEASIBLE = 0, 2
# How many atoms are tried to make up for another one, before a programme is solved instead.
_OTHERS = 30


class SolverFailed(Exception):
    """A linear programme ended without an answer, so nothing is known about what it was asked."""


@dataclass(frozen=True)
class System:
    """Numbers ("cells") that share atoms or stand in one figure.

    matrix: cells × atoms, how much of an atom is in a cell. true: the cells' values. low, high: what is known of a cell when
    it is shown. hard_low, hard_high: what is known also when it is hidden. rules: rows × atoms, which lie between rules_low and
    rules_high whatever is hidden: parts are no more than their wholes, and numbers of earlier releases.
    """

    matrix: sp.csr_matrix
    true: np.ndarray
    low: np.ndarray
    high: np.ndarray
    hard_low: np.ndarray
    hard_high: np.ndarray
    rules: sp.csr_matrix
    rules_low: np.ndarray
    rules_high: np.ndarray

    @property
    def cells(self) -> int:
        return int(self.matrix.shape[0])

    @property
    def atoms(self) -> int:
        return int(self.matrix.shape[1])

    def limits(self, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The limits of each cell's row, given which are hidden."""
        low = np.where(hidden, self.hard_low, np.maximum(self.low, self.hard_low))
        high = np.where(hidden, self.hard_high, np.minimum(self.high, self.hard_high))
        return low, high


def true_atoms(system: System) -> np.ndarray | None:
    """Atoms that make every cell's true value; None when there are none: then the structure is wrong and proves nothing."""
    slack = TOLERANCE * (1 + np.abs(system.true))
    atoms = _read_off(system)
    if atoms is None:
        # The rules stand among the rows: atoms that miss a cell by a hair must not break a rule by it.
        rows = sp.vstack([system.matrix, system.rules], format="csr")
        low = np.concatenate([system.true - slack, system.rules_low])
        high = np.concatenate([system.true + slack, system.rules_high])
        return cheapest(np.zeros(system.atoms), rows, low, high)
    at = system.rules @ atoms
    makes_cells = np.all(np.abs(system.matrix @ atoms - system.true) <= slack)
    keeps_rules = np.all((at >= system.rules_low - TOLERANCE) & (at <= system.rules_high + TOLERANCE))
    return atoms if makes_cells and keeps_rules else None


def _read_off(system: System) -> np.ndarray | None:
    """Where each atom is a cell of its own there is nothing to solve."""
    single = np.flatnonzero(np.diff(system.matrix.indptr) == 1)
    at = system.matrix.indptr[single]
    atoms = np.full(system.atoms, np.nan)
    atoms[system.matrix.indices[at]] = system.true[single] / system.matrix.data[at]
    return atoms if np.all(atoms >= 0) else None


class Moves:
    """What one atom more, or one atom more and another less, can do: enough for most cells, and no programme is needed."""

    def __init__(self, system: System, hidden: np.ndarray, atoms: np.ndarray) -> None:
        low, high = system.limits(hidden)
        rows = sp.vstack([system.matrix, system.rules])
        at = rows @ atoms
        self._system, self._atoms = system, atoms
        self._rows = rows.toarray()
        # Truth may lie outside of a limit by no more than the tolerance.
        self._up = np.maximum(np.concatenate([high, system.rules_high]) - at, 0.0)
        self._down = np.maximum(at - np.concatenate([low, system.rules_low]), 0.0)

    def reach(self, cell: int, goal: float) -> np.ndarray | None:
        """Values of all cells that bring `cell` to `goal` and fit what is known; None when no such move does."""
        by = goal - float(self._system.true[cell])
        start, end = self._system.matrix.indptr[cell], self._system.matrix.indptr[cell + 1]
        for atom, share in zip(
            self._system.matrix.indices[start:end], self._system.matrix.data[start:end], strict=True
        ):
            found = self._move(int(atom), by / float(share), cell)
            if found is not None:
                return found
        return None

    def _move(self, atom: int, by: float, cell: int) -> np.ndarray | None:
        if self._atoms[atom] + by < 0:
            return None
        column = self._rows[:, atom]
        tight = np.flatnonzero((column * by > self._up) | (-column * by > self._down))
        if len(tight) == 0:
            return self._values({atom: by})
        # Another atom makes up for it: it stands in every number that has no room, and not in the cell itself.
        is_other = (self._rows[tight] == column[tight, np.newaxis]).all(axis=0)
        is_other &= (self._rows[cell] == 0) & (self._atoms - by >= 0)
        others = np.flatnonzero(is_other)[:_OTHERS]
        changes = (column[:, np.newaxis] - self._rows[:, others]) * by
        fitting = (changes <= self._up[:, np.newaxis]) & (-changes <= self._down[:, np.newaxis])
        found = others[fitting.all(axis=0)]
        return self._values({atom: by, int(found[0]): -by}) if len(found) else None

    def _values(self, steps: dict[int, float]) -> np.ndarray:
        values = self._system.true.copy()
        for atom, by in steps.items():
            values += self._rows[: self._system.cells, atom] * by
        return values


def stretch(
    system: System, hidden: np.ndarray, cells: np.ndarray, goals: np.ndarray, upwards: bool
) -> np.ndarray | None:
    """Values of all cells that fit what is known and bring as many as possible of these cells to their goals.

    One programme that pushes all of `cells` towards `goals` at once, none beyond it. Returns None when nothing fits.
    """
    count, atoms = len(cells), system.atoms
    low, high = system.limits(hidden)
    pushed = sp.identity(count, format="csr")
    sign = -1.0 if upwards else 1.0
    # Upwards: reached ≤ cell and reached ≤ goal, sum of reached as high as possible. Downwards: missed ≥ cell - goal.
    rows = sp.bmat(
        [
            [system.matrix, sp.csr_matrix((system.cells, count))],
            [system.rules, sp.csr_matrix((len(system.rules_low), count))],
            [system.matrix[cells], -pushed],
        ],
        format="csr",
    )
    infinite = np.full(count, np.inf)
    row_low = np.concatenate([low, system.rules_low, np.zeros(count) if upwards else -infinite])
    row_high = np.concatenate([high, system.rules_high, infinite if upwards else goals])
    upper = np.concatenate([np.full(atoms, np.inf), goals if upwards else infinite])
    cost = np.concatenate([np.zeros(atoms), np.full(count, sign)])
    found = cheapest(cost, rows, row_low, row_high, upper)
    return None if found is None else np.asarray(system.matrix @ found[:atoms])


class Relaxed:
    """A system in which every shown cell may leave its limits at a price: where it does, it must be hidden.

    Kelly, Golden & Assad (1992) and Castro (2002): the cheapest way to bring one cell to a value names the cells whose
    hiding makes that value possible. The matrix is made once and serves every cell of the system.
    """

    def __init__(self, system: System, price: np.ndarray) -> None:
        self._system = system
        self._price = price
        self._bound = np.flatnonzero(np.isfinite(system.hard_high) | (system.hard_low > 0))
        cells, rules, bound = system.cells, len(system.rules_low), len(self._bound)
        own = sp.identity(cells, format="csr")
        self._rows = sp.bmat(
            [
                [system.matrix, -own, own],
                [system.rules, sp.csr_matrix((rules, cells)), sp.csr_matrix((rules, cells))],
                [system.matrix[self._bound], sp.csr_matrix((bound, cells)), sp.csr_matrix((bound, cells))],
            ],
            format="csr",
        )

    def reach(self, hidden: np.ndarray, cell: int, goal: float, upwards: bool) -> tuple[np.ndarray, np.ndarray] | None:
        """Values of all cells that bring `cell` to `goal`, and which shown cells leave their limits for it.

        Returns None when hiding everything would not do it.
        """
        system = self._system
        low, high = system.limits(hidden)
        if upwards:
            low[cell] = max(low[cell], goal)
        else:
            high[cell] = min(high[cell], goal)
        if low[cell] > high[cell]:
            return None
        row_low = np.concatenate([low, system.rules_low, system.hard_low[self._bound]])
        row_high = np.concatenate([high, system.rules_high, system.hard_high[self._bound]])
        free = np.where(hidden, 0.0, np.inf)
        upper = np.concatenate([np.full(system.atoms, np.inf), free, free])
        cost = np.concatenate([np.zeros(system.atoms), self._price, self._price])
        found = cheapest(cost, self._rows, row_low, row_high, upper)
        if found is None:
            return None
        values = np.asarray(system.matrix @ found[: system.atoms])
        return values, ~fits(system, hidden, values)


def fits(system: System, hidden: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Per cell (the last axis) whether these values lie within what is known of it."""
    low, high = system.limits(hidden)
    slack = TOLERANCE * (1 + np.abs(values))
    return np.asarray((values >= low - slack) & (values <= high + slack))


def cheapest(
    cost: np.ndarray, rows: sp.csr_matrix, low: np.ndarray, high: np.ndarray, upper: np.ndarray | None = None
) -> np.ndarray | None:
    """The cheapest vector of zero or more with low ≤ rows · vector ≤ high; None when there is none.

    Raises SolverFailed when the programme ended without an answer.
    """
    most = np.full(len(cost), np.inf) if upper is None else upper
    found = opt.milp(
        cost,
        constraints=opt.LinearConstraint(rows, low, high),
        bounds=opt.Bounds(np.zeros(len(cost)), most),
        options=_OPTIONS,
    )
    if found.status == _OPTIMAL and found.x is not None:
        return np.asarray(found.x)
    if found.status == _INFEASIBLE:
        return None
    raise SolverFailed(f"the linear programme of {len(cost)} numbers stopped: {found.message}")
