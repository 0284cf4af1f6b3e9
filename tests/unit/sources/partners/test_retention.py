"""What is kept, for how long, and what is never taken away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sources import warehouse
from sources.contracts import PartnerFeed
from sources.environment import Environment
from sources.errors import ConfigurationError
from sources.landing import Landing
from sources.partners.intake import take_in_all
from sources.partners.register import Register
from sources.partners.report import report_paths
from sources.partners.retention import Rule, find_expired, read_rules, remove_expired
from sources.registry import load_registry
from tests.support.deliveries import assistance, partner_environment, partner_feed, put_in

REGISTRY = load_registry()
RULES = {rule.what: rule for rule in read_rules()}
NAME = "wiz_bijstand_202601.csv"


def _taken(environment: Environment, body: bytes, feed: PartnerFeed | None = None) -> None:
    feed = feed or partner_feed()
    put_in(environment, "gemeente", NAME, body)
    take_in_all(feed, environment, Landing(environment), partner_feeds=[feed])


def _later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    moment = datetime.now(UTC) + timedelta(days=days)
    monkeypatch.setattr(Environment, "now", lambda _self: moment)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """One accepted delivery and one that is refused and kept in quarantine."""
    environment = partner_environment(tmp_path, keep_originals=True)
    _taken(environment, assistance("202601", [5, 6]))
    _taken(environment, b"geen;levering\n1;2\n")
    return environment


def test_the_rules_are_those_of_the_file() -> None:
    assert {what: rule.days for what, rule in RULES.items()} == {
        "quarantine": 30,
        "archive": 400,
        "reports": 730,
        "landing": 400,
    }


@pytest.mark.parametrize(
    "text",
    [
        "- {what: register, days: 3, counts_from: a, why: b}",
        "- {what: archive, days: 0, counts_from: a, why: b}",
        "- {what: archive, days: 3, counts_from: a, why: b}\n- {what: archive, days: 4, counts_from: a, why: b}",
        "",
        "[",
    ],
)
def test_rules_that_say_something_else_remove_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "retention.yml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="Nothing was removed"):
        read_rules(path)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (29, {"quarantine": 0, "archive": 0, "reports": 0, "landing": 0}),
        (31, {"quarantine": 1, "archive": 0, "reports": 0, "landing": 0}),
        (401, {"quarantine": 1, "archive": 1, "reports": 0, "landing": 0}),
        (731, {"quarantine": 1, "archive": 1, "reports": 2, "landing": 0}),
    ],
)
def test_things_are_past_their_time_after_the_days_of_their_rule(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, days: int, expected: dict[str, int]
) -> None:
    _later(monkeypatch, days)
    assert {what: len(find_expired(environment, REGISTRY, rule)) for what, rule in RULES.items()} == expected


def test_what_is_past_its_time_goes_with_a_line_in_the_register(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted, refused = Register(environment).deliveries()
    _later(monkeypatch, 401)
    for what in ("quarantine", "archive"):
        expired = find_expired(environment, REGISTRY, RULES[what])  # type: ignore[index]
        size = sum(thing.bytes for thing in expired)
        assert size > 0
        remove_expired(environment, RULES[what], expired)  # type: ignore[index]
        assert find_expired(environment, REGISTRY, RULES[what]) == []  # type: ignore[index]
        assert Register(environment).removals()[-1].bytes == size
    assert [(r.what, r.ids) for r in Register(environment).removals()] == [
        ("quarantine", (refused.delivery_id,)),
        ("archive", (accepted.delivery_id,)),
    ]
    assert not [path for path in environment.quarantine.iterdir() if path.is_dir()]
    assert not list(environment.delivery_archive.rglob("original*"))
    assert Register(environment).deliveries() == [accepted, refused]
    assert Register(environment).verify() == 4
    assert all(path.exists() for delivery in (accepted, refused) for path in report_paths(environment, delivery))
    assert len(Landing(environment).snapshots("bijstand_wijk")) == 1


def test_nothing_past_its_time_writes_nothing(environment: Environment) -> None:
    for rule in RULES.values():
        remove_expired(environment, rule, find_expired(environment, REGISTRY, rule))
    assert Register(environment).removals() == []


def test_what_waits_for_a_decision_is_never_past_its_time(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sources.partners.inbox import add_file

    copied = environment.home / "los.csv"
    copied.write_bytes(assistance("202512", [5]))
    claim = add_file(environment, partner_feed(), copied)
    _later(monkeypatch, 4000)
    found = find_expired(environment, REGISTRY, RULES["quarantine"])
    assert claim.delivery_id not in {thing.id for thing in found}
    assert len(found) == 1


def test_figures_of_a_feed_without_a_contract_go_unless_they_stand(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = Rule(what="landing", days=400, counts_from="", why="")
    without = {feed_id: feed for feed_id, feed in REGISTRY.items() if feed_id != "bijstand_wijk"}
    (snapshot,) = Landing(environment).snapshots("bijstand_wijk")
    assert find_expired(environment, without, rule) == []
    _later(monkeypatch, 401)
    warehouse.prepare(environment, REGISTRY)
    with warehouse.connect(environment.warehouse) as connection:
        columns = ", ".join(
            f"'{snapshot.snapshot_id}'" if name == "snapshot_id" else "NULL"
            for (name,) in connection.execute(
                "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'control' AND table_name = 'snapshots' ORDER BY column_index"
            ).fetchall()
        )
        connection.execute(f"INSERT INTO control.snapshots VALUES ({columns})")
    assert find_expired(environment, without, rule) == []
    with warehouse.connect(environment.warehouse) as connection:
        connection.execute("DELETE FROM control.snapshots")
    expired = find_expired(environment, without, rule)
    assert [thing.id for thing in expired] == [snapshot.snapshot_id]
    remove_expired(environment, rule, expired)
    assert Landing(environment).snapshots("bijstand_wijk") == []
