"""Whether pseudonyms were made with a key: without one, anybody who has the numbers can make them again.

Belongs here: recomputing unkeyed digests and comparing them. Does not belong here: making pseudonyms, which is the partner's
work (HMAC-SHA256 with a key that stays there).

A digest of a small whole number, of another cell of the delivery or of a BSN from a sample is recomputed with the common
functions of 64 hexadecimal digits. The sample is 0.9 of the 90 million numbers that pass the 11-proof, evenly spread, so
one unkeyed BSN is recognised with 1 %, 200 different ones with 87 %, 500 with 99 %. A key that is known to others can't
be seen from outside.
"""

from __future__ import annotations

import hashlib
from binascii import unhexlify
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.partners.bsn import weighted_sum
from sources.partners.plain_text import matches

SAMPLE = 1_000_000
_SMALL = 100_000
# Below this share of different values, twenty rows or more are about groups and not about people.
_LEAST_DISTINCT = 0.02
_ROWS = 20
Digest = Callable[[bytes], bytes]


def _sha256(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


# Others that give 64 hexadecimal digits, or are cut off to them.
_OTHERS: tuple[Digest, ...] = (
    lambda text: hashlib.sha3_256(text).digest(),
    lambda text: hashlib.blake2s(text).digest(),
    lambda text: hashlib.sha512(text).digest(),
)


def not_keyed(pseudonyms: pa.Array, counts: np.ndarray, others: Sequence[pa.Array]) -> np.ndarray:
    """Which pseudonyms can't be keyed digests.

    Args:
        pseudonyms: the different values of the column.
        counts: how often each stands there.
        others: the different values of each other column, whose digests must not stand here.
    """
    values = pc.utf8_lower(pseudonyms)
    in_form = matches(values, r"^[0-9a-f]{64}$")
    hits = ~in_form
    made = values.filter(pa.array(in_form))
    hits[in_form] = ~_is_spread(made) | _is_known(made, others)
    # The same few values over and over are a constant or a group.
    is_repeated = counts.sum() >= _ROWS and len(counts) < _LEAST_DISTINCT * counts.sum()
    return np.asarray(hits | is_repeated)


def _is_spread(values: pa.Array) -> np.ndarray:
    """Which values have digits as spread as those of a digest.

    64 digits of a digest hold 15.7 different ones in the mean; fewer than ten, or one twelve times in a row, comes less than
    once in a hundred billion.
    """
    runs = matches(values, "|".join(f"{digit}{{12}}" for digit in "0123456789abcdef"))
    different = sum(pc.match_substring(values, digit).cast(pa.int8()).to_numpy() for digit in "0123456789abcdef")
    return np.asarray(~runs & (different >= 10))


def _is_known(values: pa.Array, others: Sequence[pa.Array]) -> np.ndarray:
    """Which values are a digest of a small number, of a sampled BSN or of a cell of the delivery."""
    if not len(values):
        return np.zeros(0, bool)
    # The digits of all values lie side by side in memory, and become numbers without a string for each.
    digits = pc.utf8_slice_codeunits(values, 0, 16).buffers()[2]
    prefixes = np.frombuffer(unhexlify(digits), ">u8").astype(np.uint64)
    found = _is_in(prefixes, _of_numbers())
    own = np.sort(prefixes)
    for other in others:
        digests = _prefixes(_spellings(other.to_pylist()), _sha256)
        found |= _is_in(prefixes, np.sort(digests[_is_in(digests, own)]))
    return found


def _is_in(values: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Which values stand in a sorted table; numpy's own `isin` goes through all of a table for each value, however few."""
    if not len(table):
        return np.zeros(len(values), bool)
    return np.asarray(table[np.minimum(np.searchsorted(table, values), len(table) - 1)] == values)


def _spellings(texts: Iterable[str]) -> Iterable[bytes]:
    for text in texts:
        yield text.encode()
        if text != text.lower():
            yield text.lower().encode()


@cache
def _of_numbers() -> np.ndarray:
    """The first eight bytes of the digests of small numbers (all functions) and of sampled BSNs (SHA-256), sorted."""
    small = [str(number).encode() for number in range(_SMALL)]
    padded = (b"%09d" % number for number in range(_SMALL))
    bsns = (b"%09d" % number for number in sampled_bsns().tolist())
    everything = _prefixes(chain(small, padded, bsns), _sha256)
    return np.sort(np.concatenate([everything, *(_prefixes(small, other) for other in _OTHERS)]))


def sampled_bsns() -> np.ndarray:
    """BSNs that pass the 11-proof, spread evenly over all that do."""
    step = (999_999_999 - 10_000_000) // SAMPLE
    tens = (np.arange(SAMPLE, dtype=np.int64) * step + 10_000_000) // 10 * 10
    # The last digit has weight -1, so it is the remainder of the others; one ten in eleven has none, its remainder is 10.
    last = weighted_sum(tens) % 11
    return np.asarray((tens + last)[last < 10])


def _prefixes(texts: Iterable[bytes], digest: Digest) -> np.ndarray:
    return np.fromiter((digest(text)[:8] for text in texts), "S8").view(">u8").astype(np.uint64)
