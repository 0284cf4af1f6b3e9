"""The report of a delivery for the partner: what came in, what was decided, what is wrong where, and what to do.

Belongs here: the words and the two forms, a page (HTML) and a table for a spreadsheet (CSV), both in plain Dutch. Does not
belong here: decisions. A report never holds the value of a cell, nor a header or file name that no contract foresees.
"""

from __future__ import annotations

import csv
import io
import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined, Template

from sources.contracts import PartnerFeed, plain_header
from sources.environment import HERE, Environment
from sources.partners.privacy import KIND_NL
from sources.partners.register import Decision, Delivery, Timing, Way
from sources.partners.rows import Refusal
from sources.partners.rules import RULES

# Refusals that are listed one by one; the totals per rule are always whole.
MOST_LISTED = 1000
_FORMULA_SIGNS = ("=", "+", "-", "@")
WHOLE_DELIVERY = "hele levering"

DECISION_NL: Mapping[Decision, str] = {
    "accepted": "Aangenomen",
    "accepted_with_refusals": "Aangenomen, zonder de afgekeurde rijen",
    "refused": "Geweigerd",
    "held": "Tegengehouden: er staan persoonsgegevens in",
    "duplicate": "Al eerder aangenomen",
}
_WAY_NL: Mapping[Way, str] = {"inbox": "inbox", "command": "met de hand toegevoegd", "pull": "opgehaald bij de partner"}
_TIMING_NL: Mapping[Timing, str] = {
    "early": "vroeg: de periode is nog niet voorbij",
    "on_time": "op tijd",
    "late": "later dan afgesproken",
}


@dataclass(frozen=True)
class _Rule:
    name: str
    expected: str
    count: int


@dataclass(frozen=True)
class _Line:
    row: str
    column: str
    rule: str
    expected: str


@dataclass(frozen=True)
class _Found:
    place: str
    kind: str
    count: int
    of: int


def report_paths(environment: Environment, delivery: Delivery) -> tuple[Path, Path]:
    """Where the page and the table of a delivery are."""
    folder = environment.reports / delivery.partner
    return folder / f"{delivery.delivery_id}.html", folder / f"{delivery.delivery_id}.csv"


def write_report(
    environment: Environment, delivery: Delivery, contract: PartnerFeed | None, refusals: Sequence[Refusal]
) -> None:
    """Write both forms, in the place of earlier ones; their owner alone can read them.

    Args:
        contract: the version under which the delivery was read, None when it fits no feed.
        refusals: what was refused, in the order of the rows; the first `MOST_LISTED` are listed.
    """
    listed = [_line(refusal, contract) for refusal in refusals[:MOST_LISTED]]
    rules = _rules(delivery, refusals)
    page, table = report_paths(environment, delivery)
    page.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(page, _page(delivery, contract, rules, listed).encode())
    _write(table, _table(delivery, contract, rules, listed))


def place_in_report(place: str, contract: PartnerFeed | None, header: Sequence[str] = ()) -> str:
    """A column as it may be named: by the contract's name for it, else by its number; other places stay as they are."""
    by_header = _names(contract)
    if plain_header(place) in by_header:
        return by_header[plain_header(place)]
    return f"kolom {list(header).index(place) + 1}" if place in header else place


def _names(contract: PartnerFeed | None) -> dict[str, str]:
    columns = contract.columns.items() if contract else ()
    return {plain_header(header): name for name, column in columns for header in (name, *column.synonyms)}


def _line(refusal: Refusal, contract: PartnerFeed | None) -> _Line:
    column = _names(contract).get(plain_header(refusal.column or ""), "onbekende kolom") if refusal.column else ""
    return _Line("" if refusal.row is None else str(refusal.row), column, refusal.rule, refusal.expected_nl)


