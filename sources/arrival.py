"""The arrival of a feed: ask, fetch, audit, then promote or hold; or, as known on an earlier day, once more from landing.
A partner's feed is not asked for: what waits in its inbox is taken in, and the rest is the same.

Belongs here: the order of these steps and the decision. A problem of one feed ends in a hold and never leaves this
module as an exception, because nothing else may stop for it. Does not belong here: what happens after raw, and when
runs start (orchestration).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sources import warehouse
from sources.archive import ArchiveWriter
from sources.checks import CheckResult, blocking
from sources.contracts import PartnerFeed
from sources.environment import Environment
from sources.errors import FeedProblem
from sources.feed import Expectation, Table
from sources.guards import GUARDS, compare_with_standing
from sources.http import PublisherSession
from sources.landing import Landing, Snapshot
from sources.loading import DELIVERY_KEYS, append_cells, create_delivery
from sources.protocols import FeedProtocol, Reader, protocol_of, reader_of
from sources.protocols.deliveries import OVERDUE_CHECK, open_problem, overdue_check
from sources.protocols.slices import covers, is_current
from sources.registry import Feed, FetchedFeed

if TYPE_CHECKING:
    from sources.partners.register import Delivery

Outcome = Literal["promoted", "unchanged", "held"]
Progress = Callable[[str], None]

# Every feed has the first of these checks and the guards beside the expectations of its file; a feed with a publisher has
# the second too, one of a partner `OVERDUE_CHECK`.
DELIVERY_CHECK = "delivery"
DISCOVERY_CHECK = "discovery"
_DISCOVERY = (DISCOVERY_CHECK, "warn", "De catalogus van de uitgever heeft geen nieuwe tabel die niet te gebruiken is.")
_OVERDUE = (OVERDUE_CHECK, "warn", "De partner is niet te laat met de volgende cijfers.")
UNIQUE_ROWS = Expectation(
    type="expect_compound_columns_to_be_unique",
    name="rows_are_unique",
    description="Elke combinatie van tabel, gebied, periode en uitsplitsing komt een keer voor.",
    severity="block",
    column_list=DELIVERY_KEYS,
)


@dataclass(frozen=True)
class Arrival:
    """How the arrival of one feed ended.

    `downloaded` counts tables fetched in this run; `snapshots` are those that now stand in raw, by table id; `rows`
    counts rows promoted in this run; `problem` is the message of a hold. `deliveries` are those of a partner that were
    taken in: one that was refused holds the feed, and what else came in is promoted nevertheless.
    """

    feed_id: str
    outcome: Outcome
    snapshots: dict[str, str]
    downloaded: int
    rows: int
    checks: tuple[CheckResult, ...]
    problem: str | None = None
    notes: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...] = ()


def checks_of(feed: Feed) -> list[tuple[str, str, str]]:
    """Name, severity and description of each check that an arrival of the feed reports."""
    delivery = (DELIVERY_CHECK, "block", "De levering is binnen en past bij het contract van de bron.")
    fixed = [delivery, _OVERDUE if isinstance(feed, PartnerFeed) else _DISCOVERY, *GUARDS]
    expectations = [UNIQUE_ROWS, *feed.expectations]
    return fixed + [(e.check_name, e.severity, e.description or e.type) for e in expectations]


def has_news(
    feed: Feed,
    environment: Environment,
    tables: Collection[str] = (),
    standing: warehouse.Standing | None = None,
) -> bool:
    """Whether the publisher has, or the warehouse lacks, something; asks for versions and downloads nothing.

    A publisher that can't be asked counts as news: the arrival will then say what is wrong.

    Args:
        standing: what stands of the feed; looked up unless given, and a look at thirty feeds at once costs as much as at one.
    """
    standing = standing or warehouse.standing_of(environment, feed.id)
    newest = Landing(environment).newest(feed.id)
    if environment.known_on is not None:
        return _is_unread(feed, standing, list(newest.values()))
    if isinstance(feed, PartnerFeed):
        return _has_delivery_news(feed, environment, standing, list(newest.values()))
    if standing.held is not None or standing.contract_sha256 != feed.contract_sha256:
        return True
    try:
        with PublisherSession(feed.id, environment) as session:
            protocol = protocol_of(feed, environment.scope)
            for table in _chosen(protocol.tables(session), tables):
                snapshot = newest.get(table.id)
                if table.discovered and snapshot is not None and table.id not in standing.snapshots:
                    # Tried before and found unusable: only another version is news.
                    if protocol.version(session, table) != snapshot.upstream_version:
                        return True
                    continue
                if snapshot is None or standing.snapshots.get(table.id) != snapshot.snapshot_id:
                    return True
                if not is_current(table, protocol.version(session, table), snapshot.upstream_version):
                    return True
    except FeedProblem:
        return True
    return False


def _has_delivery_news(
    feed: PartnerFeed, environment: Environment, standing: warehouse.Standing, newest: Sequence[Snapshot]
) -> bool:
    """Whether something waits, lies unread or became overdue.

    A hold that only the partner can lift is no news until it sends something.
    """
    from sources.partners.intake import has_waiting

    try:
        if has_waiting(feed, environment):
            return True
    except FeedProblem:
        return True
    overdue = overdue_check(feed, environment, standing.snapshots)
    if not overdue.passed and overdue.found not in _stored(environment, feed).values():
        return True
    waits_for_partner = standing.held is not None and open_problem(feed, environment) is not None
    return _is_unread(feed, dataclasses.replace(standing, held=None) if waits_for_partner else standing, newest)


def _is_unread(feed: Feed, standing: warehouse.Standing, newest: Sequence[Snapshot]) -> bool:
    """Whether landing has something that does not stand."""
    if not newest:
        return bool(standing.snapshots)
    if standing.held is not None or standing.contract_sha256 != feed.contract_sha256:
        return True
    return any(standing.snapshots.get(s.table.id) != s.snapshot_id for s in _under_contract(feed, newest))


def arrive(
    feed: Feed,
    environment: Environment,
    *,
    force: bool = False,
    tables: Collection[str] = (),
    recorder: ArchiveWriter | None = None,
    progress: Progress = lambda _text: None,
) -> Arrival:
    """Bring one feed up to date. The caller holds the writer lock and has called `warehouse.prepare`.

    Args:
        force: download every table again, whatever its version.
        tables: ids of the tables to fetch; all but superseded ones when empty.
        recorder: archive that gets a copy of every exchange.
        progress: told in a few words what happens.

    An environment that stands still on a day asks no publisher: see `arrive_again`.
    """
    if environment.known_on is not None:
        return arrive_again(feed, environment, progress)
    standing = warehouse.standing_of(environment, feed.id)
    landing = Landing(environment)
    try:
        if isinstance(feed, PartnerFeed):
            fetched = _take_in(feed, environment, landing, tables, progress)
        else:
            if environment.archive is None:
                # Downloads may take long, and others may read the warehouse meanwhile.
                warehouse.let_go(environment)
            with PublisherSession(feed.id, environment, recorder) as session:
                fetched = _fetch_all(feed, environment, session, landing, force, tables, progress)
    except FeedProblem as problem:
        return _hold(feed, environment, standing, problem, [], 0)
    contract_changed = standing.contract_sha256 != feed.contract_sha256
    wanted = [s for s in fetched.snapshots if contract_changed or standing.snapshots.get(s.table.id) != s.snapshot_id]
    if contract_changed:
        wanted += _standing_elsewhere(feed, standing, landing, {s.table.id for s in fetched.snapshots})
    if wanted:
        arrival = _audit(feed, environment, standing, landing, wanted, fetched, contract_changed, progress)
    else:
        arrival = _nothing_new(feed, environment, standing, fetched)
    return dataclasses.replace(arrival, deliveries=fetched.deliveries)


def _nothing_new(feed: Feed, environment: Environment, standing: warehouse.Standing, fetched: _Fetched) -> Arrival:
    """What stands is the newest: renew the checks that say so, and lift a hold unless a refused delivery still asks for it."""
    beside = _beside(feed, environment, fetched.notes, standing.snapshots)
    if fetched.problem is not None:
        return _hold(feed, environment, standing, fetched.problem, [beside], fetched.downloaded)
    renewed = [] if _stored(environment, feed).get(beside.name) == beside.found else [beside]
    if standing.held is not None:
        renewed += _passed_delivery(feed, "the delivery in the warehouse is the newest")
    if renewed:
        warehouse.release_hold(environment, feed, renewed)
    kept = warehouse.stored_checks(environment, "arrival", feed.id)
    return Arrival(feed.id, "unchanged", standing.snapshots, fetched.downloaded, 0, tuple(kept), notes=fetched.notes)


def _stored(environment: Environment, feed: Feed) -> dict[str, str]:
    """What each check of the feed found last, by its name."""
    return {check.name: check.found for check in warehouse.stored_checks(environment, "arrival", feed.id)}


def arrive_again(feed: Feed, environment: Environment, progress: Progress = lambda _text: None) -> Arrival:
    """Let every delivery in landing arrive once more, oldest first, as far as the environment knows.

    What stands at the end is what stood then under today's contract: the newest snapshot of each table, or the newest
    before it where a delivery does not pass. The guards compare each delivery with the one before, as they did then.
    """
    warehouse.forget(environment, feed)
    landing = Landing(environment)
    newest: dict[str, Snapshot] = {}
    last = Arrival(feed.id, "unchanged", {}, 0, 0, ())
    for delivery in landing.deliveries(feed.id):
        kept, notes = _usable(feed, environment, landing, delivery)
        newest |= {snapshot.table.id: snapshot for snapshot in kept}
        standing = warehouse.standing_of(environment, feed.id)
        wanted = [s for s in newest.values() if standing.snapshots.get(s.table.id) != s.snapshot_id]
        if wanted:
            fetched = _Fetched(kept, 0, notes)
            is_first = standing.contract_sha256 is None
            last = _audit(feed, environment, standing, landing, wanted, fetched, is_first, progress)
    problem = open_problem(feed, environment) if isinstance(feed, PartnerFeed) else None
    if problem is None or last.outcome == "held":
        return last
    return _hold_nevertheless(feed, environment, last, problem)


def _usable(
    feed: Feed, environment: Environment, landing: Landing, delivery: Sequence[Snapshot]
) -> tuple[list[Snapshot], tuple[str, ...]]:
    """The snapshots of one delivery that the feed file still names, or that the catalogue had and can be read."""
    reader = reader_of(feed, environment.scope)
    kept, notes = [], []
    for snapshot in _under_contract(feed, delivery):
        try:
            if snapshot.table.discovered:
                _try_out(feed, environment, landing, reader, snapshot)
            kept.append(snapshot)
        except FeedProblem as problem:
            notes.append(_not_usable(snapshot.table, problem))
    return kept, tuple(notes)


def _standing_elsewhere(
    feed: Feed, standing: warehouse.Standing, landing: Landing, fetched: Collection[str]
) -> list[Snapshot]:
    """Snapshots that stand in raw and were not asked for in this run: under another contract they are read again too."""
    kept = [s for s in landing.snapshots(feed.id) if standing.snapshots.get(s.table.id) == s.snapshot_id]
    return [s for s in _under_contract(feed, kept) if s.table.id not in fetched]


def _under_contract(feed: Feed, snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """The snapshots whose tables the feed file names today, with today's entry, and those that the catalogue had."""
    declared = {table.id: table for table in feed.tables}
    return [
        s.model_copy(update={"table": _as_declared(s.table, declared)}) for s in snapshots if feed.still_names(s.table)
    ]


