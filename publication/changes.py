"""What a release changes of another: tables and columns, indicators, figures with their cause, and verdicts that flipped.

Belongs here: comparing two releases in SQL, into ``meta.revisions`` and ``meta.changes``. Does not belong here: telling it to
people (`publication.change_report`), whether a release may be made (`publication.gate`), and comparing a delivery with what
stands (`sources.guards`).

A figure is known by its line, indicator, area, period and breakdown. What was empty before and is filled now is an
addition, as a new period is, and no revision. Of a figure that is hidden now only that is told: what it was before would
take away what hiding is for, also from readers who never saw the release before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from publication.catalog import FIGURE_KEY, SCHEMAS, lines_of, list_tables, literal, quote
from publication.errors import PublicationError
from sources.warehouse import CONNECTION

# Adding up in another order moves the last digits.
_NOISE = 1e-12
# A figure with one of these statuses is there and may not be seen.
_HIDDEN = "('suppressed_here', 'suppressed_source')"

_REVISIONS = """CREATE TABLE {target}.revisions (line VARCHAR, indicator_code VARCHAR, area_code VARCHAR, period_start DATE,
    period_type VARCHAR, breakdown VARCHAR, change VARCHAR, cause VARCHAR, old_value DOUBLE, new_value DOUBLE,
    old_status VARCHAR, new_status VARCHAR, old_snapshot_id VARCHAR, new_snapshot_id VARCHAR, previous_release_id VARCHAR)"""
_CHANGES = """CREATE TABLE {target}.changes (change VARCHAR, name VARCHAR, line VARCHAR, indicator_code VARCHAR,
    area_code VARCHAR, period_start DATE, period_type VARCHAR, breakdown VARCHAR, old_value DOUBLE, new_value DOUBLE,
    difference DOUBLE, difference_pct DOUBLE, old_text VARCHAR, new_text VARCHAR, cause VARCHAR, figures BIGINT,
    previous_release_id VARCHAR)"""


def make_tables(connection: duckdb.DuckDBPyConnection, target: str = "monitor.meta") -> None:
    """Make the tables ``revisions`` and ``changes``, empty, in the schema `target`."""
    connection.execute(_REVISIONS.format(target=target))
    connection.execute(_CHANGES.format(target=target))


def add_changes(
    connection: duckdb.DuckDBPyConnection, previous: Path | None, previous_id: str | None, target: str = "monitor.meta"
) -> None:
    """Fill the tables ``revisions`` and ``changes``: what the attached `monitor`, with all its tables, changes of a release.

    Args:
        previous: ``monitor.duckdb`` of that release; without it both tables stay empty.
        target: the schema that they are in.

    Raises:
        PublicationError: that file can't be compared with.
    """
    if previous is None or previous_id is None:
        return
    try:
        connection.execute(f"ATTACH {literal(str(previous))} AS previous (READ_ONLY)")
        _compare(connection, target, literal(previous_id))
        connection.execute("DETACH previous")
    except duckdb.Error as error:
        raise PublicationError(
            f"Release {previous_id} can't be compared with: {error}",
            where=str(previous),
            now="No release was made and current is as it was; roll back to a sound release and run again.",
        ) from error


@contextmanager
def compared(old: Path, old_id: str, new: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with two releases' ``monitor.duckdb`` compared: `new` attached as `monitor`, the tables in ``memory.main``.

    Raises:
        PublicationError: one of the files can't be read.
    """
    with closing(duckdb.connect(":memory:", config={**CONNECTION})) as connection:
        try:
            connection.execute(f"ATTACH {literal(str(new))} AS monitor (READ_ONLY)")
        except duckdb.Error as error:
            raise PublicationError(
                f"The release can't be read: {error}", where=str(new), now="Nothing was compared."
            ) from error
        make_tables(connection, "memory.main")
        add_changes(connection, old, old_id, "memory.main")
        yield connection


def _compare(connection: duckdb.DuckDBPyConnection, target: str, previous_id: str) -> None:
    _note_causes(connection)
    _note_differences(connection)
    columns = ", ".join(FIGURE_KEY)
    connection.execute(
        f"""INSERT INTO {target}.revisions SELECT line, {columns}, change, cause, old_value, new_value, old_status, new_status,
        old_snapshot_id, new_snapshot_id, {previous_id} FROM differences WHERE change <> 'added' ORDER BY ALL"""
    )
    parts = [_schema_changes(), *_indicator_changes(connection), _FIGURE_CHANGES, *_verdicts(connection)]
    every = " UNION ALL BY NAME ".join(f"({part})" for part in parts)
    connection.execute(
        f"INSERT INTO {target}.changes BY NAME SELECT *, {previous_id} AS previous_release_id FROM ({every}) ORDER BY ALL"
    )


