"""Two vintages with the real command: each day has its own figures, and the second release says what it revised.

Between them the police revise Heerlen's crimes of 2024 and CBS fills the WOZ column of its newest table.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sources import warehouse
from sources.arrival import arrive
from sources.environment import HERE, Environment, declare_environment
from sources.registry import load_registry
from tests.path.conftest import FEW_FEEDS, Replay
from tests.support.archives import changed_archive, newer
from tests.support.vintages import digest, retrieved

pytestmark = pytest.mark.slow

FIRST, TODAY = "2026-03-01", str(datetime.now(HERE).date())
REVISED = 100
REGISTRY, FEEDS = load_registry(), FEW_FEEDS[1::2]
_WOZ = re.compile(r"Gemiddelde(WOZWaardeVanWoningen|Woningwaarde)_\d+")


def _second_vintage(url: str, body: bytes) -> bytes:
    for table in ("47018NED", "86165NED"):
        body = newer(url, body, table)
    if "47018NED/TypedDataSet" in url:
        return _changed_rows(body, _revise)
    if "86165NED/TypedDataSet" in url:
        return _changed_rows(body, _fill)
    return body


def _changed_rows(body: bytes, change: Any) -> bytes:
    document = json.loads(body)
    for row in document["value"]:
        change(row)
    return json.dumps(document, ensure_ascii=False).encode()


def _revise(row: dict[str, Any]) -> None:
    if [row[key].strip() for key in ("WijkenEnBuurten", "SoortMisdrijf", "Perioden")] == [
        "GM0917",
        "0.0.0",
        "2024JJ00",
    ]:
        row["GeregistreerdeMisdrijven_1"] += REVISED


def _fill(row: dict[str, Any]) -> None:
    (key,) = (key for key in row if _WOZ.fullmatch(key))
    assert row[key] is None
    row[key] = 250


@dataclass
class Vintages:
    """A home with two deliveries, dated 1 March 2026 and today; a known-on run on the first day, and what arrives on both."""

    replay: Replay
    second: subprocess.CompletedProcess[str]
    first_release: str
    landing_before: dict[str, str]
    current_before: Path
    known: subprocess.CompletedProcess[str]
    today: Environment

    @property
    def environment(self) -> Path:
        return self.replay.environment

    def ask(self, day: str | None, query: str) -> list[tuple[Any, ...]]:
        folder = self.environment if day is None else self.environment / "known-on" / day
        with duckdb.connect(str(folder / "current" / "monitor.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def vintages(few_feeds: Replay, tmp_path_factory: pytest.TempPathFactory) -> Vintages:
    replay = few_feeds.copy(tmp_path_factory.mktemp("vintages") / "copy")
    environment = replay.environment
    first_release = (environment / "current").resolve().name
    retrieved(environment / "landing", datetime(2026, 3, 1, 22, 30, tzinfo=UTC))
    changed_archive(replay.archive, _second_vintage)
    second = replay.run()
    assert second.returncode == 0, second.stdout + second.stderr
    landing, current = digest(environment / "landing"), (environment / "current").resolve()
    # The archive is no part of it: it is empty when the runs are made, so nothing can be asked of it.
    replay.archive.write_bytes(b"")
    known = replay.run("--as-known-on", FIRST)
    return Vintages(replay, second, first_release, landing, current, known, _arrived_again(replay))


def _arrived_again(replay: Replay) -> Environment:
    """The environment that stands still today, with what landed in it. No marts: they follow from its rows."""
    settings = {"NOORD_HOME": str(replay.home)}
    environment = declare_environment(str(replay.archive), settings, known_on=date.fromisoformat(TODAY))
    warehouse.prepare(environment, REGISTRY)
    for feed_id in FEEDS:
        assert arrive(REGISTRY[feed_id], environment).outcome == "promoted"
    return environment


CRIMES = """SELECT numerator, value_status FROM veiligheid.indicator_values
    WHERE indicator_code = 'VEI_MISDRIJVEN' AND area_code = 'GM0917' AND year = 2024 AND period_type = 'year'"""
WOZ = "SELECT DISTINCT value_status FROM wonen.indicator_values WHERE indicator_code = 'WON_WOZ' AND year = 2025"


def test_the_first_day_has_its_own_figures(vintages: Vintages) -> None:
    assert vintages.known.returncode == 0, vintages.known.stdout + vintages.known.stderr
    assert f"as known on {FIRST}" in vintages.known.stdout
    assert "downloading" not in vintages.known.stdout
    ((then, _),), ((now, status),) = (vintages.ask(day, CRIMES) for day in (FIRST, None))
    assert now == then + REVISED
    assert status == "provisional"


def test_today_stands_what_stands(vintages: Vintages) -> None:
    """Row for row, in every feed: its own marts would be those of the present."""
    with duckdb.connect() as connection:
        for name, file in (
            ("present", vintages.environment / "warehouse" / "warehouse.duckdb"),
            ("today", vintages.today.warehouse),
        ):
            connection.execute(f"ATTACH '{file}' AS {name} (READ_ONLY)")
        for feed_id in FEEDS:
            present, today = (f"(FROM {name}.raw.{feed_id})" for name in ("present", "today"))
            counts = connection.execute(
                f"SELECT (SELECT count(*) FROM {present}), (SELECT count(*) FROM ({present} EXCEPT ALL {today})), "
                f"(SELECT count(*) FROM ({today} EXCEPT ALL {present}))"
            ).fetchall()[0]
            assert counts[0] > 1_000
            assert counts[1:] == (0, 0), feed_id


def test_a_column_that_filled_up_was_empty_then(vintages: Vintages) -> None:
    assert vintages.ask(FIRST, WOZ) == [("not_published",)]
    assert ("provisional",) in vintages.ask(None, WOZ)
    filled = (
        "SELECT measures_published, measures_in_contract, period_status FROM meta.vintages WHERE table_id = '86165NED'"
    )
    ((then, contract, status),), ((now, _, _),) = (vintages.ask(day, filled) for day in (FIRST, None))
    assert (now, status) == (then + 1, "provisional")
    assert 0 < now < contract


def test_nothing_else_is_touched(vintages: Vintages) -> None:
    assert digest(vintages.environment / "landing") == vintages.landing_before
    assert (vintages.environment / "current").resolve() == vintages.current_before
    names = [path.name for path in sorted((vintages.environment / "known-on").iterdir())]
    assert names == [FIRST, TODAY]


def test_it_is_an_environment_of_its_own_and_dagster_knows_it(vintages: Vintages) -> None:
    from dagster import DagsterInstance, DagsterRunStatus

    rows = vintages.ask(FIRST, "SELECT environment, data_origin, previous_release_id FROM meta.release")
    assert rows == [(f"replay-opname-known-on-{FIRST}", "replay", None)]
    with DagsterInstance.from_config(str(vintages.environment / "known-on" / FIRST / "dagster")) as instance:
        assert [run.status for run in instance.get_runs()] == [DagsterRunStatus.SUCCESS]
    stands = vintages.ask(FIRST, "SELECT DISTINCT as_of::DATE FROM meta.freshness")
    assert stands == [(date(2026, 3, 1),)], "how old a feed is, is judged on that day"


def test_again_there_is_no_news(vintages: Vintages) -> None:
    again = vintages.replay.run("--as-known-on", FIRST)
    assert again.returncode == 0
    assert "Nothing changed: nothing was downloaded and no release was made." in again.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--as-known-on", "2026-02-28"],
            "On 2026-02-28 nothing was known: the first delivery came in on 2026-03-01 at 23:30",
        ),
        (["--as-known-on", "2999-01-01"], "2999-01-01 has yet to come"),
        (["--as-known-on", "maart"], "'maart' is no day; expected one such as 2026-03-01"),
        (["--as-known-on", FIRST, "--force"], "--only, --tables and --force have no meaning there"),
    ],
)
def test_wrong_use_is_one_sentence(vintages: Vintages, arguments: list[str], words: str) -> None:
    result = vintages.replay.run(*arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_second_release_says_what_it_revised(vintages: Vintages) -> None:
    rows = vintages.ask(
        None,
        """SELECT line, area_code, period_start::VARCHAR, old_status, new_status, previous_release_id, change,
        old_snapshot_id != new_snapshot_id FROM meta.revisions WHERE indicator_code = 'VEI_MISDRIJVEN' ORDER BY 2""",
    )
    provenance = ("2024-01-01", "provisional", "provisional", vintages.first_release, "revised", True)
    # Heerlen is a part of Parkstad and of Limburg.
    assert rows == [("veiligheid", area, *provenance) for area in ("GM0917", "PARKSTAD", "PV31")]
    ((old, new),) = vintages.ask(
        None,
        """SELECT old_value, new_value FROM meta.revisions
        WHERE indicator_code = 'VEI_MISDRIJVEN' AND area_code = 'GM0917'""",
    )
    ((value,),) = vintages.ask(
        None,
        """SELECT value FROM veiligheid.indicator_values
        WHERE indicator_code = 'VEI_MISDRIJVEN' AND area_code = 'GM0917' AND year = 2024 AND period_type = 'year'""",
    )
    assert (new, old < new) == (value, True)
    changes = dict(vintages.ask(None, "SELECT change, count(*) FROM meta.revisions GROUP BY 1"))
    assert changes == {"revised": 3}, "a column that fills up is no revision"
    told = f"Changed since release {vintages.first_release}: 3 revised, 0 withdrawn, 0 with another status (meta.revisions)."
    assert told in vintages.second.stdout
