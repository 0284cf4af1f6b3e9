"""The outsider's view of what `decide` says: the tables and decisions as knowledge and targets of an attack.

Belongs here: an independent reading of the rules. Does not belong here: anything of the engine.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from tests.support.attack import Knowledge, Rule, Sum, Target, amounts_behind, counts_behind, promised

Row = dict[str, Any]


def rows_of(table: pd.DataFrame) -> list[Row]:
    """Rows as dictionaries: thousands of them are read cell by cell, for which pandas is slow."""
    return list(table.to_dict("records"))


def sums(parts: pd.DataFrame) -> dict[str, Sum]:
    found: dict[str, dict[str, float]] = {}
    for key, atom, share in parts[["quantity_id", "atom_id", "share"]].itertuples(index=False):
        found.setdefault(key, {})
        found[key][atom] = found[key].get(atom, 0.0) + share
    return dict(found)


def limits(row: Row, shown: float) -> tuple[float, float]:
    if row["kind"] == "amount":
        return amounts_behind(shown)
    return counts_behind(shown, row["rounding"], row["least_count"])


def knowledge(quantities: pd.DataFrame, parts: pd.DataFrame, decided: pd.DataFrame) -> Knowledge:
    """All that these decisions show."""
    known = Knowledge()
    add(known, quantities, parts, decided)
    return known


def add(known: Knowledge, quantities: pd.DataFrame, parts: pd.DataFrame, decided: pd.DataFrame) -> None:
    """Add what these decisions show, and which numbers are parts of which."""
    by_id, rows = sums(parts), rows_of(quantities)
    shown = {row["quantity_id"]: row["shown_value"] for row in rows_of(decided) if row["is_shown"]}
    for row in rows:
        key = row["quantity_id"]
        if row["kind"] != "open" and key in shown:
            known.add(by_id[key], *limits(row, shown[key]))
    _add_shares(known, rows, by_id)


def _add_shares(known: Knowledge, rows: list[Row], by_id: dict[str, Sum]) -> None:
    whole = {row["pair_id"]: row for row in rows if row["role"] == "denominator"}
    for row in rows:
        if row["role"] != "numerator" or not row["is_share"] or row["pair_id"] not in whole:
            continue
        base = whole[row["pair_id"]]
        if base["kind"] == "open":
            known.add(by_id[row["quantity_id"]], 0.0, base["true_value"])
        else:
            known.add_part_of(by_id[row["quantity_id"]], by_id[base["quantity_id"]])


def targets(quantities: pd.DataFrame, parts: pd.DataFrame) -> list[Target]:
    """What the rules promise to hide."""
    by_id, found, rows = sums(parts), [], rows_of(quantities)
    base = {row["pair_id"]: row["true_value"] for row in rows if row["role"] == "denominator"}
    names = ("least_count", "rounding", "least_denominator", "least_population", "most_share")
    for row in rows:
        if row["kind"] == "open":
            continue
        interval = promised(
            row["true_value"],
            Rule(*(row[name] for name in names)),
            is_amount=row["kind"] == "amount",
            population=row["population"],
            base=base[row["pair_id"]] if row["role"] == "numerator" else None,
            is_share=row["is_share"],
        )
        if interval is not None:
            found.append(Target(row["quantity_id"], by_id[row["quantity_id"]], row["true_value"], *interval))
    return found
