"""Deliveries gone wrong: a good one, changed by chance in the ways in which files break, are botched or are made to do harm.

Belongs here: the changes. All chance comes from the generator that is passed in, so a number gives the same delivery again.
Does not belong here: what must become of such a delivery (`tests.faults.test_mutated_deliveries`).
"""

from __future__ import annotations

import io
import json
import random
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

Change = Callable[[bytes, random.Random], bytes]

# Cells that are no figure, would run in a spreadsheet, name a path, or stand for a number that none can hold.
ODD_CELLS = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "=HYPERLINK(\"http://x.example\")", "../../../etc/passwd",
    "..\\..\\evil", "C:\\Windows\\x", "file:///etc/passwd", "/dev/null", "NaN", "inf", "-inf", "1e999", "1e-999", "-5",
    "9" * 400, "0x1F", "1.234", "1,234.5", "1.234,5", "--", "½", "٣", "１２", "31-02-2025", "00-00-0000", "2025-13-45",
    "29-02-2023", "9999-12-31", "WK099999", "BU", "WK0917", "NULL", "null", "None", "#REF!", "#DIV/0!", "TRUE", "\u202e123",
    "a|b", "total", "'; DROP TABLE x; --", "$(rm -rf x)", "{{7*7}}", "<script>alert(1)</script>", "%s%n%x", "\ufffd", "\u0000",
    "e\u0301" * 50, "🙂", "x" * 40_000, "Bron: niemand", "123456782", "jan@example.nl",
]  # fmt: skip
FILE_NAMES = [
    "..%2f..%2fetc%2fpasswd", "..", "-rf", "=cmd.csv", "con.csv", "a\nb.csv", "ok.csv\u202evsc.exe", "🙂.xlsx", "x" * 240 + ".csv",
    "Jan Jansen.csv", "123456782.csv", "%s%s%n.csv", "'; DROP TABLE.csv", "<b>.csv", "levering.csv.exe", " .csv", "$(touch x).csv",
]  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A changed delivery, and the names of the changes that were made."""

    content: bytes
    changes: tuple[str, ...]


def mutate(content: bytes, form: str, chance: random.Random) -> Mutant:
    """One to three changes that fit the form: ``csv``, ``xlsx`` or ``json``."""
    known = {change.__name__: change for change in (*_BYTES, *_FORMS[form])}
    # A flipped byte breaks a workbook or a list as a whole; what harms in silence is a change of what is in it.
    pool = [change.__name__ for change in (_BYTES if chance.random() < _SHARE_OF_BYTES[form] else _FORMS[form])]
    names = chance.choices(pool, k=chance.choice((1, 1, 1, 2, 3)))
    if form == "csv" and chance.random() < 0.8:
        content = _shortened(content)
    for name in names:
        content = known[name](content, chance)
    return Mutant(content, tuple(names))


# -- bytes --------------------------------------------------------------------------------------------------------------


def flip_bytes(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 3, 20))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def cut_out(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    return content[:start] + content[start + chance.randrange(1, 200) :]


def insert_bytes(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    piece = chance.choice(
        (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"\r", b"\n", b";", b"PK\x03\x04", chance.randbytes(16))
    )
    return content[:at] + piece + content[at:]


def repeat_a_part(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    part = content[start : start + chance.randrange(1, 400)]
    return content[:start] + part * chance.choice((2, 3, 40)) + content[start + len(part) :]


_BYTES: list[Change] = [flip_bytes, truncate, cut_out, insert_bytes, repeat_a_part]


# -- text with delimiters -----------------------------------------------------------------------------------------------


def _rows(content: bytes) -> tuple[list[list[str]], str]:
    """Rows and their delimiter; lines that are quoted are cut, which is one more way to break them."""
    text = content.decode("utf-8", "replace")
    delimiter = max(";,\t|", key=text.count)
    return [line.split(delimiter) for line in text.splitlines()] or [[""]], delimiter


def _joined(rows: list[list[str]], delimiter: str, ending: str = "\r\n") -> bytes:
    return (ending.join(delimiter.join(row) for row in rows) + ending).encode("utf-8", "replace")


def _shortened(content: bytes) -> bytes:
    """Its first and last lines: what goes wrong seldom needs many rows, and ten thousand deliveries take their time."""
    lines = content.splitlines(keepends=True)
    return b"".join([*lines[:10], *lines[-2:]]) if len(lines) > 12 else content


def encode_anew(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8-sig", "replace")
    name = chance.choice(
        ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp1252", "cp437", "utf-8-sig", "ascii", "cp037")
    )
    return text.encode(name, "replace")


def other_line_ends(content: bytes, chance: random.Random) -> bytes:
    ends = ("\r", "\n", "\r\r\n", "\u2028", "\x85", "\x0b", "")
    return chance.choice(ends).join(content.decode("utf-8", "replace").splitlines()).encode()


def other_delimiter(content: bytes, chance: random.Random) -> bytes:
    rows, _ = _rows(content)
    return _joined(rows, chance.choice((";", ",", "\t", "|", ":", " ", ";;")))


def drop_column(content: bytes, chance: random.Random) -> bytes:
    rows, delimiter = _rows(content)
    at = chance.randrange(max(map(len, rows)))
    return _joined([row[:at] + row[at + 1 :] for row in rows], delimiter)


def double_column(content: bytes, chance: random.Random) -> bytes:
    rows, delimiter = _rows(content)
    at = chance.randrange(max(map(len, rows)))
    return _joined([row[:at] + row[at : at + 1] * chance.choice((2, 2, 30)) + row[at + 1 :] for row in rows], delimiter)


def swap_columns(content: bytes, chance: random.Random) -> bytes:
    """In all rows, or in the header alone, so that each column holds what the other should."""
    rows, delimiter = _rows(content)
    width = max(map(len, rows))
    one, other = chance.randrange(width), chance.randrange(width)
    for row in rows[: chance.choice((1, len(rows)))]:
        if max(one, other) < len(row):
            row[one], row[other] = row[other], row[one]
    return _joined(rows, delimiter)


def shift_rows(content: bytes, chance: random.Random) -> bytes:
    """Some rows lose or gain a field."""
    rows, delimiter = _rows(content)
    for row in chance.sample(rows, max(1, len(rows) // 4)):
        if chance.random() < 0.5 and row:
            row.pop(chance.randrange(len(row)))
        else:
            row.insert(chance.randrange(len(row) + 1), chance.choice(["", "7", "x"]))
    return _joined(rows, delimiter)


def odd_cells(content: bytes, chance: random.Random) -> bytes:
    rows, delimiter = _rows(content)
    for _ in range(chance.choice((1, 2, 8))):
        row = chance.choice(rows)
        if row:
            row[chance.randrange(len(row))] = chance.choice(ODD_CELLS)
    return _joined(rows, delimiter)


def odd_rows(content: bytes, chance: random.Random) -> bytes:
    """Rows once more, in another order, empty, the header in the middle, a remark, a footer."""
    rows, delimiter = _rows(content)
    extra = [
        rows[0],
        chance.choice(rows),
        [],
        ["Bron: niemand"],
        ["zie toelichting"],
        [""] * len(rows[0]),
        ["Totaal", "999"],
    ]
    for row in chance.choices(extra, k=4):
        rows.insert(chance.randrange(len(rows) + 1), list(row))
    if chance.random() < 0.2:
        chance.shuffle(rows)
    return _joined(rows, delimiter)


def huge_field(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    piece = chance.choice((b"9", b"x", b" ", b"a b ", b"1;", "é".encode(), b"0612345678 ", b"1.", b"van de "))
    return content[:at] + piece * chance.choice((2_000, 40_000)) + content[at:]


def many_rows(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    return content + b"".join(lines[1:]) * chance.choice((2, 5, 200 if chance.random() < 0.05 else 10))


def broken_quotes(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    at = chance.randrange(len(text) + 1)
    return (text[:at] + chance.choice(('"', '""', '";"', '"\n', '\\"', "'")) + text[at:]).encode()


_CSV: list[Change] = [
    encode_anew, other_line_ends, other_delimiter, drop_column, double_column, swap_columns, shift_rows, odd_cells, odd_cells,
    odd_rows, huge_field, many_rows, broken_quotes,
]  # fmt: skip


# -- workbooks ----------------------------------------------------------------------------------------------------------

_Parts = list[tuple[str, bytes]]


def _parts(content: bytes) -> _Parts | None:
    """The parts of a workbook; None when an earlier change broke it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    except Exception:  # noqa: BLE001 - whatever a broken ZIP raises, it is broken enough already
        return None


