"""Text with delimiters as rows: encoding and delimiter found, quoted line breaks kept.

Belongs here: CSV. Does not belong here: which row is the header (`header`) and which columns there must be.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TextIO

from sources.contracts import PartnerFeed
from sources.files import DELIMITERS, ENCODINGS, find_encoding
from sources.partners.header import MOST_TITLE_ROWS, find_header
from sources.partners.rules import Refused

_PIECE = 1 << 20
_BEGINNING = 1 << 18
# Signs that no text holds; a binary file that happens to fit an encoding does.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def text_rows(path: Path, feed: PartnerFeed) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of the line on which they begin.

    Raises:
        Refused: the bytes are no text, or quotes don't fit.
    """
    encoding = _encoding(path)
    delimiter = _delimiter(path, encoding, feed)
    with path.open(encoding=encoding, newline="") as stream:
        yield from _rows(stream, delimiter)


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        beginning = stream.read(2)
    encodings = ["utf-16"] if beginning in _UTF16 else ENCODINGS
    encoding = find_encoding(lambda: _pieces(path), encodings)
    if encoding is None:
        raise Refused("geen_tekst", "het bestand")
    return encoding


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _delimiter(path: Path, encoding: str, feed: PartnerFeed) -> str:
    """The one with which a header of the contract is found best."""
    with path.open(encoding=encoding, newline="") as stream:
        beginning = stream.read(_BEGINNING)

    def fit(delimiter: str) -> int:
        rows: list[list[str]] = []
        lines = io.StringIO(beginning, newline="")
        # What is wrong with the file comes out when all of it is read; the rows before may hold the header.
        with suppress(csv.Error):
            rows.extend(islice(csv.reader(lines, delimiter=delimiter), MOST_TITLE_ROWS))
        header = find_header(rows, feed)
        return header.score if header else -1

    return max(DELIMITERS, key=fit)


def _rows(stream: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_checked(stream), delimiter=delimiter, strict=True)
    line = 0
    try:
        for row in reader:
            yield line + 1, row
            line = reader.line_num
    except csv.Error as error:
        rule = "te_lange_cel" if "field limit" in str(error) else "aanhalingstekens"
        raise Refused(rule, f"rij {line + 1}") from None


def _checked(stream: TextIO) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        if _CONTROL.search(line):
            raise Refused("geen_tekst", f"rij {number}")
        yield line
