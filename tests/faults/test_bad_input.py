"""Bad input at the door: one clear message that names feed, table and URL; the feed is held and the last good rows stay.

Each case first lands a good delivery, then breaks the publisher, publishes anew and asks again.
"""

from __future__ import annotations

import json
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sources import warehouse
from sources.arrival import Arrival, arrive
from sources.environment import Environment
from sources.registry import CbsOdata3Feed
from tests.support.publisher import Answer, LoopbackPublisher, ODataTable
from tests.support.small import AREAS, TABLE_ID, column, kerncijfers_feed, small_environment, small_kerncijfers

NEW_VERSION = "2021-06-30T02:00:00"


@pytest.fixture(scope="module")
def good_delivery(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Arrival]:
    """A home into which a good delivery came, and how it did. Copied by each case."""
    home = tmp_path_factory.mktemp("good")
    publisher = LoopbackPublisher([small_kerncijfers()])
    with publisher.running():
        environment, feed = small_environment(home, publisher), kerncijfers_feed()
        warehouse.prepare(environment, {feed.id: feed})
        return home, arrive(feed, environment)


class Case:
    """A publisher with a good delivery already in the warehouse."""

    def __init__(self, home: Path, first: Arrival, publisher: LoopbackPublisher, table: ODataTable) -> None:
        self.publisher, self.table, self.first = publisher, table, first
        self.feed: CbsOdata3Feed = kerncijfers_feed()
        self.environment: Environment = small_environment(home, publisher)

    def arrive(self) -> Arrival:
        self.publisher.forget()
        return arrive(self.feed, self.environment)

    def publish_anew(self) -> None:
        self.table.entities["TableInfos"][0]["Modified"] = NEW_VERSION

    def population(self) -> dict[str, float]:
        with warehouse.connect(self.environment.warehouse, read_only=True) as connection:
            return dict(connection.execute("SELECT area_code, population FROM raw.cbs_kerncijfers").fetchall())


@pytest.fixture
def case(good_delivery: tuple[Path, Arrival], tmp_path: Path) -> Iterator[Case]:
    home, first = good_delivery
    shutil.copytree(home, tmp_path / "home")
    table = small_kerncijfers()
    publisher = LoopbackPublisher([table])
    with publisher.running():
        yield Case(tmp_path / "home", first, publisher, table)


def _expect_held(case: Case, *words: str) -> None:
    before = case.population()
    case.publish_anew()
    result = case.arrive()
    assert result.outcome == "held"
    assert result.problem is not None
    for word in ("cbs_kerncijfers", *words, "The delivery is held; the last good figures stay."):
        assert word in result.problem
    assert case.population() == before, "the last good rows stay"
    assert len(before) == len(AREAS)
    assert result.checks[0].name == "delivery"
    assert not result.checks[0].passed
    assert warehouse.standing_of(case.environment, case.feed.id).held == result.problem


def test_the_good_delivery_is_promoted(case: Case) -> None:
    assert case.first.outcome == "promoted"
    assert case.first.rows == len(AREAS)
    assert case.population()["GM0917"] == 87086


DATA = "TypedDataSet"


def _on(part: str, change: Callable[[Answer], Answer | None]) -> Callable[[str, Answer], Answer | None]:
    return lambda url, answer: change(answer) if part in url else answer


@pytest.mark.parametrize("part", ["TableInfos", "DataProperties", "WijkenEnBuurten?", DATA])
@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_error_status(case: Case, part: str, status: int) -> None:
    case.publisher.fault = _on(part, lambda _answer: Answer(status, b"query returns more than 10000 records"))
    _expect_held(case, f"status {status}", "more than 10000 records", TABLE_ID, "https://opendata.cbs.nl/")


@pytest.mark.parametrize("part", ["TableInfos", "DataProperties", DATA])
def test_a_web_page_in_place_of_json(case: Case, part: str) -> None:
    case.publisher.fault = _on(part, lambda _answer: Answer(body=b"<!DOCTYPE html><title>Onderhoud</title>"))
    _expect_held(case, "the body is a web page", "Onderhoud", TABLE_ID)


@pytest.mark.parametrize("part", ["TableInfos", "DataProperties", DATA])
def test_not_json(case: Case, part: str) -> None:
    case.publisher.fault = _on(part, lambda _answer: Answer(body=b"Service tijdelijk niet beschikbaar"))
    _expect_held(case, "not valid JSON", "Service tijdelijk", TABLE_ID)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_cut_off_body_with_a_true_length(case: Case, share: float) -> None:
    """The publisher's own length fits, but the document stops half-way."""
    case.publisher.fault = _on(DATA, lambda answer: Answer(body=answer.body[: int(len(answer.body) * share)]))
    _expect_held(case, TABLE_ID, "https://opendata.cbs.nl/ODataFeed")