def _packed(parts: _Parts) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        # Names that stand twice are meant to.
        warnings.simplefilter("ignore")
        for name, part in parts:
            archive.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _with_parts(change: Callable[[_Parts, random.Random], None]) -> Change:
    def changed(content: bytes, chance: random.Random) -> bytes:
        parts = _parts(content)
        if not parts:
            return content
        change(parts, chance)
        return _packed(parts)

    changed.__name__ = change.__name__
    return changed


def flip_in_part(parts: _Parts, chance: random.Random) -> None:
    at = chance.randrange(len(parts))
    parts[at] = (parts[at][0], flip_bytes(parts[at][1], chance))


def drop_part(parts: _Parts, chance: random.Random) -> None:
    parts.pop(chance.randrange(len(parts)))


def add_part(parts: _Parts, chance: random.Random) -> None:
    """A part that climbs out, stands twice, is a program, another archive or a bomb."""
    bomb = b"\x00" * chance.choice((1 << 16, 1 << 22))
    parts.append(
        chance.choice(
            [
                ("../../evil.xml", b"<x/>"), ("/etc/cron.d/evil", b"<x/>"), ("C:\\evil.xml", b"<x/>"), parts[0], parts[-1],
                ("xl/vbaProject.bin", chance.randbytes(64)), ("xl/media/image1.png", b"\x89PNG"), ("bomb.xml", bomb),
                ("nested.zip", _packed([("bomb.xml", bomb)])), ("xl/embeddings/a.xlsx", _packed([("a", b"b")])),
                ("xl/worksheets/sheet99.xml", b"<worksheet><sheetData/></worksheet>"), ("a" * 300, b"<x/>"), ("", b"<x/>"),
            ]
        )
    )  # fmt: skip


