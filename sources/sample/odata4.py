"""A stand-in for datasets.cbs.nl that answers in the format of OData 4: early school leavers (84780NED).

Belongs here: the table, its codes and the parts of OData 4 that the protocol asks for: ``in``, ``startswith``,
``$count``. A question outside these parts is an error, so that the archive can't hold an answer the real publisher would
not give. Codes of measures and the names of groups are invented. Does not belong here: OData 3 (`odata`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sources.sample.areas import COUNTRY, Area, areas_of, members
from sources.sample.figures import amount, disadvantage, noise

HOST = "datasets.cbs.nl"
TABLE = "84780NED"
JSON_TYPE = "application/json; odata.metadata=minimal; odata.streaming=true"
PUPILS, LEAVERS, PERCENTAGE = "M002260", "1023650_1", "1023650_2"
Row = dict[str, Any]

_BASE = f"https://{HOST}/odata/v1/CBS/{TABLE}"
_DIVISION, _SECRET_BELOW = 2025, 10
# Leavers in per cent of pupils in the whole country, by the year in which the school year begins.
_NATIONAL = {2017: 1.89, 2018: 2.01, 2019: 1.69, 2020: 1.86, 2021: 2.33, 2022: 2.42, 2023: 2.18, 2024: 2.05}
_MODIFIED = "2026-03-02T02:00:00+01:00"
_SEXES = {"T001038": "Totaal mannen en vrouwen", "3000": "Mannen", "4000": "Vrouwen"}
_MEASURES = (
    (PUPILS, "Leerlingen", "aantal", "Long", 0, "A1"),
    (LEAVERS, "Voortijdig schoolverlaters", "aantal", "Long", 0, "A2"),
    (PERCENTAGE, "Voortijdig schoolverlaters, percentage", "%", "Double", 1, "A2"),
)
_GROUPS = (("A1", "Leerlingen", None), ("A2", "Voortijdig schoolverlaters", "A1"))


class Odata4Publisher:
    """Answers the URLs of the host, for the given municipalities."""

    def __init__(self, municipalities: frozenset[str]) -> None:
        areas = [area for area in areas_of(_DIVISION, municipalities) if not area.is_small]
        self._entities: dict[str, list[Row]] = {
            "Dimensions": list(_dimensions()),
            "MeasureCodes": list(_measure_codes()),
            "MeasureGroups": [_group(number, *group) for number, group in enumerate(_GROUPS)],
            "PeriodenCodes": [_period(number, year) for number, year in enumerate(_NATIONAL)],
            "RegiokenmerkenCodes": [_code(number, _key(area), area.name) for number, area in enumerate(areas)],
            "Observations": [row | {"Id": number} for number, row in enumerate(_observations(areas))],
        }

    def answer(self, url: str) -> bytes | None:
        """The body for a URL, None where the host has nothing."""
        parts = urlsplit(url)
        entity = parts.path.rpartition("/")[2]
        if f"https://{parts.netloc}{parts.path}" != f"{_BASE}/{entity}":
            return None
        if entity == "Properties":
            return _encode({"@odata.context": f"{_BASE}/$metadata#Properties"} | self._properties())
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        groups = _parse(query.get("$filter", ""))
        rows = [row for row in self._entities[entity] if all(_passes(row, group) for group in groups)]
        counted = {"@odata.count": len(rows)} if query.get("$count") == "true" else {}
        return _encode({"@odata.context": f"{_BASE}/$metadata#{entity}", **counted, "value": rows})

    def _properties(self) -> Row:
        return {
            "Identifier": TABLE,
            "Title": "Voortijdig schoolverlaters; geslacht, woonregio",
            "Summary": "Voorbeeldcijfers in de vorm van deze tabel; geen uitkomsten van de uitgever.",
            "Modified": _MODIFIED,
            "ObservationsModified": _MODIFIED,
            "Version": "202603020200",
            "VersionReason": "Actualisering",
            "ObservationCount": len(self._entities["Observations"]),
            "DatasetType": "Numeric",
            "Status": "Regulier",
            "Catalog": "CBS",
            "Language": "nl",
            "License": "https://creativecommons.org/licenses/by/4.0/",
        }


# -- figures --------------------------------------------------------------------------------------------------------


def pupils(area: Area, year: int, sex: str) -> int:
    """Pupils aged 12 to 22 in secondary education and mbo."""
    part = {"3000": 0.51, "4000": 0.49}.get(sex, 1.0)
    spread = 0.0 if area.kind == "NL" else 0.08 * noise(area.code, "pupils_vo_mbo")
    return round(amount(area, "inhabitants", year) * 0.0765 * (1 + spread) * part)


def leavers(area: Area, year: int, sex: str) -> int:
    """Those of them who left without a basic qualification; more of them boys, and where disadvantage is larger."""
    local = 0.0 if area.kind == "NL" else 0.9 * _lag(area) + 0.2 * noise(area.code, year, "leavers")
    rate = max(0.4, _NATIONAL[year] + local) * {"3000": 1.2, "4000": 0.8}.get(sex, 1.0)
    return round(pupils(area, year, sex) * rate / 100)


def _lag(area: Area) -> float:
    """The disadvantage of a municipality; that of Heerlen is known from its wijken."""
    wijken = members(area.code)
    people = [amount(wijk, "inhabitants", _DIVISION) for wijk in wijken]
    weighted = [number * disadvantage(wijk) for number, wijk in zip(people, wijken, strict=True)]
    return math.fsum(weighted) / math.fsum(people) if wijken else disadvantage(area)


def _observations(areas: Sequence[Area]) -> Iterator[Row]:
    for area in areas:
        for year in _NATIONAL:
            for sex in _SEXES:
                number, left = pupils(area, year, sex), leavers(area, year, sex)
                shown = left if left >= _SECRET_BELOW else None
                percentage = None if shown is None else round(100 * left / number, 1)
                for measure, value in ((PUPILS, number), (LEAVERS, shown), (PERCENTAGE, percentage)):
                    yield _observation(area, year, sex, measure, value)


def _observation(area: Area, year: int, sex: str, measure: str, value: float | None) -> Row:
    return {
        "Id": 0,
        "Measure": measure,
        "ValueAttribute": "Impossible" if value is None else "None",
        "Value": None if value is None else float(value),
        "StringValue": None,
        "Geslacht": sex,
        "Regiokenmerken": _key(area),
        "Perioden": f"{year}SJ00",
    }


def _key(area: Area) -> str:
    return "NL01" if area.code == COUNTRY else area.code


# -- metadata -------------------------------------------------------------------------------------------------------


def _dimensions() -> Iterator[Row]:
    for name, title, kind in (
        ("Geslacht", "Geslacht", "Dimension"),
        ("Regiokenmerken", "Regiokenmerken", "GeoDimension"),
        ("Perioden", "Perioden", "TimeDimension"),
    ):
        yield {"Identifier": name, "Title": title, "Description": "", "Kind": kind, "MapYear": None}


def _measure_codes() -> Iterator[Row]:
    for index, (identifier, title, unit, datatype, decimals, group) in enumerate(_MEASURES, start=1):
        yield {
            "Identifier": identifier,
            "Index": index,
            "Title": title,
            "Description": "",
            "MeasureGroupId": group,
            "DataType": datatype,
            "Unit": unit,
            "Format": None,
            "Decimals": decimals,
            "PresentationType": "Relative" if unit == "%" else "Absolute",
        }


def _group(index: int, identifier: str, title: str, parent: str | None) -> Row:
    return {"Id": identifier, "Index": index, "Title": title, "Description": "", "ParentId": parent}


def _code(index: int, identifier: str, title: str) -> Row:
    return {"Identifier": identifier, "Index": index, "Title": title, "Description": "", "DimensionGroupId": "0"}


def _period(index: int, year: int) -> Row:
    newest = max(_NATIONAL)
    status = {newest: "Voorlopig", newest - 1: "NaderVoorlopig"}.get(year, "Definitief")
    mark = "" if status == "Definitief" else "*"
    return _code(index, f"{year}SJ00", f"{year}/'{(year + 1) % 100:02}{mark}") | {"Status": status}


# -- answering ------------------------------------------------------------------------------------------------------

_IN = re.compile(r"(\w+) in \(((?:'[^']*',?)+)\)")
_STARTS = re.compile(r"startswith\((\w+),'([^']*)'\)")
Clause = tuple[str, bool, tuple[str, ...]]


def _parse(condition: str) -> list[list[Clause]]:
    """Conditions ``a and (b or c)``: groups that must all hold, of clauses of which one must."""
    return [[_clause(part) for part in _inner(group).split(" or ")] for group in condition.split(" and ") if group]


def _inner(group: str) -> str:
    return group[1:-1] if group.startswith("(") else group


def _clause(text: str) -> Clause:
    listed, starts = _IN.fullmatch(text), _STARTS.fullmatch(text)
    if listed:
        return listed[1], True, tuple(re.findall(r"'([^']*)'", listed[2]))
    if starts:
        return starts[1], False, (starts[2],)
    raise NotImplementedError(f"filter {text}")


def _passes(row: Row, clauses: Sequence[Clause]) -> bool:
    return any(
        row[column] in values if is_whole else str(row[column]).startswith(values)
        for column, is_whole, values in clauses
    )


def _encode(body: Row) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
