"""Each row of a delivery by its contract: accepted with typed values, or refused with place, rule and expectation.

Belongs here: the judging of rows and the accounting for all of them. Does not belong here: how one cell is read
(`values`), what becomes of the delivery (`intake`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from sources.contracts import PartnerFeed
from sources.partners.reading import Grid
from sources.partners.rules import RULES

__all__ = ["RULES", "Judged", "Refusal", "exceeds", "judge_rows"]


@dataclass(frozen=True)
class Refusal:
    """Why a row is refused: its number, the header of the column (None: the row as a whole), the rule, what was expected."""

    row: int | None
    column: str | None
    rule: str
    expected_nl: str


@dataclass(frozen=True)
class Judged:
    """What became of the rows of a delivery; `delivered` is always `accepted` + `refused`.

    `refusals` are in the order of rows and columns, and end at `MOST_REFUSALS`; `by_rule` counts all rows that broke a rule.
    `rows`: accepted rows with ``area_code``, ``period_code`` and the typed columns that measures and dimensions need.
    `incomplete`: areas and periods of which a row was refused, so that their sums lack something.
    """

    delivered: int
    accepted: int
    refused: int
    refusals: tuple[Refusal, ...]
    rows: pa.Table
    by_rule: Mapping[str, int] = field(default_factory=dict)
    incomplete: frozenset[tuple[str, str]] = frozenset()


def judge_rows(grid: Grid, feed: PartnerFeed, *, file_name: str = "", not_before: str | None = None) -> Judged:
    """Judge each row.

    `file_name` is the name under which the partner delivered, which may hold the period. `not_before` is a period code:
    rows of earlier periods are left out under the rule ``buiten_venster``.

    Raises:
        Refused: the period stands in the name of the file, and the name does not hold it.
    """
    raise NotImplementedError


def exceeds(judged: Judged, feed: PartnerFeed) -> bool:
    """Whether more rows are refused than the contract allows; rows outside the window of a pull don't count."""
    raise NotImplementedError
