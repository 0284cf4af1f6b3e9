"""``dcat.jsonld``: the release as data portals harvest it, after DCAT-AP-NL 3.0.

Belongs here: describing a folder of finished files as a catalogue with a data set for the whole, for each line and for each
table of the programme. Does not belong here: making those files, and who publishes them (`publication.publisher`).

Source of the profile: https://docs.geostandaarden.nl/dcat/dcat-ap-nl30/, whose mandatory properties
`tests/unit/publication/test_dcat.py` holds. Addresses of files are relative to this file, because a release does not know
where it will be put on the web; a harvester resolves them against the address where it found the file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from publication.catalog import Table, list_tables, quote
from publication.facts import Facts
from publication.monitor import MONITOR
from publication.publisher import Publisher, read_publisher
from publication.tables import csv_path, parquet_path

DCAT = "dcat.jsonld"

Json = dict[str, Any]

_EU = "http://publications.europa.eu/resource/authority/"
_IANA = "https://www.iana.org/assignments/media-types/"
_CONTEXT: Json = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def write_dcat(connection: duckdb.DuckDBPyConnection, folder: Path, facts: Facts) -> None:
    """Describe the files in `folder` as a catalogue.

    Args:
        connection: has ``monitor.duckdb`` open as its only database.

    Raises:
        duckdb.Error, OSError: a file can't be read or the description can't be written.
    """
    catalogue = _Catalogue(connection, folder, facts).describe()
    (folder / DCAT).write_text(json.dumps(catalogue, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


class _Catalogue:
    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, facts: Facts) -> None:
        self.connection = connection
        self.folder = folder
        self.facts = facts
        self.publisher: Publisher = read_publisher()

    def describe(self) -> Json:
        tables = [
            table
            for table in list_tables(self.connection, "monitor")
            if table.schema == "programma" or table.name == "indicator_values"
        ]
        parts = [self._table(table) for table in tables]
        whole = self._dataset(
            "geheel", f"{self.facts.title}: alle tabellen", self._title_of_whole(), "programma", tables
        )
        whole["dcat:theme"] = [_theme(theme) for theme in dict.fromkeys(self.publisher.themes.values())]
        whole["dct:hasPart"] = [{"@id": part["@id"]} for part in parts]
        whole["dcat:distribution"] = [self._distribution(Path(MONITOR), None, "application/octet-stream", "DuckDB")]
        return {
            "@context": _CONTEXT,
            "@id": "#catalogus",
            "@type": "dcat:Catalog",
            "dct:title": _dutch(self.facts.title),
            "dct:description": _dutch(self._title_of_whole()),
            "dct:publisher": self._agent(),
            "dct:creator": self._agent(),
            "dcat:contactPoint": self._contact(),
            "dct:language": {"@id": self.publisher.language},
            "dct:license": {"@id": self.publisher.license.url},
            "dct:modified": self._moment(),
            "foaf:homepage": {"@id": self.publisher.homepage},
            "dcat:dataset": [whole, *parts],
        }

    def _title_of_whole(self) -> str:
        return (
            f"{self.facts.mark}Cijfers van de vijf programmalijnen van Heerlen-Noord, met van elk cijfer de bron. Het bestand "
            "monitor.duckdb bevat alle tabellen; dictionary.csv en metadata.csv leggen ze uit."
        )

    def _table(self, table: Table) -> Json:
        comment = self.connection.execute(
            "SELECT comment FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?", [table.schema, table.name]
        ).fetchall()[0][0]
        title = f"{self.facts.title}: {table.qualified}"
        dataset = self._dataset(table.qualified, title, comment, table.schema, [table])
        dataset["dcat:distribution"] = [
            self._distribution(parquet_path(table), "PARQUET", "application/vnd.apache.parquet", "Parquet"),
            {
                **self._distribution(csv_path(table), "CSV", "text/csv", "CSV voor een spreadsheet, gezipt"),
                "dcat:compressFormat": {"@id": f"{_IANA}application/zip"},
            },
        ]
        return dataset

    def _dataset(self, name: str, title: str, description: str, schema: str, tables: list[Table]) -> Json:
        return {
            "@id": f"#{name}",
            "@type": "dcat:Dataset",
            "dct:identifier": f"heerlen-noord-monitor/{self.facts.data_origin}/{name}",
            "dct:title": _dutch(title),
            "dct:description": _dutch(description),
            "dct:accessRights": {"@id": self.publisher.access_rights},
            "dct:publisher": self._agent(),
            "dct:creator": self._agent(),
            "dcat:contactPoint": self._contact(),
            "dcat:theme": [_theme(self.publisher.themes[schema])],
            "dcat:keyword": [_dutch("Heerlen-Noord"), _dutch(schema if name != "geheel" else "monitor")],
            "dct:language": {"@id": self.publisher.language},
            "dct:spatial": {"@id": self.publisher.spatial},
            "dcat:version": self.facts.release_id,
            "dct:modified": self._moment(),
            "dcat:landingPage": {"@id": self.publisher.homepage},
            "foaf:page": {"@id": "dictionary.csv"},
            **self._period(tables),
        }

    def _period(self, tables: list[Table]) -> Json:
        """From the first to the last day of which any of the tables has a row."""
        parts = " UNION ALL ".join(
            f"SELECT min(period_start) AS first, max(period_end) AS last FROM {quote(table.schema)}.{quote(table.name)}"
            for table in tables
            if table.has("period_start") and table.has("period_end")
        )
        if not parts:
            return {}
        first, last = self.connection.execute(f"SELECT min(first), max(last) FROM ({parts})").fetchall()[0]
        if first is None or last is None:
            return {}
        days = {"dcat:startDate": first, "dcat:endDate": last}
        return {
            "dct:temporal": {"@type": "dct:PeriodOfTime"} | {name: _typed(day, "date") for name, day in days.items()}
        }

    def _distribution(self, path: Path, file_type: str | None, media_type: str, title: str) -> Json:
        address = {"@id": path.as_posix()}
        kind = {"dct:format": {"@id": f"{_EU}file-type/{file_type}"}} if file_type else {}
        return {
            "@type": "dcat:Distribution",
            "dct:title": _dutch(title),
            "dcat:accessURL": address,
            "dcat:downloadURL": address,
            "dct:license": {"@id": self.publisher.license.url},
            "dct:rights": {"@id": "ATTRIBUTION.md"},
            "dcat:mediaType": {"@id": f"{_IANA}{media_type}"},
            "dcat:byteSize": {
                "@value": str((self.folder / path).stat().st_size),
                "@type": "xsd:nonNegativeInteger",
            },
            **kind,
        }

    def _agent(self) -> Json:
        return {"@id": self.publisher.homepage, "@type": "foaf:Agent", "foaf:name": _dutch(self.publisher.name)}

    def _contact(self) -> Json:
        contact = self.publisher.contact
        return {"@type": "vcard:Kind", "vcard:fn": contact.name, "vcard:hasURL": {"@id": contact.url}}

    def _moment(self) -> Json:
        return _typed(self.facts.created_at.isoformat().replace("+00:00", "Z"), "dateTime")


def _dutch(text: str) -> Json:
    return {"@value": text, "@language": "nl"}


def _typed(value: object, kind: str) -> Json:
    return {"@value": str(value), "@type": f"xsd:{kind}"}


def _theme(name: str) -> Json:
    return {"@id": f"{_EU}data-theme/{name}"}
