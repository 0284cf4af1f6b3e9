"""The 11-proof, and when numbers that pass it are no chance."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from sources.partners import bsn
from tests.support.bsns import bsns, written


def test_a_number_passes_when_its_weighted_digits_divide_by_eleven() -> None:
    # 1*9+2*8+3*7+4*6+5*5+6*4+7*3+8*2-2 = 154 = 14 * 11; 12345672 is 012345672 without its zero.
    numbers = np.array([123456782, 111222333, 12345672, 123456789, 123456783, 1234567, 1234567821])
    assert bsn.passes(numbers).tolist() == [True, True, True, False, False, False, False]


def test_one_number_in_eleven_passes() -> None:
    numbers = np.random.default_rng(1).integers(10_000_000, 1_000_000_000, 500_000)
    assert bsn.passes(numbers).mean() == pytest.approx(1 / 11, abs=0.001)


@given(bsns(), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_never_passes(number: int, place: int, more: int) -> None:
    digits = f"{number:09d}"
    other = digits[:place] + str((int(digits[place]) + more) % 10) + digits[place + 1 :]
    assert not bsn.passes(np.array([int(other)]))[0]


@given(bsns(), st.data())
def test_a_number_is_read_in_every_form_in_which_people_write_it(number: int, data: st.DataObject) -> None:
    text = data.draw(written(number))
    assert number in list(bsn.numbers_in(text))
    assert number in list(bsn.numbers_in(f"zie dossier {text}, graag bellen"))


@pytest.mark.parametrize(
    "text",
    [
        "BU09171000", "WK091710", "2024-2025", "2025-00123", "MOR-2025-00012", "31-12-2025", "20251231", "31122025",
        "1234567890", "12.345", "6411 6412", "2025-12-001",
    ],
)  # fmt: skip
def test_what_looks_alike_is_left_out(text: str) -> None:
    places, numbers = bsn.numbers_of(pa.array([text]), np.array([True]))
    assert numbers.tolist() == []


def test_numbers_come_with_the_place_of_their_value() -> None:
    values = pa.array(["123456782", "bsn 1234.56.782 of 111222333", "geen", "123.456.782", "123456782,00", "-5"])
    places, numbers = bsn.numbers_of(values, np.ones(6, bool))
    assert sorted(zip(places.tolist(), numbers.tolist(), strict=True)) == [
        (0, 123456782), (1, 111222333), (1, 123456782), (3, 123456782), (4, 123456782),
    ]  # fmt: skip


@given(st.integers(1, 400), st.data())
def test_chance_is_the_tail_of_the_binomial(candidates: int, data: st.DataObject) -> None:
    passing = data.draw(st.integers(0, candidates))
    assert bsn.chance_of(passing, candidates) == pytest.approx(
        binom.sf(passing - 1, candidates, 1 / 11), rel=1e-9, abs=1e-300
    )


def _held(candidates: int) -> float:
    """The chance that a column of so many numbers of chance is taken for BSNs where such numbers belong."""
    hits = [passing for passing in range(candidates + 1) if bsn.is_native_hit(passing, candidates)]
    return float(binom.pmf(hits, candidates, 1 / 11).sum())


def test_a_clean_column_is_held_less_than_once_in_ten_thousand_deliveries() -> None:
    assert _held(3) == pytest.approx(7.5e-4, rel=0.01)
    assert all(_held(candidates) < 1e-4 for candidates in range(4, 300))
    assert all(_held(candidates) <= 1e-5 for candidates in (5, 20, 60, 200, 1000, 20_000))


@pytest.mark.parametrize(("share", "candidates"), [(0.01, 50_000), (0.1, 600), (0.5, 30)])
def test_bsns_stand_out_among_other_numbers_of_their_length(share: float, candidates: int) -> None:
    planted = round(share * candidates)
    hits = [passing for passing in range(planted, candidates + 1) if bsn.is_native_hit(passing, candidates)]
    found = binom.sf(min(hits) - planted - 1, candidates - planted, 1 / 11)
    assert found >= 0.99


@given(st.integers(1, 4))
def test_one_of_a_few_is_a_hit_where_such_numbers_do_not_belong(candidates: int) -> None:
    assert bsn.is_foreign_hit(1, candidates)
    assert not bsn.is_foreign_hit(0, candidates)
    assert not bsn.is_native_hit(1, candidates)


def test_many_numbers_of_chance_are_no_hit_where_they_do_not_belong() -> None:
    assert not bsn.is_foreign_hit(4, 44)
    assert bsn.is_foreign_hit(22, 44)
