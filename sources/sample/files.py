"""Stand-ins for duo.nl and leefbaarometer.nl: files in the publishers' own shapes.

Belongs here: the schools and the liveability scores of the sample and how their files are written: encodings, quoting,
``<5`` and spellings of codes that change from file to file. Does not belong here: the model (`figures`). Files in the
ZIP are stored, not packed: packed bytes depend on the build of zlib, and the archive packs them anyway.
"""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from sources.sample.areas import DECOY, HEERLEN, Area, all_areas, exists, members
from sources.sample.figures import disadvantage, level, noise

# -- schools --------------------------------------------------------------------------------------------------------

ADVICES = (
    "VSO", "PRO", "VMBO_B", "VMBO_B_K", "VMBO_K", "VMBO_K_GT", "VMBO_GT", "VMBO_GT_HAVO", "HAVO", "HAVO_VWO", "VWO",
    "ADVIES_NIET_MOGELIJK",
)  # fmt: skip
# Parts of all pupils in per mille, and how they change with disadvantage.
_ADVICE_SHARES = (4, 22, 55, 45, 70, 75, 140, 130, 130, 145, 180, 4)
_ADVICE_GAPS = (4, 22, 40, 22, 30, 12, 5, -15, -25, -40, -55, 0)
_NAMES = (
    "Belvédère", "De Linde", "Het Kompas", "Sint-Jozef", "Noël", "De Schakel", "'t Carré", "Élan", "De Regenboog",
    "Hélène", "Het Palet", "De Vlieger", "Chrétien", "De Wissel", "Naïma", "De Sprong", "Coöperatie", "Het Anker",
    "De Brug", "Zuiderlicht",
)  # fmt: skip
_ELSEWHERE = 75


@dataclass(frozen=True)
class School:
    """One location of an invented school; all codes begin with 99, which no real school has."""

    code: str
    location: str
    name: str
    postcode: str
    area: Area
    level: float
    pupils: int


@dataclass(frozen=True)
class Edition:
    """How one year's file is written."""

    encoding: str
    postcode_header: str
    full_location: bool
    padded_municipality: bool
    footer: bool
    newline: str
    modified: str


EDITIONS = {
    2020: Edition("cp1252", "POSTCODE", False, False, False, "\r\n", "Thu, 14 Oct 2021 08:12:44 GMT"),
    2021: Edition("cp1252", "POSTCODE", True, True, False, "\r\n", "Wed, 12 Oct 2022 09:31:02 GMT"),
    2022: Edition("utf-8-sig", "POSTCODE_VESTIGING", False, True, True, "\n", "Tue, 17 Oct 2023 07:45:30 GMT"),
    2023: Edition("cp1252", "POSTCODE", True, False, False, "\r\n", "Tue, 15 Oct 2024 11:02:19 GMT"),
    2024: Edition("cp1252", "POSTCODE", False, True, False, "\r\n", "Thu, 16 Oct 2025 06:58:51 GMT"),
}


@cache
def schools(municipalities: frozenset[str]) -> tuple[School, ...]:
    """26 locations in Heerlen, two in each other municipality of the scope, two in each of 75 others."""
    areas = all_areas()
    buurten = [buurt for wijk in members(HEERLEN) for buurt in members(wijk.code)]
    places = sorted(buurten, key=lambda area: (-area.inhabitants, area.code))[:26]
    others = [area for area in areas.values() if area.kind == "GM" and area.postcode and exists(area.code, 2020)]
    near = [area for area in others if area.code in municipalities and area.code != HEERLEN]
    far = [area for area in others if area.code not in municipalities]
    far.sort(key=lambda area: (-area.inhabitants, area.code))
    sites = [*places, *(area for area in (*near, *far[:_ELSEWHERE]) for _ in range(2))]
    return tuple(_school(number, area, sites[number - 1] if number else None) for number, area in enumerate(sites))


def _school(number: int, area: Area, before: Area | None) -> School:
    # Every ninth is a second location of the school before it, when that is in the same municipality.
    second = number % 9 == 8 and before is not None and before.municipality == area.municipality
    own = number - 1 if second else number
    code = f"99{chr(65 + own // 26)}{chr(65 + own % 26)}"
    name = f"Basisschool {_NAMES[own % len(_NAMES)]}"
    if second:
        name += "; locatie Markt" if number % 2 else "\nlocatie Plein"
    letters = f"{chr(65 + number % 26)}{chr(65 + number * 7 % 26)}"
    pupils = 38 + round(17 * noise("school", number))
    location, municipality = "01" if second else "00", all_areas()[area.municipality]
    return School(code, location, name, f"{area.postcode} {letters}", municipality, disadvantage(area), pupils)