def _note_causes(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary table ``causes``: per indicator, what of all that its figures are made from is other than before.

    A feed whose contract the older release doesn't tell counts as one with the same contract.
    """
    feeds = {table.qualified: table for table in list_tables(connection, "previous", ["meta"])}
    told = "meta.feeds" in feeds and feeds["meta.feeds"].has("contract_sha256")
    contracts = (
        """SELECT feed_id, 'contract' AS what FROM previous.meta.feeds AS old JOIN monitor.meta.feeds AS new USING (feed_id)
        WHERE old.contract_sha256 IS DISTINCT FROM new.contract_sha256"""
        if told
        else "SELECT '' AS feed_id, '' AS what WHERE false"
    )
    snapshots = "SELECT feed_id, snapshot_id FROM {}.meta.snapshots"
    old, new = snapshots.format("previous"), snapshots.format("monitor")
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE causes AS
        WITH changed AS (
            {contracts} UNION SELECT feed_id, 'snapshot' FROM (({old} EXCEPT {new}) UNION ALL ({new} EXCEPT {old}))
        ),
        indicators AS (
            SELECT indicator_code, new.indicator_code IS NULL OR old.terms IS DISTINCT FROM new.terms
                    OR old.aggregation IS DISTINCT FROM new.aggregation OR old.scale IS DISTINCT FROM new.scale AS is_redefined,
                unnest(list_distinct(regexp_extract_all(concat_ws('; ', old.terms, new.terms), '(?:^|; )\\w+: (\\w+)\\.', 1)))
                    AS feed_id
            FROM previous.meta.indicators AS old FULL JOIN monitor.meta.indicators AS new USING (indicator_code)
        )
        SELECT indicator_code, bool_or(is_redefined) AS is_redefined,
            coalesce(list(feed_id) FILTER (WHERE what = 'snapshot'), []) AS new_snapshots,
            coalesce(list(feed_id) FILTER (WHERE what = 'contract'), []) AS new_contracts
        FROM indicators LEFT JOIN changed USING (feed_id) GROUP BY indicator_code"""
    )


# The first that applies. What comes with a figure's own delivery, or with one of another feed that it is made from, goes
# before a contract; when the deliveries and contracts of all its feeds stand, our own method or areas have changed.
_CAUSE = """CASE
    WHEN coalesce(is_redefined, true) THEN 'method'
    WHEN new_snapshot_id <> old_snapshot_id OR len(list_filter(new_snapshots, lambda feed: feed <> feed_id)) > 0 THEN 'snapshot'
    WHEN len(new_contracts) > 0 THEN 'contract'
    WHEN len(new_snapshots) > 0 THEN 'snapshot'
    ELSE 'method'
END"""


def _note_differences(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary table ``differences``: a row per figure that was added, or that is other than before."""
    keys = ", ".join(FIGURE_KEY)
    lines = list(dict.fromkeys((*lines_of(connection, "previous"), *lines_of(connection, "monitor"))))
    every = " UNION ALL ".join(
        f"SELECT {literal(line)} AS line, * FROM ({_joined(connection, line)})" for line in lines
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE differences AS
        WITH changed AS (
            SELECT *, CASE
                WHEN old_value IS NULL THEN if(new_value IS NULL, NULL, 'added')
                WHEN new_value IS NULL THEN 'withdrawn'
                WHEN abs(new_value - old_value) > {_NOISE} * greatest(abs(new_value), abs(old_value)) THEN 'revised'
                WHEN new_status IS DISTINCT FROM old_status THEN 'status_changed'
            END AS change, coalesce(change = 'withdrawn' AND new_status IN {_HIDDEN}, false) AS is_hidden
            FROM ({every})
        )
        SELECT line, {keys}, change, if(is_hidden, NULL, old_value) AS old_value, new_value, old_status, new_status,
            old_snapshot_id, new_snapshot_id, CASE WHEN is_hidden THEN 'suppression' ELSE {_CAUSE} END AS cause
        FROM changed LEFT JOIN causes USING (indicator_code) WHERE change IS NOT NULL"""
    )


def _joined(connection: duckdb.DuckDBPyConnection, line: str) -> str:
    """Old and new side by side; a line that one of the releases lacks has no figures there."""
    keys = ", ".join(FIGURE_KEY)
    old, new = (
        f"(SELECT {keys}, feed_id, value, value_status, snapshot_id FROM {_figures(connection, database, line)})"
        for database in ("previous", "monitor")
    )
    return f"""SELECT {keys}, coalesce(new.feed_id, old.feed_id) AS feed_id, old.value AS old_value, new.value AS new_value,
        old.value_status AS old_status, new.value_status AS new_status, old.snapshot_id AS old_snapshot_id,
        new.snapshot_id AS new_snapshot_id FROM {old} AS old FULL JOIN {new} AS new USING ({keys})"""


def _figures(connection: duckdb.DuckDBPyConnection, database: str, line: str) -> str:
    if line in lines_of(connection, database):
        return f"{database}.{line}.indicator_values"
    other = "monitor" if database == "previous" else "previous"
    return f"(SELECT * FROM {other}.{line}.indicator_values LIMIT 0)"


