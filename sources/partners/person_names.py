"""Names of people in text: by what stands beside each other, because a first name alone is also a street or a school.

Belongs here: which words are names and which orders of words make a person of them. Does not belong here: which columns
are looked at (`sources.partners.privacy`). ``person_names.csv`` is a list of our own of common first names and surnames in
Heerlen (Dutch, Moroccan, Turkish, Polish, Antillean, Arabic and others), without accents; `is_word` marks names that are
also ordinary words (Bakker, Floor), which count only when they are written with a capital.

Every word becomes one letter, and orders of words are patterns over these letters:

    F first name   L surname   B either   j and k: first name and surname that are written as an ordinary word
    P particle (van, de)   Q particle that only names have (el, ben)   I initials   i letter   T title (mevrouw)
    H honour of a patron or street (sint, burgemeester)   S street or institution   C other word with a capital
    w other word   , comma   | anything else that parts words
"""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

NAMES = Path(__file__).parent / "person_names.csv"

# A person, wherever it stands: mevrouw Jansen, Fatima el Amrani, J. de Vries, De Vries, Jan.
_CERTAIN = re.compile(
    r"(?<!H)(?<!S)(?:[FB][FBI]{0,2}P{0,3}[LBk]|jP{0,3}L|[FBj]Q+[CLBk]|I+[PQ]{0,3}[LBk]|TI*[PQ]{0,3}[LBkC]|T[FBj])(?!S)"
    r"|[LB],(?:[FBj](?![LBPS])|I)|[LB]I(?!C)|LF(?![LBkPS])"
)
# A person when it is all that a cell holds.
_WHOLE = re.compile(r"[FB][FBI]?P+C|[PQ]*[LBkC],(?:I|[FBj])+[PQ]*|[LB][FB]|i[PQ]*[LB]|[LB]i{1,3}")
# A person when most of a column's cells look like that.
_LIKELY = re.compile(r"[FBj][FBI]?[PQ]*C|I+[PQ]*C|C,?I|[PQ]*[LBk]|[FBj]{1,3}|[LBC]-?[PQ]*[LB]")

_SIGN = re.compile(
    r"(?:\b[A-Za-z]\.[ ]?)+(?![A-Za-z]\.)|[A-Za-z]+(?:'[A-Za-z]+)?|'[a-z]\b|,|[^\sA-Za-z,'.\-]+|\.(?=\s|$)"
)
_PARTICLES = frozenset(
    (
        "van",
        "de",
        "der",
        "den",
        "ter",
        "ten",
        "te",
        "von",
        "vande",
        "vander",
        "vanden",
        "'t",
        "t",
        "la",
        "le",
        "di",
        "da",
        "dos",
    )
)
_FOREIGN_PARTICLES = frozenset(("el", "al", "ben", "ait", "bin", "ould", "bint", "oulad"))
_TITLES = frozenset(("dhr", "mevr", "mw", "mej", "mevrouw", "meneer", "mijnheer", "juffrouw"))
_HONOURS = frozenset(
    ("sint", "st", "heilige", "prins", "prinses", "koning", "koningin", "keizer", "pater", "pastoor", "burgemeester")
    + ("kapelaan", "professor", "bisschop")
)
_PLACE = re.compile(
    r"(?:straat|laan|weg|plein|hof|park|school|college|lyceum|huis|hoes|centrum|kerk|singel|dreef|pad|gracht|kade|steeg|dijk"
    r"|flat|wijk|buurt|veld|oord|zaal|kapel|stichting|fonds|foundation|court|obs|rkbs|markt|apotheek|praktijk|toernooi|cup)$"
)


def has_name(text: str) -> bool:
    """Whether plain text certainly names a person."""
    code = _code(text)
    return _CERTAIN.search(code) is not None or _WHOLE.fullmatch(code) is not None


def may_be_name(text: str) -> bool:
    """Whether plain text as a whole has the form of a name, also one that stands on no list, or of half a name."""
    return has_name(text) or _LIKELY.fullmatch(_code(text)) is not None


@cache
def _names() -> dict[str, str]:
    """Each name on the list with its letters: F, L or B, and j or k behind it when it is also a word."""
    found: dict[str, str] = {}
    with NAMES.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            is_first, before = row["part"] == "first", found.get(row["name"], "")
            letter = "B" if before else "F" if is_first else "L"
            found[row["name"]] = letter + (("j" if is_first else "k") if row["is_word"] == "1" else before[1:])
    return found


def _code(text: str) -> str:
    letters = [_letter(sign) for sign in _SIGN.findall(text.replace("de heer ", "dhr ").replace("De heer ", "dhr "))]
    code = "".join(letters)
    # A full stop behind a title or an initial ends no sentence.
    return re.sub(r"(?<=[TI])\|", "", code)


def _letter(sign: str) -> str:
    if sign == ",":
        return ","
    if not sign[0].isalpha() and sign[0] != "'":
        return "|"
    if len(sign) == 1 or sign[1:2] == ".":
        return "I" if sign[1:2] == "." else "i" if sign.isupper() else "w"
    # Megawatt is no mevrouw.
    word = sign.lower() if sign != "MW" else ""
    for letter, words in (("P", _PARTICLES), ("Q", _FOREIGN_PARTICLES), ("T", _TITLES), ("H", _HONOURS)):
        if word in words:
            return letter
    known = _names().get(word) or _names().get(word.replace("'", ""))
    if known is not None:
        return known[-1] if len(known) > 1 and sign.islower() else known[0]
    if _PLACE.search(word):
        return "S"
    return "C" if sign[0].isupper() and len(word) > 2 else "w"
