"""The intake: from a file of a partner to figures in landing, or back to the partner with a report.

Belongs here: what waits, the order of the steps and what stays of each. Does not belong here: what is decided (`decision`),
how each step is done (the other modules of this package), and what becomes of landed figures (`sources.arrival`).

A run may be killed at any moment. What was claimed and has no line in the register is taken in again from the beginning;
what it landed before is found by the number of the delivery and not landed twice. Report and landing come before the line,
the original is put away after it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from sources.archive import recorded_at
from sources.contracts import PartnerFeed
from sources.environment import HERE, Environment
from sources.errors import FeedProblem
from sources.feed import Table
from sources.landing import LandedFile, Landing, Snapshot
from sources.partners.decision import Outcome, decide, fits_no_contract
from sources.partners.inbox import (
    claim_bundled,
    claim_ready,
    ensure_inbox,
    feeds_of,
    look,
    new_bundled,
    safe_name,
    sha256_of,
)
from sources.partners.pull import PartnerSession, fetch_rows, window_start
from sources.partners.quarantine import (
    MOST_BYTES,
    Claim,
    kept_as,
    new_claim,
    original_of,
    put_away,
    store,
    sweep,
    undecided,
)
from sources.partners.register import Delivery, Register, RegisterChanged
from sources.partners.report import write_report
from sources.partners.timing import timing_of

Progress = Callable[[str], None]
CELLS_FILE = "cells.csv"


def has_waiting(
    feed: PartnerFeed, environment: Environment, partner_feeds: Sequence[PartnerFeed] | None = None
) -> bool:
    """Whether `take_in_all` would find something: a file that has settled, one that was claimed, or news to pull.

    Raises:
        FeedProblem: the partner's interface could not be asked.
    """
    register = Register(environment)
    known = register.deliveries(feed.id)
    feeds = partner_feeds or feeds_of(feed)
    ready = {waiting.feed_id for waiting in look(environment, feeds) if waiting.state == "ready"}
    if feed.id in ready or (_is_first(feed, feeds) and "" in ready):
        return True
    decided = {delivery.delivery_id for delivery in register.deliveries()}
    if any(claim.feed_id == feed.id for claim in undecided(environment, decided)):
        return True
    if new_bundled(environment, feed, {delivery.file_sha256 for delivery in known}):
        return True
    return feed.pull is not None and _pulled(feed, environment, known) is not None


def take_in_all(
    feed: PartnerFeed,
    environment: Environment,
    landing: Landing,
    progress: Progress = lambda _text: None,
    partner_feeds: Sequence[PartnerFeed] | None = None,
) -> list[Delivery]:
    """Take in what waits for the feed, in the order of arrival, and land the figures of what is accepted.

    The caller holds the writer lock. Every delivery ends as a line of the register with a report, also when it is
    refused, held or a duplicate. Files of the partner that fit none of its contracts are refused too (``feed_id`` empty)
    and are not among the returned ones: they are nobody's figures and must hold no feed.

    Args:
        partner_feeds: all feeds of the partner; those of the registry unless given.

    Raises:
        FeedProblem: nothing could be fetched, the disk refuses or the register was changed by other hands; what was
            claimed is taken up again next time.
        ConfigurationError: something else than a folder stands in the place of the inbox.
    """
    feeds = partner_feeds or feeds_of(feed)
    with _told_as_problem(feed, environment):
        ensure_inbox(environment, feed.partner)
        register = Register(environment)
        register.verify()
        intake = _Intake(feed, environment, landing, register, progress)
        taken = intake.take_in(intake.waiting(feeds))
        if feed.pull is not None:
            taken += intake.take_in(intake.pulled())
    return [delivery for delivery in taken if delivery.feed_id == feed.id]


@contextmanager
def _told_as_problem(feed: PartnerFeed, environment: Environment) -> Iterator[None]:
    try:
        yield
    except RegisterChanged as error:
        raise FeedProblem(
            "the register of deliveries was changed",
            feed_id=feed.id,
            where=str(environment.register),
            expected=str(error),
        ) from error
    except OSError as error:
        # Not chained: the error names the file, and its name may be about a person.
        raise FeedProblem(
            f"a delivery can't be stored: {error.strerror}",
            feed_id=feed.id,
            where=str(environment.home),
            expected="folders of its own with room in them; what came in is taken up again next time",
        ) from None


class _Intake:
    """One arrival of one feed: what it found, and what it decides."""

    def __init__(
        self, feed: PartnerFeed, environment: Environment, landing: Landing, register: Register, progress: Progress
    ) -> None:
        self._feed = feed
        self._environment = environment
        self._landing = landing
        self._register = register
        self._progress = progress
        self._decided = {delivery.delivery_id: delivery for delivery in register.deliveries()}
        self._landed = landing.snapshots(feed.id)

    # -- what waits --------------------------------------------------------------------------------------------------

    def waiting(self, feeds: Sequence[PartnerFeed]) -> list[Claim]:
        """What a killed run left, files of the inbox and bundled deliveries, by the moment at which they came in."""
        sweep(self._environment, self._decided)
        wanted = {self._feed.id, ""} if _is_first(self._feed, feeds) else {self._feed.id}
        left = [
            claim
            for claim in undecided(self._environment, self._decided)
            if claim.partner == self._feed.partner and claim.feed_id in wanted
        ]
        known = {d.file_sha256 for d in self._decided.values() if d.feed_id == self._feed.id}
        known |= {sha256_of(original_of(self._environment, claim)) for claim in left if self._environment.deliveries}
        bundled = claim_bundled(self._environment, self._feed, known, reference_moment(self._environment))
        claims = [*left, *bundled, *claim_ready(self._environment, self._feed, feeds)]
        return sorted(claims, key=lambda claim: (claim.received_at, _named_period(self._feed, claim), claim.file_name))

    def pulled(self) -> list[Claim]:
        """What the partner's interface gives, unless it is what it gave last time."""
        known = [delivery for delivery in self._decided.values() if delivery.feed_id == self._feed.id]
        self._progress(f"{self._feed.id}: asking the partner")
        content = _pulled(self._feed, self._environment, known)
        if content is None:
            return []
        moment = reference_moment(self._environment)
        claim = new_claim(self._feed.id, self._feed.partner, "pull", f"{self._feed.id}.json", moment)
        store(self._environment, claim, io.BytesIO(content))
        return [claim]

    # -- what becomes of it ------------------------------------------------------------------------------------------

    def take_in(self, claims: Sequence[Claim]) -> list[Delivery]:
        """Decide about each, in this order; a file that changes while it is read is left for the next time."""
        taken = []
        for claim in claims:
            original = original_of(self._environment, claim)
            before = _state_of(original)
            self._progress(f"{self._feed.id}: taking in {claim.delivery_id}")
            sha256 = sha256_of(original) if before[0] <= MOST_BYTES else ""
            outcome = self._decide(claim, original, sha256)
            if _state_of(original) == before:
                taken.append(self._settle(claim, outcome, before[0], sha256))
        return taken

    def _decide(self, claim: Claim, original: Path, sha256: str) -> Outcome:
        if not claim.feed_id:
            return fits_no_contract()
        earlier = (d for d in self._decided.values() if d.feed_id == self._feed.id and d.is_accepted)
        same = next((delivery for delivery in earlier if delivery.file_sha256 == sha256), None)
        if same is not None:
            text = f"Dit bestand is precies gelijk aan levering {same.delivery_id}."
            return Outcome("duplicate", text, self._version(same.contract_version))
        day = _day(claim)
        window = None if claim.way != "pull" else f"{window_start(self._feed, day):%YMM%m}"
        return decide(
            original, self._feed, file_name=claim.file_name, received_on=day, not_before=window, tell=self._progress
        )

    def _version(self, number: int | None) -> PartnerFeed:
        return next((v for v in (self._feed, *self._feed.earlier) if v.version == number), self._feed)

    # -- what stays of it --------------------------------------------------------------------------------------------

    def _settle(self, claim: Claim, outcome: Outcome, size: int, sha256: str) -> Delivery:
        periods = _periods(outcome.cells)
        replaces = tuple(p for p in periods if any(s.table.id == p and not _is_of(s, claim) for s in self._landed))
        snapshots = {period: self._land(claim, outcome, period, sha256).snapshot_id for period in periods}
        contract = outcome.contract
        delivery = Delivery(
            delivery_id=claim.delivery_id,
            feed_id=claim.feed_id,
            partner=claim.partner,
            contract_version=contract.version if contract else None,
            contract_sha256=contract.contract_sha256 if contract else "",
            way=claim.way,
            file_name=safe_name(claim.file_name, contract),
            file_sha256=sha256,
            bytes=size,
            received_at=claim.received_at,
            decided_at=datetime.now(UTC),
            decision=outcome.decision,
            delivered=outcome.delivered,
            accepted=outcome.accepted,
            refused=outcome.refused,
            periods=periods,
            replaces=replaces,
            timing=timing_of(self._feed, periods, _day(claim)),
            problem_nl=outcome.problem_nl,
            findings=outcome.findings,
            refusals_by_rule=dict(outcome.by_rule),
            snapshots=snapshots,
            original=kept_as(
                self._environment,
                is_accepted=outcome.cells is not None,
                is_duplicate=outcome.decision == "duplicate",
                is_micro=contract is not None and contract.rows == "micro",
            ),
        )
        write_report(self._environment, delivery, contract, outcome.refusals)
        self._register.add(delivery)
        self._decided[delivery.delivery_id] = delivery
        put_away(self._environment, delivery)
        return delivery

    def _land(self, claim: Claim, outcome: Outcome, period: str, sha256: str) -> Snapshot:
        """One snapshot with the figures of one period, or the one that a killed run landed for it."""
        assert outcome.cells is not None
        content = _cells_csv(outcome.cells, self._feed, period)
        digest = hashlib.sha256(content).hexdigest()
        for snapshot in self._landed:
            if snapshot.table.id == period and _is_of(snapshot, claim) and snapshot.files[0].sha256 == digest:
                return snapshot
        folder = self._landing.open_folder()
        (folder / CELLS_FILE).write_bytes(content)
        file = LandedFile(role="data", name=CELLS_FILE, url=_address(claim), bytes=len(content), sha256=digest)
        snapshot = self._landing.close(
            folder,
            self._feed,
            Table(id=period, year=int(period[:4])),
            title=f"{self._feed.title} {period}",
            source_url=self._feed.page,
            version=f"sha256:{sha256}",
            files=[file],
        )
        self._landed.append(snapshot)
        return snapshot


