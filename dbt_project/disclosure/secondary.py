"""Which numbers are hidden besides, so that none of the sensitive ones can be worked out.

Belongs here: the choice, and the proof that goes with it. Does not belong here: the programmes themselves (`attacker`).

A number is protected when for both ends of its protection interval there are values of all numbers that reach it and fit
everything that is shown. Such values are kept as witnesses: they prove safety by themselves, whatever the solver thought.
Hiding more never spoils a witness, so each end is dealt with once and the work ends. Whatever can't be proven is hidden.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from dbt_project.disclosure.attacker import TOLERANCE, Moves, Relaxed, SolverFailed, System, fits, stretch, true_atoms

# Programmes that push many cells at once; what these don't prove is looked at cell by cell.
ROUNDS = 8


@dataclass(frozen=True)
class Ends:
    """The ends of protection intervals: cell, the value to be reached, and whether it is the upper one."""

    cells: np.ndarray
    goals: np.ndarray
    upwards: np.ndarray

    def reached_by(self, values: np.ndarray) -> np.ndarray:
        """Per end (the last axis) whether these values of all cells reach it."""
        at = values[..., self.cells]
        slack = TOLERANCE * (1 + np.abs(self.goals))
        return np.asarray(np.where(self.upwards, at >= self.goals - slack, at <= self.goals + slack))


@dataclass(frozen=True)
class Protected:
    """hidden: all cells that must be hidden. least, most: the furthest values shown to be possible. exposed: sensitive
    cells that stay open whatever is hidden, by earlier releases. is_unsound: the parts don't make up the numbers."""

    hidden: np.ndarray
    least: np.ndarray
    most: np.ndarray
    exposed: np.ndarray
    is_unsound: bool = False


def protect(
    system: System, hidden: np.ndarray, protect_low: np.ndarray, protect_high: np.ndarray, price: np.ndarray,
    follow: list[np.ndarray],
) -> Protected:  # fmt: skip
    """Hide what is needed for the cells with a protection interval (NaN: none) to keep it.

    `price`: what hiding a cell costs. `follow[cell]`: cells that are hidden with it (the numerators of a denominator).
    """
    try:
        return _protect(system, hidden, _ends(protect_low, protect_high), price, follow)
    except SolverFailed:
        logging.getLogger(__name__).exception(
            "%s numbers that hang together are hidden: no proof was found", system.cells
        )
        return _everything(system)


def _protect(system: System, hidden: np.ndarray, ends: Ends, price: np.ndarray, follow: list[np.ndarray]) -> Protected:
    atoms = true_atoms(system)
    if atoms is None:
        return _everything(system)
    witnesses = [system.true]
    open_ends = ~ends.reached_by(system.true)
    open_ends = _prove_by_moves(Moves(system, hidden, atoms), ends, open_ends, witnesses)
    open_ends = _prove_together(system, hidden, ends, open_ends, witnesses)
    now, exposed_ends = _prove_singly(system, hidden, ends, open_ends, witnesses, price, follow)
    now = _show_again(system, hidden, now, ends, np.array(witnesses), price, follow)
    valid = np.array([witness for witness in witnesses if fits(system, now, witness).all()])
    if len(valid) == 0 or not ends.reached_by(valid).any(axis=0).all():
        return _everything(system)
    exposed = np.zeros(system.cells, dtype=bool)
    exposed[ends.cells[exposed_ends]] = True
    return Protected(now, valid.min(axis=0), valid.max(axis=0), exposed)


def _everything(system: System) -> Protected:
    whole = np.ones(system.cells, dtype=bool)
    return Protected(whole, system.hard_low, system.hard_high, np.zeros(system.cells, dtype=bool), is_unsound=True)


def _ends(protect_low: np.ndarray, protect_high: np.ndarray) -> Ends:
    cells = np.flatnonzero(~np.isnan(protect_low))
    return Ends(
        np.concatenate([cells, cells]),
        np.concatenate([protect_low[cells], protect_high[cells]]),
        np.concatenate([np.zeros(len(cells), dtype=bool), np.ones(len(cells), dtype=bool)]),
    )


def _prove_by_moves(moves: Moves, ends: Ends, open_ends: np.ndarray, witnesses: list[np.ndarray]) -> np.ndarray:
    """The ends that moving one or two atoms reaches."""
    still = open_ends.copy()
    for end in np.flatnonzero(open_ends):
        if not still[end]:
            continue
        values = moves.reach(int(ends.cells[end]), float(ends.goals[end]))
        if values is not None:
            witnesses.append(values)
            still &= ~ends.reached_by(values)
    return still


