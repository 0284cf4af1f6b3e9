"""Where an environment keeps its things, and which regions it fetches.

Belongs here: the declared environments, their folders and their settings. An environment is named by the person who
starts a run and is never guessed: a missing or unknown name is an error, so that sample figures can't land among live
ones. Does not belong here: what is done in those folders.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sources.errors import ConfigurationError

PACKAGE = Path(__file__).parent
SAMPLE_ARCHIVE = PACKAGE / "sample" / "sample.warc.gz"
DEFAULT_SCOPE = PACKAGE / "scope.yml"
SAMPLE_DELIVERIES = PACKAGE / "sample" / "deliveries"
# Where the day ends, of which is asked what was known on it.
HERE = ZoneInfo("Europe/Amsterdam")


class Scope(BaseModel):
    """The regions a run asks its publishers for; codes are unpadded CBS codes.

    `with_neighbourhoods` are municipalities with all their wijken and buurten, `municipalities` come as a whole, `areas`
    are single wijken or buurten elsewhere. `required` must be in every delivery.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    whole_country: bool = False
    national: bool = True
    with_neighbourhoods: tuple[str, ...] = ()
    municipalities: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    required: tuple[str, ...] = Field(min_length=1)

    def prefixes(self, national_key: str | None) -> list[str]:
        """Starts of area codes that are in scope; empty when everything is. None: there is no row for the country."""
        if self.whole_country:
            return []
        detailed = [prefix + code[2:] for code in self.with_neighbourhoods for prefix in ("GM", "WK", "BU")]
        nation = [national_key] if self.national and national_key else []
        whole = [code for code in self.municipalities if code not in self.with_neighbourhoods]
        return nation + detailed + whole + list(self.areas)


def read_scope(path: Path) -> Scope:
    """Read a scope file.

    Raises:
        ConfigurationError: the file is absent or not a scope.
    """
    try:
        return Scope.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"Scope file {path} can't be used: {error}. Nothing was started.") from error


@dataclass(frozen=True)
class Environment:
    """One declared environment: ``sample``, ``live``, or a replay of a recorded archive.

    `archive` is the recorded traffic that stands in for the network, None for live. `mirrors` maps a publisher's host
    to the base URL of a mirror that serves the same bytes. `known_on` makes it stand still at the end of that day: it
    reads the landing of the environment at `landing_of`, never writes there and reaches no publisher. `deliveries` holds
    bundled deliveries of partners. A file in an inbox is left alone until it has not changed for `inbox_settle` seconds.
    `keep_originals`: what is held or refused, and rows of people, stay in quarantine instead of being destroyed.
    """

    name: str
    data_origin: str
    home: Path
    scope: Scope
    archive: Path | None = None
    mirrors: Mapping[str, str] = field(default_factory=dict)
    keep_releases: int = 10
    known_on: date | None = None
    landing_of: Path | None = None
    deliveries: Path | None = None
    inbox_settle: float = 30.0
    keep_originals: bool = False

    @property
    def landing(self) -> Path:
        return (self.landing_of or self.home) / "landing"

    @property
    def known_until(self) -> datetime | None:
        """The first moment that is not known any more; None when the environment lives in the present."""
        if self.known_on is None:
            return None
        return datetime.combine(self.known_on + timedelta(days=1), time(), HERE).astimezone(UTC)

    def now(self) -> datetime:
        """The present, or the last moment of the day on which the environment stands still."""
        present, until = datetime.now(UTC), self.known_until
        return present if until is None else min(present, until - timedelta(microseconds=1))

    @property
    def audit(self) -> Path:
        return self.home / "audit"

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse" / "warehouse.duckdb"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def current(self) -> Path:
        return self.home / "current"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def lock(self) -> Path:
        return self.home / "run.lock"

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    @property
    def delivery_archive(self) -> Path:
        return self.home / "archive"

    @property
    def reports(self) -> Path:
        return (self.landing_of or self.home) / "reports"

    @property
    def register(self) -> Path:
        return (self.landing_of or self.home) / "register" / "deliveries.jsonl"


