"""Deliveries of partners as tests need them: an environment with an inbox, and files in the form of a real contract."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sources.contracts import PartnerFeed
from sources.environment import Environment, Scope
from sources.partners.areas import Places
from sources.partners.privacy import Finding
from sources.partners.register import Delivery
from sources.registry import load_registry

SCOPE = Scope(required=("NL00",))
HEADER = "peildatum;wijkcode;leeftijdsklasse;huishoudtype;aantal;instroom;uitstroom;uitstroom_werk"
WIJKEN = sorted(code for code in Places.read().of_kind("wijk"))
NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)


def partner_environment(home: Path, **changes: Any) -> Environment:
    """A live environment whose inboxes are read at once."""
    return dataclasses.replace(Environment("live", "live", home / "live", SCOPE, inbox_settle=0), **changes)


def partner_feed(feed_id: str = "bijstand_wijk", **changes: Any) -> PartnerFeed:
    """A real contract, with changes."""
    feed = load_registry()[feed_id]
    assert isinstance(feed, PartnerFeed)
    return feed.model_copy(update=changes)


def pulled_feed() -> PartnerFeed:
    """The real contract of a feed that is fetched, with a window of six months."""
    feed = partner_feed("reparatieverzoeken")
    assert feed.pull is not None
    return feed.model_copy(update={"pull": feed.pull.model_copy(update={"window_months": 6})})


def assistance(month: str, counts: Sequence[int], extra: Sequence[str] = ()) -> bytes:
    """A delivery of `bijstand_wijk`: a row for each of the first wijken, all of one age and kind; then `extra` rows."""
    day = {"02": "28", "04": "30", "06": "30", "09": "30", "11": "30"}.get(month[4:], "31")
    rows = [
        f"{day}-{month[4:]}-{month[:4]};{wijk};18_27;single;{count};0;0;0"
        for wijk, count in zip(WIJKEN, counts, strict=False)
    ]
    return "\r\n".join([HEADER, *rows, *extra, ""]).encode()


def put_in(environment: Environment, partner: str, name: str, body: bytes) -> Path:
    """Put a file into a partner's inbox."""
    folder = environment.inbox / partner
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(body)
    return path


def a_delivery(number: int = 1, **changes: Any) -> Delivery:
    """A record of the register."""
    record = Delivery(
        delivery_id=f"bijstand_wijk.20260210T120000000000Z.{number:08x}",
        feed_id="bijstand_wijk",
        partner="gemeente",
        contract_version=1,
        contract_sha256="c" * 64,
        way="inbox",
        file_name="wiz_bijstand_202601.csv",
        file_sha256=f"{number:064x}",
        bytes=1000,
        received_at=NOON,
        decided_at=NOON,
        decision="accepted_with_refusals",
        delivered=10,
        accepted=7,
        refused=3,
        periods=("2026MM01",),
        replaces=(),
        timing="on_time",
        problem_nl=None,
        findings=(),
        refusals_by_rule={"aantal": 2, "datum": 1},
        snapshots={"2026MM01": "bijstand_wijk.2026MM01.x"},
        original="archive",
    )
    return dataclasses.replace(record, **changes)


def a_finding(**changes: Any) -> Finding:
    return dataclasses.replace(Finding(place="wijkcode", kind="bsn", count=3, of=10), **changes)
