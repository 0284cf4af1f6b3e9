"""Ten thousand deliveries that went wrong: each ends as a decision with a report, and no row, file or second is lost.

They go through the real intake of a real environment, from inbox and command to landing, register and report. Only the waiting
for the disk is left out.
"""

from __future__ import annotations

import csv
import math
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.contracts import PartnerFeed
from sources.environment import Environment
from sources.landing import Landing
from sources.partners.decision import decide
from sources.partners.inbox import add_file, feeds_of
from sources.partners.intake import take_in_all
from sources.partners.register import Delivery, Register
from sources.partners.report import report_paths
from sources.partners.rules import RULES
from sources.registry import load_registry
from tests.support.deliveries import partner_environment, partner_feed, put_in
from tests.support.mutator import Mutant, mutants

FEEDS = [feed for feed in load_registry().values() if isinstance(feed, PartnerFeed)]
ALL = 10_000
# Narrow tables get more: a mutant of four columns costs a fraction of one of eleven, and ends in as many ways.
WEIGHTS = {feed.id: len(feed.columns) ** -2 for feed in FEEDS}
# The register is read for each feed anew, so that many small ones cost less than a long one.
BATCH = 200
# Seconds that one delivery may take; a busy machine takes ten times what a quiet one does.
DEADLINE = 10
MOST_GROWTH = 300 * 1024
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class TooSlow(BaseException):
    """A delivery took longer than the deadline; nothing in the intake catches this."""


class Writes:
    """Paths that Python opens for writing, makes or moves while it is watching."""

    def __init__(self) -> None:
        self.paths: set[str] | None = None
        # A hook can't be taken away again: one for all tests, and none before the first of them.
        sys.addaudithook(self._note)

    def _note(self, event: str, args: tuple[object, ...]) -> None:
        if self.paths is None:
            return
        if event == "open" and isinstance(args[2], int) and args[2] & WRITING and not isinstance(args[0], int):
            self.paths.add(os.fsdecode(str(args[0])))
        elif event in ("os.mkdir", "os.rename"):
            self.paths.update(str(path) for path in args[: 1 if event == "os.mkdir" else 2])

    @contextmanager
    def watched(self) -> Iterator[set[str]]:
        self.paths = found = set[str]()
        try:
            yield found
        finally:
            self.paths = None


@cache
def _writes() -> Writes:
    return Writes()


@contextmanager
def _deadline() -> Iterator[list[str]]:
    """Each word of progress gives the next delivery its time; the words are collected."""
    said: list[str] = []

    def too_slow(*_: object) -> None:
        raise TooSlow(said[-1])

    before = signal.signal(signal.SIGALRM, too_slow)
    try:
        yield said
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _hand_over(environment: Environment, feed: PartnerFeed, batch: Sequence[Mutant], folder: Path) -> dict[str, Mutant]:
    """Deliver them: by command under the name of the contract, else by the inbox. By number where it is known."""
    by_id = {}
    for mutant in batch:
        if mutant.file_name == feed.examples[0].file:
            path = folder / mutant.file_name
            path.write_bytes(mutant.body)
            by_id[add_file(environment, feed, path).delivery_id] = mutant
        else:
            put_in(environment, feed.partner, mutant.file_name, mutant.body)
    return by_id


def _take_in(environment: Environment, feed: PartnerFeed, feeds: Sequence[PartnerFeed]) -> list[str]:
    with _deadline() as said:

        def tell(text: str) -> None:
            said.append(text)
            signal.setitimer(signal.ITIMER_REAL, DEADLINE)

        take_in_all(feed, environment, Landing(environment), tell, feeds)
    return [text for text in said if "can't be processed" in text]


