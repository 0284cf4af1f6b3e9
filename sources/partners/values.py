"""One column of text as values: what a cell may look like for each type of a contract.

Belongs here: numbers, days, categories, pseudonyms as partners write them. Does not belong here: areas (`areas`), periods
(`periods`), and what a broken rule means for its row (`rows`).

A column is read through its different texts, so that a million rows cost what their distinct values cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sources.contracts import Column, PartnerFeed
from sources.partners.periods import date_of, month_of, quarter_of, term_of, year_of

# Beyond it a double no longer holds every whole number; no figure of a town comes near.
MOST = 1e15
_GROUPED_POINT = r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$"
_GROUPED_SPACE = r"^[+-]?[1-9]\d{0,2}( \d{3})+$"
_GROUPED_DECIMAL = r"^[+-]?[1-9]\d{0,2}(([. ])\d{3})+,\d+$"
_COMMA = r"^[+-]?\d+,\d+$"
_POINT = r"^[+-]?\d+\.\d+$"
# One group of three after a point or comma, where the number could also begin with thousands.
_MAYBE_POINT = r"^[+-]?[1-9]\d{0,2}\.\d{3}$"
_MAYBE_COMMA = r"^[+-]?[1-9]\d{0,2},\d{3}$"
_EURO = r"^€\s*"
_HASH = r"^[0-9A-Fa-f]{64}$"


@dataclass(frozen=True)
class Parsed:
    """A column as values (NULL: empty or broken) and, for each row, the rule that its cell breaks (NULL: none)."""

    values: pa.Array
    rules: pa.Array


def distinct(column: pa.ChunkedArray | pa.Array) -> tuple[pa.Array, pa.Array]:
    """The different texts of a column, and for each row the place of its text."""
    encoded = pc.dictionary_encode(column)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return encoded.dictionary, encoded.indices


def parse_column(column: pa.ChunkedArray, spec: Column, feed: PartnerFeed) -> Parsed:
    """Read a column by its type; empty cells break the rule ``verplicht`` where the contract requires a value."""
    if spec.type in ("count", "number"):
        column = pc.if_else(pc.is_in(column, pa.array(feed.missing, pa.string())), None, column)
    texts, places = distinct(column)
    values, rules = _parser(spec, feed)(texts)
    if pa.types.is_floating(values.type):
        rules = _within_bounds(values, rules, spec)
        if feed.missing_below is not None:
            values = pc.if_else(pc.less(values, feed.missing_below), None, values)
    taken = rules.take(places)
    if spec.required:
        taken = pc.if_else(pc.is_null(column), "verplicht", taken)
    return Parsed(_whole(values.take(places)), _whole(taken))


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


_Texts = Callable[[pa.Array], tuple[pa.Array, pa.Array]]


def _parser(spec: Column, feed: PartnerFeed) -> _Texts:
    if spec.type == "count":
        return parse_counts
    if spec.type == "number":
        return parse_numbers
    if spec.type == "pseudonym":
        return _pseudonyms
    if spec.type == "category":
        known = {plain_label(text): label for label, others in spec.values.items() for text in (label, *others)}
        return _each("categorie", pa.string(), lambda text: known.get(plain_label(text)))
    simple: dict[str, _Texts] = {
        "date": _each("datum", pa.date32(), lambda text: date_of(text, has_serials=feed.format == "xlsx")),
        "year": _each("jaar", pa.int32(), year_of),
        "month": _each("maand", pa.int32(), month_of),
        "quarter": _each("kwartaal", pa.int32(), quarter_of),
        "term": _each("trimester", pa.int32(), term_of),
    }
    return simple.get(spec.type, _as_text)


def plain_label(text: str) -> str:
    """A label as it is compared: without case, and with one space where there are several."""
    return " ".join(text.split()).casefold()


def _each(rule: str, kind: pa.DataType, read: Callable[[str], object]) -> _Texts:
    def parse(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
        found: Sequence[object] = [read(text) for text in texts.to_pylist()]
        return pa.array(found, kind), pa.array([rule if value is None else None for value in found], pa.string())

    return parse


def _as_text(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    return texts, pa.nulls(len(texts), pa.string())


def _pseudonyms(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Numbers in place of pseudonyms: they are only ever counted, so nothing after this has to know them."""
    fits = pc.match_substring_regex(texts, _HASH)
    numbers = pc.dictionary_encode(pc.ascii_lower(texts)).indices
    return pc.if_else(fits, numbers, None), _broken(fits, "pseudoniem")