def _as_declared(table: Table, declared: Mapping[str, Table]) -> Table:
    """A landed table with what the feed file says of it now; a slice keeps what makes it one."""
    now = declared.get(table.publisher_id, table)
    own = {name: getattr(table, name) for name in ("id", "source", "slice_year", "closed")}
    return now.model_copy(update=own)


@dataclass(frozen=True)
class _Fetched:
    """What there is of a feed now; `problem` is a delivery that came to nothing and waits for a better one."""

    snapshots: list[Snapshot]
    downloaded: int
    notes: tuple[str, ...]
    deliveries: tuple[Delivery, ...] = ()
    problem: FeedProblem | None = None


def _take_in(
    feed: PartnerFeed, environment: Environment, landing: Landing, chosen: Collection[str], progress: Progress
) -> _Fetched:
    """Take in what waits for a partner's feed; its tables are the periods that are in landing then."""
    # Imported here: what it needs to read files must not slow down a run without news.
    from sources.partners.intake import take_in_all

    deliveries = take_in_all(feed, environment, landing, progress)
    newest = landing.newest(feed.id)
    tables = _chosen([snapshot.table for snapshot in newest.values()], chosen)
    return _Fetched(
        [newest[table.id] for table in tables],
        sum(len(delivery.snapshots) for delivery in deliveries),
        tuple(note for delivery in deliveries for note in _remarks(delivery)),
        tuple(deliveries),
        open_problem(feed, environment),
    )


