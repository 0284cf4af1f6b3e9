"""What points at one person or one household in text: e-mail, telephone, IBAN, date of birth, licence plate, address.

Belongs here: the forms these take in the Netherlands and what proves them. All text is plain (`sources.partners.plain_text`).
Does not belong here: BSN (`sources.partners.bsn`), names (`sources.partners.person_names`), and when a hit counts.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.partners.plain_text import matches

_TLD = r"(?:xn--[a-z0-9-]+|\p{L}{2,24})"
# jan@example.nl, jan @ example.nl, jan(at)example.nl, jan at example punt nl, jan[apenstaartje]example[punt]nl
_AT = r"(?: ?@ ?| ?[\(\[\{<] ?(?:at|@|apenstaart(?:je)?) ?[\)\]\}>] ?| apenstaart(?:je)? )"
_DOT = r"(?:\.| ?[\(\[\{<] ?(?:dot|punt|\.) ?[\)\]\}>] ?| dot | punt )"
_SPOKEN_DOT = r"(?: ?[\(\[\{<] ?(?:dot|punt|\.) ?[\)\]\}>] ?| dot | punt )"
EMAIL = (
    rf"[^\s@<>,;:]{_AT}(?:[\p{{L}}\d-]+{_DOT})+{_TLD}(?:$|[^\p{{L}}\d])"
    rf"|[\p{{L}}\d]\.?[\p{{L}}\d]* at (?:[\p{{L}}\d-]+{_SPOKEN_DOT})+{_TLD}(?:$|[^\p{{L}}\d])"
)

# Ten digits from an area code or 06 on, or a country code with what stands behind it.
_SEP = r"[ .\-/()]{0,3}"
PHONE = (
    rf"(?:^|[^\d.,])0[1-9](?:{_SEP}\d){{8}}(?:$|[^\d])"
    rf"|(?:^|[^\d])(?:\+|00)[1-9]\d{{0,2}}(?:{_SEP}\d){{8,11}}(?:$|[^\d])"
)
# 06-01-2025 12:00 would be a mobile number.
_WRITTEN_DAY = r"\b(?:\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d{2}|(?:19|20)\d{2}-\d{1,2}-\d{1,2})\b"
_MOBILE = r"(?:^|[^\d])(?:06|\+316|00316)\d{8}(?:$|[^\d])"

_IBAN_START = r"(?:^|[^A-Za-z0-9])[A-Za-z]{2}[ .\-]?\d{2}[ .\-]?[A-Za-z0-9]{4}"
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[ .\-]?\d{2}(?:[ .\-]?[A-Z0-9]){11,30}", re.IGNORECASE)
# What stands behind the two check digits, for the countries whose accounts are met here.
_ACCOUNTS = {
    "NL": r"[A-Z]{4}\d{10}", "BE": r"\d{12}", "DE": r"\d{18}", "LU": r"\d{3}[A-Z0-9]{13}", "FR": r"\d{10}[A-Z0-9]{11}\d{2}",
    "GB": r"[A-Z]{4}\d{14}", "PL": r"\d{24}", "TR": r"\d{6}[A-Z0-9]{16}", "ES": r"\d{20}", "PT": r"\d{21}", "AT": r"\d{16}",
    "IT": r"[A-Z]\d{10}[A-Z0-9]{12}", "CH": r"\d{5}[A-Z0-9]{12}", "RO": r"[A-Z]{4}[A-Z0-9]{16}", "HU": r"\d{24}",
    "BG": r"[A-Z]{4}\d{6}[A-Z0-9]{8}", "LT": r"\d{16}", "IE": r"[A-Z]{4}\d{14}", "HR": r"\d{17}", "SK": r"\d{20}",
    "CZ": r"\d{20}", "GR": r"\d{7}[A-Z0-9]{16}", "SE": r"\d{20}", "DK": r"\d{14}", "NO": r"\d{11}", "FI": r"\d{14}",
}  # fmt: skip

_DAY = r"(?:\d{1,2}[-/. ](?:\d{1,2}|[a-z]{3,9})\.?[-/. ]\d{2,4}|\d{4}-\d{1,2}-\d{1,2}|\d{8})"
BIRTH_DATE = rf"\b(?:geb|geboren|geboortedatum|geboortedat|geb\.? ?dat(?:um)?|geboortedag|dob|date of birth)\b[ .:=]*(?:op |is )?{_DAY}"

# Plates since 1978 (sidecodes 4 to 14) have no vowels; older ones are too much like other codes to be taken singly.
_L = "[BDFGHJKLMNPRSTVWXZ]"
_PLATES = (
    (f"{_L}{{2}}", r"\d{2}", f"{_L}{{2}}"), (f"{_L}{{2}}", f"{_L}{{2}}", r"\d{2}"), (r"\d{2}", f"{_L}{{2}}", f"{_L}{{2}}"),
    (r"\d{2}", f"{_L}{{3}}", r"\d"), (r"\d", f"{_L}{{3}}", r"\d{2}"), (f"{_L}{{2}}", r"\d{3}", f"{_L}"),
    (f"{_L}", r"\d{3}", f"{_L}{{2}}"), (f"{_L}{{3}}", r"\d{2}", f"{_L}"), (f"{_L}", r"\d{2}", f"{_L}{{3}}"),
    (r"\d", f"{_L}{{2}}", r"\d{3}"), (r"\d{3}", f"{_L}{{2}}", r"\d"),
)  # fmt: skip
PLATE = r"(?:^|[^A-Z0-9\-])(?:" + "|".join("-".join(parts) for parts in _PLATES) + r")(?:$|[^A-Z0-9\-])"
_BARE_PLATE = r"^(?:" + "|".join("[- ]?".join(parts) for parts in _PLATES) + r")$"

# Not 1900 to 2099, which are years far more often here (2024KW01), and no two small letters apart (5000 en 6000).
_POSTCODE = r"(?:1[0-8]\d\d|2[1-9]\d\d|[3-9]\d{3})(?: ?(?-i:[A-Z]{2})|[A-Z]{2})"
_HOUSE = r"(?:1[0-8]\d{2}|[1-9]\d{0,2})(?: ?[A-Z]| ?- ?\d{1,3})?"
ADDRESS = (
    rf"(?:^|[^A-Z\d]){_POSTCODE}[ ,;:/-]*(?:nr\.? ?|nummer |huisnr\.? ?|huisnummer |no\.? ?|# ?)?{_HOUSE}(?:$|[^\d.,%])"
    rf"|[A-Z]{{3,}}\.? {_HOUSE} ?[,;]? ?{_POSTCODE}(?:$|[^A-Z\d])"
)
_STREET = r"(?:straat|laan|weg|plein|hof|singel|dreef|pad|gracht|kade|steeg|dijk|park|str\.) " + _HOUSE + r"$"

_WORDS = (
    r"\b(?:de|het|een|is|was|heeft|had|naar|niet|dat|die|maar|ook|wil|kan|moet|graag|mijn|haar|hij|zij|ze|ik|we|wij"
    r"|wordt|werd|gaat|komt|zegt)\b"
)


def email(texts: pa.Array) -> np.ndarray:
    # The pattern is slow, and few texts hold any of its signs.
    flags = matches(texts, r"@|apenstaart|\bat\b")
    flags[flags] = matches(texts.filter(pa.array(flags)), EMAIL)
    return flags


def phone(texts: pa.Array) -> np.ndarray:
    return matches(pc.replace_substring_regex(texts, _WRITTEN_DAY, "x"), PHONE)


def mobile(texts: pa.Array) -> np.ndarray:
    """Telephone numbers where case numbers of ten digits belong: mobile ones only."""
    return matches(texts, _MOBILE)


def iban(texts: pa.Array) -> np.ndarray:
    flags = matches(texts, _IBAN_START)
    for place in np.flatnonzero(flags):
        flags[place] = _has_iban(texts[place].as_py())
    return flags


def birth_date(texts: pa.Array) -> np.ndarray:
    return matches(texts, BIRTH_DATE)


def plate(texts: pa.Array) -> np.ndarray:
    # The one month whose short name has no vowel: 1-MRT-25.
    return matches(pc.replace_substring_regex(texts, r"(?i)-mrt-", "-x-"), PLATE)


def bare_plate(texts: pa.Array) -> np.ndarray:
    """Whole cells that have the form of a plate, with or without hyphens."""
    return matches(texts, _BARE_PLATE)


def address(texts: pa.Array) -> np.ndarray:
    return matches(texts, ADDRESS)


def street(texts: pa.Array) -> np.ndarray:
    """Cells that end in a street and a number."""
    return matches(texts, _STREET)


def sentence(texts: pa.Array, words: int = 5) -> np.ndarray:
    """Texts of so many words or more, of which at least two are such as stand in sentences and seldom in labels."""
    return np.asarray(matches(texts, rf"^(?:\S+ ){{{words - 1},}}\S") & matches(texts, rf"{_WORDS}.* .*{_WORDS}"))


def _has_iban(text: str) -> bool:
    return any(is_iban(found.group()) for found in _IBAN.finditer(text))


def is_iban(text: str) -> bool:
    """Whether text begins with an account number of a country that is known here and passes its proof (mod 97)."""
    signs = re.sub(r"[ .\-]", "", text).upper()
    account = re.match(_ACCOUNTS.get(signs[:2], r"(?!)"), signs[4:])
    if account is None:
        return False
    return int("".join(str(int(sign, 36)) for sign in account.group() + signs[:4])) % 97 == 1
