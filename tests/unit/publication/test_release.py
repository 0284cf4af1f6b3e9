"""What a release holds, and listing, rolling back, pruning and sweeping."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from publication.catalog import open_read_only
from publication.checksums import find_damage
from publication.datapackage import field_type
from publication.dictionary import Descriptions, read_descriptions
from publication.errors import PublicationError
from publication.release import (
    Release,
    build_release,
    current_release,
    list_releases,
    prune,
    rollback,
    sweep,
)
from sources.environment import Environment
from tests.unit.publication.conftest import Maker
from tests.unit.publication.synthetic import CHECK, FINGERPRINT, OTHER_FINGERPRINT, change

pytestmark = pytest.mark.slow

# When nobody reads what was left today any more.
TOMORROW = datetime.now(UTC) + timedelta(days=2)


def query(release: Release, statement: str) -> list[tuple[Any, ...]]:
    with closing(open_read_only(release.path / "monitor.duckdb")) as connection:
        return connection.execute(statement).fetchall()


def build_many(environment: Environment, descriptions: Descriptions, count: int) -> list[Release]:
    """Releases, oldest first."""
    return [build_release(environment, f"{number:08d}", [CHECK], descriptions) for number in range(count)]


def test_a_release_has_all_its_files_and_no_others(release: Release) -> None:
    names = {path.relative_to(release.path).as_posix() for path in release.path.rglob("*") if path.is_file()}
    tables = {f"parquet/{schema}/{table}.parquet" for schema, table in query(release, _ALL_TABLES)}
    tables |= {f"csv/{schema}/{table}.csv.zip" for schema, table in query(release, _ALL_TABLES)}
    # What changed stands on top, where people look for it.
    tables.remove("parquet/meta/changes.parquet")
    descriptions = {
        "dictionary.csv",
        "metadata.csv",
        "ATTRIBUTION.md",
        "datapackage.json",
        "dcat.jsonld",
        "release.json",
    }
    of_site = {name for name in names if name.startswith("site/")}
    assert {"site/index.html", "site/indicator/LER_1.html", "site/data/LER_1.csv", "site/static/monitor.css"} <= of_site
    assert (
        names - of_site == {"monitor.duckdb", "changes.parquet", "changes.html", "SHA256SUMS"} | descriptions | tables
    )
    assert release.id == release.created_at.strftime("%Y%m%dT%H%M%SZ") + "-01234567"
    assert release.is_current
    assert release.is_complete
    assert release.bytes == sum(path.stat().st_size for path in release.path.rglob("*") if path.is_file())


_ALL_TABLES = "SELECT table_schema, table_name FROM information_schema.tables"


def test_only_released_schemas_leave_the_warehouse(release: Release) -> None:
    schemas = {schema for schema, _ in query(release, _ALL_TABLES)}
    assert schemas == {"leren", "werken", "gezondheid", "wonen", "veiligheid", "programma", "meta"}


def test_figures_are_copied_as_they_are_and_sorted(environment: Environment, release: Release) -> None:
    everything = "SELECT * FROM leren.indicator_values"
    with closing(open_read_only(environment.warehouse)) as connection:
        expected = connection.execute(f"{everything} ORDER BY indicator_code, area_code, period_start").fetchall()
    assert query(release, everything) == expected
    parquet = release.path / "parquet" / "leren" / "indicator_values.parquet"
    assert query(release, f"SELECT * FROM '{parquet}'") == expected
    assert query(release, f"SELECT DISTINCT compression FROM parquet_metadata('{parquet}')") == [("ZSTD",)]


def test_every_table_and_column_has_its_comment(release: Release) -> None:
    tables = dict(query(release, "SELECT schema_name || '.' || table_name, comment FROM duckdb_tables()"))
    assert all(comment.startswith("SAMPLE – verzonnen cijfers. ") for comment in tables.values())
    assert tables["leren.indicator_values"] == "SAMPLE – verzonnen cijfers. Table leren.indicator_values."
    columns = query(release, "SELECT column_name, comment FROM duckdb_columns() WHERE NOT internal")
    assert all(comment for _, comment in columns)
    assert ("value", "Column 'value' of leren.indicator_values; één.") in columns


def test_a_live_release_is_not_marked_as_sample(new_environment: Maker) -> None:
    environment = new_environment("live")
    release = build_release(environment, FINGERPRINT, [], read_descriptions(environment.home / "manifest.json"))
    assert not query(release, "SELECT 1 FROM duckdb_tables() WHERE contains(comment, 'SAMPLE')")
    assert query(release, "SELECT data_origin, title FROM meta.release") == [("live", "Monitor Heerlen-Noord")]


def test_older_drivers_can_open_the_file(release: Release) -> None:
    header = (release.path / "monitor.duckdb").read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64, "the storage version that DuckDB 1.0 reads"


def test_the_catalog_is_called_monitor(release: Release) -> None:
    assert query(release, "SELECT current_database()") == [("monitor",)]


def test_the_release_describes_itself(release: Release) -> None:
    rows = query(release, "SELECT * FROM meta.release")
    title = "SAMPLE – verzonnen cijfers. Monitor Heerlen-Noord"
    assert rows == [(release.id, release.created_at, "sample", FINGERPRINT, "sample", None, title)]
    content = json.loads((release.path / "release.json").read_text())
    assert content["snapshots"] == ["snap_1", "snap_2"]
    assert (content["id"], content["fingerprint"], content["previous"]) == (release.id, FINGERPRINT, None)


def test_checks_of_arrival_and_of_this_release_are_in_it(release: Release) -> None:
    rows = query(release, "SELECT gate, subject, check_name, checked_at FROM meta.checks ORDER BY gate")
    assert [row[:3] for row in rows] == [("arrival", "feed_a", "row_count"), ("release", CHECK.subject, CHECK.name)]
    assert rows[1][3] == CHECK.checked_at


def test_the_dictionary_lists_every_column_in_table_and_file(release: Release) -> None:
    rows = query(release, "SELECT * FROM meta.dictionary")
    columns = query(release, "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal")
    # duckdb_columns() sees the dictionary, which describes itself as well.
    assert sorted(row[:3] for row in rows if row[5] is None) == sorted(columns)
    assert ("leren", "indicator_values", "unit", 2, "VARCHAR") in {row[:5] for row in rows}
    with (release.path / "dictionary.csv").open(encoding="utf-8", newline="") as file:
        written = [tuple(row) for row in csv.reader(file)]
    assert written[0][5] == "code"
    assert written[1:] == [tuple("" if cell is None else str(cell) for cell in row) for row in rows]


def test_the_dictionary_explains_each_indicator_code_after_its_column(release: Release) -> None:
    rows = query(
        release, "SELECT * FROM meta.dictionary WHERE column_name = 'indicator_code' AND schema_name = 'leren'"
    )
    place = ("leren", "indicator_values", "indicator_code", 1, "VARCHAR")
    assert [row[:6] for row in rows] == [(*place, None), (*place, "LER_1"), (*place, "LER_2")]
    assert rows[1][6] == 'Een. Wat "een" is, één.'


def test_nothing_is_left_behind(environment: Environment, release: Release) -> None:
    assert [path.name for path in environment.releases.iterdir()] == [release.id]
    assert not list(environment.home.glob(".current-*"))
    assert not list(release.path.rglob(".*"))


def test_equal_content_gives_equal_figures(environment: Environment, descriptions: Descriptions) -> None:
    first, second = (build_release(environment, FINGERPRINT, [CHECK], descriptions) for _ in range(2))
    for path in (*first.path.rglob("*.parquet"), *first.path.rglob("*.zip")):
        # Two tables name the release, or the one before it.
        if not path.name.startswith(("release.", "changes.")):
            assert path.read_bytes() == (second.path / path.relative_to(first.path)).read_bytes(), path


def test_two_releases_of_one_second_have_different_ids(environment: Environment, descriptions: Descriptions) -> None:
    releases = [build_release(environment, FINGERPRINT, [CHECK], descriptions) for _ in range(3)]
    assert len({release.id for release in releases}) == 3
    assert [release.previous for release in releases] == [None, releases[0].id, releases[1].id]


@pytest.mark.parametrize("fingerprint", ["", "short", "../../../etc/passwd", "0123456\n"])
def test_a_fingerprint_is_a_hash(environment: Environment, descriptions: Descriptions, fingerprint: str) -> None:
    with pytest.raises(PublicationError, match="no hash"):
        build_release(environment, fingerprint, [], descriptions)


def test_an_undocumented_column_makes_no_release(environment: Environment, descriptions: Descriptions) -> None:
    change(environment, "ALTER TABLE leren.indicator_values ADD COLUMN extra INTEGER")
    with pytest.raises(PublicationError, match=r"leren\.indicator_values\.extra is not documented"):
        build_release(environment, FINGERPRINT, [], descriptions)
    assert list_releases(environment) == []
    assert not list(environment.releases.iterdir())


def test_an_absent_warehouse_makes_no_release(environment: Environment, descriptions: Descriptions) -> None:
    environment.warehouse.unlink()
    with pytest.raises(PublicationError, match="could not be built"):
        build_release(environment, FINGERPRINT, [], descriptions)
    assert not list(environment.releases.iterdir())


def test_a_link_that_cannot_be_flipped_leaves_no_release(environment: Environment, descriptions: Descriptions) -> None:
    environment.current.mkdir()
    with pytest.raises(PublicationError, match="could not be flipped"):
        build_release(environment, FINGERPRINT, [], descriptions)
    assert not list(environment.releases.iterdir())
    assert not list(environment.home.glob(".current-*"))


def test_current_is_a_relative_link(environment: Environment, release: Release, tmp_path: Path) -> None:
    assert os.readlink(environment.current) == f"releases/{release.id}"
    moved = tmp_path / "elsewhere"
    environment.home.rename(moved)
    assert (moved / "current" / "monitor.duckdb").is_file()


def test_there_is_no_current_release_before_the_first(environment: Environment) -> None:
    assert current_release(environment) is None
    assert list_releases(environment) == []


def test_a_link_that_leads_nowhere_is_no_current_release(environment: Environment) -> None:
    environment.current.symlink_to("releases/20260101T000000Z-01234567")
    assert current_release(environment) is None


def test_releases_are_listed_newest_first(environment: Environment, descriptions: Descriptions) -> None:
    built = build_many(environment, descriptions, 3)
    (environment.releases / "notes").mkdir()
    listed = list_releases(environment)
    assert [release.id for release in listed] == [release.id for release in reversed(built)]
    assert [release.is_current for release in listed].count(True) == 1


def test_rollback_makes_an_earlier_release_current(environment: Environment, descriptions: Descriptions) -> None:
    first, second = build_many(environment, descriptions, 2)
    assert current_release(environment) == second
    assert rollback(environment, first.id).is_current
    current = current_release(environment)
    assert current is not None
    assert current.id == first.id
    assert rollback(environment, second.id).id == second.id


@pytest.mark.parametrize("release_id", ["", "..", "../home", "20200101T000000Z-01234567", ".building-x", "/etc", "a\n"])
def test_rollback_takes_only_known_releases(environment: Environment, release: Release, release_id: str) -> None:
    with pytest.raises(PublicationError, match="There is no release"):
        rollback(environment, release_id)
    assert current_release(environment) == release


@pytest.mark.parametrize(
    "name",
    [
        "monitor.duckdb",
        "datapackage.json",
        "dictionary.csv",
        "release.json",
        "SHA256SUMS",
        "parquet/meta/feeds.parquet",
    ],
)
def test_rollback_refuses_a_release_that_lost_a_file(
    environment: Environment, descriptions: Descriptions, name: str
) -> None:
    first, second = build_many(environment, descriptions, 2)
    (first.path / name).unlink()
    with pytest.raises(PublicationError, match="damaged"):
        rollback(environment, first.id)
    assert current_release(environment) == second


def test_rollback_refuses_a_release_with_changed_bytes(environment: Environment, descriptions: Descriptions) -> None:
    first, _ = build_many(environment, descriptions, 2)
    path = first.path / "parquet" / "leren" / "indicator_values.parquet"
    path.write_bytes(path.read_bytes().replace(b"LER_1", b"LER_9"))
    with pytest.raises(PublicationError, match=r"indicator_values\.parquet has other content"):
        rollback(environment, first.id)


@pytest.mark.parametrize("name", ["release.json", "datapackage.json", "changes.html"])
def test_rollback_refuses_a_release_with_other_words(
    environment: Environment, descriptions: Descriptions, name: str
) -> None:
    first, _ = build_many(environment, descriptions, 2)
    (first.path / name).write_text((first.path / name).read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(PublicationError, match=f"{name} has other content"):
        rollback(environment, first.id)


def test_rollback_refuses_a_release_to_which_a_file_was_added(
    environment: Environment, descriptions: Descriptions
) -> None:
    first, _ = build_many(environment, descriptions, 2)
    (first.path / "csv" / "extra.csv").write_text("x")
    with pytest.raises(PublicationError, match=r"csv/extra\.csv does not belong there"):
        rollback(environment, first.id)


@pytest.mark.parametrize("content", ["", "x\n", "0123  monitor.duckdb\n"])
def test_a_list_of_checksums_that_is_none_is_damage(release: Release, content: str) -> None:
    (release.path / "SHA256SUMS").write_text(content)
    assert find_damage(release.path)[0].startswith("SHA256SUMS can't be read: ")


def test_the_usual_tool_checks_every_file(release: Release) -> None:
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    checked = subprocess.run(command, cwd=release.path, capture_output=True, text=True, check=True).stdout.splitlines()
    on_disk = {path.relative_to(release.path).as_posix() for path in release.path.rglob("*") if path.is_file()}
    assert {line.removesuffix(": OK") for line in checked} == on_disk - {"SHA256SUMS"}
    (release.path / "dictionary.csv").write_text("x")
    assert subprocess.run(command, cwd=release.path, capture_output=True, check=False).returncode == 1


def test_csv_is_what_a_dutch_spreadsheet_opens(release: Release) -> None:
    with zipfile.ZipFile(release.path / "csv" / "leren" / "indicator_values.csv.zip") as archive:
        assert archive.namelist() == ["indicator_values.csv"]
        content = archive.read("indicator_values.csv")
    assert content.startswith(b"\xef\xbb\xbfindicator_code;unit;")
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines(), delimiter=";"))
    released = query(release, "SELECT coverage, value, period_start FROM leren.indicator_values")
    assert [(r["coverage"].replace(",", "."), r["value"].replace(",", "."), r["period_start"]) for r in rows] == [
        tuple("" if cell is None else str(cell) for cell in row) for row in released
    ]
    assert {row["coverage"] for row in rows} == {"0,95", ""}
    with zipfile.ZipFile(release.path / "csv" / "meta" / "indicators.csv.zip") as archive:
        text = archive.read("indicators.csv").decode("utf-8-sig")
    assert 'Wat ""een"" is, één.' in text


def test_pruning_keeps_the_newest(new_environment: Maker) -> None:
    environment = new_environment(keep_releases=2)
    built = build_many(environment, read_descriptions(environment.home / "manifest.json"), 4)
    ids = sorted(release.id for release in built)
    removed = prune(environment, TOMORROW)
    left = {release.id for release in list_releases(environment)}
    assert {ids[-1], ids[-2], built[3].id, str(built[3].previous)} == left
    assert set(removed) == set(ids) - left
    assert prune(environment, TOMORROW) == []


def test_pruning_waits_a_day_for_readers_that_nobody_can_see(new_environment: Maker) -> None:
    environment = new_environment(keep_releases=2)
    built = build_many(environment, read_descriptions(environment.home / "manifest.json"), 4)
    # The first was left when the second came, hours ago; the second a moment ago.
    left = datetime.now(UTC)
    os.utime(built[0].path, ((left - timedelta(hours=23)).timestamp(),) * 2)
    assert prune(environment, left) == []
    assert prune(environment, left + timedelta(hours=2)) == [built[0].id]
    assert prune(environment, left + timedelta(hours=25)) == [built[1].id]


def test_a_flip_marks_the_release_that_it_leaves(environment: Environment, descriptions: Descriptions) -> None:
    first, second = build_many(environment, descriptions, 2)
    for release in (first, second):
        os.utime(release.path, (0, 0))
    rollback(environment, first.id)
    assert first.path.stat().st_mtime == 0
    assert time.time() - second.path.stat().st_mtime < 60


def test_pruning_spares_a_release_that_a_reader_has_open(new_environment: Maker) -> None:
    """By its own name, long after it was left; a file of it that is no database counts as well."""
    environment = new_environment(keep_releases=2)
    built = build_many(environment, read_descriptions(environment.home / "manifest.json"), 5)
    for release in built:
        os.utime(release.path, (0, 0))
    paths = [built[0].path / "monitor.duckdb", built[1].path / "csv" / "leren" / "indicator_values.csv.zip"]
    command = [sys.executable, "-c", _READER, *map(str, paths)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        assert prune(environment) == [built[2].id]
        assert [release.id for release in list_releases(environment)][-2:] == [built[1].id, built[0].id]
        answer, _ = reader.communicate("go on\n", timeout=60)
    assert answer == "150 150\n"
    assert prune(environment) == [built[1].id, built[0].id]


def test_a_reader_of_more_than_a_day_is_not_waited_for(new_environment: Maker) -> None:
    environment = new_environment(keep_releases=2)
    built = build_many(environment, read_descriptions(environment.home / "manifest.json"), 3)
    os.utime(built[0].path, (0, 0))
    with (built[0].path / "monitor.duckdb").open("rb"):
        assert prune(environment) == []
        assert prune(environment, TOMORROW) == [built[0].id]


# Opens both files, waits for a word, and then still reads the whole of each.
_READER = """
import sys, zipfile
import duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
archive = zipfile.ZipFile(sys.argv[2])
print("open", flush=True)
sys.stdin.readline()
rows = connection.execute("SELECT count(*) FROM leren.indicator_values").fetchall()[0][0]
print(rows, archive.read("indicator_values.csv").count(b"\\n") - 1)
"""


def test_pruning_spares_the_current_release_and_the_one_before(new_environment: Maker) -> None:
    environment = new_environment(keep_releases=2)
    built = _spaced(environment, build_many(environment, read_descriptions(environment.home / "manifest.json"), 5))
    rollback(environment, built[1])
    prune(environment, TOMORROW)
    assert [release.id for release in list_releases(environment)] == [built[4], built[3], built[1], built[0]]


def _spaced(environment: Environment, releases: list[Release]) -> list[str]:
    """The ids, after asserting that they were built in the order of their ids."""
    ids = [release.id for release in releases]
    assert ids == sorted(ids), "ids sort by time of building"
    return ids


def test_sweep_removes_what_killed_runs_left(environment: Environment, release: Release) -> None:
    for name in (".building-20260101T000000Z-01234567", ".removing-20260101T000000Z-76543210"):
        (environment.releases / name).mkdir()
        (environment.releases / name / "monitor.duckdb").write_bytes(b"half")
    (environment.home / ".current-20260101T000000Z-01234567").symlink_to("releases/x")
    assert len(sweep(environment)) == 3
    assert [path.name for path in environment.releases.iterdir()] == [release.id]
    assert not list(environment.home.glob(".current-*"))
    assert current_release(environment) == release
    assert sweep(environment) == []


def test_sweep_of_a_new_environment_finds_nothing(environment: Environment) -> None:
    assert sweep(environment) == []


def test_a_damaged_release_is_listed_as_incomplete(environment: Environment, release: Release) -> None:
    (release.path / "release.json").write_text('{"id": ')
    (listed,) = list_releases(environment)
    assert not listed.is_complete
    assert listed.fingerprint == ""


@pytest.mark.parametrize(
    ("duckdb_type", "expected"),
    [
        ("VARCHAR", "string"),
        ("BIGINT", "integer"),
        ("DECIMAL(18,3)", "number"),
        ("DATE", "date"),
        ("TIMESTAMP WITH TIME ZONE", "datetime"),
        ("VARCHAR[]", "array"),
        ("MAP(VARCHAR, VARCHAR)", "object"),
        ("INTERVAL", "any"),
    ],
)
def test_field_types(duckdb_type: str, expected: str) -> None:
    assert field_type(duckdb_type) == expected


def test_building_leaves_no_handle_open(environment: Environment, release: Release) -> None:
    change(environment, "CREATE TABLE control.probe (x INTEGER)")
    with closing(duckdb.connect(str(release.path / "monitor.duckdb"))) as connection:
        assert connection.execute("SELECT count(*) FROM meta.release").fetchall() == [(1,)]


def test_the_other_fingerprint_is_another_release(
    environment: Environment, descriptions: Descriptions, release: Release
) -> None:
    other = build_release(environment, OTHER_FINGERPRINT, [CHECK], descriptions)
    assert other.id.endswith("-fedcba98")
    assert other.previous == release.id
