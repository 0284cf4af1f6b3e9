"""OData 4 of CBS: datasets.cbs.nl.

Belongs here: URLs, metadata and the reading of observations of this interface. A table is long: one observation per
measure, and codes of measures that drift between editions (``1014800_1`` → ``1014800``), so a measure is known by its
title, unit and groups. Codes have no padding. A page holds at most 100,000 observations. A missing figure has
``Value: null`` and says why in ``ValueAttribute``; that word is kept as the marker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sources.environment import Scope
from sources.errors import FeedProblem
from sources.feed import COUNTRY, Table
from sources.http import PublisherSession, parse_json
from sources.landing import LandedFile, Landing, Snapshot, landed_file
from sources.protocols.catalogue import Entry, discovered_tables
from sources.protocols.cells import create_cells, literal, quote, scope_condition
from sources.protocols.columns import Column, resolve_attributes, resolve_measures
from sources.protocols.members import KeptDimension, breakdown_sql, kept_dimensions, name_of
from sources.protocols.odata import DIVISIONS, encode, next_link, refuse_dropped_columns, rows_of
from sources.protocols.paging import follow_pages
from sources.protocols.periods import set_status, store_periods
from sources.registry import CbsOdata4Feed

# Keeps a URL far below 4,000 characters.
CODES_PER_CALL = 100
_GEO = ("GeoDetail", "GeoDimension")
_LINK = "@odata.nextLink"
_COUNT = re.compile(rb'"@odata\.count"\s*:\s*(\d+)')
_VERSION = ("Modified", "ObservationsModified", "Version")


@dataclass(frozen=True)
class Layout:
    """The shape of a table according to its Dimensions; `region` is None for a table about the country."""

    region: str | None
    dimensions: tuple[str, ...]


class CbsOdata4:
    """The protocol, bound to one feed and one scope."""

    def __init__(self, feed: CbsOdata4Feed, scope: Scope) -> None:
        self._feed = feed
        self._national_key = feed.region.national_key if feed.region else COUNTRY
        self._prefixes = scope.prefixes(self._national_key)

    # -- what there is ------------------------------------------------------------------------------------------

    def tables(self, session: PublisherSession) -> list[Table]:
        """The tables of the feed file, then those of the catalogue whose title fits and whose year is new."""
        if self._feed.discover is None:
            return list(self._feed.tables)
        url = self.catalogue_url()
        entries = map(_entry, rows_of(session.get_json(url), self._feed.id, url))
        return [*self._feed.tables, *discovered_tables(self._feed, self._feed.discover, entries)]

    def version(self, session: PublisherSession, table: Table) -> str:
        url = self.entity_url(table, "Properties")
        return self._version_of(session.get_json(url), url)

    def _version_of(self, properties: Any, where: str) -> str:
        """All that changes when a table does: its description, its observations, its version."""
        if not isinstance(properties, dict) or not properties.get("Modified"):
            raise self._problem("Properties has no 'Modified'", where, "one object that describes the table")
        return " ".join(str(properties[key]) for key in _VERSION if properties.get(key))

    # -- fetching -----------------------------------------------------------------------------------------------

    def fetch(self, session: PublisherSession, table: Table, version: str, landing: Landing) -> Snapshot:
        folder = landing.open_folder()
        try:
            files = self._fetch_into(folder, session, table)
            properties = self._document(folder, "Properties", table)
            return landing.close(
                folder,
                self._feed,
                table,
                title=str(properties.get("Title", table.id)).strip(),
                source_url=self.entity_url(table, "Observations"),
                # The version as landed: a publisher may have published between the question and the download.
                version=self._version_of(properties, f"table {table.id}"),
                files=files,
            )
        except BaseException:
            landing.discard(folder)
            raise

    def _fetch_into(self, folder: Path, session: PublisherSession, table: Table) -> list[LandedFile]:
        files = [self._metadata(session, table, name, folder) for name in ("Properties", "Dimensions", "MeasureCodes")]
        if any(row.get("MeasureGroupId") for row in self._rows(folder, "MeasureCodes", table)):
            files.append(self._metadata(session, table, "MeasureGroups", folder))
        layout, measures = self._layout(folder, table), self._measure_codes(folder, table)
        titled = [name_of(dimension, layout.dimensions) for dimension in self._feed.dimensions if dimension.titles]
        for name in filter(None, [self._feed.period.dimension, *titled]):
            files.append(self._metadata(session, table, f"{name}Codes", folder))
        kept = self._kept(folder, table, layout)
        for role, urls in (
            ("regions", self.region_urls(table, layout)),
            ("data", self.data_urls(table, layout, kept, measures)),
        ):
            for call, url in enumerate(urls, start=1):
                files.extend(follow_pages(session, url, folder, role, call, self._next_link, _LINK))
        return files

    def _metadata(self, session: PublisherSession, table: Table, entity: str, folder: Path) -> LandedFile:
        url = self.entity_url(table, entity)
        received = session.download(url, folder / f"{entity}.json")
        parse_json((folder / f"{entity}.json").read_bytes(), self._feed.id, url)
        return landed_file(entity, received)

    def _next_link(self, path: Path, url: str) -> str | None:
        return next_link(path, self._feed.id, url, _LINK)

    # -- URLs ---------------------------------------------------------------------------------------------------

    def entity_url(self, table: Table, entity: str, condition: str = "", options: str = "") -> str:
        query = "&".join(filter(None, [condition and f"$filter={encode(condition)}", options]))
        url = f"{self._feed.service}/{self._feed.catalog}/{table.id}/{entity}"
        return f"{url}?{query}" if query else url

    def catalogue_url(self) -> str:
        assert self._feed.discover is not None
        condition = f"contains(Title,'{self._feed.discover.title_contains}') and Catalog eq '{self._feed.catalog}'"
        return f"{self._feed.service}/Datasets?$filter={encode(condition)}"

    def region_urls(self, table: Table, layout: Layout) -> list[str]:
        if layout.region is None:
            return []
        return [self.entity_url(table, f"{layout.region}Codes", part) for part in self._region_conditions("Identifier")]

    def data_urls(
        self, table: Table, layout: Layout, kept: Sequence[KeptDimension], measures: Sequence[str]
    ) -> list[str]:
        """One URL for each batch of regions; the count of what fits comes with the first page of each."""
        others = [f"{dimension.key} in {_listed(list(dimension.labels))}" for dimension in kept if dimension.labels]
        others += [f"Measure in {_listed(measures)}"] if measures else []
        parts = self._region_conditions(layout.region) if layout.region else [""]
        conditions = [" and ".join(filter(None, [part and f"({part})", *others])) for part in parts]
        return [self.entity_url(table, "Observations", condition, "$count=true") for condition in conditions]

    def _region_conditions(self, column: str) -> list[str]:
        """Whole codes in lists; the starts of codes of wijken and buurten beside the first list."""
        starts = [prefix for prefix in self._prefixes if prefix.startswith(("WK", "BU"))]
        codes = [prefix for prefix in self._prefixes if prefix not in starts]
        conditions = [
            f"{column} in {_listed(codes[at : at + CODES_PER_CALL])}" for at in range(0, len(codes), CODES_PER_CALL)
        ]
        detailed = [f"startswith({column},'{prefix}')" for prefix in starts]
        return [" or ".join([*conditions[:1], *detailed]), *conditions[1:]]

    # -- reading ------------------------------------------------------------------------------------------------

    def read_cells(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, landing: Landing) -> None:
        folder, table = landing.folder(snapshot), snapshot.table
        layout, columns = self._layout(folder, table), self._columns(folder, table)
        pages = [file for file in snapshot.files if file.role == "data"]
        names = [*([layout.region] if layout.region else []), *layout.dimensions]
        for page in pages:
            needed = ["Measure", "Value", "ValueAttribute", *names]
            refuse_dropped_columns(folder / page.name, self._feed.id, page.url, needed, "Dimensions")
        self._read_regions(connection, snapshot, folder)
        self._read_observations(connection, folder, pages, names, layout, self._kept(folder, table, layout))
        self._compare_with_counts(connection, folder, pages)
        self._refuse_doubles(connection, table)
        create_cells(connection, self._feed)
        measures = resolve_measures(self._feed, table, columns, f"table {table.id}")
        attributes = resolve_attributes(self._feed, columns, f"table {table.id}")
        self._widen(connection, table, [*attributes.values(), *measures.values()])
        self._finish_periods(connection, folder, table)
        self._compare_with_regions(connection, table)

    def _read_observations(
        self,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        pages: Sequence[LandedFile],
        names: Sequence[str],
        layout: Layout,
        kept: Sequence[KeptDimension],
    ) -> None:
        """The temporary table ``observations``, long; cells that hold no value hold the word that says why."""
        texts = ["Measure", "Value", "StringValue", "ValueAttribute", *names]
        fields = ", ".join(['"Id" BIGINT', *(f"{quote(name)} VARCHAR" for name in texts)])
        area = f"trim(r.{quote(layout.region)})" if layout.region else literal(COUNTRY)
        period = f"trim(r.{quote(self._feed.period.dimension)})" if self._feed.period.dimension else "NULL"
        paths = ", ".join(literal(str(folder / page.name)) for page in pages)
        self._execute(
            connection,
            f"""CREATE OR REPLACE TEMP TABLE observations AS SELECT r."Id" AS number, parse_filename(filename) AS file,
            CASE WHEN {area} = {literal(self._national_key)} THEN {literal(COUNTRY)} ELSE {area} END AS area_code,
            {area} AS region_key, {period} AS period_key, {breakdown_sql(kept)} AS breakdown,
            trim(r."Measure") AS measure, coalesce(r."Value", trim(r."StringValue"), r."ValueAttribute") AS cell,
            {self._is_kept(kept)} AS is_kept
            FROM (SELECT unnest(value) AS r, filename FROM read_json([{paths}], columns = {{value: 'STRUCT({fields})[]'}},
                filename = true, maximum_object_size = {max(page.bytes for page in pages) + 1024}))""",
            pages[0].url,
        )

    def _is_kept(self, kept: Sequence[KeptDimension]) -> str:
        """The members and kinds of periods that the feed keeps; the server's filter is never trusted."""
        conditions = [
            f"trim(r.{quote(dimension.key)}) IN ({', '.join(map(literal, dimension.labels))})"
            for dimension in kept
            if dimension.labels
        ]
        period = self._feed.period
        if period.dimension and period.keep:
            kinds = ", ".join(map(literal, period.keep))
            conditions.append(f"substr(trim(r.{quote(period.dimension)}), 5, 2) IN ({kinds})")
        return " AND ".join(conditions) or "TRUE"

    def _area_condition(self, column: str) -> str:
        if self._prefixes or self._feed.region is None:
            return scope_condition(column, self._prefixes if self._feed.region else [])
        return f"left({column}, 2) IN ({', '.join(map(literal, DIVISIONS))})"

    def _read_regions(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, folder: Path) -> None:
        connection.execute("CREATE OR REPLACE TEMP TABLE regions (code VARCHAR, title VARCHAR)")
        for file in (file for file in snapshot.files if file.role == "regions"):
            self._execute(
                connection,
                f"""INSERT INTO regions SELECT trim(r."Identifier"), trim(r."Title") FROM (SELECT unnest(value) AS r
                FROM read_json({literal(str(folder / file.name))}, columns = {{value: 'STRUCT("Identifier" VARCHAR, "Title" VARCHAR)[]'}},
                maximum_object_size = {file.bytes + 1024}))""",
                file.url,
            )

    def _widen(self, connection: duckdb.DuckDBPyConnection, table: Table, keys: Sequence[str | None]) -> None:
        """From an observation per measure to a row per area, period and breakdown."""
        values = [f"max(cell) FILTER (WHERE measure = {literal(key)})" if key else "NULL" for key in keys]
        status = literal("provisional" if table.provisional else None)
        period = "period_key" if self._feed.period.dimension else literal(f"{table.year}{self._feed.period.type}00")
        connection.execute(
            f"""INSERT INTO cells SELECT min(number), min(file), area_code, any_value(regions.title), {period}, {status},
            breakdown, 'value', {", ".join(values)}
            FROM observations LEFT JOIN regions ON regions.code = region_key
            WHERE is_kept AND {self._area_condition("region_key")}
            GROUP BY area_code, {period}, breakdown ORDER BY min(number)"""
        )

    def _finish_periods(self, connection: duckdb.DuckDBPyConnection, folder: Path, table: Table) -> None:
        """What the time dimension says: the status of each period, and the kind under which it is stored."""
        name = self._feed.period.dimension
        if name is not None:
            rows = [{"Key": row.get("Identifier")} | row for row in self._rows(folder, f"{name}Codes", table)]
            set_status(connection, rows)
            store_periods(connection, self._feed, f"table {table.id}, {name}")

    # -- expected against received ------------------------------------------------------------------------------

    def _compare_with_counts(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, pages: Sequence[LandedFile]
    ) -> None:
        """The publisher's count of what fits a question, against the observations on its pages."""
        received = dict(connection.execute("SELECT left(file, 8), count(*) FROM observations GROUP BY ALL").fetchall())
        for page in (page for page in pages if page.name.endswith("-0001.json")):
            with (folder / page.name).open("rb") as stream:
                match = _COUNT.search(stream.read(4096))
            count = received.get(page.name[:8], 0)
            if match and int(match[1]) != count:
                raise self._problem(
                    f"{count:,} observations came in, the publisher counts {int(match[1]):,}", page.url, "all of them"
                )

    def _refuse_doubles(self, connection: duckdb.DuckDBPyConnection, table: Table) -> None:
        """A cell that came twice would be one of the two, and nobody could say which."""
        double = connection.execute(
            """SELECT area_code, period_key, breakdown, measure FROM observations
            GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"""
        ).fetchall()
        if double:
            cell = ", ".join(str(part) for part in double[0] if part is not None)
            raise self._problem(f"two observations of {cell}", f"table {table.id}", "one observation for each cell")

    def _compare_with_regions(self, connection: duckdb.DuckDBPyConnection, table: Table) -> None:
        missing = connection.execute(
            f"""SELECT code FROM regions WHERE {self._area_condition("code")}
            AND CASE WHEN code = {literal(self._national_key)} THEN {literal(COUNTRY)} ELSE code END
                NOT IN (SELECT area_code FROM cells) ORDER BY code"""
        ).fetchall()
        if missing:
            names = ", ".join(code for (code,) in missing[:3])
            what = f"{len(missing)} regions of the table's own list have no rows, such as {names}"
            raise self._problem(what, f"table {table.id}", "rows for each region")

    # -- metadata -----------------------------------------------------------------------------------------------

    def _layout(self, folder: Path, table: Table) -> Layout:
        where = f"Dimensions of table {table.id}"
        rows = self._rows(folder, "Dimensions", table)
        regions = [str(row.get("Identifier")) for row in rows if self._is_region(row)]
        others = tuple(str(row.get("Identifier")) for row in rows if not self._is_region(row))
        wanted = 0 if self._feed.region is None else 1
        if len(regions) != wanted:
            raise self._problem(f"{len(regions)} geo dimensions", where, f"exactly {wanted}")
        declared = {name_of(dimension, others) or dimension.name for dimension in self._feed.dimensions}
        declared |= {self._feed.period.dimension} if self._feed.period.dimension else set()
        if declared != set(others):
            expected = f"{sorted(declared)}; a dimension that is not declared would double rows"
            raise self._problem(f"dimensions {sorted(others)}", where, expected)
        return Layout(regions[0] if regions else None, others)

    def _kept(self, folder: Path, table: Table, layout: Layout) -> list[KeptDimension]:
        def members(key: str) -> list[dict[str, Any]]:
            return [{"Key": row.get("Identifier")} | row for row in self._rows(folder, f"{key}Codes", table)]

        return kept_dimensions(self._feed, layout.dimensions, members, table.id)

    def _is_region(self, row: dict[str, Any]) -> bool:
        named = self._feed.region is not None and row.get("Identifier") == self._feed.region.dimension
        return named or row.get("Kind") in _GEO

    def _measure_codes(self, folder: Path, table: Table) -> list[str]:
        """The codes of what the feed carries; none when that is everything, so that no filter is needed."""
        columns = self._columns(folder, table)
        chosen = {
            **resolve_measures(self._feed, table, columns, f"table {table.id}"),
            **{
                f"attribute_{name}": key
                for name, key in resolve_attributes(self._feed, columns, f"table {table.id}").items()
            },
        }
        codes = list(dict.fromkeys(key for key in chosen.values() if key is not None))
        return [] if set(codes) == {column.key for column in columns} else codes

    def _columns(self, folder: Path, table: Table) -> list[Column]:
        groups: dict[str, dict[str, Any]] = {}
        if (folder / "MeasureGroups.json").exists():
            groups = {str(row.get("Id")): row for row in self._rows(folder, "MeasureGroups", table)}
        return list(measure_columns(self._rows(folder, "MeasureCodes", table), groups))

    def _rows(self, folder: Path, entity: str, table: Table) -> list[dict[str, Any]]:
        return rows_of(self._document(folder, entity, table), self._feed.id, f"{entity} of table {table.id}")

    def _document(self, folder: Path, entity: str, table: Table) -> Any:
        where = f"{entity} of table {table.id}"
        return parse_json((folder / f"{entity}.json").read_bytes(), self._feed.id, where)

    def _execute(self, connection: duckdb.DuckDBPyConnection, statement: str, url: str) -> None:
        try:
            connection.execute(statement)
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            what = f"the body is not valid JSON: {str(error).splitlines()[0]}"
            raise self._problem(what, url, "rows as OData 4 gives them") from error

    def _problem(self, what: str, where: str, expected: str) -> FeedProblem:
        return FeedProblem(what, feed_id=self._feed.id, where=where, expected=expected)


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        *(str(row.get(key) or "") for key in ("Identifier", "Title", "Language", "Status", "TemporalCoverage"))
    )


def _listed(codes: Sequence[str]) -> str:
    return "(" + ",".join(f"'{code}'" for code in codes) + ")"


def measure_columns(measures: Sequence[dict[str, Any]], groups: dict[str, dict[str, Any]]) -> Iterator[Column]:
    """Measures as columns; the titles of their groups from the nearest to the outermost."""
    for row in measures:
        titles: list[str] = []
        parent, seen = row.get("MeasureGroupId"), set[str]()
        while parent is not None and str(parent) in groups and str(parent) not in seen:
            seen.add(str(parent))
            titles.append(str(groups[str(parent)].get("Title", "")))
            parent = groups[str(parent)].get("ParentId")
        unit = row.get("Unit")
        yield Column(
            str(row.get("Identifier", "")).strip(),
            None if unit is None else str(unit),
            tuple(titles),
            str(row.get("Title", "")),
        )
