"""As known on an earlier day: landing arrives once more, and nothing else is touched or asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sources import warehouse
from sources.arrival import Arrival, arrive, has_news
from sources.environment import Environment, declare_environment, read_day
from sources.errors import ConfigurationError
from sources.landing import Landing
from sources.registry import CbsOdata3Feed
from tests.support.publisher import LoopbackPublisher, ODataTable
from tests.support.small import AREAS, TABLE_ID, column, kerncijfers_feed, small_environment, small_kerncijfers
from tests.support.vintages import digest, retrieved

pytestmark = pytest.mark.slow

SECOND = "85039NED"
FEED = CbsOdata3Feed.model_validate(
    kerncijfers_feed().model_dump(by_alias=True)
    | {"tables": [{"id": TABLE_ID, "year": 2020}, {"id": SECOND, "year": 2021}]}
)
# Half an hour on either side of midnight in Amsterdam, on one day in UTC.
FIRST, LATER = datetime(2026, 3, 1, 22, 30, tzinfo=UTC), datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
DAY, NEXT_DAY = date(2026, 3, 1), date(2026, 3, 2)


class House:
    """Two tables of one feed, whose deliveries are dated back as they come in."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.tables = {TABLE_ID: small_kerncijfers(FEED), SECOND: small_kerncijfers(FEED)}
        self.tables[SECOND].id = SECOND
        self.publisher = LoopbackPublisher(list(self.tables.values()))
        self.present = small_environment(home, self.publisher)
        self.landed: set[str] = set()
        self.version = 0

    def deliver(self, moment: datetime) -> Arrival:
        self.publisher.forget()
        warehouse.prepare(self.present, {FEED.id: FEED})
        arrival = arrive(FEED, self.present)
        self.landed = retrieved(self.present.landing, moment, but=self.landed)
        return arrival

    def publish(self, table: ODataTable) -> None:
        self.version += 1
        table.entities["TableInfos"][0]["Modified"] = f"2022-0{self.version}-01T02:00:00"

    def population(self, table_id: str, area: int, value: float | None) -> None:
        table = self.tables[table_id]
        self.publish(table)
        table.entities["TypedDataSet"][area][column(table, "AantalInwoners")] = value

    def known_on(self, day: date) -> Environment:
        settings = {"NOORD_HOME": str(self.home), "NOORD_SCOPE": str(self.home / "scope.yml")}
        environment = declare_environment("live", settings, known_on=day)
        warehouse.prepare(environment, {FEED.id: FEED})
        return environment

    def ask(self, environment: Environment, query: str) -> list[tuple[Any, ...]]:
        with warehouse.connect(environment.warehouse, read_only=True) as connection:
            return connection.execute(query).fetchall()

    def heerlen(self, environment: Environment) -> dict[str, float]:
        query = "SELECT table_id, population FROM raw.cbs_kerncijfers WHERE area_code = 'GM0917'"
        return dict(self.ask(environment, query))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    with made.publisher.running():
        yield made


def test_each_day_has_the_figures_that_were_known_at_its_end(house: House) -> None:
    gas = column(house.tables[SECOND], "GemiddeldAardgasverbruikTotaal")
    rows = house.tables[SECOND].entities["TypedDataSet"]
    for row in rows:
        row[gas] = None
    house.deliver(FIRST)
    house.population(TABLE_ID, 1, 87100)
    house.publish(house.tables[SECOND])
    for row in rows:
        row[gas] = 45
    house.deliver(LATER)
    before, asked = digest(house.present.landing), len(house.publisher.requests)
    found = {}
    for day in (DAY, NEXT_DAY):
        known = house.known_on(day)
        assert arrive(FEED, known).outcome == "promoted"
        filled = "SELECT table_id, count(gas_m3) FROM raw.cbs_kerncijfers GROUP BY 1"
        found[day] = (house.heerlen(known)[TABLE_ID], dict(house.ask(known, filled))[SECOND])
    assert found == {DAY: (87086, 0), NEXT_DAY: (87100, len(AREAS))}
    assert house.heerlen(house.present)[TABLE_ID] == 87100
    assert digest(house.present.landing) == before, "landing is only read"
    assert len(house.publisher.requests) == asked, "no publisher is asked"


def test_the_rows_carry_the_moment_at_which_the_environment_stands(house: House) -> None:
    house.deliver(FIRST)
    known = house.known_on(DAY)
    arrive(FEED, known)
    rows = house.ask(known, "SELECT DISTINCT retrieved_at, promoted_at, data_origin FROM control.snapshots")
    end = datetime(2026, 3, 1, 23, 0, tzinfo=UTC) - timedelta(microseconds=1)
    assert [(r.astimezone(UTC), p.astimezone(UTC), origin) for r, p, origin in rows] == [(FIRST, end, "live")]


def test_a_delivery_that_does_not_pass_gives_way_to_the_one_before(house: House) -> None:
    house.deliver(FIRST)
    house.population(TABLE_ID, 1, -1)
    assert house.deliver(LATER).outcome == "held"
    known = house.known_on(NEXT_DAY)
    arrival = arrive(FEED, known)
    assert (arrival.outcome, house.heerlen(known)) == ("held", {TABLE_ID: 87086, SECOND: 87086})
    assert "population__values_to_be_between failed" in str(warehouse.standing_of(known, FEED.id).held)


