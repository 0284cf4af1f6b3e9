"""How long what partners deliver is kept: rules as data, what is past them, and taking that away.

Belongs here: the rules of ``retention.yml`` and their application. Does not belong here: the warehouse, whose rows and
landed snapshots that stand are never touched, and the register, which is kept for ever and gets a line for each removal.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from sources import warehouse
from sources.environment import Environment
from sources.errors import ConfigurationError
from sources.feed import Strict
from sources.landing import Landing
from sources.partners.quarantine import archive_folder
from sources.partners.register import Delivery, Register, Removal
from sources.partners.report import report_paths
from sources.registry import Registry

RULES_FILE = Path(__file__).parent / "retention.yml"
What = Literal["quarantine", "archive", "reports", "landing"]


class Rule(Strict):
    """One kind of thing and the days that it is kept; `counts_from` and `why` are for people."""

    what: What
    days: int = Field(ge=1)
    counts_from: str
    why: str


@dataclass(frozen=True)
class Expired:
    """One thing that is past its rule: a delivery's folder or report, or a landed snapshot."""

    id: str
    since: datetime
    paths: tuple[Path, ...]

    @property
    def bytes(self) -> int:
        files = [file for path in self.paths for file in (path.rglob("*") if path.is_dir() else [path])]
        return sum(file.stat().st_size for file in files if file.is_file())


_RULES: TypeAdapter[tuple[Rule, ...]] = TypeAdapter(tuple[Rule, ...])


def read_rules(path: Path = RULES_FILE) -> tuple[Rule, ...]:
    """The rules of retention.

    Raises:
        ConfigurationError: the file can't be read or holds something else.
    """
    try:
        rules = _RULES.validate_python(tuple(yaml.safe_load(path.read_text(encoding="utf-8"))))
    except (OSError, yaml.YAMLError, ValidationError, TypeError) as error:
        raise ConfigurationError(f"Retention rules {path} can't be used: {error}. Nothing was removed.") from error
    if len({rule.what for rule in rules}) < len(rules):
        raise ConfigurationError(f"Retention rules {path} hold two rules for one kind. Nothing was removed.")
    return rules


def find_expired(environment: Environment, registry: Registry, rule: Rule) -> list[Expired]:
    """What is past the rule, oldest first; what a delivery that is not decided yet needs is never among it."""
    before = environment.now() - timedelta(days=rule.days)
    if rule.what == "landing":
        found = list(_withdrawn(environment, registry))
    else:
        found = list(_of_deliveries(environment, Register(environment).deliveries(), _PLACES[rule.what]))
    return sorted((e for e in found if e.since < before), key=lambda e: (e.since, e.id))


def remove_expired(environment: Environment, rule: Rule, expired: Sequence[Expired]) -> None:
    """Take it away and write a line into the register; the caller holds the writer lock.

    The line comes first: after a kill half-way the rest is found again, and nothing is gone that no line tells of.
    """
    if not expired:
        return
    ids = tuple(thing.id for thing in expired)
    size = sum(thing.bytes for thing in expired)
    Register(environment).add(Removal(environment.now(), rule.what, rule.days, ids, size))
    for path in (path for thing in expired for path in thing.paths):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _quarantined(environment: Environment, delivery: Delivery) -> Collection[Path]:
    return [environment.quarantine / delivery.delivery_id]


def _archived(environment: Environment, delivery: Delivery) -> Collection[Path]:
    return [archive_folder(environment, delivery)]


_PLACES: dict[str, Callable[[Environment, Delivery], Collection[Path]]] = {
    "quarantine": _quarantined,
    "archive": _archived,
    "reports": report_paths,
}


def _of_deliveries(
    environment: Environment,
    deliveries: Sequence[Delivery],
    places: Callable[[Environment, Delivery], Collection[Path]],
) -> Iterator[Expired]:
    for delivery in deliveries:
        paths = tuple(path for path in places(environment, delivery) if path.exists())
        if paths:
            yield Expired(delivery.delivery_id, delivery.decided_at, paths)


def _withdrawn(environment: Environment, registry: Registry) -> Iterator[Expired]:
    """Landed snapshots of deliveries whose feed has no contract any more and of which nothing stands in raw."""
    landing, standing = Landing(environment), _standing(environment)
    delivered = {delivery.feed_id for delivery in Register(environment).deliveries()} - {"", *registry}
    for feed_id in sorted(delivered):
        snapshots = landing.snapshots(feed_id)
        if not snapshots or standing & {snapshot.snapshot_id for snapshot in snapshots}:
            continue
        newest = snapshots[-1].retrieved_at
        for snapshot in snapshots:
            yield Expired(snapshot.snapshot_id, newest, (landing.folder(snapshot),))


def _standing(environment: Environment) -> set[str]:
    if not environment.warehouse.exists():
        return set()
    with warehouse.connect(environment.warehouse, read_only=True) as connection:
        return {row[0] for row in connection.execute("SELECT snapshot_id FROM control.snapshots").fetchall()}
