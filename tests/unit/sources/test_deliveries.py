"""A partner's feed arrives: from figures in landing to raw, held for a refusal that nobody has answered, and as known on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.fingerprint import fingerprint
from orchestration.run import refresh
from sources import warehouse
from sources.arrival import Arrival, arrive, checks_of, has_news
from sources.contracts import PartnerFeed
from sources.environment import Environment, Scope, declare_environment
from sources.errors import FeedProblem
from sources.landing import Landing
from sources.partners.privacy import Finding
from sources.partners.register import Delivery, Register
from sources.protocols import reader_of
from sources.protocols.deliveries import unanswered
from tests.support.partner import FEED_ID, Cell, FakeIntake, cells, contract, delivery, land_cells
from tests.support.protocols import failed
from tests.support.small import kerncijfers_feed
from tests.support.vintages import digest, retrieved

FEED = contract()
FIRST = {"WK091710": 120.0, "WK091711": 40.0}
AREAS = ("WK091710", "WK091711")


class House:
    """An environment, the stand-in for the intake and the feed."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environment = declare_environment("live", {"NOORD_HOME": str(home)})
        self.intake = FakeIntake(self.environment, FEED)
        self.intake.install(monkeypatch)
        self.number = 0

    def put(self, decision: str = "accepted", *periods: Sequence[Cell], **changes: Any) -> Delivery:
        """Let a delivery wait; its periods are those of the cells unless changed."""
        self.number += 1
        changes = {"periods": tuple(rows[0][1] for rows in periods) or ("2025KW01",)} | changes
        made = delivery(self.number, decision, **changes)  # type: ignore[arg-type]
        self.intake.waiting.append((made, periods))
        return made

    def arrive(self, feed: PartnerFeed = FEED, environment: Environment | None = None, **settings: Any) -> Arrival:
        place = environment or self.environment
        warehouse.prepare(place, {feed.id: feed})
        return arrive(feed, place, **settings)

    def has_news(self, feed: PartnerFeed = FEED) -> bool:
        warehouse.prepare(self.environment, {feed.id: feed})
        return has_news(feed, self.environment)

    def ask(self, query: str, environment: Environment | None = None) -> list[tuple[Any, ...]]:
        with warehouse.connect((environment or self.environment).warehouse, read_only=True) as connection:
            return connection.execute(query).fetchall()

    def totals(self, environment: Environment | None = None) -> dict[str, float]:
        query = f"SELECT table_id, sum(visitors) FROM raw.{FEED_ID} WHERE breakdown = 'total' GROUP BY 1"
        return dict(self.ask(query, environment))

    def held(self) -> str | None:
        return warehouse.standing_of(self.environment, FEED_ID).held


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


# -- from landing to cells ------------------------------------------------------------------------------------------------


def read(home: Path, feed: PartnerFeed, rows: Sequence[Cell]) -> list[tuple[Any, ...]]:
    landing = Landing(Environment("live", "live", home, Scope(required=("NL00",))))
    snapshot = land_cells(landing, FEED, rows)
    with warehouse.connect_memory() as connection:
        reader_of(feed, Scope(required=("NL00",))).read_cells(connection, snapshot, landing)
        return connection.execute("FROM cells ORDER BY row_number").fetchall()


def test_cells_of_a_period_come_in_as_they_were_landed(tmp_path: Path) -> None:
    rows = [("WK091710", "2025KW01", "total", 12.5), ("WK091710", "2025KW01", "0_17", None)]
    keys = (None, "2025KW01", None)
    assert read(tmp_path, FEED, rows) == [
        (2, "cells.csv", "WK091710", *keys, "total", "value", "12.5"),
        (3, "cells.csv", "WK091710", *keys, "0_17", "value", "not_delivered"),
    ]


def test_a_breakdown_may_hold_what_a_csv_file_means_something_by(tmp_path: Path) -> None:
    label = 'Koffie, thee en "meer"'
    landed = label.replace('"', '""')
    rows = read(tmp_path, FEED, [("WK091710", "2025KW01", f'"{landed}"', 3.0)])
    assert [row[6] for row in rows] == [label]