def _remarks(delivery: Delivery) -> list[str]:
    """What is worth a line in the log of a delivery that counts, or counts already."""
    remarks = [f"delivery {delivery.delivery_id} is {delivery.timing}"] if delivery.timing in ("early", "late") else []
    if delivery.decision == "duplicate":
        remarks.append(f"delivery {delivery.delivery_id} came in before and changes nothing")
    if delivery.decision == "accepted_with_refusals":
        remarks.append(
            f"delivery {delivery.delivery_id}: {delivery.refused:,} of {delivery.delivered:,} rows were refused"
        )
    return remarks


def _fetch_all(
    feed: FetchedFeed,
    environment: Environment,
    session: PublisherSession,
    landing: Landing,
    force: bool,
    chosen: Collection[str],
    progress: Progress,
) -> _Fetched:
    protocol = protocol_of(feed, environment.scope)
    newest = landing.newest(feed.id)
    snapshots, downloaded, notes = [], 0, []
    for table in _chosen(protocol.tables(session), chosen):
        try:
            snapshot, is_new = _fetch(protocol, session, landing, table, newest.get(table.id), force, progress)
            if table.discovered:
                _try_out(feed, environment, landing, protocol, snapshot)
        except FeedProblem as problem:
            # Next year's table may appear before it can be read; the years that are known must not wait for it.
            if not table.discovered:
                raise
            notes.append(_not_usable(table, problem))
            continue
        snapshots.append(snapshot)
        downloaded += is_new
    return _Fetched(snapshots, downloaded, tuple(notes))