def reference_moment(environment: Environment) -> datetime:
    """Now, or when the recording began that stands in for the network: so a replay asks for what was recorded."""
    return recorded_at(environment.archive) if environment.archive is not None else environment.now()


def _pulled(feed: PartnerFeed, environment: Environment, known: Sequence[Delivery]) -> bytes | None:
    """All rows of the window; None when they, and the contract, are those of the last time."""
    with PartnerSession(feed, environment) as session:
        content = fetch_rows(session, feed, reference_moment(environment).astimezone(HERE).date())
    last = next((delivery for delivery in reversed(known) if delivery.way == "pull"), None)
    digest = hashlib.sha256(content).hexdigest()
    versions = {v.contract_sha256 for v in (feed, *feed.earlier)}
    return None if last and last.file_sha256 == digest and last.contract_sha256 in versions else content


def _is_first(feed: PartnerFeed, feeds: Sequence[PartnerFeed]) -> bool:
    """Whether the feed is the one that looks after its partner's files that fit no contract."""
    return feed.id == min((f.id for f in feeds), default=feed.id)


def _named_period(feed: PartnerFeed, claim: Claim) -> tuple[int, ...]:
    parts = next((p for v in (feed, *feed.earlier) if (p := v.parts_of_name(claim.file_name)) is not None), {})
    return tuple(parts.get(name, 0) for name in ("JJJJ", "K", "T", "MM"))


def _state_of(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _day(claim: Claim) -> date:
    return claim.received_at.astimezone(HERE).date()


def _address(claim: Claim) -> str:
    return f"delivery:{claim.delivery_id}"


def _is_of(snapshot: Snapshot, claim: Claim) -> bool:
    return snapshot.files[0].url == _address(claim)


def _periods(cells: pa.Table | None) -> tuple[str, ...]:
    return () if cells is None else tuple(sorted(pc.unique(cells["period_code"]).to_pylist()))


def _cells_csv(cells: pa.Table, feed: PartnerFeed, period: str) -> bytes:
    """The cells of one period in an order of their own: the same cells give the same bytes."""
    keys = ["area_code", "period_code", "breakdown"]
    for name in set(feed.measures) - set(cells.column_names):
        # A measure that an earlier version of the contract did not have.
        cells = cells.append_column(name, pa.nulls(cells.num_rows, pa.float64()))
    chosen = cells.filter(pc.equal(cells["period_code"], period)).select([*keys, *feed.measures])
    sink = io.BytesIO()
    pyarrow.csv.write_csv(chosen.sort_by([(name, "ascending") for name in keys]), sink)
    return sink.getvalue()
