"""From the bytes of a delivery to a table of text, and everything that stands outside of it.

Belongs here: the limits of a file and the building of the table. Does not belong here: how one format is read
(`text_table`, `workbook`, `json_table`), what a cell must hold (`rows`) and whether it may be here at all (`privacy`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sources.contracts import PartnerFeed
from sources.files import HARD_SPACES, INVISIBLE
from sources.partners.header import MOST_TITLE_ROWS, Header, find_header, require_columns
from sources.partners.json_table import json_rows
from sources.partners.parts import MOST_CELLS, MOST_OUTSIDE
from sources.partners.rules import Refused
from sources.partners.text_table import text_rows
from sources.partners.workbook import Sheet, read_workbook

__all__ = ["Grid", "Refused", "read_delivery"]

MOST_BYTES = 200 * 1024**2
MOST_ROWS = 2_000_000
# As many as Excel allows.
MOST_CELL_LENGTH = 32_767
_CHUNK = 50_000
_SPACE = " \t\r\n\v\f"
NumberedRow = tuple[int, Sequence[str]]


@dataclass(frozen=True)
class Grid:
    """A delivery as a table of text.

    `header`: headers as delivered, cleaned, in their order. `table`: string columns ``c0`` to ``cN`` in the order of
    `header`; cells are cleaned of byte order marks, hard spaces and outer spaces, and NULL when nothing is left.
    `row_numbers` (int64): the row of the workbook, the line of the text on which the row begins, or the object in the list,
    all counted from 1. `outside`: every text that is not in the table: title rows, footers, names and cells of other sheets,
    comments, document properties, defined names, surplus fields. `uneven`: numbers of the rows with more fields than the
    header, whose columns can't be trusted.
    """

    header: tuple[str, ...]
    table: pa.Table
    row_numbers: pa.Array
    outside: tuple[str, ...] = ()
    uneven: tuple[int, ...] = ()


def read_delivery(path: Path, feed: PartnerFeed) -> Grid:
    """Read a delivery in the format of its contract.

    Raises:
        Refused: the delivery can't be read, or its columns are not those of the contract.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise Refused("te_groot", "het bestand")
    if size == 0:
        raise Refused("leeg_bestand", "het bestand")
    if feed.format == "xlsx":
        return _from_workbook(path, feed)
    _require_text(path, feed)
    if feed.format == "json":
        return _from_json(path, feed)
    return _from_rows(text_rows(path, feed), feed)


def _require_text(path: Path, feed: PartnerFeed) -> None:
    """Refuse what a partner may have saved under the wrong name: a workbook, a PDF, the web page of a portal."""
    with path.open("rb") as stream:
        beginning = stream.read(512).lstrip(b"\xef\xbb\xbf \r\n\t")
    if not beginning:
        raise Refused("leeg_bestand", "het bestand")
    if beginning.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"<")):
        raise Refused("verkeerd_formaat", "het bestand", f"een {feed.format.upper()}-bestand")


def _from_json(path: Path, feed: PartnerFeed) -> Grid:
    rows = json_rows(path)
    names = [next(rows)[1]]
    return _Builder(_required_header(names, feed), feed).grid(rows, [])


def _from_rows(rows: Iterator[NumberedRow], feed: PartnerFeed, outside: Sequence[str] = ()) -> Grid:
    top = list(islice(rows, MOST_TITLE_ROWS + 1))
    header = _required_header([cells for _, cells in top], feed)
    body = chain(top[header.last + 1 :], rows)
    return _Builder(header, feed).grid(body, [*header.titles, *outside])


def _required_header(top: Sequence[Sequence[str]], feed: PartnerFeed) -> Header:
    header = find_header(top, feed)
    if header is None:
        raise Refused("kopregel_ontbreekt", "het bestand")
    require_columns(header, feed)
    return header


def _from_workbook(path: Path, feed: PartnerFeed) -> Grid:
    workbook = read_workbook(path)
    sheet = _sheet_of(workbook.sheets, feed)
    outside = list(workbook.outside)
    for other in workbook.sheets:
        if other is sheet:
            continue
        for _, cells in other.rows():
            outside += [text for text in (cell.strip() for cell in cells) if text]
            if len(outside) > MOST_OUTSIDE:
                raise Refused("te_veel_buiten_tabel", "de andere werkbladen")
    return _from_rows(sheet.rows(), feed, outside)


def _sheet_of(sheets: Sequence[Sheet], feed: PartnerFeed) -> Sheet:
    """The sheet that the contract names, or the only visible one with its header."""
    if feed.sheet is not None:
        named = [sheet for sheet in sheets if sheet.name.strip().casefold() == feed.sheet.strip().casefold()]
        if len(named) != 1:
            raise Refused("werkblad_ontbreekt", "het werkboek", f"een werkblad met de naam {feed.sheet}")
        return named[0]
    visible = [sheet for sheet in sheets if sheet.is_visible]
    fitting = [sheet for sheet in visible if find_header(_top(sheet), feed)]
    if len(fitting) > 1:
        raise Refused("werkblad_dubbel", "het werkboek")
    if not fitting:
        raise Refused("kopregel_ontbreekt", "de zichtbare werkbladen")
    return fitting[0]


