"""What files from outside have in common: encodings, delimiters, ZIPs that may lie, cells as text.

Belongs here: the reading of bytes that nobody has looked at yet, shared by published files (`sources.protocols.download`)
and partners' deliveries (`sources.partners`). Does not belong here: which column is what, and how a problem is reported.
"""

from __future__ import annotations

import codecs
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import PurePosixPath

# A ZIP may unpack to this many bytes and to this multiple of its own size: real ones stay far below both.
MOST_UNPACKED = 2 * 1024**3
MOST_RATIO = 200
DELIMITERS = ";,\t|"
# What zipfile and the decompressors below it raise on damaged bytes.
CORRUPT = (
    zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, EOFError, OSError, ValueError, IndexError, OverflowError, struct.error,
    zlib.error, lzma.LZMAError,
)  # fmt: skip
# UTF-8 with or without BOM when it is that, else what Windows writes: some deliver both, from file to file.
ENCODINGS = ("utf-8-sig", "cp1252")
# Signs without width, and spaces that break nothing: they come along from web pages and word processors.
INVISIBLE = "[\u00ad\u200b\u200c\u200d\u2060\ufeff]"
HARD_SPACES = "[\u00a0\u2007\u202f]"


class UnsafeArchive(Exception):
    """A ZIP that must not be unpacked: `what` is wrong, and what was `expected`."""

    def __init__(self, what: str, expected: str) -> None:
        self.what, self.expected = what, expected
        super().__init__(f"{what}; expected {expected}")


def safe_entries(archive: zipfile.ZipFile, most_unpacked: int = MOST_UNPACKED) -> list[zipfile.ZipInfo]:
    """The files of an archive, by its own directory.

    Raises:
        UnsafeArchive: a name climbs out of it, a link, or more bytes than `most_unpacked` or `MOST_RATIO` allow.
    """
    # Not `is_dir`, which fails on a part without a name.
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    for entry in entries:
        if not entry.filename:
            raise UnsafeArchive("the ZIP holds a part without a name", "a name for each part")
        parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
        climbs = (
            ".." in parts or entry.filename.startswith(("/", "\\")) or bool(re.match(r"^[A-Za-z]:", entry.filename))
        )
        if climbs or stat.S_ISLNK(entry.external_attr >> 16):
            raise UnsafeArchive(f"the ZIP holds a path that climbs out of it: {entry.filename[:80]!r}", "plain names")
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if unpacked > most_unpacked or unpacked / packed > MOST_RATIO:
        raise UnsafeArchive(
            f"the ZIP unpacks from {packed:,} to {unpacked:,} bytes", f"at most {MOST_RATIO} times its size"
        )
    return entries


def find_encoding(read: Callable[[], Iterable[bytes]], encodings: Sequence[str] = ENCODINGS) -> str | None:
    """The first encoding that all bytes fit, None when none does; `read` gives the bytes in pieces, from the start."""
    for encoding in encodings:
        try:
            decoder = codecs.getincrementaldecoder(encoding)()
            for piece in read():
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except (UnicodeDecodeError, LookupError):
            continue
        return encoding
    return None


def clean(text: str) -> str:
    """Text without byte order marks and signs without width, with plain spaces, and none around it."""
    if not text.isascii():
        text = re.sub(HARD_SPACES, " ", re.sub(INVISIBLE, "", text))
    return text.strip()


def is_footer(cells: Sequence[str]) -> bool:
    """Whether a row is the line «Bron: …» below a table."""
    return cells[0].casefold().startswith("bron") and not any(cells[1:])


def cell_text(cell: object, decimal: str) -> str:
    """A cell of a workbook as text, a float with the given decimal sign and without an exponent."""
    if not isinstance(cell, float):
        return str(cell)
    text = str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    return text.replace(".", decimal)
