"""dbt inside this process: parse once, build with the parsed manifest.

Belongs here: everything that imports dbt. A dbt of its own process costs four seconds more and looks up a registry's
host for newer versions. Does not belong here: Dagster (see `orchestration.mart_assets`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from sources.contracts import PartnerFeed
from sources.environment import Environment
from sources.errors import NoordError
from sources.registry import Registry, load_registry

PROJECT = Path(__file__).parents[1] / "dbt_project"
TARGET = PROJECT / "target"
MANIFEST = TARGET / "manifest.json"
_PARSED = TARGET / "partial_parse.msgpack"
_STAMP = TARGET / "noord.sha256"
GENERATED_STAGING = PROJECT / "models" / "staging" / "generated"
_FOLDERS = ("models", "macros", "seeds", "tests", "disclosure")
_INPUTS = ("*.sql", "*.yml", "*.csv", "*.py")
_QUIET = ["--quiet", "--log-level", "none", "--log-level-file", "none", "--no-use-colors", "--no-version-check"]


class DbtError(NoordError):
    """dbt could not parse or build; the message quotes dbt."""


@dataclass(frozen=True)
class NodeResult:
    """How one dbt node ended: ``success``/``pass``, ``warn``, ``fail``, ``error`` or ``skipped``; with the SQL that ran and
    the ids of the nodes that it reads."""

    unique_id: str
    status: str
    seconds: float
    failures: int
    message: str
    sql: str = ""
    parents: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return self.status in ("success", "pass", "warn")


def project_sha256(project: Path = PROJECT) -> str:
    """A digest of the dbt project's own files: another digest can mean other figures."""
    digest = hashlib.sha256()
    paths = [path for folder in _FOLDERS for pattern in _INPUTS for path in (project / folder).rglob(pattern)]
    for path in sorted([*paths, project / "dbt_project.yml", project / "profiles.yml"]):
        digest.update(f"{path.relative_to(project)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def ensure_manifest(registry: Registry | None = None) -> Path:
    """Write the parts that follow from the feed registry and parse the project, unless nothing changed since.

    Returns:
        The path of manifest.json.

    Raises:
        DbtError: dbt can't parse the project.
    """
    TARGET.mkdir(parents=True, exist_ok=True)
    with FileLock(TARGET / "parse.lock"):
        _write_feed_parts(registry or load_registry())
        stamp = project_sha256()
        if MANIFEST.exists() and _PARSED.exists() and _STAMP.exists() and _STAMP.read_text() == stamp:
            return MANIFEST
        _STAMP.unlink(missing_ok=True)
        _invoke(["parse", "--no-partial-parse", *_QUIET], TARGET, Path("warehouse.duckdb"), manifest=None)
        _STAMP.write_text(stamp)
    return MANIFEST


def build(environment: Environment, select: Sequence[str] = ()) -> list[NodeResult]:
    """Run seeds, models and data tests on the environment's warehouse; the file is closed afterwards.

    Args:
        select: dbt selectors; everything when empty.

    Raises:
        DbtError: dbt itself failed. A failed model or test is a result, not an exception.
    """
    from dbt.contracts.graph.manifest import Manifest

    ensure_manifest()
    manifest = Manifest.from_msgpack(_PARSED.read_bytes())
    # Unit tests test macros, not figures: they run in the test suite. The manifest need not be written again, and the results
    # are in the lineage UI.
    arguments = [
        "build",
        "--exclude-resource-type",
        "unit_test",
        "--exclude-resource-type",
        "exposure",
        "--no-write-json",
        *_QUIET,
    ]
    if select:
        arguments += ["--select", *select]
    outcome = _invoke(arguments, environment.home / "dbt", environment.warehouse, manifest)
    return [_node_result(result) for result in outcome.results]


def _invoke(arguments: list[str], target: Path, warehouse: Path, manifest: Any) -> Any:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target)]
    places += ["--log-path", str(target)]
    with _warehouse_setting(warehouse):
        try:
            outcome = dbtRunner(manifest=manifest).invoke([*arguments, *places])
        finally:
            # dbt keeps DuckDB's lock after success and after failure.
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if outcome.exception is not None:
        raise DbtError(f"dbt {arguments[0]} failed: {outcome.exception}. The release was not touched.")
    return outcome.result


@contextmanager
def _warehouse_setting(path: Path) -> Iterator[None]:
    before = os.environ.get("NOORD_WAREHOUSE")
    os.environ["NOORD_WAREHOUSE"] = str(path)
    try:
        yield
    finally:
        os.environ.pop("NOORD_WAREHOUSE")
        if before is not None:
            os.environ["NOORD_WAREHOUSE"] = before


def _node_result(result: Any) -> NodeResult:
    return NodeResult(
        unique_id=result.node.unique_id,
        status=str(result.status),
        seconds=float(result.execution_time or 0),
        failures=int(result.failures or 0),
        message=" ".join(str(result.message or "").split()),
        sql=_sql(result.node),
        parents=tuple(result.node.depends_on_nodes),
    )


def _sql(node: Any) -> str:
    """Empty for seeds, which have no SQL, and for models in Python."""
    return str(getattr(node, "compiled_code", None) or "") if getattr(node, "language", "") == "sql" else ""


def _write_feed_parts(registry: Registry) -> None:
    """What follows from the feed files and is not kept: the dbt source of the raw tables, the list of feeds and the
    staging models of partner feeds."""
    tables = [{"name": feed.id, "description": f"{feed.title}. {feed.description}"} for feed in registry.values()]
    source = {"version": 2, "sources": [{"name": "raw", "schema": "raw", "tables": tables}]}
    partners = [feed.id for feed in registry.values() if isinstance(feed, PartnerFeed)]
    macro = _list_macro("feed_ids", registry) + _list_macro("partner_feed_ids", partners)
    _write_if_changed(PROJECT / "models" / "staging" / "_feeds.yml", yaml.safe_dump(source, allow_unicode=True))
    _write_if_changed(PROJECT / "macros" / "generated" / "feed_ids.sql", macro)
    write_partner_staging(registry, GENERATED_STAGING)


def _list_macro(name: str, values: Iterable[str]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{{% macro {name}() %}}{{{{ return([{listed}]) }}}}{{% endmacro %}}\n"


def write_partner_staging(registry: Registry, folder: Path) -> None:
    """One staging model per partner feed in `folder`, and none of a feed that is gone.

    A partner needs no margins and no model of its own, so that a contract is all it takes.
    """
    wanted = {f"stg_{feed.id}.sql": feed.id for feed in registry.values() if isinstance(feed, PartnerFeed)}
    for path in folder.glob("stg_*.sql"):
        if path.name not in wanted:
            path.unlink()
    for name, feed_id in wanted.items():
        _write_if_changed(folder / name, f"{{{{ stage_feed('{feed_id}') }}}}\n")


def _write_if_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
