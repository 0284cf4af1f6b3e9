"""Files that were made, or broken, so that a reader would crash; most were found by mutating deliveries."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest

from sources.partners.reading import Refused
from tests.support.partner_feeds import HEADER, cells_of, partner_feed, read_bytes, workbook_bytes

XLSX = partner_feed(format="xlsx", file_name="proef_{JJJJ}{MM}.xlsx")
JSON = partner_feed(
    format="json",
    file_name="proef.json",
    pull={
        "url": "https://example.org/api",
        "key_env": "NOORD_KEY_PROEF",
        "rows": "rows",
        "next": "next",
        "since": "since",
        "window_months": 3,
    },
)
SHEET, RELATIONS, ELSEWHERE = "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels", "xl/elders/sheet1.xml"
ROW = ["2025", "3", "WK091710", "0_27", "5"]


def _book() -> dict[str, str]:
    """The parts of a small workbook, its rows and cells without places of their own."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(HEADER.split(";"))
    book.active.append(ROW)
    with zipfile.ZipFile(io.BytesIO(workbook_bytes(book))) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    parts[SHEET] = re.sub(r'<(row|c) r="\w+"', r"<\1", parts[SHEET])
    return parts


def _zipped(parts: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return stream.getvalue()


def _rule(folder: Path, parts: Mapping[str, str]) -> str:
    with pytest.raises(Refused) as refused:
        read_bytes(folder, XLSX, _zipped(parts))
    return refused.value.rule


def test_cells_without_places_are_read_in_their_order(tmp_path: Path) -> None:
    assert cells_of(read_bytes(tmp_path, XLSX, _zipped(_book()))) == [ROW]


@pytest.mark.parametrize(
    ("element", "place"),
    # Numbers that the reader of cells would take for others, and ask for hundreds of GB for what lies between.
    [
        ("row", "99999999999999999999"),
        ("row", "4294967297"),
        ("row", "2000000"),
        ("row", "-5"),
        ("row", ""),
        ("row", "1.5"),
        ("c", "xfd1048576"),
        ("c", "AAAAAAA1"),
        ("c", "A0"),
        ("c", "A99999999999"),
        ("c", "5"),
    ],
)
def test_a_place_that_excel_does_not_know_is_refused(tmp_path: Path, element: str, place: str) -> None:
    parts = _book()
    sheet = re.sub(rf"<{element}\b", f'<{element} r="{place}"', parts[SHEET], count=1)
    assert sheet != parts[SHEET]
    assert _rule(tmp_path, parts | {SHEET: sheet}) == "onleesbaar"


def test_a_sheet_in_another_folder_is_held_to_the_same_limits(tmp_path: Path) -> None:
    moved = {(ELSEWHERE if name == SHEET else name): text for name, text in _book().items()}
    moved[RELATIONS] = moved[RELATIONS].replace(SHEET, ELSEWHERE)
    assert cells_of(read_bytes(tmp_path, XLSX, _zipped(moved))) == [ROW]
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    moved[ELSEWHERE] = moved[ELSEWHERE].replace("</sheetData>", far)
    assert _rule(tmp_path, moved) == "te_veel_kolommen"


def test_a_sheet_that_the_workbook_does_not_show_is_refused_wherever_it_lies(tmp_path: Path) -> None:
    parts = _book()
    # Of the same name as the one that is shown, in another folder: nobody would look at its cells.
    assert _rule(tmp_path, parts | {ELSEWHERE: parts[SHEET]}) == "zip_onveilig"
    assert _rule(tmp_path, parts | {"xl/worksheets/sheet2.xml": parts[SHEET]}) == "zip_onveilig"


@pytest.mark.parametrize("number", ["1e99999999999999999999", "-1e99999999999999999999", "1e400", "1e-400"])
def test_a_number_of_no_ordinary_size_is_refused(tmp_path: Path, number: str) -> None:
    text = f'[{{"jaar": 2025, "maand": 3, "wijk": "WK091710", "leeftijd": "0_27", "aantal": {number}}}]'
    with pytest.raises(Refused) as refused:
        read_bytes(tmp_path, JSON, text.encode())
    assert refused.value.rule == "onleesbaar"
