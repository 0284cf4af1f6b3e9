"""metadata.csv and ATTRIBUTION.md say what the release's own tables say."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from publication.catalog import open_read_only
from publication.dictionary import Descriptions
from publication.metadata import ADDED_COLUMNS
from publication.publisher import PUBLISHER, read_publisher
from publication.release import Release, build_release
from sources.environment import Environment
from sources.errors import ConfigurationError
from tests.unit.publication.synthetic import FINGERPRINT, change

pytestmark = pytest.mark.slow


def rows_of(release: Release) -> list[dict[str, str]]:
    with (release.path / "metadata.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def query(release: Release, statement: str) -> list[tuple[Any, ...]]:
    with open_read_only(release.path / "monitor.duckdb") as connection:
        return connection.execute(statement).fetchall()


def test_metadata_has_the_columns_of_the_table_and_the_added_ones(release: Release) -> None:
    columns = [name for (name, *_) in query(release, "DESCRIBE meta.indicators")]
    assert list(rows_of(release)[0]) == [*columns, *ADDED_COLUMNS]


def test_metadata_says_what_the_table_says(release: Release) -> None:
    told = query(release, "SELECT * FROM meta.indicators ORDER BY line, indicator_code")
    rows = rows_of(release)
    assert [tuple(row.values())[: len(told[0])] for row in rows] == [tuple(map(str, row)) for row in told]


def test_metadata_names_feeds_publishers_licences_and_periods(release: Release) -> None:
    one, two = rows_of(release)
    assert (one["indicator_code"], two["indicator_code"]) == ("LER_1", "LER_2")
    assert tuple(one[name] for name in ADDED_COLUMNS) == (
        "feed_a|feed_b", "CBS|Politie", "CC BY 4.0|CC0 1.0", "2000-01-01", "2004-12-31",
    )  # fmt: skip
    assert (two["feeds"], two["publishers"], two["licenses"]) == ("feed_a", "CBS", "CC BY 4.0")


def test_a_hidden_period_is_no_period(environment: Environment, descriptions: Descriptions) -> None:
    change(
        environment,
        "UPDATE leren.indicator_values SET value = NULL, value_status = 'suppressed_here' WHERE period_start < DATE '2002-01-01'",
    )
    release = build_release(environment, FINGERPRINT, [], descriptions)
    assert {row["first_period_start"] for row in rows_of(release)} == {"2002-01-01"}


def test_every_feed_that_delivered_is_thanked(environment: Environment, descriptions: Descriptions) -> None:
    change(environment, "UPDATE meta.feeds SET title = 'Feed | A' WHERE feed_id = 'feed_a'")
    change(environment, "DELETE FROM meta.snapshots WHERE feed_id = 'feed_b'")
    release = build_release(environment, FINGERPRINT, [], descriptions)
    text = (release.path / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert text.startswith("# SAMPLE – verzonnen cijfers. Monitor Heerlen-Noord")
    assert release.id in text
    rows = [row for row in text.splitlines() if row.startswith("| ")][1:]
    assert rows == [
        "| Feed \\| A (`feed_a`) | [CBS](<https://www.cbs.nl>) | "
        "[CC BY 4.0](<https://creativecommons.org/licenses/by/4.0/>) | [pagina](<https://www.cbs.nl/a>) | 2026-01-02 |"
    ]


def test_a_feed_without_a_page_is_thanked_without_a_link(release: Release) -> None:
    text = (release.path / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert "| [CC0 1.0](<https://creativecommons.org/zero>) | pagina | 2026-01-02 |" in text


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("name: Alliantie", "names: Alliantie", "names"),
        ("homepage: https:", "homepage: ftp:", "homepage"),
        ("  leren: EDUC\n", "", "themes must name"),
        ("name: Alliantie", ": [", "can't be read"),
    ],
)
def test_a_wrong_publisher_is_one_clear_error(tmp_path: Any, old: str, new: str, problem: str) -> None:
    content = PUBLISHER.read_text(encoding="utf-8")
    assert old in content
    path = tmp_path / "publisher.yml"
    path.write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=problem):
        read_publisher(path)
