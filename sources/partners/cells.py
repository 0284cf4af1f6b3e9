"""Accepted rows added up to cells: one for each area, period and breakdown, with the margins of each dimension.

Belongs here: sums, rows counted, different people counted, and what an area without rows means. Does not belong here:
indicators, rates and areas above wijk and buurt (dbt), and what may be shown (disclosure).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import product

import duckdb
import pyarrow as pa

from sources.contracts import PartnerFeed, PartnerMeasure
from sources.partners.areas import Places
from sources.partners.rules import Refused
from sources.protocols.cells import literal, quote

# One thread adds in one order, so that a delivery read again gives the same cells to the last digit. Rows of people are
# never spilled to a disk: without a folder for it, DuckDB stops instead.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "memory_limit": "700MB",
    "threads": 1,
    "temp_directory": "",
}
# The label of rows without a value in an optional dimension.
UNKNOWN = "onbekend"


def add_up(judged_rows: pa.Table, feed: PartnerFeed, incomplete: Collection[tuple[str, str]] = ()) -> pa.Table:
    """Cells with ``area_code, period_code, breakdown`` and the measures (DOUBLE, NULL: missing), in their order.

    `breakdown` holds the labels of the dimensions joined with ``|``; ``total`` stands for all of a dimension. A measure of a
    row without a value makes its sums missing. With ``absent: zero`` every area of the contract's kind gets zero for each
    breakdown that occurs in a period. `incomplete` are areas and periods that lack a refused row: a missing count would
    otherwise be shown as a smaller one, or as zero. Sums of aggregated rows are missing there; rows of people and cases stay
    added up (the contract's threshold bounds what they lack), but get no zeros.

    Raises:
        Refused: the rows don't fit in the memory that a delivery may take.
    """
    connection = duckdb.connect(":memory:", config=_CONFIG)
    try:
        connection.register("accepted", judged_rows)
        connection.register("incomplete", _incomplete(incomplete))
        for at, query in enumerate(_sums(feed)):
            connection.execute(f"{'INSERT INTO sums' if at else 'CREATE TEMP TABLE sums AS'} {query}")
        areas = Places.read().of_kind(feed.area.kind) if feed.absent == "zero" else []
        connection.register("areas", pa.table({"area_code": pa.array(areas, pa.string())}))
        return connection.execute(_cells(feed)).to_arrow_table()
    except duckdb.OutOfMemoryException:
        raise Refused("te_veel_cellen", "het bestand", "minder rijen per levering, zoals één maand tegelijk") from None
    finally:
        connection.close()


def _incomplete(pairs: Collection[tuple[str, str]]) -> pa.Table:
    codes = sorted(pairs)
    return pa.table(
        {
            "area_code": pa.array([area for area, _ in codes], pa.string()),
            "period_code": pa.array([period for _, period in codes], pa.string()),
        }
    )


def _sums(feed: PartnerFeed) -> Iterator[str]:
    """A query for each choice of dimensions that are margins; all in one (CUBE) would hold every set of people at once."""
    measures = ", ".join(f"{_measure(m)} AS {quote(name)}" for name, m in feed.measures.items())
    labels = [
        f"regexp_replace(replace(coalesce({quote(d)}, {literal(UNKNOWN)}), '|', '/'), '\\s+', ' ', 'g')"
        for d in feed.dimensions
    ]
    for chosen in product(*(("'total'", label) for label in labels)):
        breakdown = f"concat_ws('|', {', '.join(chosen)})" if chosen else "'total'"
        yield (
            f"SELECT area_code, period_code, {breakdown} AS breakdown, {measures} FROM accepted "
            "GROUP BY area_code, period_code, 3"
        )


def _measure(measure: PartnerMeasure) -> str:
    """A measure as an aggregate; rows that `where` leaves out count for nothing, also when they lack a value."""
    chosen = " AND ".join(
        f"{quote(name)} IN ({', '.join(map(literal, labels))})" for name, labels in measure.where.items()
    )
    only = f" FILTER (WHERE {chosen})" if chosen else ""
    if measure.rows:
        return f"count(*){only}::DOUBLE"
    if measure.distinct:
        return f"count(DISTINCT {quote(measure.distinct)}){only}::DOUBLE"
    assert measure.column is not None
    value = quote(measure.column)
    if measure.times:
        # The mean of no cases is empty, and adds nothing.
        value = f"CASE WHEN {quote(measure.times)} = 0 THEN 0 ELSE {value} * {quote(measure.times)} END"
    lacks = f"coalesce(bool_or(({value}) IS NULL){only}, FALSE)"
    return f"CASE WHEN {lacks} THEN NULL ELSE coalesce(fsum({value}){only}, 0) END::DOUBLE"


def _cells(feed: PartnerFeed) -> str:
    own = ", ".join(f"s.{quote(name)}" for name in feed.measures)
    zeros = ", ".join(f"0::DOUBLE AS {quote(name)}" for name in feed.measures)
    lacks = "i.area_code IS NOT NULL" if feed.rows == "aggregated" else "i.area_code IS NOT NULL AND f.is_filled"
    measures = ", ".join(f"CASE WHEN {lacks} THEN NULL ELSE f.{quote(n)} END AS {quote(n)}" for n in feed.measures)
    filled = f"""
        SELECT s.area_code, s.period_code, s.breakdown, FALSE AS is_filled, {own} FROM sums AS s
        UNION ALL
        SELECT a.area_code, b.period_code, b.breakdown, TRUE AS is_filled, {zeros}
        FROM areas AS a CROSS JOIN (SELECT DISTINCT period_code, breakdown FROM sums) AS b
        ANTI JOIN sums AS s ON s.area_code = a.area_code AND s.period_code = b.period_code AND s.breakdown = b.breakdown
    """
    return f"""
        SELECT f.area_code, f.period_code, f.breakdown, {measures}
        FROM ({filled}) AS f LEFT JOIN incomplete AS i ON i.area_code = f.area_code AND i.period_code = f.period_code
        ORDER BY f.area_code, f.period_code, f.breakdown
    """
