"""The parts of a workbook, read as XML under limits: how much they hold, and what they say outside of cells.

Belongs here: XML without entities, the extent of a sheet before anything is made of it, texts of comments, properties, names,
links, caches and formulas. Does not belong here: the values of cells (`workbook`).
"""

from __future__ import annotations

import re
from xml.parsers import expat

from sources.partners.rules import Refused

# Sheets are read as full rectangles; one cell in the last corner of an empty sheet would ask for hundreds of GB.
MOST_CELLS = 12_000_000
MOST_SHEET_COLUMNS = 1000
# As many as Excel knows. The library that reads cells takes a larger number for another one, and room for what lies between.
_MOST_ROW = 1_048_576
# One long text may be repeated in a million cells; so much is read at most.
MOST_TEXT = 200_000_000
MOST_OUTSIDE = 200_000
# Attributes that hold words of people; `name` and `v` only of these elements.
_TELLING = {
    "displayName", "userId", "userName", "user", "display", "tooltip", "prompt", "promptTitle", "error", "errorTitle", "descr",
    "title", "comment",
}  # fmt: skip
_NAMED = {"definedName", "sheet", "customWorkbookView", "cNvPr"}
_CACHED = {"s", "n", "d"}
# Parts of styles, and elements of properties that no person writes: times, versions, counts.
_STYLES = re.compile(r"xl/(styles\.xml|theme/.*)")
_TECHNICAL = {
    "created", "modified", "lastPrinted", "revision", "version", "Application", "AppVersion", "TotalTime", "DocSecurity",
    "ScaleCrop", "LinksUpToDate", "SharedDoc", "HyperlinksChanged", "i4",
}  # fmt: skip
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ROW_NUMBER = re.compile(r"[1-9][0-9]{0,6}")
_LITERAL = re.compile(r'"((?:[^"]|"")*)"')