def parse_counts(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Whole numbers of zero or more; in a count a point before three digits always stands for thousands."""
    grouped = _either(texts, _GROUPED_POINT, _GROUPED_SPACE)
    # Programs that know no empty whole numbers write 12.0.
    plain = pc.replace_substring_regex(texts, r"[.,]0{1,2}$", "")
    digits = pc.if_else(grouped, pc.replace_substring_regex(texts, "[. ]", ""), plain)
    values = _floats(digits, pc.match_substring_regex(digits, r"^\+?\d{1,16}$"))
    fits = pc.is_valid(values)
    return values, _broken(fits, "aantal")


def parse_numbers(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Numbers with a decimal comma, or with a decimal point where it can't stand for thousands.

    ``1.234`` (and, among points, ``1,234``) is read as the other numbers of the column show; when they don't, or contradict
    each other, it breaks the rule ``getal_dubbelzinnig``.
    """
    texts = pc.replace_substring_regex(texts, _EURO, "")
    maybe_point = pc.match_substring_regex(texts, _MAYBE_POINT)
    maybe_comma = pc.match_substring_regex(texts, _MAYBE_COMMA)
    grouped = pc.and_(_either(texts, _GROUPED_POINT, _GROUPED_SPACE), pc.invert(maybe_point))
    dutch = pc.and_(_either(texts, _COMMA, _GROUPED_DECIMAL), pc.invert(maybe_comma))
    point = pc.and_(pc.match_substring_regex(texts, _POINT), pc.invert(pc.or_(maybe_point, grouped)))
    has_point = pc.any(point).as_py() or False
    has_dutch = pc.any(pc.or_(dutch, pc.and_(grouped, pc.match_substring(texts, ".")))).as_py() or False
    # Without a point that must be one, a comma is a decimal comma: that is how the contract asks for it.
    as_dutch = pc.or_(
        pc.or_(grouped, dutch),
        pc.or_(_if(has_dutch and not has_point, maybe_point), _if(has_dutch or not has_point, maybe_comma)),
    )
    as_point = pc.or_(point, _if(has_point and not has_dutch, maybe_point))
    unclear = pc.and_(pc.or_(maybe_point, maybe_comma), pc.invert(pc.or_(as_dutch, as_point)))
    from_dutch = pc.replace_substring(pc.replace_substring_regex(texts, "[. ]", ""), ",", ".")
    plain = pc.if_else(as_dutch, from_dutch, texts)
    values = _floats(plain, pc.and_(pc.match_substring_regex(plain, r"^[+-]?\d{1,16}(\.\d+)?$"), pc.invert(unclear)))
    rules = pc.if_else(unclear, "getal_dubbelzinnig", _broken(pc.is_valid(values), "getal"))
    return values, rules


def _either(texts: pa.Array, *patterns: str) -> pa.Array:
    first, second = (pc.match_substring_regex(texts, pattern) for pattern in patterns)
    return pc.or_(first, second)


def _if(condition: bool, mask: pa.Array) -> pa.Array:
    return mask if condition else pc.and_(mask, False)


def _floats(texts: pa.Array, fits: pa.Array) -> pa.Array:
    plain = pc.replace_substring_regex(pc.if_else(fits, texts, None), r"^\+", "")
    values = pc.cast(plain, pa.float64())
    return pc.if_else(pc.less_equal(pc.abs(values), MOST), values, None)


def _broken(fits: pa.Array, rule: str) -> pa.Array:
    return pc.if_else(fits, pa.scalar(None, pa.string()), rule)


def _within_bounds(values: pa.Array, rules: pa.Array, spec: Column) -> pa.Array:
    for bound, outside, rule in ((spec.least, pc.less, "te_laag"), (spec.most, pc.greater, "te_hoog")):
        if bound is not None:
            rules = pc.if_else(pc.fill_null(outside(values, bound), False), rule, rules)
    return rules
