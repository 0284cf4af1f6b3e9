"""A recording replays to the same raw rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sources import warehouse
from sources.arrival import arrive
from sources.environment import Environment, declare_environment
from sources.errors import ConfigurationError
from sources.recording import record_feeds
from sources.registry import DownloadFeed, Registry, load_registry
from tests.support import publisher as publisher_module
from tests.support.publisher import Answer, LoopbackPublisher
from tests.support.small import kerncijfers_feed, small_environment, small_kerncijfers

ALL = load_registry()


def _registry() -> Registry:
    cbs, schools, model = kerncijfers_feed(), ALL["duo_schooladviezen"], ALL["leefbaarometer"]
    assert isinstance(schools, DownloadFeed)
    narrow = cbs.model_copy(
        update={
            "measures": {"population": cbs.measures["population"]},
            "attributes": {},
            "expectations": cbs.expectations[:2],
        }
    )
    schools = schools.model_copy(update={"tables": schools.tables[-1:]})
    return {feed.id: feed for feed in (narrow, schools, model)}


REGISTRY = _registry()
GOOD = ("cbs_kerncijfers", "duo_schooladviezen")


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackPublisher]:
    """Three pages of CBS and one file of schools; the third feed has no file and fails."""
    monkeypatch.setattr(publisher_module, "PAGE_ROWS", 3)
    schools, cbs = REGISTRY["duo_schooladviezen"], REGISTRY["cbs_kerncijfers"]
    assert isinstance(schools, DownloadFeed)
    header = ["INSTELLINGSCODE", "VESTIGINGSCODE", "GEMEENTENUMMER", *(m.stem[0] for m in schools.measures.values())]
    rows = [header, ["05AB", "00", "0917", *["<5"] * 6, *["12"] * 6], ["12XY", "01", "0034", *["7"] * 12]]
    body = "\n".join(";".join(row) for row in rows).encode("utf-8-sig")
    made = LoopbackPublisher([small_kerncijfers(cbs)], {schools.url.format(table=schools.tables[0].id): body})  # type: ignore[arg-type]
    with made.running():
        yield made


def rows_of(environment: Environment) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that the good feeds bring to raw, without the ids of their snapshots."""
    feeds = {name: REGISTRY[name] for name in GOOD}
    warehouse.prepare(environment, feeds)
    assert [(arrive(feed, environment).outcome) for feed in feeds.values()] == ["promoted", "promoted"]
    with warehouse.connect(environment.warehouse, read_only=True) as connection:
        query = "SELECT * EXCLUDE (snapshot_id) FROM raw.{} ORDER BY ALL"
        return {name: connection.execute(query.format(name)).fetchall() for name in GOOD}


@pytest.mark.slow
def test_a_replay_gives_the_same_rows_and_asks_nobody(tmp_path: Path, publisher: LoopbackPublisher) -> None:
    live = small_environment(tmp_path / "home", publisher)
    archive = tmp_path / "Maart 2026.warc.gz"
    told: list[str] = []
    problems = record_feeds(live, REGISTRY, archive, progress=told.append)
    assert told == [f"{name}: recording" for name in REGISTRY]
    (problem,) = problems
    assert (problem.feed_id, problem.what.startswith("status 404")) == ("leefbaarometer", True)
    assert problem.where == "https://www.leefbaarometer.nl/resources/open-data-leefbaarometer-meting-2024.zip"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["Maart 2026.warc.gz"], (
        "no half file is left"
    )
    assert not (live.home / "landing").exists(), "a recording is no delivery"

    asked = len(publisher.requests)
    settings = {"NOORD_HOME": str(tmp_path / "home"), "NOORD_SCOPE": str(tmp_path / "home" / "scope.yml")}
    replay = declare_environment(str(archive), settings)
    replayed = rows_of(replay)
    assert len(publisher.requests) == asked
    assert replayed == rows_of(live)
    assert {name: len(rows) for name, rows in replayed.items()} == {"cbs_kerncijfers": 7, "duo_schooladviezen": 2}
    with warehouse.connect(replay.warehouse, read_only=True) as connection:
        assert connection.execute("SELECT DISTINCT data_origin FROM control.snapshots").fetchall() == [("replay",)]
        sources = {url for (url,) in connection.execute("SELECT source_url FROM control.snapshots").fetchall()}
    assert all(url.startswith(("https://opendata.cbs.nl/", "https://duo.nl/")) for url in sources), "no mirror in sight"


def test_a_next_link_with_raw_spaces_replays(tmp_path: Path, publisher: LoopbackPublisher) -> None:
    """The publisher's own links are not always encoded as ours are."""

    links: list[bytes] = []

    def note(url: str, answer: Answer) -> Answer:
        links.extend(re.findall(rb'"odata.nextLink": ?"([^"]*)"', answer.body) if "TypedDataSet" in url else [])
        return answer

    publisher.fault = note
    live = small_environment(tmp_path / "home", publisher)
    archive = tmp_path / "a.warc.gz"
    assert record_feeds(live, REGISTRY, archive, only=["cbs_kerncijfers"]) == []
    assert [b" or startswith(WijkenEnBuurten," in link for link in links] == [True, True]
    settings = {"NOORD_HOME": str(tmp_path / "home"), "NOORD_SCOPE": str(tmp_path / "home" / "scope.yml")}
    replay = declare_environment(str(archive), settings)
    feed = REGISTRY["cbs_kerncijfers"]
    warehouse.prepare(replay, {feed.id: feed})
    arrival = arrive(feed, replay)
    assert (arrival.problem, arrival.outcome, arrival.rows) == (None, "promoted", 7)


def test_only_the_feeds_asked_for_are_recorded(tmp_path: Path, publisher: LoopbackPublisher) -> None:
    live = small_environment(tmp_path, publisher)
    assert record_feeds(live, REGISTRY, tmp_path / "a.warc.gz", only=["duo_schooladviezen"]) == []
    assert {request.split("/")[2] for request in publisher.requests} == {"duo.nl"}


def test_an_existing_target_is_refused(tmp_path: Path, publisher: LoopbackPublisher) -> None:
    live = small_environment(tmp_path, publisher)
    (tmp_path / "a.warc.gz").write_bytes(b"precious")
    with pytest.raises(
        ConfigurationError, match="a.warc.gz exists already or does not end in .warc.gz. Nothing was recorded"
    ):
        record_feeds(live, REGISTRY, tmp_path / "a.warc.gz")
    assert (tmp_path / "a.warc.gz").read_bytes() == b"precious"
    with pytest.raises(ConfigurationError, match="does not end in .warc.gz"):
        record_feeds(live, REGISTRY, tmp_path / "a.zip")
    assert publisher.requests == []


@pytest.mark.parametrize("name", ["sample.warc.gz", "live.warc.gz", "LIVE.warc.gz", "-.warc.gz"])
def test_a_name_that_a_replay_would_refuse_is_refused_at_once(
    tmp_path: Path, publisher: LoopbackPublisher, name: str
) -> None:
    with pytest.raises(ConfigurationError, match="Nothing was recorded"):
        record_feeds(small_environment(tmp_path, publisher), REGISTRY, tmp_path / name)
    assert publisher.requests == []
