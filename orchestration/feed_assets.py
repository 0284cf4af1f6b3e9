"""One asset per feed, made from the registry, with its arrival checks.

Belongs here: how an arrival looks in the lineage UI. A held feed does not fail its step, because a failed step would
skip every mart; its checks are red instead and its data version stays. Does not belong here: the arrival itself
(`sources.arrival`).
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.delivery_events import delivery_event, markdown_table
from orchestration.resources import LONGEST_WAIT, EnvironmentResource, say
from sources import warehouse
from sources.arrival import Arrival, arrive, checks_of
from sources.checks import CheckResult
from sources.contracts import PartnerFeed, PartnerMeasure
from sources.environment import Environment
from sources.protocols.cells import quote
from sources.registry import Feed, Measure, Registry

POOL = "warehouse"


class ArrivalConfig(dg.Config):
    """Settings of one feed in one run: `force` downloads again, `tables` restricts to these table ids."""

    force: bool = False
    tables: list[str] = []


def feed_key(feed_id: str) -> dg.AssetKey:
    return dg.AssetKey(["raw", feed_id])


def feed_assets(registry: Registry) -> list[dg.AssetsDefinition]:
    """An asset for each feed."""
    return [_feed_asset(feed, registry) for feed in registry.values()]


def _feed_asset(feed: Feed, registry: Registry) -> dg.AssetsDefinition:
    specs = [
        dg.AssetCheckSpec(name=name, asset=feed_key(feed.id), description=description, metadata={"severity": severity})
        for name, severity, description in checks_of(feed)
    ]

    @dg.asset(
        key=feed_key(feed.id),
        group_name=_group(feed),
        description=f"{feed.title}. {feed.description}",
        owners=[feed.owner],
        kinds={"python", "duckdb", *([feed.format] if isinstance(feed, PartnerFeed) else [])},
        tags={"cadence": feed.cadence.expected, "protocol": feed.protocol},
        metadata=_static_metadata(feed),
        check_specs=specs,
        pool=POOL,
    )
    def arrival(
        context: dg.AssetExecutionContext, config: ArrivalConfig, environment: EnvironmentResource
    ) -> Iterator[Any]:
        declared = environment.declared()
        with warehouse.writer_lock(declared, LONGEST_WAIT), warehouse.kept_open(declared):
            warehouse.prepare(declared, registry)
            result = arrive(feed, declared, force=config.force, tables=config.tables, progress=say)
            events = list(_events(feed, result, declared))
        if result.problem:
            context.log.error(result.problem)
        for note in result.notes:
            context.log.warning(note)
        for delivery in result.deliveries:
            context.log_event(delivery_event(feed_key(feed.id), delivery, declared))
        yield from events

    return arrival


def _group(feed: Feed) -> str:
    if isinstance(feed, PartnerFeed):
        return "partners"
    return f"bronnen_{feed.publisher.name.lower()}"


def _static_metadata(feed: Feed) -> dict[str, Any]:
    columns = [
        dg.TableColumn(name, "DOUBLE", _origin(measure) + (f" ({measure.unit})" if measure.unit else ""))
        for name, measure in feed.measures.items()
    ]
    return {
        "publisher": dg.MetadataValue.url(feed.publisher.url),
        "page": dg.MetadataValue.url(feed.page),
        "license": f"{feed.license.name} ({feed.license.url})",
        "cadence": f"{feed.cadence.expected}, {feed.cadence.slack_days} days of slack",
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "dagster/table_name": f"raw.{feed.id}",
        **(_contract_metadata(feed) if isinstance(feed, PartnerFeed) else {}),
    }


def _contract_metadata(feed: PartnerFeed) -> dict[str, Any]:
    return {
        "partner": feed.partner,
        "contract": f"version {feed.version} from {feed.valid_from}",
        "way": feed.pull.url if feed.pull else f"inbox/{feed.partner}/{feed.file_name}",
        "rows": feed.rows,
        "refused_rows_allowed": f"{feed.thresholds.refused_share:.0%}",
    }


def _origin(measure: Measure | PartnerMeasure) -> str:
    """Where a column of raw comes from: the publisher's names of it, or the column that a partner's rows are added up from."""
    if isinstance(measure, Measure):
        return " / ".join(measure.stem)
    return measure.column or measure.distinct or "rows"


def _events(feed: Feed, result: Arrival, environment: Environment) -> Iterator[Any]:
    """The materialisation and a result for each declared check; a check that could not run is red and says so."""
    version = hashlib.sha256("|".join(sorted(result.snapshots.values())).encode()).hexdigest()[:16]
    yield dg.MaterializeResult(
        asset_key=feed_key(feed.id),
        metadata=_run_metadata(feed, result, environment),
        data_version=dg.DataVersion(version),
    )
    stored = warehouse.stored_checks(environment, "arrival", feed.id)
    by_name = {check.name: check for check in stored}
    for name, severity, description in checks_of(feed):
        yield _check_event(feed, by_name.get(name), name, severity, description)


def _check_event(
    feed: Feed, check: CheckResult | None, name: str, severity: str, description: str
) -> dg.AssetCheckResult:
    level = dg.AssetCheckSeverity.ERROR if severity == "block" else dg.AssetCheckSeverity.WARN
    if check is None:
        return dg.AssetCheckResult(
            asset_key=feed_key(feed.id),
            check_name=name,
            passed=False,
            severity=level,
            description="Not run: no delivery of this feed has got as far as this check.",
            metadata={"expected": description},
        )
    return dg.AssetCheckResult(
        asset_key=feed_key(feed.id),
        check_name=name,
        passed=check.passed,
        severity=level,
        description=check.found,
        metadata=evidence(check),
    )


def evidence(check: CheckResult) -> dict[str, Any]:
    """What a person needs to judge a check: expected, found, how many, three examples, what happens now."""
    consequence = "nothing: the check passed"
    if not check.passed:
        blocked = (
            "the delivery is held and the last good figures stay" if check.gate == "arrival" else "no release is made"
        )
        consequence = blocked if check.severity == "block" else "a warning; the figures are used"
    return {
        "expected": check.expected,
        "found": check.found,
        "unexpected_count": check.unexpected_count,
        "examples": dg.MetadataValue.json(_examples(check.examples)),
        "consequence": consequence,
        "checked_at": dg.MetadataValue.timestamp(check.checked_at),
    }


def _examples(text: str) -> Any:
    import json

    return json.loads(text)


def _run_metadata(feed: Feed, result: Arrival, environment: Environment) -> dict[str, Any]:
    name = f"raw.{quote(feed.id)}"
    with warehouse.connect(environment.warehouse, read_only=True) as connection:
        rows, newest = connection.execute(f"SELECT count(*), max(period_code) FROM {name}").fetchall()[0]
        snapshots = connection.execute(
            """SELECT table_id, row_count, upstream_version, strftime(retrieved_at, '%Y-%m-%d %H:%M'), content_sha256
            FROM control.snapshots WHERE feed_id = ? ORDER BY table_id""",
            [feed.id],
        ).fetchall()
    return {
        "outcome": result.outcome,
        "environment": environment.name,
        "data_origin": environment.data_origin,
        "dagster/row_count": rows,
        "newest_period": newest or "none",
        "tables_downloaded": result.downloaded,
        "snapshots": markdown_table(["table", "rows", "version", "retrieved (UTC)", "sha256"], snapshots),
        **({"problem": result.problem} if result.problem else {}),
    }
