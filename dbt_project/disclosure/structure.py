"""How numbers hang together: rows become cells, and cells that share atoms or stand in one figure become systems.

Belongs here: reading the tables of `engine.decide` into arrays, and what is known of each cell when shown, by earlier
releases and by its figure. Does not belong here: what is hidden.

Two rows with the same atoms are one cell: a wijk of one buurt, or the denominator of three indicators. They are shown or
hidden together. Atoms that stand in the same cells can't be told apart and are added up to one, which keeps systems small.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from dbt_project.disclosure import releases
from dbt_project.disclosure.attacker import System, true_atoms

# What a reader may combine. Leaving one out shows that it is needed (tests/path/test_attack.py); nothing else does.
ALL_RELATIONS = frozenset(
    {
        "hierarchy",  # buurten in wijken, wijken in the municipality
        "area_sets",  # HN13 beside HN14, the rest of Heerlen beside the municipality
        "breakdowns",  # a total beside its breakdowns
        "pairs",  # numerator, denominator and the value that follows from both
        "releases",  # what earlier releases showed
    }
)

# What is lost when a number is hidden, by area and for a breakdown: totals of Heerlen-Noord last, small areas first. Sets
# that stand beside the default (HN13 with its rest) are needed less than the default.
AREA_PRICE = {
    "country": 2000.0,
    "region": 2000.0,
    "municipality": 1000.0,
    "programme_area": 400.0,
    "wijk": 10.0,
    "buurt": 4.0,
}
UNUSUAL_SETS = {"HN13": 150.0, "RH13": 150.0}
BREAKDOWN_PRICE = 0.3

# Amounts in a system are brought to this size, where the solver's tolerance is small beside half a unit.
_LARGEST = 1e4


@dataclass(frozen=True)
class Cells:
    """Cells as arrays of one length; `cell_of_row` says in which cell a row is (-1: in none, such as constants).

    matrix: cells × atoms. low, high, hard_low, hard_high: see `attacker.System`. cap: the open denominator that a cell is a part
    of, infinite where there is none. parts, wholes: cells of which everybody knows that the first is part of the second,
    pairwise. protect_low, protect_high: NaN where nothing is sensitive. follow: per cell the cells that are hidden with it.
    component: the system of each cell.
    past: what earlier releases had of the cells (`releases.history`).
    """

    cell_of_row: np.ndarray
    matrix: sp.csr_matrix
    true: np.ndarray
    is_amount: np.ndarray
    low: np.ndarray
    high: np.ndarray
    hard_low: np.ndarray
    hard_high: np.ndarray
    cap: np.ndarray
    parts: np.ndarray
    wholes: np.ndarray
    protect_low: np.ndarray
    protect_high: np.ndarray
    is_hidden: np.ndarray
    price: np.ndarray
    follow: list[np.ndarray]
    component: np.ndarray
    past: pd.DataFrame

    def systems(self) -> Iterator[np.ndarray]:
        """The cells of each system, in one order."""
        order = np.argsort(self.component, kind="stable")
        ends = np.flatnonzero(np.diff(self.component[order])) + 1
        yield from (np.split(order, ends) if len(order) else [])

    def scale(self, members: np.ndarray) -> float:
        """What amounts of a system are divided by; counts are left as they are."""
        largest = float(self.true[members].max(initial=0.0))
        return largest / _LARGEST if self.is_amount[members].any() and largest > _LARGEST else 1.0

    def system(self, members: np.ndarray) -> tuple[System, np.ndarray | None]:
        """The system of these cells, scaled, and the true value of its atoms (None: they don't make up the cells)."""
        scale = self.scale(members)
        pairs = self._places(members, np.flatnonzero(self.component[self.parts] == self.component[members[0]]))
        rows = self.matrix[members]
        matrix = rows[:, np.unique(rows.indices)].tocsr()
        system = System(
            matrix=matrix,
            true=self.true[members] / scale,
            low=self.low[members] / scale,
            high=self.high[members] / scale,
            hard_low=self.hard_low[members] / scale,
            hard_high=self.hard_high[members] / scale,
            rules=matrix[pairs[1]] - matrix[pairs[0]],
            rules_low=np.zeros(pairs.shape[1]),
            rules_high=np.full(pairs.shape[1], np.inf),
        )
        atoms = true_atoms(system)
        past = self._past_of(members)
        if atoms is None or past.empty:
            return system, atoms
        versions = releases.versions(past, members, scale)
        return releases.remember(system, atoms, pairs, self.cap[members] / scale, versions)

    def followers(self, members: np.ndarray) -> list[np.ndarray]:
        """`follow` of these cells, by their places."""
        place = {int(cell): at for at, cell in enumerate(members)}
        return [np.array([place[int(other)] for other in self.follow[cell]], dtype=np.int64) for cell in members]

    def _places(self, members: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        at = np.zeros(len(self.true), dtype=np.int64)
        at[members] = np.arange(len(members))
        return np.stack([at[self.parts[pairs]], at[self.wholes[pairs]]])

    def _past_of(self, members: np.ndarray) -> pd.DataFrame:
        return self.past.iloc[self._past_by_component.get(int(self.component[members[0]]), [])]

    @cached_property
    def _past_by_component(self) -> dict[int, np.ndarray]:
        return self.past.groupby(self.component[self.past["cell"].to_numpy(dtype=np.int64)]).indices  # type: ignore[return-value]


def gather(rows: pd.DataFrame, parts: pd.DataFrame, before: pd.DataFrame, relations: frozenset[str]) -> Cells:
    """Make cells of the rows that have a known value and parts."""
    cell_of_row, first, matrix = _cells(_entries(rows, parts, relations), len(rows))
    heads = rows.iloc[first].reset_index(drop=True)
    is_whole = _is_whole(matrix)
    known = releases.known(heads["shown"], heads["rounding"], heads["least_count"], heads["kind"] == "amount", is_whole)
    hard_low, hard_high = np.zeros(len(first)), np.full(len(first), np.inf)
    past = releases.history(rows, before if "releases" in relations else before.iloc[:0], cell_of_row, is_whole)
    releases.narrow(past, matrix, hard_low, hard_high)
    pairs, orders = _pairs(rows, cell_of_row), _orders(rows, cell_of_row)
    if "pairs" not in relations:
        pairs, orders = pairs.iloc[:0], orders.iloc[:0]
    cap = _caps(rows, cell_of_row, len(first)) if "pairs" in relations else np.full(len(first), np.inf)
    follow = _followers(pairs, len(first))
    shares = pd.concat([pairs[pairs["is_share"]], orders])[["part", "whole"]]
    shares = shares[shares["part"] != shares["whole"]].drop_duplicates()
    part, whole = shares["part"].to_numpy(dtype=np.int64), shares["whole"].to_numpy(dtype=np.int64)
    protect_low, protect_high, is_hidden = _sensitive(rows, cell_of_row, len(first))
    return Cells(
        cell_of_row=cell_of_row,
        matrix=matrix,
        true=heads["true_value"].to_numpy(dtype=float),
        is_amount=(heads["kind"] == "amount").to_numpy(dtype=bool),
        low=known[0],
        high=known[1],
        hard_low=hard_low,
        hard_high=np.minimum(hard_high, cap),
        cap=cap,
        parts=part,
        wholes=whole,
        protect_low=protect_low,
        protect_high=protect_high,
        is_hidden=is_hidden,
        price=_prices(rows, cell_of_row, follow),
        follow=follow,
        component=_components(matrix, pd.concat([pairs, orders])),
        past=past,
    )


def _entries(rows: pd.DataFrame, parts: pd.DataFrame, relations: frozenset[str]) -> pd.DataFrame:
    """row, atom (numbers from 0) and share: one entry per row and atom, in that order."""
    usable = rows["is_controlled"] & rows["has_parts"] & (rows["true_value"] >= 0)
    place = pd.Series(rows.index[usable], index=rows["quantity_id"][usable])
    row = parts["quantity_id"].map(place)
    kept = row.notna()
    scopes = _scopes(rows, relations)
    row = row[kept].astype("int64")
    atom, _ = pd.factorize(parts["atom_id"][kept], sort=True)
    scope, _ = pd.factorize(scopes.iloc[row.to_numpy()], sort=True)
    share = parts["share"][kept].astype("float64") if "share" in parts.columns else pd.Series(1.0, index=row.index)
    entries = pd.DataFrame(
        {
            "row": row.to_numpy(),
            "atom": atom.astype(np.int64) * (scope.max(initial=0) + 1) + scope,
            "share": share.to_numpy(),
        }
    )
    entries["atom"] = pd.factorize(entries["atom"], sort=True)[0]
    return entries.groupby(["row", "atom"], sort=True)[["share"]].sum().reset_index()


def _scopes(rows: pd.DataFrame, relations: frozenset[str]) -> pd.Series:
    """What keeps atoms of rows apart whose relation is left out; one text for all when none is."""
    scope = pd.Series("", index=rows.index)
    if "hierarchy" not in relations:
        scope = scope + "|" + rows["area_type"].fillna("")
    if "area_sets" not in relations:
        scope = scope + "|" + rows["area_code"].where(rows["area_type"] == "programme_area", "")
    if "breakdowns" not in relations:
        scope = scope + "|" + rows["breakdown"]
    return scope


def _cells(entries: pd.DataFrame, row_count: int) -> tuple[np.ndarray, np.ndarray, sp.csr_matrix]:
    """The cell of each row, the first row of each cell, and cells × merged atoms."""
    cell_of_row = np.full(row_count, -1, dtype=np.int64)
    row_ids, cell_of = _same_columns(entries["row"], entries["atom"], entries["share"])
    cell_of_row[row_ids] = cell_of
    _, first_at = np.unique(cell_of, return_index=True)
    first = row_ids[first_at]
    own = entries[entries["row"].isin(first)].sort_values(["atom", "row"], kind="stable")
    cell = pd.Series(cell_of_row[own["row"].to_numpy()], index=own.index)
    atom_ids, merged_of = _same_columns(own["atom"], cell, own["share"])
    _, kept_at = np.unique(merged_of, return_index=True)
    kept = own[own["atom"].isin(atom_ids[kept_at])]
    column = np.zeros(int(entries["atom"].max()) + 1 if len(entries) else 0, dtype=np.int64)
    column[atom_ids] = merged_of
    shape = (len(first), len(kept_at))
    place = (cell_of_row[kept["row"].to_numpy()], column[kept["atom"].to_numpy()])
    return cell_of_row, first, sp.csr_matrix((kept["share"].to_numpy(), place), shape=shape)


def _same_columns(key: pd.Series, member: pd.Series, share: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Keys with the same members and shares get the same number, from 0 in order of appearance. Sorted by key."""
    keys = key.to_numpy()
    starts = np.flatnonzero(np.diff(keys, prepend=-1)) if len(keys) else np.zeros(0, dtype=np.int64)
    ends = np.append(starts[1:], len(keys))[: len(starts)]
    members, shares = member.to_numpy(dtype=np.int64), share.to_numpy(dtype=np.float64)
    numbers: dict[tuple[bytes, bytes], int] = {}
    found = [
        numbers.setdefault((members[start:end].tobytes(), shares[start:end].tobytes()), len(numbers))
        for start, end in zip(starts, ends, strict=True)
    ]
    return keys[starts], np.array(found, dtype=np.int64)


def _is_whole(matrix: sp.csr_matrix) -> np.ndarray:
    """Cells whose atoms are never divided, so that they are whole numbers."""
    fractional = matrix.copy()
    fractional.data = (fractional.data != np.round(fractional.data)).astype(float)
    return np.asarray(fractional.sum(axis=1) == 0).ravel()


def _pairs(rows: pd.DataFrame, cell_of_row: np.ndarray) -> pd.DataFrame:
    """part, whole (cells) and is_share for each numerator whose denominator is a cell too."""
    base = rows["base_row"].to_numpy()
    whole = np.where(base >= 0, cell_of_row[base], -1)
    found = pd.DataFrame({"part": cell_of_row, "whole": whole, "is_share": rows["is_share"].to_numpy(dtype=bool)})
    return found[(found["part"] >= 0) & (found["whole"] >= 0)]


def _orders(rows: pd.DataFrame, cell_of_row: np.ndarray) -> pd.DataFrame:
    """part and whole (cells) for each count that is never more than another one, in a figure of its own or not."""
    row = rows["whole_row"].to_numpy()
    whole = np.where(row >= 0, cell_of_row[row], -1)
    found = pd.DataFrame({"part": cell_of_row, "whole": whole})
    return found[(found["part"] >= 0) & (found["whole"] >= 0)]


def _caps(rows: pd.DataFrame, cell_of_row: np.ndarray, count: int) -> np.ndarray:
    """A part of an open denominator is never more than it, and everybody knows."""
    high = np.full(count, np.inf)
    base = rows["base_row"].to_numpy()
    is_capped = (base >= 0) & (cell_of_row >= 0) & rows["is_share"].to_numpy(dtype=bool)
    is_capped &= rows["is_constant"].to_numpy(dtype=bool)[base]
    cap = np.maximum(rows["base"].to_numpy(dtype=float), rows["true_value"].to_numpy(dtype=float))
    np.minimum.at(high, cell_of_row[is_capped], cap[is_capped])
    return high


def _followers(pairs: pd.DataFrame, count: int) -> list[np.ndarray]:
    follow = [np.zeros(0, dtype=np.int64)] * count
    others = pairs[pairs["part"] != pairs["whole"]][["whole", "part"]].drop_duplicates().sort_values(["whole", "part"])
    whole, part = others["whole"].to_numpy(dtype=np.int64), others["part"].to_numpy(dtype=np.int64)
    wholes, starts = np.unique(whole, return_index=True)
    for cell, members in zip(wholes, np.split(part, starts[1:]), strict=bool(len(wholes))):
        follow[cell] = members
    return follow


def _sensitive(rows: pd.DataFrame, cell_of_row: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per cell the widest protection interval that one of its rows asks for, and whether one of them is hidden."""
    low, high, is_hidden = np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, dtype=bool)
    within = cell_of_row >= 0
    np.fmin.at(low, cell_of_row[within], rows["protect_low"].to_numpy(dtype=float)[within])
    np.fmax.at(high, cell_of_row[within], rows["protect_high"].to_numpy(dtype=float)[within])
    is_hidden[cell_of_row[within & rows["reason"].notna().to_numpy()]] = True
    return low, high, is_hidden


def _prices(rows: pd.DataFrame, cell_of_row: np.ndarray, follow: list[np.ndarray]) -> np.ndarray:
    """What is lost when a cell is hidden, with all that is hidden with it.

    The logarithm keeps a large number dearer than a small one; the last digits, made of the row's own id, keep two choices
    from costing the same, so that every machine takes the same one.
    """
    price = rows["area_type"].map(AREA_PRICE).fillna(AREA_PRICE["wijk"]).to_numpy(dtype=float)
    unusual = rows["area_code"].map(UNUSUAL_SETS).to_numpy(dtype=float)
    price = np.where(np.isnan(unusual), price, unusual)
    price = price * np.where(rows["breakdown"] == "total", 1.0, BREAKDOWN_PRICE)
    price = price * (1 + np.log1p(np.maximum(rows["true_value"].to_numpy(dtype=float), 0.0)) / 10)
    tie = np.array([zlib.crc32(str(key).encode()) for key in rows["quantity_id"]], dtype=float) / 2**32
    total = np.zeros(len(follow))
    within = cell_of_row >= 0
    np.add.at(total, cell_of_row[within], (price * (1 + 1e-3 * tie))[within])
    return np.asarray(total + np.array([total[followers].sum() for followers in follow]))


def _components(matrix: sp.csr_matrix, pairs: pd.DataFrame) -> np.ndarray:
    """The system of each cell: joined by atoms, or by standing in one figure."""
    cells, atoms = matrix.shape
    if cells == 0:
        return np.zeros(0, dtype=np.int64)
    place = matrix.tocoo()
    part, whole = pairs["part"].to_numpy(dtype=np.int64), pairs["whole"].to_numpy(dtype=np.int64)
    start, end = np.concatenate([place.row, part]), np.concatenate([cells + place.col, whole])
    graph = sp.coo_matrix((np.ones(len(start)), (start, end)), shape=(cells + atoms, cells + atoms))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels[:cells])
