"""The action API of a CKAN portal, such as onderwijsdata.duo.nl.

Belongs here: the envelope ``{success, result}``, change detection by the description of a resource, and paging through
the datastore by offset. Records become rows of text; which column is what stands in `rows`. Does not belong here: files
that a resource links to. Links inside answers may name a host inside the publisher's network, so they are never
followed; where one is shown, it is shown with the portal's own host.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import duckdb

from sources.environment import Scope
from sources.errors import FeedProblem
from sources.feed import Table
from sources.files import clean
from sources.http import PublisherSession, parse_json
from sources.landing import LandedFile, Landing, Snapshot, landed_file
from sources.protocols.cells import create_cells
from sources.protocols.rows import Cells, RowSet, append_rows
from sources.registry import CkanFeed

# What a portal says when the content of a resource changes; the first that it gives at all counts, others come along.
_CONTENT = ("last_modified", "revision_id", "hash")
_DESCRIPTION = "metadata_modified"
# Columns that the datastore adds.
_INTERNAL = {"_id", "_full_text"}


class Ckan:
    """The protocol, bound to one feed and one scope."""

    def __init__(self, feed: CkanFeed, scope: Scope) -> None:
        self._feed = feed
        self._prefixes = scope.prefixes("NL00")

    def tables(self, session: PublisherSession) -> list[Table]:
        """The resources of the feed file."""
        return list(self._feed.tables)

    def version(self, session: PublisherSession, table: Table) -> str:
        url = self.action_url("resource_show", f"id={table.id}")
        return self._version_of(self._result(session.get_json(url), url), url)

    def _version_of(self, resource: dict[str, Any], where: str) -> str:
        if resource.get("datastore_active") is False:
            raise self._problem("the resource is not in the datastore", where, "a resource with records")
        given = [str(resource[key]) for key in _CONTENT if resource.get(key)]
        # The description can change without the content: a download too many, never a change that is missed.
        return " ".join(given) or str(resource.get(_DESCRIPTION) or "")

    # -- fetching -----------------------------------------------------------------------------------------------

    def fetch(self, session: PublisherSession, table: Table, version: str, landing: Landing) -> Snapshot:
        folder = landing.open_folder()
        try:
            url = self.action_url("resource_show", f"id={table.id}")
            received = session.download(url, folder / "resource.json")
            resource = self._landed_result(folder / "resource.json", url)
            files = [landed_file("resource", received), *self._pages(session, table, folder)]
            content = " ".join(file.sha256 for file in files)
            return landing.close(
                folder,
                self._feed,
                table,
                title=str(resource.get("name") or self._feed.title).strip(),
                source_url=self.public_url(str(resource.get("url") or self.records_url(table, 0))),
                version=self._version_of(resource, url) or f"sha256:{content}",
                files=files,
            )
        except BaseException:
            landing.discard(folder)
            raise

    def _pages(self, session: PublisherSession, table: Table, folder: Path) -> Iterator[LandedFile]:
        """Pages until as many records are in as the portal counts; the count may not change on the way."""
        received, total, page = 0, None, 0
        while total is None or received < total:
            page += 1
            url, path = self.records_url(table, received), folder / f"data-01-{page:04}.json"
            landed = landed_file("data", session.download(url, path))
            result = self._landed_result(path, url)
            count, records = self._total(result, url), self._records(result, url)
            if total is not None and count != total:
                raise self._problem(f"the total changed from {total:,} to {count:,} between pages", url, "one total")
            total = count
            received += len(records)
            if not records and received < total or received > total:
                raise self._problem(
                    f"{received:,} records came in, the portal counts {total:,}", url, "as many records as counted"
                )
            yield landed

    def _total(self, result: dict[str, Any], url: str) -> int:
        total = result.get("total")
        if not isinstance(total, int) or total < 1:
            raise self._problem(f"the total of records is {total!r}", url, "a number above 0")
        return total

    def _records(self, result: dict[str, Any], url: str) -> list[dict[str, Any]]:
        records = result.get("records")
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise self._problem("the answer has no list 'records'", url, "records of the datastore")
        return records

    # -- URLs ---------------------------------------------------------------------------------------------------

    def action_url(self, action: str, query: str) -> str:
        return f"{self._feed.portal}/api/3/action/{action}?{query}"

    def records_url(self, table: Table, offset: int) -> str:
        """Sorted, because pages of an unsorted table may overlap."""
        query = f"resource_id={table.id}&limit={self._feed.page_size}&offset={offset}&sort=_id"
        return self.action_url("datastore_search", query)

    def public_url(self, url: str) -> str:
        """A link of the portal with the portal's own host."""
        parts = urlsplit(url)
        portal = urlsplit(self._feed.portal)
        return urlunsplit((portal.scheme, portal.netloc, parts.path, parts.query, ""))

    # -- reading ------------------------------------------------------------------------------------------------

    def read_cells(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, landing: Landing) -> None:
        create_cells(connection, self._feed)
        folder, header, start = landing.folder(snapshot), None, 1
        for file in (file for file in snapshot.files if file.role == "data"):
            result = self._landed_result(folder / file.name, file.url)
            fields = self._fields(result, file.url)
            if header is not None and fields != header:
                raise self._problem("the columns change from page to page", file.url, f"{header} on each page")
            header = fields
            rows = [self._row(record, header, file.url) for record in self._records(result, file.url)]
            given = RowSet(file.name, header, list(enumerate(rows, start=start)))
            append_rows(connection, self._feed, snapshot.table, self._feed.region, given, self._prefixes)
            start += len(rows)

    def _fields(self, result: dict[str, Any], where: str) -> list[str]:
        fields = result.get("fields")
        if not isinstance(fields, list) or not all(isinstance(field, dict) and "id" in field for field in fields):
            raise self._problem("the answer has no list 'fields'", where, "the columns of the records")
        return [str(field["id"]) for field in fields if field["id"] not in _INTERNAL]

    def _row(self, record: dict[str, Any], header: Sequence[str], where: str) -> Cells:
        absent = [key for key in header if key not in record]
        if absent:
            raise self._problem(f"records lack the columns {', '.join(absent[:5])}", where, "every listed column")
        return [_text(record[key]) for key in header]

    # -- envelope -----------------------------------------------------------------------------------------------

    def _landed_result(self, path: Path, url: str) -> dict[str, Any]:
        return self._result(parse_json(path.read_bytes(), self._feed.id, url), url)

    def _result(self, document: Any, url: str) -> dict[str, Any]:
        if not isinstance(document, dict) or "success" not in document:
            raise self._problem("the body is no answer of CKAN", url, "success and result")
        if document["success"] is not True:
            error = json.dumps(document.get("error"), ensure_ascii=False)[:200]
            raise self._problem(f"an error in place of data: {error}", url, "success: true")
        result = document.get("result")
        if not isinstance(result, dict):
            raise self._problem("the answer has no 'result'", url, "an object")
        return result

    def _problem(self, what: str, where: str, expected: str) -> FeedProblem:
        return FeedProblem(what, feed_id=self._feed.id, where=where, expected=expected)


def _text(value: object) -> str | None:
    """A value of a record as the CSV behind it had it; an empty field arrives as null."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return clean(str(value))
