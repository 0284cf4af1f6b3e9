"""Numbers of a small invented municipality in the shape that the engine takes, made from counts of its finest parts.

Belongs here: tables for the engine's tests. Does not belong here: what should come of them.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

RULES: dict[str, object] = {
    "is_open": False,
    "least_count": 5,
    "rounding": 5,
    "least_denominator": 30,
    "least_population": 50,
    "most_share": 0.9,
}
TODAY = datetime.date(2025, 1, 1)
NO_RELEASES = pd.DataFrame(
    columns=[
        "release_id", "feed_id", "subject", "code", "role", "area_code", "period_type", "period_start", "breakdown",
        "is_shown", "shown_value", "rounding", "least_count", "true_value",
    ]
)  # fmt: skip


@dataclass
class Tables:
    """Rows for `decide`, added one by one."""

    rules: Mapping[str, object] = field(default_factory=lambda: dict(RULES))
    rows: list[dict[str, object]] = field(default_factory=list)
    parts: list[dict[str, object]] = field(default_factory=list)

    def add(
        self,
        area: str,
        atoms: Mapping[str, float],
        *,
        code: str = "C",
        role: str = "value",
        kind: str = "count",
        area_type: str = "wijk",
        breakdown: str = "total",
        pair: str | None = None,
        is_share: bool = False,
        population: float | None = 1000.0,
        value: float | None = None,
        **rules: object,
    ) -> str:
        """One number, the sum of these atoms (name → value) unless a value is given."""
        key = f"{code}-{role}-{area}-{breakdown}"
        true = float(sum(atoms.values())) if value is None else value
        self.rows.append(
            {
                "quantity_id": key, "feed_id": "proef", "subject": "indicator", "code": code, "role": role, "area_code": area,
                "area_type": area_type, "period_type": "year", "period_start": TODAY, "breakdown": breakdown,
                "true_value": true, "kind": kind, "pair_id": pair, "is_share": is_share, "population": population,
                **self.rules, **rules,
            }
        )  # fmt: skip
        if kind != "open":
            self.parts += [{"quantity_id": key, "atom_id": atom, "share": 1.0} for atom in atoms]
        return key

    def quantities(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows)

    def parts_table(self) -> pd.DataFrame:
        return pd.DataFrame(self.parts, columns=["quantity_id", "atom_id", "share"])


def as_release(quantities: pd.DataFrame, decided: pd.DataFrame, release_id: str = "r1") -> pd.DataFrame:
    """What the ledger keeps of a release that showed these decisions."""
    both = quantities.merge(decided[["quantity_id", "is_shown", "shown_value"]], on="quantity_id")
    both = both[both["kind"] != "open"].assign(release_id=release_id)
    both["rounding"] = both["rounding"].where(both["kind"] == "count")
    return both[list(NO_RELEASES.columns)]