def harmful_xml(parts: _Parts, chance: random.Random) -> None:
    """Entities that grow, entities that fetch, elements in elements, a cell in the last corner, texts that are not there."""
    at = chance.randrange(len(parts))
    name, part = parts[at]
    laughs = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    harmful = chance.choice(
        [
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">' + laughs + b"]><x>&a9;</x>",
            b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>',
            b"<a>" * 100_000,
            part.replace(b'r="A2"', b'r="XFD1048576"', 1),
            part.replace(b"<v>", b"<v>999999999", 3),
            part.replace(b't="s"', b't="e"', 2),
            part.replace(b"<sheetData>", b"<sheetData><row r='1048577'><c r='ZZZZ1'><v>1</v></c></row>"),
            part.replace(b"UTF-8", chance.choice((b"UTF-16", b"EBCDIC", b"x-user-defined")), 1),
        ]
    )
    parts[at] = (name, harmful)


def odd_values(parts: _Parts, chance: random.Random) -> None:
    """Other texts and numbers in the cells."""
    for at, (name, part) in enumerate(parts):
        if "sharedStrings" in name or "/worksheets/" in name:
            pieces = part.split(b">")
            for _ in range(chance.choice((1, 3, 10))):
                place = chance.randrange(len(pieces))
                text, tag, rest = pieces[place].partition(b"<")
                if text and tag:
                    odd = chance.choice(ODD_CELLS).replace("&", "").replace("<", "").replace("\u0000", "")
                    pieces[place] = odd.encode() + tag + rest
            parts[at] = (name, b">".join(pieces))


