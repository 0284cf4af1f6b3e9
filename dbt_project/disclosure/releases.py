"""What a reader keeps of earlier releases, and what it is worth after a correction.

Belongs here: finding the numbers of earlier releases that are about the same counts, and turning them into limits. Does not
belong here: which numbers a release showed (control.published).

A number that fits the present count is taken to be about it. After a correction more follows, for somebody who knows or
guesses which counts were corrected: the others are still the same, so two versions of a total say something about them
together. The corrected counts of then become atoms of their own beside those of now. Which ones they are follows from the
true values that the ledger keeps: the fewest changes that explain all differences. Without these (a ledger made anew from old
releases) only the first holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy.sparse as sp

from dbt_project.disclosure import rules
from dbt_project.disclosure.attacker import TOLERANCE, System, cheapest

# What says that a number of an earlier release and one of this are the same.
KEY = ("feed_id", "subject", "code", "role", "area_code", "period_type", "period_start", "breakdown")

# HiGHS keeps its constraints to 1e-7; differences of whole counts are exact.
_PRECISION = 1e-7


@dataclass(frozen=True)
class Version:
    """The cells of one system as an earlier release had them. true: NaN when unknown. low, high: NaN when not shown."""

    true: np.ndarray
    low: np.ndarray
    high: np.ndarray


def history(rows: pd.DataFrame, before: pd.DataFrame, cell_of_row: np.ndarray, is_whole: np.ndarray) -> pd.DataFrame:
    """What earlier releases had of numbers that are there today, oldest first; releases sort by their ids.

    Columns: row, cell, release_id, low, high (NaN: hidden), then (the true value of then, NaN: unknown), now.
    """
    today = rows.assign(cell=cell_of_row, row=np.arange(len(rows)))[[*KEY, "row", "cell", "true_value", "least_count"]]
    today = today[today["cell"] >= 0].rename(columns={"true_value": "now", "least_count": "least_count_now"})
    then = before.rename(columns={"true_value": "then"}).assign(period_start=_days(before))
    found = today.assign(period_start=_days(today)).merge(then, on=list(KEY), how="inner")
    for optional in ("then", "least_count"):
        found[optional] = pd.to_numeric(found[optional]) if optional in found.columns else np.nan
    rounding = pd.to_numeric(found["rounding"]).astype("float64")
    shown = pd.to_numeric(found["shown_value"]).astype("float64").where(found["is_shown"].astype(bool))
    least = found["least_count"].fillna(found["least_count_now"])
    found["low"], found["high"] = known(
        shown, rounding, least, rounding.isna(), is_whole[found["cell"].to_numpy(np.int64)]
    )
    columns = ["row", "cell", "release_id", "low", "high", "then", "now"]
    return found[columns].sort_values(["release_id", "row"], kind="stable").reset_index(drop=True)


def known(
    shown: pd.Series, rounding: pd.Series, least_count: pd.Series, is_amount: pd.Series, is_whole: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The limits that a shown number tells; NaN for one that isn't shown."""
    value = shown.to_numpy(dtype=float)
    of_amounts = rules.known_of_amounts(value)
    of_counts = rules.known_of_counts(
        value, rounding.to_numpy(dtype=float), least_count.to_numpy(dtype=float), is_whole
    )
    amount = is_amount.to_numpy(dtype=bool)
    return np.where(amount, of_amounts[0], of_counts[0]), np.where(amount, of_amounts[1], of_counts[1])


