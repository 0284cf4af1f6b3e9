"""The privacy gate: whether a delivery holds personal data, asked before anything of it is written outside quarantine.

Belongs here: which parts of a delivery are searched for what, and when a hit counts. Does not belong here: what a BSN, a name
or an address looks like (`bsn`, `person_names`, `identifiers`, `pseudonyms`), and what is done with a delivery that has
findings (`intake`: it is held).

Everything is searched: cells, headers, the file's name and every text outside the table. A cell that has the form its
contract promises (a count, a day, a CBS code) is no text and is only looked at for BSNs; anything else is searched as text,
so a column that was shifted or a remark among numbers is found. Names of institutions (`holds_public_names`) are not searched
for people. Each different value of a column is looked at once.

A finding says where, what kind and how many. It never holds a value, nor a header that is not the contract's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.contracts import Column, PartnerFeed, plain_header
from sources.partners import birth_dates, bsn, forms, identifiers
from sources.partners.person_names import has_name, may_be_name
from sources.partners.plain_text import matches, plain_text, plain_values
from sources.partners.pseudonyms import not_keyed
from sources.partners.reading import Grid

FILE_NAME = "bestandsnaam"
OUTSIDE = "buiten de tabel"
KIND_NL: Mapping[str, str] = {
    "bsn": "burgerservicenummer (BSN)",
    "name": "naam van een persoon",
    "email": "e-mailadres",
    "phone": "telefoonnummer",
    "iban": "rekeningnummer (IBAN)",
    "birth_date": "geboortedatum",
    "licence_plate": "kenteken",
    "address": "adres (postcode met huisnummer)",
    "free_text": "vrije tekst, die in deze kolom niet is afgesproken",
    "pseudonym_not_keyed": "pseudoniem dat niet met een geheime sleutel is gemaakt",
}

# Headers that say by themselves what is below them. The first are held in any column, the others where the contract has
# no such column.
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "bsn": ("bsn", "burgerservicenummer", "sofinummer", "sofinr", "bsnnummer", "bsnnr"),
    "name": ("achternaam", "voornaam", "voornamen", "roepnaam", "voorletters", "initialen", "geslachtsnaam", "tussenvoegsel"),
    "email": ("email", "emailadres", "mail", "mailadres"),
    "phone": ("telefoon", "telefoonnummer", "tel", "telnr", "telefoonnr", "mobiel", "mobielnummer", "gsm"),
    "iban": ("iban", "rekeningnummer", "bankrekening", "bankrekeningnummer", "rekeningnr"),
    "birth_date": ("geboortedatum", "gebdatum", "gebdat", "geboortedag", "dob", "birthdate", "dateofbirth"),
    "licence_plate": ("kenteken", "kentekens"),
    "address": ("huisnummer", "huisnr", "hnr", "adres", "woonadres", "huisnummertoevoeging"),
}  # fmt: skip
_LOOSE_HEADERS: Mapping[str, tuple[str, ...]] = {
    "name": (
        "naam", "namen", "client", "clientnaam", "leerling", "leerlingnaam", "naamleerling", "deelnemer", "naamdeelnemer",
        "ouder", "moeder", "vader", "contactpersoon", "huurder", "bewoner", "patient", "medewerker", "behandelaar",
        "persoon", "melder", "naammelder", "kind", "naamkind", "leerkracht", "docent",
    ),
    "free_text": ("opmerking", "opmerkingen", "toelichting", "notitie", "notities", "omschrijving", "melding"),
}  # fmt: skip
_MENTIONS_BSN = r"(?:^|[^a-z])(?:bsn|burger ?service|sofi)"
# Numbers such as 20251234 outside the table are references of the year 2025.
_REFERENCES = (19_000_000, 20_999_999)


@dataclass(frozen=True)
class Finding:
    """Personal data at one place: how many cells `of` those that are filled hold this `kind`, a key of `KIND_NL`.

    `place` is a column of the contract, ``kolom 3`` for another, `FILE_NAME` or `OUTSIDE`.
    """

    place: str
    kind: str
    count: int
    of: int


@dataclass(frozen=True)
class _Texts:
    """Different values of one place in plain spelling, and how often each stands there."""

    place: str
    values: pa.Array
    counts: np.ndarray
    name: str | None = None
    column: Column | None = None
    header: str = ""

    @property
    def of(self) -> int:
        return int(self.counts.sum())

    def finding(self, kind: str, hits: np.ndarray) -> Finding:
        return Finding(self.place, kind, int(self.counts[hits].sum()), self.of)


def find_personal_data(grid: Grid, file_name: str, feed: PartnerFeed) -> list[Finding]:
    """Search a delivery for personal data.

    Args:
        grid: the delivery as read; its cells, headers and texts outside the table are searched.
        file_name: as the partner named it, searched too.
        feed: the contract under which it came in.

    Returns:
        Findings, a place and kind once; none means that the delivery may leave quarantine.
    """
    columns = [_column(grid, place, feed) for place in range(len(grid.header))]
    findings = [finding for texts in columns if texts.of for finding in _in_column(texts, feed)]
    findings += _unkeyed_pseudonyms(columns)
    findings += [finding for texts in columns if texts.column is None for finding in _in_header(texts)]
    findings += _in_texts(_texts(FILE_NAME, [_words(file_name)]))
    findings += _in_texts(_texts(OUTSIDE, grid.outside))
    return _once(findings)


def _column(grid: Grid, place: int, feed: PartnerFeed) -> _Texts:
    header = plain_text(grid.header[place])
    known = {plain_header(h): name for name, column in feed.columns.items() for h in (name, *column.synonyms)}
    name = known.get(plain_header(header))
    found = pc.value_counts(grid.table.column(place).drop_null().combine_chunks())
    values, counts = plain_values(found.field("values").cast(pa.string())), found.field("counts").to_numpy()
    column = None if name is None else feed.columns[name]
    return _Texts(name or f"kolom {place + 1}", values, counts, name, column, header)


def _texts(place: str, texts: Sequence[str]) -> _Texts:
    return _Texts(place, plain_values(pa.array(texts, pa.string())), np.ones(len(texts), np.int64))


def _words(file_name: str) -> str:
    """A file's name with its words apart: jan_jansen_2025.csv."""
    return file_name.rsplit("/", 1)[-1].replace("_", " ")


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """The finding with the highest count of each place and kind, in the order in which they were found."""
    best: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        key = (finding.place, finding.kind)
        if key not in best or best[key].count < finding.count:
            best[key] = finding
    return list(best.values())


