"""Decisions of the engine on the sample's own tables, with a rule left out or a delivery corrected, and no dbt run.

Belongs here: what a release would have shown. Does not belong here: the attack on it (`attack_on_release`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd

from dbt_project.disclosure.engine import ALL_RELATIONS, decide
from tests.support.attack_on_release import Fact, Number, total

NOTHING_BEFORE = pd.DataFrame(
    columns=[
        "release_id", "feed_id", "subject", "code", "role", "area_code", "period_type", "period_start", "breakdown",
        "is_shown", "shown_value", "rounding", "least_count", "true_value",
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """What the engine is given for some numbers, and these numbers as a stranger meets them."""

    quantities: pd.DataFrame
    parts: pd.DataFrame
    facts: list[Fact]

    def with_true(self, true: Mapping[str, float]) -> Tables:
        """The same numbers after a correction: every count added up again from the raw ones."""
        counts = {fact.number: total(fact.parts, true) for fact in self.facts}
        numbers = [_number(row) for row in self.quantities.itertuples()]
        old = self.quantities["true_value"]
        now = [counts.get(number, before) for number, before in zip(numbers, old, strict=True)]
        return replace(self, quantities=self.quantities.assign(true_value=now))

    def with_rule(self, **columns: object) -> Tables:
        return replace(self, quantities=self.quantities.assign(**columns))

    def decided(self, before: pd.DataFrame = NOTHING_BEFORE, *, without: str | None = None) -> pd.DataFrame:
        return decide(self.quantities, self.parts, before, ALL_RELATIONS - {without})

    def names(self, keys: Iterable[str]) -> set[str]:
        """The numbers with these ids, in words."""
        wanted = set(keys)
        return {str(_number(row)) for row in self.quantities.itertuples() if row.quantity_id in wanted}

    def shown(self, decided: pd.DataFrame) -> list[Fact]:
        """The numbers as a release with these decisions shows them."""
        values = dict(zip((_number(row) for row in self.quantities.itertuples()), self._values(decided), strict=True))
        return [replace(fact, shown=values[fact.number]) for fact in self.facts]

    def _values(self, decided: pd.DataFrame) -> Iterator[float | None]:
        shown = decided.set_index("quantity_id")["shown_value"]
        for key in self.quantities["quantity_id"]:
            yield None if pd.isna(shown[key]) else float(shown[key])

    def ledger(self, decided: pd.DataFrame, release_id: str) -> pd.DataFrame:
        """What control.published keeps of a release with these decisions."""
        both = self.quantities.merge(decided[["quantity_id", "is_shown", "shown_value"]], on="quantity_id")
        both = both[both["kind"] != "open"].assign(release_id=release_id)
        both["rounding"] = both["rounding"].where(both["kind"] == "count")
        return both[list(NOTHING_BEFORE.columns)]


def _number(row: object) -> Number:
    start = pd.Timestamp(row.period_start).date()  # type: ignore[attr-defined]
    return Number(row.code, row.role, row.area_code, (row.period_type, start), row.breakdown)  # type: ignore[attr-defined]


@dataclass
class Warehouse:
    """The tables of disclosure control in the sample's warehouse, cut into feeds and periods, which share no counts."""

    file: Path
    facts: list[Fact]

    def pieces(self, feeds: Iterable[str]) -> Iterator[Tables]:
        """Numbers of these feeds, one period after another; first those in which most is hidden for others' sake."""
        by_period: dict[tuple[str, object], list[Fact]] = {}
        wanted = set(feeds)
        for fact in self.facts:
            if fact.feed in wanted:
                by_period.setdefault(fact.number.period, []).append(fact)
        with duckdb.connect(str(self.file), read_only=True) as connection:
            quantities = connection.execute(
                "SELECT q.*, count(*) FILTER (d.reason IN ('secondary', 'hidden_denominator')) "
                "OVER (PARTITION BY q.period_type, q.period_start) AS hidden_for_others "
                "FROM intermediate.int_disclosure__quantities q JOIN intermediate.int_disclosure__decided d USING (quantity_id) "
                "WHERE q.code IN (SELECT code FROM intermediate.int_disclosure__quantities WHERE list_contains(?, feed_id)) "
                "ORDER BY hidden_for_others DESC, period_type, period_start, quantity_id",
                [sorted(wanted)],
            ).df()
            parts = connection.execute(
                "SELECT p.* FROM intermediate.int_disclosure__parts p JOIN intermediate.int_disclosure__quantities q "
                "USING (quantity_id) WHERE list_contains(?, q.feed_id)",
                [sorted(wanted)],
            ).df()
        for (period_type, start), own in quantities.groupby(["period_type", "period_start"], sort=False):
            facts = by_period.get((period_type, pd.Timestamp(start).date()), [])
            if facts:
                own = own.drop(columns="hidden_for_others").reset_index(drop=True)
                yield Tables(own, parts[parts["quantity_id"].isin(own["quantity_id"])], facts)
