"""What a release changes of the one before it: revised figures, and figures that jumped tenfold.

Belongs here: comparing the figures of two releases, row by row. Does not belong here: comparing a delivery with what
stands (`sources.guards`), and whether a release is made (`publication.gate`, `publication.publish`).

A figure is known by its line, indicator, area, period and breakdown. What was empty before and is filled now is an
addition, as a new period is, and no revision.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from publication.catalog import LINES, list_tables, literal, open_read_only
from publication.errors import PublicationError
from sources.checks import CheckResult, Severity
from sources.feed import Acknowledgement
from sources.guards import JUMP_FACTOR, JUMP_LEAST_COUNT, jumps_in_words

JUMPS = "no_tenfold_jump"
JUMPS_SEVERITY: Severity = "warn"
JUMPS_EXPECTED = (
    f"no figure of an area larger than a wijk is {JUMP_FACTOR} times that of the release before, or a tenth"
)

# Adding up in another order moves the last digits.
_NOISE = 1e-12
_KEY = ("indicator_code", "area_code", "period_start", "period_type", "breakdown")
_SERIES = ("indicator_code", "area_code", "period_type", "breakdown")
_SMALL_AREAS = "^(BU|WK|PC)"


def add_revisions(connection: duckdb.DuckDBPyConnection, previous: Path | None, previous_id: str | None) -> None:
    """Make ``monitor.meta.revisions`` in the attached `monitor`; without an earlier release it stays empty.

    Args:
        previous: ``monitor.duckdb`` of the release that readers see now.

    Raises:
        PublicationError: that file can't be compared with.
    """
    connection.execute(
        "CREATE TABLE monitor.meta.revisions (line VARCHAR, indicator_code VARCHAR, area_code VARCHAR, period_start DATE, "
        "period_type VARCHAR, breakdown VARCHAR, change VARCHAR, old_value DOUBLE, new_value DOUBLE, old_status VARCHAR, "
        "new_status VARCHAR, old_snapshot_id VARCHAR, new_snapshot_id VARCHAR, previous_release_id VARCHAR)"
    )
    if previous is None or previous_id is None:
        return
    try:
        connection.execute(f"ATTACH {literal(str(previous))} AS previous (READ_ONLY)")
        for line in _lines_of(connection, "previous"):
            now = f"monitor.{line}.indicator_values" if line in _lines_of(connection, "monitor") else _nothing(line)
            connection.execute(f"INSERT INTO monitor.meta.revisions {_revisions(line, now, previous_id)}")
        connection.execute("DETACH previous")
    except duckdb.Error as error:
        raise PublicationError(
            f"Release {previous_id} can't be compared with: {error}",
            where=str(previous),
            now="No release was made and current is as it was; roll back to a sound release and run again.",
        ) from error


def _lines_of(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    return [table.schema for table in list_tables(connection, database, LINES) if table.name == "indicator_values"]


def _nothing(line: str) -> str:
    """A line that is not in the new release: all its figures are withdrawn."""
    return f"(SELECT * FROM previous.{line}.indicator_values LIMIT 0)"


def _revisions(line: str, now: str, previous_id: str) -> str:
    keys = ", ".join(_KEY)
    columns = ("value", "value_status", "snapshot_id")
    pairs = ", ".join(f"old.{name} AS old_{name}, new.{name} AS new_{name}" for name in columns)
    return f"""
        SELECT {literal(line)}, {keys}, change, old_value, new_value, old_value_status, new_value_status, old_snapshot_id,
            new_snapshot_id, {literal(previous_id)}
        FROM (
            SELECT {keys}, {pairs},
                CASE
                    WHEN new.value IS NULL THEN 'withdrawn'
                    WHEN abs(new.value - old.value) > {_NOISE} * greatest(abs(new.value), abs(old.value)) THEN 'revised'
                    WHEN new.value_status IS DISTINCT FROM old.value_status THEN 'status_changed'
                END AS change
            FROM previous.{line}.indicator_values AS old LEFT JOIN {now} AS new USING ({keys})
            WHERE old.value IS NOT NULL
        ) WHERE change IS NOT NULL"""


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
    lines = [line for line in _lines_of(connection, here) if line in _lines_of(connection, "previous")]
    rows = [row for line in lines for row in connection.execute(_jumps(line)).fetchall()]
    return [FigureJump(*row) for row in rows]


def _jumps(line: str) -> str:
    """The same period as released, and the newest new period beside the last released one.

    An indicator with negative values (a deviation from a mean) has no zero to multiply from. A rate whose numerator is
    small jumps by chance, as a small count does.
    """
    series, key = ", ".join(_SERIES), ", ".join(_KEY)
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
        f"(SELECT {', '.join(_KEY)}, value, CASE WHEN unit = 'aantal' THEN value ELSE numerator END AS size "
        f"FROM {schema}.indicator_values WHERE value IS NOT NULL AND NOT regexp_matches(area_code, '{_SMALL_AREAS}'))"
    )
