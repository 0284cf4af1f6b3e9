"""The areas and schools that partners may name, and how they write them.

Belongs here: ``areas.csv`` (the wijken, buurten and postcodes of Heerlen) and ``schools.csv`` (where each school lies; the one
here is a sample, the real list is configuration), and the many ways in which people write their codes and names. Does not
belong here: which wijken make up Heerlen-Noord, and how areas are added up: that is dbt's.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

Kind = Literal["buurt", "wijk", "school", "postcode"]
FOLDER = Path(__file__).parent
_CODE = re.compile(r"(WK|BU)?([0-9]{5,8})")
_OTHER_LEVEL = re.compile(r"(NL|PV|GM|CR|RES?|LD)[0-9]{1,4}|HN1[34]|RH1[34]")
_POSTCODE = re.compile(r"(?:PC)?([1-9][0-9]{3})(?:[A-Z]{2})?")
_BRIN = re.compile(r"([0-9]{2}[A-Z]{2})([0-9]{1,2})?")


@dataclass(frozen=True)
class Found:
    """What a cell says: `key` is the unit that was delivered (a school), `area_code` where its figures go; or a broken rule."""

    key: str | None
    area_code: str | None
    rule: str | None = None


@dataclass(frozen=True)
class Places:
    """The areas by kind (code → name), and the schools by BRIN and location (→ name, wijk)."""

    areas: Mapping[str, Mapping[str, str]]
    schools: Mapping[str, tuple[str, str]]

    @classmethod
    @lru_cache
    def read(cls, folder: Path = FOLDER) -> Places:
        areas: dict[str, dict[str, str]] = {"wijk": {}, "buurt": {}, "postcode": {}}
        for row in _rows(folder / "areas.csv"):
            areas[row["area_type"]][row["area_code"]] = row["area_name"]
        schools = {
            row["brin"] + row["location"]: (row["school_name"], row["wijk_code"])
            for row in _rows(folder / "schools.csv")
        }
        return cls(areas, schools)

    def of_kind(self, kind: Kind) -> list[str]:
        """Codes of all areas that a delivery of this kind fills; schools fill wijken."""
        return sorted(self.areas["wijk" if kind == "school" else kind])

    def find(self, kind: Kind, text: str, name: str = "", location: str = "") -> Found:
        """The area of a row by code or name, with the name and the school's location that stand beside it."""
        if kind == "school":
            return self._school(text, name, location)
        if kind == "postcode":
            return self._postcode(text)
        found = self._area(kind, text)
        if found.key and name and self._names[kind].get(plain_name(name)) != found.key:
            return Found(None, None, "naam_past_niet")
        return found

    @cached_property
    def _names(self) -> dict[str, dict[str, str]]:
        return {
            kind: {plain_name(name): code for code, name in areas.items() if name} for kind, areas in self.areas.items()
        }

    def _area(self, kind: Kind, text: str) -> Found:
        compact = re.sub(r"[\s.\-]+", "", text).upper()
        match = _CODE.fullmatch(compact)
        if match is None:
            code = self._names[kind].get(plain_name(text))
            if code is None:
                return Found(None, None, "gebied_niveau" if _OTHER_LEVEL.fullmatch(compact) else "gebied_onbekend")
            return Found(code, code)
        # Excel takes the zero at the beginning of a code without letters away.
        digits = match[2] if len(match[2]) % 2 == 0 else "0" + match[2]
        level = {6: "wijk", 8: "buurt"}[len(digits)]
        if match[1] and match[1] != {"wijk": "WK", "buurt": "BU"}[level]:
            return Found(None, None, "gebied_onbekend")
        if not digits.startswith("0917"):
            return Found(None, None, "gebied_buiten_programma")
        if level != kind:
            return Found(None, None, "gebied_niveau")
        code = ("WK" if level == "wijk" else "BU") + digits
        return Found(code, code) if code in self.areas[level] else Found(None, None, "gebied_onbekend")

    def _postcode(self, text: str) -> Found:
        match = _POSTCODE.fullmatch(re.sub(r"\s+", "", text).upper())
        if match is None:
            return Found(None, None, "postcode")
        code = "PC" + match[1]
        if code not in self.areas["postcode"]:
            return Found(None, None, "gebied_buiten_programma")
        return Found(code, code)

    def _school(self, text: str, name: str, location: str) -> Found:
        match = _BRIN.fullmatch(re.sub(r"[\s.\-|]+", "", text).upper())
        place = re.fullmatch(r"[0-9]{1,2}", location.strip())
        if match is None or (location.strip() and place is None):
            return Found(None, None, "school_onbekend")
        numbers = {found.zfill(2) for found in (match[2], place[0] if place else None) if found}
        candidates = [
            code for code in self.schools if code.startswith(match[1]) and (not numbers or {code[4:]} == numbers)
        ]
        if len(candidates) != 1:
            return Found(None, None, "school_onbekend")
        school, wijk = self.schools[candidates[0]]
        known, given = plain_name(school), plain_name(name)
        # Partners shorten names of schools; only a name that is neither part of the other is another school's.
        if given and given not in known and known not in given:
            return Found(None, None, "naam_past_niet")
        return Found(candidates[0], wijk)


def plain_name(name: str) -> str:
    """A name as it is compared: without case, accents, signs, «Wijk 10» before it, and with «e.o.» written out."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    plain = re.sub(r"^(wijk|buurt) \d+ ", "", plain.strip())
    plain = re.sub(r"\be\.\s?o\.?(?!\w)", "en omgeving", plain)
    return "".join(sign for sign in plain if sign.isalnum())


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
