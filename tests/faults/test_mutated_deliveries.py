"""Ten thousand deliveries gone wrong: each ends with a decision, a line and a report; nothing crashes, hangs or escapes."""

from __future__ import annotations

import csv
import io
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.contracts import PartnerFeed
from sources.environment import Environment
from sources.landing import Landing
from sources.partners.decision import Outcome, decide
from sources.partners.intake import take_in_all
from sources.partners.quarantine import new_claim, store
from sources.partners.register import Delivery, Register
from sources.partners.report import report_paths
from sources.registry import FEEDS, load_registry
from tests.support.deliveries import partner_environment, put_in
from tests.support.mutations import FILE_NAMES, ODD_CELLS, mutate

SEED = 917
MUTANTS = 10_000
# One delivery may take so long, on a machine that does other things too.
DEADLINE_SECONDS = 20
MOST_GROWTH = 350 * 1024**2
MOST_AT_ONCE = 900 * 1024**2
DECISIONS = {"accepted", "accepted_with_refusals", "refused", "held", "duplicate"}
FORMS = ("csv", "xlsx", "json")


def partner_feeds() -> list[PartnerFeed]:
    """The contracts; what would be fetched comes as a file here, and in the same form."""
    found = [feed for feed in load_registry().values() if isinstance(feed, PartnerFeed)]
    return [feed.model_copy(update={"pull": None}) for feed in found]


@dataclass
class Watch:
    """What the intake says while it works: when each delivery began, how much memory there is, what nobody foresaw."""

    started: float = field(default_factory=time.monotonic)
    slowest: tuple[float, str] = (0.0, "")
    unforeseen: list[str] = field(default_factory=list)
    most: int = 0
    _last: str = ""

    def __call__(self, text: str) -> None:
        if "can't be processed" in text:
            self.unforeseen.append(f"{self._last}: {text}")
            return
        now = time.monotonic()
        self.slowest = max(self.slowest, (now - self.started, self._last))
        self.started, self._last = now, text
        self.most = max(self.most, psutil.Process().memory_info().rss)


def put_mutants(environment: Environment, feed: PartnerFeed, numbers: range) -> dict[str, tuple[str, ...]]:
    """Changed examples of a feed in quarantine and, one in ten, in the inbox; by delivery or file name what was changed."""
    folder = FEEDS / "partners" / feed.partner / feed.id / "examples"
    examples = [(example.file, (folder / example.file).read_bytes()) for example in feed.examples]
    made = {}
    for number in numbers:
        chance = random.Random(f"{SEED}-{feed.id}-{number}")
        name, content = chance.choice(examples)
        mutant = mutate(content, feed.format, chance)
        if number % 10 == 0:
            odd = f"{number}{chance.choice(FILE_NAMES)}" if chance.random() < 0.5 else f"{number}_{name}"
            put_in(environment, feed.partner, odd, mutant.content)
            made[odd] = mutant.changes
        else:
            claim = new_claim(feed.id, feed.partner, "command", name, datetime.now(UTC))
            store(environment, claim, io.BytesIO(mutant.content))
            made[claim.delivery_id] = mutant.changes
    return made


