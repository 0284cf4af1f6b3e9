"""What is decided about one delivery: accepted, with refusals or without, refused, or held.

Belongs here: reading, the privacy gate, the judging of rows and the thresholds in their order, from a file in quarantine
to the figures that may land. Nothing is written. Does not belong here: how each of them is done, and what becomes of the
file (`intake`).
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from sources.contracts import PartnerFeed
from sources.partners.cells import add_up
from sources.partners.privacy import KIND_NL, Finding, find_personal_data
from sources.partners.quarantine import MOST_BYTES
from sources.partners.reading import Grid, read_delivery
from sources.partners.register import Decision
from sources.partners.report import place_in_report
from sources.partners.rows import Judged, Refusal, exceeds, judge_rows
from sources.partners.rules import RULES, Refused
from sources.partners.timing import period_end

# What a library may raise on bytes that nobody foresaw. Its message may hold a value, so only its kind is told.
_UNFORESEEN = (
    pa.ArrowException,
    duckdb.Error,
    ValueError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    EOFError,
    RecursionError,
    MemoryError,
)
_ROW_NUMBER = re.compile(r"\b(rij|regel) (\d+)")
_BROKEN = (Refused, *_UNFORESEEN)


@dataclass(frozen=True)
class Outcome:
    """What was decided about a delivery, and what it rests on.

    `accepted` counts rows whose figures go on: none of a delivery that is refused or held as a whole. `by_rule` counts
    all refusals, `refusals` may be cut off. `cells` are the figures that may land, None when nothing may.
    """

    decision: Decision
    problem_nl: str | None = None
    contract: PartnerFeed | None = None
    delivered: int = 0
    accepted: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()
    by_rule: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    cells: pa.Table | None = None


def decide(
    original: Path,
    feed: PartnerFeed,
    *,
    file_name: str,
    received_on: date,
    not_before: str | None = None,
    tell: Callable[[str], None] = lambda _text: None,
) -> Outcome:
    """Decide about one file; it is read under the newest version of the contract that holds on the day and that it fits.

    Args:
        file_name: the name under which the partner delivered it.
        not_before: of a pull, the first period that was fetched as a whole. Its periods that have yet to end are left out
            too: half a month would look like a fall, and comes again.
        tell: told when the file breaks something that nobody foresaw; it is refused then.

    Raises:
        OSError: the file can't be read from disk.
    """
    if original.stat().st_size > MOST_BYTES:
        return _refused_whole(feed, "te_groot", "het bestand is te groot")
    try:
        outcome = _judge(original, feed, file_name, received_on, not_before, tell)
        if not_before is None or outcome.cells is None:
            return outcome
        return replace(outcome, cells=_ended(outcome.cells, received_on))
    except _BROKEN as error:
        # Nobody has counted its rows.
        return _refused_by(error, feed, 0, tell)


def fits_no_contract() -> Outcome:
    """What becomes of a file that is named as no contract of the partner says."""
    return _refused_whole(None, "bestandsnaam", "de naam van het bestand past bij geen contract")


def _judge(
    original: Path,
    feed: PartnerFeed,
    file_name: str,
    received_on: date,
    not_before: str | None,
    tell: Callable[[str], None],
) -> Outcome:
    versions = feed.versions_on(received_on)
    if not versions:
        first = min(version.valid_from for version in (feed, *feed.earlier))
        return _refused_whole(feed, "contract", f"het contract geldt pas vanaf {first:%d-%m-%Y}")
    contract, grid = _read(original, versions)
    rows = grid.table.num_rows
    try:
        found = find_personal_data(grid, file_name, contract)
        if found:
            findings = tuple(replace(f, place=place_in_report(f.place, contract, grid.header)) for f in found)
            return Outcome("held", _held_nl(findings), contract, rows, 0, rows, findings=findings)
        _return_memory()
        judged = judge_rows(grid, contract, file_name=file_name, not_before=not_before)
        # From here on only accepted rows are needed, and not the text that was delivered.
        del grid
        _return_memory()
        return _by_thresholds(contract, judged)
    except _BROKEN as error:
        # Rows that were counted are refused, whatever broke: none may be neither accepted nor refused.
        return _refused_by(error, contract, rows, tell)


def _return_memory() -> None:
    """Arrow keeps for itself what a step has used, which DuckDB can't have then: 300 MB for a million rows."""
    pa.default_memory_pool().release_unused()


def _read(original: Path, versions: Sequence[PartnerFeed]) -> tuple[PartnerFeed, Grid]:
    """The delivery under the newest version that it fits.

    Raises:
        Refused: it fits none; the problem with the newest version.
    """
    first: Refused | None = None
    for contract in versions:
        try:
            return contract, read_delivery(original, contract)
        except Refused as refused:
            first = first or refused
    assert first is not None
    raise first


def _by_thresholds(contract: PartnerFeed, judged: Judged) -> Outcome:
    outcome = Outcome(
        "accepted_with_refusals" if judged.refused else "accepted",
        None,
        contract,
        judged.delivered,
        judged.accepted,
        judged.refused,
        judged.refusals,
        dict(judged.by_rule),
    )
    if judged.accepted and not exceeds(judged, contract):
        return replace(outcome, cells=add_up(judged.rows, contract, judged.incomplete))
    most = f"{contract.thresholds.refused_share * 100:g}".replace(".", ",")
    # Without numbers of rows: the text is released, and rows of people are a count that nobody has protected.
    text = f"Er zijn te veel rijen afgekeurd. Hoogstens {most} procent mag."
    return replace(outcome, decision="refused", problem_nl=text, accepted=0, refused=judged.delivered)


def _ended(cells: pa.Table, day: date) -> pa.Table:
    ended = [code for code in pc.unique(cells["period_code"]).to_pylist() if period_end(code) < day]
    return cells.filter(pc.is_in(cells["period_code"], pa.array(ended, pa.string())))


def _refused_whole(
    contract: PartnerFeed | None, rule: str, what_nl: str, expected_nl: str = "", rows: int = 0
) -> Outcome:
    expected = expected_nl or RULES.get(rule, "een levering op een dag waarop het contract geldt")
    number = _ROW_NUMBER.search(what_nl)
    if contract is not None and contract.rows == "micro":
        # The text is released; the number of the last row would be a count of people. The report lists it.
        what_nl = _ROW_NUMBER.sub(r"een \1", what_nl)
    text = f"Dit klopt niet: {what_nl}. We verwachten: {expected}."
    refusal = Refusal(int(number[2]) if number else None, None, rule, expected)
    return Outcome("refused", text, contract, rows, 0, rows, (refusal,), {rule: 1})


def _refused_by(error: Exception, contract: PartnerFeed, rows: int, tell: Callable[[str], None]) -> Outcome:
    if isinstance(error, Refused):
        return _refused_whole(contract, error.rule, error.where, error.expected_nl, rows)
    tell(f"{contract.id}: a delivery can't be processed: {_kind_and_place(error)}")
    return _refused_whole(contract, "onleesbaar", "het bestand is niet te verwerken", rows=rows)


def _held_nl(findings: Sequence[Finding]) -> str:
    places = sorted({f"{finding.place} ({KIND_NL.get(finding.kind, finding.kind)})" for finding in findings})
    return f"Er staan persoonsgegevens in: {'; '.join(places[:10])}."


def _kind_and_place(error: BaseException) -> str:
    """The class of an error and the line that raised it; never its message, which may hold a value."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"
