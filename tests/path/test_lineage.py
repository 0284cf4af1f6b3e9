"""What the lineage UI shows of a run of the sample, read from Dagster's own instance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.definitions import defs
from orchestration.mart_assets import KEY_FIGURES

pytestmark = pytest.mark.slow
GRAPH = defs.get_repository_def().asset_graph
KEYS = sorted(GRAPH.get_all_asset_keys(), key=lambda key: key.path)
READERS = {key for key in KEYS if key.path[0] == "uitgave" and key.path[1] != "release"}


@pytest.fixture(scope="module")
def instance(sample_home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(sample_home / "sample" / "dagster")) as opened:
        yield opened


def shown(instance: dg.DagsterInstance, *key: str) -> dict[str, Any]:
    """The metadata of the newest materialisation."""
    event = instance.get_latest_materialization_event(dg.AssetKey(key))
    assert event is not None
    assert event.asset_materialization is not None
    return dict(event.asset_materialization.metadata)


def columns(metadata: dict[str, Any]) -> dict[str, set[tuple[str, str]]]:
    lineage = metadata["dagster/column_lineage"].value.deps_by_column
    return {name: {("/".join(dep.asset_key.path), dep.column_name) for dep in deps} for name, deps in lineage.items()}


def test_every_asset_says_what_it_is_whose_it_is_and_when_it_comes() -> None:
    for key in KEYS:
        node = GRAPH.get(key)
        assert len(node.description or "") > 10, key
        assert node.owners, key
        assert node.kinds, key
        assert node.group_name not in (None, "default"), key
        assert "cadence" in node.metadata or key == dg.AssetKey(["uitgave", "release"]), key


def test_groups_are_those_of_the_house() -> None:
    groups = {GRAPH.get(key).group_name for key in KEYS}
    assert {"partners", "leren", "werken", "gezondheid", "wonen", "veiligheid", "programma", "uitgave"} <= groups
    assert {g for g in groups if g.startswith("bronnen_")} >= {
        "bronnen_cbs",
        "bronnen_duo",
        "bronnen_politie",
        "bronnen_rivm",
    }


def test_marts_and_feeds_have_their_columns_described() -> None:
    for key in KEYS:
        if key.path[0] in (*KEY_FIGURES, "programma", "meta", "raw"):
            schema = GRAPH.get(key).metadata["dagster/column_schema"]
            columns_of = getattr(schema, "value", schema).columns
            described = [column for column in columns_of if column.description]
            assert len(described) == len(columns_of) > 0, key


def test_what_reads_the_release_stands_downstream_of_it_and_of_its_marts() -> None:
    release = dg.AssetKey(["uitgave", "release"])
    assert {key.path[1] for key in READERS} == {"monitorsite", "datapakket", "dashboard_heerlen_noord"} | {
        f"dashboard_{line}" for line in KEY_FIGURES
    }
    for key in READERS:
        assert release in GRAPH.get(key).parent_keys, key
    werken = GRAPH.get(dg.AssetKey(["uitgave", "dashboard_werken"]))
    assert {key for key in werken.parent_keys if key.path[0] in KEY_FIGURES} == {
        dg.AssetKey(["werken", "indicator_values"]),
        dg.AssetKey(["werken", "latest_values"]),
    }


def test_a_figure_can_be_followed_back_column_by_column(instance: dg.DagsterInstance) -> None:
    mart = columns(shown(instance, "werken", "indicator_values"))
    assert mart["value"] == {("intermediate/int_indicator_values__trends", "value")}
    assert mart["national_verdict"] == {("intermediate/int_indicator_values__trends", "national_verdict")}
    compared = columns(shown(instance, "intermediate", "int_indicator_values__compared"))
    assert {
        ("intermediate/int_indicator_values__intervals", name) for name in ("value", "lower_95", "upper_95")
    } <= compared["national_verdict"]
    protected = columns(shown(instance, "intermediate", "int_indicator_values__protected"))
    assert ("intermediate/int_disclosure__decided", "is_shown") in protected["value"]
    staged = columns(shown(instance, "staging", "stg_cbs_kerncijfers"))
    assert ("raw/cbs_kerncijfers", "population") in staged["value"]
    assert {table for table, _ in staged["area_code"]} >= {"raw/cbs_kerncijfers"}


def test_nearly_every_column_of_the_marts_has_an_origin(instance: dg.DagsterInstance) -> None:
    without = {
        ("/".join(key.path), name)
        for key in KEYS
        if key.path[0] in (*KEY_FIGURES, "programma")
        for name, deps in columns(shown(instance, *key.path)).items()
        if not deps
    }
    assert {name for _, name in without} <= {"comparable_years", "n", "warning_nl", "warning_en"}


def test_key_figures_are_numbers_that_draw_a_line_over_the_runs(instance: dg.DagsterInstance) -> None:
    for line, code in KEY_FIGURES.items():
        metadata = shown(instance, line, "indicator_values")
        assert metadata["dagster/row_count"].value > 10_000
        assert isinstance(metadata["figures"].value, int)
        assert isinstance(metadata[f"Heerlen-Noord {code}"].value, float)
        last = metadata[f"last five of {code}"].value.strip().splitlines()
        assert 4 <= len(last) <= 7, "a header and up to five periods"
        starts = [row.split("|")[1].strip() for row in last[2:]]
        assert starts == sorted(set(starts), reverse=True), "each year once, the newest first"
        assert len({start[4:] for start in starts}) == 1, "years, and no quarters between them"
    release = shown(instance, "uitgave", "release")
    assert release["indicators"].value >= 100
    assert release["megabytes"].value > 20
    assert Path(release["site"].value).is_file()
    assert Path(release["changes.html"].value).is_file()


def test_files_of_the_release_say_where_they_stand(instance: dg.DagsterInstance) -> None:
    for name, file in (("monitorsite", "site/index.html"), ("datapakket", "datapackage.json")):
        records = instance.fetch_observations(dg.AssetKey(["uitgave", name]), limit=1).records
        observed = records[0].asset_observation
        assert observed is not None
        assert Path(str(observed.metadata["file"].value)).is_file()
        assert str(observed.metadata["file"].value).endswith(file)


def test_checks_show_their_evidence_and_partners_show_no_example(instance: dg.DagsterInstance) -> None:
    partners = {key for key in KEYS if GRAPH.get(key).group_name == "partners"}
    shown_checks = 0
    for check in GRAPH.asset_check_keys:
        if check.asset_key.path[0] not in ("raw", "uitgave"):
            continue
        summary = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])[check]
        assert summary.event is not None, check
        evaluation = summary.event.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
        assert {"expected", "consequence"} <= evaluation.metadata.keys() or not evaluation.passed, check
        if check.asset_key in partners and "examples" in evaluation.metadata:
            assert evaluation.metadata["examples"].value == [], check
        shown_checks += 1
    assert shown_checks > 300
