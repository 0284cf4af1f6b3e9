"""Text as the privacy gate compares it: one spelling for what looks the same to a person.

Belongs here: taking away what hides a number or a name from a search (zero-width signs, soft hyphens, full-width and other
digits, accents, look-alike letters). Does not belong here: what is searched for. Out of scope: text in a code of its own,
such as Base64 or URL-encoding, which no spreadsheet shows as what it stands for.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Letters without a decomposition, and Cyrillic and Greek ones that are drawn like Latin ones.
_LETTERS = {
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ı": "i", "đ": "d", "Đ": "D", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe",
    "Œ": "OE", "þ": "th", "ð": "d", "ə": "e",
    "а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "х": "x", "у": "y", "і": "i", "ј": "j", "ѕ": "s", "һ": "h", "к": "k",
    "А": "A", "В": "B", "Е": "E", "К": "K", "М": "M", "Н": "H", "О": "O", "Р": "P", "С": "C", "Т": "T", "Х": "X", "У": "Y",
    "І": "I", "Ј": "J", "Ѕ": "S",
    "α": "a", "ο": "o", "ν": "v", "ρ": "p", "κ": "k", "ι": "i", "Α": "A", "Β": "B", "Ε": "E", "Ζ": "Z", "Η": "H", "Ι": "I",
    "Κ": "K", "Μ": "M", "Ν": "N", "Ο": "O", "Ρ": "P", "Τ": "T", "Υ": "Y", "Χ": "X",
    "’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'",
}  # fmt: skip
# Fillers that are no format signs to Unicode and still show nothing.
_FILLERS = dict.fromkeys((0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800), "")


def plain_values(values: pa.Array) -> pa.Array:
    """The same strings in plain spelling, in the same order; runs of white space become one space."""
    is_odd = pc.invert(pc.string_is_ascii(values))
    if pc.any(is_odd).as_py():
        odd = pc.utf8_normalize(values.filter(is_odd), "NFKD")
        odd = pc.replace_substring_regex(odd, r"[\p{Cf}\p{M}]+", "")
        odd = pa.array([plain_letters(text) for text in odd.to_pylist()], pa.string())
        values = pc.replace_with_mask(values, is_odd, odd)
    values = pc.replace_substring_regex(values, r"[\s\x00-\x1f\x7f]+", " ")
    return pc.utf8_trim(values, " ")


def plain_text(text: str) -> str:
    """One string in plain spelling."""
    plain: str = plain_values(pa.array([text], pa.string()))[0].as_py()
    return plain


def plain_letters(text: str) -> str:
    """Look-alike letters, digits of other scripts, dashes and spaces as their ASCII signs."""
    return text if text.isascii() else "".join(map(_plain_letter, text))


def _plain_letter(letter: str) -> str:
    if letter.isascii():
        return letter
    known = _LETTERS.get(letter, _FILLERS.get(ord(letter)))
    if known is not None:
        return known
    kind = unicodedata.category(letter)
    if kind == "Nd":
        return str(unicodedata.digit(letter))
    return {"Pd": "-", "Zs": " ", "Zl": " ", "Zp": " ", "Cc": " "}.get(kind, letter)


def matches(values: pa.Array, pattern: str) -> np.ndarray:
    """Which values hold the pattern (of RE2, so without look-around), in either case."""
    found = pc.match_substring_regex(values, pattern, ignore_case=True)
    return np.array(found.fill_null(False) if found.null_count else found, bool)