def many_sheets(parts: _Parts, chance: random.Random) -> None:
    sheets = [(name, part) for name, part in parts if "/worksheets/" in name and name.endswith(".xml")]
    if sheets:
        name, part = chance.choice(sheets)
        parts += [(name.replace(".xml", f"_{number}.xml"), part) for number in range(chance.choice((1, 30)))]


def lie_about_sizes(content: bytes, chance: random.Random) -> bytes:
    """Numbers of the archive's directory that are not true: sizes, offsets, counts, flags, methods."""
    changed = bytearray(content)
    for _ in range(3):
        start = changed.find(b"PK\x01\x02", chance.randrange(max(1, len(changed))))
        if start >= 0 and start + 46 < len(changed):
            at = start + chance.choice((8, 10, 20, 24, 28, 38, 42))
            changed[at : at + 4] = chance.choice(
                (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f", chance.randbytes(4))
            )
    return bytes(changed)


_XLSX: list[Change] = [
    *map(_with_parts, (flip_in_part, drop_part, add_part, harmful_xml, odd_values, odd_values, odd_values, many_sheets)),
    lie_about_sizes,
]  # fmt: skip


# -- lists of objects ---------------------------------------------------------------------------------------------------


def _with_objects(change: Callable[[list[dict[str, object]], random.Random], None]) -> Change:
    def changed(content: bytes, chance: random.Random) -> bytes:
        try:
            objects = json.loads(content)
            change(objects, chance)
        except (ValueError, TypeError, AttributeError, IndexError):
            return content
        return json.dumps(objects, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")

    changed.__name__ = change.__name__
    return changed


def odd_objects(objects: list[dict[str, object]], chance: random.Random) -> None:
    odd = [*ODD_CELLS, None, True, 3.5, -0.0, 10**40, [1], {"a": 1}, [], "\ud800"]
    for _ in range(chance.choice((1, 3, 8))):
        item = chance.choice(objects)
        item[chance.choice(list(item))] = chance.choice(odd)


def other_names(objects: list[dict[str, object]], chance: random.Random) -> None:
    for item in chance.choice((objects, objects[:1])):
        name = chance.choice(list(item))
        item[chance.choice(("", "naam", name.upper(), "x" * 5000, "\u0000"))] = item.pop(name)


def fewer_or_more(objects: list[dict[str, object]], chance: random.Random) -> None:
    """Copies, and things that are no objects."""
    copies = [dict(item) for item in objects]
    objects[:] = chance.choice(([], copies[:1], copies * 5, [*copies, {}], [copies], [*copies, None]))  # type: ignore[list-item]


def not_json(content: bytes, chance: random.Random) -> bytes:
    return chance.choice(
        (
            b"[" * 100_000, b'{"a":' * 50_000, b"[1e999]", b"[NaN]", b'[{"a":1,"a":2}]', content + b"]", b"\xef\xbb\xbf" + content,
            content.replace(b":", b": 1", 1), b'[{"a":' + b"9" * 10_000 + b"}]", b"null", b'"x"', b"[{}]", b"[[]]",
            content.replace(b'"', b"'"), content.decode("utf-8", "replace").encode("utf-16"),
        )
    )  # fmt: skip


_JSON: list[Change] = [*map(_with_objects, (odd_objects, odd_objects, other_names, fewer_or_more)), not_json]
_SHARE_OF_BYTES = {"csv": 0.3, "xlsx": 0.15, "json": 0.3}
_FORMS = {"csv": _CSV, "xlsx": _XLSX, "json": _JSON}
