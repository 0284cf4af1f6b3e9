"""``docs/feeds.md``: as the feed files say, and not older than they are."""

from __future__ import annotations

import re

import pytest

from sources.contracts import PartnerFeed
from sources.feed import Expectation, FeedBase
from sources.feed_docs import DOCS_FILE, feeds_document
from sources.registry import PublishedFeed, load_registry
from tests.support.partner import contract

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
    if isinstance(feed, PublishedFeed):
        wanted += [f"`{dimension.name}`" for dimension in feed.dimensions]
    if isinstance(feed, PartnerFeed):
        wanted += [f"`{name}`" for name in feed.columns] + [f"`{example.file}`" for example in feed.examples]
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


def test_a_contract_in_words() -> None:
    text = feeds_document({"welzijn_bezoek": contract()})
    for line in (
        "- Partner: [Welzijn (voorbeeldpartner)](https://www.heerlen-noord.nl), inbox `welzijn`; [Leveringsovereenkomst](",
        "- Contract: version 1 from 2024-01-01\n",
        "- Way: CSV files named `bezoek_{JJJJ}Q{K}.csv`; programme lines: gezondheid",
        "- Rows: counts; the delivery is kept in the archive",
        "- Period: quarters, from the name of the file\n",
        "- Area: column `wijkcode` (wijk); an area without a row is zero",
        "- Breakdown: `leeftijd`, each with its total",
        "- Refused rows: accepted without them up to 5% of the rows, beyond that the whole delivery is refused",
        "- Protection: counts from 1 up to 4 are hidden, others rounded to 5; no share or rate on fewer than 30, in an area of "
        "fewer than 50 inhabitants, or above 90%",
        "| `wijkcode` | `wijk` | code or name of a wijk or buurt | yes | - |",
        "| `leeftijd` | - | one of a list | yes | `0_17` (`jeugd`), `18_plus` (`volwassen`) |",
        "| `bezoekers` | - | whole number | yes | up to 10,000 |",
        "| `visitors` | `bezoekers` | - | aantal | persons |",
        "- `lastig.csv`: een rij zonder wijk (accepted with refusals; 3 rows delivered, 2 accepted; refused `onbekend_gebied` 1)",
        "- Er zijn niet meer kinderen dan bezoekers (`children_are_part_of_all`; a failure holds the delivery)",
    ):
        assert line in text


def test_a_contract_with_everything_in_words() -> None:
    earlier = contract()
    feed = contract(
        version=2,
        valid_from="2026-01-01",
        format="json",
        file_name="bezoek",
        pull={
            "url": "https://partner.example/bezoek",
            "key_env": "NOORD_KEY_BEZOEK",
            "rows": "items",
            "next": "next",
            "since": "updated_since",
            "window_months": 6,
        },
        rows="micro",
        columns={
            "school": {"type": "school"},
            "vestiging": {"type": "count"},
            "dag": {"type": "date"},
            "kosten": {"type": "number", "least": 0},
            "pseudoniem": {"type": "pseudonym"},
            "leeftijd": {"type": "category", "values": {"0_17": []}},
        },
        period={"type": "MM", "date": "dag"},
        area={"column": "school", "kind": "school", "location": "vestiging"},
        absent="missing",
        measures={
            "visitors": {"distinct": "pseudoniem", "counts": "persons"},
            "visits": {"rows": True, "where": {"leeftijd": ["0_17"]}, "counts": "events"},
            "costs_eur": {"column": "kosten", "times": "vestiging", "unit": "euro", "counts": "amount"},
        },
    ).model_copy(update={"earlier": (earlier,)})
    text = feeds_document({feed.id: feed})
    for line in (
        "- Contract: version 2 from 2026-01-01, before it version 1 from 2024-01-01, which comes in up to 60 days after",
        "- Way: fetched from <https://partner.example/bezoek> with the key in `NOORD_KEY_BEZOEK`, the newest 6 months each time",
        "- Rows: people or cases; added up in memory, the rows are never kept",
        "- Period: months, from column `dag`",
        "- Area: column `school` (school, placed in its wijk), location `vestiging`; an area without a row is missing",
        "| `kosten` | - | number | yes | from 0 |",
        "| `visitors` | different values of `pseudoniem` | - | not stated | persons |",
        "| `visits` | number of rows | `leeftijd` `0_17` | not stated | events |",
        "| `costs_eur` | `kosten` × `vestiging` | - | euro | amount |",
    ):
        assert line in text
