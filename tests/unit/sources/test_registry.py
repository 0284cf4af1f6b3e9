"""Feed files: what is accepted, what is refused and with which words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sources.errors import ConfigurationError
from sources.feed import Expectation
from sources.registry import FEEDS, SCHEMA_FILE, json_schema, load_registry, read_feed

ALL_LINES = {"leren", "werken", "gezondheid", "wonen", "veiligheid"}


def test_every_line_has_a_feed() -> None:
    assert {line for feed in load_registry().values() for line in feed.lines} == ALL_LINES


def test_kerncijfers_has_a_table_for_each_year() -> None:
    assert [table.year for table in load_registry()["cbs_kerncijfers"].tables] == list(range(2013, 2026))


def test_schema_for_editors_is_the_models_own() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == json_schema(), "run: noord feeds --write-schema"
    json.loads(json_schema())


@pytest.mark.parametrize("path", sorted(FEEDS.rglob("*.yml")), ids=lambda path: path.stem)
def test_feed_names_its_schema_for_editors(path: Path) -> None:
    relative = "../" * len(path.relative_to(FEEDS).parts) + SCHEMA_FILE.name
    assert path.read_text(encoding="utf-8").startswith(f"# yaml-language-server: $schema={relative}\n")


def _changed(tmp_path: Path, name: str, **changes: object) -> Path:
    source = next(FEEDS.rglob(f"{name}.yml"))
    document = yaml.safe_load(source.read_text(encoding="utf-8")) | changes
    path = tmp_path / f"{name}.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expectation": []}, "expectation: Extra inputs are not permitted"),
        ({"lines": ["sport"]}, "lines.0"),
        ({"measures": {}}, "measures"),
        ({"measures": {"Population": {"stem": "AantalInwoners"}}}, "'Population' is not a lower_snake column name"),
        ({"tables": [{"id": "84799NED", "year": 2020}, {"id": "84799NED", "year": 2021}]}, "stands twice"),
        ({"period": {"from": "dimension"}}, "needs period.dimension"),
        ({"period": {"from": "table_year", "keep": "MM"}}, "keep, as and slice go with period.from: dimension"),
        ({"period": {"from": "table_year", "as": "KW"}}, "keep, as and slice go with period.from: dimension"),
        ({"period": {"from": "dimension", "dimension": "P", "as": "MM"}}, "period.as"),
        ({"period": {"from": "dimension", "dimension": "P", "keep": ["MM", "WW"]}}, "period.keep.1"),
        ({"period": {"from": "dimension", "dimension": "P", "slice": "year"}}, "slice and repull_months go together"),
        (
            {"period": {"from": "dimension", "dimension": "P", "repull_months": 13}},
            "slice and repull_months go together",
        ),
        ({"dimensions": [{"name": "D", "keep": ["1"], "titles": {"a": "A"}}]}, "keep (codes) or titles, not both"),
        ({"dimensions": [{"name": []}]}, "dimensions.0.name"),
        ({"protocol": "soap"}, "protocol"),
        ({"id": "other"}, "differs from the file's name"),
    ],
)
def test_a_wrong_feed_file_is_refused_by_name(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    path = _changed(tmp_path, "cbs_kerncijfers", **changes)
    with pytest.raises(ConfigurationError) as error:
        read_feed(path)
    assert words in str(error.value)
    assert str(path) in str(error.value)


def test_one_kind_of_period_and_one_name_may_stand_without_a_list(tmp_path: Path) -> None:
    period = {"from": "dimension", "dimension": "Perioden", "keep": "MM"}
    feed = read_feed(_changed(tmp_path, "politie_misdrijven", period=period, dimensions=[{"name": "SoortMisdrijf"}]))
    assert (feed.period.keep, feed.dimensions[0].names) == (("MM",), ("SoortMisdrijf",))
    period["keep"] = ["KW", "MM"]  # type: ignore[assignment]
    assert read_feed(_changed(tmp_path, "politie_misdrijven", period=period)).period.keep == ("KW", "MM")


def test_a_column_of_a_file_has_one_name_and_no_titles(tmp_path: Path) -> None:
    for dimension in ({"name": ["A", "B"]}, {"name": "A", "keep": ["1"]}, {"name": "A", "titles": {"a": "A"}}):
        with pytest.raises(ConfigurationError, match="a dimension of a file is a column with one name"):
            read_feed(_changed(tmp_path, "duo_schooladviezen", dimensions=[dimension]))


def test_expectation_on_an_unknown_column_is_refused(tmp_path: Path) -> None:
    broken = [{"type": "expect_column_values_to_not_be_null", "column": "inwoners", "severity": "block"}]
    with pytest.raises(ConfigurationError, match="not measures"):
        read_feed(_changed(tmp_path, "cbs_kerncijfers", expectations=broken))


def test_the_same_id_twice_is_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        _changed(tmp_path / folder, "leefbaarometer")
    with pytest.raises(ConfigurationError, match="stands in two files"):
        load_registry(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No feed file"):
        load_registry(tmp_path)


def test_contract_digest_follows_the_contract() -> None:
    feed = load_registry()["leefbaarometer"]
    assert feed.model_copy(update={"title": "Anders"}).contract_sha256 != feed.contract_sha256


@pytest.mark.parametrize("query", ["SELECT '{' FROM {batch}", "SELECT 1 FROM {table}", "SELECT {0} FROM {batch}"])
def test_a_row_query_with_other_braces_is_refused(query: str) -> None:
    """Great Expectations fills in the query as a format string: any other brace would end the run."""
    with pytest.raises(ValueError, match="holds braces other than {batch}"):
        Expectation(
            type="unexpected_rows_expectation", name="n", description="d", severity="block", unexpected_rows_query=query
        )


def test_row_query_needs_words_for_people() -> None:
    with pytest.raises(ValueError, match="needs name, description"):
        Expectation(type="unexpected_rows_expectation", severity="block", unexpected_rows_query="SELECT 1")
