"""A JSON list of objects as rows: numbers as they are written, nothing nested.

Belongs here: JSON. Does not belong here: how pages are fetched (`pull`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from sources.partners.rules import Refused

# JSON becomes objects of twenty times its size before it becomes a table.
MOST_JSON_BYTES = 50 * 1024**2
MOST_VALUES = 5_000_000
_Pairs = list[tuple[str, object]]


def json_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The names as first row, number 0, and then each object with its number from 1; absent and null are empty.

    Raises:
        Refused: no list of flat objects, or too large.
    """
    objects = _read(path)
    names = list(dict.fromkeys(name for pairs in objects for name, _ in pairs))
    yield 0, names
    places = {name: place for place, name in enumerate(names)}
    for number, pairs in enumerate(objects, start=1):
        row = [""] * len(names)
        for name, value in pairs:
            row[places[name]] = _text(value, number)
        yield number, row


def _read(path: Path) -> list[_Pairs]:
    content = path.read_bytes()
    if len(content) > MOST_JSON_BYTES:
        raise Refused("te_groot", "het bestand", "JSON van hoogstens 50 MB")
    if content.count(b",") > MOST_VALUES:
        raise Refused("te_veel_cellen", "het bestand")
    try:
        document = json.loads(
            content, object_pairs_hook=_pairs, parse_float=_decimal, parse_int=str, parse_constant=_no_number
        )
    except UnicodeDecodeError:
        raise Refused("geen_tekst", "het bestand", "JSON in UTF-8") from None
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise Refused("onleesbaar", f"regel {line}" if line else "het bestand", "JSON die heel is") from None
    if not isinstance(document, list) or not all(isinstance(item, tuple) for item in document):
        raise Refused("geneste_waarde", "het bestand", "een lijst met voor elke rij één object")
    return [list(item) for item in document]


def _pairs(pairs: _Pairs) -> tuple[tuple[str, object], ...]:
    """An object as a tuple, which tells it from a list. A name that stands twice would hide its first value."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise Refused("geneste_waarde", "het bestand")
    return tuple(pairs)


def _decimal(text: str) -> str:
    """A number with a decimal comma, so that a point is never taken for thousands."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        # An exponent beyond every limit.
        value = Decimal("NaN")
    if not value.is_finite() or abs(value.adjusted()) > 30:
        raise Refused("onleesbaar", "het bestand", "getallen van gewone grootte")
    return format(value, "f").replace(".", ",")


def _no_number(_: str) -> str:
    raise Refused("onleesbaar", "het bestand", "getallen, en geen NaN of Infinity")


def _text(value: object, number: int) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        raise Refused("geneste_waarde", f"rij {number}")
    return str(value).lower() if isinstance(value, bool) else str(value)
