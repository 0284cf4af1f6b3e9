"""From cells to numbers: the contract that needs no statistics.

Belongs here: turning the text cells of a protocol into the raw table's shape (see docs/architecture.md), keeping a
marker for each cell that holds no number, refusing text that is neither, and correcting known errors of the publisher
(`sources.corrections`). Does not belong here: expectations on the values (`sources.expectations`) and promotion
(`sources.warehouse`).
"""

from __future__ import annotations

import duckdb

from sources.corrections import MARKER, Correction
from sources.environment import Scope
from sources.errors import FeedProblem
from sources.feed import FeedBase
from sources.landing import Snapshot
from sources.protocols.cells import literal, quote
from sources.registry import DownloadFeed, Feed

# CBS codes, and PC with the four digits of a postcode.
AREA_CODE = "^((NL|LD|PV|CR|GM|WK|BU)[0-9A-Z]{2,8}|PC[0-9]{4})$"
_POINT = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
_COMMA = r"\s*[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]*)(,[0-9]+)?([eE][+-]?[0-9]+)?\s*"
DELIVERY_KEYS = ("table_id", "area_code", "period_code", "breakdown", "bound")


def create_delivery(connection: duckdb.DuckDBPyConnection, feed: FeedBase) -> None:
    """Make the empty table ``delivery`` in the shape of ``raw.<feed>``, and ``applied_corrections`` beside it.

    The latter says which line of the corrections changed how many cells of which delivery.
    """
    connection.execute(f"CREATE OR REPLACE TABLE delivery ({raw_columns(feed)})")
    connection.execute(
        "CREATE OR REPLACE TABLE applied_corrections (correction_id VARCHAR, snapshot_id VARCHAR, cells BIGINT)"
    )


def raw_columns(feed: FeedBase) -> str:
    """The column list of ``raw.<feed>``."""
    measures = [f"{quote(name)} DOUBLE" for name in feed.measures]
    return ", ".join(
        [
            "snapshot_id VARCHAR NOT NULL",
            "table_id VARCHAR NOT NULL",
            "area_code VARCHAR NOT NULL",
            "area_name VARCHAR",
            "boundary_year INTEGER NOT NULL",
            "period_code VARCHAR NOT NULL",
            "period_status VARCHAR",
            "breakdown VARCHAR NOT NULL",
            "bound VARCHAR NOT NULL",
            "attributes MAP(VARCHAR, VARCHAR)",
            "missing_markers MAP(VARCHAR, VARCHAR)",
            *measures,
        ]
    )


def append_cells(connection: duckdb.DuckDBPyConnection, feed: Feed, snapshot: Snapshot, scope: Scope) -> None:
    """Check ``cells``, correct known errors and append them to ``delivery``.

    Raises:
        FeedProblem: a required region is absent, an area code is no code, or a cell is neither a number nor one of the
            feed's markers for missing.
    """
    _require_regions(connection, feed, snapshot, scope)
    _refuse_strange_areas(connection, feed, snapshot)
    _correct(connection, feed, snapshot)
    measures = [f"{_value(feed, name)} AS {quote(name)}" for name in feed.measures]
    connection.execute(
        f"""INSERT INTO delivery SELECT {literal(snapshot.snapshot_id)}, {literal(snapshot.table.id)}, area_code, area_name,
        {snapshot.table.year}, period_code, period_status, breakdown, bound, {_attributes(feed)}, {_markers(feed)}, {", ".join(measures)}
        FROM cells"""
    )
    _refuse_strange_text(connection, feed, snapshot)


def _correct(connection: duckdb.DuckDBPyConnection, feed: Feed, snapshot: Snapshot) -> None:
    """Correct ``cells`` in place; lines apply in the order of the file, and a later one sees what an earlier one left.

    This comes before the audit: a known -1 would hold a whole table, figures that are right included.
    """
    for correction in feed.corrections:
        if correction.table_id == snapshot.table.id:
            (changed,) = connection.execute(
                f"UPDATE cells SET {quote(correction.measure)} = {literal(_corrected(feed, correction))} "
                f"WHERE {_is_wrong(feed, correction)}"
            ).fetchall()[0]
            connection.execute(
                "INSERT INTO applied_corrections VALUES (?, ?, ?)",
                [correction.correction_id, snapshot.snapshot_id, changed],
            )


def _corrected(feed: Feed, correction: Correction) -> str:
    """The text that takes the cell's place, as the publisher would have written it."""
    if correction.replacement is None:
        return MARKER
    text = repr(correction.replacement)
    return text.replace(".", feed.decimal) if isinstance(feed, DownloadFeed) else text