# -- one column ---------------------------------------------------------------------------------------------------------


def _in_column(texts: _Texts, feed: PartnerFeed) -> list[Finding]:
    found = _by_header(texts)
    in_form = forms.in_form(texts.values, texts.column)
    is_public = texts.column is not None and texts.column.holds_public_names
    is_public |= texts.name is not None and texts.name == feed.area.name
    found["bsn"] = found.get("bsn", False) | _bsns(texts, in_form, feed)
    if not in_form.all():
        free = texts.values.filter(pa.array(~in_form))
        for kind, hits in _as_text(free, texts, feed, is_public=is_public).items():
            found[kind] = found.get(kind, np.zeros(len(in_form), bool)) | _spread(hits, ~in_form)
    if birth_dates.are_birth_dates(texts.values, is_declared=_type(texts) == "date"):
        found["birth_date"] = np.ones(len(in_form), bool)
    return [texts.finding(kind, hits) for kind, hits in found.items() if hits.any()]


def _type(texts: _Texts) -> str:
    """The type of the contract; ``foreign`` for a column that the contract does not have."""
    return "foreign" if texts.column is None else texts.column.type


def _by_header(texts: _Texts) -> dict[str, np.ndarray]:
    """What the header says is below it; every filled cell counts. Counts and codes of the contract are believed."""
    if _type(texts) not in ("text", "key", "date", "foreign") or (texts.column and texts.column.holds_public_names):
        return {}
    kind = _kind_of_header(texts.header, is_foreign=texts.column is None)
    return {} if kind is None else {kind: np.ones(len(texts.values), bool)}


