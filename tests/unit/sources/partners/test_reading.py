"""Bytes become the table that a person sees, and everything beside it, or a refusal that says what was expected."""

from __future__ import annotations

import codecs
import csv
import io
import json
import random
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName

from sources.contracts import PartnerFeed
from sources.files import clean
from sources.partners.reading import Grid, Refused
from sources.partners.rows import judge_rows
from sources.partners.rules import RULES
from tests.support.partner_feeds import HEADER, cells_of, partner_feed, read_bytes, read_text, workbook_bytes

ROW = "2025;3;WK091710;0_27;12"
CELLS = ["2025", "3", "WK091710", "0_27", "12"]
CSV = partner_feed()
XLSX = partner_feed(format="xlsx", file_name="proef_{JJJJ}.xlsx")
JSON = partner_feed(
    format="json",
    pull={
        "url": "https://example.org/rijen", "key_env": "NOORD_KEY_PROEF", "rows": "rijen", "next": "volgende",
        "since": "vanaf", "window_months": 3,
    },
)  # fmt: skip
TMP = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refused(read: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        read()
    assert caught.value.rule in RULES
    return caught.value


def book(*rows: list[object]) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    for row in rows or (HEADER.split(";"), [2025, 3, "WK091710", "0_27", 12]):
        made.active.append(row)
    return made


def changed(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook in which one part is another; a part that it lacks is added."""
    source = zipfile.ZipFile(io.BytesIO(content))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.namelist():
            target.writestr(entry, change(source.read(entry)) if entry == name else source.read(entry))
        if name not in source.namelist():
            target.writestr(name, change(b""))
    return stream.getvalue()


# -- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_delimiter_and_encoding_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    lines = [line.replace(";", delimiter) for line in (HEADER, ROW, "2025;4;Versiliënbosch;27_45;7")]
    grid = read_text(tmp_path, CSV, *lines, encoding=encoding)
    assert cells_of(grid) == [CELLS, ["2025", "4", "Versiliënbosch", "27_45", "7"]]
    assert grid.row_numbers.to_pylist() == [2, 3]


def test_titles_footer_and_empty_lines_are_no_rows(tmp_path: Path) -> None:
    grid = read_text(tmp_path, CSV, "Bijstand; per wijk", "", HEADER, ROW, ";;;;", "", "Bron: Sociale Zaken;;;;")
    assert cells_of(grid) == [CELLS]
    assert grid.row_numbers.to_pylist() == [4]
    assert grid.outside == ("Bijstand", "per wijk", "Bron: Sociale Zaken")


def test_headers_are_known_however_they_are_written(tmp_path: Path) -> None:
    header = '\u200bJaar\ufeff;MAAND;"Wijk-\ncode";leef_tijd;Aan\u00a0tal'
    grid = read_text(tmp_path, CSV, header, ROW)
    assert grid.header == ("Jaar", "MAAND", "Wijk- code", "leef_tijd", "Aan tal")
    assert judge_rows(grid, CSV).rows.to_pylist() == [
        {"area_code": "WK091710", "period_code": "2025MM03", "leeftijd": "0_27", "aantal": 12}
    ]


def test_cells_lose_invisible_signs_and_outer_spaces(tmp_path: Path) -> None:
    grid = read_text(tmp_path, CSV, HEADER, "2025 ;3;\ufeffWK091710  ;\u00a00_27\u200b;\u00a0")
    assert cells_of(grid) == [["2025", "3", "WK091710", "0_27", None]]


def test_a_quoted_line_break_stays_in_its_cell(tmp_path: Path) -> None:
    grid = read_text(tmp_path, CSV, HEADER, '2025;3;"WK0917\n10";0_27;"1;2"', ROW)
    assert cells_of(grid) == [["2025", "3", "WK0917\n10", "0_27", "1;2"], CELLS]
    assert grid.row_numbers.to_pylist() == [2, 4]


def test_delimiters_at_the_end_make_no_column(tmp_path: Path) -> None:
    grid = read_text(tmp_path, CSV, HEADER + ";;", ROW + ";;", "2025;3;WK091711;0_27")
    assert cells_of(grid) == [CELLS, ["2025", "3", "WK091711", "0_27", None]]
    assert refused(lambda: read_text(tmp_path, CSV, HEADER + ";;", ROW + ";geheim;")).rule == "onbekende_kolom"


def test_surplus_fields_go_outside_and_mark_their_row(tmp_path: Path) -> None:
    grid = read_text(tmp_path, CSV, HEADER, ROW, ROW + ";meer;nog meer", ROW + ";")
    assert grid.uneven == (3,)
    assert grid.outside == ("meer", "nog meer")
    assert grid.table.num_rows == 3


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "leeg_bestand"),
        (b"\xef\xbb\xbf\r\n", "leeg_bestand"),
        (b"PK\x03\x04rest", "verkeerd_formaat"),
        (b"%PDF-1.7", "verkeerd_formaat"),
        (b"<!doctype html><p>Log in", "verkeerd_formaat"),
        (b"jaar;maand\x81;", "geen_tekst"),
        (f"{HEADER}\n2025;3;WK09\x0010;0_27;1".encode(), "geen_tekst"),
        (f'{HEADER}\n2025;3;"WK091710;0_27;1'.encode(), "aanhalingstekens"),
        (f'{HEADER}\n2025;3;"WK"091710;0_27;1'.encode(), "aanhalingstekens"),
        (f"{HEADER}\n2025;3;{'x' * 40_000};0_27;1".encode(), "te_lange_cel"),
        (f"{HEADER}\n2025;3;{'x' * 140_000};0_27;1".encode(), "te_lange_cel"),
        (b"een;heel;ander;bestand\n1;2;3;4", "kopregel_ontbreekt"),
        (b"jaar;maand;wijk;leeftijd\n2025;3;WK091710;0_27", "kolom_ontbreekt"),
        (f"{HEADER};naam\n{ROW};Jansen".encode(), "onbekende_kolom"),
        (f"{HEADER};wijkcode\n{ROW};WK091710".encode(), "dubbele_kolom"),
        (HEADER.encode(), "geen_rijen"),
        (f"{HEADER}\n;;;;\nBron: x".encode(), "geen_rijen"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_the_contract_is_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    problem = refused(lambda: read_bytes(tmp_path, CSV, content))
    assert problem.rule == rule
    assert "Jansen" not in str(problem)
    assert "naam" not in problem.where


def test_a_missing_column_is_named_and_an_unknown_one_is_not(tmp_path: Path) -> None:
    assert "aantal" in refused(lambda: read_text(tmp_path, CSV, "jaar;maand;wijk;leeftijd", "2025;3;x;y")).expected_nl
    assert refused(lambda: read_text(tmp_path, CSV, HEADER + ";P. Jansen", ROW + ";1")).where == "kolom 6"


def test_files_that_are_too_large_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.partners.reading.MOST_BYTES", 40)
    assert refused(lambda: read_text(tmp_path, CSV, HEADER, ROW)).rule == "te_groot"
    monkeypatch.setattr("sources.partners.reading.MOST_BYTES", 4000)
    monkeypatch.setattr("sources.partners.reading.MOST_ROWS", 2)
    assert read_text(tmp_path, CSV, HEADER, ROW, ROW).table.num_rows == 2
    assert refused(lambda: read_text(tmp_path, CSV, HEADER, ROW, ROW, ROW)).rule == "te_veel_rijen"


# -- workbooks --------------------------------------------------------------------------------------------------------


def test_a_workbook_gives_values_days_and_numbers_as_text(tmp_path: Path) -> None:
    rows = [
        [2025.0, "3", "WK091710", date(2025, 3, 1), 14000.5],
        [2025, 3, "=1+1", datetime(2025, 3, 1, 12, 30), 1.234],
        [2025, 3, None, datetime(2025, 3, 1), True],
    ]
    grid = read_bytes(tmp_path, XLSX, workbook_bytes(book(HEADER.split(";"), *rows)))
    assert cells_of(grid) == [
        ["2025", "3", "WK091710", "2025-03-01", "14000,5"],
        ["2025", "3", None, "2025-03-01 12:30:00", "1,234"],
        ["2025", "3", None, "2025-03-01", "true"],
    ]
    assert grid.row_numbers.to_pylist() == [2, 3, 4]


def test_titles_and_merged_headers_above_a_table(tmp_path: Path) -> None:
    feed = partner_feed(
        format="xlsx",
        columns={
            "wijk": {"type": "area"},
            "uren_aangeboden": {"type": "number"},
            "uren_gevolgd": {"type": "number"},
        },
        period={"type": "JJ"},
        dimensions=[],
        measures={"uren": {"column": "uren_gevolgd", "counts": "amount"}},
    )
    made = book(["Uren per wijk"], [], ["Wijk", "Uren", None], [None, "aangeboden", "gevolgd"], ["WK091710", 10, 7.5])
    made.active.merge_cells("A3:A4")
    made.active.merge_cells("B3:C3")
    grid = read_bytes(tmp_path, feed, workbook_bytes(made))
    assert grid.header == ("Wijk", "Uren aangeboden", "Uren gevolgd")
    assert cells_of(grid) == [["WK091710", "10", "7,5"]]
    assert grid.row_numbers.to_pylist() == [5]
    assert "Uren per wijk" in grid.outside


def test_everything_that_a_workbook_hides_is_outside(tmp_path: Path) -> None:
    made = book()
    made.properties.creator = "Auteur Een"
    made.properties.title = "Titel Twee"
    hidden = made.create_sheet("Blad Drie")
    hidden.sheet_state = "veryHidden"
    hidden["C9"] = "Cel Vier"
    hidden["A1"] = 123456782
    made.active["A2"].comment = Comment("Opmerking Vijf", "Schrijver Zes")
    made.active["A2"].hyperlink = "mailto:zeven@example.org"
    made.active.oddHeader.left.text = "Kop Acht"
    made.defined_names["Naam_Negen"] = DefinedName("Naam_Negen", attr_text='"Tekst Tien"')
    made.active["F9"] = '=IF(A2=1,"Elf","")'
    content = workbook_bytes(made)
    made_up = b'<?xml version="1.0"?><a b="geen">Twaalf <c>Dertien</c></a>'
    content = changed(content, "customXml/item1.xml", lambda _: made_up)
    grid = read_bytes(tmp_path, XLSX, content)
    text = "\n".join(grid.outside)
    for word in (
        "Auteur Een", "Titel Twee", "Blad Drie", "Cel Vier", "123456782", "Opmerking Vijf", "Schrijver Zes",
        "zeven@example.org", "Kop Acht", "Naam_Negen", "Tekst Tien", "Elf", "Twaalf", "Dertien",
    ):  # fmt: skip
        assert word in text, word
    assert cells_of(grid) == [CELLS]
    assert "WK091710" not in text


def test_texts_that_were_deleted_from_a_sheet_are_outside(tmp_path: Path) -> None:
    strings = b"<sst><si><t>wijk</t></si><si><r><t>Oude </t></r><r><t>naam</t></r><rPh><t>klank</t></rPh></si></sst>"
    content = changed(workbook_bytes(book()), "xl/sharedStrings.xml", lambda _: strings)
    assert {"Oude naam", "klank"} <= set(read_bytes(tmp_path, XLSX, content).outside)


def test_the_sheet_of_the_contract_or_the_only_visible_one_with_the_header(tmp_path: Path) -> None:
    made = book()
    made.create_sheet("Uitleg").append(["Lees mij"])
    twin = made.copy_worksheet(made.active)
    twin.title = "Concept"
    assert refused(lambda: read_bytes(tmp_path, XLSX, workbook_bytes(made))).rule == "werkblad_dubbel"
    twin.sheet_state = "hidden"
    twin["E2"] = 99
    assert cells_of(read_bytes(tmp_path, XLSX, workbook_bytes(made))) == [CELLS]
    named = partner_feed(format="xlsx", sheet="concept")
    assert cells_of(read_bytes(tmp_path, named, workbook_bytes(made)))[0][4] == "99"
    absent = partner_feed(format="xlsx", sheet="Levering")
    assert refused(lambda: read_bytes(tmp_path, absent, workbook_bytes(made))).rule == "werkblad_ontbreekt"


def _sheet(text: bytes) -> bytes:
    return b"<worksheet><sheetData>" + text + b"</sheetData></worksheet>"


SHEET = "xl/worksheets/sheet1.xml"
_FAR = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="%s1048576"><v>1</v></c></row>'
_ENTITY = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><worksheet><sheetData/></worksheet>'


@pytest.mark.parametrize(
    ("part", "content", "rule"),
    [
        (SHEET, _sheet(_FAR % b"ALL"), "te_veel_cellen"),
        (SHEET, _sheet(_FAR % b"XFD"), "te_veel_kolommen"),
        (SHEET, _ENTITY, "zip_onveilig"),
        (SHEET, b"<worksheet><sheetData>", "onleesbaar"),
        (SHEET, b" " * 5_000_000, "zip_onveilig"),
        ("docProps/core.xml", b"<!DOCTYPE x>" + b"<x/>", "zip_onveilig"),
        ("xl/worksheets/sheet9.xml", _sheet(b""), "zip_onveilig"),
        ("xl/../../oeps.xml", b"<x/>", "zip_onveilig"),
        ("XL/WORKBOOK.XML", b"<x/>", "zip_onveilig"),
        ("xl/media/image1.png", b"\x89PNG", "ingesloten_bestand"),
        ("xl/vbaProject.bin", b"macro", "ingesloten_bestand"),
        ("xl/embeddings/meer.xlsx", b"PK\x03\x04", "ingesloten_bestand"),
    ],
)  # fmt: skip
def test_workbooks_that_do_harm_are_refused(tmp_path: Path, part: str, content: bytes, rule: str) -> None:
    made = changed(workbook_bytes(book()), part, lambda _: content)
    assert refused(lambda: read_bytes(tmp_path, XLSX, made)).rule == rule


def test_one_long_text_repeated_in_many_cells_is_refused(tmp_path: Path) -> None:
    long = b"<sst><si><t>" + random.Random(1).randbytes(20_000).hex().encode() + b"</t></si></sst>"
    rows = b"".join(b'<row><c t="s"><v>0</v></c></row>' for _ in range(6000))
    made = changed(workbook_bytes(book()), "xl/sharedStrings.xml", lambda _: long)
    made = changed(made, SHEET, lambda _: _sheet(rows))
    assert refused(lambda: read_bytes(tmp_path, XLSX, made)).rule == "te_veel_cellen"


def test_the_setting_of_a_printer_does_no_harm(tmp_path: Path) -> None:
    made = changed(workbook_bytes(book()), "xl/printerSettings/printerSettings1.bin", lambda _: b"\x00\x01")
    assert cells_of(read_bytes(tmp_path, XLSX, made)) == [CELLS]


@pytest.mark.parametrize(
    ("content", "rule"),
    [(b"\xd0\xcf\x11\xe0 oud", "wachtwoord"), (b"a;b", "verkeerd_formaat"), (b"PK\x03\x04", "onleesbaar")],
)
def test_no_workbook_at_all_is_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    assert refused(lambda: read_bytes(tmp_path, XLSX, content)).rule == rule


def test_a_directory_that_lies_about_sizes_is_not_believed(tmp_path: Path) -> None:
    content = workbook_bytes(book())
    entry = zipfile.ZipFile(io.BytesIO(content)).getinfo(SHEET)
    lie = content.replace(entry.file_size.to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lie != content
    assert refused(lambda: read_bytes(tmp_path, XLSX, lie)).rule == "onleesbaar"


# -- JSON -------------------------------------------------------------------------------------------------------------


def test_json_keeps_numbers_as_they_are_written(tmp_path: Path) -> None:
    rows = '[{"jaar": 2025, "maand": "3", "wijk": "WK091710", "leeftijd": null, "aantal": 1.234}, {"aantal": 1e2, "jaar": true}]'
    grid = read_bytes(tmp_path, JSON, rows.encode())
    assert cells_of(grid) == [["2025", "3", "WK091710", None, "1,234"], ["true", None, None, None, "100"]]
    assert grid.row_numbers.to_pylist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ('{"jaar": 1}', "geneste_waarde"),
        ("[[1]]", "geneste_waarde"),
        ('[{"jaar": [1], "maand": 1, "wijk": 1, "leeftijd": 1, "aantal": 1}]', "geneste_waarde"),
        ('[{"jaar": {"a": 1}, "maand": 1, "wijk": 1, "leeftijd": 1, "aantal": 1}]', "geneste_waarde"),
        ('[{"jaar": 1, "jaar": 2, "maand": 1, "wijk": 1, "leeftijd": 1, "aantal": 1}]', "geneste_waarde"),
        ('[{"jaar": NaN}]', "onleesbaar"),
        ('[{"jaar": 1e999999}]', "onleesbaar"),
        ('[{"jaar": 1', "onleesbaar"),
        ("[" * 100_000, "onleesbaar"),
        ('[{"jaar": "\\ud800", "maand": 1, "wijk": 1, "leeftijd": 1, "aantal": 1}]', "geen_tekst"),
        ('[{"jaar": 1, "maand": 1, "wijk": 1, "leeftijd": 1, "aantal": 1, "naam": "x"}]', "onbekende_kolom"),
        ("[]", "kopregel_ontbreekt"),
    ],
)  # fmt: skip
def test_json_that_is_no_list_of_rows_is_refused(tmp_path: Path, content: str, rule: str) -> None:
    assert refused(lambda: read_bytes(tmp_path, JSON, content.encode())).rule == rule


# -- any bytes --------------------------------------------------------------------------------------------------------


def _mutated(content: bytes, draw: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(draw.randint(1, 12)):
        at = draw.randrange(len(data) + 1)
        match draw.randrange(4):
            case 0:
                data[at : at + 1] = draw.randbytes(1)
            case 1:
                del data[at : at + draw.randrange(1, 40)]
            case 2:
                data[at:at] = data[at : at + draw.randrange(1, 60)]
            case 3:
                data[at:at] = draw.choice([b"\x00", b'"', b"\r", b";" * 300, b"\xff\xfe", "\u2028".encode(), b"<!--"])
        if not data:
            data += b"x"
    return bytes(data)


def outcome(folder: Path, feed: PartnerFeed, content: bytes) -> Grid | Refused:
    try:
        return read_bytes(folder, feed, content)
    except Refused as problem:
        return problem


def require_outcome(folder: Path, feed: PartnerFeed, content: bytes) -> None:
    """The delivery is refused under a rule, or each of its rows is accounted for."""
    found = outcome(folder, feed, content)
    if isinstance(found, Refused):
        assert found.rule in RULES
    else:
        judged = judge_rows(found, feed)
        assert judged.delivered == found.table.num_rows == judged.accepted + judged.refused


_SOURCES = {
    "csv": (CSV, "\r\n".join(["Titel", HEADER, *[ROW] * 5, "Bron: x"]).encode()),
    "utf16": (CSV, codecs.BOM_UTF16_LE + "\n".join([HEADER, *[ROW] * 5]).encode("utf-16-le")),
    "xlsx": (XLSX, workbook_bytes(book())),
    "json": (JSON, json.dumps([dict(zip(HEADER.split(";"), CELLS, strict=True))] * 3).encode()),
}


@pytest.mark.parametrize("kind", _SOURCES)
@TMP
@given(seed=st.integers(0, 2**32))
def test_mutated_bytes_are_read_or_refused_and_nothing_else(tmp_path: Path, kind: str, seed: int) -> None:
    feed, content = _SOURCES[kind]
    require_outcome(tmp_path, feed, _mutated(content, random.Random(seed)))


@TMP
@given(seed=st.integers(0, 2**32))
def test_mutated_parts_of_a_workbook_are_read_or_refused(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    content = _SOURCES["xlsx"][1]
    part = draw.choice(zipfile.ZipFile(io.BytesIO(content)).namelist())
    require_outcome(tmp_path, XLSX, changed(content, part, lambda data: _mutated(data, draw)))


_CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)


@TMP
@given(
    rows=st.lists(st.lists(_CELL, min_size=5, max_size=5), min_size=1, max_size=6),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    delimiter=st.sampled_from(";,\t|"),
)
def test_any_table_comes_back_cell_by_cell(
    tmp_path: Path, rows: list[list[str]], encoding: str, delimiter: str
) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER.split(";"))
    # A first cell that no footer begins with, so that each row stays one.
    writer.writerows([["2025", *row[1:]] for row in rows])
    grid = read_bytes(tmp_path, CSV, stream.getvalue().encode(encoding))
    assert cells_of(grid) == [["2025", *(clean(cell) or None for cell in row[1:])] for row in rows]
