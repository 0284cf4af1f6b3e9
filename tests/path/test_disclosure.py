"""What the sample's release shows of partners' figures, beside what they delivered, computed a second time with pandas.

Whether the hidden can be worked out from the shown is the attack's business (test_attack.py).
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from publication.catalog import LINES, open_read_only

pytestmark = pytest.mark.slow

WIJK_FEED, BUURT_FEED = "bijstand_wijk", "meldingen_overlast"


@pytest.fixture(scope="module")
def warehouse(sample_home: Path) -> duckdb.DuckDBPyConnection:
    with closing(open_read_only(sample_home / "sample" / "warehouse" / "warehouse.duckdb")) as connection:
        yield connection


@pytest.fixture(scope="module")
def figures(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    marts = " UNION ALL BY NAME ".join(f"SELECT * FROM {line}.indicator_values" for line in LINES)
    return warehouse.execute(
        f"SELECT figures.* FROM ({marts}) AS figures JOIN control.disclosure_rules AS rules USING (feed_id) WHERE NOT is_open"
    ).df()


def delivered(warehouse: duckdb.DuckDBPyConnection, feed: str, measure: str, breakdown: str) -> pd.DataFrame:
    """area_code, period_start (of months) and what the partner counted."""
    return warehouse.execute(
        f"""SELECT area_code, make_date(left(period_code, 4)::INTEGER, right(period_code, 2)::INTEGER, 1) AS period_start,
            {measure} AS truth FROM raw.{feed} WHERE breakdown = '{breakdown}'"""
    ).df()


def test_partners_figures_go_no_further_than_heerlen(figures: pd.DataFrame) -> None:
    assert len(figures) > 10_000
    inside = figures.area_code.str.match(r"(BU|WK)0917|GM0917$|HN1[34]$|RH1[34]$")
    assert inside.all(), sorted(set(figures.area_code[~inside]))
    assert {"GM0917", "HN14", "HN13", "RH14", "RH13"} <= set(figures.area_code)


def test_wijken_make_heerlen_noord_and_heerlen(warehouse: duckdb.DuckDBPyConnection, figures: pd.DataFrame) -> None:
    """Shown counts are the partner's, added up by hand and rounded; a hidden one is never zero."""
    truth = delivered(warehouse, WIJK_FEED, "recipients", "27_45|total")
    members = warehouse.execute("SELECT area_set AS area, member_code AS area_code FROM meta.area_members").df()
    members = members[members.area.isin(["HN14", "HN13", "RH14", "RH13"])]
    whole = pd.DataFrame({"area": "GM0917", "area_code": truth.area_code.unique()})
    own = pd.DataFrame({"area": truth.area_code.unique(), "area_code": truth.area_code.unique()})
    sums = pd.concat([members, whole, own]).merge(truth, on="area_code").groupby(["area", "period_start"]).truth.sum()
    shown = figures[(figures.indicator_code == "WER_BIJSTAND_HUISHOUDENS") & (figures.breakdown == "27_45")]
    assert len(shown) == len(sums) == 25 * (23 + 5)
    beside = shown.set_index(["area_code", "period_start"]).numerator.rename_axis(["area", "period_start"]).to_frame()
    beside = beside.join(sums, how="inner")
    assert len(beside) == len(shown)
    seen = beside.dropna()
    assert ((seen.numerator - seen.truth).abs() <= 2).all()
    assert ((seen.numerator % 5 == 0) & ((seen.numerator == 0) == (seen.truth == 0))).all()
    assert not beside.numerator[beside.truth.between(1, 4)].notna().any()
    assert len(seen) > 400


def test_buurten_make_their_wijk(warehouse: duckdb.DuckDBPyConnection, figures: pd.DataFrame) -> None:
    truth = delivered(warehouse, BUURT_FEED, "reports", "total")
    truth["area_code"] = "WK" + truth.area_code.str[2:8]
    sums = truth.groupby(["area_code", "period_start"]).truth.sum()
    shown = figures[(figures.indicator_code == "VEI_MELDINGEN_OVERLAST") & (figures.breakdown == "total")]
    beside = shown.set_index(["area_code", "period_start"]).join(sums, how="inner")
    assert len(beside) == 25 * 23
    seen = beside.dropna(subset=["numerator"])
    assert len(seen) > 200
    assert ((seen.numerator - seen.truth).abs() <= 2).all()


