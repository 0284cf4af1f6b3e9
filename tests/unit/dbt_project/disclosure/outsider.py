"""The outsider's view of what `decide` says: the tables and decisions as knowledge and targets of an attack.

Belongs here: an independent reading of the rules. Does not belong here: anything of the engine.
"""

from __future__ import annotations

import pandas as pd

from tests.support.attack import Knowledge, Rule, Sum, Target, amounts_behind, counts_behind, promised


def sums(parts: pd.DataFrame) -> dict[str, Sum]:
    found: dict[str, dict[str, float]] = {}
    for key, atom, share in parts[["quantity_id", "atom_id", "share"]].itertuples(index=False):
        found.setdefault(key, {})
        found[key][atom] = found[key].get(atom, 0.0) + share
    return dict(found)


def limits(row: pd.Series, shown: float) -> tuple[float, float]:
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
    by_id = sums(parts)
    shown = decided.set_index("quantity_id")
    for _, row in quantities.iterrows():
        key = row["quantity_id"]
        if row["kind"] != "open" and shown.loc[key, "is_shown"]:
            known.add(by_id[key], *limits(row, shown.loc[key, "shown_value"]))
    _add_shares(known, quantities, by_id)


def _add_shares(known: Knowledge, quantities: pd.DataFrame, by_id: dict[str, Sum]) -> None:
    whole = quantities[quantities["role"] == "denominator"].set_index("pair_id")
    for _, row in quantities[(quantities["role"] == "numerator") & quantities["is_share"]].iterrows():
        if row["pair_id"] not in whole.index:
            continue
        base = whole.loc[row["pair_id"]]
        if base["kind"] == "open":
            known.add(by_id[row["quantity_id"]], 0.0, base["true_value"])
        else:
            known.add_part_of(by_id[row["quantity_id"]], by_id[base["quantity_id"]])


def targets(quantities: pd.DataFrame, parts: pd.DataFrame) -> list[Target]:
    """What the rules promise to hide."""
    by_id, found = sums(parts), []
    base = quantities[quantities["role"] == "denominator"].set_index("pair_id")["true_value"]
    for _, row in quantities[quantities["kind"] != "open"].iterrows():
        interval = promised(
            row["true_value"],
            Rule(*row[["least_count", "rounding", "least_denominator", "least_population", "most_share"]]),
            is_amount=row["kind"] == "amount",
            population=row["population"],
            base=base[row["pair_id"]] if row["role"] == "numerator" else None,
            is_share=row["is_share"],
        )
        if interval is not None:
            found.append(Target(row["quantity_id"], by_id[row["quantity_id"]], row["true_value"], *interval))
    return found
