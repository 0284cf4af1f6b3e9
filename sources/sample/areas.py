"""The areas of the sample: real codes and names from CBS, kept in ``areas.csv``.

Belongs here: which areas there are in a year and how they hang together. Does not belong here: figures about them
beyond the published inhabitants, households and hectares of the year in the file (`figures`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "areas.csv"
COUNTRY, HEERLEN = "NL00", "GM0917"
# A buurt of Goirle whose code contains Heerlen's number: a filter that looks for 0917 anywhere would take it.
DECOY = "BU07850917"
# Beekdaelen took the place of these three on 1 January 2019.
MERGED, MERGER, MERGED_IN = ("GM0881", "GM0951", "GM0962"), "GM1954", 2019
_KINDS = {"NL": "Land", "GM": "Gemeente", "WK": "Wijk", "BU": "Buurt"}


@dataclass(frozen=True)
class Area:
    """One area; `year` is the year of the published inhabitants, `households` is 0 where the file gives none."""

    code: str
    name: str
    year: int
    inhabitants: int
    households: int
    postcode: str
    hectares: int
    province: str

    @property
    def kind(self) -> str:
        return self.code[:2]

    @property
    def kind_name(self) -> str:
        return _KINDS[self.kind]

    @property
    def is_small(self) -> bool:
        """Wijken and buurten, whose counts are rounded and whose figures can be secret."""
        return self.kind in ("WK", "BU")

    @property
    def wijk(self) -> str:
        """The two digits of the wijk inside Heerlen, empty elsewhere."""
        return self.code[6:8] if self.is_small and self.code[2:6] == HEERLEN[2:] else ""

    @property
    def municipality(self) -> str:
        return self.code if self.kind == "NL" else "GM" + self.code[2:6]


@cache
def all_areas() -> dict[str, Area]:
    """Every area of the file by code, in the order of the file: country, municipalities, wijken, buurten."""
    with FILE.open(encoding="utf-8", newline="") as stream:
        return {row["code"]: _area(row) for row in csv.DictReader(stream, delimiter=";")}


def _area(row: dict[str, str]) -> Area:
    return Area(
        code=row["code"],
        name=row["name"],
        year=int(row["year"]),
        inhabitants=int(row["inhabitants"]),
        households=int(row["households"] or 0),
        postcode=row["postcode"],
        hectares=int(row["hectares"] or 0),
        province=row["province"],
    )


@cache
def members(code: str) -> tuple[Area, ...]:
    """The wijken of Heerlen or the buurten of one of its wijken; nothing for areas without known parts."""
    if code == HEERLEN:
        return tuple(area for area in all_areas().values() if area.kind == "WK" and area.municipality == HEERLEN)
    if code.startswith("WK"):
        return tuple(area for area in all_areas().values() if area.code.startswith("BU" + code[2:]))
    return ()


def exists(code: str, year: int) -> bool:
    """Whether a municipality exists in a year."""
    return year < MERGED_IN if code in MERGED else year >= MERGED_IN or code != MERGER


def areas_of(year: int, municipalities: frozenset[str]) -> Iterator[Area]:
    """The rows of a table on the division of `year`: country, the given municipalities, Heerlen's parts, the decoy."""
    for area in all_areas().values():
        if area.kind != "GM" or (area.code in municipalities and exists(area.code, year)):
            yield area