def test_every_rule_has_hidden_something_and_open_figures_are_untouched(
    warehouse: duckdb.DuckDBPyConnection, figures: pd.DataFrame
) -> None:
    reasons = dict(
        warehouse.execute(
            "SELECT reason, count(*) FROM intermediate.int_disclosure__decided WHERE NOT is_shown GROUP BY reason"
        ).fetchall()
    )
    assert set(reasons) >= {"small_count", "small_denominator", "small_population", "secondary"}
    assert (figures.value_status == "suppressed_here").sum() > 1000
    open_marts = " UNION ALL ".join(f"SELECT feed_id, value_status FROM {line}.indicator_values" for line in LINES)
    hidden_open = warehouse.execute(
        f"""SELECT count(*) FROM ({open_marts}) JOIN control.disclosure_rules USING (feed_id)
        WHERE is_open AND value_status = 'suppressed_here'"""
    ).fetchall()
    assert hidden_open == [(0,)]


def test_hidden_figures_say_so_in_plain_words(figures: pd.DataFrame) -> None:
    hidden = figures[figures.value_status == "suppressed_here"]
    assert set(hidden.value_note_nl) == {"Wij laten dit cijfer niet zien om mensen te beschermen."}
    assert not hidden.coverage.notna().any()


def test_every_number_is_made_of_atoms(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Without its atoms the engine could not know what a number gives away. Sets are made of the atoms of their members."""
    without = warehouse.execute(
        """SELECT count(*) FROM intermediate.int_disclosure__quantities
        ANTI JOIN intermediate.int_disclosure__parts USING (quantity_id) WHERE kind != 'open' AND true_value > 0"""
    ).fetchall()
    assert without == [(0,)]
    differing = warehouse.execute(
        """WITH atoms AS (SELECT q.*, p.atom_id FROM intermediate.int_disclosure__quantities AS q
            JOIN intermediate.int_disclosure__parts AS p USING (quantity_id) WHERE code = 'WER_BIJSTAND_HUISHOUDENS')
        SELECT count(*) FROM (
            (SELECT period_start, breakdown, atom_id FROM atoms WHERE area_code = 'GM0917')
            EXCEPT ALL (SELECT period_start, breakdown, atom_id FROM atoms WHERE area_code IN ('HN14', 'RH14')))"""
    ).fetchall()
    assert differing == [(0,)]


def test_the_ledger_knows_what_the_release_shows(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Read from the release, the ledger agrees with the decisions, number for number."""
    keys = "subject, code, role, area_code, period_type, period_start, breakdown"
    (numbers, agreeing) = warehouse.execute(
        f"""SELECT count(*), count(*) FILTER (WHERE p.is_shown = d.is_shown AND p.shown_value IS NOT DISTINCT FROM d.shown_value)
        FROM intermediate.int_disclosure__quantities AS q JOIN intermediate.int_disclosure__decided AS d USING (quantity_id)
        LEFT JOIN control.published AS p USING ({keys}) WHERE q.kind != 'open'"""
    ).fetchall()[0]
    assert numbers == agreeing > 50_000


def test_no_checksum_of_a_partner_leaves(warehouse: duckdb.DuckDBPyConnection) -> None:
    told = warehouse.execute(
        """SELECT count(*), count(content_sha256), count(s.upstream_version), count(v.upstream_version)
        FROM meta.snapshots AS s JOIN control.disclosure_rules AS r USING (feed_id) LEFT JOIN meta.vintages AS v USING (snapshot_id)
        WHERE NOT is_open"""
    ).fetchall()[0]
    assert told[0] > 100
    assert told[1:] == (0, 0, 0)


def test_activities_of_partners_are_told(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute("FROM programma.activities").df()
    assert set(rows.line) <= set(LINES)
    assert {"HN14", "HN13", "RH14", "GM0917"} <= set(rows.area_code)
    assert not rows.area_code.isin(["NL00", "PARKSTAD", "PV31"]).any()
    noord = rows[rows.area_code == "HN14"]
    truth = warehouse.execute(
        """SELECT split_part(breakdown, '|', 2) AS activity, split_part(breakdown, '|', 1) AS line, period_code,
            sum(participations) AS truth FROM raw.activiteiten JOIN meta.area_members ON area_code = member_code
        WHERE area_set = 'HN14' AND breakdown NOT LIKE '%total%' GROUP BY ALL"""
    ).df()
    truth["period_start"] = pd.to_datetime(
        truth.period_code.str[:4] + "-" + (3 * truth.period_code.str[-2:].astype(int) - 2).astype(str) + "-1"
    )
    beside = noord.merge(truth, on=["activity", "line", "period_start"])
    assert len(beside) == len(noord) > 50
    seen = beside.dropna(subset=["participations"])
    assert ((seen.participations - seen.truth).abs() <= 2).all()
    assert len(seen) > 0.8 * len(noord)