def _require_told(environment: Environment, delivery: Delivery, mutant: Mutant | None) -> None:
    """The delivery has a report that counts as the register does, and lost no row on the way."""
    page, table = report_paths(environment, delivery)
    assert page.stat().st_size > 1000
    rows = list(csv.reader(table.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    told = {row[3]: int(row[5]) for row in rows if row[0] == "rijen"}
    assert told == {"geleverd": delivery.delivered, "aangenomen": delivery.accepted, "afgekeurd": delivery.refused}
    assert delivery.delivered == delivery.accepted + delivery.refused
    assert {row[3]: int(row[5]) for row in rows if row[0] == "regel"} == delivery.refusals_by_rule
    assert set(delivery.refusals_by_rule) <= set(RULES)
    assert bool(delivery.snapshots) == delivery.is_accepted == (delivery.accepted > 0)
    assert bool(delivery.findings) == (delivery.decision == "held")
    # Why a delivery has no rows: nobody could count them, or it is the same as before.
    assert delivery.delivered or delivery.refusals_by_rule or delivery.decision == "duplicate"
    if mutant and mutant.rows is not None and delivery.delivered:
        assert delivery.delivered == mutant.rows, mutant


@pytest.fixture(scope="module", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


@pytest.mark.parametrize("feed", FEEDS, ids=[feed.id for feed in FEEDS])
def test_every_mutated_delivery_ends_as_a_decision_with_a_report(tmp_path: Path, feed: PartnerFeed) -> None:
    feed = feed.model_copy(update={"pull": None})
    others = [other.model_copy(update={"pull": None}) for other in feeds_of(feed) if other.id != feed.id]
    feeds = sorted([feed, *others], key=lambda one: one.id)
    outcomes: Counter[str] = Counter()
    kinds: dict[str, set[str]] = {}
    unforeseen: list[str] = []
    grown: list[int] = []
    slowest = 0.0
    hand = tmp_path / "hand"
    hand.mkdir()
    count = math.ceil(ALL * WEIGHTS[feed.id] / sum(WEIGHTS.values()))
    made = list(mutants(feed, count, seed=917))
    for number, batch in enumerate(made[start : start + BATCH] for start in range(0, count, BATCH)):
        environment = partner_environment(tmp_path / str(number))
        by_id = _hand_over(environment, feed, batch, hand)
        begin = time.monotonic()
        with _writes().watched() as written:
            unforeseen += _take_in(environment, feed, feeds)
            if feed is not feeds[0]:
                # It looks after the partner's files that fit no contract.
                unforeseen += _take_in(environment, feeds[0], feeds)
        slowest = max(slowest, (time.monotonic() - begin) / len(batch))
        grown.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        assert [path for path in written if not _is_below(path, environment.home)] == []
        deliveries = Register(environment).deliveries()
        waiting = len({mutant.file_name for mutant in batch if mutant.file_name != feed.examples[0].file})
        assert len(deliveries) == len(by_id) + waiting, "one line for each"
        for delivery in deliveries:
            mutant = by_id.get(delivery.delivery_id)
            _require_told(environment, delivery, mutant)
            outcomes[delivery.decision] += 1
            kinds.setdefault(mutant.kind if mutant else "file_name", set()).add(delivery.decision)
        assert not [path for path in environment.quarantine.iterdir() if path.is_dir()], "all were decided"
    story = (
        f"{feed.id}: {dict(outcomes)}, {slowest * 1000:.0f} ms each at most, {(grown[-1] - grown[0]) // 1024} MB grown"
    )
    print(story)
    assert unforeseen == [], story
    assert grown[-1] - grown[0] < MOST_GROWTH, story
    assert {path.name for path in tmp_path.iterdir()} == {"hand", *(str(n) for n in range(len(grown)))}
    # So that the test can fail: it would also pass if everything were refused.
    assert min(outcomes[decision] for decision in ("accepted", "refused", "held")) >= count // 50, story
    assert kinds["nothing"] <= {"accepted", "duplicate"}, story


def _is_below(path: str, home: Path) -> bool:
    return Path(path).resolve().is_relative_to(home.resolve())


@settings(max_examples=150, deadline=DEADLINE * 1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"peildatum;wijkcode;aantal\n"]),
    body=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))),
)
def test_any_bytes_are_decided(tmp_path: Path, head: bytes, body: bytes) -> None:
    path = tmp_path / "original.csv"
    path.write_bytes(head + body)
    said: list[str] = []
    feed = partner_feed()
    outcome = decide(path, feed, file_name="wiz_bijstand_202501.csv", received_on=feed.valid_from, tell=said.append)
    assert (outcome.decision in ("refused", "held"), outcome.cells, said) == (True, None, [])
    assert outcome.delivered == outcome.accepted + outcome.refused


@settings(max_examples=100, deadline=DEADLINE * 1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(max_size=12), min_size=8, max_size=8), min_size=1, max_size=6))
def test_any_cells_are_judged_row_by_row(tmp_path: Path, rows: list[list[str]]) -> None:
    feed = partner_feed()
    header = list(feed.columns)
    path = tmp_path / "original.csv"
    with path.open("w", encoding="utf-8", errors="replace", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows([header, *rows])
    said: list[str] = []
    outcome = decide(path, feed, file_name="wiz_bijstand_202501.csv", received_on=feed.valid_from, tell=said.append)
    assert (outcome.decision in ("refused", "held"), said) == (True, [])
    assert outcome.delivered == outcome.accepted + outcome.refused
    assert outcome.delivered <= len(rows)