def _rules(delivery: Delivery, refusals: Sequence[Refusal]) -> list[_Rule]:
    said = {refusal.rule: refusal.expected_nl for refusal in reversed(refusals)}
    return [
        _Rule(rule, RULES.get(rule) or said.get(rule, ""), count)
        for rule, count in sorted(delivery.refusals_by_rule.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _page(delivery: Delivery, contract: PartnerFeed | None, rules: Sequence[_Rule], listed: Sequence[_Line]) -> str:
    findings = [_Found(f.place, KIND_NL.get(f.kind, f.kind), f.count, f.of) for f in delivery.findings]
    return _template().render(
        title=f"Levering van {contract.title}" if contract else "Levering",
        delivery=delivery,
        decision=DECISION_NL[delivery.decision],
        happens_now=_happens_now(delivery),
        advice=_advice(delivery),
        facts=_facts(delivery, contract),
        findings=findings,
        rules=rules,
        refusals=listed,
        is_cut=sum(delivery.refusals_by_rule.values()) > len(listed),
    )


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    templates = Templates(
        loader=loader,
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("report.html.j2")


def _facts(delivery: Delivery, contract: PartnerFeed | None) -> list[tuple[str, str]]:
    version = f"versie {delivery.contract_version}" if delivery.contract_version else "geen versie past"
    facts = [
        ("Nummer van de levering", delivery.delivery_id),
        ("Bestand", delivery.file_name),
        ("Binnengekomen", f"{delivery.received_at.astimezone(HERE):%d-%m-%Y %H:%M}"),
        ("Manier", _WAY_NL[delivery.way]),
        ("Contract", f"{contract.title} ({contract.id}), {version}" if contract else "geen contract past"),
        ("Grootte in bytes", str(delivery.bytes)),
        ("Controlegetal (sha256)", delivery.file_sha256 or "niet berekend"),
    ]
    if delivery.periods:
        facts.append(("Perioden", ", ".join(delivery.periods)))
    if delivery.replaces:
        facts.append(("Vervangt eerdere cijfers van", ", ".join(delivery.replaces)))
    if delivery.timing:
        facts.append(("Op tijd?", _TIMING_NL[delivery.timing]))
    return facts


def _happens_now(delivery: Delivery) -> str:
    if delivery.is_accepted:
        used = "De aangenomen rijen gaan naar de volgende controle en daarna naar het cijferbestand."
        is_kept = delivery.original == "archive"
        return f"{used} {'We bewaren het bestand.' if is_kept else 'We bewaren alleen opgetelde cijfers.'}"
    nothing = (
        "Er verandert niets aan de cijfers." if delivery.decision == "duplicate" else "We gebruiken deze levering niet."
    )
    kept = {
        "destroyed": "Het bestand is vernietigd.",
        "quarantine": "Het bestand ligt afgeschermd; alleen de beheerder kan erbij.",
        "archive": "We bewaren het bestand.",
    }
    return f"{nothing} De laatste goede cijfers blijven staan. {kept[delivery.original]}"


def _advice(delivery: Delivery) -> list[str]:
    if delivery.decision == "accepted":
        return []
    if delivery.decision == "duplicate":
        return ["U hoeft niets te doen. Wilde u iets verbeteren? Lever dan het verbeterde bestand."]
    again = "Lever het bestand daarna opnieuw, onder dezelfde naam."
    if delivery.decision == "held":
        return [
            "Haal de persoonsgegevens weg uit de plaatsen die hieronder staan.",
            "Kijk ook naar verborgen werkbladen, opmerkingen en eigenschappen van het bestand.",
            again,
            "Overleg met uw functionaris gegevensbescherming of u dit als datalek moet melden.",
        ]
    return [
        "Verbeter in uw systeem wat hieronder staat.",
        again,
        "Komt u er niet uit? Neem contact op met het datateam.",
    ]


def _table(delivery: Delivery, contract: PartnerFeed | None, rules: Sequence[_Rule], listed: Sequence[_Line]) -> bytes:
    """The report with one line for each thing; a mark of the byte order makes Excel read it as UTF-8."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(("onderdeel", "rij", "kolom", "regel", "uitleg", "aantal"))
    for row in _table_rows(delivery, contract, rules, listed):
        writer.writerow([_harmless(cell) for cell in row])
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def _table_rows(
    delivery: Delivery, contract: PartnerFeed | None, rules: Sequence[_Rule], listed: Sequence[_Line]
) -> Iterator[tuple[str, str, str, str, str, str]]:
    decision = f"{DECISION_NL[delivery.decision]}. {delivery.problem_nl or ''}".strip()
    yield "besluit", "", "", delivery.decision, decision, ""
    for name, value in _facts(delivery, contract):
        yield "levering", "", "", name, value, ""
    counts = (("geleverd", delivery.delivered), ("aangenomen", delivery.accepted), ("afgekeurd", delivery.refused))
    for name, count in counts:
        yield "rijen", "", "", name, "", str(count)
    for finding in delivery.findings:
        yield "persoonsgegevens", "", finding.place, finding.kind, KIND_NL.get(finding.kind, ""), str(finding.count)
    for rule in rules:
        yield "regel", "", "", rule.name, rule.expected, str(rule.count)
    for line in listed:
        yield "rij", line.row or WHOLE_DELIVERY, line.column, line.rule, line.expected, ""


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet shows and never runs, also where it drops what stands before the sign of a formula."""
    if cell[:1].isalnum():
        return cell
    plain = unicodedata.normalize("NFKC", cell)
    seen = "".join(sign for sign in plain if not sign.isspace() and unicodedata.category(sign) not in ("Cc", "Cf"))
    return f"'{cell}" if cell.startswith(("\t", "\r", "\n")) or seen.startswith(_FORMULA_SIGNS) else cell


def _shown(value: object) -> object:
    """Every text of the page: a spreadsheet opens pages too, and runs the cells of their tables."""
    return _harmless(value) if isinstance(value, str) else value


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
    fresh.replace(path)