def _prove_together(
    system: System, hidden: np.ndarray, ends: Ends, open_ends: np.ndarray, witnesses: list[np.ndarray]
) -> np.ndarray:
    """Push many ends at once and cross off those that were reached, as long as that helps."""
    for upwards in (True, False):
        for _ in range(ROUNDS):
            chosen = np.flatnonzero(open_ends & (ends.upwards == upwards))
            if len(chosen) == 0:
                break
            values = stretch(system, hidden, ends.cells[chosen], ends.goals[chosen], upwards)
            if values is None or not fits(system, hidden, values).all():
                break
            still = open_ends & ~ends.reached_by(values)
            if still.sum() == open_ends.sum():
                break
            witnesses.append(values)
            open_ends = still
    return open_ends


def _prove_singly(
    system: System, hidden: np.ndarray, ends: Ends, open_ends: np.ndarray, witnesses: list[np.ndarray], price: np.ndarray,
    follow: list[np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """For each end that is left the cheapest cells whose hiding makes it possible; with the ends that nothing helps.

    Of such an end, given away by an earlier release, as much is kept as can be: its goal becomes what is still possible.
    """
    now, exposed = hidden.copy(), np.zeros(len(open_ends), dtype=bool)
    relaxed = Relaxed(system, price) if open_ends.any() else None
    while relaxed is not None and open_ends.any():
        end = int(np.flatnonzero(open_ends)[0])
        cell, upwards = int(ends.cells[end]), bool(ends.upwards[end])
        found = relaxed.reach(now, cell, float(ends.goals[end]), upwards)
        if found is None:
            exposed[end] = True
            ends.goals[end] = _furthest(system, cell, float(ends.goals[end]), upwards)
            found = relaxed.reach(now, cell, float(ends.goals[end]), upwards)
        if found is None:
            raise SolverFailed("two programmes contradict each other")
        values, beyond = found
        now = with_followers(now | beyond, follow)
        witnesses.append(values)
        open_ends &= ~ends.reached_by(values)
        open_ends[end] = False
    return now, exposed


def _furthest(system: System, cell: int, goal: float, upwards: bool) -> float:
    """How near to the goal a cell can come when all is hidden, less what the solver's precision may miss."""
    values = stretch(system, np.ones(system.cells, dtype=bool), np.array([cell]), np.array([goal]), upwards)
    if values is None:
        raise SolverFailed("nothing fits what earlier releases showed")
    truth, at = float(system.true[cell]), float(values[cell])
    back = TOLERANCE * (1 + abs(at))
    return max(truth, at - back) if upwards else min(truth, at + back)


def with_followers(hidden: np.ndarray, follow: list[np.ndarray]) -> np.ndarray:
    """The hidden cells with all that is hidden with them, and with these in turn."""
    now = hidden.copy()
    waiting = list(np.flatnonzero(hidden))
    while waiting:
        for other in follow[waiting.pop()]:
            if not now[other]:
                now[other] = True
                waiting.append(other)
    return now


def _show_again(
    system: System, first: np.ndarray, hidden: np.ndarray, ends: Ends, values: np.ndarray, price: np.ndarray,
    follow: list[np.ndarray],
) -> np.ndarray:  # fmt: skip
    """Show cells that were hidden on the way and are not needed in the end, the dearest first.

    Every end must keep a witness that fits what is then shown; no new programme is needed to know that.
    """
    reached = ends.reached_by(values)
    alive = np.ones(len(values), dtype=bool)
    now = hidden.copy()
    followed_by = _reversed(follow)
    extra = np.flatnonzero(hidden & ~first)
    for cell in extra[np.argsort(-price[extra], kind="stable")]:
        if any(now[leader] for leader in followed_by[cell]):
            continue
        low, high = max(system.low[cell], system.hard_low[cell]), min(system.high[cell], system.hard_high[cell])
        slack = TOLERANCE * (1 + np.abs(values[:, cell]))
        left = alive & (values[:, cell] >= low - slack) & (values[:, cell] <= high + slack)
        if reached[left].any(axis=0).all():
            now[cell], alive = False, left
    return now


def _reversed(follow: list[np.ndarray]) -> list[list[int]]:
    leaders: list[list[int]] = [[] for _ in follow]
    for leader, followers in enumerate(follow):
        for follower in followers:
            leaders[follower].append(leader)
    return leaders
