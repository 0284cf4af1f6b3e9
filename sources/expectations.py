"""Great Expectations on one DuckDB table.

Belongs here: the one place that imports Great Expectations, its DuckDB quirks, and the translation of its answers into
`CheckResult`. Does not belong here: which expectations there are (feed files, publication/release_checks.yml) and what
follows from a red one (`sources.arrival`, `publication.gate`).

Import this module only where a suite really runs: Great Expectations takes some three seconds and 230 MB to import.
"""

from __future__ import annotations

import json
import logging
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import duckdb  # noqa: E402 - after the setting that keeps Great Expectations from phoning home
import great_expectations as gx  # noqa: E402
import great_expectations.expectations as gxe  # noqa: E402
from duckdb_engine import ConnectionWrapper, Dialect  # noqa: E402
from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: E402
from sqlalchemy.dialects import registry as dialects  # noqa: E402

from sources import warehouse  # noqa: E402
from sources.checks import CheckResult  # noqa: E402
from sources.feed import Expectation  # noqa: E402

logging.getLogger("great_expectations").setLevel(logging.ERROR)


class QuietDuckDBDialect(Dialect):
    """duckdb-engine's dialect without transactions, on the file that is being looked at.

    Great Expectations fetches after it has given the connection back; SQLAlchemy's rollback-on-return then empties
    DuckDB's result and every table metric fails. The file is opened read-only, so there is nothing to commit.

    It opens nothing itself: opening a file reads its catalog, and Great Expectations would do so twice for each table.
    """

    supports_statement_cache = False

    looked_at: duckdb.DuckDBPyConnection | None = None

    def connect(self, *_args: Any, **_arguments: Any) -> Any:
        """A cursor of the file that is being looked at."""
        assert QuietDuckDBDialect.looked_at is not None
        return ConnectionWrapper(QuietDuckDBDialect.looked_at.cursor())

    def do_begin(self, *_args: Any) -> None:
        """No transaction."""

    def do_commit(self, *_args: Any) -> None:
        """No transaction."""

    def do_rollback(self, *_args: Any) -> None:
        """No transaction."""


dialects.register("duckdb", __name__, "QuietDuckDBDialect")


def run_expectations(
    database: Path, table: str, gate: str, subject: str, expectations: Sequence[Expectation]
) -> list[CheckResult]:
    """Run expectations on one table of a DuckDB file, opened read-only.

    Args:
        database: the file; no other process or handle may have it open for writing.
        table: ``name`` or ``schema.name``.
        gate: ``arrival`` or ``release``.
        subject: feed or table, as the results shall call it.
        expectations: at least one.

    Returns:
        One result per expectation, in their order. An expectation that can't be computed counts as failed.
    """
    with closing(warehouse.connect(database, read_only=True)) as connection, _batch(connection, table) as batch:
        results = [
            result for part, detail in _by_detail(expectations) for result in _validate(batch, subject, part, detail)
        ]
    return [_to_result(e, r, gate, subject) for e, r in _in_order(expectations, results)]


@contextmanager
def _batch(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[Any]:
    """A table of a connection as a batch, for as long as it is looked at."""
    QuietDuckDBDialect.looked_at = connection
    definition = _definition()
    definition.data_asset.query = f"SELECT * FROM {table}"
    try:
        yield definition.get_batch()
    finally:
        # What is pooled are cursors of this file.
        source = definition.data_asset.datasource
        source.get_execution_engine().engine.dispose()
        source.get_engine().dispose()
        QuietDuckDBDialect.looked_at = None


@cache
def _definition() -> Any:
    """The one context, data source and asset of this process: making them anew takes as long as a short suite."""
    context = gx.get_context(mode="ephemeral")
    # Progress bars in a log are noise.
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql("duckdb", connection_string="duckdb:///looked-at", create_temp_table=False)
    return source.add_query_asset("looked_at", query="SELECT 1").add_batch_definition_whole_table("all")


def _by_detail(expectations: Sequence[Expectation]) -> list[tuple[list[Expectation], str]]:
    """Row queries give their rows only with COMPLETE; column expectations would then return every bad value."""
    queries = [e for e in expectations if e.type == "unexpected_rows_expectation"]
    others = [e for e in expectations if e.type != "unexpected_rows_expectation"]
    return [(part, detail) for part, detail in ((others, "SUMMARY"), (queries, "COMPLETE")) if part]


def _validate(batch: Any, subject: str, expectations: Sequence[Expectation], detail: str) -> Sequence[Any]:
    suite = gx.ExpectationSuite(
        name=f"{subject} {detail}", expectations=[_to_gx(expectation) for expectation in expectations]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results: Sequence[Any] = batch.validate(suite, result_format=detail).results
    return results


def _to_gx(expectation: Expectation) -> Any:
    class_name = "".join(part.capitalize() for part in expectation.type.split("_"))
    arguments = expectation.arguments()
    if expectation.description:
        arguments["description"] = expectation.description
    return getattr(gxe, class_name)(**arguments, meta={"check_name": expectation.check_name})


def _in_order(expectations: Sequence[Expectation], results: Sequence[Any]) -> list[tuple[Expectation, Any]]:
    by_name = {result.expectation_config.meta["check_name"]: result for result in results}
    return [(expectation, by_name[expectation.check_name]) for expectation in expectations]


def _to_result(expectation: Expectation, result: Any, gate: str, subject: str) -> CheckResult:
    found = result.result or {}
    problem = _exception_text(result.exception_info or {})
    unexpected = int(found.get("unexpected_count") or 0)
    if expectation.type == "unexpected_rows_expectation" and "observed_value" in found:
        unexpected = int(found["observed_value"])
    return CheckResult(
        gate=gate,
        subject=subject,
        name=expectation.check_name,
        severity=expectation.severity,
        passed=bool(result.success),
        expected=_expected(expectation),
        found=problem or _found(found, unexpected),
        unexpected_count=unexpected,
        examples=_examples(found),
        checked_at=datetime.now(UTC),
    )


def _expected(expectation: Expectation) -> str:
    if expectation.description:
        return expectation.description
    arguments = {key: value for key, value in expectation.arguments().items() if key != "column"}
    words = ", ".join(f"{key} {value}" for key, value in arguments.items())
    return f"{expectation.column or 'table'}: {expectation.type.removeprefix('expect_')}" + (
        f" ({words})" if words else ""
    )


def _found(found: dict[str, Any], unexpected: int) -> str:
    count = found.get("element_count")
    if count is not None:
        return f"{unexpected:,} of {int(count):,} rows are not as expected"
    missing = found.get("partial_missing_list")
    if missing:
        others = f", and {unexpected:,} others are there" if unexpected else ""
        return f"{', '.join(map(str, missing[:3]))} of the expected values are missing{others}"
    observed = found.get("observed_value")
    return f"{unexpected:,} rows are not as expected" if unexpected or observed in (None, 0) else f"observed {observed}"


def _examples(found: dict[str, Any]) -> str:
    details = found.get("details") or {}
    rows = details.get("unexpected_rows") or found.get("partial_unexpected_list") or []
    return json.dumps(list(rows)[:3], default=str, ensure_ascii=False)


def _exception_text(info: dict[str, Any]) -> str:
    """The message of an expectation that could not be computed; nested per metric or flat."""
    flat = [info] if "raised_exception" in info else list(info.values())
    messages = [
        entry.get("exception_message") for entry in flat if isinstance(entry, dict) and entry.get("raised_exception")
    ]
    return re.sub(r"\s+", " ", f"not computable: {messages[0]}")[:300] if messages else ""
