"""OData 3 of CBS: opendata.cbs.nl, and dataderden.cbs.nl for police and RIVM.

Belongs here: URLs, paging, metadata and the reading of rows of this interface. Data comes from ODataFeed (10,000 rows
a page, no limit on cells), metadata from ODataApi (limited to 10,000 cells, so small sets only). Rows come from
TypedDataSet: numbers are JSON numbers, missing is null, keys are padded with spaces.
"""

from __future__ import annotations

import json
import mmap
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sources.environment import Scope
from sources.errors import FeedProblem
from sources.feed import Table
from sources.http import PublisherSession, parse_json
from sources.landing import LandedFile, Landing, Snapshot, landed_file
from sources.protocols.catalogue import Entry, discovered_tables
from sources.protocols.cells import create_cells, literal, quote, scope_condition
from sources.protocols.columns import Column, resolve_attributes, resolve_measures
from sources.protocols.members import KeptDimension, breakdown_sql, kept_dimensions, name_of
from sources.protocols.odata import DIVISIONS, VALUE, encode, next_link, refuse_dropped_columns, rows_of
from sources.protocols.paging import follow_pages
from sources.protocols.periods import set_status, store_periods
from sources.protocols.slices import slice_version, slices_of
from sources.registry import CbsOdata3Feed, Discover

# Chains of about 60 clauses were answered with status 500.
CLAUSES_PER_CALL = 20
_GEO = {"GeoDetail", "GeoDimension"}
_LINK = "odata.nextLink"


@dataclass(frozen=True)
class Layout:
    """The shape of a table according to its DataProperties; `is_mixed` regions are of more kinds than areas."""

    region: str
    is_mixed: bool
    dimensions: tuple[str, ...]
    topics: tuple[Column, ...]


