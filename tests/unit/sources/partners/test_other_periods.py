"""Which periods a delivery is about: by the name of its file, and by how many rows each period has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.contracts import PartnerFeed
from sources.partners.areas import Places
from sources.partners.periods import newest_by_name
from sources.partners.rows import Judged
from tests.support.partner_feeds import HEADER, judge, partner_feed

WIJKEN = sorted(Places.read().of_kind("wijk"))


def _rows(months: Mapping[str, int]) -> list[str]:
    """So many rows of each month (``2025-03``), each of a wijk and an age of its own."""
    ages = ("0_27", "27_45")
    return [
        f"{month[:4]};{int(month[5:])};{WIJKEN[at // 2]};{ages[at % 2]};{at + 5}"
        for month, count in months.items()
        for at in range(count)
    ]


def _periods(judged: Judged) -> dict[str, int]:
    counts = pc.value_counts(judged.rows["period_code"]).to_pylist()
    return {item["values"]: item["counts"] for item in counts}


@pytest.mark.parametrize(
    ("months", "file_name", "kept"),
    [
        ({"2025-03": 20}, "proef_202503.csv", {"2025MM03": 20}),
        ({"2025-03": 20, "2025-02": 3}, "proef_202503.csv", {"2025MM03": 20}),
        # A fifth is enough: four of twenty.
        ({"2025-03": 20, "2025-02": 4}, "proef_202503.csv", {"2025MM03": 20, "2025MM02": 4}),
        ({"2025-03": 20, "2025-02": 20}, "proef_202503.csv", {"2025MM03": 20, "2025MM02": 20}),
        ({"2025-03": 20, "2025-04": 20}, "proef_202503.csv", {"2025MM03": 20}),
        # A late period is no measure for the others.
        ({"2025-03": 3, "2025-04": 30}, "proef_202503.csv", {"2025MM03": 3}),
        # Named as no contract says: the rows alone tell.
        ({"2025-03": 20, "2025-04": 20, "2025-02": 1}, "anders.csv", {"2025MM03": 20, "2025MM04": 20}),
        ({"2025-04": 20}, "proef_202503.csv", {}),
    ],
)
def test_rows_of_other_periods_are_refused(
    tmp_path: Path, months: dict[str, int], file_name: str, kept: dict[str, int]
) -> None:
    judged = judge(tmp_path, partner_feed(), HEADER, *_rows(months), file_name=file_name)
    assert _periods(judged) == kept
    refused = sum(months.values()) - sum(kept.values())
    assert (judged.delivered, judged.refused) == (sum(months.values()), refused)
    assert judged.by_rule == ({"andere_periode": refused} if refused else {})


def test_a_pull_may_have_quiet_months(tmp_path: Path) -> None:
    rows = _rows({"2025-03": 20, "2025-02": 1})
    assert _periods(judge(tmp_path, partner_feed(), HEADER, *rows, not_before="2025MM01")) == {
        "2025MM03": 20,
        "2025MM02": 1,
    }


def test_an_area_lacks_a_row_in_every_period_when_the_row_says_none(tmp_path: Path) -> None:
    rows = _rows({"2025-02": 10, "2025-03": 10})
    stray, unreadable = f"2024;7;{WIJKEN[8]};0_27;1", f"2025;dertien;{WIJKEN[9]};0_27;1"
    wrong = f"2025;3;{WIJKEN[7]};0_27;veel"
    judged = judge(tmp_path, partner_feed(), HEADER, *rows, stray, unreadable, wrong, file_name="proef_202503.csv")
    both = ("2025MM02", "2025MM03")
    assert judged.incomplete == {(WIJKEN[at], period) for at in (8, 9) for period in both} | {(WIJKEN[7], both[1])}


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_each_period_that_stays_has_a_fifth_of_the_fullest(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    months = {f"2025-{at + 1:02}": size for at, size in enumerate(sizes)}
    judged = judge(tmp_path_factory.getbasetemp(), partner_feed(), HEADER, *_rows(months), file_name="proef_202512.csv")
    assert _periods(judged) == {f"2025MM{month[5:]}": size for month, size in months.items() if 5 * size >= max(sizes)}


def _feed(file_name: str, **period: Any) -> PartnerFeed:
    columns: dict[str, Any] = {
        "jaar": {"type": "year"},
        "maand": {"type": "month"},
        "dag": {"type": "date"},
        "wijk": {"type": "area"},
        "leeftijd": {"type": "text"},
        "aantal": {"type": "count"},
    }
    return partner_feed(file_name=file_name, columns=columns, period=period)


@pytest.mark.parametrize(
    ("feed", "named", "newest"),
    [
        (_feed("p_{JJJJ}{MM}.csv", type="MM", date="dag"), {"JJJJ": 2025, "MM": 3}, "2025MM03"),
        (_feed("p_{JJJJ}{MM}.csv", type="KW", date="dag"), {"JJJJ": 2025, "MM": 5}, "2025KW02"),
        (_feed("p_{JJJJ}Q{K}.csv", type="MM", date="dag"), {"JJJJ": 2025, "K": 2}, "2025MM06"),
        (_feed("p_{JJJJ}.csv", type="MM", date="dag"), {"JJJJ": 2025}, "2025MM12"),
        (_feed("p_{JJJJ}_{T}.csv", type="TR"), {"JJJJ": 2025, "T": 2}, "2025TR02"),
        (_feed("p_{JJJJ}_{T}.csv", type="MM", date="dag"), {"JJJJ": 2025, "T": 3}, "2026MM07"),
        (_feed("p_{JJJJ}.csv", type="SJ"), {"JJJJ": 2025}, "2025SJ00"),
        # The year of a school year, unless a column has the year.
        (_feed("p_{JJJJ}{MM}.csv", type="MM", is_school_year=True), {"JJJJ": 2024, "MM": 3}, "2025MM03"),
        (_feed("p_{JJJJ}{MM}.csv", type="MM", year="jaar", is_school_year=True), {"JJJJ": 2025, "MM": 3}, "2025MM03"),
        (_feed("p_{MM}.csv", type="MM", year="jaar"), {"MM": 3}, None),
        (_feed("p.csv", type="MM", date="dag"), {}, None),
    ],
)
def test_the_newest_period_that_a_name_allows(feed: PartnerFeed, named: dict[str, int], newest: str | None) -> None:
    assert newest_by_name(feed, named) == newest