def _not_usable(table: Table, problem: FeedProblem) -> str:
    return f"table {table.id} of {table.year} was found in the catalogue and is not usable yet: {problem}"


def _chosen(tables: Sequence[Table], ids: Collection[str]) -> list[Table]:
    if ids:
        return covers(tables, ids)
    return [table for table in tables if not table.superseded]


def _fetch(
    protocol: FeedProtocol,
    session: PublisherSession,
    landing: Landing,
    table: Table,
    last: Snapshot | None,
    force: bool,
    progress: Progress,
) -> tuple[Snapshot, bool]:
    version = protocol.version(session, table)
    if last is not None and not force and version and is_current(table, version, last.upstream_version):
        # The table's entry in the feed file may have changed since; the bytes have not.
        return last.model_copy(update={"table": table}), False
    progress(f"{session.feed_id}: downloading {table.id}")
    snapshot = protocol.fetch(session, table, version, landing)
    if last is not None and snapshot.upstream_version == last.upstream_version and _is_same_content(snapshot, last):
        landing.remove_duplicate(snapshot)
        return last.model_copy(update={"table": table}), True
    return snapshot, True


def _is_same_content(snapshot: Snapshot, last: Snapshot) -> bool:
    # A version that was made from the content says so; the bytes may hold the moment of the answer beside it.
    return snapshot.content_sha256 == last.content_sha256 or snapshot.upstream_version.startswith("sha256:")


def _try_out(
    feed: Feed,
    environment: Environment,
    landing: Landing,
    reader: Reader,
    snapshot: Snapshot,
) -> None:
    with warehouse.connect_memory() as connection:
        create_delivery(connection, feed)
        reader.read_cells(connection, snapshot, landing)
        append_cells(connection, feed, snapshot, environment.scope)


def _audit(
    feed: Feed,
    environment: Environment,
    standing: warehouse.Standing,
    landing: Landing,
    wanted: list[Snapshot],
    fetched: _Fetched,
    contract_changed: bool,
    progress: Progress,
) -> Arrival:
    audit_file = environment.audit / f"{feed.id}.duckdb"
    try:
        progress(f"{feed.id}: auditing {len(wanted)} tables")
        _fill_audit_file(feed, environment, landing, wanted, audit_file)
        results = [
            *_run_suite(feed, audit_file),
            *compare_with_standing(feed, environment, audit_file, replace=contract_changed),
        ]
        red = blocking(results)
        if red:
            what = "; ".join(f"check {check.name} failed: {check.found}{_first_example(check)}" for check in red[:3])
            problem = FeedProblem(
                what,
                feed_id=feed.id,
                where=", ".join(s.table.id for s in wanted[:3]),
                expected=red[0].expected.rstrip("."),
            )
            return _hold(feed, environment, standing, problem, results, fetched.downloaded, wanted)
        standing_now = ({} if contract_changed else standing.snapshots) | {s.table.id: s.snapshot_id for s in wanted}
        beside = _beside(feed, environment, fetched.notes, standing_now)
        checks = [*_passed_delivery(feed, f"{len(wanted)} tables accepted"), beside, *results]
        counts = warehouse.promote(environment, feed, wanted, audit_file, checks, replace=contract_changed)
    except FeedProblem as problem:
        return _hold(feed, environment, standing, problem, [], fetched.downloaded, wanted)
    finally:
        audit_file.unlink(missing_ok=True)
    arrival = Arrival(
        feed.id, "promoted", standing_now, fetched.downloaded, sum(counts.values()), tuple(checks), notes=fetched.notes
    )
    return arrival if fetched.problem is None else _hold_nevertheless(feed, environment, arrival, fetched.problem)


