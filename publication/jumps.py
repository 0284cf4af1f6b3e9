"""Figures that jumped tenfold since the release before: the last net for a number that lost its decimal point.

Belongs here: comparing the figures of the marts with those of the release that readers see. Does not belong here: comparing
a delivery with what stands (`sources.guards`), and what a release changes (`publication.changes`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from publication.catalog import FIGURE_KEY, lines_of, literal, open_read_only
from sources.checks import CheckResult, Severity
from sources.feed import Acknowledgement
from sources.guards import JUMP_FACTOR, JUMP_LEAST_COUNT, jumps_in_words

JUMPS = "no_tenfold_jump"
JUMPS_SEVERITY: Severity = "warn"
JUMPS_EXPECTED = (
    f"no figure of an area larger than a wijk is {JUMP_FACTOR} times that of the release before, or a tenth"
)

_SERIES = ("indicator_code", "area_code", "period_type", "breakdown")
_SMALL_AREAS = "^(BU|WK|PC)"


@dataclass(frozen=True)
class FigureJump:
    """A figure ten times that of the release before, or a tenth; equal periods mean that it was revised."""

    line: str
    indicator_code: str
    area_code: str
    breakdown: str
    old_period_start: str
    period_start: str
    old_value: float
    value: float

    @property
    def name(self) -> str:
        return f"{self.indicator_code}/{self.area_code}/{self.period_start}"

    def __str__(self) -> str:
        before = "" if self.old_period_start == self.period_start else f" of {self.old_period_start}"
        return (
            f"{self.indicator_code} of {self.area_code}, period from {self.period_start}: {self.value:,.10g}, "
            f"and {self.old_value:,.10g}{before} in the release before"
        )


def check_jumps(warehouse: Path, previous: Path | None, acknowledged: Sequence[Acknowledgement]) -> CheckResult:
    """The last net for figures that jumped: the marts of a warehouse against the release before.

    Raises:
        duckdb.Error: the warehouse can't be opened.
    """
    if previous is None:
        return _result([], "no earlier release to compare with")
    with closing(open_read_only(warehouse)) as connection:
        try:
            jumps = _find_jumps(connection, previous)
        except duckdb.Error as error:
            # A check that can't be computed has failed, it has not vanished.
            return _result([], f"not computable: {str(error).splitlines()[0]}", passed=False)
    accepted = {
        jump: next((line for line in acknowledged if line.covers("jump", jump.name, jump.line)), None) for jump in jumps
    }
    red = [jump for jump in jumps if accepted[jump] is None]
    reasons = dict.fromkeys(f"acknowledged: {line}" for line in accepted.values() if line is not None)
    return _result(red, "; ".join([*jumps_in_words(red), *reasons]) or "no figure jumped")


def _result(jumps: Sequence[FigureJump], found: str, *, passed: bool | None = None) -> CheckResult:
    return CheckResult(
        gate="release",
        subject="release",
        name=JUMPS,
        severity=JUMPS_SEVERITY,
        passed=not jumps if passed is None else passed,
        expected=JUMPS_EXPECTED,
        found=found,
        unexpected_count=len(jumps),
        examples=json.dumps([asdict(jump) for jump in jumps[:3]], ensure_ascii=False),
        checked_at=datetime.now(UTC),
    )


def _find_jumps(connection: duckdb.DuckDBPyConnection, previous: Path) -> list[FigureJump]:
    here = connection.execute("SELECT current_database()").fetchall()[0][0]
    connection.execute(f"ATTACH {literal(str(previous))} AS previous (READ_ONLY)")
    lines = [line for line in lines_of(connection, here) if line in lines_of(connection, "previous")]
    rows = [row for line in lines for row in connection.execute(_jumps(line)).fetchall()]
    return [FigureJump(*row) for row in rows]


def _jumps(line: str) -> str:
    """The same period as released, and the newest new period beside the last released one.

    An indicator with negative values (a deviation from a mean) has no zero to multiply from. A rate whose numerator is
    small jumps by chance, as a small count does.
    """
    series, key = ", ".join(_SERIES), ", ".join(FIGURE_KEY)
    return f"""
        WITH old AS (
            SELECT * FROM {_figures("previous." + line)}
            WHERE value > 0 AND indicator_code NOT IN (SELECT indicator_code FROM {_figures("previous." + line)} WHERE value < 0)
        ),
        new AS (SELECT * FROM {_figures(line)} WHERE value > 0),
        revised AS (
            SELECT new.*, old.period_start AS old_period, old.value AS old_value, old.size AS old_size
            FROM new JOIN old USING ({key})
        ),
        newest AS (
            SELECT * FROM new ANTI JOIN old USING ({key})
            QUALIFY row_number() OVER (PARTITION BY {series} ORDER BY period_start DESC) = 1
        ),
        following AS (
            SELECT newest.*, old.period_start AS old_period, old.value AS old_value, old.size AS old_size
            FROM newest JOIN old ON {" AND ".join(f"newest.{name} = old.{name}" for name in _SERIES)}
                AND old.period_start < newest.period_start
            QUALIFY row_number() OVER (
                PARTITION BY {", ".join("newest." + name for name in _SERIES)} ORDER BY old.period_start DESC
            ) = 1
        )
        SELECT {literal(line)}, indicator_code, area_code, breakdown, old_period::VARCHAR, period_start::VARCHAR, old_value, value
        FROM (FROM revised UNION ALL BY NAME FROM following)
        WHERE greatest(value, old_value) / least(value, old_value) >= {JUMP_FACTOR}
            AND coalesce(greatest(size, old_size), {JUMP_LEAST_COUNT}) >= {JUMP_LEAST_COUNT}
        ORDER BY ALL"""


def _figures(schema: str) -> str:
    """Figures of areas that don't jump by chance; `size` is the count behind a figure, where there is one."""
    return (
        f"(SELECT {', '.join(FIGURE_KEY)}, value, CASE WHEN unit = 'aantal' THEN value ELSE numerator END AS size "
        f"FROM {schema}.indicator_values WHERE value IS NOT NULL AND NOT regexp_matches(area_code, '{_SMALL_AREAS}'))"
    )
