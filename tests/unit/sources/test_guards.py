"""What stands beside what is delivered: nothing is missed, nothing is invented, and each loss has a name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.environment import Scope
from sources.feed import Acknowledgement
from sources.guards import Comparison, Jump, Vanished, find_jumps, find_vanished, judge_jumps, judge_vanished
from sources.loading import create_delivery, raw_columns
from sources.registry import Measure
from sources.warehouse import connect_memory
from tests.support.small import kerncijfers_feed

MEASURES = {
    "persons": Measure(stem=("Personen",), unit="aantal"),
    "share_pct": Measure(stem=("Aandeel",), unit="%"),
    "deviation": Measure(stem=("Afwijking",), unit="score"),
}
FEED = kerncijfers_feed().model_copy(update={"measures": MEASURES, "corrections": ()})
SCOPE = Scope(with_neighbourhoods=("GM0917",), municipalities=("GM0928",), required=("GM0917",))
AREAS = ("NL00", "PV31", "GM0917", "GM0928", "WK091710", "BU09171000")
IN_SCOPE = frozenset(AREAS) - {"PV31"}
# (table, area, period) → one figure per measure, None where there is none. The table's digits are its boundary year.
Key = tuple[str, str, str]
Figures = tuple[float | None, ...]
Rows = Mapping[Key, Figures]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect_memory() as connection:
        connection.execute("CREATE SCHEMA raw; ATTACH ':memory:' AS audit")
        yield connection


def compare(
    connection: duckdb.DuckDBPyConnection, standing: Rows, delivered: Rows, feed: Any = FEED, scope: Scope = SCOPE
) -> Comparison:
    """Both as an arrival lays them down; the standing rows were read under the contract of FEED."""
    connection.execute(f"CREATE OR REPLACE TABLE raw.{FEED.id} ({raw_columns(FEED)})")
    connection.execute("USE audit")
    create_delivery(connection, feed)
    connection.execute("USE memory")
    for relation, rows in ((f"raw.{FEED.id}", standing), ("audit.delivery", delivered)):
        for (table, area, period), figures in rows.items():
            keys = ["s", table, area, None, int(table[1:]), period, None, "total", "value"]
            marks = ", ".join("?" * len(figures))
            connection.execute(
                f"INSERT INTO {relation} VALUES ({', '.join('?' * len(keys))}, MAP {{}}, MAP {{}}, {marks})",
                [*keys, *figures],
            )
    return Comparison(connection, feed, scope)


_KEYS = st.tuples(
    st.sampled_from(["T2020", "T2021"]), st.sampled_from(AREAS), st.sampled_from(["2019JJ00", "2020JJ00"])
)


def rows_of(figure: st.SearchStrategy[float | None]) -> st.SearchStrategy[dict[Key, Figures]]:
    return st.dictionaries(_KEYS, st.tuples(figure, figure, figure), max_size=14)


_PRESENCE = rows_of(st.sampled_from([None, 1.0]))


def expected_losses(standing: Rows, delivered: Rows) -> set[Vanished]:
    """The same, from the words of the rule and without SQL, for a delivery of another version of the same tables."""
    found: set[Vanished] = set()
    for table in {key[0] for key in standing} & {key[0] for key in delivered}:

        def filled(rows: Rows, table: str = table) -> set[tuple[str, str]]:
            return {
                (period, name)
                for (owner, _, period), figures in rows.items()
                for name, figure in zip(MEASURES, figures, strict=True)
                if owner == table and figure is not None
            }

        had, has = filled(standing), filled(delivered)
        for at, what in ((0, "period"), (1, "measure")):
            found |= {Vanished(what, pair[at], table) for pair in had if pair[at] not in {other[at] for other in has}}
        gone = {(thing.what, thing.name) for thing in found if thing.table == table}
        found |= {
            Vanished("measure", f"{name}/{period}", table)
            for period, name in had - has
            if ("period", period) not in gone and ("measure", name) not in gone
        }
        periods = {period for owner, _, period in delivered if owner == table}
        for area in IN_SCOPE:
            known = [p for p in periods if (table, area, p) in standing]
            lost = [p for p in known if (table, area, p) not in delivered]
            if lost:
                where = "" if len(lost) == len(known) else f"in {len(lost)} of {len(known)} periods"
                found.add(Vanished("region", area, table, where))
    return found


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(_PRESENCE, _PRESENCE)
def test_every_loss_is_named_and_none_is_invented(
    connection: duckdb.DuckDBPyConnection, standing: Rows, delivered: Rows
) -> None:
    found = find_vanished(compare(connection, standing, delivered), replace=False)
    assert len(found) == len(set(found))
    assert set(found) == expected_losses(standing, delivered)


@settings(max_examples=30, deadline=None)
@given(_PRESENCE)
def test_an_equal_or_richer_delivery_loses_nothing(connection: duckdb.DuckDBPyConnection, standing: Rows) -> None:
    richer = dict(standing) | {("T2021", "GM0917", "2021JJ00"): (1.0, 1.0, 1.0)}
    assert find_vanished(compare(connection, standing, richer), replace=True) == []
    assert find_jumps(compare(connection, standing, richer)) == []


ONE = {("T2020", area, "2020JJ00"): (100.0, 10.0, -0.1) for area in AREAS}
OTHER = {("T2021", area, "2021JJ00"): (100.0, 10.0, -0.1) for area in AREAS}


def test_a_table_that_the_feed_file_no_longer_names_is_missed(connection: duckdb.DuckDBPyConnection) -> None:
    pair = compare(connection, ONE | OTHER, OTHER)
    assert find_vanished(pair, replace=True) == [Vanished("table", "T2020", "T2020")]
    assert find_vanished(pair, replace=False) == [], "the table stands and was not asked for"


def test_a_table_that_replaces_another_must_have_what_that_had(connection: duckdb.DuckDBPyConnection) -> None:
    newer = {("T2022", area, "2020JJ00"): (100.0, None, -0.1) for area in AREAS if area != "GM0928"}
    assert find_vanished(compare(connection, ONE | OTHER, newer | OTHER), replace=True) == [
        Vanished("table", "T2020", "T2020")
    ], "another table of the feed still has measure and region"
    assert find_vanished(compare(connection, ONE, newer), replace=True) == [
        Vanished("measure", "share_pct", "T2020"),
        Vanished("region", "GM0928", "T2020"),
        Vanished("table", "T2020", "T2020"),
    ]


def test_a_measure_taken_out_of_the_feed_file_is_missed(connection: duckdb.DuckDBPyConnection) -> None:
    slim = FEED.model_copy(update={"measures": {"persons": MEASURES["persons"], "deviation": MEASURES["deviation"]}})
    delivered = {key: (figures[0], figures[2]) for key, figures in ONE.items()}
    assert find_vanished(compare(connection, ONE, delivered, slim), replace=True) == [
        Vanished("measure", "share_pct", "T2020")
    ]


def test_only_regions_that_the_run_asks_for_are_missed(connection: duckdb.DuckDBPyConnection) -> None:
    nothing = {key: figures for key, figures in ONE.items() if key[1] == "GM0917"}
    narrow = Scope(national=False, municipalities=("GM0917",), required=("GM0917",))
    assert find_vanished(compare(connection, ONE, nothing, scope=narrow), replace=False) == []
    whole = Scope(whole_country=True, required=("GM0917",))
    names = [thing.name for thing in find_vanished(compare(connection, ONE, nothing, scope=whole), replace=False)]
    assert names == sorted(set(AREAS) - {"GM0917"})


def accepted(what: Any, name: str, table: str | None = None) -> Acknowledgement:
    return Acknowledgement(what=what, name=name, table=table, date=date(2026, 11, 1), reason="samengevoegd")


LOSSES = [Vanished("region", f"BU0917100{n}", "T2020") for n in range(7)] + [Vanished("table", "T2019", "T2019")]


def test_the_message_names_the_first_few_and_counts_all() -> None:
    check = judge_vanished(FEED, LOSSES, compared=True)
    assert check.found == (
        "7 regions vanished: BU09171000 (table T2020), BU09171001 (table T2020), BU09171002 (table T2020), "
        "BU09171003 (table T2020), BU09171004 (table T2020) and 2 more; 1 table vanished: T2019"
    )
    assert (check.blocks, check.unexpected_count, len(json.loads(check.examples))) == (True, 8, 3)
    assert "acknowledged line with date and reason" in check.expected


def test_the_same_name_in_many_tables_is_told_once() -> None:
    losses = [Vanished("measure", "share_pct", f"T{year}") for year in range(2013, 2026)]
    assert judge_vanished(FEED, losses, compared=True).found == (
        "1 measure vanished: share_pct (13 tables such as T2013)"
    )


def test_what_is_acknowledged_passes_and_the_check_says_why() -> None:
    feed = FEED.model_copy(update={"acknowledged": (accepted("region", "BU0917*"), accepted("table", "T2019"))})
    check = judge_vanished(feed, LOSSES, compared=True)
    assert check.passed
    assert check.found == (
        "acknowledged: region BU0917* since 2026-11-01: samengevoegd; "
        "acknowledged: table T2019 since 2026-11-01: samengevoegd"
    )


@pytest.mark.parametrize(
    "line",
    [
        accepted("period", "BU0917*"),
        accepted("region", "BU0918*"),
        accepted("region", "BU0917*", "T2021"),
        accepted("region", "BU0917"),
    ],
)
def test_an_acknowledgement_of_something_else_does_not_help(line: Acknowledgement) -> None:
    feed = FEED.model_copy(update={"acknowledged": (line,)})
    assert judge_vanished(feed, LOSSES[:1], compared=True).blocks


_FIGURE = st.sampled_from([None, 0.0, 0.3, 3.0, 4.9, 5.0, 30.0, 49.0, 50.0, 500.0])
_FIGURES = rows_of(_FIGURE)


def expected_jumps(standing: Rows, delivered: Rows) -> set[tuple[str, str, str, str, str]]:
    """Table, area, measure, old and new period, from the words of the rule and without SQL."""

    def known(rows: Rows, at: int) -> dict[Key, float]:
        return {
            key: figure for key, figures in rows.items() if (figure := figures[at]) and key[1][:2] in ("NL", "PV", "GM")
        }

    found = set()
    for at, name in enumerate(MEASURES):
        old, new = known(standing, at), known(delivered, at)
        pairs = []
        for (table, area, period), figure in new.items():
            same = [t for t, a, p in old if (a, p) == (area, period)]
            if same:
                best = table if table in same else max(same)
                pairs.append((table, area, period, period, old[best, area, period], figure))
        for area in AREAS:
            fresh = [(p, t) for t, a, p in new if a == area and not any((a, p) == (k[1], k[2]) for k in old)]
            earlier = [(p, t) for t, a, p in old if a == area and fresh and p < max(fresh)[0]]
            if earlier:
                (period, table), (before, owner) = max(fresh), max(earlier)
                pairs.append((table, area, before, period, old[owner, area, before], new[table, area, period]))
        for table, area, before, period, was, now in pairs:
            large = max(was, now) >= 50 or name != "persons"
            if max(was, now) / min(was, now) >= 10 and large:
                found.add((table, area, name, before, period))
    return found


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(_FIGURES, _FIGURES)
def test_every_tenfold_jump_is_found_and_no_other(
    connection: duckdb.DuckDBPyConnection, standing: Rows, delivered: Rows
) -> None:
    found = find_jumps(compare(connection, standing, delivered))
    keys = [(jump.table, jump.area, jump.measure, jump.old_period, jump.period) for jump in found]
    assert len(keys) == len(set(keys))
    assert set(keys) == expected_jumps(standing, delivered)


@pytest.mark.parametrize(("month", "jumps"), [("2021MM12", []), ("2021MM11", [("2021MM10", "2021MM11")])])
def test_a_month_is_held_beside_the_same_month_of_the_year_before(
    connection: duckdb.DuckDBPyConnection, month: str, jumps: list[tuple[str, str]]
) -> None:
    """Fireworks are registered in December: 500 after 20 in the month before is no jump. November has no year before."""
    standing = {
        ("T2020", "GM0917", "2020MM12"): (480.0 if month.endswith("12") else 20.0, 1.0, 0.1),
        ("T2021", "GM0917", "2021MM10"): (20.0, 1.0, 0.1),
    }
    delivered = {("T2021", "GM0917", month): (500.0, 1.0, 0.1)}
    found = find_jumps(compare(connection, standing, delivered))
    assert [(jump.old_period, jump.period) for jump in found] == jumps


def test_a_measure_without_a_zero_point_has_no_jumps(connection: duckdb.DuckDBPyConnection) -> None:
    standing = {("T2020", "NL00", "2020JJ00"): (100.0, 10.0, 0.01), ("T2020", "GM0917", "2020JJ00"): (1.0, 1.0, -0.2)}
    delivered = {("T2020", "NL00", "2020JJ00"): (100.0, 10.0, 0.9), ("T2020", "GM0917", "2020JJ00"): (1.0, 1.0, -3.0)}
    assert find_jumps(compare(connection, standing, delivered)) == []


def test_a_jump_is_shown_with_both_figures_and_may_be_acknowledged() -> None:
    jumps = [Jump("T2020", "GM0917", "0.0.0", "persons", "2019JJ00", "2020JJ00", 87086.0, 870860.0)]
    check = judge_jumps(FEED, jumps, compared=True)
    assert check.found == (
        "1 figure jumped tenfold: persons (0.0.0) of GM0917 in 2020JJ00, table T2020: 870,860, and 87,086 in 2019JJ00 before"
    )
    assert json.loads(check.examples) == [
        {
            "table": "T2020", "area": "GM0917", "breakdown": "0.0.0", "measure": "persons", "old_period": "2019JJ00",
            "period": "2020JJ00", "old": 87086.0, "new": 870860.0,
        }
    ]  # fmt: skip
    assert check.blocks
    for name, passes in (("persons", True), ("persons/GM0917", True), ("persons/GM0928", False), ("share_pct", False)):
        feed = FEED.model_copy(update={"acknowledged": (accepted("jump", name),)})
        assert judge_jumps(feed, jumps, compared=True).passed is passes