def _kind_of_header(header: str, *, is_foreign: bool) -> str | None:
    plain = re.sub(r"\W", "", plain_header(header))
    for kind, words in _HEADERS.items():
        # Long words also with something around them: voornaam_kind.
        if any(plain == word or (len(word) >= 8 and word in plain) for word in words):
            return kind
    loose = (kind for kind, words in _LOOSE_HEADERS.items() if plain in words)
    return next(loose, None) if is_foreign else None


def _as_text(free: pa.Array, texts: _Texts, feed: PartnerFeed, *, is_public: bool) -> dict[str, np.ndarray]:
    """What is found in the cells that are text: `free`, a part of the column's values."""
    is_key = _type(texts) == "key"
    found = {
        "email": identifiers.email(free),
        "phone": identifiers.mobile(free) if is_key else identifiers.phone(free),
        "iban": identifiers.iban(free),
        "birth_date": identifiers.birth_date(free),
        "address": identifiers.address(free),
        "free_text": _sentences(free, texts, feed, is_public=is_public),
    }
    # Codes of complexes and cases look like plates, names of institutions like people.
    if not is_public:
        found["name"] = _names(free, is_text=_type(texts) in ("text", "key", "foreign"))
        found["address"] |= _most(identifiers.street(free), 0.5, least=3)
    if not is_public and not is_key:
        found["licence_plate"] = identifiers.plate(free) | _most(identifiers.bare_plate(free), 0.8, least=5)
    return found


def _names(free: pa.Array, *, is_text: bool) -> np.ndarray:
    certain = _by_words(free, has_name)
    if not is_text:
        return certain
    likely = _most(_by_words(free, may_be_name), 0.5, least=3)
    return np.asarray(certain | likely)


def _sentences(free: pa.Array, texts: _Texts, feed: PartnerFeed, *, is_public: bool) -> np.ndarray:
    """Remarks where the contract has none; in a text that becomes a group, sentences that are long for a label."""
    is_group = _type(texts) == "text" and texts.name in feed.dimensions
    if _type(texts) == "text" and not is_group:
        return np.zeros(len(free), bool)
    hits = identifiers.sentence(free, words=12 if is_group or is_public else 5)
    return hits if hits.sum() >= min(3, 0.1 * len(texts.values)) else np.zeros(len(free), bool)


def _by_words(values: pa.Array, test: Callable[[str], bool]) -> np.ndarray:
    """A test of words on each text; numbers make no difference to it, so texts that differ in these are one."""
    shapes = pc.replace_substring_regex(values, r"\d+", "0").dictionary_encode()
    flags = np.array([test(text) for text in shapes.dictionary.to_pylist()], bool)
    return np.asarray(flags[shapes.indices.to_numpy()])


def _most(hits: np.ndarray, share: float, *, least: int) -> np.ndarray:
    """The hits, when at least so many are at least this share of the different values; none otherwise."""
    is_enough = hits.sum() >= max(least, share * len(hits))
    return hits if is_enough else np.zeros(len(hits), bool)


