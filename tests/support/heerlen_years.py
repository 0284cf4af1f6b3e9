"""The real Kerncijfers of Heerlen, 2016 – 2019, as tables of the loopback publisher, read in place.

Belongs here: turning the captured file, whose regions have names instead of codes and whose columns have long Dutch
names, back into what CBS serves: codes, stems with ordinals, units and topic groups. Figures pass through untouched;
an empty cell stays null. Does not belong here: what the figures should add up to (`tests.path.test_heerlen_years`).

Three things are asserted instead of assumed: each region gets one code and each code one region, each column is one
column of the publisher's own metadata (84799NED and 83765NED), and a rule that makes CBS's stems out of titles gives
exactly the stems of 84799NED.
"""

from __future__ import annotations

import csv
import re
import sqlite3
import unicodedata
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from tests.support.captures import CAPTURES
from tests.support.publisher import ODataTable

TABLES = {2016: "83487NED", 2017: "83765NED", 2018: "84286NED", 2019: "84583NED"}
DATABASE = CAPTURES / "kwb" / "kwb_heerlen_2016_2020.sqlite"
_NAMES = CAPTURES / "names" / "heerlen_codes_by_year.csv"
# The last row of 2016 – 2019 names the source and holds no figure.
_FOOTER = "Bron: CBS"
_REGION_COLUMN, _CHANGE_COLUMN = "wijkbuurt", "regioaanduidingindelingswijzigingwijkenenbuurten"
_KINDS = {"GM": "Gemeente", "WK": "Wijk", "BU": "Buurt"}


@dataclass(frozen=True)
class Topic:
    """A column of the publisher; `groups` are the titles of the topic groups above it, outermost first."""

    groups: tuple[str, ...]
    title: str
    unit: str
    datatype: str
    decimals: int

    @property
    def stem(self) -> str:
        """CBS's key without its ordinal: the title in capitals and small letters, ``k_`` before a digit."""
        words = re.findall(r"[0-9A-Za-z]+", _without_accents(self.title))
        stem = "".join(word[0].upper() + word[1:] for word in words)
        return f"k_{stem}" if stem[0].isdigit() else stem

    @property
    def long_name(self) -> str:
        """What is left of group and title in the names of the file, letters and digits only."""
        return plain_name(" ".join((*self.groups, self.title)))


# The only column that neither list of metadata has: 2017 dropped it.
_DROPPED = Topic(("Motorvoertuigen",), "Bedrijfsmotorvoertuigen", "aantal", "Long", 0)


@dataclass(frozen=True)
class Year:
    """One year of the file: rows as {area code: {plain column name: figure or None}}, in the order of the file."""

    year: int
    columns: tuple[str, ...]
    names: dict[str, str]
    rows: dict[str, dict[str, float | None]]


def plain_name(text: str) -> str:
    """A name without case, spaces, marks and signs; the file has them in several ways, a byte-order mark among them."""
    return re.sub(r"[^0-9a-zà-ÿ]", "", text.casefold().replace("%", "proc"))


