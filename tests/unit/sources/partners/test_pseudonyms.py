"""Pseudonyms made with a key pass; what anybody can make again does not."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pyarrow as pa
import pytest

from sources.partners.bsn import passes
from sources.partners.pseudonyms import not_keyed, sampled_bsns


def keyed(text: str) -> str:
    return hmac.new(b"sleutel van de partner", text.encode(), hashlib.sha256).hexdigest()


def hits(values: list[str], *others: list[str], times: int = 1) -> list[bool]:
    counts = np.full(len(values), times)
    return not_keyed(pa.array(values, pa.string()), counts, [pa.array(other, pa.string()) for other in others]).tolist()


def test_keyed_pseudonyms_pass() -> None:
    values = [keyed(str(number)) for number in range(20_000)]
    assert not any(hits(values, [str(number) for number in range(20_000)]))
    assert not any(hits([value.upper() for value in values[:100]]))


@pytest.mark.parametrize(
    "value",
    [
        "123456782",
        hashlib.md5(b"1").hexdigest(),
        hashlib.sha1(b"1").hexdigest(),
        hashlib.sha512(b"1").hexdigest(),
        hashlib.sha256(b"1").hexdigest(),
        hashlib.sha256(b"000004711").hexdigest().upper(),
        hashlib.sha3_256(b"99999").hexdigest(),
        hashlib.blake2s(b"12").hexdigest(),
        hashlib.sha512(b"12").hexdigest()[:64],
        f"{123456782:064d}",
        "ab" * 32,
        keyed("1")[:63],
    ],
)
def test_what_anybody_can_make_is_no_pseudonym(value: str) -> None:
    assert hits([keyed("1"), value, keyed("2")]) == [False, True, False]


def test_a_digest_of_another_cell_is_no_pseudonym() -> None:
    digest = hashlib.sha256(b"Zaak-0815").hexdigest()
    assert hits([digest, keyed("1")], ["Zaak-0815"]) == [True, False]
    assert hits([hashlib.sha256(b"zaak-0815").hexdigest()], ["Zaak-0815"]) == [True]
    assert hits([digest], ["Zaak-0816"]) == [False]


def test_unkeyed_bsns_are_recognised_by_a_sample() -> None:
    sample = sampled_bsns()
    assert passes(sample).all()
    assert 900_000 < len(np.unique(sample)) == len(sample)
    drawn = np.random.default_rng(7).integers(10_000_000, 1_000_000_000, 60_000)
    bsns = drawn[passes(drawn)][:5000]
    found = hits([hashlib.sha256(b"%09d" % number).hexdigest() for number in bsns.tolist()])
    # One in a hundred: fifty of five thousand, and one of five hundred in 99 of 100 deliveries.
    assert 25 < sum(found) < 80


def test_a_constant_is_no_pseudonym() -> None:
    assert hits([keyed("1")], times=100) == [True]
    assert hits([keyed("1"), keyed("2")], times=3) == [False, False]