class CbsOdata3:
    """The protocol, bound to one feed and one scope."""

    def __init__(self, feed: CbsOdata3Feed, scope: Scope) -> None:
        self._feed = feed
        self._scope = scope
        self._prefixes = scope.prefixes(feed.region.national_key)
        # Asked once for all slices of a table, so that they agree.
        self._versions: dict[str, str] = {}

    # -- what there is ------------------------------------------------------------------------------------------

    def tables(self, session: PublisherSession) -> list[Table]:
        """The tables of the feed file, then those of the catalogue whose title fits and whose year is new.

        A feed with slices has a table for each calendar year in their place.
        """
        known = list(self._feed.tables)
        if self._feed.discover is not None:
            known += self._discovered(session, self._feed.discover)
        if self._feed.period.slice is None:
            return known
        return [part for table in known for part in self._slices(session, table)]

    def _discovered(self, session: PublisherSession, discover: Discover) -> list[Table]:
        url = self.catalogue_url()
        return discovered_tables(self._feed, discover, map(_entry, self._rows(session.get_json(url), url)))

    def _slices(self, session: PublisherSession, table: Table) -> list[Table]:
        """One table per calendar year of the periods that the publisher lists."""
        assert self._feed.period.dimension is not None
        assert self._feed.period.repull_months is not None
        url = self.entity_url("ODataApi", table, self._feed.period.dimension)
        keys = [str(row.get("Key", "")).strip() for row in self._rows(session.get_json(url), url)]
        kept = [key for key in keys if not self._feed.period.keep or key[4:6] in self._feed.period.keep]
        slices = slices_of(table, kept, self._feed.period.repull_months)
        if not slices:
            raise self._problem(f"none of the {len(keys)} periods is of a kind that the feed keeps", url, "periods")
        return slices

    def version(self, session: PublisherSession, table: Table) -> str:
        """`Modified` of the table; that of a slice also tells its list of regions (see `slices.is_current`)."""
        if table.publisher_id not in self._versions:
            modified = str(self._table_info(session, table)["Modified"])
            regions = self._regions_now(session, table) if table.source else None
            self._versions[table.publisher_id] = slice_version(modified, regions) if regions else modified
        return self._versions[table.publisher_id]

    def _regions_now(self, session: PublisherSession, table: Table) -> list[tuple[str, str]]:
        with tempfile.TemporaryDirectory(prefix="noord-") as name:
            folder = Path(name)
            self._metadata(session, table, "DataProperties", folder)
            layout = self._layout(folder / "DataProperties.json", table)
            return self._region_list(folder, list(self._region_pages(session, table, layout, folder)))

    def _region_list(self, folder: Path, pages: Sequence[LandedFile]) -> list[tuple[str, str]]:
        documents = [(parse_json((folder / page.name).read_bytes(), self._feed.id, page.url), page) for page in pages]
        rows = [row for document, page in documents for row in self._rows(document, page.url)]
        return [(str(row.get("Key", "")).strip(), str(row.get("Title", "")).strip()) for row in rows]

    # -- fetching -----------------------------------------------------------------------------------------------

    def fetch(self, session: PublisherSession, table: Table, version: str, landing: Landing) -> Snapshot:
        folder = landing.open_folder()
        try:
            files = self._fetch_into(folder, session, table)
            info = self._described(json.loads((folder / "TableInfos.json").read_bytes()), f"table {table.id}")
            return landing.close(
                folder,
                self._feed,
                table,
                title=str(info.get("Title", table.id)).strip(),
                source_url=self.entity_url("ODataFeed", table, "TypedDataSet"),
                # The version as landed: a publisher may have published between the question and the download.
                version=self._landed_version(table, info, folder, files),
                files=files,
            )
        except BaseException:
            landing.discard(folder)
            raise

    def _landed_version(self, table: Table, info: dict[str, Any], folder: Path, files: Sequence[LandedFile]) -> str:
        modified = str(info["Modified"])
        if table.source is None:
            return modified
        return slice_version(modified, self._region_list(folder, [file for file in files if file.role == "regions"]))

    def _fetch_into(self, folder: Path, session: PublisherSession, table: Table) -> list[LandedFile]:
        files = [self._metadata(session, table, entity, folder) for entity in ("TableInfos", "DataProperties")]
        layout = self._layout(folder / "DataProperties.json", table)
        titled = [name for name in (name_of(d, layout.dimensions) for d in self._feed.dimensions if d.titles) if name]
        for entity in filter(None, [self._feed.period.dimension, *titled]):
            files.append(self._metadata(session, table, entity, folder))
        files.extend(self._region_pages(session, table, layout, folder))
        for call, url in enumerate(self.data_urls(table, layout, self._kept(folder, table, layout)), start=1):
            files.extend(self._pages(session, url, folder, "data", call))
        return files

    def _region_pages(
        self, session: PublisherSession, table: Table, layout: Layout, folder: Path
    ) -> Iterator[LandedFile]:
        for call, url in enumerate(self.region_urls(table, layout), start=1):
            yield from self._pages(session, url, folder, "regions", call)

    def _metadata(self, session: PublisherSession, table: Table, entity: str, folder: Path) -> LandedFile:
        url = self.entity_url("ODataApi", table, entity)
        received = session.download(url, folder / f"{entity}.json")
        parse_json((folder / f"{entity}.json").read_bytes(), self._feed.id, url)
        return landed_file(entity, received)

    def _pages(self, session: PublisherSession, first: str, folder: Path, role: str, call: int) -> Iterator[LandedFile]:
        return follow_pages(session, first, folder, role, call, self._next_link, _LINK)

    def _next_link(self, path: Path, url: str) -> str | None:
        return next_link(path, self._feed.id, url, _LINK)

    # -- URLs ---------------------------------------------------------------------------------------------------

    def entity_url(self, service: str, table: Table, entity: str, condition: str = "", select: str = "") -> str:
        query = "$format=json"
        query += f"&$filter={encode(condition)}" if condition else ""
        query += f"&$select={select}" if select else ""
        return f"https://{self._feed.catalog}/{service}/odata/{table.publisher_id}/{entity}?{query}"

    def catalogue_url(self) -> str:
        assert self._feed.discover is not None
        condition = f"substringof('{self._feed.discover.title_contains}',Title) and Language eq 'nl'"
        return f"https://{self._feed.catalog}/ODataCatalog/Tables?$format=json&$filter={encode(condition)}"

    def region_urls(self, table: Table, layout: Layout) -> list[str]:
        return [
            self.entity_url("ODataFeed", table, layout.region, part, "Key,Title")
            for part in self._region_conditions("Key")
        ]

    def data_urls(self, table: Table, layout: Layout, kept: Sequence[KeptDimension]) -> list[str]:
        """One URL for each batch of regions; members to keep and the year of a slice restrict the server too."""
        others = [_any_start(dimension.key, list(dimension.labels)) for dimension in kept if dimension.labels]
        if table.slice_year is not None:
            assert self._feed.period.dimension is not None
            starts = [f"{table.slice_year}{kind}" for kind in self._feed.period.keep or ("",)]
            others.append(_any_start(self._feed.period.dimension, starts))
        conditions = [
            " and ".join(filter(None, [part and f"({part})", *others]))
            for part in self._region_conditions(layout.region)
        ]
        return [self.entity_url("ODataFeed", table, "TypedDataSet", condition) for condition in conditions]

    def _region_conditions(self, column: str) -> list[str]:
        clauses = [f"startswith({column},'{prefix}')" for prefix in self._prefixes]
        batches = [clauses[at : at + CLAUSES_PER_CALL] for at in range(0, len(clauses), CLAUSES_PER_CALL)]
        return [" or ".join(batch) for batch in batches] or [""]

    # -- reading ------------------------------------------------------------------------------------------------

    def read_cells(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, landing: Landing) -> None:
        folder = landing.folder(snapshot)
        layout = self._layout(folder / "DataProperties.json", snapshot.table)
        measures = resolve_measures(self._feed, snapshot.table, layout.topics, f"table {snapshot.table.id}")
        attributes = resolve_attributes(self._feed, layout.topics, f"table {snapshot.table.id}")
        kept = self._kept(folder, snapshot.table, layout)
        create_cells(connection, self._feed)
        needed = self._needed_keys(layout, measures, attributes)
        with landing.scratch() as scratch:
            self._read_regions(connection, snapshot, folder, scratch, layout)
            for page in (file for file in snapshot.files if file.role == "data"):
                refuse_dropped_columns(folder / page.name, self._feed.id, page.url, needed, "DataProperties")
                rows = self._cut_out_rows(folder / page.name, page, scratch)
                self._read_page(connection, snapshot.table, page, rows, layout, kept, measures, attributes)
        self._finish_periods(connection, snapshot, folder)
        self._compare_counts(connection, snapshot, folder)

    def _needed_keys(
        self, layout: Layout, measures: dict[str, str | None], attributes: dict[str, str | None]
    ) -> list[str]:
        chosen = [layout.region, *layout.dimensions, *attributes.values(), *measures.values()]
        return list(dict.fromkeys(key for key in chosen if key is not None))

    def _cut_out_rows(self, path: Path, page: LandedFile, scratch: Path) -> Path:
        """Copy the list of rows of a page to a file of its own: DuckDB reads a list row by row and five times as fast as
        one object of some 40 MB. What stands around it is parsed here, so that nothing of the body goes unchecked."""
        target = scratch / page.name
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as body:
            begin = VALUE.search(body)
            link = body.rfind(b'"odata.nextLink"')
            start = begin.end() - 1 if begin else 0
            end = body.rfind(b"]", start, link if link > start else len(body)) + 1
            parse_json(body[:start] + b"[]" + body[end:], self._feed.id, page.url)
            with memoryview(body) as view, view[start:end] as rows:
                target.write_bytes(rows)
        return target

    def _read_page(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: Table,
        page: LandedFile,
        rows: Path,
        layout: Layout,
        kept: Sequence[KeptDimension],
        measures: dict[str, str | None],
        attributes: dict[str, str | None],
    ) -> None:
        fields = ", ".join(f"{literal(key)}: 'VARCHAR'" for key in self._needed_keys(layout, measures, attributes))
        area = f"trim(r.{quote(layout.region)})"
        values = [f"trim(r.{quote(key)})" if key else "NULL" for key in (*attributes.values(), *measures.values())]
        columns = [
            "row_number",
            literal(page.name),
            f"CASE WHEN {area} = {literal(self._feed.region.national_key)} THEN 'NL00' ELSE {area} END",
            "regions.title",
            self._period_sql(table),
            literal("provisional" if table.provisional else None),
            breakdown_sql(kept),
            self._bound_sql(),
            *values,
        ]
        try:
            connection.execute(
                f"""INSERT INTO cells SELECT {", ".join(columns)}
                FROM (
                    SELECT *, row_number() OVER () AS row_number
                    FROM read_json({literal(str(rows))}, columns = {{{fields}}}, format = 'array')
                ) AS r LEFT JOIN regions ON regions.code = {area}
                WHERE {self._row_condition(table, layout, kept, area)}"""
            )
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise self._problem(
                f"the body is not valid JSON: {str(error).splitlines()[0]}", page.url, "rows in TypedDataSet form"
            ) from error

    def _period_sql(self, table: Table) -> str:
        if self._feed.period.dimension:
            return f"trim(r.{quote(self._feed.period.dimension)})"
        return literal(f"{table.year}{self._feed.period.type}00")

    def _bound_sql(self) -> str:
        margins = self._feed.margins
        if margins is None:
            return "'value'"
        member = f"trim(r.{quote(margins.dimension)})"
        pairs = ((margins.value, "value"), (margins.lower, "lower"), (margins.upper, "upper"))
        return f"CASE {member} " + " ".join(f"WHEN {literal(key)} THEN '{bound}'" for key, bound in pairs) + " END"

    def _row_condition(self, table: Table, layout: Layout, kept: Sequence[KeptDimension], area: str) -> str:
        conditions = [self._area_condition(layout, area)]
        for dimension in kept:
            if dimension.labels:
                conditions.append(f"trim(r.{quote(dimension.key)}) IN ({', '.join(map(literal, dimension.labels))})")
        if self._feed.margins is not None:
            conditions.append(f"{self._bound_sql()} IS NOT NULL")
        period = self._feed.period
        if period.dimension and period.keep:
            # Tables hold year keys beside month keys; taking both would count everything twice.
            kinds = ", ".join(map(literal, period.keep))
            conditions.append(f"substr(trim(r.{quote(period.dimension)}), 5, 2) IN ({kinds})")
        if period.dimension and table.slice_year is not None:
            conditions.append(f"left(trim(r.{quote(period.dimension)}), 4) = {literal(str(table.slice_year))}")
        return " AND ".join(conditions)

    def _area_condition(self, layout: Layout, area: str) -> str:
        in_scope = scope_condition(area, self._prefixes)
        if not layout.is_mixed or self._prefixes:
            return in_scope
        return f"{in_scope} AND left({area}, 2) IN ({', '.join(map(literal, DIVISIONS))})"

    def _read_regions(
        self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, folder: Path, scratch: Path, layout: Layout
    ) -> None:
        connection.execute("CREATE OR REPLACE TEMP TABLE regions (code VARCHAR, title VARCHAR)")
        for file in (file for file in snapshot.files if file.role == "regions"):
            rows = self._cut_out_rows(folder / file.name, file, scratch)
            try:
                connection.execute(
                    f"""INSERT INTO regions SELECT trim("Key"), trim("Title")
                    FROM read_json({literal(str(rows))}, columns = {{Key: 'VARCHAR', Title: 'VARCHAR'}}, format = 'array')"""
                )
            except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
                raise self._problem(
                    f"the body is not valid JSON: {str(error).splitlines()[0]}", file.url, "the table's list of regions"
                ) from error
        connection.execute(f"DELETE FROM regions WHERE NOT ({self._area_condition(layout, 'code')})")

    def _finish_periods(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, folder: Path) -> None:
        """What the time dimension says: the status of each period, and which months stand for quarters."""
        if self._feed.period.dimension is None:
            return
        where = f"table {snapshot.table.id}"
        document = json.loads((folder / f"{self._feed.period.dimension}.json").read_bytes())
        set_status(connection, self._rows(document, where))
        store_periods(connection, self._feed, where)

    def _compare_counts(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, folder: Path) -> None:
        """Expected against received: each region of the table's own list, and the row count it states."""
        missing = connection.execute(
            f"""SELECT code FROM regions WHERE
            CASE WHEN code = {literal(self._feed.region.national_key)} THEN 'NL00' ELSE code END NOT IN (SELECT area_code FROM cells)
            ORDER BY code"""
        ).fetchall()
        table = f"table {snapshot.table.id}"
        if missing:
            names = ", ".join(code for (code,) in missing[:3])
            raise self._problem(
                f"{len(missing)} regions of the table's own list have no rows, such as {names}",
                table,
                "rows for each region",
            )
        stated = self._rows(json.loads((folder / "TableInfos.json").read_bytes()), table)[0].get("RecordCount")
        received = connection.execute("SELECT count(*) FROM cells").fetchall()[0][0]
        whole = self._scope.whole_country and not self._feed.dimensions and self._feed.period.dimension is None
        if whole and stated is not None and int(stated) != received:
            raise self._problem(
                f"{received:,} rows came in, the table states {int(stated):,}", table, "as many rows as stated"
            )

    # -- metadata -----------------------------------------------------------------------------------------------

    def _table_info(self, session: PublisherSession, table: Table) -> dict[str, Any]:
        url = self.entity_url("ODataApi", table, "TableInfos")
        return self._described(session.get_json(url), url)

    def _described(self, document: Any, where: str) -> dict[str, Any]:
        rows = self._rows(document, where)
        if not rows or "Modified" not in rows[0]:
            raise self._problem("TableInfos has no row with 'Modified'", where, "one row that describes the table")
        return rows[0]

    def _layout(self, path: Path, table: Table) -> Layout:
        where = f"DataProperties of table {table.id}"
        rows = self._rows(parse_json(path.read_bytes(), self._feed.id, where), where)
        regions = {str(row["Key"]): row.get("Type") for row in rows if self._is_region(row)}
        if len(regions) != 1:
            raise self._problem(f"{len(regions)} geo dimensions", where, "exactly one")
        others = tuple(
            str(row["Key"])
            for row in rows
            if row.get("Type") in ("Dimension", "TimeDimension") and row["Key"] not in regions
        )
        self._refuse_unknown_dimensions(others, where)
        ((region, kind),) = regions.items()
        return Layout(region, kind != "GeoDetail", others, tuple(_topics(rows)))

    def _is_region(self, row: dict[str, Any]) -> bool:
        return row.get("Type") in _GEO or (row.get("Key") is not None and row["Key"] == self._feed.region.dimension)

    def _refuse_unknown_dimensions(self, found: Sequence[str], where: str) -> None:
        margins = self._feed.margins and self._feed.margins.dimension
        declared = {name for name in (self._feed.period.dimension, margins) if name}
        declared |= {name_of(dimension, found) or dimension.name for dimension in self._feed.dimensions}
        if declared != set(found):
            raise self._problem(
                f"dimensions {sorted(found)}",
                where,
                f"{sorted(declared)}; a dimension that is not declared would double rows",
            )

    def _kept(self, folder: Path, table: Table, layout: Layout) -> list[KeptDimension]:
        def members(key: str) -> list[dict[str, Any]]:
            where = f"{key} of table {table.id}"
            return self._rows(parse_json((folder / f"{key}.json").read_bytes(), self._feed.id, where), where)

        return kept_dimensions(self._feed, layout.dimensions, members, table.id)

    def _rows(self, document: Any, where: str) -> list[dict[str, Any]]:
        return rows_of(document, self._feed.id, where)

    def _problem(self, what: str, where: str, expected: str) -> FeedProblem:
        return FeedProblem(what, feed_id=self._feed.id, where=where, expected=expected)


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(*(str(row.get(key) or "") for key in ("Identifier", "Title", "Language", "OutputStatus", "Period")))


def _any_start(column: str, starts: Sequence[str]) -> str:
    return "(" + " or ".join(f"startswith({column},'{start}')" for start in starts) + ")"


def _topics(rows: list[dict[str, Any]]) -> Iterator[Column]:
    by_id = {row["ID"]: row for row in rows}
    for row in rows:
        if row.get("Type") == "Topic":
            groups, parent = [], row.get("ParentID")
            while parent is not None and parent in by_id:
                groups.append(str(by_id[parent].get("Title", "")))
                parent = by_id[parent].get("ParentID")
            unit = row.get("Unit")
            yield Column(str(row["Key"]), None if unit is None else str(unit), tuple(groups))
