"""A small contract, and deliveries of it that are landed as the intake lands them.

Belongs here: what tests of a partner feed share once its rows are added up. Does not belong here: reading, judging and
adding up a delivery (`sources.partners`), which have tests of their own.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sources.contracts import PartnerFeed
from sources.environment import Environment
from sources.errors import FeedProblem
from sources.feed import Table
from sources.landing import LandedFile, Landing, Snapshot
from sources.partners.register import Decision, Delivery, Register

FEED_ID = "welzijn_bezoek"
CONTRACT: dict[str, Any] = {
    "id": FEED_ID,
    "title": "Bezoek aan buurthuizen",
    "description": "Hoe vaak bewoners in een buurthuis komen, per wijk en kwartaal.",
    "publisher": {"name": "Welzijn (voorbeeldpartner)", "url": "https://www.heerlen-noord.nl"},
    "license": {"name": "Leveringsovereenkomst", "url": "https://www.heerlen-noord.nl"},
    "page": "https://www.heerlen-noord.nl",
    "lines": ["gezondheid"],
    "owner": "team:datateam",
    # So patient that nothing is overdue, whenever a test runs.
    "cadence": {"expected": "quarterly", "slack_days": 36500},
    "estimate_type": "register",
    "protocol": "partner",
    "partner": "welzijn",
    "version": 1,
    "valid_from": "2024-01-01",
    "format": "csv",
    "file_name": "bezoek_{JJJJ}Q{K}.csv",
    "rows": "aggregated",
    "columns": {
        "wijkcode": {"type": "area", "synonyms": ["wijk"]},
        "leeftijd": {"type": "category", "values": {"0_17": ["jeugd"], "18_plus": ["volwassen"]}},
        "bezoekers": {"type": "count", "most": 10000},
    },
    "period": {"type": "KW"},
    "area": {"column": "wijkcode", "kind": "wijk"},
    "dimensions": ["leeftijd"],
    "absent": "zero",
    "measures": {"visitors": {"column": "bezoekers", "unit": "aantal", "counts": "persons"}},
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "column": "visitors",
            "min_value": 0,
            "max_value": 20000,
            "severity": "block",
        },
        {
            "type": "unexpected_rows_expectation",
            "name": "children_are_part_of_all",
            "description": "Er zijn niet meer kinderen dan bezoekers.",
            "severity": "block",
            "unexpected_rows_query": "SELECT area_code, visitors FROM {batch} WHERE breakdown = '0_17' AND visitors > 5000",
        },
    ],
    "examples": [
        {"file": "gewoon.csv", "shows": "een gewone levering", "decision": "accepted", "delivered": 2, "accepted": 2},
        {
            "file": "lastig.csv",
            "shows": "een rij zonder wijk",
            "decision": "accepted_with_refusals",
            "delivered": 3,
            "accepted": 2,
            "refused": {"onbekend_gebied": 1},
        },
    ],
}
Cell = tuple[str, str, str, float | None]


def contract(**changes: Any) -> PartnerFeed:
    """The contract, with these keys in place of its own."""
    return PartnerFeed.model_validate(CONTRACT | changes)


def cells(figures: Mapping[str, float | None], period: str = "2025KW01") -> list[Cell]:
    """Cells of one period: visitors per wijk, a quarter of them children, with the total beside the breakdown."""
    found: list[Cell] = []
    for area, visitors in figures.items():
        children = None if visitors is None else visitors // 4
        adults = None if visitors is None or children is None else visitors - children
        found += [
            (area, period, "total", visitors),
            (area, period, "0_17", children),
            (area, period, "18_plus", adults),
        ]
    return found


def land_cells(landing: Landing, feed: PartnerFeed, rows: Sequence[Cell], version: str | None = None) -> Snapshot:
    """Land the cells of one period; the version stands for the checksum of the delivery, made of the cells unless given."""
    (period,) = {row[1] for row in rows}
    lines = [f"area_code,period_code,breakdown,{','.join(feed.measures)}"]
    lines += [
        f"{area},{period},{breakdown},{'' if value is None else f'{value:g}'}" for area, _, breakdown, value in rows
    ]
    content = ("\n".join(lines) + "\n").encode()
    folder = landing.open_folder()
    (folder / "cells.csv").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    file = LandedFile(role="cells", name="cells.csv", url="", bytes=len(content), sha256=digest)
    return landing.close(
        folder,
        feed,
        Table(id=period, year=int(period[:4])),
        title=f"{feed.title}: {period}",
        source_url=feed.page,
        version=version or f"sha256:{digest}",
        files=[file],
    )


def delivery(number: int, decision: Decision = "accepted", **changes: Any) -> Delivery:
    """A line of the register: the delivery with this number, received `number` minutes after eight and decided at once."""
    received = datetime(2026, 3, 2, 8, number, tzinfo=UTC)
    rows = 0 if decision in ("held", "duplicate") else 10
    fields: dict[str, Any] = {
        "delivery_id": f"d{number}",
        "feed_id": FEED_ID,
        "partner": "welzijn",
        "contract_version": 1,
        "contract_sha256": "0" * 64,
        "way": "inbox",
        "file_name": "bezoek_2025Q1.csv",
        "file_sha256": f"{number:064x}",
        "bytes": 120,
        "received_at": received,
        "decided_at": received + timedelta(seconds=1),
        "decision": decision,
        "delivered": rows,
        "accepted": rows if decision.startswith("accepted") else 0,
        "refused": 0 if decision.startswith("accepted") else rows,
        "periods": ("2025KW01",),
        "replaces": (),
        "timing": "on_time",
        "problem_nl": "Er staan te veel rijen in die niet kloppen." if decision in ("refused", "held") else None,
        "findings": (),
        "refusals_by_rule": {},
        "snapshots": {},
        "original": "destroyed",
    }
    return Delivery(**(fields | changes))


@dataclass
class FakeIntake:
    """Stands in for the intake: `waiting` holds deliveries with their cells per period, or a problem to raise."""

    environment: Environment
    feed: PartnerFeed
    waiting: list[tuple[Delivery, Sequence[Sequence[Cell]]] | FeedProblem] = field(default_factory=list)

    def has_waiting(self, _feed: PartnerFeed, _environment: Environment) -> bool:
        if self.waiting and isinstance(self.waiting[0], FeedProblem):
            raise self.waiting[0]
        return bool(self.waiting)

    def take_in_all(
        self, _feed: PartnerFeed, _environment: Environment, landing: Landing, _progress: Callable[[str], None]
    ) -> list[Delivery]:
        taken = []
        while self.waiting:
            found = self.waiting.pop(0)
            if isinstance(found, FeedProblem):
                raise found
            made, periods = found
            landed = [land_cells(landing, self.feed, rows) for rows in periods]
            made = dataclasses.replace(made, snapshots={s.table.id: s.snapshot_id for s in landed})
            Register(self.environment).add(made)
            taken.append(made)
        return taken

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sources.partners.intake.has_waiting", self.has_waiting)
        monkeypatch.setattr("sources.partners.intake.take_in_all", self.take_in_all)
