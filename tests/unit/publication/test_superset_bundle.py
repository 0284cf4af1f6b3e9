"""The bundle says in one message what ``dashboards.yml`` asks that the release doesn't have."""

from __future__ import annotations

from pathlib import Path

import pytest

from publication.settings import read_settings
from publication.superset.bundle import Texts, read_texts
from sources.errors import ConfigurationError


def test_the_texts_are_complete() -> None:
    texts = read_texts()
    assert {table for dashboard in texts.dashboards for table in dashboard.tables} | {"release"} == set(texts.tables)
    assert all(words.values for words in texts.words.values())


def test_a_key_that_is_not_known_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "dashboards.yml"
    path.write_text(
        "{words: {}, labels: {}, datasets: {}, dashboards: [], tables: {gaps: {titel: x}}}", encoding="utf-8"
    )
    with pytest.raises(ConfigurationError, match=r"Dashboards .*dashboards\.yml: .*tables\.gaps\.titel"):
        read_settings(path, Texts, "Dashboards")


def test_a_file_that_is_no_yaml_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "dashboards.yml"
    path.write_text("words: [", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_settings(path, Texts, "Dashboards")
