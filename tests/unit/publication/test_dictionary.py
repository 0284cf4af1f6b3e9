"""Descriptions from the manifest, and the comparison with what is materialised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from publication.catalog import Table
from publication.dictionary import (
    Descriptions,
    TableDescription,
    dictionary_rows,
    find_mismatches,
    read_code_lists,
    read_descriptions,
)
from publication.errors import PublicationError
from publication.facts import Facts

TABLE = Table("leren", "indicator_values", (("indicator_code", "VARCHAR"), ("value", "DOUBLE")))
MEANING = TableDescription("Figures.", {"indicator_code": "Code.", "value": "Figure."})
KEY = ("leren", "indicator_values")


def test_only_materialised_tables_of_released_schemas_are_read(descriptions: Descriptions) -> None:
    assert ("leren", "indicator_values") in descriptions
    assert ("meta", "feeds") in descriptions
    assert {schema for schema, _ in descriptions} == {
        "leren",
        "werken",
        "gezondheid",
        "wonen",
        "veiligheid",
        "programma",
        "meta",
    }
    assert ("leren", "helper") not in descriptions
    assert ("leren", "unique") not in descriptions
    assert descriptions["leren", "indicator_values"].columns["value"].endswith("één.")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"nodes": {"a": {}}}', '{"nodes": [1]}'])
def test_a_file_that_is_no_manifest_is_one_clear_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(content)
    with pytest.raises(PublicationError, match="manifest can't be read") as caught:
        read_descriptions(path)
    assert caught.value.where == str(path)


def test_an_absent_manifest_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(PublicationError, match="dbt parse"):
        read_descriptions(tmp_path / "manifest.json")


def test_equal_documentation_has_no_mismatch() -> None:
    assert find_mismatches([TABLE], {KEY: MEANING}) == []


@pytest.mark.parametrize(
    ("tables", "descriptions", "problem"),
    [
        ([TABLE], {}, "leren.indicator_values is not documented"),
        ([], {KEY: MEANING}, "leren.indicator_values is documented but is no table"),
        ([TABLE], {KEY: replace(MEANING, description="")}, "leren.indicator_values has no description"),
        (
            [TABLE],
            {KEY: replace(MEANING, columns={"value": "x"})},
            "leren.indicator_values.indicator_code is not documented",
        ),
        (
            [TABLE],
            {KEY: replace(MEANING, columns={**MEANING.columns, "gone": "x"})},
            "leren.indicator_values.gone is documented but is no column",
        ),
        (
            [TABLE],
            {KEY: replace(MEANING, columns={**MEANING.columns, "value": ""})},
            "leren.indicator_values.value has no description",
        ),
    ],
)
def test_each_mismatch_is_named(tables: list[Table], descriptions: Descriptions, problem: str) -> None:
    assert find_mismatches(tables, descriptions) == [problem]


def test_codes_stand_sorted_behind_their_own_column() -> None:
    lists = {
        (*KEY, "indicator_code"): {"B": "Twee.", "A": "Een."},
        ("wonen", "indicator_values", "indicator_code"): {"C": "x"},
    }
    assert dictionary_rows([TABLE], {KEY: MEANING}, lists) == [
        (*KEY, "indicator_code", 1, "VARCHAR", None, "Code."),
        (*KEY, "indicator_code", 1, "VARCHAR", "A", "Een."),
        (*KEY, "indicator_code", 1, "VARCHAR", "B", "Twee."),
        (*KEY, "value", 2, "DOUBLE", None, "Figure."),
    ]


def test_an_undocumented_column_has_no_rows() -> None:
    with pytest.raises(PublicationError, match="columns differ"):
        dictionary_rows([TABLE], {}, {})


def test_indicator_codes_are_listed_per_line_with_name_and_definition() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA meta")
        connection.execute(
            """CREATE TABLE meta.indicators AS SELECT * FROM (VALUES ('WON_1', 'wonen', 'Huis', 'Wat een huis is.'),
            ('LER_1', 'leren', 'School', NULL)) AS t(indicator_code, line, label_nl, definition_nl)"""
        )
        found = read_code_lists(connection, "memory")
    assert found == {
        ("leren", "indicator_values", "indicator_code"): {"LER_1": "School"},
        ("wonen", "indicator_values", "indicator_code"): {"WON_1": "Huis. Wat een huis is."},
    }


def test_only_sample_releases_are_marked() -> None:
    from datetime import UTC, datetime

    facts = Facts("x", datetime.now(UTC), "sample", "f", "sample", None)
    assert facts.title == "SAMPLE – verzonnen cijfers. Monitor Heerlen-Noord"
    assert replace(facts, data_origin="live").title == "Monitor Heerlen-Noord"