class SharedTexts:
    """The texts that cells refer to by number; those that none refers to are what somebody deleted from a sheet."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._used: set[int] = set()
        self._size = 0

    def add(self, text: str) -> None:
        self._texts.append(text)

    def use(self, number: int) -> None:
        """A cell refers to a text; a number that stands for none gives an empty cell.

        Raises:
            Refused: all cells together repeat more text than any delivery holds.
        """
        self._used.add(number)
        self._size += len(self._texts[number]) if 0 <= number < len(self._texts) else 0
        if self._size > MOST_TEXT:
            raise Refused("te_veel_cellen", "de werkbladen")

    def unused(self) -> list[str]:
        return [text for number, text in enumerate(self._texts) if number not in self._used]


class PartReader:
    """Reads one part piece by piece.

    `texts` are those outside of cells. `sheet_ids` are the relations that sheets of the workbook go by, and `targets` the
    names of the parts that relations point to. `is_sheet`: it holds cells, wherever it lies.

    Raises:
        Refused: no well-formed XML, a document type (entities), or more cells and text than any delivery has.
    """

    def __init__(self, name: str, shared: SharedTexts) -> None:
        self.texts: list[str] = []
        self.sheet_ids: list[str] = []
        self.targets: dict[str, str] = {}
        self._shared = shared
        self.is_sheet = False
        self._is_shared = name == "xl/sharedstrings.xml"
        self._is_style = bool(_STYLES.fullmatch(name))
        self._row = self._column = 0
        self._first: tuple[int, int] | None = None
        self._last = (0, 0)
        self._cell_type: str | None = None
        self._in_cell = False
        self._path: list[str] = []
        self._words: list[str] = []
        self._shared_words: list[str] = []
        self._literals: set[str] = set()
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, piece: bytes) -> None:
        try:
            self._parser.Parse(piece, False)
        except expat.ExpatError:
            raise self._damaged() from None

    def close(self) -> None:
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError:
            raise self._damaged() from None
        self.texts += sorted(self._literals)

    def _damaged(self) -> Refused:
        return Refused("onleesbaar", "het werkboek", "een XLSX-bestand dat heel is")

    def _doctype(self, *_: object) -> None:
        raise Refused("zip_onveilig", "het werkboek", "een werkboek zonder documenttype en entiteiten")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._flush()
        self._path.append(name)
        if name == "sheetData":
            self.is_sheet = True
        if name == "row" and self.is_sheet:
            self._place_row(attributes.get("r"))
        elif name == "c" and self.is_sheet:
            self._in_cell = True
            self._cell_type = attributes.get("t")
            self._place(attributes.get("r"))
        elif name in ("v", "is") and self._in_cell:
            self._extend()
        elif not self._is_style:
            self._tell(name, attributes)

    def _end(self, tag: str) -> None:
        name = self._path.pop()
        words = "".join(self._words)
        self._words = []
        if name == "c" and self._in_cell:
            self._in_cell = False
        elif self._in_cell:
            self._cell(name, words)
        elif self._is_shared:
            self._shared_text(name, words)
        elif words and not self._is_style and name not in _TECHNICAL:
            self._keep(words)

    def _flush(self) -> None:
        """Keep words that stand before a child of their element, where tables have none."""
        words, self._words = "".join(self._words), []
        if words.strip() and not self._is_style:
            self._keep(words)

    def _characters(self, text: str) -> None:
        self._words.append(text)

    # -- cells ----------------------------------------------------------------------------------------------------

    def _place_row(self, number: str | None) -> None:
        if number is not None and not _ROW_NUMBER.fullmatch(number):
            raise self._damaged()
        self._row = self._row + 1 if number is None else int(number)
        self._column = 0

    def _place(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
            return
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise self._damaged()
        self._column = 0
        for letter in match[1]:
            self._column = self._column * 26 + ord(letter) - 64
        self._row = int(match[2])

    def _extend(self) -> None:
        """Count a cell that holds something; cells with nothing but a colour take no room."""
        row, column = self._row, self._column
        if row > _MOST_ROW:
            raise self._damaged()
        if column > MOST_SHEET_COLUMNS:
            raise Refused("te_veel_kolommen", "een werkblad")
        top, left = self._first or (row, column)
        self._first = (min(top, row), min(left, column))
        self._last = (max(self._last[0], row), max(self._last[1], column))
        # From the first row of the sheet on: that is how it is read.
        if (self._last[0] + 1) * (self._last[1] + 1) > MOST_CELLS:
            raise Refused("te_veel_cellen", "een werkblad")

    def _cell(self, name: str, words: str) -> None:
        if name == "v" and self._cell_type == "s":
            self._shared.use(_number(words, -1))
        elif name == "f" and '"' in words:
            self._literals.update(_LITERAL.findall(words))
            self._limit()

    def _shared_text(self, name: str, words: str) -> None:
        if name == "t":
            if "rPh" in self._path:
                self._keep(words)
            else:
                self._shared_words.append(words)
        elif name == "si":
            self._shared.add("".join(self._shared_words))
            self._shared_words = []

    # -- texts outside of cells -------------------------------------------------------------------------------------

    def _tell(self, name: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            key = key.rpartition(":")[2]
            if key in _TELLING or (key == "name" and name in _NAMED) or (key == "v" and name in _CACHED):
                self._keep(value)
        if name == "sheet":
            self.sheet_ids += [value for key, value in attributes.items() if key.rpartition(":")[2] == "id"]
        if name == "Relationship":
            self.targets[attributes.get("Id", "")] = _part_of_book(attributes.get("Target", ""))
            if attributes.get("TargetMode") == "External":
                self._keep(attributes.get("Target", ""))

    def _keep(self, text: str) -> None:
        self.texts.append(text)
        self._limit()

    def _limit(self) -> None:
        if len(self.texts) + len(self._literals) > MOST_OUTSIDE:
            raise Refused("te_veel_buiten_tabel", "het werkboek")


def _part_of_book(target: str) -> str:
    """The name of the part that a relation of the workbook points to, as the library that reads cells finds it."""
    if target.startswith(("/xl/", "xl/")):
        return target.removeprefix("/").lower()
    return f"xl/{target}".lower()


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.strip().isdigit() and len(text) < 12 else otherwise
