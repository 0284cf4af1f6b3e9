"""Names, e-mail, telephone, IBAN, dates of birth, plates and addresses: what is one, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.partners import identifiers
from sources.partners.person_names import has_name, may_be_name
from sources.partners.plain_text import plain_text, plain_values

Test = Callable[[pa.Array], np.ndarray]


def found(test: Test, text: str) -> bool:
    return bool(test(plain_values(pa.array([text])))[0])


EMAILS = [
    "jan@example.nl", "Mail naar j.de.vries+werk@sub.example.co.uk.", "jan @ example.nl", "jan(at)example.nl",
    "jan [at] example [dot] nl", "jan at example punt nl", "jan apenstaartje example punt nl", "jan＠example.nl",
    "jan\u200b@exam\u00adple.nl", "JAN@EXAMPLE.NL", "<jan@example.nl>", "jan{at}example{punt}nl",
]  # fmt: skip
PHONES = [
    "0612345678", "06-12345678", "06 12 34 56 78", "+31 6 12345678", "0031612345678", "+31(0)6-12345678", "045-5601234",
    "(045) 560 12 34", "0455601234", "+32 470 12 34 56", "bel 06.1234.5678 na 9 uur", "０６-12345678",
]  # fmt: skip
IBANS = [
    "NL91 ABNA 0417 1643 00", "NL91ABNA0417164300", "nl91.abna.0417.1643.00", "rekening NL91-ABNA-0417-1643-00 graag",
    "BE68 5390 0754 7034", "DE89370400440532013000", "TR330006100519786457841326", "PL61109010140000071219812874",
]  # fmt: skip
BIRTH_DATES = [
    "geb. 12-05-1984",
    "geboren op 12 mei 1984",
    "Geboortedatum: 1984-05-12",
    "geb 12/5/84",
    "DOB 12-05-1984",
]
PLATES = ["12-BLK-3", "GV-123-B", "XP-59-ZJ", "kenteken 9-KTT-00, blauw", "G-001-BB", "rijdt in RZ-KL-12"]
ADDRESSES = [
    "6411 AB 12", "6411AB 12a", "6411ab 7", "Kerkstraat 12, 6411 AB", "6411 AB, nr. 12", "6411 AB huisnummer 140",
    "Saroleastraat 23 6411 LS Heerlen", "6411 AB 12-3",
]  # fmt: skip


@pytest.mark.parametrize(
    ("test", "texts"),
    [
        (identifiers.email, EMAILS),
        (identifiers.phone, PHONES),
        (identifiers.iban, IBANS),
        (identifiers.birth_date, BIRTH_DATES),
        (identifiers.plate, PLATES),
        (identifiers.address, ADDRESSES),
    ],
)
def test_every_way_of_writing_it_is_found(test: Test, texts: list[str]) -> None:
    assert [text for text in texts if not found(test, text)] == []


HARMLESS = [
    "Bron: Gemeente Heerlen, stand 31-12-2025", "06-01-2025 12:00", "01-02-2025 - 03-04-2025", "2024KW01", "2024MM05",
    "2025TR01", "2024 en 2025", "2024 EN 2025", "BU09171000", "WK091710  ", "0.0.0", "12.345.678,50", "1.234,5", "00AB00",
    "5000 en 6000 euro", "27-44", "45+", "REP-2025-0012345", "Peildatum 2025-01-31T10:00:00Z", "1-MRT-25", "12-MEI-2025",
    "paar met kinderen", "Open inloop (2x per week)", "Maria Gewanden en Terschuren", "e.o.", "6411", "6411 AB", "n.v.t.",
    "De Hei (verspreide huizen)", "Meezenbroek-Schaesbergerveld", "Taalcafé @ de Kroon", "NL 2025 KW01", "DE 1234 5678",
    "Microsoft Excel", "openpyxl 3.1.5", "versie 12.0.6425.1000", "Jan Campertstraat", "Jan van Galenstraat",
    "Sint Jozefschool", "Johan Cruyff Court", "Basisschool De Vlinder", "Wijkcentrum Maria Christina", "alleenstaande ouder",
    "Stichting Jan Jansen Fonds", "bakker en visser", "Christus Koning", "5 MW Wind", "roos wit", "A+++", "Ten Esschen",
    "Burgemeester Jansenplein", "Hoensbroek-De Dem", "Burettestraat e.o.", "vocht en schimmel", "Emma", "50 uur per week",
    "gehuwd zonder kinderen", "10.000 20.000 30.000", "3.1.4.1.5.9", "AB-1234", "week 12 2025 en verder",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    tests: tuple[Test, ...] = (
        identifiers.email, identifiers.phone, identifiers.iban, identifiers.birth_date, identifiers.plate, identifiers.address,
    )  # fmt: skip
    assert [test.__name__ for test in tests if found(test, text)] == []
    assert not has_name(plain_text(text))


@settings(deadline=None)
@given(st.emails())
def test_any_address_of_the_standard_is_an_email(address: str) -> None:
    assert found(identifiers.email, address)
    assert found(identifiers.email, f"Vragen? Mail {address} of kom langs")


@given(
    st.from_regex(r"(06|045|0475|020)[0-9]{8}", fullmatch=True), st.sampled_from(["", " ", "-", "."]), st.integers(3, 9)
)
def test_ten_digits_are_a_telephone_number_however_they_are_grouped(digits: str, between: str, place: int) -> None:
    number = digits[:10]
    assert found(identifiers.phone, number[:place] + between + number[place:])


@given(st.from_regex(r"[A-Z]{4}[0-9]{10}", fullmatch=True), st.booleans())
def test_an_account_is_one_when_its_check_digits_are_right(account: str, is_grouped: bool) -> None:
    rest = int("".join(str(int(sign, 36)) for sign in account + "NL00")) % 97
    right, wrong = f"NL{98 - rest:02d}{account}", f"NL{(98 - rest + 1) % 97 + 1:02d}{account}"
    text = " ".join(right[at : at + 4] for at in range(0, 18, 4)) if is_grouped else right
    assert found(identifiers.iban, text)
    assert found(identifiers.iban, wrong) == identifiers.is_iban(wrong) == (right == wrong)


PEOPLE = [
    "Jan de Vries", "jan jansen", "De Vries, Jan", "de Vries, J.", "J. de Vries", "J.P. Janssen", "Jansen J.P.", "J Jansen",
    "mevrouw Bouzakhti belde", "Dhr. K. Onbekend", "Fatima El Amrani", "gesproken met fatima el amrani vandaag", "Mohamed Ali",
    "Anne-Marie Bakker", "Yilmaz, Ayşe", "JAN DE GROOT", "Jansen-de Vries, P.", "moeder heet Agnieszka Kowalska.",
    "de heer Smeets", "Jаn Jаnsen", "Łukasz Wiśniewski", "Ja\u200bn Jan\u00adsen", "buurman Jan Jansen, 46 jaar",
    "Mw. A. El Idrissi", "jansen jan verzuim", "Martina Croes", "Zeynep Öztürk", "Ｊａｎ Ｊａｎｓｅｎ",
]  # fmt: skip


@pytest.mark.parametrize("text", PEOPLE)
def test_a_person_is_known_by_what_stands_beside_a_name(text: str) -> None:
    assert has_name(plain_text(text))


@pytest.mark.parametrize("text", ["Mohamed", "Jan Onbekend", "van der Meer", "J. Onbekend", "Anna Maria", "De Vries"])
def test_half_a_name_is_one_only_among_others(text: str) -> None:
    assert may_be_name(plain_text(text))
    assert not has_name(plain_text(text))


@given(st.text(max_size=60))
def test_any_text_can_be_looked_at(text: str) -> None:
    plain = plain_text(text)
    assert has_name(plain) in (True, False)
    assert may_be_name(plain) or not has_name(plain)
    for test in (identifiers.email, identifiers.phone, identifiers.iban, identifiers.address, identifiers.sentence):
        assert found(test, text) in (True, False)


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
    st.text("\u200b\u00ad\u2060\ufeff\u0301", max_size=5),
)
def test_signs_that_show_nothing_change_nothing(text: str, hidden: str) -> None:
    plain = plain_text(text)
    assert plain_text(hidden.join(plain)) == plain
