"""``metadata.csv`` and ``ATTRIBUTION.md``: what each indicator is and where it comes from, and whom to thank for it.

Belongs here: telling from a finished ``monitor.duckdb`` what its indicators and feeds are, so that it can't say anything else
than the comments there. Does not belong here: definitions themselves (`dbt_project/seeds`, feed files).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from publication.catalog import list_tables, literal
from publication.facts import Facts
from publication.publisher import read_publisher
from publication.templates import render

METADATA = "metadata.csv"
ATTRIBUTION = "ATTRIBUTION.md"

# What metadata.csv adds to the columns of meta.indicators, with the meaning of each.
ADDED_COLUMNS = {
    "feeds": "Bronnen waar de indicator uit komt, met | ertussen (feeds)",
    "publishers": "Uitgevers van die bronnen (publishers)",
    "licenses": "Licenties van die bronnen (licences)",
    "first_period_start": "Eerste dag van de oudste periode met een cijfer (first period with a figure)",
    "last_period_end": "Laatste dag van de nieuwste periode met een cijfer (last period with a figure)",
}


def write_metadata(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write ``metadata.csv``: a row per indicator, the columns of ``meta.indicators`` and then `ADDED_COLUMNS`.

    Args:
        connection: has ``monitor.duckdb`` open as its only database.

    Raises:
        duckdb.Error: the file can't be written.
    """
    lines = [table.schema for table in list_tables(connection, "monitor") if table.name == "indicator_values"]
    periods = " UNION ALL ".join(
        f"SELECT indicator_code, min(period_start) AS first, max(period_end) AS last FROM {line}.indicator_values "
        "WHERE value IS NOT NULL GROUP BY ALL"
        for line in lines
    )
    connection.execute(
        f"""COPY (
            WITH used AS (
                SELECT indicator_code, unnest(list_distinct(regexp_extract_all(terms, '(?:^|; )\\w+: (\\w+)\\.', 1))) AS feed_id
                FROM meta.indicators
            ),
            sources AS (
                SELECT indicator_code, string_agg(feed_id, '|' ORDER BY feed_id) AS feeds,
                    array_to_string(list_sort(list_distinct(list(publisher))), '|') AS publishers,
                    array_to_string(list_sort(list_distinct(list(license_name))), '|') AS licenses
                FROM used LEFT JOIN meta.feeds USING (feed_id) GROUP BY indicator_code
            ),
            periods AS (SELECT indicator_code, min(first) AS first, max(last) AS last FROM ({periods}) GROUP BY ALL)
            SELECT i.*, s.feeds, s.publishers, s.licenses, p.first AS first_period_start, p.last AS last_period_end
            FROM meta.indicators AS i LEFT JOIN sources AS s USING (indicator_code) LEFT JOIN periods AS p USING (indicator_code)
            ORDER BY i.line, i.indicator_code
        ) TO {literal(str(folder / METADATA))} (FORMAT csv, HEADER true)"""
    )


def write_attribution(connection: duckdb.DuckDBPyConnection, folder: Path, facts: Facts) -> None:
    """Write ``ATTRIBUTION.md``: per feed of which the release holds deliveries, its publisher, licence and page.

    Raises:
        duckdb.Error, OSError: the release can't be read or the file can't be written.
    """
    rows = connection.execute(
        """SELECT title, feed_id, publisher, publisher_url, license_name, license_url, page_url, retrieved
        FROM meta.feeds JOIN (
            SELECT feed_id, strftime(max(retrieved_at) AT TIME ZONE 'Europe/Amsterdam', '%Y-%m-%d') AS retrieved
            FROM meta.snapshots GROUP BY feed_id
        ) USING (feed_id) ORDER BY publisher, title"""
    ).fetchall()
    text = render(
        "attribution.md.j2",
        title=facts.title,
        release_id=facts.release_id,
        publisher=read_publisher(),
        feeds=rows,
        cell=_cell,
        link=_link,
    )
    (folder / ATTRIBUTION).write_text(text, encoding="utf-8")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _link(text: str, url: str | None) -> str:
    return f"[{_cell(text)}](<{url}>)" if url else _cell(text)
