"""A copy of the project, to which a test adds what somebody would add, and what then differs and follows from it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROOMS = ("sources", "publication", "orchestration", "dbt_project")
SEEDS = ("dbt_project/seeds/indicators.csv", "dbt_project/seeds/indicator_terms.csv")
# What the project makes for itself from feed files and runs; git ignores it too.
MADE = ("target", "logs", "__pycache__", "_feeds.yml", "generated", "*.pyc", ".user.yml")
_GRAPH = """
import json
from orchestration.definitions import defs
graph = defs.get_repository_def().asset_graph
keys = {key.to_user_string(): [parent.to_user_string() for parent in graph.get(key).parent_keys] for key in graph.get_all_asset_keys()}
print(json.dumps({"keys": keys, "checks": [f"{c.asset_key.to_user_string()} {c.name}" for c in graph.asset_check_keys]}))
"""


def copy_project(target: Path) -> None:
    """Copy the four rooms without what they make for themselves."""
    for name in ROOMS:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns(*MADE))


def append_rows(path: Path, like: str, rows: list[dict[str, str]]) -> None:
    """Add rows to a seed; columns that a row does not name are those of the first row of the indicator `like`."""
    with path.open(encoding="utf-8", newline="") as stream:
        template = next(row for row in csv.DictReader(stream) if row["indicator_code"] == like)
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(template), lineterminator="\n")
        writer.writerows(template | row for row in rows)


def files_of(project: Path) -> dict[str, bytes]:
    """Path and bytes of every file of the four rooms that somebody wrote."""
    ignored = shutil.ignore_patterns(*MADE)
    found: dict[str, bytes] = {}
    for name in ROOMS:
        for path, folders, files in os.walk(project / name):
            folders[:] = [entry for entry in folders if entry not in ignored(path, folders)]
            kept = [Path(path) / entry for entry in files if entry not in ignored(path, files)]
            found |= {str(file.relative_to(project)): file.read_bytes() for file in kept}
    return found


def asset_graph(project: Path) -> Any:
    """The lineage of a copy: ``keys`` maps each asset to its parents, ``checks`` names asset and check."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOORD_", "DAGSTER_"))}
    result = subprocess.run(
        [sys.executable, "-c", _GRAPH],
        cwd=project,
        env=environment | {"PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])