def _without_accents(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


@cache
def read_year(year: int) -> Year:
    """One year with codes in place of names."""
    uri = f"file:{DATABASE}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        cursor = connection.execute(f"SELECT * FROM Kerncijfers_wijken_en_buurten_{year}_pp ORDER BY rowid")
        columns = [plain_name(column) for column, *_ in cursor.description]
        body = cursor.fetchall()
    assert columns[0] == _REGION_COLUMN
    assert len(set(columns)) == len(columns), "two columns have the same name"
    if body[-1][0] == _FOOTER:
        assert all(cell is None for cell in body.pop()[1:]), "the row that names the source holds a figure"
    codes = region_codes([str(row[0]) for row in body])
    return Year(
        year,
        tuple(columns[1:]),
        {code: str(row[0]) for code, row in zip(codes, body, strict=True)},
        {code: dict(zip(columns[1:], row[1:], strict=True)) for code, row in zip(codes, body, strict=True)},
    )


def region_codes(names: Sequence[str]) -> list[str]:
    """The code of each region of the file, by name and place: the municipality, then each wijk before its buurten.

    A name alone does not do: De Koumen and three others are a wijk and a buurt, and in 2016 two wijken have number 41.
    """
    known = _known_names()
    codes: list[str] = []
    for name in names:
        if not codes:
            kind, within = "GM", "GM0917"
        elif name.startswith("Wijk "):
            kind, within = "WK", "WK0917"
        else:
            wijk = next(code for code in reversed(codes) if code.startswith("WK"))
            kind, within = "BU", f"BU{wijk[2:]}"
        found = [code for code in known.get((kind, name), ()) if code.startswith(within)]
        assert len(found) == 1, f"{kind} '{name}' is {found or 'no known region'}, expected one below {within}"
        codes += found
    counts = {kind: sum(code.startswith(kind) for code in codes) for kind in _KINDS}
    assert counts == {"GM": 1, "WK": 23, "BU": 57}, f"found {counts}"
    assert len(set(codes)) == len(codes), "a region stands twice"
    return codes


@cache
def _known_names() -> dict[tuple[str, str], set[str]]:
    """(kind, name) → codes; a region that was renamed is known by each of its names."""
    with _NAMES.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    known: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for column, name in row.items():
            if column != "code" and name:
                known.setdefault((row["code"][:2], name), set()).add(row["code"])
    return known


@cache
def topics() -> dict[str, Topic]:
    """The publisher's columns by their long name: those of 2020, and those of 2017 that 2020 no longer has."""
    by_name = {topic.long_name: topic for topic in (*_topics_of_2017(), *topics_of_2020(), _DROPPED)}
    for key, topic in topics_of_2020_by_key().items():
        stem = key.rpartition("_")[0]
        assert topic.stem == stem, f"the rule makes {topic.stem} of '{topic.title}', the publisher has {stem}"
    return by_name


def topics_of_2020() -> list[Topic]:
    return list(topics_of_2020_by_key().values())


@cache
def topics_of_2020_by_key() -> dict[str, Topic]:
    """The topics of the captured DataProperties of 84799NED."""
    path = CAPTURES / "kwb" / "84799NED_DataProperties.parquet"
    rows = duckdb.sql(f"SELECT * FROM '{path}' ORDER BY \"ID\"").to_arrow_table().to_pylist()
    by_id = {row["ID"]: row for row in rows}

    def groups(parent: int | None) -> tuple[str, ...]:
        return () if parent is None else (*groups(by_id[parent]["ParentID"]), by_id[parent]["Title"])

    return {
        row["Key"]: Topic(groups(row["ParentID"]), row["Title"], row["Unit"], row["Datatype"], row["Decimals"])
        for row in rows
        if row["Type"] == "Topic"
    }


def _topics_of_2017() -> list[Topic]:
    """The measures of the captured OData 4 metadata of 83765NED."""
    folder = CAPTURES / "kwb"
    measures = duckdb.sql(f"SELECT * FROM '{folder / '83765NED_odata4_MeasureCodes.parquet'}'").to_arrow_table()
    groups = duckdb.sql(f"SELECT * FROM '{folder / '83765NED_odata4_MeasureGroups.parquet'}'").to_arrow_table()
    by_id = {row["Id"]: row for row in groups.to_pylist()}

    def path(group: str | None) -> tuple[str, ...]:
        return () if group is None else (*path(by_id[group]["ParentId"]), by_id[group]["Title"])

    return [
        Topic(path(row["MeasureGroupId"]), row["Title"], row["Unit"], row["DataType"], int(row["Decimals"]))
        for row in measures.to_pylist()
    ]


def kerncijfers_of(year: int) -> ODataTable:
    """One year as CBS serves it; ordinals count on from the four columns of Regioaanduiding, in the file's order."""
    read = read_year(year)
    chosen = {column: _topic(column) for column in read.columns if column != _CHANGE_COLUMN}
    keys = {column: f"{topic.stem}_{ordinal}" for ordinal, (column, topic) in enumerate(chosen.items(), start=5)}
    connection = duckdb.connect()
    connection.register("arrow_rows", pa.Table.from_pylist(_rows(read, chosen, keys)))
    connection.execute("CREATE TABLE typed AS SELECT * FROM arrow_rows")
    return ODataTable(
        id=TABLES[year],
        host="opendata.cbs.nl",
        entities={
            "TableInfos": [
                {
                    "ID": int(TABLES[year][:5]),
                    "Identifier": TABLES[year],
                    "Title": f"Kerncijfers wijken en buurten {year}",
                    "Modified": f"{year + 3}-03-26T02:00:00",
                    "OutputStatus": "Regulier",
                    "Language": "nl",
                    "Period": str(year),
                    "RecordCount": len(read.rows),
                }
            ],
            "DataProperties": _properties(year, chosen, keys),
            "WijkenEnBuurten": [
                {"Key": code.ljust(10), "Title": name, "Municipality": "GM0917", "DetailRegionCode": code}
                for code, name in read.names.items()
            ],
        },
        large={"TypedDataSet": 'SELECT * FROM typed ORDER BY "ID"'},
        connection=connection,
    )


def _topic(column: str) -> Topic:
    found = topics().get(column)
    assert found is not None, f"column '{column}' is in no captured metadata"
    return found


def _rows(read: Year, chosen: dict[str, Topic], keys: dict[str, str]) -> list[dict[str, Any]]:
    """Rows of TypedDataSet: texts padded, whole numbers whole, an empty cell null."""
    made = []
    for number, (code, cells) in enumerate(read.rows.items()):
        change = cells[_CHANGE_COLUMN]
        head: dict[str, Any] = {
            "ID": number,
            "WijkenEnBuurten": code.ljust(10),
            "Gemeentenaam_1": "Heerlen".ljust(40),
            "SoortRegio_2": _KINDS[code[:2]].ljust(10),
            "Codering_3": code.ljust(10),
            "IndelingswijzigingWijkenEnBuurten_4": ("." if change is None else f"{change:.0f}").rjust(10),
        }
        made.append(head | {keys[column]: _number(cells[column], topic) for column, topic in chosen.items()})
    return made


def _number(cell: float | None, topic: Topic) -> float | None:
    if cell is None or topic.datatype == "Double":
        return cell
    assert cell == int(cell), f"{topic.title} holds {cell}, the publisher says {topic.datatype}"
    return int(cell)


def _properties(year: int, chosen: dict[str, Topic], keys: dict[str, str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"ID": 0, "ParentID": None, "Type": "GeoDetail", "Key": "WijkenEnBuurten", "Title": "Wijken en buurten"}
        | {"MapYear": year}
    ]
    ids: dict[tuple[str, ...], int] = {}

    def group(path: tuple[str, ...]) -> int | None:
        if path and path not in ids:
            parent = group(path[:-1])
            ids[path] = len(rows)
            rows.append({"ID": len(rows), "ParentID": parent, "Type": "TopicGroup", "Key": "", "Title": path[-1]})
        return ids.get(path)

    regional = [(key, topic) for key, topic in topics_of_2020_by_key().items() if topic.groups == ("Regioaanduiding",)]
    for key, topic in [*regional, *((keys[column], topic) for column, topic in chosen.items())]:
        parent = group(topic.groups)
        rows.append(
            {"ID": len(rows), "ParentID": parent, "Type": "Topic", "Key": key, "Title": topic.title}
            | {"Datatype": topic.datatype, "Unit": topic.unit, "Decimals": topic.decimals}
        )
    return rows