def test_fewer_bytes_than_promised(case: Case) -> None:
    case.publisher.fault = _on(DATA, lambda answer: Answer(body=answer.body[:500], length=len(answer.body)))
    _expect_held(case, "broke off 3 times", TABLE_ID)


def test_connection_cut(case: Case) -> None:
    case.publisher.fault = _on(DATA, lambda _answer: None)
    _expect_held(case, "no answer", TABLE_ID)


def test_odata_error_with_status_200(case: Case) -> None:
    case.publisher.fault = _on(DATA, lambda _answer: Answer(body=b'{"odata.error":{"message":{"value":"time-out"}}}'))
    _expect_held(case, "an error in place of data", "time-out", TABLE_ID)


def test_empty_list_for_regions_that_must_exist(case: Case) -> None:
    case.table.entities["TypedDataSet"].clear()
    case.table.entities["WijkenEnBuurten"].clear()
    _expect_held(case, "no rows for NL00, GM0917", TABLE_ID)


def test_a_required_region_is_gone(case: Case) -> None:
    case.table.entities["TypedDataSet"][:] = [
        r for r in case.table.entities["TypedDataSet"] if "GM0917" not in r["WijkenEnBuurten"]
    ]
    case.table.entities["WijkenEnBuurten"][:] = [
        r for r in case.table.entities["WijkenEnBuurten"] if "GM0917" not in r["Key"]
    ]
    _expect_held(case, "no rows for GM0917", TABLE_ID)


def test_a_region_of_the_tables_own_list_has_no_rows(case: Case) -> None:
    del case.table.entities["TypedDataSet"][-1]
    _expect_held(case, "1 regions of the table's own list have no rows, such as BU09171100", TABLE_ID)


def test_renamed_column(case: Case) -> None:
    old = column(case.table, "AantalInwoners")
    for row in case.table.entities["DataProperties"]:
        if row["Key"] == old:
            row["Key"] = "AantalBewoners_5"
    _expect_held(case, "column of measure 'population' is missing or renamed", "AantalBewoners", TABLE_ID)


def test_dropped_column(case: Case) -> None:
    """DataProperties still lists it, the rows lack it: read naively that is a column of secrets."""
    key = column(case.table, "HuishoudensTotaal")
    for row in case.table.entities["TypedDataSet"]:
        del row[key]
    _expect_held(case, f"rows lack the columns {key}")


def test_renumbered_columns_change_nothing(case: Case) -> None:
    def renumber(key: str) -> str:
        stem, _, ordinal = key.rpartition("_")
        return f"{stem}_{int(ordinal) + 7}" if stem else key

    before = case.population()
    case.table.entities["DataProperties"][:] = [
        r | {"Key": renumber(r["Key"])} for r in case.table.entities["DataProperties"]
    ]
    case.table.entities["TypedDataSet"][:] = [
        {key if key in ("ID", "WijkenEnBuurten") else renumber(key): value for key, value in row.items()}
        for row in case.table.entities["TypedDataSet"]
    ]
    case.publish_anew()
    assert case.arrive().outcome == "promoted"
    assert case.population() == before


def test_changed_unit(case: Case) -> None:
    key = column(case.table, "GemiddeldeWoningwaarde")
    for row in case.table.entities["DataProperties"]:
        if row["Key"] == key:
            row["Unit"] = "euro"
    _expect_held(case, "another unit or group", "'euro'", "unit 'x 1 000 euro'", TABLE_ID)


def test_a_new_dimension_would_double_rows(case: Case) -> None:
    case.table.entities["DataProperties"].append(
        {"ID": 999, "ParentID": None, "Type": "Dimension", "Key": "Geslacht", "Title": "Geslacht"}
    )
    _expect_held(case, "dimensions ['Geslacht']", TABLE_ID)


def test_duplicate_rows(case: Case) -> None:
    case.table.entities["TypedDataSet"].append(dict(case.table.entities["TypedDataSet"][1]))
    _expect_held(case, "check rows_are_unique failed: 2 of 8 rows", TABLE_ID)


def test_text_where_a_number_belongs(case: Case) -> None:
    case.table.entities["TypedDataSet"][2][column(case.table, "AantalInwoners")] = "ca. 4000"
    _expect_held(case, "'ca. 4000' in measure 'population'", "row 3", TABLE_ID)


