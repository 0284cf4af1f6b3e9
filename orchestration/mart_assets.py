"""The dbt project as assets: seeds, staging, intermediate and marts, with dbt's data tests as checks.

Belongs here: how a dbt build looks in the lineage UI. Does not belong here: dbt itself (`orchestration.dbt`) or SQL.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from orchestration import dbt
from orchestration.column_lineage import origins
from orchestration.delivery_events import markdown_table
from orchestration.feed_assets import POOL, feed_key
from orchestration.resources import LONGEST_WAIT, EnvironmentResource, say
from publication.ledger import catch_up
from sources import warehouse
from sources.environment import Environment
from sources.registry import Registry

_PROGRAMME = "https://www.heerlen-noord.nl"
_UNIQUE_ID = "dagster_dbt/unique_id"
# The indicator of each line that the UI draws over the runs, by year: a quarter between two years would bend the line.
KEY_FIGURES = {
    "leren": "LER_ADVIES_HAVO_PLUS",
    "werken": "WER_BIJSTAND",
    "gezondheid": "GEZ_ERVAREN_GEZONDHEID",
    "wonen": "WON_LEEGSTAND",
    "veiligheid": "VEI_MISDRIJVEN",
}


class NoordTranslator(DagsterDbtTranslator):
    """Keys are schema and table as in the warehouse; raw tables are the feeds' own assets."""

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        if node["resource_type"] == "source":
            return spec.replace_attributes(
                key=feed_key(node["name"]) if node["source_name"] == "raw" else self._control(node)
            )
        group = node.get("meta", {}).get("dagster", {}).get("group", "bewerking")
        return spec.replace_attributes(
            key=dg.AssetKey([node["schema"], node.get("alias") or node["name"]]),
            group_name=group,
            description=node.get("description") or f"{node['resource_type']} {node['name']}",
            owners=["team:datateam"],
            kinds={"dbt", "duckdb"},
        ).merge_attributes(
            metadata={"cadence": "with every run that has news", "page": dg.MetadataValue.url(_PROGRAMME)}
        )

    @staticmethod
    def _control(node: Mapping[str, Any]) -> dg.AssetKey:
        return dg.AssetKey(["control", node["name"]])


def control_assets(manifest: Path) -> list[dg.AssetSpec]:
    """The control tables, written by every arrival; shown so that the provenance of ``meta.*`` has a beginning."""
    sources = read_manifest(manifest)["sources"].values()
    return [
        dg.AssetSpec(
            dg.AssetKey(["control", node["name"]]),
            group_name="bewerking",
            description=node["description"],
            owners=["team:datateam"],
            kinds={"duckdb"},
            metadata={"cadence": "with every arrival", "page": dg.MetadataValue.url(_PROGRAMME)},
        )
        for node in sources
        if node["source_name"] == "control"
    ]


def mart_assets(manifest: Path, registry: Registry) -> dg.AssetsDefinition:
    """All dbt nodes as one step: DuckDB has one writer, and one dbt start is enough."""

    @dbt_assets(
        manifest=manifest,
        dagster_dbt_translator=NoordTranslator(),
        name="dbt",
        pool=POOL,
        exclude="resource_type:unit_test",
    )
    def marts(context: dg.AssetExecutionContext, environment: EnvironmentResource) -> Iterator[Any]:
        declared = environment.declared()
        with warehouse.writer_lock(declared, LONGEST_WAIT):
            warehouse.prepare(declared, registry)
            # What may be shown depends on what earlier releases showed.
            catch_up(declared)
            say("building the marts")
            results = dbt.build(declared, _selected(context))
        yield from _events(context, results, declared)
        bad = [result for result in results if not result.is_good]
        if bad:
            told = "; ".join(f"{r.unique_id}: {r.status} {r.message}" for r in bad if r.status != "skipped")[:1500]
            raise dg.Failure(f"dbt: {told}. No release is made; the current one stays.", allow_retries=False)

    return marts


def _selected(context: dg.AssetExecutionContext) -> list[str]:
    if not context.is_subset:
        return []
    specs = {spec.key: spec for spec in context.assets_def.specs}
    nodes = [str(specs[key].metadata[_UNIQUE_ID]).split(".")[-1] for key in context.selected_asset_keys]
    return sorted(nodes)