def _hold_nevertheless(feed: Feed, environment: Environment, arrival: Arrival, problem: FeedProblem) -> Arrival:
    """Hold a feed for a delivery that was refused, and leave what arrived beside it."""
    held = _hold(feed, environment, warehouse.Standing(snapshots=arrival.snapshots), problem, [], arrival.downloaded)
    red = {check.name for check in held.checks}
    checks = (*held.checks, *(check for check in arrival.checks if check.name not in red))
    return dataclasses.replace(arrival, outcome="held", checks=checks, problem=held.problem)


def _first_example(check: CheckResult) -> str:
    """The first offending row or value; guards name theirs themselves."""
    examples = json.loads(check.examples)
    if not examples or check.name in {name for name, _, _ in GUARDS}:
        return ""
    return f", such as {json.dumps(examples[0], ensure_ascii=False)}"


def _fill_audit_file(
    feed: Feed,
    environment: Environment,
    landing: Landing,
    snapshots: Sequence[Snapshot],
    audit_file: Path,
) -> None:
    audit_file.unlink(missing_ok=True)
    reader = reader_of(feed, environment.scope)
    with warehouse.connect(audit_file) as connection:
        create_delivery(connection, feed)
        for snapshot in snapshots:
            reader.read_cells(connection, snapshot, landing)
            append_cells(connection, feed, snapshot, environment.scope)
        connection.execute("DROP TABLE IF EXISTS cells")


def _run_suite(feed: Feed, audit_file: Path) -> list[CheckResult]:
    # Imported here: three seconds that a run without news must not pay.
    from sources.expectations import run_expectations

    results = run_expectations(audit_file, "delivery", "arrival", feed.id, [UNIQUE_ROWS, *feed.expectations])
    if feed.is_open:
        return results
    # Rows of a partner may be small counts, and results are released and shown before any count is protected.
    return [dataclasses.replace(result, examples="[]") for result in results]


def _hold(
    feed: Feed,
    environment: Environment,
    standing: warehouse.Standing,
    problem: FeedProblem,
    results: Sequence[CheckResult],
    downloaded: int,
    snapshots: Sequence[Snapshot] = (),
) -> Arrival:
    message = f"{problem} The delivery is held; the last good figures stay."
    delivery = CheckResult(
        "arrival", feed.id, DELIVERY_CHECK, "block", False, problem.expected, message, 1, "[]", datetime.now(UTC)
    )
    checks = [delivery, *results]
    warehouse.hold(environment, feed, message, checks, snapshots)
    return Arrival(feed.id, "held", standing.snapshots, downloaded, 0, tuple(checks), message)


def _passed_delivery(feed: Feed, found: str) -> list[CheckResult]:
    expected = "The delivery is fetched and fits the feed's contract"
    return [CheckResult("arrival", feed.id, DELIVERY_CHECK, "block", True, expected, found, 0, "[]", datetime.now(UTC))]


def _beside(feed: Feed, environment: Environment, notes: Sequence[str], standing: Collection[str]) -> CheckResult:
    """The check that says what is not there: tables that can't be used, or what a partner should have delivered by now."""
    if isinstance(feed, PartnerFeed):
        return overdue_check(feed, environment, standing)
    passed = CheckResult(
        "arrival",
        feed.id,
        DISCOVERY_CHECK,
        "warn",
        True,
        "No table in the catalogue that can't be used",
        "none",
        0,
        "[]",
        datetime.now(UTC),
    )
    return (
        passed
        if not notes
        else dataclasses.replace(passed, passed=False, found="; ".join(notes), unexpected_count=len(notes))
    )
