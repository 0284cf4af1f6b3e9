"""The worked examples of the partners' contracts: small files that show a partner, and a test, what is taken in and how.

Belongs here: the bytes of each example, written with ``python -m sources.sample.examples`` below
``sources/feeds/partners/<partner>/<feed>/examples/``. Each contract has a plain one and an awkward one; between them they
show what real files do: encodings, byte order marks, title rows, merged headers, hidden sheets, formulas, footers, padded
codes, areas by name, dates of Excel, quoted line breaks, duplicate rows. Does not belong here: what must come of each, which
stands in the contract beside its name, and the deliveries of the sample (`sources.sample.deliveries`).

Nothing in here is about a person who exists. The numbers that pass the check of a BSN are those that are used for tests.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from sources.registry import FEEDS
from sources.sample.partners.dialects import (
    COMMAS,
    EXCEL,
    OLD,
    PLAIN,
    TABBED,
    THOUSANDS,
    TITLED,
    Cell,
    Row,
    csv_file,
    workbook,
)

FOLDER = FEEDS / "partners"
WIJKEN = (
    "WK091710",
    "WK091711",
    "WK091712",
    "WK091713",
    "WK091720",
    "WK091721",
    "WK091722",
    "WK091724",
    "WK091730",
    "WK091731",
)
BUURTEN = (
    "BU09171000",
    "BU09171001",
    "BU09171100",
    "BU09171101",
    "BU09171200",
    "BU09171201",
    "BU09171300",
    "BU09171301",
)
# Numbers for tests that pass the check of a BSN; nobody has them.
TEST_BSNS = ("123456782", "111222333")
_KEY = b"voorbeeld: geen echte sleutel"
_BOM = "\ufeff"
_HARD = "\u00a0"
_MADE = datetime(2025, 4, 14, 9, 30)
_CROSSWALK = Path(__file__).parents[1] / "partners" / "schools.csv"
_NOT_A_ROW = "Bron: eigen registratie"


def files() -> Iterator[tuple[str, bytes]]:
    """Every example: its path below `FOLDER`, and its bytes."""
    for place, make in _EXAMPLES.items():
        for name, body in make().items():
            yield f"{place}/examples/{name}", body


def write(folder: Path = FOLDER) -> None:
    """Write the examples."""
    for path, body in files():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)


# -- leren ----------------------------------------------------------------------------------------------------------

_ABSENCE = (
    "schooljaar", "maand", "brin", "vestiging", "schoolnaam", "bestuur", "leerlingen", "meldingen_absoluut",
    "meldingen_relatief", "langdurig_4wk", "thuiszitters_3mnd",
)  # fmt: skip


@cache
def _schools() -> tuple[tuple[str, str, str], ...]:
    """BRIN, location and name of the first twelve schools of the crosswalk."""
    with _CROSSWALK.open(encoding="utf-8", newline="") as stream:
        return tuple((row["brin"], row["location"], row["school_name"]) for row in csv.DictReader(stream))[:12]


def _absence() -> dict[str, bytes]:
    def rows(year: str, month: Cell) -> list[list[Cell]]:
        return [
            [year, month, brin, location, name, "Stichting Voorbeeld", 200 + 5 * at, at % 2, 4 + at, 2 + at % 3, at % 3]
            for at, (brin, location, name) in enumerate(_schools())
        ]

    titled = rows("2024/2025", "april")
    titled[3][2:5] = ["99ZZ", "00", "Basisschool Elders"]
    titled[5][2:4] = [f" {titled[5][2]}{_HARD}", titled[5][3]]
    titled[6][4] = "Basisschool Café André"
    header = (
        "Cursusjaar",
        "Verslagmaand",
        "BRIN-nummer",
        "Vestigings\u00adnummer",
        *_ABSENCE[4:6],
        "Aantal leerlingen",
        *_ABSENCE[7:],
    )
    leaked = rows("2024-2025", 5)
    leaked[2][4] = f"{leaked[2][4]} ({TEST_BSNS[0]})"
    return {
        "leerplicht_verzuim_202503.csv": csv_file(_ABSENCE, rows("2024-2025", 3)),
        "leerplicht_verzuim_202504.csv": csv_file(
            [h.replace("\u00ad", " ") for h in header], titled, replace(TITLED, footer=_NOT_A_ROW)
        ),
        "leerplicht_verzuim_202505.csv": csv_file(_ABSENCE, leaked),
    }


_RICH_DAY = (
    "brin",
    "vestiging",
    "groep",
    "leerlingen",
    "deelnemers",
    "uren_aangeboden",
    "uren_gevolgd",
    "activiteit",
    "peildatum",
)


def _rich_day() -> dict[str, bytes]:
    def rows() -> list[list[Cell]]:
        return [
            [
                *_schools()[at // 8][:2],
                str(at % 8 + 1),
                24,
                18,
                5,
                4.5,
                ("sport", "muziek", "techniek", "taal")[at % 4],
                date(2025, 3, 1),
            ]
            for at in range(24)
        ]

    awkward = rows()
    awkward[2][6] = 25
    awkward[4][2] = "groep 5"
    awkward[7][7] = None
    sheets: dict[str, Sequence[Row]] = {
        "Deelname": [
            ["Rijke Schooldag, tweede periode 2024-2025"],
            [],
            ["BRIN-nummer", "Vest", "Groep", "Aantal", None, "Uren per week", None, "Activiteit", "Peildatum"],
            [None, None, None, "leerlingen", "deelnemers", "aangeboden", "gevolgd", None, None],
            *awkward,
            ["Bron: schooladministratie"],
        ],
        "Toelichting": [["Uren zijn klokuren."], ["Cijfers zijn verzonnen."]],
    }
    body = workbook(sheets, hidden=["Toelichting"], merged=["A1:I1", "D3:E3", "F3:G3", "A3:A4"], made=_MADE)
    return {
        "rijke_schooldag_2024_1.xlsx": workbook({"Deelname": [_RICH_DAY, *rows()]}, made=_MADE),
        "rijke_schooldag_2024_2.xlsx": _computed(body, {"E5": "D5-6", "F6": "2+3"}),
    }


def _computed(book: bytes, formulas: dict[str, str]) -> bytes:
    """The workbook in which these cells of the first sheet are formulas, whose values Excel has stored."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for member in before.infolist():
            body = before.read(member)
            if member.filename == "xl/worksheets/sheet1.xml":
                for cell, formula in formulas.items():
                    body, found = re.subn(
                        rf'(<c r="{cell}"[^>]*>)(<v>)'.encode(), rf"\1<f>{formula}</f>\2".encode(), body
                    )
                    assert found == 1, f"{cell} holds no number"
            after.writestr(member, body)
    return target.getvalue()