def _events(
    context: dg.AssetExecutionContext, results: list[dbt.NodeResult], environment: Environment
) -> Iterator[Any]:
    keys = {str(spec.metadata[_UNIQUE_ID]): spec.key for spec in context.assets_def.specs}
    names = {unique_id: ".".join(key.path) for unique_id, key in keys.items()}
    checks = {str(spec.metadata[_UNIQUE_ID]): spec for spec in context.assets_def.check_specs if spec.metadata}
    selected_checks = context.selected_asset_check_keys
    with warehouse.connect(environment.warehouse, read_only=True) as connection:
        rows = dict(
            connection.execute(
                "SELECT schema_name || '.' || table_name, estimated_size FROM duckdb_tables()"
            ).fetchall()
        )
        columns = _columns(connection)
        for result in results:
            key = keys.get(result.unique_id)
            check = checks.get(result.unique_id)
            if key is not None and result.is_good:
                found = _metadata(connection, key, result, rows) | _lineage(result, names, columns)
                yield dg.MaterializeResult(asset_key=key, metadata=found)
            elif check is not None and check.key in selected_checks and result.status != "skipped":
                yield _check_event(check, result)


def _columns(connection: Any) -> dict[str, dict[str, str]]:
    """``schema.table`` → column → type."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    query = "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() ORDER BY ALL"
    for table, column, kind in connection.execute(query).fetchall():
        found[table][column] = kind
    return found


def _lineage(
    result: dbt.NodeResult, names: Mapping[str, str], columns: Mapping[str, dict[str, str]]
) -> dict[str, dg.TableColumnLineage]:
    """Where each column of a model comes from; nothing for seeds and for models in Python."""
    if not result.sql:
        return {}
    parents = [names.get(parent) or ".".join(parent.split(".")[2:]) for parent in result.parents]
    found = origins(
        result.sql,
        columns[names[result.unique_id]],
        {parent: columns[parent] for parent in parents if parent in columns},
    )
    deps = {
        column: [dg.TableColumnDep(asset_key=dg.AssetKey(o.table.split(".")), column_name=o.column) for o in of_column]
        for column, of_column in found.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps_by_column=deps)}


def _metadata(connection: Any, key: dg.AssetKey, result: dbt.NodeResult, rows: Mapping[str, int]) -> dict[str, Any]:
    schema, table = key.path
    found: dict[str, Any] = {"seconds": result.seconds, "dagster/table_name": f"{schema}.{table}"}
    if f"{schema}.{table}" in rows:
        found["dagster/row_count"] = rows[f"{schema}.{table}"]
    if schema in KEY_FIGURES:
        found |= _figures_of(connection, schema, table)
    return found


def _figures_of(connection: Any, line: str, table: str) -> dict[str, Any]:
    """Numbers that draw a line over the runs, and Heerlen-Noord's newest figures as a table."""
    values, hidden, newest = connection.execute(
        f"""SELECT count(value), count(*) FILTER (WHERE value_status LIKE 'suppressed%'), max(period_end) FILTER (WHERE value IS NOT NULL)
        FROM {line}.{table}"""
    ).fetchall()[0]
    found: dict[str, Any] = {"figures": values, "suppressed": hidden, "newest_period": str(newest or "none")}
    code = KEY_FIGURES[line]
    last = connection.execute(
        f"""SELECT period_start, round(value, 2), round(lower_95, 2), round(upper_95, 2), round(national_value, 2), value_status
        FROM {line}.indicator_values WHERE area_code = 'HN14' AND breakdown = 'total' AND indicator_code = ? AND value IS NOT NULL
        AND period_type IN ('year', 'school_year') ORDER BY period_start DESC LIMIT 5""",
        [code],
    ).fetchall()
    if last:
        found[f"Heerlen-Noord {code}"] = last[0][1]
        header = ["period from", "Heerlen-Noord", "from", "to", "Nederland", "status"]
        found[f"last five of {code}"] = markdown_table(header, last)
    found["Heerlen-Noord"] = _newest_values(connection, line)
    return found


def _newest_values(connection: Any, line: str) -> dg.MarkdownMetadataValue:
    """The newest value of each indicator of Heerlen-Noord beside the Netherlands, as a small table."""
    values = connection.execute(
        f"""SELECT indicator_label_nl, unit, year, round(value, 2), round(national_value, 2), value_status
        FROM {line}.indicator_values WHERE area_code = 'HN14' AND breakdown = 'total' AND value IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY indicator_code ORDER BY period_start DESC) = 1 ORDER BY indicator_code"""
    ).fetchall()
    return markdown_table(["indicator", "unit", "year", "Heerlen-Noord", "Nederland", "status"], values)


def _check_event(check: dg.AssetCheckSpec, result: dbt.NodeResult) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(
        asset_key=check.asset_key,
        check_name=check.name,
        passed=result.status == "pass",
        severity=severity,
        description=result.message or result.status,
        metadata={"unexpected_count": result.failures, "seconds": result.seconds},
    )


def read_manifest(path: Path) -> dict[str, Any]:
    """The parsed dbt manifest."""
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest
