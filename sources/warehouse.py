"""The warehouse file as far as the way in needs it: raw tables, control tables, promotion.

Belongs here: every statement that writes ``raw.*`` or ``control.*``. Does not belong here: staging, marts (dbt_project)
and releases (publication). DuckDB has one writer a file, so callers hold the run lock (`writer_lock`).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from filelock import FileLock, Timeout

from sources.checks import CheckResult
from sources.contracts import PartnerFeed
from sources.environment import Environment
from sources.errors import NoordError
from sources.feed import FeedBase
from sources.landing import Snapshot
from sources.loading import raw_columns
from sources.protocols.cells import literal, quote
from sources.registry import Feed, Registry

if TYPE_CHECKING:
    from sources.partners.register import Delivery

_CONTROL = """
CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS control;
CREATE TABLE IF NOT EXISTS control.feeds (
    feed_id VARCHAR PRIMARY KEY, title VARCHAR, description VARCHAR, publisher VARCHAR, publisher_url VARCHAR, license_name VARCHAR,
    license_url VARCHAR, page_url VARCHAR, lines VARCHAR[], cadence VARCHAR, slack_days INTEGER, protocol VARCHAR,
    estimate_type VARCHAR, contract_sha256 VARCHAR);
CREATE TABLE IF NOT EXISTS control.snapshots (
    snapshot_id VARCHAR PRIMARY KEY, feed_id VARCHAR, table_id VARCHAR, title VARCHAR, publisher VARCHAR, license_name VARCHAR,
    license_url VARCHAR, source_url VARCHAR, upstream_version VARCHAR, retrieved_at TIMESTAMPTZ, promoted_at TIMESTAMPTZ,
    content_sha256 VARCHAR, bytes BIGINT, row_count BIGINT, data_origin VARCHAR);
CREATE TABLE IF NOT EXISTS control.checks (
    gate VARCHAR, subject VARCHAR, check_name VARCHAR, severity VARCHAR, passed BOOLEAN, expected VARCHAR, found VARCHAR,
    unexpected_count BIGINT, examples VARCHAR, snapshot_ids VARCHAR[], checked_at TIMESTAMPTZ);
CREATE TABLE IF NOT EXISTS control.holds (feed_id VARCHAR PRIMARY KEY, held_since TIMESTAMPTZ, problem VARCHAR);
CREATE TABLE IF NOT EXISTS control.corrections (
    correction_id VARCHAR PRIMARY KEY, feed_id VARCHAR, table_id VARCHAR, measure VARCHAR, area_code VARCHAR, period_code VARCHAR,
    published_value DOUBLE, action VARCHAR, replacement DOUBLE, reason_nl VARCHAR, reporter VARCHAR, reported_on DATE,
    source_url VARCHAR, retired_on DATE, snapshot_id VARCHAR, cells BIGINT);
CREATE TABLE IF NOT EXISTS control.disclosure_rules (
    feed_id VARCHAR, is_open BOOLEAN NOT NULL, least_count INTEGER, rounding INTEGER, least_denominator INTEGER,
    least_population INTEGER, most_share DOUBLE);
CREATE TABLE IF NOT EXISTS control.measure_kinds (
    feed_id VARCHAR, measure VARCHAR, counts VARCHAR, at_most VARCHAR);
CREATE TABLE IF NOT EXISTS control.deliveries (
    delivery_id VARCHAR PRIMARY KEY, tells_of_people BOOLEAN NOT NULL, feed_id VARCHAR, partner VARCHAR, contract_version INTEGER,
    contract_sha256 VARCHAR, way VARCHAR, file_name VARCHAR, file_sha256 VARCHAR, bytes BIGINT, received_at TIMESTAMPTZ,
    decided_at TIMESTAMPTZ, decision VARCHAR, delivered BIGINT, accepted BIGINT, refused BIGINT, periods VARCHAR[],
    replaces VARCHAR[], timing VARCHAR, problem_nl VARCHAR, findings VARCHAR, refusals_by_rule VARCHAR, snapshots VARCHAR,
    original VARCHAR);
"""

# What releases showed of figures that we protect: the first release that showed each number, or hid it. Nothing removes a row,
# because no reader can be made to forget. The true value of then tells disclosure control which counts were corrected since.
_LEDGER = """
CREATE SCHEMA IF NOT EXISTS control;
CREATE TABLE IF NOT EXISTS control.published (
    release_id VARCHAR, released_at TIMESTAMPTZ, feed_id VARCHAR, subject VARCHAR, code VARCHAR, role VARCHAR, area_code VARCHAR,
    period_type VARCHAR, period_start DATE, breakdown VARCHAR, is_shown BOOLEAN, shown_value DOUBLE, rounding INTEGER,
    least_count INTEGER, true_value DOUBLE);
