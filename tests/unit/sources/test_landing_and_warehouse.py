"""Bytes that never change again, rows that change in one step, and one writer at a time."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from publication.catalog import open_read_only
from sources import warehouse
from sources.arrival import Arrival, arrive, has_news
from sources.environment import Environment, Scope
from sources.feed import Table
from sources.landing import LandedFile, Landing, Snapshot
from sources.registry import CbsOdata3Feed, DownloadFeed, load_registry
from sources.warehouse import WarehouseBusy, writer_lock
from tests.support.protocols import House, opened
from tests.support.publisher import Answer, LoopbackPublisher, ODataTable
from tests.support.small import AREAS, TABLE_ID, column, kerncijfers_feed, small_environment, small_kerncijfers

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
SECOND = "85039NED"
NEW_VERSION = "2026-03-03T02:00:00"


def changed(feed: CbsOdata3Feed, **changes: Any) -> CbsOdata3Feed:
    """The feed as it would be read from a changed file."""
    return CbsOdata3Feed.model_validate(feed.model_dump(by_alias=True) | changes)


ONE = changed(kerncijfers_feed())
ACCEPTED = {"date": "2026-11-01", "reason": "besluit van het datateam"}
TWO = changed(ONE, tables=[{"id": TABLE_ID, "year": 2020}, {"id": SECOND, "year": 2021}])


class TwoTables(House):
    """Two tables of one feed on a publisher, and an environment to bring them to."""

    def __init__(self, home: Path) -> None:
        self.first, self.second = small_kerncijfers(ONE), small_kerncijfers(ONE)
        self.second.id = SECOND
        super().__init__(home, LoopbackPublisher([self.first, self.second]))
        self.landing = Landing(self.environment)

    def arrive(self, feed: CbsOdata3Feed = TWO, **settings: Any) -> Arrival:
        return self.bring(feed, **settings)

    def change(self, table: ODataTable, population: int) -> None:
        table.entities["TableInfos"][0]["Modified"] = NEW_VERSION
        table.entities["TypedDataSet"][1][column(table, "AantalInwoners")] = population

    def heerlen(self) -> dict[str, float]:
        query = "SELECT table_id, population FROM raw.cbs_kerncijfers WHERE area_code = 'GM0917' ORDER BY 1"
        return dict(self.ask(query))

    def requests_of(self, words: str) -> int:
        return sum(words in request for request in self.publisher.requests)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[TwoTables]:
    yield from opened(TwoTables(tmp_path))


# -- landing ------------------------------------------------------------------------------------------------------------


def land(landing: Landing, table: str, body: bytes, version: str = "1") -> Snapshot:
    folder = landing.open_folder()
    (folder / "delivery.csv").write_bytes(body)
    digest = sha256(body).hexdigest()
    file = LandedFile(role="data", name="delivery.csv", url="https://duo.nl/x", bytes=len(body), sha256=digest)
    return landing.close(
        folder, ONE, Table(id=table, year=2020), title="t", source_url="https://duo.nl/x", version=version, files=[file]
    )


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(Environment("live", "live", tmp_path, Scope(required=("NL00",))))


def test_a_snapshot_appears_by_one_rename(house: TwoTables) -> None:
    inodes: set[int] = set()

    def look(url: str, answer: Answer) -> Answer:
        inodes.update(path.stat().st_ino for path in (house.environment.landing / ".incoming").glob("*"))
        assert not (house.environment.landing / ONE.id).exists(), "nothing to see before the last byte"
        return answer

    house.publisher.fault = look
    arrival = house.arrive(ONE)
    folder = house.environment.landing / ONE.id / arrival.snapshots[TABLE_ID]
    assert inodes == {folder.stat().st_ino}
    assert list((house.environment.landing / ".incoming").iterdir()) == []
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "DataProperties.json",
        "TableInfos.json",
        "data-01-0001.json",
        "regions-01-0001.json",
        "snapshot.json",
    ]


def test_a_snapshot_is_read_only_and_says_what_it_holds(landing: Landing) -> None:
    snapshot = land(landing, "84799NED", b"a;b\n")
    folder = landing.folder(snapshot)
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "delivery.csv": 0o444,
        "snapshot.json": 0o444,
    }
    assert snapshot.bytes == 4
    assert snapshot.files[0].sha256 == sha256((folder / "delivery.csv").read_bytes()).hexdigest()
    assert Snapshot.model_validate_json((folder / "snapshot.json").read_bytes()) == snapshot
    assert landing.snapshots(ONE.id) == [snapshot]


def test_equal_bytes_landed_in_one_moment_are_two_snapshots(landing: Landing) -> None:
    one, two = land(landing, "T", b"x"), land(landing, "T", b"x")
    assert one.content_sha256 == two.content_sha256
    assert [snapshot.snapshot_id for snapshot in landing.snapshots(ONE.id)] == [one.snapshot_id, two.snapshot_id]
    landing.remove_duplicate(two)
    assert landing.snapshots(ONE.id) == [one]


def test_newest_for_each_table(landing: Landing) -> None:
    land(landing, "T1", b"old")
    other = land(landing, "T2", b"only")
    newer = land(landing, "T1", b"new", "2")
    assert landing.newest(ONE.id) == {"T1": newer, "T2": other}
    assert landing.newest("leefbaarometer") == {}


def test_sweep_removes_what_a_killed_reading_left(tmp_path: Path) -> None:
    environment = Environment("live", "live", tmp_path, Scope(required=("NL00",)))
    with pytest.raises(KeyboardInterrupt), Landing(environment).scratch() as scratch:
        raise KeyboardInterrupt
    assert not scratch.exists()
    assert environment.landing not in scratch.parents, "landing can be read only"
    scratch.mkdir()
    (scratch / "rows.json").write_text("[")
    Landing(environment).sweep()
    assert not scratch.exists()


def test_sweep_removes_only_what_was_on_its_way_in(landing: Landing) -> None:
    snapshot = land(landing, "T", b"x")
    left = landing.open_folder()
    (left / "half.json").write_bytes(b"{")
    landing.sweep()
    assert not left.exists()
    assert landing.snapshots(ONE.id) == [snapshot]
    landing.sweep()


# -- arrival and promotion ------------------------------------------------------------------------------------------------


def test_without_news_nothing_is_downloaded(house: TwoTables) -> None:
    first = house.arrive()
    assert (first.outcome, first.downloaded, first.rows) == ("promoted", 2, 2 * len(AREAS))
    data = house.requests_of("TypedDataSet")
    second = house.arrive()
    assert (second.outcome, second.downloaded, second.rows, second.snapshots) == ("unchanged", 0, 0, first.snapshots)
    assert house.requests_of("TypedDataSet") == data


def test_force_downloads_again_and_takes_an_equal_snapshot_back(house: TwoTables) -> None:
    first = house.arrive()
    data = house.requests_of("TypedDataSet")
    forced = house.arrive(force=True)
    assert (forced.outcome, forced.downloaded, forced.snapshots) == ("unchanged", 2, first.snapshots)
    assert house.requests_of("TypedDataSet") == 2 * data
    assert {s.table.id: s.snapshot_id for s in house.landing.snapshots(ONE.id)} == first.snapshots
    house.first.entities["TypedDataSet"][1][column(house.first, "AantalInwoners")] = 87000
    corrected = house.arrive(force=True)
    assert (corrected.outcome, corrected.rows) == ("promoted", len(AREAS)), "bytes that changed under the same version"
    assert house.heerlen() == {TABLE_ID: 87000, SECOND: 87086}


def test_only_the_table_with_news_is_replaced(house: TwoTables) -> None:
    first = house.arrive()
    house.change(house.second, 88000)
    second = house.arrive()
    assert (second.outcome, second.downloaded, second.rows) == ("promoted", 1, len(AREAS))
    assert house.heerlen() == {TABLE_ID: 87086, SECOND: 88000}
    stored = dict(house.ask("SELECT table_id, snapshot_id FROM control.snapshots"))
    assert stored == second.snapshots
    assert stored[TABLE_ID] == first.snapshots[TABLE_ID]
    assert stored[SECOND] != first.snapshots[SECOND]
    assert house.ask("SELECT DISTINCT snapshot_id FROM raw.cbs_kerncijfers ORDER BY 1") == [
        (s,) for s in sorted(stored.values())
    ]
    assert len(house.landing.snapshots(ONE.id)) == 3, "the older bytes stay in landing"


def test_only_the_tables_asked_for_are_fetched(house: TwoTables) -> None:
    arrival = house.arrive(tables=[SECOND])
    assert (arrival.downloaded, list(arrival.snapshots)) == (1, [SECOND])
    assert house.heerlen() == {SECOND: 87086}


def test_a_changed_contract_reloads_from_landing_without_a_download(house: TwoTables) -> None:
    house.arrive()
    data, rows = house.requests_of("TypedDataSet"), house.ask("SELECT count(*) FROM raw.cbs_kerncijfers")
    measures = {name: TWO.measures[name].model_dump(by_alias=True) for name in TWO.measures if name != "gas_m3"}
    slim = changed(TWO, measures=measures, acknowledged=[ACCEPTED | {"what": "measure", "name": "gas_m3"}])
    assert slim.contract_sha256 != TWO.contract_sha256
    arrival = house.arrive(slim)
    assert (arrival.problem, arrival.outcome, arrival.downloaded, arrival.rows) == (None, "promoted", 0, 2 * len(AREAS))
    assert house.requests_of("TypedDataSet") == data
    assert house.ask("SELECT count(*) FROM raw.cbs_kerncijfers") == rows
    columns = "SELECT column_name FROM duckdb_columns() WHERE table_name = 'cbs_kerncijfers' AND column_name IN ('gas_m3', 'population')"
    assert house.ask(columns) == [("population",)]
    assert house.ask("SELECT contract_sha256 FROM control.feeds") == [(slim.contract_sha256,)]
    assert house.arrive(slim).outcome == "unchanged"


def test_a_changed_contract_drops_the_tables_it_no_longer_names(house: TwoTables) -> None:
    house.arrive()
    held = house.arrive(ONE)
    assert (held.outcome, held.problem) == ("held", warehouse.standing_of(house.environment, ONE.id).held)
    assert "check nothing_vanished failed: 1 table vanished: 85039NED" in str(held.problem)
    assert house.heerlen() == {TABLE_ID: 87086, SECOND: 87086}
    accepted = changed(ONE, acknowledged=[ACCEPTED | {"what": "table", "name": SECOND}])
    arrival = house.arrive(accepted)
    assert (arrival.outcome, arrival.downloaded, list(arrival.snapshots)) == ("promoted", 0, [TABLE_ID])
    assert house.heerlen() == {TABLE_ID: 87086}
    assert house.ask("SELECT table_id FROM control.snapshots") == [(TABLE_ID,)]


def test_an_interrupted_promotion_leaves_everything_as_it_was(house: TwoTables, tmp_path: Path) -> None:
    house.arrive()
    state = [
        "FROM raw.cbs_kerncijfers ORDER BY ALL",
        "FROM control.snapshots ORDER BY ALL",
        "FROM control.checks ORDER BY ALL",
    ]
    before = [house.ask(query) for query in state]
    audit = tmp_path / "broken.duckdb"
    with duckdb.connect(str(audit)) as connection:
        connection.execute("CREATE TABLE delivery AS SELECT 's' AS snapshot_id, '84799NED' AS table_id")
    snapshots = house.landing.snapshots(ONE.id)
    for replace in (False, True):
        with pytest.raises(duckdb.Error, match="2 values were supplied"):
            warehouse.promote(house.environment, TWO, snapshots, audit, [], replace=replace)
        assert [house.ask(query) for query in state] == before
    assert len(before[0]) == 2 * len(AREAS)
    house.change(house.first, 87001)
    assert house.arrive().outcome == "promoted"
    assert house.heerlen() == {TABLE_ID: 87001, SECOND: 87086}


def test_two_feeds_are_independent(tmp_path: Path) -> None:
    schools = load_registry()["duo_schooladviezen"]
    assert isinstance(schools, DownloadFeed)
    schools = schools.model_copy(update={"tables": schools.tables[:1]})
    publisher = LoopbackPublisher([small_kerncijfers(ONE)])
    with publisher.running():
        environment = small_environment(tmp_path, publisher)
        warehouse.prepare(environment, {ONE.id: ONE, schools.id: schools})
        outcomes = [arrive(feed, environment) for feed in (schools, ONE)]
    assert [(arrival.feed_id, arrival.outcome) for arrival in outcomes] == [(schools.id, "held"), (ONE.id, "promoted")]
    with warehouse.connect(environment.warehouse, read_only=True) as connection:
        assert connection.execute("SELECT feed_id, problem LIKE '%status 404%' FROM control.holds").fetchall() == [
            (schools.id, True)
        ]
        assert connection.execute("SELECT count(*) FROM raw.duo_schooladviezen").fetchall() == [(0,)]
        assert connection.execute("SELECT count(*) FROM raw.cbs_kerncijfers").fetchall() == [(len(AREAS),)]
        red = "SELECT subject, check_name FROM control.checks WHERE NOT passed"
        assert connection.execute(red).fetchall() == [(schools.id, "delivery")]


def test_preparing_describes_feeds_and_forgets_those_that_are_gone(house: TwoTables) -> None:
    house.arrive()
    other = load_registry()["leefbaarometer"]
    warehouse.prepare(house.environment, {other.id: other})
    assert house.ask("SELECT feed_id, title, lines, cadence, slack_days, contract_sha256 FROM control.feeds") == [
        ("leefbaarometer", "Leefbaarometer 3.0", ["wonen", "veiligheid"], "two_yearly", 180, None)
    ]
    assert house.ask("SELECT count(*) FROM raw.leefbaarometer") == [(0,)]


# -- news -----------------------------------------------------------------------------------------------------------------


def test_news_is_found_by_asking_for_versions_alone(house: TwoTables) -> None:
    assert has_news(TWO, house.environment), "nothing has come in yet"
    house.arrive()
    house.publisher.requests.clear()
    assert not has_news(TWO, house.environment)
    assert [request.split("/odata/")[1].split("?")[0] for request in house.publisher.requests] == [
        f"{TABLE_ID}/TableInfos",
        f"{SECOND}/TableInfos",
    ]
    house.change(house.second, 88000)
    house.publisher.forget()
    assert has_news(TWO, house.environment)
    assert not has_news(TWO, house.environment, tables=[TABLE_ID])
    assert house.publisher.downloads() == []


def test_a_changed_contract_a_hold_and_silence_are_news(house: TwoTables) -> None:
    house.arrive()
    house.publisher.requests.clear()
    assert has_news(ONE, house.environment)
    assert house.publisher.requests == [], "another contract needs no question"
    house.publisher.fault = lambda _url, _answer: Answer(503, b"")
    assert has_news(TWO, house.environment), "the arrival will say what is wrong"
    assert house.arrive().outcome == "held"
    house.publisher.fault = None
    house.publisher.requests.clear()
    assert has_news(TWO, house.environment)
    assert house.publisher.requests == []


# -- the writer's lock ------------------------------------------------------------------------------------------------------

_HOLDER = """
import sys, time
from pathlib import Path
from sources.environment import Environment, Scope
from sources.warehouse import writer_lock
with writer_lock(Environment("live", "live", Path(sys.argv[1]), Scope(required=("NL00",))), 5):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of this home."""
    command = [sys.executable, "-c", _HOLDER, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_second_process_waits_and_a_killed_holder_lets_go(tmp_path: Path) -> None:
    environment = Environment("live", "live", tmp_path, Scope(required=("NL00",)))
    with holder(tmp_path) as process:
        start = time.monotonic()
        with (
            pytest.raises(WarehouseBusy, match="Another run holds .*run.lock for over 1 seconds. Nothing was changed"),
            writer_lock(environment, 0.6),
        ):
            pytest.fail("two writers at once")
        assert 0.5 < time.monotonic() - start < 5
        process.kill()
        process.wait()
        start = time.monotonic()
        with writer_lock(environment, 10):
            assert time.monotonic() - start < 5


def test_one_process_may_take_the_lock_again(tmp_path: Path) -> None:
    environment = Environment("live", "live", tmp_path, Scope(required=("NL00",)))
    with writer_lock(environment, 1):
        with writer_lock(environment, 0.1):
            pass
        assert "WarehouseBusy" in ask_for_a_moment(tmp_path), "leaving the inner block must not let others in"
    assert ask_for_a_moment(tmp_path) == "held\n"


def ask_for_a_moment(home: Path) -> str:
    """What another process says that waits for the lock for a moment."""
    script = _HOLDER.replace(", 5):", ", 0.2):").replace("time.sleep(60)", "pass")
    command = [sys.executable, "-c", script, str(home)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return result.stdout + result.stderr


_READS = (
    "import sys, duckdb; print(duckdb.connect(sys.argv[1], read_only=True).execute('FROM control.holds').fetchall())"
)


def read_elsewhere(environment: Environment) -> str:
    """What another process reads of the holds, or why it can't."""
    command = [sys.executable, "-c", _READS, str(environment.warehouse)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def test_a_warehouse_that_is_kept_open_is_opened_once_and_let_go_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, opened_files = Environment("live", "live", tmp_path, Scope(required=("NL00",))), []
    connect = duckdb.connect

    def counted(path: str, **settings: Any) -> duckdb.DuckDBPyConnection:
        opened_files.append(path)
        return connect(path, **settings)

    warehouse.prepare(environment, {ONE.id: ONE})
    monkeypatch.setattr(warehouse.duckdb, "connect", counted)
    with warehouse.kept_open(environment):
        warehouse.hold(environment, ONE, "first", [], [])
        assert warehouse.standing_of(environment, ONE.id).held == "first"
        assert len(opened_files) == 1
        assert "lock" in read_elsewhere(environment)
        warehouse.let_go(environment)
        assert "first" in read_elsewhere(environment)
        warehouse.hold(environment, ONE, "second", [], [])
        assert len(opened_files) == 2
    assert "second" in read_elsewhere(environment)
    # Afterwards each opening is one of its own again, and reading is reading only.
    with (
        warehouse.connect(environment.warehouse, read_only=True) as reader,
        pytest.raises(duckdb.InvalidInputException, match="read-only"),
    ):
        reader.execute("DELETE FROM control.holds")


def test_environments_have_locks_of_their_own(tmp_path: Path) -> None:
    scope = Scope(required=("NL00",))
    sample, live = (Environment(name, name, tmp_path / name, scope) for name in ("sample", "live"))
    with writer_lock(sample, 0.1), writer_lock(live, 0.1):
        assert [environment.lock.exists() for environment in (sample, live)] == [True, True]


def test_every_way_to_a_file_has_the_same_settings(tmp_path: Path) -> None:
    """DuckDB refuses a second connection with other settings, and dbt's stand in a file of their own."""
    path = tmp_path / "warehouse.duckdb"
    warehouse.connect(path).close()
    profiles = yaml.safe_load((ROOT / "dbt_project" / "profiles.yml").read_text(encoding="utf-8"))
    of_dbt = profiles["heerlen_noord"]["outputs"]["warehouse"]["config_options"]
    with (
        warehouse.connect(path, read_only=True) as of_sources,
        open_read_only(path) as of_publication,
        duckdb.connect(str(path), read_only=True, config=of_dbt) as dbt,
        warehouse.connect_memory() as of_trial,
    ):
        for connection in (of_sources, of_publication, dbt, of_trial):
            settings = "current_setting('memory_limit'), current_setting('autoinstall_known_extensions')"
            assert connection.execute(f"SELECT {settings}").fetchall() == [("953.6 MiB", False)]