def schools_file(year: int, municipalities: frozenset[str]) -> bytes:
    """The file of school advices of the school year that begins in `year`."""
    edition = EDITIONS[year]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator=edition.newline)
    school_columns = ["INSTELLINGSCODE", "VESTIGINGSCODE", "INSTELLINGSNAAM", edition.postcode_header, "PLAATSNAAM"]
    area_columns = ["GEMEENTENUMMER", "GEMEENTENAAM", "PROVINCIE"]
    writer.writerow([*school_columns, *area_columns, "SOORT_PO", "DENOMINATIE", *ADVICES])
    for school in schools(municipalities):
        writer.writerow(_school_row(school, edition, year))
    if edition.footer:
        writer.writerow(["Bron: DUO"])
    return text.getvalue().encode(edition.encoding)


def _school_row(school: School, edition: Edition, year: int) -> list[str]:
    number = school.area.code[2:]
    place = school.area.name.upper()
    return [
        school.code,
        school.code + school.location if edition.full_location else school.location,
        school.name,
        school.postcode,
        place,
        number if edition.padded_municipality else str(int(number)),
        place,
        school.area.province,
        "Bo",
        "Openbaar" if number[-1] in "02468" else "Rooms-Katholiek",
        *_advices(school, year),
    ]


def _advices(school: School, year: int) -> Iterator[str]:
    gap = school.level * (1 - 0.02 * (year - 2020))
    weights = [
        max(0.0, (share + slope * gap) * (1 + 0.35 * noise(school.code, school.location, advice, year)))
        for advice, share, slope in zip(ADVICES, _ADVICE_SHARES, _ADVICE_GAPS, strict=True)
    ]
    whole = math.fsum(weights)
    for weight in weights:
        number = round(weight / whole * school.pupils)
        yield "<5" if 0 < number < 5 else str(number)


# -- liveability ----------------------------------------------------------------------------------------------------

YEARS = (2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022, 2024)
ZIP_MODIFIED = "Tue, 18 Nov 2025 10:20:00 GMT"
_FOLDER = "Leefbaarometer 3.0 - Meting 2024 - open data"
_MOMENT = (2025, 11, 18, 11, 20, 0)
_DIMENSIONS = {"fys": "physical", "onv": "nuisance", "soc": "cohesion", "vrz": "amenities", "won": "housing"}


def liveability_zip() -> bytes:
    """The open data file: scores of buurten, wijken and municipalities, and a file that no feed reads."""
    areas = all_areas().values()
    buurten = [area for area in areas if area.kind == "BU" and (area.wijk or area.code == DECOY)]
    wijken = [area for area in areas if area.kind == "WK"]
    municipalities = [area for area in areas if area.kind == "GM" and exists(area.code, 2024)]
    contents = {
        "Leefbaarometer-ontwikkeling buurten 2014-2024.csv": _development(buurten),
        "Leefbaarometer-scores buurten 2002-2024.csv": _scores("bu", buurten, YEARS),
        "Leefbaarometer-scores gemeenten 2002-2024.csv": _scores("gm", municipalities, YEARS),
        "Leefbaarometer-scores wijken 2002-2024.csv": _scores("wk", wijken, YEARS),
        "leesmij.txt": "Voorbeeldcijfers in de vorm van de open data van de Leefbaarometer.\r\n",
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_member(f"{_FOLDER}/"), b"")
        for name, text in contents.items():
            archive.writestr(_member(f"{_FOLDER}/{name}"), text.encode())
    return target.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _MOMENT)
    # Left to itself zipfile notes the system that it runs on.
    member.create_system, member.external_attr = 3, (0o40755 if name.endswith("/") else 0o100644) << 16
    return member


def _scores(prefix: str, areas: Sequence[Area], years: Sequence[int]) -> str:
    delimiter = "," if prefix == "gm" else ";"
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow([f"{prefix}_code", f"{prefix}_naam", "jaar", "lbm", "afw", *_DIMENSIONS])
    for area in areas:
        for year in years:
            writer.writerow([area.code, area.name, year, *_score(area, year)])
    return text.getvalue()


def _score(area: Area, year: int) -> list[str]:
    """Class, deviation and the five dimensions; empty where hardly anybody lives."""
    if area.is_small and area.inhabitants < 40:
        return [""] * (2 + len(_DIMENSIONS))
    parts = [level(area, figure, year) for figure in _DIMENSIONS.values()]
    deviation = math.fsum(parts)
    grade = min(9, max(1, round(6.6 + 13 * deviation + 0.03 * (year - 2014))))
    return [str(grade), *(f"{value:.5f}" for value in (deviation, *parts))]


def _development(areas: Sequence[Area]) -> str:
    lines = [f"{area.code};2014;2024;{_score(area, 2024)[1]}" for area in areas]
    return "\n".join(["bu_code;van;tot;ontwikkeling", *lines, ""])
