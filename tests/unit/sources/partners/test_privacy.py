"""The gate as a whole: what holds a delivery, at which place, and that clean deliveries of every layout pass."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.contracts import PartnerFeed
from sources.partners.privacy import FILE_NAME, KIND_NL, OUTSIDE, Finding, find_personal_data
from sources.partners.reading import Grid
from tests.support.bsns import bsns, with_proof, written
from tests.support.partner_feeds import partner_feed

COLUMNS: dict[str, Any] = {
    "datum": {"type": "date"},
    "wijk": {"type": "area"},
    "soort": {"type": "category", "values": {"waste": ["afval"], "roads": ["wegen"]}},
    "activiteit": {"type": "text"},
    "complex": {"type": "text", "holds_public_names": True},
    "toelichting": {"type": "text", "required": False},
    "aantal": {"type": "count"},
    "kosten": {"type": "number"},
    "euros": {"type": "count"},
    "pc": {"type": "postcode"},
    "brin": {"type": "school"},
    "zaak": {"type": "key"},
    "pseudoniem": {"type": "pseudonym"},
}
FEED = partner_feed(
    rows="micro",
    columns=COLUMNS,
    period={"type": "MM", "date": "datum"},
    area={"column": "wijk", "kind": "wijk"},
    dimensions=["soort", "activiteit"],
    measures={
        "persons": {"column": "aantal", "counts": "events"},
        "costs": {"column": "kosten", "counts": "amount"},
        "euros": {"column": "euros", "counts": "amount"},
    },
)
ROWS = 60


def keyed(number: int) -> str:
    return hmac.new(b"sleutel van de partner", str(number).encode(), hashlib.sha256).hexdigest()


def clean(rows: int = ROWS) -> dict[str, list[str]]:
    """Columns of a delivery without personal data."""
    chance = np.random.default_rng(5)
    return {
        "datum": [f"{day:02d}-{month:02d}-2025" for day, month in chance.integers(1, 13, (rows, 2))],
        "wijk": [f"WK0917{wijk}  " for wijk in chance.choice([10, 11, 12, 20, 21, 31], rows)],
        "soort": [str(label) for label in chance.choice(["afval", "Wegen", "waste"], rows)],
        "activiteit": [
            str(label) for label in chance.choice(["Taalcafé", "Samen koken in de wijk", "Bingo 55+"], rows)
        ],
        "complex": [
            str(name) for name in chance.choice(["Jan Jansenhof", "12-BLK-3", "De Kroon", "Maria Visser"], rows)
        ],
        "toelichting": [str(text) for text in chance.choice(["", "Het plein is niet veilig en wordt donker."], rows)],
        "aantal": [str(count) for count in chance.integers(0, 900, rows)],
        "kosten": [f"{euros:,}".replace(",", ".") + ",50" for euros in chance.integers(1_000, 90_000_000, rows)],
        "euros": [str(euros) for euros in chance.integers(10_000_000, 900_000_000, rows)],
        "pc": [f"64{pc} AB" for pc in chance.integers(11, 33, rows)],
        "brin": [f"{number:02d}AB00" for number in chance.integers(0, 99, rows)],
        "zaak": [str(202_500_000 + number) for number in range(rows)],
        "pseudoniem": [keyed(number) for number in range(rows)],
    }


def grid(columns: dict[str, list[str]], outside: Sequence[str] = ()) -> Grid:
    rows = len(next(iter(columns.values())))
    cells = {
        f"c{at}": pa.array([text or None for text in column], pa.string()) for at, column in enumerate(columns.values())
    }
    return Grid(tuple(columns), pa.table(cells), pa.array(range(2, rows + 2), pa.int64()), tuple(outside))


def look(
    column: str = "wijk", cells: Sequence[str] = (), *, file_name: str = "proef_202501.csv", outside: Sequence[str] = (),
    feed: PartnerFeed = FEED, rows: int = ROWS,
) -> list[Finding]:  # fmt: skip
    """Findings in a clean delivery in whose column the first cells are these."""
    columns = clean(rows)
    columns[column] = [*cells, *columns.get(column, [""] * rows)[len(cells) :]]
    return find_personal_data(grid(columns, outside), file_name, feed)


def test_a_clean_delivery_has_no_finding() -> None:
    assert look(outside=["Bron: gemeente", "Stand per 31-12-2025", "Blad1", "Microsoft Excel"]) == []


# -- one planted cell of each kind in each kind of column -------------------------------------------------------------------

PLANTED = {
    "bsn": "123456782",
    "name": "Fatima El Amrani",
    "email": "f.elamrani@example.nl",
    "phone": "06-12345678",
    "iban": "NL91 ABNA 0417 1643 00",
    "birth_date": "geb. 12-05-1984",
    "address": "6411 AB 12",
}
TEXT_LIKE = ["soort", "activiteit", "toelichting", "datum", "wijk", "aantal", "kosten", "pc", "brin"]


@pytest.mark.parametrize("column", TEXT_LIKE)
@pytest.mark.parametrize("kind", PLANTED)
def test_one_cell_holds_the_delivery_wherever_it_stands(kind: str, column: str) -> None:
    if (kind, column) == ("bsn", "kosten"):
        pytest.skip("an amount of that length is judged by its rate, see below")
    assert Finding(column, kind, 1, ROWS) in [
        Finding(f.place, f.kind, f.count, ROWS) for f in look(column, [PLANTED[kind]])
    ]


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize(
    "sentence",
    ["{}", "Graag contact via {} na negen uur", "zie {}", "\u200b{}\u00ad", "{};", "'{}'", "={}", "a\n{}\nb"],
)
def test_it_is_found_inside_other_text(kind: str, sentence: str) -> None:
    assert kind in [finding.kind for finding in look("toelichting", [sentence.format(PLANTED[kind])])]


@pytest.mark.parametrize("kind", PLANTED)
def test_it_is_found_outside_the_table_and_in_the_name_of_the_file(kind: str) -> None:
    assert Finding(OUTSIDE, kind, 1, 2) in look(outside=["Bron: gemeente", f"Contact: {PLANTED[kind]}"])
    name = PLANTED[kind].replace(" ", "_")
    assert Finding(FILE_NAME, kind, 1, 1) in look(file_name=f"levering_{name}_202501.csv")


@pytest.mark.parametrize("kind", PLANTED)
def test_a_header_that_holds_it_is_named_by_its_number(kind: str) -> None:
    findings = look(PLANTED[kind], ["1", "2"])
    assert Finding("kop van kolom 14", kind, 1, 1) in findings
    assert {finding.place for finding in findings} == {"kop van kolom 14"}


def test_a_public_name_is_no_person_but_may_be_a_number() -> None:
    assert look("complex", ["Jan Jansen", "12-BLK-3"]) == []
    assert look("complex", ["bewoner 123456782"]) == [Finding("complex", "bsn", 1, ROWS)]
    assert look("complex", ["Kerkstraat 12, 6411 AB"]) == [Finding("complex", "address", 1, ROWS)]


def test_findings_never_hold_a_value() -> None:
    cells = list(PLANTED.values())
    findings = look("toelichting", cells, outside=cells, file_name=f"{'_'.join(cells)}.csv")
    said = " ".join(map(str, findings))
    assert {finding.kind for finding in findings} >= set(PLANTED)
    assert not any(part in said for value in cells for part in (value, *value.split()) if len(part) > 3)
    assert {finding.kind for finding in findings} <= set(KIND_NL)


# -- headers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("BSN", "bsn"), ("Burgerservicenummer cliënt", "bsn"), ("Achternaam", "name"), ("voornaam_kind", "name"),
        ("Cliënt", "name"), ("leerling", "name"), ("geb. datum", "birth_date"), ("Geboortedatum", "birth_date"),
        ("E-mail", "email"), ("Telefoonnummer", "phone"), ("IBAN", "iban"), ("Huisnummer", "address"), ("kenteken", "licence_plate"),
        ("Opmerkingen", "free_text"),
    ],
)  # fmt: skip
def test_a_header_says_what_is_below_it(header: str, kind: str) -> None:
    assert look(header, ["x"]) == [Finding("kolom 14", kind, 1, 1)]


def test_a_count_of_people_is_no_name() -> None:
    assert look("aantal leerlingen", ["12", "14"]) == []
    assert look("cliënten", ["12", "14"]) == []


def test_a_contract_can_not_agree_on_dates_of_birth() -> None:
    columns = COLUMNS | {"geboortedatum": {"type": "date"}}
    feed = FEED.model_copy(update={"columns": partner_feed(columns=COLUMNS | columns, **_parts()).columns})
    assert look("geboortedatum", ["12-05-2025"], feed=feed) == [Finding("geboortedatum", "birth_date", 1, 1)]


def _parts() -> dict[str, Any]:
    return {
        "rows": "micro",
        "period": {"type": "MM", "date": "datum"},
        "dimensions": ["soort"],
        "measures": {"persons": {"column": "aantal", "counts": "events"}},
    }


# -- BSN ----------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(bsns(), st.data())
def test_any_bsn_in_any_form_is_found_in_text(number: int, data: st.DataObject) -> None:
    text = data.draw(written(number))
    assert Finding("activiteit", "bsn", 1, ROWS) in look("activiteit", [text])
    assert any(f.place == OUTSIDE and f.kind == "bsn" for f in look(outside=[f"Contact {text}"]))


@settings(deadline=None)
@given(bsns())
def test_one_bsn_among_counts_is_found(number: int) -> None:
    assert look("aantal", [str(number)]) == [Finding("aantal", "bsn", 1, ROWS)]
    assert look("aantal", [f"{number}.0"]) == [Finding("aantal", "bsn", 1, ROWS)]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.integers(20, 400))
def test_numbers_of_chance_are_no_bsns_where_they_belong(seed: int, rows: int) -> None:
    numbers = np.random.default_rng(seed).integers(100_000_000, 1_000_000_000, rows)
    cells = [str(number) for number in numbers]
    assert look("euros", cells, rows=rows) == []
    assert look("kosten", cells, rows=rows) == []
    assert look("zaak", cells, rows=rows) == []


@settings(deadline=None, max_examples=30)
@given(st.lists(bsns(), min_size=3, max_size=40, unique=True), st.sampled_from(["euros", "kosten", "zaak"]))
def test_a_column_of_bsns_is_found_whatever_its_type(numbers: list[int], column: str) -> None:
    rows = len(numbers)
    assert look(column, [str(number) for number in numbers], rows=rows) == [Finding(column, "bsn", rows, rows)]


def test_a_few_bsns_among_small_amounts_or_other_keys_are_found() -> None:
    small = [f"{number},50" for number in range(100, 100 + ROWS)]
    assert look("kosten", ["123456782", *small[1:]]) == [Finding("kosten", "bsn", 1, ROWS)]
    keys = [f"MOR-2025-{number:05d}" for number in range(ROWS)]
    assert look("zaak", ["111222333", *keys[1:]]) == [Finding("zaak", "bsn", 1, ROWS)]


def test_an_amount_above_the_most_of_its_contract_is_none() -> None:
    columns = COLUMNS | {"kosten": {"type": "number", "most": 1_000_000}}
    feed = FEED.model_copy(update={"columns": partner_feed(columns=columns, **_parts()).columns})
    assert look("kosten", ["123456782", "123456783"], feed=feed)[0] == Finding("kosten", "bsn", 1, ROWS)
    assert look("kosten", ["123456783"]) == []


def test_a_share_of_one_in_a_hundred_is_found_in_99_of_100_deliveries() -> None:
    chance, found = np.random.default_rng(11), 0
    for _ in range(200):
        counts = [str(count) for count in chance.integers(0, 500, 500)]
        for place in range(5):
            counts[place] = str(_drawn(chance))
        found += bool(look("aantal", counts, rows=500))
    assert found == 200


def _drawn(chance: np.random.Generator) -> int:
    number = None
    while number is None:
        number = with_proof(int(chance.integers(10_000_000, 99_999_999)))
    return number


# -- columns as a whole ------------------------------------------------------------------------------------------------------


def test_a_column_of_first_names_is_found_though_one_would_not_be() -> None:
    names = ["Mohamed", "Emma", "Youssef", "Sophie", "Daan"] * 12
    assert look("activiteit", names) == [Finding("activiteit", "name", ROWS, ROWS)]
    assert look("activiteit", ["Emma"]) == []


def test_dates_far_apart_are_dates_of_birth() -> None:
    years = [f"{day:02d}-05-{year}" for day, year in zip(range(1, 29), range(1950, 2006, 2), strict=True)]
    assert look("datum", years * 3, rows=84) == [Finding("datum", "birth_date", 84, 84)]
    cases = [f"{day:02d}-05-{year}" for day in range(1, 29) for year in (2023, 2024, 2025)]
    assert look("datum", cases, rows=84) == []


def test_remarks_stand_only_where_they_are_agreed() -> None:
    remark = "De man gaat niet naar het werk"
    assert look("toelichting", [remark] * 4) == []
    assert look("soort", [remark]) == [Finding("soort", "free_text", 1, ROWS)]
    long = "Mijn buurman komt elke dag en hij wil dat ik het hek openzet, maar dat kan niet"
    assert look("activiteit", [long]) == [Finding("activiteit", "free_text", 1, ROWS)]


def test_plates_are_found_singly_with_hyphens_and_as_a_column_without() -> None:
    assert look("activiteit", ["een auto met GV-123-B"]) == [Finding("activiteit", "licence_plate", 1, ROWS)]
    bare = [f"{letters}{number}{last}" for letters in ("GV", "XP") for number in range(101, 131) for last in "B"]
    assert look("activiteit", bare) == [Finding("activiteit", "licence_plate", ROWS, ROWS)]


def test_unkeyed_pseudonyms_are_found_also_as_digests_of_other_cells() -> None:
    made = [hashlib.sha256(str(202_500_000 + number).encode()).hexdigest() for number in range(ROWS)]
    assert look("pseudoniem", made) == [Finding("pseudoniem", "pseudonym_not_keyed", ROWS, ROWS)]
    assert look("pseudoniem", ["Jan"])[0] == Finding("pseudoniem", "pseudonym_not_keyed", 1, ROWS)


# -- clean deliveries pass -----------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 80))
def test_clean_counts_codes_and_days_never_hold_a_delivery(seed: int, rows: int) -> None:
    chance = np.random.default_rng(seed)
    columns = clean(rows) | {
        "aantal": [str(number) for number in chance.integers(0, 9_999_999, rows)],
        "kosten": [f"{number / 100:.2f}" for number in chance.integers(0, 5_000_000_00, rows)],
        "wijk": [str(code) for code in chance.choice(["BU09171000", "09173203", "091710", "Maria Gewanden"], rows)],
        "datum": [f"{day}-{month}-202{year}" for day, month, year in chance.integers(1, 7, (rows, 3))],
        "pc": [str(number) for number in chance.integers(6411, 6433, rows)],
        "zaak": [f"2025{month:02d}{day:02d}-{at}" for at, (month, day) in enumerate(chance.integers(1, 13, (rows, 2)))],
    }
    del columns["euros"]
    assert find_personal_data(grid(columns), "proef_2025-01-31_v2.csv", FEED) == []


def test_an_empty_delivery_can_be_looked_at() -> None:
    assert find_personal_data(grid({name: [] for name in COLUMNS}), "leeg.csv", FEED) == []
    assert find_personal_data(grid({name: ["", ""] for name in COLUMNS}), "", FEED) == []


@pytest.mark.slow
def test_a_million_rows_are_looked_at_in_seconds() -> None:
    rows = 1_000_000
    few = clean(1000)
    columns = {name: pa.array(few[name] * 1000) for name in ("datum", "wijk", "soort", "aantal", "kosten", "pc")}
    columns["zaak"] = pa.array([f"MOR-2025-{number:07d}" for number in range(rows)])
    columns["pseudoniem"] = pa.array([keyed(number) for number in range(100_000)] * 10)
    table = pa.table({f"c{at}": column for at, column in enumerate(columns.values())})
    start = time.process_time()
    assert find_personal_data(Grid(tuple(columns), table, pa.array(range(rows)), ()), "groot.csv", FEED) == []
    assert time.process_time() - start < 12