def _schema_changes() -> str:
    """Tables and columns that came, went or have another type; of a table that came or went not each column."""
    schemas = ", ".join(literal(schema) for schema in SCHEMAS)
    columns = f"""(SELECT schema_name || '.' || table_name AS table_name, column_name, data_type FROM duckdb_columns()
        WHERE database_name = '{{}}' AND schema_name IN ({schemas}))"""
    return f"""
        WITH old AS {columns.format("previous")}, new AS {columns.format("monitor")}
        SELECT DISTINCT 'table_dropped' AS change, table_name AS name, NULL::VARCHAR AS old_text, NULL::VARCHAR AS new_text
        FROM old ANTI JOIN new USING (table_name)
        UNION ALL SELECT DISTINCT 'table_added', table_name, NULL, NULL FROM new ANTI JOIN old USING (table_name)
        UNION ALL
        SELECT CASE WHEN new.data_type IS NULL THEN 'column_dropped' WHEN old.data_type IS NULL THEN 'column_added'
                ELSE 'column_retyped' END, table_name || '.' || column_name, old.data_type, new.data_type
        FROM old FULL JOIN new USING (table_name, column_name)
        WHERE table_name IN (SELECT table_name FROM old) AND table_name IN (SELECT table_name FROM new)
            AND old.data_type IS DISTINCT FROM new.data_type"""


def _indicator_changes(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Indicators that came or went, and each column of ``meta.indicators`` that says something else of one that stayed."""
    both = "previous.meta.indicators AS old {} JOIN monitor.meta.indicators AS new USING (indicator_code)"
    yield f"""SELECT if(new.line IS NULL, 'indicator_dropped', 'indicator_added') AS change, indicator_code,
        coalesce(new.line, old.line) AS line, old.label_nl AS old_text, new.label_nl AS new_text
        FROM {both.format("FULL")} WHERE old.line IS NULL OR new.line IS NULL"""
    old, new = (
        next(table for table in list_tables(connection, database, ["meta"]) if table.name == "indicators")
        for database in ("previous", "monitor")
    )
    for column in new.column_names:
        if column != "indicator_code" and old.has(column):
            name = quote(column)
            yield f"""SELECT 'indicator_redefined' AS change, {literal(column)} AS name, indicator_code, new.line AS line,
                old.{name}::VARCHAR AS old_text, new.{name}::VARCHAR AS new_text
                FROM {both.format("")} WHERE old.{name} IS DISTINCT FROM new.{name}"""


_FIGURE_CHANGES = """
    SELECT 'figure_' || change AS change, line, indicator_code, area_code, period_start, period_type, breakdown, old_value,
        new_value, new_value - old_value AS difference, 100 * (new_value - old_value) / nullif(abs(old_value), 0) AS difference_pct,
        old_status AS old_text, new_status AS new_text, cause, NULL::BIGINT AS figures
    FROM differences WHERE change <> 'added'
    UNION ALL BY NAME
    SELECT 'figures_added' AS change, line, indicator_code, max(period_start) AS period_start, period_type, count(*) AS figures
    FROM differences WHERE change = 'added' GROUP BY line, indicator_code, period_type"""


def _verdicts(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Series whose newest verdict is another one than before.

    The newest row counts, with a figure or with a hidden one, so that nobody is given the verdict of an older period
    because a newer one is hidden. Nothing flips to or from no verdict.
    """
    series = "indicator_code, area_code, period_type, breakdown"
    for line in lines_of(connection, "monitor"):
        if line not in lines_of(connection, "previous"):
            continue
        newest = f"""(SELECT {series}, period_start, feed_id, snapshot_id, national_verdict AS national,
            municipality_rest_verdict AS municipality_rest FROM {{}}.{line}.indicator_values
            WHERE value IS NOT NULL OR value_status IN {_HIDDEN}
            QUALIFY row_number() OVER (PARTITION BY {series} ORDER BY period_start DESC) = 1)"""
        for comparator in ("national", "municipality_rest"):
            yield f"""SELECT 'verdict_flipped' AS change, {literal(comparator)} AS name, {literal(line)} AS line,
                indicator_code, area_code, period_start, period_type, breakdown, old_text, new_text,
                CASE WHEN period_start > old_period_start THEN 'new_period' ELSE {_CAUSE} END AS cause
                FROM (SELECT {series}, new.period_start, old.period_start AS old_period_start, new.feed_id,
                    old.snapshot_id AS old_snapshot_id, new.snapshot_id AS new_snapshot_id,
                    old.{comparator} AS old_text, new.{comparator} AS new_text
                    FROM {newest.format("previous")} AS old JOIN {newest.format("monitor")} AS new USING ({series}))
                LEFT JOIN causes USING (indicator_code) WHERE old_text <> new_text"""