def _is_wrong(feed: Feed, correction: Correction) -> str:
    conditions = [f"{_number(feed, correction.measure)} = {correction.published_value!r}::DOUBLE"]
    if correction.area_code:
        conditions.append(f"area_code = {literal(correction.area_code)}")
    if correction.period_code:
        conditions.append(f"period_code = {literal(correction.period_code)}")
    return " AND ".join(conditions)


def _attributes(feed: FeedBase) -> str:
    if not feed.attributes:
        return "MAP {}"
    keys = ", ".join(literal(name) for name in feed.attributes)
    values = ", ".join(quote("attribute_" + name) for name in feed.attributes)
    return f"map_from_entries(list_filter(list_zip([{keys}], [{values}]), lambda pair: pair[2] IS NOT NULL))"


def _markers(feed: Feed) -> str:
    """A map from measure to marker, of the cells that have text and no number."""
    keys = ", ".join(literal(name) for name in feed.measures)
    values = ", ".join(f"CASE WHEN {_value(feed, name)} IS NULL THEN {quote(name)} END" for name in feed.measures)
    return f"map_from_entries(list_filter(list_zip([{keys}], [{values}]), lambda pair: pair[2] IS NOT NULL))"


def _number(feed: Feed, name: str) -> str:
    text, shape = quote(name), _POINT
    number = text
    if isinstance(feed, DownloadFeed) and feed.decimal == ",":
        number, shape = f"replace(replace({text}, '.', ''), ',', '.')", _COMMA
    # The cast alone takes nan, inf, 1e400 and 1_000, and without the dots 1.5 would pass for 15.
    number = f"try_cast({number} AS DOUBLE)"
    return f"CASE WHEN regexp_full_match({text}, '{shape}') AND isfinite({number}) THEN {number} END"


def _value(feed: Feed, name: str) -> str:
    """The number of a cell, NULL where it stands for a missing figure (``-99997``)."""
    if feed.missing_below is None:
        return _number(feed, name)
    return f"CASE WHEN {_number(feed, name)} >= {feed.missing_below!r} THEN {_number(feed, name)} END"


def _require_regions(connection: duckdb.DuckDBPyConnection, feed: Feed, snapshot: Snapshot, scope: Scope) -> None:
    present = {code for (code,) in connection.execute("SELECT DISTINCT area_code FROM cells").fetchall()}
    absent = [code for code in feed.required_areas(scope.required) if code not in present]
    if absent:
        raise FeedProblem(
            f"no rows for {', '.join(absent)}", feed_id=feed.id, where=f"table {snapshot.table.id}, {snapshot.source_url}",
            expected="rows for every region that the scope requires",
        )  # fmt: skip


def _refuse_strange_areas(connection: duckdb.DuckDBPyConnection, feed: FeedBase, snapshot: Snapshot) -> None:
    strange = connection.execute(
        f"SELECT area_code, file, row_number FROM cells WHERE area_code IS NULL OR NOT regexp_matches(area_code, '{AREA_CODE}') LIMIT 1"
    ).fetchall()
    if strange:
        code, file, row = strange[0]
        raise FeedProblem(
            f"'{code}' is no area code",
            feed_id=feed.id,
            where=f"table {snapshot.table.id}, {file}, row {row}",
            expected="a code such as BU09171000",
        )


def _refuse_strange_text(connection: duckdb.DuckDBPyConnection, feed: Feed, snapshot: Snapshot) -> None:
    """The markers of the rows just appended hold every text that is no number; only where one of them is strange is the
    cell looked for, because that reads each cell again."""
    allowed = [*feed.missing_markers, *(MARKER for c in feed.corrections if c.table_id == snapshot.table.id)]
    markers = ", ".join(literal(marker) for marker in allowed)
    suspect = connection.execute(
        f"SELECT 1 FROM delivery WHERE snapshot_id = ? AND NOT list_has_all([{markers}], map_values(missing_markers)) LIMIT 1",
        [snapshot.snapshot_id],
    ).fetchall()
    if not suspect:
        return
    strange = [
        f"({quote(name)} IS NOT NULL AND {_number(feed, name)} IS NULL AND {quote(name)} NOT IN ({markers}))"
        for name in feed.measures
    ]
    names = ", ".join(
        f"CASE WHEN {test} THEN {literal(name)} END" for name, test in zip(feed.measures, strange, strict=True)
    )
    found = connection.execute(
        f"""SELECT file, row_number, coalesce({names}) AS measure, to_json(cells)->>coalesce({names}) AS text
        FROM cells WHERE {" OR ".join(strange)} LIMIT 1"""
    ).fetchall()
    # None where the suspect is a number that stands for a missing figure (`_value`).
    if found:
        file, row, measure, text = found[0]
        raise FeedProblem(
            f"'{text}' in measure '{measure}'", feed_id=feed.id, where=f"table {snapshot.table.id}, {file}, row {row}",
            expected=f"a number or one of {list(feed.missing_markers)}",
        )  # fmt: skip
