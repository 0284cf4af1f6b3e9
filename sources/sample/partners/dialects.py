"""How the partners' systems write a table: separators, encodings, titles, footers, workbooks.

Belongs here: rows to bytes, the same bytes each time. Does not belong here: what stands in the rows (the modules of the
lines) and how such files are read (`sources.partners.reading`).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

Cell = str | int | float | date | None
Row = Sequence[Cell]
_NOTED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")


@dataclass(frozen=True)
class Dialect:
    """One way of writing a CSV file.

    Args:
        title: lines above the header.
        footer: the line below the rows, such as ``Bron: …``.
        thousands: what stands between thousands in counts.
        iso_dates: 2025-12-31 instead of 31-12-2025.
        closed: a separator after the last cell of each line.
    """

    delimiter: str = ";"
    encoding: str = "utf-8"
    newline: str = "\r\n"
    title: tuple[str, ...] = ()
    footer: str = ""
    thousands: str = ""
    iso_dates: bool = False
    closed: bool = False


PLAIN = Dialect()
# What Excel writes when somebody saves a sheet as CSV in the Netherlands.
EXCEL = Dialect(encoding="utf-8-sig")
OLD = Dialect(encoding="cp1252", footer="Bron: eigen registratie")
TITLED = Dialect(encoding="cp1252", title=("Maandrapportage (voorbeeldcijfers)", ""), closed=True)
TABBED = Dialect(delimiter="\t", newline="\n", iso_dates=True)
COMMAS = Dialect(delimiter=",", newline="\n", iso_dates=True)
THOUSANDS = Dialect(encoding="utf-8-sig", thousands=".", footer="Bron: eigen registratie")


def text(cell: Cell, dialect: Dialect = PLAIN, decimals: int = 2) -> str:
    """One cell as the dialect writes it: decimal comma, and dates with the day first unless it says otherwise."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return f"{cell:,}".replace(",", dialect.thousands) if dialect.thousands else str(cell)
    if isinstance(cell, float):
        return f"{cell:.{decimals}f}".replace(".", ",")
    if isinstance(cell, date):
        return cell.isoformat() if dialect.iso_dates else f"{cell:%d-%m-%Y}"
    return cell


def csv_file(header: Sequence[str], rows: Sequence[Row], dialect: Dialect = PLAIN) -> bytes:
    """A CSV file; cells with a separator, quote or line break are quoted."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=dialect.delimiter, lineterminator=dialect.newline)
    for line in dialect.title:
        target.write(line + dialect.newline)
    end = ("",) if dialect.closed else ()
    writer.writerow((*header, *end))
    writer.writerows((*(text(cell, dialect) for cell in row), *end) for row in rows)
    if dialect.footer:
        target.write(dialect.footer + dialect.newline)
    return target.getvalue().encode(dialect.encoding)


def workbook(
    sheets: dict[str, Sequence[Row]], *, hidden: Sequence[str] = (), merged: Sequence[str] = (), made: datetime
) -> bytes:
    """An XLSX file with these sheets; `merged` are ranges of the first sheet, `made` is the moment it says it was made.

    openpyxl, which is a tool of development and no part of a run, notes the clock in two places: both are overwritten.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    book.properties.creator = "Voorbeeldpartner"
    for number, (name, rows) in enumerate(sheets.items()):
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in rows:
            sheet.append(list(row))
        for cells in merged if number == 0 else ():
            sheet.merge_cells(cells)
    raw = io.BytesIO()
    book.save(raw)
    return _timeless(raw, made)


def _timeless(raw: io.BytesIO, made: datetime) -> bytes:
    stamp = made.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    target = io.BytesIO()
    with zipfile.ZipFile(raw) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            member = zipfile.ZipInfo(name, made.timetuple()[:6])
            # Left to itself zipfile notes the system that it runs on.
            member.create_system, member.external_attr, member.compress_type = 3, 0o100644 << 16, zipfile.ZIP_DEFLATED
            after.writestr(member, _NOTED.sub(rb"\g<1>" + stamp + rb"\g<2>", before.read(name)))
    return target.getvalue()