def test_a_measure_that_the_contract_gained_since_is_missing_in_what_was_landed(tmp_path: Path) -> None:
    later = contract(measures=FEED.model_dump()["measures"] | {"rows": {"rows": True, "counts": "events"}})
    assert [row[-2:] for row in read(tmp_path, later, cells({"WK091710": 8}))] == [
        ("8", "not_delivered"), ("2", "not_delivered"), ("6", "not_delivered"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content", [None, b"", b"area_code;visitors\nWK091710;geheim\n"], ids=["gone", "empty", "other"]
)
def test_a_landed_file_that_is_not_the_intakes_is_named_without_its_content(
    tmp_path: Path, content: bytes | None
) -> None:
    landing = Landing(Environment("live", "live", tmp_path, Scope(required=("NL00",))))
    snapshot = land_cells(landing, FEED, cells(FIRST))
    path = landing.folder(snapshot) / "cells.csv"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with warehouse.connect_memory() as connection, pytest.raises(FeedProblem) as caught:
        reader_of(FEED, Scope(required=("NL00",))).read_cells(connection, snapshot, landing)
    assert "welzijn_bezoek: the landed figures can't be read" in str(caught.value)
    assert str(path) in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_id_of_a_snapshot_says_nothing_of_its_figures(tmp_path: Path) -> None:
    """A digest beside hidden counts would confirm whoever guesses them."""
    landing = Landing(Environment("live", "live", tmp_path, Scope(required=("NL00",))))
    made = [land_cells(landing, FEED, cells(FIRST)) for _ in range(2)]
    assert made[0].content_sha256 == made[1].content_sha256
    marks = [snapshot.snapshot_id.rpartition(".")[2] for snapshot in made]
    assert len(set(marks)) == 2
    assert not any(mark in (made[0].content_sha256 + made[0].files[0].sha256) for mark in marks)


# -- arrival --------------------------------------------------------------------------------------------------------------


def test_what_a_partner_delivers_stands_in_raw_per_period(house: House) -> None:
    house.put("accepted", cells(FIRST, "2025KW01"), cells({"WK091710": 99}, "2025KW02"))
    assert house.has_news()
    arrival = house.arrive()
    assert (arrival.outcome, arrival.downloaded, arrival.rows) == ("promoted", 2, 9)
    assert [made.delivery_id for made in arrival.deliveries] == ["d1"]
    assert house.totals() == {"2025KW01": 160, "2025KW02": 99}
    assert house.ask(f"SELECT DISTINCT table_id, period_code, boundary_year, bound FROM raw.{FEED_ID} ORDER BY 1") == [
        ("2025KW01", "2025KW01", 2025, "value"),
        ("2025KW02", "2025KW02", 2025, "value"),
    ]
    assert not house.has_news()
    again = house.arrive()
    assert (again.outcome, again.rows, again.deliveries) == ("unchanged", 0, ())


def test_nothing_delivered_yet_is_no_news_and_no_problem(house: House) -> None:
    assert house.arrive().outcome == "unchanged"
    assert (house.held(), house.totals()) == (None, {})


def test_a_missing_figure_carries_its_marker(house: House) -> None:
    house.put("accepted", cells({"WK091710": None, "WK091711": 3}))
    house.arrive()
    query = f"SELECT area_code, visitors, missing_markers FROM raw.{FEED_ID} WHERE breakdown = 'total' ORDER BY 1"
    assert house.ask(query) == [
        ("WK091710", None, {"visitors": "not_delivered"}),
        ("WK091711", 3, {}),
    ]


def test_a_later_delivery_of_a_period_takes_the_place_of_the_earlier_and_both_stay_in_landing(house: House) -> None:
    house.put("accepted", cells(FIRST, "2025KW01"), cells(FIRST, "2025KW02"))
    house.arrive()
    before = digest(house.environment.landing)
    house.put("accepted", cells({"WK091710": 121, "WK091711": 41}, "2025KW01"))
    arrival = house.arrive()
    assert (arrival.outcome, arrival.rows) == ("promoted", 6)
    assert house.totals() == {"2025KW01": 162, "2025KW02": 160}
    after = digest(house.environment.landing)
    assert before.items() <= after.items()
    assert len(house.ask("FROM control.snapshots")) == 2
    assert len(list((house.environment.landing / FEED_ID).iterdir())) == 3


def test_a_duplicate_changes_nothing_and_is_remarked(house: House) -> None:
    house.put("accepted", cells(FIRST))
    house.arrive()
    house.put("duplicate")
    arrival = house.arrive()
    assert (arrival.outcome, arrival.notes) == ("unchanged", ("delivery d2 came in before and changes nothing",))


def test_refused_rows_and_the_timing_are_remarked(house: House) -> None:
    house.put("accepted_with_refusals", cells(FIRST), accepted=8, refused=2, timing="late")
    assert house.arrive().notes == ("delivery d1 is late", "delivery d1: 2 of 10 rows were refused")


@pytest.mark.parametrize("decision", ["refused", "held"])
def test_a_delivery_that_is_not_accepted_holds_the_feed_and_undoes_nothing(house: House, decision: str) -> None:
    house.put("accepted", cells(FIRST, "2025KW01"))
    house.arrive()
    house.put("accepted", cells(FIRST, "2025KW02"))
    house.put(decision, periods=("2025KW03",))
    arrival = house.arrive()
    assert (arrival.outcome, arrival.rows, sorted(arrival.snapshots)) == ("held", 6, ["2025KW01", "2025KW02"])
    assert house.totals() == {"2025KW01": 160, "2025KW02": 160}
    message = str(house.held())
    assert message == arrival.problem
    assert (
        f"delivery d3 was {decision}: Er staan te veel rijen in die niet kloppen. (inbox welzijn, received" in message
    )
    assert message.endswith("The delivery is held; the last good figures stay.")
    assert [check.name for check in arrival.checks if not check.passed] == ["delivery"]
    stored = warehouse.stored_checks(house.environment, "arrival", FEED_ID)
    assert {check.name for check in stored} == {name for name, _, _ in checks_of(FEED)}


def test_a_hold_stays_until_the_partner_sends_better(house: House) -> None:
    house.put("accepted", cells(FIRST, "2024KW04"))
    house.put("refused")
    assert house.arrive().outcome == "held"
    assert not house.has_news(), "nothing can be done until something comes in"
    assert house.arrive().outcome == "held"
    house.put("duplicate")
    assert house.arrive().outcome == "held"
    house.put("accepted", cells(FIRST))
    assert house.has_news()
    assert house.arrive().outcome == "promoted"
    assert (house.held(), house.has_news()) == (None, False)


def test_a_hold_for_another_reason_is_lifted_by_the_next_arrival(house: House) -> None:
    house.put("accepted", cells(FIRST))
    house.arrive()
    house.intake.waiting.append(FeedProblem("no answer", feed_id=FEED_ID, where="https://x.nl", expected="an answer"))
    assert house.has_news(), "what can't be asked is news"
    assert house.arrive().outcome == "held"
    assert house.has_news(), "asking again may help"
    assert house.arrive().outcome == "unchanged"
    assert (house.held(), house.has_news()) == (None, False)


def test_figures_that_an_expectation_refuses_stay_out_without_their_values(house: House) -> None:
    house.put("accepted", cells({"WK091710": 9000, "WK091711": 40}, "2025KW01"))
    house.arrive()
    house.put("accepted", cells({"WK091710": 23456, "WK091711": 40}, "2025KW02"))
    arrival = house.arrive()
    assert (arrival.outcome, house.totals()) == ("held", {"2025KW01": 9040})
    assert set(failed(arrival)) == {"visitors__values_to_be_between", "children_are_part_of_all"}
    stored = house.ask("SELECT string_agg(examples || found || expected, ' ') FROM control.checks")[0][0]
    for figure in ("23456", "5864", "23,456"):
        assert figure not in stored + str(house.held())
    assert {check.examples for check in arrival.checks if check.name in failed(arrival)} == {"[]"}


def test_a_contract_that_changes_reads_its_periods_again_from_landing(house: House) -> None:
    house.put("accepted", cells(FIRST, "2025KW01"), cells(FIRST, "2025KW02"))
    house.arrive()
    later = contract(description="Anders.")
    assert house.has_news(later)
    arrival = house.arrive(later)
    assert (arrival.outcome, arrival.downloaded, arrival.rows) == ("promoted", 0, 12)
    assert house.totals() == {"2025KW01": 160, "2025KW02": 160}


def test_only_the_periods_asked_for_are_promoted(house: House) -> None:
    house.put("accepted", cells(FIRST, "2025KW01"))
    house.arrive()
    house.put("accepted", cells(FIRST, "2025KW02"), cells(FIRST, "2025KW03"))
    house.arrive(tables=["2025KW03"])
    assert sorted(house.totals()) == ["2025KW01", "2025KW03"]
    assert house.has_news(), "the other lies in landing unread"


def test_checks_of_a_partner_know_no_catalogue() -> None:
    assert [name for name, _, _ in checks_of(FEED)] == [
        "delivery",
        "nothing_overdue",
        "nothing_vanished",
        "no_tenfold_jump",
        "corrections_still_needed",
        "rows_are_unique",
        "visitors__values_to_be_between",
        "children_are_part_of_all",
    ]


# -- what is overdue ---------------------------------------------------------------------------------------------------


class Calendar:
    """The day on which runs take place: 2025KW01 ended on 31 March, and the next quarter is due 92 + 30 days later."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.today = date(2025, 7, 31)
        monkeypatch.setattr("sources.partners.intake.reference_moment", self.moment)

    def moment(self, _environment: Environment) -> datetime:
        return datetime.combine(self.today, datetime.min.time(), UTC) + timedelta(hours=12)


IN_TIME = {"expected": "quarterly", "slack_days": 30}


def overdue(arrival: Arrival) -> tuple[bool, str]:
    return next((check.passed, check.found) for check in arrival.checks if check.name == "nothing_overdue")


def test_a_delivery_that_fails_to_come_turns_a_check_red_on_its_day(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, calendar = contract(cadence=IN_TIME), Calendar(monkeypatch)
    house.put("accepted", cells(FIRST))
    assert overdue(house.arrive(feed)) == (True, "the figures after 2025KW01 are due by 2025-07-31")
    assert not house.has_news(feed)
    calendar.today += timedelta(days=1)
    assert house.has_news(feed), "that it fails to come is news, once"
    arrival = house.arrive(feed)
    assert (arrival.outcome, overdue(arrival)) == (
        "unchanged",
        (False, "the figures after 2025KW01 were due by 2025-07-31"),
    )
    calendar.today += timedelta(days=1)
    assert not house.has_news(feed)
    house.put("accepted", cells(FIRST, "2025KW02"))
    assert overdue(house.arrive(feed)) == (True, "the figures after 2025KW02 are due by 2025-10-30")
    severities = house.ask("SELECT DISTINCT severity FROM control.checks WHERE check_name = 'nothing_overdue'")
    assert severities == [("warn",)]


def test_a_partner_that_never_delivered_is_overdue_from_the_beginning_of_its_contract(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, calendar = contract(cadence=IN_TIME), Calendar(monkeypatch)
    calendar.today = date(2024, 5, 2)
    assert overdue(house.arrive(feed)) == (True, "the figures of the contract are due by 2024-05-02")
    calendar.today = date(2024, 5, 3)
    assert overdue(house.arrive(feed)) == (False, "the figures of the contract were due by 2024-05-02")


def test_a_feed_that_is_held_by_a_refusal_becomes_overdue_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    feed, calendar = contract(cadence=IN_TIME), Calendar(monkeypatch)
    house.put("accepted", cells(FIRST))
    house.put("refused", periods=("2025KW02",))
    house.arrive(feed)
    calendar.today += timedelta(days=1)
    assert house.has_news(feed)
    arrival = house.arrive(feed)
    assert (arrival.outcome, overdue(arrival)[0]) == ("held", False)
    assert not house.has_news(feed)


# -- beside what stands ---------------------------------------------------------------------------------------------------

LOST = {"what": "region", "name": "WK091711", "table": "2025KW01", "date": "2026-03-01", "reason": "wijk dubbel geteld"}


def test_a_correction_that_loses_an_area_is_held_until_the_contract_says_that_this_is_right(house: House) -> None:
    house.put("accepted", cells(FIRST, "2025KW01"), cells(FIRST, "2025KW02"))
    house.arrive()
    house.put("accepted", cells({"WK091710": 120}, "2025KW01"))
    arrival = house.arrive()
    assert (arrival.outcome, failed(arrival)) == ("held", ["nothing_vanished"])
    assert "1 region vanished: WK091711 (table 2025KW01)" in str(arrival.problem)
    assert house.totals() == {"2025KW01": 160, "2025KW02": 160}
    arrival = house.arrive(contract(acknowledged=[LOST]))
    assert (arrival.outcome, house.totals()) == ("promoted", {"2025KW01": 120, "2025KW02": 160})


def test_areas_outside_the_scope_of_publishers_are_missed_too(house: House) -> None:
    """Postcodes are in no scope, and a partner has rows of the programme alone."""
    house.put("accepted", cells({"PC6411": 120, "PC6412": 40}))
    house.arrive()
    house.put("accepted", cells({"PC6411": 120}))
    assert failed(house.arrive()) == ["nothing_vanished"]


def test_a_correction_that_loses_every_figure_of_a_measure_is_held(house: House) -> None:
    house.put("accepted", cells(FIRST))
    house.arrive()
    house.put("accepted", cells(dict.fromkeys(FIRST)))
    arrival = house.arrive()
    assert failed(arrival) == ["nothing_vanished"]
    assert "1 period vanished: 2025KW01" in str(arrival.problem)


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2025KW01", "visitors of whole in 2025KW01, table 2025KW01: ten times more than it was before"),
        ("2026KW01", "visitors of whole in 2026KW01, table 2026KW01: ten times more than in 2025KW01 before"),
        ("2025KW02", "visitors of whole in 2025KW02, table 2025KW02: ten times more than in 2025KW01 before"),
    ],
)
def test_a_total_that_jumps_tenfold_is_held_without_being_told(house: House, period: str, words: str) -> None:
    house.put("accepted", cells(FIRST))
    house.arrive()
    house.put("accepted", cells({"WK091710": 1201, "WK091711": 400}, period))
    arrival = house.arrive()
    assert (arrival.outcome, failed(arrival)) == ("held", ["no_tenfold_jump"])
    assert words in str(arrival.problem)
    jump = next(check for check in arrival.checks if check.name == "no_tenfold_jump")
    told = jump.examples + jump.found + str(house.held())
    assert [figure for figure in ("160", "1601", "1,601", "1201") if figure in told] == []
    seen = {"what": "jump", "name": f"visitors/whole/{period}", "date": "2026-03-01", "reason": "nieuwe locatie"}
    assert house.arrive(contract(acknowledged=[seen])).outcome == "promoted"


def test_a_small_total_and_a_single_wijk_may_jump(house: House) -> None:
    house.put("accepted", cells({"WK091710": 4, "WK091711": 0}))
    house.arrive()
    house.put("accepted", cells({"WK091710": 4, "WK091711": 45}))
    assert house.arrive().outcome == "promoted"
    house.put("accepted", cells({"WK091710": 45, "WK091711": 4}))
    assert house.arrive().outcome == "promoted"


# -- as known on ------------------------------------------------------------------------------------------------------------


def known_on(home: Path, day: date) -> Environment:
    return declare_environment("live", {"NOORD_HOME": str(home)}, known_on=day)


def test_as_known_on_a_day_landing_and_the_register_say_what_stood(house: House, tmp_path: Path) -> None:
    first, second = datetime.fromisoformat("2026-03-01T12:00:00Z"), datetime.fromisoformat("2026-03-02T08:00:00Z")
    house.put("accepted", cells(FIRST, "2025KW01"), received_at=first, decided_at=first)
    house.arrive()
    landed = retrieved(house.environment.landing, first)
    house.put("accepted", cells({"WK091710": 121, "WK091711": 41}, "2025KW01"), received_at=second, decided_at=second)
    house.put("refused", periods=("2025KW02",))
    house.arrive()
    retrieved(house.environment.landing, second, but=landed)
    before = digest(house.environment.landing)
    found = {}
    for day in (date(2026, 3, 1), date(2026, 3, 2)):
        environment = known_on(tmp_path, day)
        arrival = house.arrive(environment=environment)
        found[day.day] = (house.totals(environment), arrival.outcome)
    assert found == {1: ({"2025KW01": 160}, "promoted"), 2: ({"2025KW01": 162}, "held")}
    assert digest(house.environment.landing) == before


# -- which refusal waits for an answer ----------------------------------------------------------------------------------------


def test_what_answers_a_refusal() -> None:
    refused = delivery(1, "refused")
    other = ("2025KW02",)
    together = {"received_at": refused.received_at}
    cases: dict[str, tuple[Delivery, bool]] = {
        "a later good one": (delivery(5), True),
        "a later good one of another period": (delivery(5, periods=other), True),
        "one that waited with it, of the same period": (delivery(5, **together), True),
        "one that waited with it, of another period": (delivery(5, periods=other, **together), False),
        "a duplicate": (delivery(5, "duplicate"), False),
        "another refusal": (delivery(5, "held"), False),
    }
    for name, (later, is_answered) in cases.items():
        assert (refused not in unanswered([refused, later])) is is_answered, name
    unreadable = replace(refused, periods=())
    assert unanswered([unreadable, delivery(5, periods=other, **together)]) == []


@given(st.lists(st.sampled_from(["accepted", "accepted_with_refusals", "refused", "held", "duplicate"]), max_size=12))
def test_only_refusals_after_the_last_good_delivery_wait(decisions: list[str]) -> None:
    """When they come one by one, whatever their periods are."""
    made = [
        delivery(number, decision, periods=(f"2025KW0{1 + number % 4}",))  # type: ignore[arg-type]
        for number, decision in enumerate(decisions)
    ]
    good = [place for place, each in enumerate(made) if each.is_accepted]
    after = made[good[-1] + 1 :] if good else made
    assert unanswered(made) == [each for each in after if each.decision in ("refused", "held")]


def test_a_refusal_after_a_good_delivery_waits(house: House) -> None:
    good, refused = delivery(1), delivery(2, "refused")
    assert unanswered([good, refused]) == [refused]
    late = replace(good, received_at=refused.decided_at + timedelta(seconds=1))
    assert unanswered([refused, late]) == []


# -- control tables ---------------------------------------------------------------------------------------------------------


def test_rules_of_disclosure_follow_the_registry(house: House) -> None:
    published = kerncijfers_feed()
    warehouse.prepare(house.environment, {published.id: published, FEED.id: FEED})
    rules = "FROM control.disclosure_rules ORDER BY feed_id"
    opened = (published.id, True, None, None, None, None, None)
    assert house.ask(rules) == [opened, (FEED_ID, False, 5, 5, 30, 50, 0.9)]
    assert house.ask("FROM control.measure_kinds") == [(FEED_ID, "visitors", "persons", None)]
    stricter = contract(disclosure={"least_count": 10})
    warehouse.prepare(house.environment, {published.id: published, FEED.id: stricter})
    assert house.ask(rules) == [opened, (FEED_ID, False, 10, 5, 30, 50, 0.9)]
    warehouse.prepare(house.environment, {published.id: published})
    assert house.ask(rules) == [opened], "what has no rule is hidden"
    assert house.ask("FROM control.measure_kinds") == []


def test_deliveries_are_added_to_the_warehouse_and_never_changed(house: House) -> None:
    found = (Finding("wijkcode", "bsn", 3, 10),)
    house.put("accepted_with_refusals", cells(FIRST), accepted=8, refused=2, refusals_by_rule={"geen_getal": 2})
    house.put("held", delivered=10, refused=10, findings=found)
    house.arrive()
    warehouse.prepare(house.environment, {FEED.id: FEED})
    query = """SELECT delivery_id, tells_of_people, decision, delivered, accepted, refused, periods, findings, refusals_by_rule
        FROM control.deliveries ORDER BY delivery_id"""
    held = '[{"place": "wijkcode", "kind": "bsn", "count": 3, "of": 10}]'
    rows = [
        ("d1", True, "accepted_with_refusals", 10, 8, 2, ["2025KW01"], "[]", '{"geen_getal": 2}'),
        ("d2", True, "held", 10, 0, 10, ["2025KW01"], held, "{}"),
    ]
    assert house.ask(query) == rows
    house.environment.register.unlink()
    warehouse.prepare(house.environment, {FEED.id: FEED})
    assert house.ask(query) == rows, "the warehouse remembers what a register lost"


def test_deliveries_of_rows_about_people_and_of_unknown_feeds_are_marked(house: House) -> None:
    for number, feed_id in enumerate((FEED_ID, "")):
        Register(house.environment).add(delivery(number, feed_id=feed_id))
    warehouse.prepare(house.environment, {FEED.id: FEED.model_copy(update={"rows": "micro"})})
    told = "SELECT feed_id, tells_of_people FROM control.deliveries ORDER BY ALL"
    assert house.ask(told) == [("", True), (FEED_ID, True)]


def test_rows_of_whole_areas_tell_of_nobody(house: House) -> None:
    Register(house.environment).add(delivery(1, feed_id=FEED_ID))
    warehouse.prepare(house.environment, {FEED.id: FEED.model_copy(update={"dimensions": ()})})
    assert house.ask("SELECT tells_of_people FROM control.deliveries") == [(False,)]


def test_a_warehouse_of_before_partners_says_what_stands(house: House) -> None:
    house.put("accepted", cells(FIRST))
    arrival = house.arrive()
    with warehouse.connect(house.environment.warehouse) as connection:
        connection.execute("DROP TABLE control.deliveries")
    standing = warehouse.standing_of(house.environment, FEED_ID)
    assert (standing.snapshots, standing.decided) == (arrival.snapshots, 0)


def test_what_is_decided_makes_another_release_and_a_duplicate_does_not(house: House) -> None:
    registry = {FEED.id: FEED}

    def after(decision: str) -> str:
        house.put(decision)
        house.arrive()
        warehouse.prepare(house.environment, registry)
        return fingerprint(house.environment, registry)

    first = after("refused")
    assert after("duplicate") == first
    assert after("refused") != first, "meta.deliveries tells of the second refusal too"
    assert warehouse.standing_of(house.environment, FEED_ID).decided == 2


def test_a_run_without_news_says_what_is_held(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.put("refused")
    house.arrive()
    registry = {FEED.id: FEED}
    warehouse.prepare(house.environment, registry)
    release = SimpleNamespace(fingerprint=fingerprint(house.environment, registry))
    monkeypatch.setattr("orchestration.run.current_release", lambda _environment: release)
    result = refresh(house.environment, registry, "live")
    assert (result.outcome, list(result.held)) == ("unchanged", [FEED_ID])
