"""The release as an asset: gate, build, flip, with the release checks beside it.

Belongs here: how a release looks in the lineage UI. Does not belong here: the gate and the building of a release
(`publication`).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from orchestration.dbt import MANIFEST
from orchestration.feed_assets import POOL, evidence
from orchestration.fingerprint import fingerprint
from orchestration.resources import LONGEST_WAIT, EnvironmentResource, say
from publication.gate import release_check_names
from publication.publish import Publication, publish
from sources import warehouse
from sources.checks import CheckResult
from sources.registry import Registry

RELEASE = dg.AssetKey(["uitgave", "release"])


def release_asset(registry: Registry, marts: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The release of all marts."""
    specs = [dg.AssetCheckSpec(name=name, asset=RELEASE, description=text) for name, text in release_check_names()]

    @dg.asset(
        key=RELEASE,
        deps=marts,
        group_name="uitgave",
        description="De uitgave: monitor.duckdb, Parquet, CSV, uitleg en wat er veranderde, in een keer omgezet.",
        owners=["team:datateam"],
        kinds={"duckdb", "parquet"},
        check_specs=specs,
        pool=POOL,
    )
    def release(context: dg.AssetExecutionContext, environment: EnvironmentResource) -> Iterator[Any]:
        declared = environment.declared()
        with warehouse.writer_lock(declared, LONGEST_WAIT):
            say("release gate and release")
            result = publish(declared, fingerprint(declared, registry), MANIFEST)
        checks = result.checks or warehouse.stored_checks(declared, "release")
        yield from _events(result, checks)
        if result.outcome == "blocked":
            names = ", ".join(f"{check.subject}.{check.name}" for check in result.checks if check.blocks)
            raise dg.Failure(
                f"The release gate is red: {names}. No release is made; the current one stays.", allow_retries=False
            )
        context.log.info(f"release: {result.outcome}")

    return release


def _events(result: Publication, checks: Sequence[CheckResult]) -> Iterator[Any]:
    made = result.release
    if result.outcome != "blocked":
        metadata: dict[str, Any] = {"outcome": result.outcome}
        if made is not None:
            metadata |= {
                "release": made.id,
                "data_origin": made.data_origin,
                "path": dg.MetadataValue.path(str(made.path)),
            }
        yield dg.MaterializeResult(
            asset_key=RELEASE, metadata=metadata, data_version=dg.DataVersion(made.fingerprint[:16] if made else "none")
        )
    for check in checks:
        yield dg.AssetCheckResult(
            asset_key=RELEASE,
            check_name=check_name(check.subject, check.name),
            passed=check.passed,
            severity=dg.AssetCheckSeverity.ERROR if check.severity == "block" else dg.AssetCheckSeverity.WARN,
            description=check.found,
            metadata=evidence(check),
        )


def check_name(subject: str, name: str) -> str:
    """The name of a release check in the lineage UI, which allows no dots."""
    return f"{subject}__{name}".replace(".", "_")
