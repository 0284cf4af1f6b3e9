"""What every released table, column and code means, and the proof that nothing released goes without.

Belongs here: reading descriptions from dbt's manifest, the descriptions of the tables that publication adds, the code
lists that columns refer to, and the comparison of what is documented with what is materialised. Does not belong here:
writing comments or files, which `publication.monitor` does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from publication.catalog import SCHEMAS, Table, quote
from publication.errors import PublicationError

_MATERIALISED = ("model", "seed", "snapshot")


@dataclass(frozen=True)
class TableDescription:
    """The meaning of a table and of its columns, by column name."""

    description: str
    columns: Mapping[str, str] = field(default_factory=dict)


Descriptions = Mapping[tuple[str, str], TableDescription]

# (schema, table, column) → code → meaning: the values that a column takes from a code list.
CodeLists = Mapping[tuple[str, str, str], Mapping[str, str]]
# Schema, table, column, position from 1, type, code (None for the column itself), description.
DictionaryRow = tuple[str, str, str, int, str, str | None, str]

OWN_TABLES: Descriptions = {
    ("meta", "release"): TableDescription(
        "This release: one row. Compare release_id before and after a query to know whether figures changed.",
        {
            "release_id": "Identifier of the release: UTC time of building and the start of the fingerprint.",
            "created_at": "Moment at which building began, in UTC.",
            "data_origin": "sample: invented figures; live: fetched from the publishers; replay: from an archive.",
            "fingerprint": "Hash of everything the release was made from; equal fingerprints mean equal figures.",
            "environment": "Name of the environment that built the release.",
            "previous_release_id": "The release that readers saw before this one; NULL for the first.",
            "title": "Title for pages and reports.",
        },
    ),
    ("meta", "revisions"): TableDescription(
        "Cijfers die anders zijn dan in de vorige uitgave (figures that changed since the release before); leeg bij de "
        "eerste. Nieuwe perioden en cijfers die er eerst niet waren, staan er niet in.",
        {
            "line": "Programmalijn (programme line)",
            "indicator_code": "Code van de indicator (indicator code)",
            "area_code": "Code van het gebied (area code)",
            "period_start": "Eerste dag van de periode (first day of the period)",
            "period_type": "Soort periode (period type)",
            "breakdown": "Uitsplitsing (breakdown)",
            "change": "revised: ander cijfer; withdrawn: het cijfer is er niet meer; status_changed: zelfde cijfer, "
            "andere status, zoals van voorlopig naar definitief (kind of change)",
            "cause": "Waardoor: snapshot (nieuwe levering), contract (anders gelezen), method (andere methode, omschrijving of "
            "gebieden) of suppression (nu verborgen); de eerste die geldt (cause)",
            "old_value": "Cijfer in de vorige uitgave, leeg als het nu verborgen is (value before, empty when hidden now)",
            "new_value": "Cijfer in deze uitgave, leeg als het er niet meer is (value now)",
            "old_status": "Status in de vorige uitgave (status before)",
            "new_status": "Status in deze uitgave, leeg als de rij er niet meer is (status now)",
            "old_snapshot_id": "Levering van het oude cijfer (snapshot before); zie meta.snapshots van die uitgave",
            "new_snapshot_id": "Levering van het nieuwe cijfer (snapshot now)",
            "previous_release_id": "De vorige uitgave (release before)",
        },
    ),
    ("meta", "changes"): TableDescription(
        "Alles wat deze uitgave verandert aan de vorige (all that this release changes of the one before): tabellen en kolommen, "
        "indicatoren, cijfers en oordelen; leeg bij de eerste. Ook als changes.parquet en changes.html.",
        {
            "change": "Soort: table_added, table_dropped, column_added, column_dropped, column_retyped, indicator_added, "
            "indicator_dropped, indicator_redefined, figures_added, figure_revised, figure_withdrawn, figure_status_changed "
            "of verdict_flipped (kind of change)",
            "name": "Tabel of kolom die veranderde, kolom van meta.indicators die iets anders zegt, of waarmee het oordeel "
            "vergelijkt: national of municipality_rest (what changed)",
            "line": "Programmalijn (programme line)",
            "indicator_code": "Code van de indicator (indicator code)",
            "area_code": "Code van het gebied (area code)",
            "period_start": "Eerste dag van de periode; bij figures_added van de nieuwste (first day of the period)",
            "period_type": "Soort periode (period type)",
            "breakdown": "Uitsplitsing (breakdown)",
            "old_value": "Cijfer in de vorige uitgave, leeg als het nu verborgen is (value before, empty when hidden now)",
            "new_value": "Cijfer in deze uitgave (value now)",
            "difference": "Nieuw min oud (new minus old)",
            "difference_pct": "Verschil in % van het oude cijfer, leeg als dat nul is (difference in % of the old value)",
            "old_text": "Status, oordeel, type of omschrijving in de vorige uitgave (status, verdict, type or text before)",
            "new_text": "Status, oordeel, type of omschrijving in deze uitgave (status, verdict, type or text now)",
            "cause": "Waardoor: als in meta.revisions; bij een oordeel ook new_period, over een nieuwere periode (cause)",
            "figures": "Aantal cijfers dat erbij kwam, alleen bij figures_added (number of figures added)",
            "previous_release_id": "De vorige uitgave (release before)",
        },
    ),
    ("meta", "dictionary"): TableDescription(
        "One row per column of every table in this release, followed by a row per code of columns with a code list.",
        {
            "schema_name": "Schema: a programme line, programma or meta.",
            "table_name": "Table within the schema.",
            "column_name": "Column within the table.",
            "column_position": "Position of the column in its table, from 1.",
            "data_type": "DuckDB type of the column.",
            "code": "Value of a code list, such as an indicator code; NULL in the row of the column itself.",
            "description": "Meaning of the column or, where code is filled, of that code.",
        },
    ),
}


def read_descriptions(manifest_path: Path) -> dict[tuple[str, str], TableDescription]:
    """Descriptions of the tables that dbt materialises in the released schemas, by (schema, table).

    Raises:
        PublicationError: the manifest is absent or is not a dbt manifest.
    """
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        return dict(_describe(node) for node in manifest["nodes"].values() if _is_released(node))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PublicationError(
            f"The dbt manifest can't be read: {type(error).__name__} {error}",
            where=str(manifest_path),
            now="Nothing was built; run dbt parse and try again.",
        ) from error


def _is_released(node: Mapping[str, Any]) -> bool:
    materialised = node["resource_type"] in _MATERIALISED and node["config"].get("materialized") != "ephemeral"
    return materialised and node["schema"] in SCHEMAS


def _describe(node: Mapping[str, Any]) -> tuple[tuple[str, str], TableDescription]:
    columns = {name: str(column.get("description", "")).strip() for name, column in node["columns"].items()}
    name = node.get("alias") or node["name"]
    return (node["schema"], name), TableDescription(str(node.get("description", "")).strip(), columns)


def find_mismatches(tables: Sequence[Table], descriptions: Descriptions) -> list[str]:
    """Every difference between what is documented and what is materialised, one clause each, in reading order."""
    found = {(table.schema, table.name): table for table in tables}
    problems = [
        f"{schema}.{name} is documented but is no table" for schema, name in descriptions if (schema, name) not in found
    ]
    for key, table in found.items():
        if key in descriptions:
            problems += _compare(table, descriptions[key])
        else:
            problems.append(f"{table.qualified} is not documented")
    return problems


def _compare(table: Table, documented: TableDescription) -> Iterator[str]:
    if not documented.description:
        yield f"{table.qualified} has no description"
    for column in table.column_names:
        if column not in documented.columns:
            yield f"{table.qualified}.{column} is not documented"
        elif not documented.columns[column]:
            yield f"{table.qualified}.{column} has no description"
    for column in documented.columns:
        if not table.has(column):
            yield f"{table.qualified}.{column} is documented but is no column"


def read_code_lists(connection: duckdb.DuckDBPyConnection, database: str) -> CodeLists:
    """The code lists of an attached database: the indicators of each line, each with its name and definition in Dutch.

    Raises:
        duckdb.Error: ``meta.indicators`` lacks a column; the release gate refuses such a warehouse beforehand.
    """
    rows = connection.execute(
        f"SELECT line, indicator_code, concat_ws('. ', label_nl, definition_nl) FROM {quote(database)}.meta.indicators"
    ).fetchall()
    lists: dict[tuple[str, str, str], dict[str, str]] = {}
    for line, code, meaning in rows:
        lists.setdefault((line, "indicator_values", "indicator_code"), {})[code] = meaning
    return lists


def dictionary_rows(tables: Sequence[Table], descriptions: Descriptions, code_lists: CodeLists) -> list[DictionaryRow]:
    """Rows of ``meta.dictionary``: tables in the order given, columns by position, each before its codes.

    Raises:
        PublicationError: a column has no description; the release gate refuses such a warehouse beforehand.
    """
    problems = find_mismatches(tables, descriptions)
    if problems:
        raise PublicationError(
            "Documented and materialised columns differ",
            where="; ".join(problems[:5]),
            now="No release was made and current is as it was.",
        )
    return [row for table in tables for row in _table_rows(table, descriptions[table.schema, table.name], code_lists)]


def _table_rows(table: Table, meaning: TableDescription, code_lists: CodeLists) -> Iterator[DictionaryRow]:
    for position, (column, kind) in enumerate(table.columns, start=1):
        place = (table.schema, table.name, column)
        yield (*place, position, kind, None, meaning.columns[column])
        for code, description in sorted(code_lists.get(place, {}).items()):
            yield (*place, position, kind, code, description)