def declare_environment(
    feeds: str, settings: Mapping[str, str] | None = None, *, known_on: date | None = None
) -> Environment:
    """Turn the word after ``--feeds`` into an environment, and the day after ``--as-known-on`` into one of its past.

    Args:
        feeds: ``sample``, ``live``, or the path of a recorded archive (``*.warc.gz``).
        settings: the process environment unless given. Read are NOORD_HOME (default ``data``), NOORD_SCOPE,
            NOORD_MIRRORS (``host=url`` pairs, comma separated), NOORD_KEEP_RELEASES, NOORD_INBOX_SETTLE (seconds) and
            NOORD_QUARANTINE (``destroy`` or ``keep``).
        known_on: the day at whose end the environment stands still; the present unless given.

    Raises:
        ConfigurationError: the word names no environment, a setting can't be used, or the day has yet to come.
    """
    present = _declare_present(feeds, os.environ if settings is None else settings)
    return present if known_on is None else _as_known_on(present, known_on)


def read_day(text: str) -> date:
    """A day as people write it for ``--as-known-on``.

    Raises:
        ConfigurationError: it is no day.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            f"'{text}' is no day; expected one such as 2026-03-01. Nothing was started."
        ) from error


def _as_known_on(present: Environment, day: date) -> Environment:
    today = datetime.now(HERE).date()
    if day > today:
        raise ConfigurationError(
            f"{day} has yet to come; as known on is a day up to today, {today}. Nothing was started."
        )
    return dataclasses.replace(
        present,
        name=f"{present.name}-known-on-{day}",
        home=present.home / "known-on" / str(day),
        archive=None,
        mirrors={},
        known_on=day,
        landing_of=present.home,
        deliveries=None,
    )


def _declare_present(feeds: str, settings: Mapping[str, str]) -> Environment:
    declared = _named(feeds, settings)
    return dataclasses.replace(
        declared,
        keep_releases=_whole_number(settings.get("NOORD_KEEP_RELEASES", "10"), "NOORD_KEEP_RELEASES", 2),
        inbox_settle=_whole_number(settings.get("NOORD_INBOX_SETTLE", "30"), "NOORD_INBOX_SETTLE", 0),
        keep_originals=_keeps_originals(settings.get("NOORD_QUARANTINE", "destroy")),
    )


def _named(feeds: str, settings: Mapping[str, str]) -> Environment:
    root = Path(settings.get("NOORD_HOME", "data")).expanduser().absolute()
    scope = read_scope(Path(settings.get("NOORD_SCOPE", str(DEFAULT_SCOPE))))
    if feeds == "sample":
        home = root / "sample"
        return Environment("sample", "sample", home, scope, SAMPLE_ARCHIVE, deliveries=SAMPLE_DELIVERIES)
    if feeds == "live":
        return Environment("live", "live", root / "live", scope, None, _read_mirrors(settings.get("NOORD_MIRRORS", "")))
    archive = Path(feeds).expanduser().absolute()
    name = replay_name(archive)
    if not archive.is_file() or not name:
        raise ConfigurationError(
            f"'{feeds}' is neither sample nor live, nor a recorded archive that exists under another name than those. "
            "Nothing was started."
        )
    return Environment(f"replay-{name}", "replay", root / f"replay-{name}", scope, archive)


def replay_name(archive: Path) -> str:
    """What an archive's replay is called after its file; empty where that would be taken for another environment."""
    name = re.sub(r"[^0-9A-Za-z]+", "-", archive.name.removesuffix(".gz").removesuffix(".warc")).strip("-").lower()
    return "" if name in ("sample", "live") else name


def _whole_number(text: str, name: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise ConfigurationError(
            f"{name} must be a whole number of at least {least}, not '{text}'. Nothing was started."
        )
    return int(text)


def _keeps_originals(text: str) -> bool:
    if text not in ("destroy", "keep"):
        raise ConfigurationError(f"NOORD_QUARANTINE must be destroy or keep, not '{text}'. Nothing was started.")
    return text == "keep"


def _read_mirrors(text: str) -> dict[str, str]:
    """Parse ``host=url`` pairs; a mirror is reached by https, or by http on the loopback interface only."""
    mirrors: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        host, _, url = pair.partition("=")
        parts = urlsplit(url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1"))
        if not host or not secure:
            raise ConfigurationError(
                f"NOORD_MIRRORS holds '{pair}'; expected host=https://… (http only on 127.0.0.1). Nothing was started."
            )
        mirrors[host] = url.rstrip("/")
    return mirrors
