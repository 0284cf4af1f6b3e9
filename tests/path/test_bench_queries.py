"""The queries that `make bench` times are those that readers make, and its release of 25 years holds 25 years of each series."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from publication.catalog import LINES
from publication.superset.bundle import read_texts
from tests.bench_queries import AREAS, YEARS, queries, write_years

pytestmark = pytest.mark.slow


def test_every_query_answers_on_the_sample_and_on_25_years_of_it(sample_home: Path, tmp_path: Path) -> None:
    monitor, years = sample_home / "sample" / "current" / "monitor.duckdb", tmp_path / "monitor.duckdb"
    asked = queries(monitor)
    dashboards = read_texts().dashboards
    charts = [query for query in asked if query.group.startswith("dashboards: ")]
    # The charts, which of the release on each dashboard, and the list of each dashboard's filter.
    assert len(charts) == sum(2 + len(text.tables) + len(text.trends) for text in dashboards)
    assert sum(query.group.startswith("docs/bi.md: ") for query in asked) >= 6
    assert sum(query.group.endswith(": a whole line") for query in asked) == len(LINES)

    rows = write_years(monitor, years)
    with closing(duckdb.connect(str(years), read_only=True)) as connection:
        connection.execute(f"ATTACH '{monitor}' AS sample (READ_ONLY)")
        found = expected = 0
        for line in LINES:
            (counted,) = connection.execute(
                f"SELECT count(*), count(DISTINCT (indicator_code, area_code, period_start, period_type, breakdown)), "
                f"count(DISTINCT area_code), max(year) - min(year) + 1 FROM {line}.indicator_values"
            ).fetchall()
            assert counted[0] == counted[1], "a figure stands there twice"
            assert counted[2:] == (AREAS, YEARS)
            series = connection.execute(
                f"SELECT period_type, count(DISTINCT (indicator_code, breakdown)) FROM sample.{line}.indicator_values GROUP BY 1"
            ).fetchall()
            a_year = {"year": 1, "school_year": 1, "half_year": 2, "term": 3, "quarter": 4, "month": 12}
            expected += sum(AREAS * YEARS * a_year[kind] * count for kind, count in series)
            found += counted[0]
        assert rows == found == expected
        connection.execute("DETACH sample")
        with closing(duckdb.connect(str(monitor), read_only=True)) as sample:
            for query in asked:
                # What the sample answers with rows, 25 years answer with rows.
                if sample.execute(query.sql).fetchone():
                    assert connection.execute(query.sql).fetchone(), query.sql
