"""The release gate: is this warehouse fit to be read by others?

Belongs here: running the checks of ``release_checks.yml`` and the structural checks that need only the catalog. Does
not belong here: what follows from a red check (`publication.publish`), and checks on a delivery (`sources.arrival`).

Whatever the warehouse looks like, the same checks give a result each time, under the names that `release_check_names`
lists: a check that can't be computed has failed, it has not vanished.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import duckdb
from pydantic import BaseModel, ConfigDict, Field, model_validator

from publication.catalog import LINES, SCHEMAS, Table, list_tables, open_read_only, quote
from publication.dictionary import OWN_TABLES, Descriptions, find_mismatches
from publication.errors import PublicationError
from publication.jumps import JUMPS, JUMPS_EXPECTED, check_jumps
from publication.retirement import Retirement, find_unannounced, read_retirements
from publication.settings import read_settings
from sources.checks import CheckResult, Severity
from sources.feed import Acknowledgement, Expectation, Line

RULES = Path(__file__).parent / "release_checks.yml"
GATE = "release"
_WHOLE = "release"
RETIREMENT = "nothing_disappears_unannounced"
RETIREMENT_EXPECTED = (
    "every table, column and indicator of the release before is here, or a dated line of retired.csv says why not"
)

# Types that every BI driver reads and storage version 1.0.0 can hold; an ENUM, for one, is neither.
_PORTABLE = re.compile(
    r"(VARCHAR|BOOLEAN|U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|DATE|"
    r"TIMESTAMP( WITH TIME ZONE)?|MAP\(VARCHAR, VARCHAR\))(\[\])?"
)
_PLAIN = re.compile(r"[a-z][a-z0-9_]*")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineRule(_Strict):
    """What is asked of one line's ``indicator_values``."""

    required: bool
    minimum_rows: int = Field(ge=1)
    minimum_indicators: int = Field(ge=1)