def test_sentinel_value(case: Case) -> None:
    """CBS once published -1 where a dot was meant (83765NED, corrected in November 2020)."""
    case.table.entities["TypedDataSet"][4][column(case.table, "AantalInwoners")] = -1
    _expect_held(case, "check population__values_to_be_between failed: 1 of 7 rows", TABLE_ID)


def test_a_strange_area_code(case: Case) -> None:
    case.table.entities["TypedDataSet"][3]["WijkenEnBuurten"] = "GM0917?   "
    case.table.entities["WijkenEnBuurten"][3]["Key"] = "GM0917?   "
    _expect_held(case, "'GM0917?' is no area code", "row 4", TABLE_ID)


def _with_link(answer: Answer, link: str) -> Answer:
    document = json.loads(answer.body) | {"odata.nextLink": link}
    return Answer(body=json.dumps(document).encode())


def test_next_link_in_a_loop(case: Case) -> None:
    seen: list[str] = []

    def loop(url: str, answer: Answer) -> Answer:
        if DATA not in url:
            return answer
        seen.append(url)
        return _with_link(answer, seen[0])

    case.publisher.fault = loop
    _expect_held(case, "odata.nextLink leads back", TABLE_ID)


@pytest.mark.parametrize("link", ["https://evil.example/x", "//evil.example/x", "http://opendata.cbs.nl/x"])
def test_next_link_to_a_foreign_host(case: Case, link: str) -> None:
    case.publisher.fault = _on(DATA, lambda answer: _with_link(answer, link))
    _expect_held(case, "odata.nextLink points to the foreign host", TABLE_ID)
    assert not any("evil" in request for request in case.publisher.requests)


def test_redirect_to_a_foreign_host(case: Case) -> None:
    case.publisher.fault = _on(DATA, lambda _answer: Answer(302, headers={"Location": "https://evil.example/x"}))
    _expect_held(case, "redirect to the foreign host evil.example", TABLE_ID)


def test_a_body_over_the_budget(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOORD_HTTP_BODY_BYTES", "2000")
    _expect_held(case, "the body is larger than 2,000 bytes", TABLE_ID)


def test_retry_after_is_honoured_and_the_feed_gets_in(case: Case) -> None:
    failures = iter([429, 503])

    def flaky(url: str, answer: Answer) -> Answer:
        status = next(failures, None) if DATA in url else None
        return answer if status is None else Answer(status, b"busy", {"Retry-After": "0"})

    case.publisher.fault = flaky
    case.publish_anew()
    assert case.arrive().outcome == "promoted"


def test_nothing_half_written_in_landing(case: Case) -> None:
    case.publisher.fault = _on(DATA, lambda answer: Answer(body=answer.body[:500], length=len(answer.body)))
    case.publish_anew()
    case.arrive()
    landed = sorted(path.name for path in (case.environment.landing / "cbs_kerncijfers").iterdir())
    assert landed == [case.first.snapshots[TABLE_ID]]
    assert list((case.environment.landing / ".incoming").iterdir()) == []
    assert list(case.environment.audit.iterdir()) == []


def test_a_hold_ends_when_the_publisher_is_back(case: Case) -> None:
    case.publisher.fault = _on(DATA, lambda _answer: Answer(503, b""))
    case.publish_anew()
    assert case.arrive().outcome == "held"
    case.publisher.fault = None
    assert case.arrive().outcome == "promoted"
    assert warehouse.standing_of(case.environment, case.feed.id).held is None


def test_a_hold_ends_when_the_publisher_takes_its_version_back(case: Case) -> None:
    case.publisher.fault = _on("TableInfos", lambda _answer: Answer(503, b""))
    assert case.arrive().outcome == "held"
    case.publisher.fault = None
    back = case.arrive()
    assert back.outcome == "unchanged"
    assert warehouse.standing_of(case.environment, case.feed.id).held is None
    assert {check.name: check.passed for check in back.checks}["delivery"]
    assert len(back.checks) == len(case.first.checks), "the other checks keep their last result"


def test_disk_full(case: Case) -> None:
    """A file-size limit stands in for a full disk: the body does not fit, the warehouse's own small writes do."""
    case.publisher.fault = _on(DATA, lambda answer: Answer(body=answer.body[:-1] + b" " * 24_000_000 + b"}"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_000_000, limits[1]))
    try:
        _expect_held(case, "the body can't be stored: File too large", TABLE_ID)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert list((case.environment.landing / ".incoming").iterdir()) == []
