"""The release as an asset: gate, build, flip, with the release checks beside it, and whoever reads it downstream.

Belongs here: how a release looks in the lineage UI. Does not belong here: the gate and the building of a release
(`publication`).
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.dbt import MANIFEST
from orchestration.delivery_events import markdown_table
from orchestration.feed_assets import POOL, evidence
from orchestration.fingerprint import fingerprint
from orchestration.mart_assets import read_manifest
from orchestration.resources import LONGEST_WAIT, EnvironmentResource, say
from publication.catalog import LINES, open_read_only
from publication.gate import release_check_names
from publication.monitor import MONITOR
from publication.publish import Publication, publish
from publication.release import Release
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
        if result.outcome == "released" and result.release is not None:
            for observation in _readers(MANIFEST, result.release):
                context.log_event(observation)
        if result.outcome == "blocked":
            names = ", ".join(f"{check.subject}.{check.name}" for check in result.checks if check.blocks)
            raise dg.Failure(
                f"The release gate is red: {names}. No release is made; the current one stays.", allow_retries=False
            )
        context.log.info(f"release: {result.outcome}")

    return release


def exposure_assets(manifest: Path) -> list[dg.AssetSpec]:
    """dbt's exposures: what reads the release, downstream of it and of the marts that it shows."""
    found = read_manifest(manifest)
    return [_exposure(exposure, found["nodes"]) for exposure in found["exposures"].values()]


def _exposure(exposure: dict[str, Any], nodes: dict[str, Any]) -> dg.AssetSpec:
    marts = [dg.AssetKey([nodes[name]["schema"], nodes[name]["alias"]]) for name in exposure["depends_on"]["nodes"]]
    metadata: dict[str, Any] = {"label": exposure["label"], "cadence": "with every release"}
    if exposure["url"]:
        metadata["url"] = dg.MetadataValue.url(exposure["url"])
    return dg.AssetSpec(
        _exposure_key(exposure["name"]),
        deps=[RELEASE, *sorted(marts)],
        group_name="uitgave",
        description=exposure["description"],
        owners=["team:datateam"],
        kinds={"superset" if exposure["type"] == "dashboard" else exposure["meta"]["file"].rpartition(".")[2]},
        metadata=metadata,
    )


def _exposure_key(name: str) -> dg.AssetKey:
    return dg.AssetKey(["uitgave", name])


def _readers(manifest: Path, made: Release) -> Iterator[dg.AssetObservation]:
    """For each exposure that is a file of the release, where it stands now."""
    for exposure in read_manifest(manifest)["exposures"].values():
        file = exposure["meta"].get("file")
        if file:
            metadata: dict[str, Any] = {"release": made.id, "file": dg.MetadataValue.path(str(made.path / file))}
            yield dg.AssetObservation(asset_key=_exposure_key(exposure["name"]), metadata=metadata)


def _figures(made: Release) -> dict[str, Any]:
    """Numbers of a release that draw a line over the runs, and what it changes of the one before."""
    monitor = made.path / MONITOR
    with closing(open_read_only(monitor)) as connection:
        counted = " UNION ALL ".join(f"SELECT indicator_code, value FROM {line}.indicator_values" for line in LINES)
        rows, figures, indicators = connection.execute(
            f"SELECT count(*), count(value), count(DISTINCT indicator_code) FROM ({counted})"
        ).fetchall()[0]
        changes = connection.execute(
            "SELECT change, coalesce(sum(figures), count(*)) FROM meta.changes GROUP BY ALL ORDER BY ALL"
        )
        table = markdown_table(["change", "number"], changes.fetchall())
    size = sum(path.stat().st_size for path in made.path.rglob("*") if path.is_file())
    return {
        "dagster/row_count": rows,
        "figures": figures,
        "indicators": indicators,
        "megabytes": round(size / 1e6, 1),
        "changes": table,
        "monitor.duckdb": dg.MetadataValue.path(str(monitor)),
        "site": dg.MetadataValue.path(str(made.path / "site" / "index.html")),
        "changes.html": dg.MetadataValue.path(str(made.path / "changes.html")),
    }


def _events(result: Publication, checks: Sequence[CheckResult]) -> Iterator[Any]:
    made = result.release
    if result.outcome != "blocked":
        metadata: dict[str, Any] = {"outcome": result.outcome, "cadence": "with every run that has news"}
        if made is not None:
            metadata |= {
                "release": made.id,
                "data_origin": made.data_origin,
                "path": dg.MetadataValue.path(str(made.path)),
                **_figures(made),
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