CREATE TABLE IF NOT EXISTS control.published_releases (release_id VARCHAR, released_at TIMESTAMPTZ, numbers BIGINT);
"""


# The settings of every connection to a file of an environment; DuckDB refuses differing ones on one file in one process.
# dbt_project/profiles.yml repeats them. No extension is needed, so none may be fetched behind our back. What needs more
# than this memory spills to a folder beside the file: a whole run stays below 1.5 GB however many years it reads.
CONNECTION: Mapping[str, bool | str] = {"autoinstall_known_extensions": False, "memory_limit": "1GB"}


class WarehouseBusy(NoordError):
    """Another run holds the warehouse and did not finish in time."""


@contextmanager
def writer_lock(environment: Environment, wait_seconds: float) -> Iterator[None]:
    """Hold the one writer's place of an environment; a killed holder releases it.

    Raises:
        WarehouseBusy: another run kept it for `wait_seconds`.
    """
    environment.home.mkdir(parents=True, exist_ok=True)
    # One lock object per process: a run holds it as a whole, and its steps take it again.
    lock = FileLock(environment.lock, is_singleton=True, thread_local=False)
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        raise WarehouseBusy(
            f"Another run holds {environment.lock} for over {wait_seconds:.0f} seconds. Nothing was changed; try again when it is done."
        ) from error
    try:
        yield
    finally:
        lock.release()


# Files that this process keeps open, and the connection that does so once somebody asked for one.
_kept: dict[Path, duckdb.DuckDBPyConnection | None] = {}


@contextmanager
def kept_open(environment: Environment) -> Iterator[None]:
    """Open the warehouse once for all that `connect` is asked meanwhile: each opening reads its whole catalog anew.

    The caller holds the writer lock. Nobody else can open the file then, so what takes long and needs no warehouse comes
    after `let_go`. Writing is allowed to every connection meanwhile, also to one that asked for reading only.
    """
    _kept[environment.warehouse] = None
    try:
        yield
    finally:
        let_go(environment)
        del _kept[environment.warehouse]


def let_go(environment: Environment) -> None:
    """Close a warehouse that is kept open; the next `connect` opens it again."""
    connection = _kept.get(environment.warehouse)
    if connection is not None:
        _kept[environment.warehouse] = None
        connection.close()


def connect(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file with the settings that every connection of this project shares (`CONNECTION`)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path in _kept:
        keeper = _kept[path] = _kept[path] or duckdb.connect(str(path), config={**CONNECTION})
        connection = keeper.cursor()
    else:
        connection = duckdb.connect(str(path), read_only=read_only, config={**CONNECTION})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, audit_file: Path) -> Iterator[None]:
    """An audit file as database ``audit`` of a connection, for as long as that goes well.

    After a failure it is left attached: it can't be detached from within a broken transaction, and the connection's end, or
    the next file of that name, does the same.
    """
    connection.execute(f"ATTACH OR REPLACE {literal(str(audit_file))} AS audit (READ_ONLY)")
    yield
    connection.execute("DETACH audit")


def connect_memory() -> duckdb.DuckDBPyConnection:
    """A database that is gone when it is closed, with the same settings."""
    return duckdb.connect(":memory:", config={**CONNECTION})


def prepare(environment: Environment, registry: Registry) -> None:
    """Make the control tables, an empty raw table for each feed that has none, and describe feeds, rules and deliveries.

    Each feed of a run calls this, so what is there already is only looked at.
    """
    with connect(environment.warehouse) as warehouse:
        warehouse.execute(_CONTROL)
        warehouse.execute(_LEDGER)
        tables = warehouse.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'raw'").fetchall()
        described = warehouse.execute(f"SELECT feed_id, {_DESCRIPTION} FROM control.feeds").fetchall()
        for feed in registry.values():
            if (feed.id,) not in tables:
                warehouse.execute(f"CREATE TABLE raw.{quote(feed.id)} ({raw_columns(feed)})")
            if (feed.id, *_description(feed)) not in described:
                _describe(warehouse, feed)
        if {feed_id for feed_id, *_ in described} - set(registry):
            kept = ", ".join(literal(name) for name in registry)
            for table in ("control.feeds", "control.holds", "control.corrections"):
                warehouse.execute(f"DELETE FROM {table} WHERE feed_id NOT IN ({kept})")
        _write_disclosure_rules(warehouse, registry)
        if any(isinstance(feed, PartnerFeed) for feed in registry.values()):
            _add_deliveries(warehouse, environment, registry)


def _write_disclosure_rules(warehouse: duckdb.DuckDBPyConnection, registry: Registry) -> None:
    """Keep the rules of disclosure, and what partners' measures count, equal to the registry's.

    A publisher has protected its open figures itself. A feed without a row has no rule, so nothing of it is shown.
    """
    rules: list[tuple[object, ...]] = []
    kinds: list[tuple[object, ...]] = []
    for feed in registry.values():
        if not isinstance(feed, PartnerFeed):
            rules.append((feed.id, True, None, None, None, None, None))
            continue
        rule = feed.disclosure
        rules.append(
            (
                feed.id, False, rule.least_count, rule.rounding, rule.least_denominator, rule.least_population, rule.most_share,
            )
        )  # fmt: skip
        kinds += [(feed.id, name, measure.counts, measure.at_most) for name, measure in feed.measures.items()]
    for table, rows in (("disclosure_rules", rules), ("measure_kinds", kinds)):
        if set(warehouse.execute(f"FROM control.{table}").fetchall()) == set(rows):
            continue
        warehouse.execute("BEGIN")
        warehouse.execute(f"DELETE FROM control.{table}")
        for row in rows:
            warehouse.execute(f"INSERT INTO control.{table} VALUES ({', '.join('?' * len(row))})", row)
        warehouse.execute("COMMIT")


def _add_deliveries(warehouse: duckdb.DuckDBPyConnection, environment: Environment, registry: Registry) -> None:
    """Add what the register of deliveries has more; nothing is ever changed or taken away here."""
    # Imported here: an environment without partners does not pay for reading one.
    from sources.partners.register import Register

    known = {name for (name,) in warehouse.execute("SELECT delivery_id FROM control.deliveries").fetchall()}
    rows = [
        _delivery_row(made, registry.get(made.feed_id))
        for made in Register(environment).deliveries()
        if made.delivery_id not in known
    ]
    if rows:
        names = ", ".join(name for name in rows[0])
        places = ", ".join("?" * len(rows[0]))
        warehouse.executemany(
            f"INSERT INTO control.deliveries ({names}) VALUES ({places})", [[*row.values()] for row in rows]
        )


def _delivery_row(made: Delivery, feed: Feed | None) -> dict[str, object]:
    """A delivery by the columns of ``control.deliveries``; what has parts of its own is JSON.

    `tells_of_people`: the number of rows is itself a count that nobody has protected. It is where rows are people or cases, and
    where rows are groups that a partner leaves out when empty; so it is taken to be of a feed that is unknown.
    """
    findings = [dataclasses.asdict(finding) for finding in made.findings]
    return {each.name: getattr(made, each.name) for each in dataclasses.fields(made)} | {
        "tells_of_people": not (isinstance(feed, PartnerFeed) and feed.rows == "aggregated" and not feed.dimensions),
        "periods": list(made.periods),
        "replaces": list(made.replaces),
        "findings": json.dumps(findings, ensure_ascii=False),
        "refusals_by_rule": json.dumps(made.refusals_by_rule),
        "snapshots": json.dumps(made.snapshots),
    }


# All columns but contract_sha256, which says under which contract the rows in raw were promoted.
_DESCRIPTION = """title, description, publisher, publisher_url, license_name, license_url, page_url, lines, cadence, slack_days, protocol,
    estimate_type"""


def _description(feed: Feed) -> tuple[object, ...]:
    return (
        feed.title, feed.description, feed.publisher.name, feed.publisher.url, feed.license.name, feed.license.url, feed.page,
        list(feed.lines), feed.cadence.expected, feed.cadence.slack_days, feed.protocol, feed.estimate_type,
    )  # fmt: skip


def _describe(warehouse: duckdb.DuckDBPyConnection, feed: Feed) -> None:
    warehouse.execute("INSERT OR IGNORE INTO control.feeds (feed_id) VALUES (?)", [feed.id])
    places = ", ".join("?" * len(_description(feed)))
    warehouse.execute(
        f"UPDATE control.feeds SET ({_DESCRIPTION}) = ({places}) WHERE feed_id = ?", [*_description(feed), feed.id]
    )


@dataclass(frozen=True)
class Standing:
    """What the warehouse holds of one feed now: under which contract, which snapshot of each table, and why it is held.

    `decided` counts what a partner delivered and was decided upon, without what had come in before.
    """

    contract_sha256: str | None = None
    snapshots: dict[str, str] = dataclasses.field(default_factory=dict)
    held: str | None = None
    decided: int = 0


def standings(environment: Environment, feed_ids: Iterable[str]) -> dict[str, Standing]:
    """What the warehouse holds of each of these feeds; nothing of a feed, or a warehouse, that is not there yet."""
    found = {feed_id: Standing() for feed_id in feed_ids}
    if not environment.warehouse.exists():
        return found
    with connect(environment.warehouse, read_only=True) as warehouse:
        names = warehouse.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'control'").fetchall()
        if not {"feeds", "holds", "snapshots"} <= {name for (name,) in names}:
            return found
        # A warehouse that was made before partners delivered gets its table with the next run.
        decided = (
            "(SELECT count(*) FROM control.deliveries AS d WHERE d.feed_id = f.feed_id AND d.decision <> 'duplicate')"
        )
        rows = warehouse.execute(
            f"""SELECT f.feed_id, f.contract_sha256, h.problem,
                (SELECT map_from_entries(list((s.table_id, s.snapshot_id))) FROM control.snapshots AS s WHERE s.feed_id = f.feed_id),
                {decided if ("deliveries",) in names else "0"}
            FROM control.feeds AS f LEFT JOIN control.holds AS h USING (feed_id)"""
        ).fetchall()
    return found | {
        feed_id: Standing(contract, snapshots or {}, held, decided)
        for feed_id, contract, held, snapshots, decided in rows
        if feed_id in found
    }


def standing_of(environment: Environment, feed_id: str) -> Standing:
    """What the warehouse holds of one feed."""
    return standings(environment, [feed_id])[feed_id]


def promote(
    environment: Environment,
    feed: FeedBase,
    snapshots: Sequence[Snapshot],
    audit_file: Path,
    checks: Sequence[CheckResult],
    *,
    replace: bool,
) -> dict[str, int]:
    """Move audited rows to ``raw.<feed>`` in one transaction and return the row count of each table.

    Args:
        audit_file: DuckDB file with the tables ``delivery`` and ``applied_corrections``.
        replace: drop every earlier row of the feed (its contract changed), not only those of the same tables.
    """
    raw = f"raw.{quote(feed.id)}"
    tables = ", ".join(literal(snapshot.table.id) for snapshot in snapshots)
    with connect(environment.warehouse) as warehouse, attached(warehouse, audit_file):
        warehouse.execute("BEGIN")
        if replace:
            warehouse.execute(f"CREATE OR REPLACE TABLE {raw} ({raw_columns(feed)})")
            for control in ("snapshots", "corrections"):
                warehouse.execute(f"DELETE FROM control.{control} WHERE feed_id = ?", [feed.id])
        else:
            warehouse.execute(f"DELETE FROM {raw} WHERE table_id IN ({tables})")
            for control in ("snapshots", "corrections"):
                warehouse.execute(
                    f"DELETE FROM control.{control} WHERE feed_id = ? AND table_id IN ({tables})", [feed.id]
                )
        warehouse.execute(f"INSERT INTO {raw} SELECT * FROM audit.delivery")
        counts = dict(warehouse.execute("SELECT table_id, count(*) FROM audit.delivery GROUP BY 1").fetchall())
        for snapshot in snapshots:
            _insert_snapshot(warehouse, snapshot, counts.get(snapshot.table.id, 0), environment.now())
        _insert_corrections(warehouse, feed)
        warehouse.execute(
            "UPDATE control.feeds SET contract_sha256 = ? WHERE feed_id = ?", [feed.contract_sha256, feed.id]
        )
        warehouse.execute("DELETE FROM control.holds WHERE feed_id = ?", [feed.id])
        warehouse.execute("DELETE FROM control.checks WHERE gate = 'arrival' AND subject = ?", [feed.id])
        _insert_checks(warehouse, checks, [snapshot.snapshot_id for snapshot in snapshots])
        warehouse.execute("COMMIT")
    return counts


def hold(
    environment: Environment, feed: FeedBase, problem: str, checks: Sequence[CheckResult], snapshots: Sequence[Snapshot]
) -> None:
    """Record that the newest delivery of a feed was not accepted; its rows in raw stay as they are."""
    with connect(environment.warehouse) as warehouse:
        warehouse.execute("BEGIN")
        warehouse.execute(
            "INSERT INTO control.holds VALUES (?, ?, ?) ON CONFLICT (feed_id) DO UPDATE SET problem = excluded.problem",
            [feed.id, environment.now(), problem],
        )
        _replace_named_checks(warehouse, feed, checks, [snapshot.snapshot_id for snapshot in snapshots])
        warehouse.execute("COMMIT")


def release_hold(environment: Environment, feed: FeedBase, checks: Sequence[CheckResult]) -> None:
    """Lift a hold without a new delivery: the publisher is back and what stands is its newest."""
    with connect(environment.warehouse) as warehouse:
        warehouse.execute("BEGIN")
        warehouse.execute("DELETE FROM control.holds WHERE feed_id = ?", [feed.id])
        _replace_named_checks(warehouse, feed, checks, [])
        warehouse.execute("COMMIT")


def record_release_checks(environment: Environment, checks: Sequence[CheckResult]) -> None:
    """Keep the newest results of the release gate."""
    with connect(environment.warehouse) as warehouse:
        warehouse.execute("BEGIN")
        warehouse.execute("DELETE FROM control.checks WHERE gate = 'release'")
        _insert_checks(warehouse, checks, [])
        warehouse.execute("COMMIT")


def record_published(
    environment: Environment, release_id: str, released_at: datetime, shown: pa.Table, *, is_just_built: bool
) -> None:
    """Add to the ledger what a release shows and no earlier one did; a release that is known already adds nothing.

    Args:
        shown: columns feed_id, subject, code, role, area_code, period_type, period_start, breakdown, shown_value (NULL is
            hidden), rounding, least_count, measures. Amounts are rounded to digits, so they get no base.
        is_just_built: the release was made from what stands in the warehouse, so that the true values are those there.
    """
    number = "feed_id, subject, code, role, area_code, period_type, period_start, breakdown, is_shown, shown_value, rounding, least_count"
    with connect(environment.warehouse) as warehouse:
        warehouse.execute(_LEDGER)
        if warehouse.execute("FROM control.published_releases WHERE release_id = ?", [release_id]).fetchall():
            return
        warehouse.register("shown", shown)
        warehouse.execute("BEGIN")
        # A number without its true value is news only when it was never shown so at all.
        warehouse.execute(
            f"""INSERT INTO control.published (release_id, released_at, {number}, true_value)
            WITH fresh AS (
                SELECT shown.* REPLACE (
                    CASE WHEN NOT list_has_any(shown.measures, coalesce(amounts.measures, [])) THEN shown.rounding END AS rounding
                ), shown.shown_value IS NOT NULL AS is_shown, truth.true_value
                FROM shown LEFT JOIN (
                    SELECT feed_id, list(measure) AS measures FROM control.measure_kinds WHERE counts = 'amount' GROUP BY feed_id
                ) AS amounts USING (feed_id)
                LEFT JOIN ({_true_values(warehouse, is_just_built)}) AS truth
                    USING (subject, code, role, area_code, period_type, period_start, breakdown)
            )
            SELECT $release_id, $released_at, news.* FROM (
                (SELECT {number}, true_value FROM fresh WHERE true_value IS NOT NULL
                EXCEPT SELECT {number}, true_value FROM control.published)
                UNION ALL
                (SELECT *, NULL FROM (
                    SELECT {number} FROM fresh WHERE true_value IS NULL EXCEPT SELECT {number} FROM control.published
                ))
            ) AS news""",
            {"release_id": release_id, "released_at": released_at},
        )
        warehouse.execute(
            "INSERT INTO control.published_releases VALUES (?, ?, ?)", [release_id, released_at, shown.num_rows]
        )
        warehouse.execute("COMMIT")


def _true_values(warehouse: duckdb.DuckDBPyConnection, is_just_built: bool) -> str:
    """A query for the numbers that disclosure control decided on, with their true values; empty where it never ran."""
    key = "subject, code, role, area_code, period_type, period_start, breakdown"
    known = warehouse.execute("FROM duckdb_tables() WHERE table_name = 'int_disclosure__quantities'").fetchall()
    if is_just_built and known:
        return f"SELECT DISTINCT {key}, true_value FROM intermediate.int_disclosure__quantities"
    return f"SELECT {key}, NULL::DOUBLE AS true_value FROM control.published WHERE FALSE"


def recorded_releases(environment: Environment) -> set[str]:
    """The releases that the ledger knows."""
    with connect(environment.warehouse) as warehouse:
        warehouse.execute(_LEDGER)
        return {name for (name,) in warehouse.execute("SELECT release_id FROM control.published_releases").fetchall()}


def stored_checks(environment: Environment, gate: str, subject: str | None = None) -> list[CheckResult]:
    """The newest results of one gate, of one subject or of all; none where there is no warehouse yet."""
    if not environment.warehouse.exists():
        return []
    with connect(environment.warehouse, read_only=True) as warehouse:
        rows = warehouse.execute(
            """SELECT gate, subject, check_name, severity, passed, expected, found, unexpected_count, examples, checked_at
            FROM control.checks WHERE gate = $gate AND subject = coalesce($subject, subject) ORDER BY subject, check_name""",
            {"gate": gate, "subject": subject},
        ).fetchall()
    return [CheckResult(*row) for row in rows]


def forget(environment: Environment, feed: FeedBase) -> None:
    """Drop everything that stands of a feed, so that its next delivery is its first."""
    with connect(environment.warehouse) as warehouse:
        warehouse.execute("BEGIN")
        warehouse.execute(f"CREATE OR REPLACE TABLE raw.{quote(feed.id)} ({raw_columns(feed)})")
        for table in ("snapshots", "corrections", "holds"):
            warehouse.execute(f"DELETE FROM control.{table} WHERE feed_id = ?", [feed.id])
        warehouse.execute("DELETE FROM control.checks WHERE gate = 'arrival' AND subject = ?", [feed.id])
        warehouse.execute("UPDATE control.feeds SET contract_sha256 = NULL WHERE feed_id = ?", [feed.id])
        warehouse.execute("COMMIT")


def _insert_corrections(warehouse: duckdb.DuckDBPyConnection, feed: FeedBase) -> None:
    """The lines that met their table in the attached audit file, with the number of cells that each changed."""
    lines = {correction.correction_id: correction for correction in feed.corrections}
    for name, snapshot_id, cells in warehouse.execute("FROM audit.applied_corrections ORDER BY ALL").fetchall():
        line = lines[name]
        warehouse.execute(
            "INSERT INTO control.corrections VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                line.correction_id, line.feed_id, line.table_id, line.measure, line.area_code or None, line.period_code or None,
                line.published_value, line.action, line.replacement, line.reason_nl, line.reporter, line.reported_on,
                line.source_url, line.retired_on, snapshot_id, cells,
            ],
        )  # fmt: skip


def _insert_snapshot(
    warehouse: duckdb.DuckDBPyConnection, snapshot: Snapshot, rows: int, promoted_at: datetime
) -> None:
    warehouse.execute(
        "INSERT INTO control.snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            snapshot.snapshot_id, snapshot.feed_id, snapshot.table.id, snapshot.title, snapshot.publisher, snapshot.license_name,
            snapshot.license_url, snapshot.source_url, snapshot.upstream_version, snapshot.retrieved_at, promoted_at,
            snapshot.content_sha256, snapshot.bytes, rows, snapshot.data_origin,
        ],
    )  # fmt: skip


def _replace_named_checks(
    warehouse: duckdb.DuckDBPyConnection, feed: FeedBase, checks: Sequence[CheckResult], snapshot_ids: Sequence[str]
) -> None:
    """Renew the results given; the others were not run again and keep their last result."""
    for check in checks:
        warehouse.execute(
            "DELETE FROM control.checks WHERE gate = 'arrival' AND subject = ? AND check_name = ?",
            [feed.id, check.name],
        )
    _insert_checks(warehouse, checks, snapshot_ids)


def _insert_checks(
    warehouse: duckdb.DuckDBPyConnection, checks: Sequence[CheckResult], snapshot_ids: Sequence[str]
) -> None:
    for check in checks:
        warehouse.execute(
            "INSERT INTO control.checks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                check.gate, check.subject, check.name, check.severity, check.passed, check.expected, check.found,
                check.unexpected_count, _valid_json(check.examples), list(snapshot_ids), check.checked_at,
            ],
        )  # fmt: skip


def _valid_json(text: str) -> str:
    json.loads(text)
    return text