def test_the_guards_compare_each_delivery_with_the_one_before(house: House) -> None:
    house.deliver(FIRST)
    table = house.tables[TABLE_ID]
    for name, key in (("TypedDataSet", "WijkenEnBuurten"), ("WijkenEnBuurten", "Key")):
        table.entities[name] = [row for row in table.entities[name] if not row[key].startswith("BU09171100")]
    house.publish(table)
    assert house.deliver(LATER).outcome == "held"
    known = house.known_on(NEXT_DAY)
    assert "1 region vanished: BU09171100" in str(arrive(FEED, known).problem)
    assert house.ask(known, "SELECT count(*) FROM raw.cbs_kerncijfers") == [(2 * len(AREAS),)]


def test_what_was_held_together_comes_in_together_once_it_is_mended(house: House) -> None:
    house.deliver(FIRST)
    house.population(TABLE_ID, 1, 87100)
    house.population(SECOND, 1, -1)
    assert house.deliver(FIRST + timedelta(minutes=5)).outcome == "held"
    held = house.known_on(DAY)
    arrive(FEED, held)
    assert house.heerlen(held) == {TABLE_ID: 87086, SECOND: 87086}, "half a delivery would bend every sum"
    house.population(SECOND, 1, 87200)
    assert house.deliver(LATER).outcome == "promoted"
    mended = house.known_on(NEXT_DAY)
    assert arrive(FEED, mended).outcome == "promoted"
    assert house.heerlen(mended) == house.heerlen(house.present) == {TABLE_ID: 87100, SECOND: 87200}


def test_it_gives_the_same_when_it_is_done_again(house: House) -> None:
    house.deliver(FIRST)
    house.population(TABLE_ID, 1, 87100)
    house.deliver(LATER)
    known = house.known_on(NEXT_DAY)
    assert has_news(FEED, known), "nothing has been read yet"
    state = []
    for _ in range(2):
        arrive(FEED, known)
        assert not has_news(FEED, known)
        state.append(house.ask(known, "FROM raw.cbs_kerncijfers ORDER BY ALL"))
    assert state[0] == state[1]


def test_a_table_that_the_feed_file_no_longer_names_is_left_out(house: House) -> None:
    house.deliver(FIRST)
    known = house.known_on(DAY)
    one = FEED.model_copy(update={"tables": FEED.tables[:1]})
    assert arrive(one, known).outcome == "promoted"
    assert house.heerlen(known) == {TABLE_ID: 87086}
    assert not has_news(one, known)


def test_a_feed_that_was_not_there_yet_stays_empty(house: House) -> None:
    house.deliver(LATER)
    known = house.known_on(DAY)
    arrival = arrive(FEED, known)
    assert (arrival.outcome, arrival.rows, arrival.snapshots) == ("unchanged", 0, {})
    assert not has_news(FEED, known)


def test_landing_can_only_be_read(house: House) -> None:
    house.deliver(FIRST)
    left = Landing(house.present).open_folder()
    landing = Landing(house.known_on(DAY))
    with pytest.raises(ConfigurationError, match="Nothing comes in as known on an earlier day"):
        landing.open_folder()
    landing.sweep()
    assert left.exists(), "that belongs to the environment of the present"


# -- the environment ------------------------------------------------------------------------------------------------------


def test_it_is_an_environment_of_its_own_with_the_landing_of_the_present(tmp_path: Path) -> None:
    settings = {"NOORD_HOME": str(tmp_path), "NOORD_MIRRORS": "duo.nl=https://mirror.example"}
    for feeds in ("sample", "live"):
        present = declare_environment(feeds, settings)
        known = declare_environment(feeds, settings, known_on=DAY)
        assert known.name == f"{feeds}-known-on-2026-03-01"
        assert known.home == tmp_path / feeds / "known-on" / "2026-03-01"
        assert (known.landing, known.data_origin) == (present.landing, present.data_origin)
        assert (known.archive, dict(known.mirrors)) == (None, {}), "no way to any publisher"
        own = {known.warehouse, known.audit, known.releases, known.current, known.dagster_home, known.lock}
        assert all(path.is_relative_to(known.home) for path in own)


@pytest.mark.parametrize(
    ("day", "end"),
    [("2026-03-01", "2026-03-01T23:00:00+00:00"), ("2026-03-29", "2026-03-29T22:00:00+00:00")],
    ids=["winter time", "the day on which the clock goes forward"],
)
def test_a_day_ends_at_midnight_in_amsterdam(tmp_path: Path, day: str, end: str) -> None:
    known = declare_environment("live", {"NOORD_HOME": str(tmp_path)}, known_on=read_day(day))
    assert known.known_until == datetime.fromisoformat(end)
    assert known.now() < datetime.fromisoformat(end)


def test_what_is_no_day_or_has_yet_to_come_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'gisteren' is no day; expected one such as 2026-03-01"):
        read_day("gisteren")
    tomorrow = date.today() + timedelta(days=2)
    with pytest.raises(ConfigurationError, match="has yet to come"):
        declare_environment("live", {"NOORD_HOME": str(tmp_path)}, known_on=tomorrow)
