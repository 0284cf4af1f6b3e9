"""The columns of the sample's OData tables, kept in two CSV files.

Belongs here: which column a table has, under which ordinal, unit and topic group, and the DataProperties made of them.
``columns_kerncijfers.csv`` and ``columns_gezondheid.csv`` have one line per column and one field per table with the
ordinal it has there; an empty ordinal means that the table lacks it. Does not belong here: values (`odata`).

The tables of 2020 and 2022 are as published in full. Those of 2017, 2018 and 2023 – 2025 have the published names and
ordinals of the columns that feeds read, with holes where none was known; those of 2013 – 2016, 2019 and 2021 follow
their neighbours in names and order.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Topic:
    """One column; `groups` are the titles of the topic groups above it, outermost first.

    `figure` names the figure of the model or the text it shows; a topic without one stays empty, as reserved columns
    do.
    """

    key: str
    title: str
    unit: str
    datatype: str
    decimals: int
    groups: tuple[str, ...]
    figure: str

    @property
    def ordinal(self) -> int:
        return int(self.key.rpartition("_")[2])


@dataclass(frozen=True)
class Dimension:
    """A dimension of a table: its key and its OData type."""

    key: str
    title: str
    kind: str


def read_topics(file: str, table: str) -> tuple[Topic, ...]:
    """The columns of a table in the order of their ordinals."""
    with (FOLDER / file).open(encoding="utf-8", newline="") as stream:
        topics = [_topic(row, row[table]) for row in csv.DictReader(stream, delimiter=";") if row[table]]
    return tuple(sorted(topics, key=lambda topic: topic.ordinal))


def _topic(row: dict[str, str], ordinal: str) -> Topic:
    return Topic(
        key=f"{row['stem']}_{ordinal}",
        title=row["title"],
        unit=row["unit"],
        datatype=row["datatype"],
        decimals=int(row["decimals"]),
        groups=tuple(row["groups"].split("/")),
        figure=row["figure"],
    )


def data_properties(
    dimensions: Sequence[Dimension], topics: Sequence[Topic], map_year: int | None
) -> list[dict[str, Any]]:
    """The rows of DataProperties: dimensions, then topics with their groups as a tree of ParentID."""
    rows = [_dimension_row(number, dimension, map_year) for number, dimension in enumerate(dimensions)]
    known: dict[tuple[str, ...], int] = {}
    for position, topic in enumerate(topics, start=len(rows)):
        parent: int | None = None
        for depth in range(1, len(topic.groups) + 1):
            path = topic.groups[:depth]
            if path not in known:
                known[path] = len(rows)
                rows.append(_row("TopicGroup", len(rows), None, parent, "", path[-1]))
            parent = known[path]
        row = _row("Topic", len(rows), position, parent, topic.key, topic.title)
        row |= {"Datatype": topic.datatype, "Unit": topic.unit, "Decimals": topic.decimals, "Default": "Impossible"}
        rows.append(row | {"PresentationType": "Relative" if topic.unit in ("%", "x 1 000 euro") else "Absolute"})
    return rows


def _dimension_row(number: int, dimension: Dimension, map_year: int | None) -> dict[str, Any]:
    row = _row(dimension.kind, number, number, None, dimension.key, dimension.title)
    return row | ({"MapYear": map_year} if dimension.kind == "GeoDetail" else {})


def _row(kind: str, number: int, position: int | None, parent: int | None, key: str, title: str) -> dict[str, Any]:
    return {
        "odata.type": f"Cbs.OData.{kind}",
        "ID": number,
        "Position": position,
        "ParentID": parent,
        "Type": kind,
        "Key": key,
        "Title": title,
        "Description": None,
        "ReleasePolicy": False,
    }
