"""XLSX workbooks: sheets as rows of text, and every text that is not in a sheet's cells.

Belongs here: what a workbook can hide (sheets, comments, properties, names, caches) and what it can do to a reader (bombs,
entities, lies in its directory). Does not belong here: which sheet holds the table (`reading`).

Each part is read once here, under limits, and packed anew; the library that reads cells sees only that copy.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sources.files import CORRUPT, UnsafeArchive, cell_text, clean, safe_entries
from sources.partners.parts import MOST_CELLS, PartReader, SharedTexts
from sources.partners.rules import Refused

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

MOST_PARTS_UNPACKED = 400 * 1024**2
MOST_PARTS = 2000
_PIECE = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0"
_XML = (".xml", ".rels", ".vml", ".psmdcp")
_SHARED = "xl/sharedstrings.xml"
# Settings of a printer are binary, and every file that Excel has printed has them; they never leave the original.
_LEFT_OUT = re.compile(r"xl/printersettings/[^/]+\.bin")


@dataclass(frozen=True)
class Sheet:
    """A sheet of cells; `rows` gives all its rows from the first of the sheet on, with their numbers."""

    name: str
    is_visible: bool
    rows: Callable[[], Iterator[tuple[int, list[str]]]]


@dataclass(frozen=True)
class Workbook:
    """The sheets of cells in their order, and the texts outside of cells."""

    sheets: tuple[Sheet, ...]
    outside: tuple[str, ...]


def read_workbook(path: Path) -> Workbook:
    """Read a workbook that may have been made to do harm.

    Raises:
        Refused: no XLSX, locked, damaged, larger than any delivery, or with parts that can't be read as text.
    """
    with path.open("rb") as stream:
        beginning = stream.read(4)
    if beginning == _OLE:
        raise Refused("wachtwoord", "het bestand")
    if beginning[:2] != b"PK":
        raise Refused("verkeerd_formaat", "het bestand", "een XLSX-bestand")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _entries(archive)
            copy, texts = _packed_anew(archive, entries)
    except UnsafeArchive:
        raise Refused("zip_onveilig", "het bestand") from None
    except CORRUPT:
        # The cause is left out, here and below: its text may repeat what stands in the file.
        raise Refused("onleesbaar", "het bestand", "een XLSX-bestand dat heel is") from None
    return Workbook(_sheets(copy), texts)


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = safe_entries(archive, MOST_PARTS_UNPACKED)
    names = [entry.filename.lower() for entry in entries]
    if len(entries) > MOST_PARTS or len(set(names)) < len(names):
        raise Refused("zip_onveilig", "het bestand")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused("wachtwoord", "het bestand")
    if "xl/workbook.xml" not in names or "[content_types].xml" not in names:
        raise Refused("verkeerd_formaat", "het bestand", "een XLSX-bestand")
    for name in names:
        if not name.endswith(_XML) and not _LEFT_OUT.fullmatch(name):
            raise Refused("ingesloten_bestand", "het werkboek")
    # Texts first: how much a sheet holds is known only with them.
    return sorted(entries, key=lambda entry: entry.filename.lower() != _SHARED)


def _packed_anew(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> tuple[io.BytesIO, tuple[str, ...]]:
    """A copy of the parts that were read, and the texts outside of cells."""
    copy = io.BytesIO()
    shared = SharedTexts()
    parts: dict[str, PartReader] = {}
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for entry in entries:
            name = entry.filename.lower()
            if _LEFT_OUT.fullmatch(name):
                continue
            part = parts[name] = PartReader(name, shared)
            with archive.open(entry) as source, packed.open(entry.filename, "w") as target:
                while piece := source.read(_PIECE):
                    part.feed(piece)
                    target.write(piece)
            part.close()
    _require_all_sheets(parts)
    copy.seek(0)
    texts = [text for part in parts.values() for text in part.texts] + shared.unused()
    return copy, tuple(dict.fromkeys(text for text in map(clean, texts) if text))


def _require_all_sheets(parts: dict[str, PartReader]) -> None:
    """Each sheet of cells in the file is one of the workbook: others would be looked at by nobody."""
    relations = parts.get("xl/_rels/workbook.xml.rels")
    targets = relations.targets if relations else {}
    shown = {targets.get(sheet_id, "") for sheet_id in parts["xl/workbook.xml"].sheet_ids}
    present = {name for name, part in parts.items() if part.is_sheet}
    if not present <= shown:
        raise Refused("zip_onveilig", "de werkbladen")


def _sheets(copy: io.BytesIO) -> tuple[Sheet, ...]:
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    try:
        workbook = CalamineWorkbook.from_filelike(copy)
        found = []
        cells = 0
        for meta in workbook.sheets_metadata:
            if meta.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = workbook.get_sheet_by_name(meta.name)
            cells += sheet.total_height * sheet.total_width
            if cells > MOST_CELLS:
                raise Refused("te_veel_cellen", "de werkbladen")
            is_visible = meta.visible == SheetVisibleEnum.Visible
            found.append(Sheet(meta.name, is_visible, partial(_rows, sheet)))
    except (CalamineError, ValueError, KeyError):
        raise Refused("onleesbaar", "het werkboek", "een XLSX-bestand dat heel is") from None
    except BaseException as error:
        # A panic inside the library is no Exception of Python's; everything else goes on.
        if type(error).__name__ != "PanicException":
            raise
        raise Refused("onleesbaar", "het werkboek", "een XLSX-bestand dat heel is") from None
    return tuple(found)


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(sheet.iter_rows(), start=1):
        yield number, [_text(cell) for cell in row]


def _text(cell: object) -> str:
    """A number with a decimal comma, so that a point is never taken for thousands; a day without its hour as ISO date."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, bool):
        return str(cell).lower()
    return cell_text(cell, ",")
