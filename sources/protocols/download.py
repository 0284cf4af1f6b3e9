"""Files behind a URL: CSV, XLSX, or a ZIP that holds CSV files.

Belongs here: change detection by response headers, unpacking without trusting names or sizes, detection of encoding
and delimiter, and the reading of cells as text. Does not belong here: which column is what (`rows`) and what a cell must
hold (`sources.loading`).
"""

from __future__ import annotations

import csv
import fnmatch
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import duckdb

from sources.environment import Scope
from sources.errors import FeedProblem
from sources.feed import Table
from sources.files import (
    CORRUPT,
    DELIMITERS,
    ENCODINGS,
    UnsafeArchive,
    cell_text,
    clean,
    find_encoding,
    is_footer,
    safe_entries,
)
from sources.http import PublisherSession
from sources.landing import Landing, Snapshot, landed_file
from sources.protocols.cells import create_cells
from sources.protocols.rows import RowSet, append_rows
from sources.registry import DownloadFeed, FileRegion

_HEADER_CHARACTERS = 1 << 18
Rows = list[list[str]]


class Download:
    """The protocol, bound to one feed and one scope."""

    def __init__(self, feed: DownloadFeed, scope: Scope) -> None:
        self._feed = feed
        self._prefixes = scope.prefixes("NL00")

    def tables(self, session: PublisherSession) -> list[Table]:
        """The files of the feed file; this interface has no catalogue to search."""
        return list(self._feed.tables)

    def version(self, session: PublisherSession, table: Table) -> str:
        headers = session.head(self.url(table))
        return headers.get("ETag") or headers.get("Last-Modified") or ""

    def fetch(self, session: PublisherSession, table: Table, version: str, landing: Landing) -> Snapshot:
        folder = landing.open_folder()
        try:
            name = "delivery" + PurePosixPath(table.id).suffix.lower()
            received = session.download(self.url(table), folder / name)
            self._refuse_web_page(folder / name, table)
            seen = received.etag or received.last_modified or version
            return landing.close(
                folder,
                self._feed,
                table,
                title=f"{self._feed.title}: {table.id}",
                source_url=self.url(table),
                version=seen or f"sha256:{received.sha256}",
                files=[landed_file("data", received)],
            )
        except BaseException:
            landing.discard(folder)
            raise

    def url(self, table: Table) -> str:
        return self._feed.url.format(table=table.id)

    def read_cells(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, landing: Landing) -> None:
        create_cells(connection, self._feed)
        path = landing.folder(snapshot) / snapshot.files[0].name
        if self._feed.format == "zip":
            for region, name, content in self._members(path, snapshot.table):
                self._append(connection, snapshot.table, region, name, self._csv_rows(content, name))
        elif self._feed.region is not None:
            rows = (
                self._xlsx_rows(path)
                if self._feed.format == "xlsx"
                else self._csv_rows(path.read_bytes(), snapshot.table.id)
            )
            self._append(connection, snapshot.table, self._feed.region, snapshot.table.id, rows)

    # -- containers ---------------------------------------------------------------------------------------------

    def _refuse_web_page(self, path: Path, table: Table) -> None:
        with path.open("rb") as stream:
            beginning = stream.read(512).lstrip(b"\xef\xbb\xbf \r\n\t")
        if not beginning:
            raise self._problem("the file is empty", self.url(table), f"a {self._feed.format} file")
        if beginning[:1] == b"<":
            text = " ".join(beginning[:120].decode("utf-8", "replace").split())
            raise self._problem(
                f"a web page or XML in place of the file: «{text}»", self.url(table), f"a {self._feed.format} file"
            )

    def _members(self, path: Path, table: Table) -> Iterator[tuple[FileRegion, str, bytes]]:
        """The members that the feed file names, read into memory one by one; nothing is unpacked to disk."""
        try:
            with zipfile.ZipFile(path) as archive:
                entries = safe_entries(archive)
                for member in self._feed.members:
                    matches = [
                        e
                        for e in entries
                        if fnmatch.fnmatch(PurePosixPath(e.filename).name.lower(), member.pattern.lower())
                    ]
                    if len(matches) != 1:
                        names = ", ".join(PurePosixPath(e.filename).name for e in entries) or "nothing"
                        raise self._problem(
                            f"{len(matches)} files fit '{member.pattern}'; it holds {names}",
                            self.url(table),
                            "exactly one",
                        )
                    yield member.region, PurePosixPath(matches[0].filename).name, archive.read(matches[0])
        except UnsafeArchive as error:
            raise self._problem(error.what, self.url(table), error.expected) from error
        except CORRUPT as error:
            raise self._problem(f"the ZIP is corrupt: {error}", self.url(table), "a ZIP that can be read") from error

    # -- rows ---------------------------------------------------------------------------------------------------

    def _csv_rows(self, content: bytes, name: str) -> Rows:
        text = self._decode(content, name)
        delimiter = self._feed.delimiter or self._find_delimiter(text)
        try:
            return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error as error:
            raise self._problem(f"not a readable CSV: {error}", name, f"fields separated by '{delimiter}'") from error

    def _find_delimiter(self, text: str) -> str:
        """The most frequent one in the header; what stands between quotes, line breaks included, does not count."""
        lines = re.sub(r'"[^"]*"', "", text[:_HEADER_CHARACTERS]).split("\n", self._feed.header_row)
        header = lines[min(self._feed.header_row, len(lines)) - 1]
        return max(DELIMITERS, key=header.count)

    def _decode(self, content: bytes, name: str) -> str:
        encodings = [self._feed.encoding] if self._feed.encoding else list(ENCODINGS)
        encoding = find_encoding(lambda: [content], encodings)
        if encoding is None:
            raise self._problem(
                f"the text is neither of {', '.join(encodings)}", name, "text in one of these encodings"
            )
        return content.decode(encoding).removeprefix("\ufeff")

    def _xlsx_rows(self, path: Path) -> Rows:
        from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound

        try:
            workbook = CalamineWorkbook.from_path(str(path))
            sheet = workbook.get_sheet_by_name(self._feed.sheet) if self._feed.sheet else workbook.get_sheet_by_index(0)
            rows = sheet.to_python(skip_empty_area=False)
        except WorksheetNotFound as error:
            names = ", ".join(workbook.sheet_names)
            raise self._problem(
                f"sheet '{self._feed.sheet}' is missing; it holds {names}", path.name, "the named sheet"
            ) from error
        except CalamineError as error:
            raise self._problem(
                f"the workbook can't be read: {error}", path.name, "an XLSX file with the named sheet"
            ) from error
        return [[cell_text(cell, self._feed.decimal) for cell in row] for row in rows]

    # -- cells --------------------------------------------------------------------------------------------------

    def _append(
        self, connection: duckdb.DuckDBPyConnection, table: Table, region: FileRegion, name: str, rows: Rows
    ) -> None:
        if len(rows) < self._feed.header_row:
            raise self._problem("the file holds no rows", name, "a header and rows")
        header = [clean(cell) for cell in rows[self._feed.header_row - 1]]
        body = list(self._body(rows, header, name))
        append_rows(connection, self._feed, table, region, RowSet(name, header, body), self._prefixes)

    def _body(self, rows: Rows, header: Sequence[str], name: str) -> Iterator[tuple[int, list[str]]]:
        """Rows below the header with their line numbers; empty lines and a footer «Bron: …» are no rows."""
        first = self._feed.header_row + 1
        for number, row in enumerate(rows[first - 1 :], start=first):
            filled = [clean(cell) for cell in row]
            if not any(filled) or is_footer(filled):
                continue
            if len(filled) != len(header):
                raise self._problem(
                    f"row {number} has {len(filled)} fields", name, f"{len(header)} fields as in the header"
                )
            yield number, filled

    def _problem(self, what: str, where: str, expected: str) -> FeedProblem:
        return FeedProblem(what, feed_id=self._feed.id, where=where, expected=expected)
