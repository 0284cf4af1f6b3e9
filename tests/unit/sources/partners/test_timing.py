"""When periods end, and when a delivery is early or late."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.feed import Cadence
from sources.partners.timing import period_end, timing_of
from tests.support.deliveries import partner_feed


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("2024JJ00", date(2024, 12, 31)),
        ("2024SJ00", date(2025, 7, 31)),
        ("2024HJ01", date(2024, 6, 30)),
        ("2024KW03", date(2024, 9, 30)),
        ("2024MM02", date(2024, 2, 29)),
        ("2023MM12", date(2023, 12, 31)),
        ("2025TR01", date(2025, 11, 30)),
        ("2025TR02", date(2026, 3, 31)),
        ("2025TR03", date(2026, 7, 31)),
    ],
)
def test_periods_end(code: str, end: date) -> None:
    assert period_end(code) == end


@given(st.integers(1995, 2100), st.sampled_from([("MM", 12), ("KW", 4), ("HJ", 2), ("TR", 3)]))
def test_the_last_part_ends_with_the_year(year: int, parts: tuple[str, int]) -> None:
    kind, count = parts
    ends = [period_end(f"{year}{kind}{number:02}") for number in range(1, count + 1)]
    assert ends == sorted(set(ends))
    assert ends[-1] == period_end(f"{year}{'SJ' if kind == 'TR' else 'JJ'}00")


@pytest.mark.parametrize(
    ("periods", "day", "timing"),
    [
        ((), date(2026, 1, 1), None),
        (("2026MM01",), date(2026, 1, 31), "early"),
        (("2026MM01",), date(2026, 2, 1), "on_time"),
        (("2026MM01",), date(2026, 3, 2), "on_time"),
        (("2026MM01",), date(2026, 3, 3), "late"),
        # The newest period decides: older ones are a history or corrections.
        (("2024MM01", "2026MM01"), date(2026, 2, 1), "on_time"),
        # What ended before the first contract held is due thirty days after it did.
        (("2020MM01",), date(2022, 1, 31), "on_time"),
        (("2020MM01",), date(2022, 2, 1), "late"),
    ],
)
def test_deliveries_are_early_on_time_or_late(periods: tuple[str, ...], day: date, timing: str | None) -> None:
    assert timing_of(partner_feed(), periods, day) == timing


def test_yearly_figures_have_a_year() -> None:
    feed = partner_feed("jgz_gewicht", cadence=Cadence(expected="yearly", slack_days=10))
    assert timing_of(feed, ("2024JJ00",), date(2026, 1, 11)) == "on_time"
    assert timing_of(feed, ("2024JJ00",), date(2026, 1, 12)) == "late"