class Rules(_Strict):
    """The content of ``release_checks.yml``; table names are ``schema.table``."""

    focus_area: str = Field(pattern=r"^[A-Z]{2}[0-9A-Z]{2,8}$")
    lines: dict[Line, LineRule]
    required_tables: dict[str, tuple[str, ...]]
    line_expectations: tuple[Expectation, ...] = Field(min_length=1)
    tables: dict[str, tuple[Expectation, ...]] = {}
    acknowledged: tuple[Acknowledgement, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Rules:
        if set(self.lines) != set(LINES):
            raise ValueError(f"lines must name exactly {', '.join(LINES)}")
        for suite in suites(self):
            names = [expectation.check_name for expectation in suite.expectations]
            if len(set(names)) != len(names):
                raise ValueError(f"two expectations on {suite.table} have the same name")
        return self


@dataclass(frozen=True)
class Suite:
    """The expectations on one table; `required` False turns its absence into warnings."""

    table: str
    required: bool
    expectations: tuple[Expectation, ...]


@cache
def read_rules(path: Path = RULES) -> Rules:
    """Read the release checks.

    Raises:
        ConfigurationError: the file is absent, is not YAML or breaks a rule; the message names the key.
    """
    return read_settings(path, Rules, "Release checks")


def suites(rules: Rules) -> list[Suite]:
    """One suite per table: the five lines first, then the further tables."""
    lines = [
        Suite(
            f"{line}.indicator_values",
            rules.lines[line].required,
            (*_line_minimums(line, rules.lines[line], rules.focus_area), *rules.line_expectations),
        )
        for line in LINES
    ]
    return [*lines, *(Suite(table, True, expectations) for table, expectations in rules.tables.items())]


def _line_minimums(line: Line, rule: LineRule, area: str) -> tuple[Expectation, Expectation]:
    """Rows must be there as soon as a feed of the line has ever delivered; before that the line is empty in good faith.

    Few indicators for the focus area only ask for attention: a publisher may empty its newest columns at any time.
    """
    return (
        Expectation(
            type="unexpected_rows_expectation",
            name="row_count",
            description=f"at least {rule.minimum_rows} rows once a feed of the line has delivered",
            unexpected_rows_query=(
                "SELECT (SELECT count(*) FROM {batch}) AS found, list(DISTINCT f.feed_id) AS delivered "
                "FROM meta.feeds AS f JOIN meta.snapshots AS s USING (feed_id) "
                f"WHERE list_contains(f.lines, '{line}') HAVING found < {rule.minimum_rows} AND count(*) > 0"
            ),
            severity="block" if rule.required else "warn",
        ),
        Expectation(
            type="unexpected_rows_expectation",
            name="indicators_of_focus_area",
            description=f"at least {rule.minimum_indicators} indicators have a value for {area}",
            unexpected_rows_query=(
                "SELECT count(DISTINCT indicator_code) AS indicators FROM {batch} "
                f"WHERE area_code = '{area}' AND value IS NOT NULL HAVING indicators < {rule.minimum_indicators}"
            ),
            severity="warn",
        ),
    )


def check_release(
    warehouse: Path,
    descriptions: Descriptions,
    *,
    data_origin: str | None = None,
    rules: Rules | None = None,
    previous: Path | None = None,
    retirements: Sequence[Retirement] | None = None,
) -> list[CheckResult]:
    """Run every release check on a warehouse file that no handle has open for writing.

    Args:
        data_origin: the only origin that rows may carry; without it any, as long as it is one.
        rules: the bundled release checks unless given.
        previous: ``monitor.duckdb`` of the release that readers see now, None when there is none.
        retirements: the bundled ``retired.csv`` unless given.

    Raises:
        PublicationError: the file can't be opened.
    """
    rules = rules or read_rules()
    try:
        with closing(open_read_only(warehouse)) as connection:
            tables = list_tables(connection, connection.execute("SELECT current_database()").fetchall()[0][0])
            results = check_structure(connection, tables, descriptions, data_origin, rules)
            lines = read_retirements() if retirements is None else retirements
            results.append(_check_retirement(connection, tables, previous, lines))
        results.append(check_jumps(warehouse, previous, rules.acknowledged))
    except (OSError, duckdb.Error) as error:
        raise PublicationError(
            f"The warehouse can't be read: {error}",
            where=str(warehouse),
            now="No release was made and current is as it was.",
        ) from error
    present = {table.qualified for table in tables}
    for suite in suites(rules):
        results += check_table(warehouse, suite) if suite.table in present else list(_absent(suite))
    return results


def _check_retirement(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    previous: Path | None,
    retirements: Sequence[Retirement],
) -> CheckResult:
    if previous is None:
        return _judge(RETIREMENT, "block", RETIREMENT_EXPECTED, [])
    try:
        # An absent meta.indicators is found as a table that is gone; its codes are then gone as well.
        has_codes = any(table.qualified == "meta.indicators" for table in tables)
        codes = connection.execute("SELECT indicator_code FROM meta.indicators").fetchall() if has_codes else []
        today = datetime.now(UTC).date()
        return _judge(
            RETIREMENT,
            "block",
            RETIREMENT_EXPECTED,
            find_unannounced(tables, {code for (code,) in codes}, previous, retirements, today),
        )
    except duckdb.Error as error:
        return _judge(RETIREMENT, "block", RETIREMENT_EXPECTED, [f"not computable: {str(error).splitlines()[0]}"])


def check_table(warehouse: Path, suite: Suite) -> list[CheckResult]:
    """Run the expectations on one table that exists."""
    # Imported where a suite runs: Great Expectations takes seconds to import, and mostly nothing has changed.
    from sources.expectations import run_expectations

    return run_expectations(warehouse, suite.table, GATE, suite.table, suite.expectations)


def _absent(suite: Suite) -> Iterator[CheckResult]:
    for expectation in suite.expectations:
        yield CheckResult(
            gate=GATE,
            subject=suite.table,
            name=expectation.check_name,
            severity=expectation.severity if suite.required else "warn",
            passed=False,
            expected=expectation.description or expectation.check_name,
            found=f"not computable: {suite.table} does not exist",
            unexpected_count=0,
            examples="[]",
            checked_at=datetime.now(UTC),
        )


def release_check_names() -> list[tuple[str, str]]:
    """Name (``subject__check``, without dots) and description of every release check."""
    found = [(_WHOLE, check.name, check.expected) for check in _STRUCTURAL]
    found += [(_WHOLE, RETIREMENT, RETIREMENT_EXPECTED), (_WHOLE, JUMPS, JUMPS_EXPECTED)]
    for suite in suites(read_rules()):
        found += [(suite.table, e.check_name, e.description or e.check_name) for e in suite.expectations]
    return [(f"{subject}__{name}".replace(".", "_"), text) for subject, name, text in found]


@dataclass(frozen=True)
class _Facts:
    """What the structural checks look at."""

    connection: duckdb.DuckDBPyConnection
    tables: Sequence[Table]
    descriptions: Descriptions
    data_origin: str | None
    rules: Rules

    @property
    def by_name(self) -> dict[str, Table]:
        return {table.qualified: table for table in self.tables}


@dataclass(frozen=True)
class _Structural:
    """A check on the catalog; `find` gives one clause per problem."""

    name: str
    severity: Severity
    expected: str
    find: Callable[[_Facts], list[str]]


def check_structure(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    descriptions: Descriptions,
    data_origin: str | None,
    rules: Rules,
) -> list[CheckResult]:
    """The checks that need only the catalog, and one look at ``data_origin``."""
    facts = _Facts(connection, tables, descriptions, data_origin, rules)
    return [_judge(check.name, check.severity, check.expected, check.find(facts)) for check in _STRUCTURAL]


def _judge(name: str, severity: Severity, expected: str, problems: list[str]) -> CheckResult:
    shown = "; ".join(problems[:20]) + (f"; and {len(problems) - 20} more" if len(problems) > 20 else "")
    return CheckResult(
        gate=GATE,
        subject=_WHOLE,
        name=name,
        severity=severity,
        passed=not problems,
        expected=expected,
        found=shown or "as expected",
        unexpected_count=len(problems),
        examples=json.dumps(problems[:3], ensure_ascii=False),
        checked_at=datetime.now(UTC),
    )


def _absent_tables(facts: _Facts) -> list[str]:
    lines = [f"{line}.indicator_values" for line in LINES if facts.rules.lines[line].required]
    return [f"{name} does not exist" for name in (*lines, *facts.rules.required_tables) if name not in facts.by_name]


def _absent_optional_lines(facts: _Facts) -> list[str]:
    lines = [f"{line}.indicator_values" for line in LINES if not facts.rules.lines[line].required]
    return [f"{name} does not exist" for name in lines if name not in facts.by_name]


def _absent_columns(facts: _Facts) -> list[str]:
    return [
        f"{name}.{column} does not exist"
        for name, columns in facts.rules.required_tables.items()
        for column in columns
        if name in facts.by_name and not facts.by_name[name].has(column)
    ]


def _undocumented(facts: _Facts) -> list[str]:
    return find_mismatches(facts.tables, facts.descriptions)


def _reserved(facts: _Facts) -> list[str]:
    own = [f"{schema}.{name}" for schema, name in OWN_TABLES]
    return [f"{name} is made by the release itself" for name in own if name in facts.by_name]


def _unportable_types(facts: _Facts) -> list[str]:
    return [
        f"{table.qualified}.{column} is {kind}"
        for table in facts.tables
        for column, kind in table.columns
        if not _PORTABLE.fullmatch(kind)
    ]


def _unplain_names(facts: _Facts) -> list[str]:
    names = [name for table in facts.tables for name in (table.name, *table.column_names)]
    return [f"{name!r} is not lower_snake" for name in dict.fromkeys(names) if not _PLAIN.fullmatch(name)]


def _strange_origins(facts: _Facts) -> list[str]:
    origins = {table.qualified: _origins(facts.connection, table) for table in facts.tables if table.has("data_origin")}
    found = {origin for values in origins.values() for origin in values}
    allowed = {facts.data_origin} if facts.data_origin else found
    if len(allowed) > 1:
        return [f"rows of {', '.join(sorted(map(str, found)))} stand together"]
    return [
        f"{name} holds rows of {origin}"
        for name, values in origins.items()
        for origin in values
        if origin not in allowed
    ]


def _origins(connection: duckdb.DuckDBPyConnection, table: Table) -> list[str | None]:
    rows = connection.execute(f"SELECT DISTINCT data_origin FROM {quote(table.schema)}.{quote(table.name)}").fetchall()
    return [origin for (origin,) in rows]


_STRUCTURAL = (
    _Structural("tables_exist", "block", "the marts of the required lines and the meta tables exist", _absent_tables),
    _Structural("optional_lines_exist", "warn", "the marts of the other lines exist", _absent_optional_lines),
    _Structural("columns_exist", "block", "the meta tables have the columns that attribution needs", _absent_columns),
    _Structural(
        "documented_is_materialised",
        "block",
        f"every table and column of {', '.join(SCHEMAS)} is described, and everything described exists",
        _undocumented,
    ),
    _Structural("reserved_tables_absent", "block", "no model has the name of a table that the release adds", _reserved),
    _Structural("types_are_portable", "block", "every column has a type that older drivers read", _unportable_types),
    _Structural("names_are_plain", "block", "names are ASCII lower_snake", _unplain_names),
    _Structural("one_data_origin", "block", "all rows have the origin of this environment", _strange_origins),
)
