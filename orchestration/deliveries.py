"""The job `deliveries` and its sensor: what partners put in their inboxes starts a run of its own.

Belongs here: when such a run starts and what it selects. Does not belong here: which file is ready and which feed it is for
(`sources.partners.inbox`), or what a run does with it (`sources.partners.intake`).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from orchestration.feed_assets import feed_key
from orchestration.resources import EnvironmentResource
from sources.contracts import PartnerFeed
from sources.environment import Environment
from sources.errors import ConfigurationError
from sources.partners.inbox import look
from sources.partners.quarantine import undecided
from sources.partners.register import Register
from sources.registry import Registry

DELIVERIES = "deliveries"
# Seconds between two looks; a file must have settled anyway (NOORD_INBOX_SETTLE).
_INTERVAL = 30


def deliveries_selection(registry: Registry) -> dg.AssetSelection:
    """The partners' feeds, everything that is made of them and the release; publishers are not asked."""
    published = [feed_key(feed.id) for feed in registry.values() if not isinstance(feed, PartnerFeed)]
    return dg.AssetSelection.all() - dg.AssetSelection.assets(*published)


def inbox_sensor(registry: Registry, rest: Sequence[dg.AssetKey]) -> dg.SensorDefinition:
    """Starts the job `deliveries` for the feeds of which something waits.

    Args:
        rest: what a run makes beside the feeds: marts and release.
    """
    feeds = [feed for feed in registry.values() if isinstance(feed, PartnerFeed)]

    @dg.sensor(
        name="inbox",
        job_name=DELIVERIES,
        minimum_interval_seconds=_INTERVAL,
        description="Kijkt of partners iets in hun inbox zetten dat niet meer verandert, en start dan een run.",
    )
    def inbox(environment: EnvironmentResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
        try:
            declared = environment.declared()
        except ConfigurationError as error:
            yield dg.SkipReason(str(error))
            return
        if declared.known_on is not None:
            yield dg.SkipReason(f"{declared.name} stands still on {declared.known_on}; nothing comes in.")
            return
        waiting, settling = _waiting(declared, feeds)
        if not waiting:
            yield dg.SkipReason(f"{settling} files have not settled yet." if settling else "Nothing waits.")
            return
        yield dg.RunRequest(
            run_key=_run_key(declared, waiting),
            asset_selection=[*(feed_key(feed_id) for feed_id in sorted(waiting)), *rest],
            tags={"noord/started_by": "inbox", "noord/feeds": ",".join(sorted(waiting))},
        )

    return inbox


def _waiting(environment: Environment, feeds: Sequence[PartnerFeed]) -> tuple[dict[str, list[str]], int]:
    """What waits, by feed and told apart without names; and how many files are left alone for now.

    A file that fits no contract is refused by the partner's first feed. What was handed over by command waits too.
    """
    first: dict[str, str] = {}
    for feed in feeds:
        first.setdefault(feed.partner, feed.id)
    found: dict[str, list[str]] = {}
    settling = 0
    for file in look(environment, feeds):
        settling += file.state == "settling"
        if file.state == "ready":
            found.setdefault(file.feed_id or first[file.partner], []).append(file.identity)
    decided = {delivery.delivery_id for delivery in Register(environment).deliveries()}
    for claim in undecided(environment, decided):
        found.setdefault(claim.feed_id or first[claim.partner], []).append(claim.delivery_id)
    return found, settling


def _run_key(environment: Environment, waiting: Mapping[str, Sequence[str]]) -> str:
    """One key for one state of the inboxes: what waits starts one run, however often it is looked at."""
    text = "\n".join(sorted(f"{feed_id} {each}" for feed_id, all_of_it in waiting.items() for each in all_of_it))
    return f"{environment.name}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