def _spread(hits: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Hits among some places as hits among all."""
    spread = np.zeros(len(places), bool)
    spread[places] = hits
    return spread


# -- BSN ----------------------------------------------------------------------------------------------------------------


def _bsns(texts: _Texts, in_form: np.ndarray, feed: PartnerFeed) -> np.ndarray:
    """Which values hold a BSN, judged over all numbers of that length in the column."""
    places, numbers = bsn.numbers_of(texts.values, ~in_form)
    is_native = np.zeros(len(numbers), bool)
    if _type(texts) == "key":
        # Case numbers of that length belong in a key when most are, and when there are enough to tell by chance.
        different = len(np.unique(numbers))
        is_native[:] = 2 * different >= len(texts.values) and different > 2
    elif _is_amount(texts, feed):
        is_native = in_form[places] & ~_is_out_of_range(texts, places, numbers)
    hits = np.zeros(len(texts.values), bool)
    hits[places[_passing(numbers, is_native, bsn.is_native_hit)]] = True
    hits[places[_passing(numbers, ~is_native, bsn.is_foreign_hit)]] = True
    hits[places[bsn.passes(numbers) & matches(texts.values, _MENTIONS_BSN)[places]]] = True
    return hits


def _is_amount(texts: _Texts, feed: PartnerFeed) -> bool:
    """Whether large numbers may stand here: counts of people or homes in one city never reach ten million."""
    amounts = {measure.column for measure in feed.measures.values() if measure.counts == "amount"}
    return _type(texts) == "number" or (_type(texts) == "count" and texts.name in amounts)


def _is_out_of_range(texts: _Texts, places: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Which numbers are no amounts of this column: above its most, or a few where all others are under 100,000."""
    column = texts.column
    most = np.inf if column is None or column.most is None else column.most
    others = np.ones(len(texts.values), bool)
    others[places] = False
    whole = pc.replace_substring_regex(texts.values.filter(pa.array(others)), r"[.,]\d{1,2}$|[^\d]", "")
    longest = pc.max(pc.utf8_length(whole)).as_py() or 0
    is_alone = others.any() and longest <= 5 and 2 * len(places) < len(texts.values)
    return np.asarray((numbers > most) | is_alone)


def _passing(numbers: np.ndarray, part: np.ndarray, is_hit: Callable[[int, int], bool]) -> np.ndarray:
    """Which numbers of a part pass the 11-proof, when that is no chance; none otherwise."""
    passes = part & bsn.passes(numbers)
    return (
        passes if is_hit(len(np.unique(numbers[passes])), len(np.unique(numbers[part]))) else np.zeros(len(part), bool)
    )


# -- what is no column --------------------------------------------------------------------------------------------------


def _in_header(texts: _Texts) -> list[Finding]:
    """Personal data in a header that the contract does not have."""
    place = f"kop van {texts.place}"
    return _in_texts(_texts(place, [texts.header]))


def _in_texts(texts: _Texts) -> list[Finding]:
    """Personal data in texts that are no cells: each is looked at by itself."""
    values = texts.values
    if not len(values):
        return []
    places, numbers = bsn.numbers_of(values, np.ones(len(values), bool))
    is_reference = (numbers >= _REFERENCES[0]) & (numbers <= _REFERENCES[1])
    bsns = np.zeros(len(values), bool)
    bsns[places[_passing(numbers, ~is_reference, bsn.is_foreign_hit)]] = True
    bsns[places[bsn.passes(numbers) & matches(values, _MENTIONS_BSN)[places]]] = True
    found = {
        "bsn": bsns,
        "name": _by_words(values, has_name),
        "email": identifiers.email(values),
        "phone": identifiers.phone(values),
        "iban": identifiers.iban(values),
        "birth_date": identifiers.birth_date(values),
        "licence_plate": identifiers.plate(values),
        "address": identifiers.address(values),
    }
    return [texts.finding(kind, hits) for kind, hits in found.items() if hits.any()]


# -- pseudonyms ---------------------------------------------------------------------------------------------------------


def _unkeyed_pseudonyms(columns: Sequence[_Texts]) -> list[Finding]:
    pseudonyms = [texts for texts in columns if _type(texts) == "pseudonym" and texts.of]
    others = [texts.values for texts in columns if _type(texts) != "pseudonym"]
    hits = [(texts, not_keyed(texts.values, texts.counts, others)) for texts in pseudonyms]
    return [texts.finding("pseudonym_not_keyed", found) for texts, found in hits if found.any()]
