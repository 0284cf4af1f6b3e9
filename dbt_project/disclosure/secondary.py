"""Which numbers are hidden besides, so that none of the sensitive ones can be worked out.

Belongs here: the choice, and the proof that goes with it. Does not belong here: the programmes themselves (`attacker`).

A number is protected when for both ends of its protection interval there are values of all numbers that reach it and fit
everything that is shown. Such values are kept as witnesses: they prove safety by themselves, whatever the solver thought.
Hiding more never spoils a witness, so each end is dealt with once and the work ends. Whatever can't be proven is hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbt_project.disclosure.attacker import TOLERANCE, Relaxed, System, agrees, fits, stretch

# Programmes that push many cells at once; what these don't prove is looked at cell by cell.
ROUNDS = 8


@dataclass(frozen=True)
class Ends:
    """The ends of protection intervals: cell, the value to be reached, and whether it is the upper one."""

    cells: np.ndarray
    goals: np.ndarray
    upwards: np.ndarray

    def reached_by(self, values: np.ndarray) -> np.ndarray:
        at = values[self.cells]
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
    if not agrees(system):
        return _everything(system)
    ends = _ends(protect_low, protect_high)
    witnesses = [system.true]
    open_ends = ~ends.reached_by(system.true)
    open_ends = _prove_together(system, hidden, ends, open_ends, witnesses)
    now, exposed_ends = _prove_singly(system, hidden, ends, open_ends, witnesses, price, follow)
    now = _show_again(system, hidden, now, ends, exposed_ends, witnesses, price, follow)
    values = np.array(witnesses)
    if not _is_proven(system, now, ends, exposed_ends, values):
        return _everything(system)
    valid = values[[bool(fits(system, now, witness).all()) for witness in values]]
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
    """For each end that is left the cheapest cells whose hiding makes it possible; with the ends that nothing helps."""
    now, exposed = hidden.copy(), np.zeros(len(open_ends), dtype=bool)
    relaxed = Relaxed(system, price) if open_ends.any() else None
    while relaxed is not None and open_ends.any():
        end = int(np.flatnonzero(open_ends)[0])
        found = relaxed.reach(now, int(ends.cells[end]), float(ends.goals[end]), bool(ends.upwards[end]))
        open_ends[end] = False
        if found is None:
            exposed[end] = True
            continue
        values, beyond = found
        now = with_followers(now | beyond, follow)
        if fits(system, now, values).all() and ends.reached_by(values)[end]:
            witnesses.append(values)
            open_ends &= ~ends.reached_by(values)
        else:
            exposed[end] = True
    return now, exposed


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
    system: System, first: np.ndarray, hidden: np.ndarray, ends: Ends, exposed: np.ndarray, witnesses: list[np.ndarray],
    price: np.ndarray, follow: list[np.ndarray],
) -> np.ndarray:  # fmt: skip
    """Show cells that were hidden on the way and are not needed in the end, the dearest first.

    Every end must keep a witness that fits what is then shown; no new programme is needed to know that.
    """
    values = np.array(witnesses)
    reached = np.array([ends.reached_by(witness) for witness in values])
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
        if np.all(reached[left].any(axis=0) | exposed):
            now[cell], alive = False, left
    return now


def _reversed(follow: list[np.ndarray]) -> list[list[int]]:
    leaders: list[list[int]] = [[] for _ in follow]
    for leader, followers in enumerate(follow):
        for follower in followers:
            leaders[follower].append(leader)
    return leaders


def _is_proven(system: System, hidden: np.ndarray, ends: Ends, exposed: np.ndarray, values: np.ndarray) -> bool:
    """Whether each end has a witness that fits all that is shown."""
    valid = [witness for witness in values if fits(system, hidden, witness).all()]
    if not valid:
        return False
    reached = np.array([ends.reached_by(witness) for witness in valid]).any(axis=0)
    return bool(np.all(reached | exposed))
