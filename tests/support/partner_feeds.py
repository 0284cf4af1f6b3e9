"""Contracts of partners made for one test, and their deliveries.

Belongs here: the smallest contracts that show something. Does not belong here: the contracts of the sample.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl

from sources.contracts import PartnerFeed
from sources.partners.reading import Grid, read_delivery
from sources.partners.rows import Judged, judge_rows

HEADER = "jaar;maand;wijk;leeftijd;aantal"


def partner_feed(**changes: Any) -> PartnerFeed:
    """Counts per wijk, month and age, aggregated by the partner, in CSV; `changes` replace keys of the contract."""
    document: dict[str, Any] = {
        "id": "proef",
        "title": "Proef",
        "description": "Een proef.",
        "publisher": {"name": "Partner", "url": "https://example.org"},
        "license": {"name": "eigen", "url": "https://example.org/licentie"},
        "page": "https://example.org",
        "lines": ["werken"],
        "owner": "team",
        "cadence": {"expected": "monthly", "slack_days": 30},
        "estimate_type": "register",
        "protocol": "partner",
        "partner": "gemeente",
        "version": 1,
        "valid_from": "2025-01-01",
        "format": "csv",
        "file_name": "proef_{JJJJ}{MM}.csv",
        "rows": "aggregated",
        "columns": {
            "jaar": {"type": "year"},
            "maand": {"type": "month"},
            "wijk": {"type": "area", "synonyms": ["wijkcode"]},
            "leeftijd": {"type": "category", "values": {"0_27": ["tot 27"], "27_45": []}},
            "aantal": {"type": "count"},
        },
        "period": {"type": "MM", "year": "jaar", "month": "maand"},
        "area": {"column": "wijk", "kind": "wijk"},
        "dimensions": ["leeftijd"],
        "absent": "missing",
        "measures": {"persons": {"column": "aantal", "counts": "persons"}},
        "examples": [
            {"file": "a.csv", "shows": "goed", "decision": "accepted", "delivered": 1, "accepted": 1},
            {"file": "b.csv", "shows": "fout", "decision": "refused", "delivered": 1, "accepted": 0},
        ],
    }
    document |= changes
    not_negative = {"type": "expect_column_values_to_be_between", "min_value": 0, "severity": "block"}
    expectations = [not_negative | {"column": next(iter(document["measures"]))}]
    return PartnerFeed.model_validate({"expectations": expectations, **document})


def read_bytes(folder: Path, feed: PartnerFeed, content: bytes) -> Grid:
    path = folder / f"original.{feed.format}"
    path.write_bytes(content)
    return read_delivery(path, feed)


def read_text(folder: Path, feed: PartnerFeed, *lines: str, encoding: str = "utf-8") -> Grid:
    return read_bytes(folder, feed, "\n".join(lines).encode(encoding))


def judge(folder: Path, feed: PartnerFeed, *lines: str, **options: Any) -> Judged:
    return judge_rows(read_text(folder, feed, *lines), feed, **options)


def workbook_bytes(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def cells_of(grid: Grid) -> list[list[str | None]]:
    """The table row by row."""
    return [list(row.values()) for row in grid.table.to_pylist()]