_PRESCHOOL = ("locatie", "wijkcode", "peuters_2_4", "doelgroeppeuters", "geplaatst", "wachtlijst")


def _preschool() -> dict[str, bytes]:
    def rows() -> list[list[Cell]]:
        return [
            [f"Peuterspeelplek {at + 1}", WIJKEN[at // 2], 30 + at, 10 + at % 4, 6 + at % 3, 2 + at % 2]
            for at in range(20)
        ]

    old = rows()
    old[1][1] = "WK091710  "
    old[3][1] = "Mariarade"
    old[4][1] = "091712"
    old[6][1] = f"Nieuw{_HARD}Lotbroek"
    old[9][4] = -1
    synonyms = ("Naam locatie", "Wijk", "Peuters 2-4 jaar", "VVE indicatie", "Doelgroep met plek", "Op wachtlijst")
    new = [[*row, 24] for row in rows()]
    broken = [[*row[:-1], None] for row in new]
    broken[0][0] = 'Peuterspeelplek "De Hommel"\r\ntweede lokaal'
    broken[1][0] = "Peuterspeelplek 2, ingang achter"
    header = (*_PRESCHOOL[:4], "doelgroep_geplaatst", "wachtlijst", "dagdelen")
    return {
        "peuteropvang_2025Q1.csv": csv_file(_PRESCHOOL, rows()),
        "peuteropvang_2025Q2.csv": csv_file(synonyms, old, EXCEL),
        "peuteropvang_2025Q3.csv": csv_file(header, new),
        "peuteropvang_2025Q4.csv": csv_file(header, broken, COMMAS),
        # A column that nobody has agreed upon: there may be anything in it.
        "peuteropvang_2026Q1.csv": csv_file((*header, "opmerking"), [[*row, "geen"] for row in new]),
    }


# -- werken ---------------------------------------------------------------------------------------------------------

_ASSISTANCE = (
    "peildatum",
    "wijkcode",
    "leeftijdsklasse",
    "huishoudtype",
    "aantal",
    "instroom",
    "uitstroom",
    "uitstroom_werk",
)
_HOMES = ("alleenstaand", "alleenstaande ouder", "paar met kinderen", "paar zonder kinderen")


def _assistance() -> dict[str, bytes]:
    def rows(day: Cell, wijken: Sequence[str] = WIJKEN) -> list[list[Cell]]:
        return [
            [day, wijk, age, home, 12 + at + 3 * place, 2, 3, 1]
            for place, wijk in enumerate(wijken)
            for at, (age, home) in enumerate((age, home) for age in ("18-26", "27-44", "45+") for home in _HOMES)
        ]

    awkward = rows("28-02-2025")
    awkward[0][:2] = ["28-2-2025", "091710"]
    awkward[1][0] = "2025-02-28"
    awkward[2][2:4] = ["Jonger dan 27", "GEHUWD MET KINDEREN"]
    awkward[3][0] = "30-02-2025"
    awkward[5][3] = "woongroep"
    # The same group of the same wijk twice, with other numbers: nobody can tell which is right.
    awkward[14][2:4] = awkward[13][2:4]
    wrong = rows("31-03-2025", WIJKEN[:1])
    for at, cell in enumerate(("veel", "12,5", "=2+3")):
        wrong[at][4] = cell
    return {
        "wiz_bijstand_202501.csv": csv_file(_ASSISTANCE, rows("31-01-2025", WIJKEN[:3])),
        "wiz_bijstand_202502.csv": csv_file(_ASSISTANCE, awkward, OLD),
        "wiz_bijstand_202503.csv": csv_file(_ASSISTANCE, wrong),
    }


_COURSES = ("pseudoniem", "traject", "start", "einde", "uitkomst", "wijkcode", "leeftijdsklasse")


def _keyed(person: int) -> str:
    return hmac.new(_KEY, f"voorbeeld {person}".encode(), hashlib.sha256).hexdigest()


def _courses() -> dict[str, bytes]:
    def rows(first: date, count: int) -> list[list[Cell]]:
        return [
            [
                # One person in six has two courses.
                _keyed(at - 1 if at % 6 == 5 else at),
                ("scholing", "bemiddeling", "werkervaring")[at % 3],
                first + timedelta(days=at % 80),
                None if at % 4 == 0 else first + timedelta(days=at % 80 + 100),
                "loopt nog" if at % 4 == 0 else ("werk", "opleiding", "gestopt")[at % 3],
                WIJKEN[at // 6 % 3],
                ("18 tot 27", "27 tot 45", "45 en ouder")[at // 6 % 3],
            ]
            for at in range(count)
        ]

    awkward = rows(date(2025, 4, 1), 120)
    awkward[3][0] = str(awkward[3][0]).upper()
    awkward[8][1] = '=HYPERLINK("https://example.org";"werk")'
    awkward[11][2] = "2025-04-31"
    unkeyed = rows(date(2025, 7, 1), 40)
    for at, row in enumerate(unkeyed):
        row[0] = hashlib.sha256(str(1000 + at).encode()).hexdigest()
    return {
        "wsp_trajecten_202503.csv": csv_file(_COURSES, rows(date(2025, 1, 1), 60)),
        "wsp_trajecten_202506.csv": csv_file(_COURSES, awkward, TABBED),
        "wsp_trajecten_202509.csv": csv_file(_COURSES, unkeyed),
    }


# -- gezondheid -----------------------------------------------------------------------------------------------------

_CHILDREN = ("wijkcode", "wijknaam", "leeftijd", "gemeten", "overgewicht", "obesitas", "mond", "spraak")
_NAMES = (
    "Maria Gewanden en Terschuren", "Mariarade", "Hoensbroek-De Dem", "Nieuw Lotbroek", "Vrieheide-De Stack",
    "Heerlerheide-Passart", "Heksenberg", "Rennemig-Beersdal", "Zeswegen-Nieuw Husken", "Schandelen-Grasbroek",
)  # fmt: skip


def _children() -> dict[str, bytes]:
    def rows() -> list[list[Cell]]:
        return [
            [wijk, _NAMES[place], age, 40 + 3 * place + at, 8 + (3 * place + at) % 5, 2 + (3 * place + at) % 3, 6, 4]
            for place, wijk in enumerate(WIJKEN)
            for at, age in enumerate((5, 10, 14))
        ]

    wide = rows()
    wide[0][2], wide[1][2], wide[2][2] = "5-6 jaar", "groep 7", "14 jaar"
    wide[3][6] = wide[3][7] = None
    # The code of one wijk with the name of another.
    wide[10][1] = "Heksenberg"
    contact = replace(PLAIN, title=("Vragen: a.voorbeeld@example.org of 06-12345678", ""))
    return {
        "ggd_jgz_2024.csv": csv_file([h for h in _CHILDREN if h != "wijknaam"], [[row[0], *row[2:]] for row in rows()]),
        "ggd_jgz_2023.csv": csv_file(_CHILDREN, wide, replace(PLAIN, encoding="utf-16")),
        "ggd_jgz_2022.csv": csv_file(_CHILDREN, rows(), contact),
    }


_COSTS = ("pc4", "leeftijdsklasse", "verzekerdenjaren", "kosten_totaal", "huisarts", "ggz", "msz")
_POSTCODES = ("6411", "6412", "6413", "6414", "6415", "6416", "6417", "6418", "6419", "6431", "6432", "6433")


def _costs() -> dict[str, bytes]:
    def rows() -> list[list[Cell]]:
        return [
            [int(postcode), age, 800.5 + at, 2_000_000 + 1000.25 * at, 100_000.0, 250_000.0, 900_000.0]
            for at, (postcode, age) in enumerate((p, a) for p in _POSTCODES for a in ("0-17", "18-39", "40-64", "65+"))
        ]

    awkward = rows()
    awkward[0][0] = "6411 "
    awkward[1][3] = "2.001.000,25"
    awkward[2][2] = "802,5"
    awkward[7][0] = "64111"
    titled: dict[str, Sequence[Row]] = {
        "Kosten": [
            ["Zorgkosten per postcode"],
            [],
            ["PC4", "Leeftijd", "Verzekerde jaren", "Totale kosten", *_COSTS[4:]],
            *awkward,
            ["Bron: verzekeraar"],
        ],
        "Draaitabel": [["pc4", "som"], [6411, 8_000_000]],
    }
    hidden: dict[str, Sequence[Row]] = {
        "Kosten": [_COSTS, *rows()],
        "Werkblad2": [["naam", "bsn"], ["A. Voorbeeld", int(TEST_BSNS[1])]],
    }
    return {
        "zorgkosten_2023.xlsx": workbook({"Kosten": [_COSTS, *rows()]}, made=_MADE),
        "zorgkosten_2022.xlsx": workbook(titled, hidden=["Draaitabel"], merged=["A1:G1"], made=_MADE),
        "zorgkosten_2021.xlsx": workbook(hidden, hidden=["Werkblad2"], made=_MADE),
    }


_ACTIVITIES = (
    "activiteit",
    "programmalijn",
    "locatie",
    "wijkcode",
    "deelnames",
    "unieke_deelnemers",
    "kinderen",
    "vrijwilligers",
)
_OFFER = (
    ("Huiswerkklas", "leren"),
    ("Sollicitatiehulp", "werken"),
    ("Samen koken", "gezondheid"),
    ("Buurtschoonmaak", "wonen"),
)


def _activities() -> dict[str, bytes]:
    def rows() -> list[list[Cell]]:
        return [
            [name, line, f"Buurthuis {place + 1}", wijk, 60 + at, 20 + at, 10, 2]
            for place, wijk in enumerate(WIJKEN[:6])
            for at, (name, line) in enumerate(_OFFER)
        ]

    awkward = rows()
    awkward[0][2] = "Buurthuis 1\nzaal achter, eerste verdieping"
    awkward[1][0] = 'Sollicitatiehulp "Aan de slag", groep 1'
    awkward[2][1] = "Gezond"
    awkward[5][1] = "sport"
    named = rows()
    named[2][0] = "Koffie met mevrouw J. de Vries"
    return {
        "activiteiten_2025Q1.csv": csv_file(_ACTIVITIES, rows()),
        "activiteiten_2025Q2.csv": csv_file(_ACTIVITIES, awkward, replace(COMMAS, encoding="utf-8-sig")),
        "activiteiten_2025Q3.csv": csv_file(_ACTIVITIES, named, EXCEL),
    }


# -- wonen ----------------------------------------------------------------------------------------------------------

_DWELLINGS = (
    "corporatie", "complex", "wijkcode", "buurtcode", "vhe", "label", "leeg_frictie", "leeg_project", "mutaties",
    "gem_dagen_leeg", "huur_gem",
)  # fmt: skip


def _dwellings() -> dict[str, bytes]:
    def rows(count: int) -> list[list[Cell]]:
        return [
            ["Corporatie A", f"A-{at + 1:03}", WIJKEN[at % 10], None, 40 + at, "ABCDEFG"[at % 7], 1, 0, 2, 30.5, 590.25]
            for at in range(count)
        ]

    awkward = rows(50)
    awkward[0][4], awkward[0][5] = 1012, "A++"
    awkward[1][5] = "n.v.t."
    awkward[2][3] = "BU09171200"
    awkward[3][8:10] = [0, None]
    awkward[4][5] = "H"
    # A wijk of Kerkrade.
    awkward[6][2] = "WK092800"
    refused = rows(10)
    for row in refused[:3]:
        row[4] = "onbekend"
    return {
        "corporatie_voorraad_2025Q1.csv": csv_file(_DWELLINGS, rows(20)),
        "corporatie_voorraad_2025Q2.csv": csv_file(
            _DWELLINGS, awkward, replace(THOUSANDS, encoding="cp1252", closed=True)
        ),
        "corporatie_voorraad_2025Q3.csv": csv_file(_DWELLINGS, refused),
    }


def _repairs() -> dict[str, bytes]:
    def rows(count: int) -> list[dict[str, Cell]]:
        kinds = ("vocht en schimmel", "verwarming", "sanitair", "elektra")
        return [
            {
                "id": 202503_0000 + at,
                "datum": f"{1 + at % 28:02}-03-2025",
                "pc6": f"{6411 + at % 9}AB",
                "categorie": kinds[at % 4],
                "afgehandeld_op": None if at % 5 == 0 else f"{1 + at % 28:02}-04-2025",
            }
            for at in range(count)
        ]

    awkward = rows(100)
    awkward[0]["datum"] = "2025-03-01"
    awkward[1]["pc6"] = "6412 ab"
    awkward[2]["categorie"] = "Vocht en Schimmel"
    awkward[3]["datum"] = "31-02-2025"
    # The same request on two pages.
    awkward[5] = dict(awkward[4])
    nested: list[dict[str, object]] = [dict(row) for row in rows(5)]
    nested[0]["categorie"] = ["verwarming", "sanitair"]
    made = {"reparaties_1.json": rows(40), "reparaties_2.json": awkward, "reparaties_3.json": nested}
    return {name: _json(body) for name, body in made.items()}


def _json(rows: object) -> bytes:
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()


_PUBLIC_SPACE = ("maand", "buurtcode", "buurtnaam", "categorie", "aantal", "binnen_5_werkdagen")


def _public_space() -> dict[str, bytes]:
    def rows(*months: str) -> list[list[Cell]]:
        return [
            [month, buurt, None, kind, 6 + at, 4 + place % 3]
            for month in months
            for place, buurt in enumerate(BUURTEN)
            for at, kind in enumerate(("afval", "groen", "verlichting", "wegen", "overlast"))
        ]

    awkward = rows("2025-04", "202505")
    awkward[0][2] = "Maria Gewanden"
    awkward[1][1:3] = ["Maria Gewanden", "maria gewanden"]
    awkward[2][1] = f"BU09171000{_HARD}{_HARD}"
    awkward[3][3] = "Straten en Stoepen"
    awkward[7][3] = "klacht over buren"
    # Moved by one column, as happens when a row is pasted.
    awkward[9] = [*awkward[9][1:], None]
    header = ("Meldmaand", "CBS-buurt", "Naam buurt", "Soort melding", "Meldingen", "Binnen termijn")
    return {
        "meldingen_openbare_ruimte_202503.csv": csv_file(_PUBLIC_SPACE, rows("2025-03")),
        "meldingen_openbare_ruimte_202505.csv": csv_file(header, awkward, replace(TABBED, footer="Bron: meldsysteem")),
    }


# -- veiligheid -----------------------------------------------------------------------------------------------------

_NUISANCE = ("buurtcode", "soort_melding", "periode", "aantal")


def _nuisance() -> dict[str, bytes]:
    def rows(*months: int, kinds: Sequence[str] = ("1.1.0 ", "1.2.0 ", "1.3.0 ")) -> list[list[Cell]]:
        return [
            [f"{buurt:<10}", kind, f"2025MM{month:02}", 3 + at + place]
            for month in months
            for place, buurt in enumerate(BUURTEN)
            for at, kind in enumerate(kinds)
        ]

    awkward = rows(4, 5, 6)
    awkward[0][3] = 1204
    awkward[1][1] = "Overlast drugs"
    # A buurt of Goirle, whose code holds Heerlen's number.
    awkward[20][0] = "BU07850917"
    header = (f"Wijken{_HARD}en{_HARD}buurten", f"SoortOverlast{_BOM}", "Perioden", "GeregistreerdeOverlast")
    return {
        "politie_202503.csv": csv_file(_NUISANCE, rows(3)),
        "politie_202506.csv": csv_file(header, awkward, replace(THOUSANDS, footer="Bron: politie")),
        # With the line of all kinds, which would count every report twice.
        "politie_202507.csv": csv_file(_NUISANCE, rows(7, kinds=("0.0.0 ", "1.1.0 ", "1.2.0 "))),
    }


_EXAMPLES: dict[str, Callable[[], dict[str, bytes]]] = {
    "gemeente/leerplicht_verzuim": _absence,
    "schoolbestuur/rijke_schooldag": _rich_day,
    "kinderopvang/peuteropvang": _preschool,
    "gemeente/bijstand_wijk": _assistance,
    "werkbedrijf/trajecten_naar_werk": _courses,
    "jeugdgezondheidszorg/jgz_gewicht": _children,
    "zorgverzekeraar/zorgkosten": _costs,
    "welzijn/activiteiten": _activities,
    "corporatie/corporatie_voorraad": _dwellings,
    "corporatie/reparatieverzoeken": _repairs,
    "gemeente/meldingen_openbare_ruimte": _public_space,
    "politie/meldingen_overlast": _nuisance,
}


if __name__ == "__main__":
    write()