def _top(sheet: Sheet) -> list[Sequence[str]]:
    return [cells for _, cells in islice(sheet.rows(), MOST_TITLE_ROWS + 1)]


class _Builder:
    """Builds the table piece by piece, so that a million rows never stand in memory as objects of Python."""

    def __init__(self, header: Header, feed: PartnerFeed) -> None:
        self._header, self._feed = header, feed
        self._schema = pa.schema([(f"c{at}", pa.string()) for at in range(len(header.places))])
        self._uneven: list[int] = []
        self._outside: list[str] = []

    def grid(self, rows: Iterator[NumberedRow], outside: Sequence[str]) -> Grid:
        self._outside += outside
        pieces: list[pa.RecordBatch] = []
        numbers: list[pa.Array] = []
        seen = 0
        while chunk := list(islice(rows, _CHUNK)):
            seen += len(chunk)
            if seen > MOST_ROWS or seen * len(self._header.places) > MOST_CELLS:
                raise Refused("te_veel_rijen" if seen > MOST_ROWS else "te_veel_cellen", "het bestand")
            piece, number = self._piece(chunk)
            pieces.append(piece)
            numbers.append(number)
        table = pa.Table.from_batches(pieces, self._schema)
        if table.num_rows == 0:
            raise Refused("geen_rijen", "het bestand")
        return Grid(
            self._header.labels, table, pa.concat_arrays(numbers), tuple(self._outside), tuple(sorted(self._uneven))
        )

    def _piece(self, chunk: Sequence[NumberedRow]) -> tuple[pa.RecordBatch, pa.Array]:
        rows = [self._fitted(number, cells) for number, cells in chunk]
        fields = list(zip(*rows, strict=True))
        self._require_no_other(fields, chunk)
        columns = [self._column(fields[place], label) for place, label in self._places()]
        batch = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        numbers = pa.array([number for number, _ in chunk], pa.int64())
        keep = self._rows_of_table(batch)
        return batch.filter(keep), numbers.filter(keep)

    def _places(self) -> Iterator[tuple[int, str]]:
        return zip(self._header.places, self._header.labels, strict=True)

    def _fitted(self, number: int, cells: Sequence[str]) -> Sequence[str]:
        """A row as wide as the header. Programs leave out empty fields at the end; what is left over goes outside."""
        width = self._header.width
        if len(cells) == width:
            return cells
        if len(cells) < width:
            return [*cells, *[""] * (width - len(cells))]
        surplus = [text for text in map(str.strip, cells[width:]) if text]
        if surplus:
            self._uneven.append(number)
            self._outside += surplus
            if len(self._outside) > MOST_OUTSIDE:
                raise Refused("te_veel_buiten_tabel", "het bestand")
        return cells[:width]

    def _require_no_other(self, fields: Sequence[Sequence[str]], chunk: Sequence[NumberedRow]) -> None:
        for place in set(range(self._header.width)) - set(self._header.places):
            filled = next(
                (number for (number, _), text in zip(chunk, fields[place], strict=True) if text.strip()), None
            )
            if filled is not None:
                raise Refused("onbekende_kolom", f"kolom {place + 1}, rij {filled}")

    def _column(self, texts: Sequence[str], label: str) -> pa.Array:
        try:
            column = pa.array(texts, pa.string())
        except UnicodeEncodeError:
            raise Refused("geen_tekst", f"kolom {label}") from None
        if (pc.max(pc.utf8_length(column)).as_py() or 0) > MOST_CELL_LENGTH:
            raise Refused("te_lange_cel", f"kolom {label}")
        return _cleaned(column)

    def _rows_of_table(self, batch: pa.RecordBatch) -> pa.Array:
        """True for rows that hold something and are no footer; a footer goes outside."""
        first, *others = batch.columns
        is_alone = pa.array([True] * batch.num_rows)
        for column in others:
            is_alone = pc.and_(is_alone, pc.is_null(column))
        is_footer = pc.and_(is_alone, pc.fill_null(pc.starts_with(first, "bron", ignore_case=True), False))
        self._outside += first.filter(is_footer).to_pylist()
        return pc.invert(pc.and_(is_alone, pc.or_(pc.is_null(first), is_footer)))


def _cleaned(column: pa.Array) -> pa.Array:
    """As `sources.files.clean`, for a column at once; what is empty then becomes NULL."""
    if not (pc.all(pc.string_is_ascii(column)).as_py() or False):
        column = pc.replace_substring_regex(column, INVISIBLE, "")
        column = pc.replace_substring_regex(column, HARD_SPACES, " ")
    column = pc.utf8_trim(column, _SPACE)
    return pc.if_else(pc.equal(column, ""), None, column)