@pytest.fixture
def nothing_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home in a folder that must hold nothing else afterwards, an empty working folder and an empty folder for scratch."""
    working, scratch = tmp_path / "working", tmp_path / "scratch"
    working.mkdir()
    scratch.mkdir()
    monkeypatch.chdir(working)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    yield tmp_path / "home"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "scratch", "working"]
    assert list(working.iterdir()) == []
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("feed", partner_feeds(), ids=lambda feed: feed.id)
def test_mutated_deliveries_end_with_a_decision_and_a_report(feed: PartnerFeed, nothing_outside: Path) -> None:
    environment = partner_environment(nothing_outside)
    count = MUTANTS // len(partner_feeds()) + 1
    made = put_mutants(environment, feed, range(count))
    before = psutil.Process().memory_info().rss
    watch = Watch()
    take_in_all(feed, environment, Landing(environment), watch, [feed])
    deliveries = Register(environment).deliveries()
    assert watch.unforeseen == []
    assert Register(environment).verify() == len(deliveries) == len(made) == count
    assert watch.slowest[0] < DEADLINE_SECONDS, watch.slowest
    assert watch.most - before < MOST_AT_ONCE
    assert psutil.Process().memory_info().rss - before < MOST_GROWTH
    for delivery in deliveries:
        _require_a_whole_record(environment, delivery)
    assert list((environment.inbox / feed.partner).iterdir()) == []
    assert [path.name for path in environment.quarantine.iterdir() if path.is_dir()] == []
    _require_all_outcomes(Counter(delivery.decision for delivery in deliveries))


def _require_a_whole_record(environment: Environment, delivery: Delivery) -> None:
    """No row is lost, and the report can be opened in a spreadsheet without harm."""
    assert delivery.decision in DECISIONS
    assert delivery.delivered == delivery.accepted + delivery.refused
    assert (delivery.accepted > 0) == (delivery.is_accepted) == bool(delivery.periods)
    assert (delivery.decision == "held") == bool(delivery.findings)
    assert delivery.is_accepted or delivery.problem_nl
    page, table = report_paths(environment, delivery)
    assert page.stat().st_size > 1000
    rows = list(csv.reader(io.StringIO(table.read_text(encoding="utf-8-sig")), delimiter=";"))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    said = {row[3]: row[5] for row in rows if row[0] == "rijen"}
    assert said == {
        "geleverd": str(delivery.delivered), "aangenomen": str(delivery.accepted), "afgekeurd": str(delivery.refused),
    }  # fmt: skip


def _require_all_outcomes(decisions: Counter[str]) -> None:
    """The changes reach every way to end; else they would prove little."""
    assert decisions["accepted"] + decisions["accepted_with_refusals"] >= 10
    assert decisions["refused"] >= 100
    assert decisions["held"] >= 1
    assert decisions["duplicate"] >= 1


# -- whatever hypothesis can think of ---------------------------------------------------------------------------------------

FEEDS_BY_FORM = {form: [feed for feed in partner_feeds() if feed.format == form] for form in FORMS}
# Cells as people write them, and as they don't.
CELLS = st.one_of(
    st.sampled_from(["", "WK091710", "BU09171000", "2025", "1", "12-03-2025", "1.234", "0,5", "31-12-2025", "total"]),
    st.integers(-10, 10**12).map(str),
    st.sampled_from(ODD_CELLS),
    st.text(max_size=12),
)


def _outcome(folder: Path, feed: PartnerFeed, content: bytes, file_name: str) -> Outcome:
    path = folder / f"original.{feed.format}"
    path.write_bytes(content)
    unforeseen: list[str] = []
    outcome = decide(path, feed, file_name=file_name, received_on=date(2026, 2, 10), tell=unforeseen.append)
    assert unforeseen == []
    assert outcome.decision in DECISIONS
    assert outcome.delivered == outcome.accepted + outcome.refused
    return outcome


@pytest.mark.parametrize("form", FORMS)
def test_any_bytes_end_with_a_decision(form: str, tmp_path: Path) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.binary(max_size=400), st.sampled_from(FEEDS_BY_FORM[form]), st.text(max_size=30))
    def check(content: bytes, feed: PartnerFeed, file_name: str) -> None:
        beginning = {"csv": b"", "xlsx": b"PK\x03\x04", "json": b"["}[form]
        for body in (content, beginning + content):
            assert _outcome(tmp_path, feed, body, file_name).decision == "refused"

    check()


def test_no_row_under_a_good_header_is_lost(tmp_path: Path) -> None:
    """Whatever the cells hold: as many rows as there are with anything in them."""

    @settings(max_examples=100, deadline=None)
    @given(st.data(), st.sampled_from(FEEDS_BY_FORM["csv"]))
    def check(data: st.DataObject, feed: PartnerFeed) -> None:
        row = st.lists(CELLS, min_size=len(feed.columns), max_size=len(feed.columns))
        rows = data.draw(st.lists(row, min_size=1, max_size=6))
        stream = io.StringIO()
        csv.writer(stream, delimiter=";").writerows([list(feed.columns), *rows])
        content = stream.getvalue().encode("utf-8", "replace")
        outcome = _outcome(tmp_path, feed, content, feed.examples[0].file)
        if "geen_tekst" not in outcome.by_rule and "te_lange_cel" not in outcome.by_rule:
            assert outcome.delivered <= len(rows)
            assert outcome.delivered >= sum(sum(bool(cell.strip()) for cell in cells) > 1 for cells in rows)

    check()
