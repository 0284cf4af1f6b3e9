"""The real captures as tables of the loopback publisher, read in place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from tests.support.publisher import ODataTable

CAPTURES = Path(__file__).parents[3] / "shared" / "captures"

needs_captures = pytest.mark.skipif(
    not CAPTURES.is_dir(), reason=f"the real published data is not there: {CAPTURES} (CI has it)"
)


def kerncijfers_2020() -> ODataTable:
    """84799NED of the whole country: 17,341 rows × 117 columns, keys padded as served."""
    folder = CAPTURES / "kwb"
    connection = duckdb.connect()
    data = folder / "84799NED_TypedDataSet.parquet"
    doubles = [
        name
        for name, kind in connection.execute(
            f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{data}')"
        ).fetchall()
        if kind == "DOUBLE"
    ]
    # The capture holds NaN where the publisher sent null.
    cleaned = ", ".join(f'CASE WHEN isnan("{name}") THEN NULL ELSE "{name}" END AS "{name}"' for name in doubles)
    info = json.loads((folder / "84799NED_TableInfos.json").read_text(encoding="utf-8"))
    properties = (
        connection.execute(f"SELECT * FROM '{folder / '84799NED_DataProperties.parquet'}'").to_arrow_table().to_pylist()
    )
    return ODataTable(
        id="84799NED",
        host="opendata.cbs.nl",
        entities={"TableInfos": [info], "DataProperties": [_without_nan(row) for row in properties]},
        large={
            "TypedDataSet": f"SELECT * REPLACE ({cleaned}) FROM '{data}'",
            "WijkenEnBuurten": f"""SELECT "Key", "Title" FROM '{folder / "84799NED_WijkenEnBuurten.parquet"}'""",
        },
        connection=connection,
    )


def rivm_health() -> ODataTable:
    """50090NED of 2016 and 2020, ages 18+: values as published, in TypedDataSet form; margins were not captured."""
    rows: list[dict[str, Any]] = []
    for year in (2016, 2020):
        sheet = CalamineWorkbook.from_path(str(CAPTURES / "rivm" / f"50090NED_{year}_18plus.xlsx")).get_sheet_by_index(
            0
        )
        header, *body = sheet.to_python()
        names = [str(name) for name in header]
        rows.extend(_typed(dict(zip(names, row, strict=True))) for row in body)
    topics = [name for name in rows[0] if name not in ("ID", "Leeftijd", "Marges", "WijkenEnBuurten", "Perioden")]
    connection = duckdb.connect()
    import pyarrow as pa

    connection.register("arrow_rows", pa.Table.from_pylist(rows))
    connection.execute("CREATE TABLE typed AS SELECT * FROM arrow_rows")
    return ODataTable(
        id="50090NED",
        host="dataderden.cbs.nl",
        entities={
            "TableInfos": [
                {
                    "ID": 1,
                    "Identifier": "50090NED",
                    "Title": "Gezondheid per wijk en buurt",
                    "Modified": "2022-05-13T02:00:00",
                }
            ],
            "DataProperties": _rivm_properties(topics),
            "Perioden": [{"Key": f"{year}JJ00", "Title": str(year), "Status": "Definitief"} for year in (2016, 2020)],
        },
        large={
            "TypedDataSet": "SELECT * FROM typed",
            "WijkenEnBuurten": 'SELECT DISTINCT "WijkenEnBuurten" AS "Key", "Gemeentenaam_1" AS "Title" FROM typed ORDER BY 1',
        },
        connection=connection,
    )


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    """UntypedDataSet text as TypedDataSet gives it: padded keys stay, numbers become numbers, `.` and blank null."""
    texts = ("Marges", "WijkenEnBuurten", "Perioden", "Gemeentenaam_1", "SoortRegio_2", "Codering_3")
    typed: dict[str, Any] = {"ID": int(row["ID"]), "Leeftijd": f"{int(row['Leeftijd']):<8}"}
    for key, value in row.items():
        if key in texts:
            typed[key] = str(value)
        elif key not in typed:
            text = str(value).strip()
            typed[key] = None if text in ("", ".") else float(text)
    return typed


def _rivm_properties(topics: list[str]) -> list[dict[str, Any]]:
    dimensions = [
        ("Leeftijd", "Dimension"),
        ("Marges", "Dimension"),
        ("WijkenEnBuurten", "GeoDetail"),
        ("Perioden", "TimeDimension"),
    ]
    rows = [
        {"ID": at, "ParentID": None, "Type": kind, "Key": name, "Title": name}
        for at, (name, kind) in enumerate(dimensions)
    ]
    for at, name in enumerate(topics, start=len(rows)):
        text = name in ("Gemeentenaam_1", "SoortRegio_2", "Codering_3")
        rows.append(
            {"ID": at, "ParentID": None, "Type": "Topic", "Key": name, "Title": name, "Unit": "tekst" if text else "%"}
        )
    return rows


def _without_nan(row: dict[str, Any]) -> dict[str, Any]:
    return {key: None if value != value else value for key, value in row.items()}
