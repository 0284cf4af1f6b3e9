"""``docs/feeds.md``: as the feed files say, and not older than they are."""

from __future__ import annotations

import re

import pytest

from sources.feed import Expectation, FeedBase
from sources.feed_docs import DOCS_FILE, feeds_document
from sources.registry import load_registry

REGISTRY = load_registry()
DOCUMENT = feeds_document(REGISTRY)


def section(feed_id: str) -> str:
    return DOCUMENT.split(f"\n## {feed_id}\n")[1].split("\n## ")[0]


def test_the_documentation_is_not_stale() -> None:
    assert DOCS_FILE.read_text(encoding="utf-8") == DOCUMENT, "run: noord feeds --write-docs"


@pytest.mark.parametrize("feed", REGISTRY.values(), ids=list(REGISTRY))
def test_each_feed_is_described_in_full(feed: FeedBase) -> None:
    text = section(feed.id)
    wanted = [feed.title, feed.description, feed.publisher.url, feed.license.name, feed.license.url, feed.page]
    wanted += [table.id for table in feed.tables] + [f"`{name}`" for name in (*feed.measures, *feed.attributes)]
    wanted += [f"`{dimension.name}`" for dimension in feed.dimensions]
    wanted += [f"`{expectation.check_name}`" for expectation in feed.expectations]
    assert [word for word in wanted if word not in text] == []
    assert "expect_" not in text, "an expectation without words"
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} == {6}


def test_years_units_and_ranges_in_words() -> None:
    kerncijfers = section("cbs_kerncijfers")
    assert (
        "| `gas_m3` | `GemiddeldAardgasverbruikTotaal` or `GemiddeldAardgasverbruik` | m³ | - | 2020–2022 |"
        in kerncijfers
    )
    assert "| `poverty_persons_pct` | `PersonenInArmoede` | % | - | from 2024 |" in kerncijfers
    assert (
        "- `woz_value_keur` is from 10 up to 5,000 (`woz_value_keur__values_to_be_between`; a failure holds"
        in kerncijfers
    )
    assert "`population` is filled in at least 70% of rows" in kerncijfers
    assert "dimension `Perioden`: school years and years, stored as school years" in section("cbs_vsv")
    assert "numbers below -99990" in section("pdok_wijken_buurten")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"type": "expect_table_row_count_to_be_between", "min_value": 1}, "the number of rows is at least 1 "),
        ({"type": "expect_column_values_to_be_between", "column": "a", "max_value": 2.5}, "`a` is at most 2.5 "),
        (
            {"type": "expect_column_values_to_be_in_set", "column": "a", "value_set": ["x", "y"]},
            "`a` is one of `x`, `y` ",
        ),
        (
            {"type": "expect_compound_columns_to_be_unique", "column_list": ["a", "b"]},
            "each combination of `a`, `b` comes",
        ),
    ],
)
def test_every_kind_of_expectation_has_words(arguments: dict[str, object], words: str) -> None:
    expectation = Expectation.model_validate(arguments | {"severity": "warn"})
    feed = REGISTRY["leefbaarometer"].model_copy(update={"expectations": (expectation,)})
    assert f"- {words}" in feeds_document({feed.id: feed})
