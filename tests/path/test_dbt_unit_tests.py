"""The dbt unit tests (dbt_project/models/**/_unit_tests.yml), run by dbt on a copy of the sample warehouse."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from orchestration.dbt import PROJECT, ensure_manifest

pytestmark = pytest.mark.slow

# Every model that decides something; each staging model stands for a way of calling stage_feed.
MODELS_WITH_RULES = [
    "stg_cbs_kerncijfers",
    "stg_duo_schooladviezen",
    "stg_politie_misdrijven",
    "stg_rivm_gezondheid",
    "int_area_versions__detected",
    "int_activities__added_up",
    "int_disclosure__area_sources",
    "int_disclosure__atoms",
    "int_disclosure__cells",
    "int_disclosure__parts",
    "int_disclosure__published_before",
    "int_disclosure__quantities",
    "int_disclosure__terms",
    "int_observations__unioned",
    "int_observations__placed",
    "int_terms__resolved",
    "int_indicator_values__published",
    "int_indicator_values__area_sets",
    "int_indicator_values__protected",
    "int_indicator_values__intervals",
    "int_indicator_values__compared",
    "int_indicator_values__trends",
    "programma__progress",
    "programma__early_signals",
    "programma__connections",
    "programma__children",
    "programma__activities",
    "meta__disclosure",
]
# Only puts the lines under each other, and dbt's unit tests can't tell five inputs apart that share an alias;
# test_programma.py compares it with the marts.
WITHOUT_RULES = {"int_indicator_values__gathered"}


@pytest.fixture(scope="module")
def results(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    folder = tmp_path_factory.mktemp("unit_tests")
    # The file's name is the database's name in the compiled SQL.
    warehouse = shutil.copy(sample_home / "sample" / "warehouse" / "warehouse.duckdb", folder / "warehouse.duckdb")
    parsed = ensure_manifest().with_name("partial_parse.msgpack")
    arguments = ["test", "--select", "test_type:unit", "--quiet", "--log-level", "none", "--no-version-check"]
    places = {"project-dir": PROJECT, "profiles-dir": PROJECT, "target-path": folder, "log-path": folder}
    arguments += [part for key, value in places.items() for part in (f"--{key}", str(value))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOORD_WAREHOUSE", str(warehouse))
        try:
            outcome: Any = dbtRunner(manifest=Manifest.from_msgpack(parsed.read_bytes())).invoke(arguments)
        finally:
            DuckDBConnectionManager.close_all_connections()
    assert outcome.exception is None, outcome.exception
    return list(outcome.result.results)


def test_all_pass(results: list[Any]) -> None:
    bad = [f"{result.node.name}: {result.message}" for result in results if str(result.status) != "pass"]
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("model", MODELS_WITH_RULES)
def test_the_model_has_a_unit_test(results: list[Any], model: str) -> None:
    # unit_test.<project>.<model>.<name of the test>
    assert any(result.node.unique_id.split(".")[2] == model for result in results)


def test_every_intermediate_model_is_listed() -> None:
    intermediate = {path.stem for path in (PROJECT / "models" / "intermediate").glob("*.sql")}
    assert intermediate - WITHOUT_RULES <= set(MODELS_WITH_RULES), "a model with rules of its own needs a unit test"