def _days(table: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(table["period_start"]).dt.strftime("%Y-%m-%d")


def narrow(past: pd.DataFrame, matrix: sp.csr_matrix, low: np.ndarray, high: np.ndarray) -> None:
    """Narrow the cells' limits by every earlier number that the present count fits.

    Not by that of a total in which a part visibly changed: whoever sees that knows that the total is another one too, and
    what it said of then is weighed as such (`versions`).
    """
    value, slack = past["now"].to_numpy(dtype=float), TOLERANCE * (1 + past["now"].to_numpy(dtype=float))
    then_low, then_high = past["low"].to_numpy(dtype=float), past["high"].to_numpy(dtype=float)
    cell = past["cell"].to_numpy(dtype=np.int64)
    stands = (value >= then_low - slack) & (value <= then_high + slack)
    is_changed = np.abs(past["then"].to_numpy(dtype=float) - value) > slack
    stands &= ~(is_changed & _holds_one_of(matrix, np.unique(cell[is_changed & ~stands & ~np.isnan(then_low)]))[cell])
    np.maximum.at(low, cell[stands], np.minimum(then_low, value)[stands])
    np.minimum.at(high, cell[stands], np.maximum(then_high, value)[stands])


def _holds_one_of(matrix: sp.csr_matrix, parts: np.ndarray) -> np.ndarray:
    """Per cell whether it holds all atoms of one of these."""
    has = (matrix != 0).astype(np.int64)
    part_of = has[parts]
    common = (has @ part_of.T).tocoo()
    holds = np.zeros(matrix.shape[0], dtype=bool)
    holds[common.row[common.data == np.diff(part_of.indptr)[common.col]]] = True
    return holds


def versions(past: pd.DataFrame, members: np.ndarray, scale: float) -> Iterator[Version]:
    """The releases in which a count of this system differed from what it is now; `past` holds the system's rows only."""
    differs = (past["then"] - past["now"]).abs() > TOLERANCE * (1 + past["now"])
    place = pd.Series(np.arange(len(members)), index=members)
    for release_id in sorted(past["release_id"][differs].unique()):
        state = past[past["release_id"] <= release_id].drop_duplicates("row", keep="last")
        by_cell = state.groupby("cell").agg({"then": "first", "low": "max", "high": "min"})
        values = np.full((3, len(members)), np.nan)
        values[:, place[by_cell.index].to_numpy()] = by_cell.to_numpy(dtype=float).T / scale
        yield Version(*values)


def remember(
    system: System, atoms: np.ndarray, pairs: np.ndarray, cap: np.ndarray, earlier: Iterator[Version]
) -> tuple[System, np.ndarray]:
    """The system with the corrected counts of earlier releases as further atoms, and the true value of all atoms.

    `pairs`: part and whole (places of cells), two rows. `cap`: what a cell never exceeds, then as little as now. A version that
    no change of counts explains is about another structure (an area set has other members now) and is left out.
    """
    for version in earlier:
        is_known = ~np.isnan(version.true)
        found = _change(system, is_known, (version.true - system.true)[is_known])
        if found is not None:
            system, atoms = _with_version(system, found[0], pairs, cap, version, found[1])
    return system, atoms


def _change(system: System, is_known: np.ndarray, difference: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Atoms of now and their least change, then against now, that explain the differences of these cells.

    Both are sought together: which atoms of now make the cells is not known, and a change must not be turned away because others
    were chosen. Differences are exact, so little more than the solver's own precision is forgiven: forgiving a millionth of a
    large number let it move half a thousandth to another atom, which then counted as corrected and tied nothing any more.
    """
    matrix, slack = system.matrix[is_known], _PRECISION * (1 + np.abs(difference))
    room, count = TOLERANCE * (1 + np.abs(system.true)), system.atoms
    each = sp.identity(count, format="csr")
    # Columns: atoms of now, how much more each was then, how much less. Never less than nothing.
    rows = sp.bmat(
        [[system.matrix, None, None], [system.rules, None, None], [None, matrix, -matrix], [each, each, -each]],
        format="csr",
    )
    low = np.concatenate([system.true - room, system.rules_low, difference - slack, np.zeros(count)])
    high = np.concatenate([system.true + room, system.rules_high, difference + slack, np.full(count, np.inf)])
    found = cheapest(np.concatenate([np.zeros(count), np.ones(2 * count)]), rows, low, high)
    if found is None:
        return None
    change = found[count : 2 * count] - found[2 * count :]
    return found[:count], np.where(np.abs(change) > 10 * slack.max(initial=_PRECISION), change, 0.0)


def _with_version(
    system: System, atoms: np.ndarray, pairs: np.ndarray, cap: np.ndarray, version: Version, change: np.ndarray
) -> tuple[System, np.ndarray]:
    changed = np.flatnonzero(change)
    stays = sp.diags_array((change == 0).astype(float))
    then = sp.hstack([system.matrix @ stays, system.matrix[:, changed]], format="csr")
    touches = np.asarray((system.matrix[:, changed] != 0).sum(axis=1)).ravel() > 0
    # An open denominator may have been another one then, but never less than what was a part of it.
    low, high = np.fmax(version.low, 0.0), np.fmin(version.high, np.fmax(cap, version.true))
    known_of = np.flatnonzero(touches & (~np.isnan(version.low) | np.isfinite(cap)))
    part, whole = pairs[:, (touches[pairs] & ~np.isnan(version.true[pairs])).any(axis=0)]
    longer = sp.csr_matrix((system.cells, len(changed)))
    old_rules = sp.hstack([system.rules, sp.csr_matrix((len(system.rules_low), len(changed)))], format="csr")
    together = replace(
        system,
        matrix=sp.hstack([system.matrix, longer], format="csr"),
        rules=sp.vstack([old_rules, then[known_of], then[whole] - then[part]], format="csr"),
        rules_low=np.concatenate([system.rules_low, low[known_of], np.zeros(len(part))]),
        rules_high=np.concatenate([system.rules_high, high[known_of], np.full(len(part), np.inf)]),
    )
    return together, np.concatenate([atoms, (atoms + change)[changed]])
