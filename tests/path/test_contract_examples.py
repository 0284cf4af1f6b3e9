"""The worked examples of the contracts, through reading, privacy gate and judging: exactly the counts written beside them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sources.contracts import Example, PartnerFeed
from sources.partners.decision import Outcome, decide
from sources.registry import FEEDS, read_feed
from sources.sample import examples

PARTNERS = FEEDS / "partners"
CONTRACTS = {path: read_feed(path) for path in sorted(PARTNERS.rglob("v*.yml"))}
EXAMPLES = [
    (path, contract, example)
    for path, contract in CONTRACTS.items()
    if isinstance(contract, PartnerFeed)
    for example in contract.examples
]

# Cells of the plain example of each contract, counted by hand: area, period, breakdown, and the figures there.
CELLS: dict[str, list[tuple[str, str, str, dict[str, float | None]]]] = {
    "leerplicht_verzuim_202503.csv": [
        # The fifth and the sixth school lie in Vrieheide-De Stack, none in De Koumen.
        (
            "WK091720", "2025MM03", "total",
            {"pupils": 445, "absolute_absence": 1, "relative_absence": 17, "long_absence": 7, "out_of_school": 3},
        ),
        ("WK091714", "2025MM03", "total", {"pupils": 0, "relative_absence": 0, "out_of_school": 0}),
    ],
    "rijke_schooldag_2024_1.xlsx": [
        # Eight groups of 24 children, 18 of whom take part for 4.5 of 5 hours.
        ("WK091710", "2024TR01", "total", {"pupils": 192, "participants": 144, "hours_offered": 960, "hours_attended": 648}),
        ("WK091714", "2024TR01", "total", {"pupils": 0, "participants": 0, "hours_offered": 0, "hours_attended": 0}),
    ],
    "peuteropvang_2025Q1.csv": [
        ("WK091710", "2025KW01", "total", {"toddlers": 61, "target_toddlers": 21, "placed": 13, "waiting": 5}),
        ("WK091714", "2025KW01", "total", {"toddlers": 0, "target_toddlers": 0, "placed": 0, "waiting": 0}),
    ],
    "peuteropvang_2025Q3.csv": [
        ("WK091710", "2025KW03", "total", {"toddlers": 61, "target_toddlers": 21, "placed": 13, "waiting": 5, "half_days": 48}),
    ],
    "wiz_bijstand_202501.csv": [
        ("WK091710", "2025MM01", "18_27|single", {"recipients": 12, "inflow": 2, "outflow": 3, "outflow_to_work": 1}),
        ("WK091710", "2025MM01", "18_27|total", {"recipients": 54, "inflow": 8, "outflow": 12, "outflow_to_work": 4}),
        ("WK091710", "2025MM01", "total|single_parent", {"recipients": 13 + 17 + 21}),
        ("WK091710", "2025MM01", "total|total", {"recipients": 210, "inflow": 24, "outflow": 36, "outflow_to_work": 12}),
        ("WK091740", "2025MM01", "total|total", {"recipients": 0, "inflow": 0, "outflow": 0, "outflow_to_work": 0}),
    ],
    "wsp_trajecten_202503.csv": [
        # 24 courses of 20 people, of whom 16 have ended one, six of them with work.
        ("WK091710", "2025KW01", "total", {"participants": 20, "courses": 24, "ended": 16, "ended_with_work": 6}),
        ("WK091710", "2025KW01", "18_27", {"participants": 20, "courses": 24, "ended": 16, "ended_with_work": 6}),
        ("WK091710", "2025KW01", "45_plus", {"participants": 0, "courses": 0, "ended": 0, "ended_with_work": 0}),
    ],
    "ggd_jgz_2024.csv": [
        ("WK091710", "2024JJ00", "5", {"measured": 40, "overweight": 8, "obese": 2, "mouth_problems": 6, "speech_problems": 4}),
        ("WK091710", "2024JJ00", "total", {"measured": 123, "overweight": 27, "obese": 9, "mouth_problems": 18, "speech_problems": 12}),
    ],
    "zorgkosten_2023.xlsx": [
        ("PC6411", "2023JJ00", "0_18", {"insured_years": 800.5, "costs_eur": 2_000_000, "costs_gp_eur": 100_000}),
        ("PC6411", "2023JJ00", "total", {"insured_years": 3208, "costs_eur": 8_006_001.5, "costs_hospital_eur": 3_600_000}),
    ],
    "activiteiten_2025Q1.csv": [
        ("WK091710", "2025KW01", "leren|Huiswerkklas", {"participations": 60, "unique_participants": 20, "children": 10, "volunteers": 2}),
        ("WK091710", "2025KW01", "gezondheid|total", {"participations": 62, "unique_participants": 22}),
        ("WK091710", "2025KW01", "total|total", {"participations": 246, "unique_participants": 86, "children": 40, "volunteers": 8}),
    ],
    "corporatie_voorraad_2025Q1.csv": [
        (
            "WK091710", "2025KW01", "total",
            {
                "dwellings": 90, "dwellings_with_label": 90, "dwellings_label_efg": 0, "vacant_between_tenants": 2,
                "vacant_for_works": 0, "moves": 4, "vacant_days": 122, "rent_eur": 53_122.5,
            },
        ),
        ("WK091720", "2025KW01", "total", {"dwellings": 98, "dwellings_label_efg": 44}),
    ],
    "reparaties_1.json": [
        ("PC6411", "2025MM03", "damp", {"requests": 2}),
        ("PC6411", "2025MM03", "total", {"requests": 5}),
    ],
    "meldingen_openbare_ruimte_202503.csv": [
        ("BU09171000", "2025MM03", "waste", {"reports": 6, "solved_in_time": 4}),
        ("BU09171000", "2025MM03", "total", {"reports": 40, "solved_in_time": 20}),
        ("BU09174200", "2025MM03", "total", {"reports": 0, "solved_in_time": 0}),
    ],
    "politie_202503.csv": [
        ("BU09171001", "2025MM03", "youth", {"reports": 4}),
        ("BU09171001", "2025MM03", "total", {"reports": 15}),
    ],
}  # fmt: skip


def _decided(path: Path, contract: PartnerFeed, file: str) -> Outcome:
    """What is decided on the first day of a version, which then is the only one."""
    return decide(path.parent / "examples" / file, contract, file_name=file, received_on=contract.valid_from)


@pytest.mark.parametrize(
    ("path", "contract", "example"),
    EXAMPLES,
    ids=[f"{contract.id}-{example.file}" for _, contract, example in EXAMPLES],
)
def test_example_gives_the_counts_beside_it(path: Path, contract: PartnerFeed, example: Example) -> None:
    outcome = _decided(path, contract, example.file)
    assert (outcome.decision, dict(outcome.by_rule)) == (example.decision, dict(example.refused)), outcome.problem_nl
    assert (outcome.delivered, outcome.accepted) == (example.delivered, example.accepted)
    assert outcome.delivered == outcome.accepted + outcome.refused
    assert bool(outcome.findings) == (example.decision == "held")
    assert (outcome.cells is not None) == (example.decision in ("accepted", "accepted_with_refusals"))


@pytest.mark.parametrize(
    ("path", "contract"),
    list(CONTRACTS.items()),
    ids=[f"{c.id}-{p.stem}" for p, c in CONTRACTS.items()],
)
def test_cells_of_the_plain_example(path: Path, contract: PartnerFeed) -> None:
    file = contract.examples[0].file
    cells = _decided(path, contract, file).cells
    assert cells is not None
    found = {(row["area_code"], row["period_code"], row["breakdown"]): row for row in cells.to_pylist()}
    assert CELLS[file]
    for area, period, breakdown, expected in CELLS[file]:
        row = found[area, period, breakdown]
        assert {name: row[name] for name in expected} == pytest.approx(expected), (area, period, breakdown)


def test_each_contract_shows_a_plain_case_and_an_awkward_one() -> None:
    for contract in CONTRACTS.values():
        assert isinstance(contract, PartnerFeed)
        assert len(contract.examples) >= 2, contract.id
        assert contract.examples[0].decision == "accepted"
    decisions = {example.decision for _, _, example in EXAMPLES}
    assert decisions == {"accepted", "accepted_with_refusals", "refused", "held"}


def test_every_file_of_the_examples_is_explained_and_made_by_the_generator() -> None:
    explained = {f"{contract.partner}/{contract.id}/examples/{example.file}" for _, contract, example in EXAMPLES}
    made = dict(examples.files())
    there = {path.relative_to(PARTNERS).as_posix(): path.read_bytes() for path in PARTNERS.glob("*/*/examples/*")}
    assert set(there) == explained == set(made)
    assert [name for name, body in made.items() if there[name] != body] == [], "run: python -m sources.sample.examples"


def test_indicators_use_what_the_contracts_give() -> None:
    """A misspelt measure or breakdown would leave an indicator empty without a word."""
    terms = Path(__file__).parents[2] / "dbt_project" / "seeds" / "indicator_terms.csv"
    with terms.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    newest = {contract.id: contract for contract in CONTRACTS.values()}
    for row in rows:
        contract = newest.get(row["feed_id"])
        if not isinstance(contract, PartnerFeed):
            continue
        assert row["measure"] in contract.measures, row
        labels = row["breakdown"].split("|") if contract.dimensions else []
        assert len(labels) == len(contract.dimensions), row
        assert labels or row["breakdown"] == "total", row
        for dimension, label in zip(contract.dimensions, labels, strict=True):
            column = contract.columns[dimension]
            assert label == "total" or label in column.values, row
    used = {row["feed_id"] for row in rows}
    assert set(newest) <= used, "each partner's feed has an indicator"


def test_each_line_has_two_partners_feeds() -> None:
    newest = {contract.id: contract for contract in CONTRACTS.values()}
    for line in ("leren", "werken", "gezondheid", "wonen", "veiligheid"):
        assert sum(line in contract.lines for contract in newest.values()) >= 2
