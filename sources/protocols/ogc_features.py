"""OGC API Features, as PDOK serves CBS's map of municipalities, wijken and buurten.

Belongs here: URLs, paging by links, and features as rows: properties as columns, the polygon as one more. Does not belong
here: what is done to polygons (`polygons`) and which column is what (`rows`). The server's filters are asked for and not
trusted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import orjson

from sources.environment import Scope
from sources.errors import FeedProblem
from sources.feed import Table
from sources.http import PublisherSession, parse_json
from sources.landing import LandedFile, Landing, Snapshot
from sources.protocols.cells import create_cells
from sources.protocols.paging import follow_pages
from sources.protocols.rows import Cells, RowSet, append_rows
from sources.registry import Collection, OgcFeaturesFeed

GEOMETRY = "geometry"
PAGE_SIZE = 1000
_LINK = "links[rel=next]"
Feature = dict[str, Any]


class OgcFeatures:
    """The protocol, bound to one feed and one scope."""

    def __init__(self, feed: OgcFeaturesFeed, scope: Scope) -> None:
        self._feed = feed
        # Only municipalities whose wijken and buurten are in scope; all of them for the whole country.
        self._municipalities = () if scope.whole_country else scope.with_neighbourhoods

    def tables(self, session: PublisherSession) -> list[Table]:
        """The tables of the feed file; their addresses hold a year that no list of this interface gives."""
        return list(self._feed.tables)

    def version(self, session: PublisherSession, table: Table) -> str:
        """The tags of the first pages; empty when one has none, and then the content itself tells (`fetch`)."""
        tags: list[str] = []
        for collection in self._feed.collections:
            for url in self.item_urls(table, collection):
                headers = session.head(url)
                tags.append(headers.get("ETag") or headers.get("Last-Modified") or "")
        return _joined(tags) if all(tags) else ""

    def fetch(self, session: PublisherSession, table: Table, version: str, landing: Landing) -> Snapshot:
        folder = landing.open_folder()
        try:
            files, first = [], []
            for collection in self._feed.collections:
                for call, url in enumerate(self.item_urls(table, collection), start=1):
                    pages = list(self._pages(session, url, folder, collection.id, call))
                    first.append(pages[0].etag or pages[0].last_modified or "")
                    files += pages
            # Pages state when they were made, so bytes differ where features do not.
            seen = _joined(first) if all(first) else f"sha256:{self._digest(folder, files)}"
            return landing.close(
                folder,
                self._feed,
                table,
                title=f"{self._feed.title} {table.year}",
                source_url=self._feed.url.format(table=table.id),
                version=seen,
                files=files,
            )
        except BaseException:
            landing.discard(folder)
            raise

    def _pages(self, session: PublisherSession, url: str, folder: Path, role: str, call: int) -> Iterator[LandedFile]:
        return follow_pages(session, url, folder, role, call, self._next_link, _LINK)

    def _next_link(self, path: Path, url: str) -> str | None:
        links = self._page(path, url).get("links") or []
        following = [link.get("href") for link in links if isinstance(link, dict) and link.get("rel") == "next"]
        return str(following[0]) if following else None

    def _digest(self, folder: Path, files: list[LandedFile]) -> str:
        digest = hashlib.sha256()
        for file in files:
            features = self._features(folder / file.name, file.url)
            digest.update(orjson.dumps(features, option=orjson.OPT_SORT_KEYS))
        return digest.hexdigest()

    # -- URLs ---------------------------------------------------------------------------------------------------

    def item_urls(self, table: Table, collection: Collection) -> list[str]:
        """One URL for each municipality whose parts are in scope, one without a filter for the whole country."""
        base = f"{self._feed.url.format(table=table.id)}/collections/{collection.id}/items?f=json&limit={PAGE_SIZE}"
        return [f"{base}&{self._feed.municipality}={code}" for code in self._municipalities] or [base]

    # -- reading ------------------------------------------------------------------------------------------------

    def read_cells(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, landing: Landing) -> None:
        create_cells(connection, self._feed)
        folder = landing.folder(snapshot)
        for collection in self._feed.collections:
            files = [file for file in snapshot.files if file.role == collection.id]
            features = [f for file in files for f in self._features(folder / file.name, file.url) if self._counts(f)]
            self._require_municipalities(features, collection, snapshot)
            given = self._as_rows(features, collection)
            append_rows(connection, self._feed, snapshot.table, collection.region, given, [])

    def _counts(self, feature: Feature) -> bool:
        """Whether a feature is an area of its own and in scope."""
        properties = feature["properties"]
        if any(str(properties.get(key)) in values for key, values in self._feed.leave_out.items()):
            return False
        return not self._municipalities or properties.get(self._feed.municipality) in self._municipalities

    def _require_municipalities(self, features: list[Feature], collection: Collection, snapshot: Snapshot) -> None:
        found = {feature["properties"].get(self._feed.municipality) for feature in features}
        absent = [code for code in self._municipalities if code not in found]
        if absent or not features:
            what = f"no {collection.id} of {', '.join(absent)}" if absent else f"no {collection.id} at all"
            raise self._problem(what, f"table {snapshot.table.id}", f"{collection.id} of each municipality asked for")

    def _as_rows(self, features: list[Feature], collection: Collection) -> RowSet:
        header = list(dict.fromkeys(key for feature in features for key in feature["properties"]))
        polygons: list[str | None] = [None] * len(features)
        if any(GEOMETRY in attribute.stem for attribute in self._feed.attributes.values()):
            polygons = list(self._polygons(features, collection))
        rows: list[tuple[int, Cells]] = [
            (number, [*(_text(feature["properties"].get(key)) for key in header), polygon])
            for number, (feature, polygon) in enumerate(zip(features, polygons, strict=True), start=1)
        ]
        return RowSet(collection.id, [*header, GEOMETRY], rows)

    def _polygons(self, features: list[Feature], collection: Collection) -> list[str]:
        # Imported here: a run without news must not pay for it.
        from sources.protocols.polygons import for_maps

        try:
            return for_maps([feature.get(GEOMETRY) for feature in features], self._feed.tolerance_m)
        except ValueError as error:
            raise self._problem(str(error), f"collection {collection.id}", "polygons in degrees (CRS84)") from error

    def _features(self, path: Path, url: str) -> list[Feature]:
        features = self._page(path, url)["features"]
        if not all(isinstance(each, dict) and isinstance(each.get("properties"), dict) for each in features):
            raise self._problem("a feature has no properties", url, "features with properties")
        return list(features)

    def _page(self, path: Path, url: str) -> dict[str, Any]:
        page = parse_json(path.read_bytes(), self._feed.id, url)
        if not isinstance(page, dict) or not isinstance(page.get("features"), list):
            beginning = " ".join(path.read_bytes()[:120].decode("utf-8", "replace").split())
            raise self._problem(f"the body is no collection of features: {beginning}", url, "a list 'features'")
        returned = page.get("numberReturned")
        if returned is not None and returned != len(page["features"]):
            what = f"{len(page['features'])} features came in, the page states {returned}"
            raise self._problem(what, url, "as many features as stated")
        return page

    def _problem(self, what: str, where: str, expected: str) -> FeedProblem:
        return FeedProblem(what, feed_id=self._feed.id, where=where, expected=expected)


def _joined(tags: list[str]) -> str:
    """One version for the tags of many pages."""
    return tags[0] if len(tags) == 1 else hashlib.sha256("\n".join(tags).encode()).hexdigest()


def _text(value: object) -> str | None:
    """A property as text; whole numbers without a fraction, whatever the server writes."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
