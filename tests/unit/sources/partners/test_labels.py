"""Labels in a partner's own words: what of them may go on to a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from sources.partners.cells import add_up
from tests.support.partner_feeds import judge, partner_feed

COLUMNS = {
    "jaar": {"type": "year"},
    "maand": {"type": "month"},
    "wijk": {"type": "area"},
    "activiteit": {"type": "text"},
    "aantal": {"type": "count"},
}
FEED = partner_feed(columns=COLUMNS, dimensions=["activiteit"])


@pytest.mark.parametrize(
    "label", ["=1+1", "+31", "-18 voetbal", "@home", " =1", "\u00a0@x", "\ufeff=1", "\uff1d1", "\uff20home"]
)
def test_a_label_that_is_a_formula_is_refused(tmp_path: Path, label: str) -> None:
    rows = [f"2025;3;WK091710;{name};5" for name in ("Huiswerkklas", label)]
    judged = judge(tmp_path, FEED, "jaar;maand;wijk;activiteit;aantal", *rows)
    assert (judged.accepted, judged.refused, judged.by_rule) == (1, 1, {"formuleteken": 1})
    labels = add_up(judged.rows, FEED, judged.incomplete)["breakdown"].to_pylist()
    assert sorted(labels) == ["Huiswerkklas", "total"]


def test_signs_within_a_label_stay(tmp_path: Path) -> None:
    judged = judge(tmp_path, FEED, "jaar;maand;wijk;activiteit;aantal", "2025;3;WK091710;Koffie + thee @ 10;5")
    assert add_up(judged.rows, FEED)["breakdown"].to_pylist() == ["Koffie + thee @ 10", "total"]
