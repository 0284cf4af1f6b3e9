"""What follows from the feed registry in the dbt project, and which files make another project."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration import dbt
from orchestration.dbt import PROJECT, project_sha256, write_partner_staging
from tests.support.partner import FEED_ID, contract
from tests.support.small import kerncijfers_feed

FEED = contract()


def test_a_partner_feed_gets_its_staging_model_and_a_published_feed_does_not(tmp_path: Path) -> None:
    published = kerncijfers_feed()
    write_partner_staging({published.id: published, FEED.id: FEED}, tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        f"stg_{FEED_ID}.sql": f"{{{{ stage_feed('{FEED_ID}') }}}}\n"
    }


def test_the_staging_model_of_a_feed_that_is_gone_goes_too(tmp_path: Path) -> None:
    other = contract(id="welzijn_anders")
    write_partner_staging({FEED.id: FEED, other.id: other}, tmp_path)
    kept = tmp_path / f"stg_{other.id}.sql"
    before = kept.stat().st_mtime_ns
    write_partner_staging({other.id: other}, tmp_path)
    assert list(tmp_path.iterdir()) == [kept]
    assert kept.stat().st_mtime_ns == before, "what is right already is not written again"
    write_partner_staging({}, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("models/intermediate/int_a.sql", True),
        ("models/intermediate/int_b.py", True),
        ("disclosure/engine.py", True),
        ("seeds/areas.csv", True),
        ("profiles.yml", True),
        ("models/note.md", False),
        ("target/run/engine.py", False),
    ],
)
def test_these_files_make_another_project(tmp_path: Path, name: str, counts: bool) -> None:
    for each in ("dbt_project.yml", "profiles.yml", name):
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).write_text("before")
    before = project_sha256(tmp_path)
    (tmp_path / name).write_text("after")
    assert (project_sha256(tmp_path) != before) is counts


class SmallProject:
    """A dbt project of its own with this project's materialisations and profile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.warehouse = folder / "warehouse.duckdb"
        for name in ("macros/materializations.sql", "profiles.yml"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, self.folder / name)
        (self.folder / "dbt_project.yml").write_text("{name: small, profile: heerlen_noord}")

    def build(self, **models: str) -> dict[str, str]:
        """Write these models (``name_py`` in Python), build all and return the status of each."""
        for name, text in models.items():
            path = self.folder / "models" / (f"{name[:-3]}.py" if name.endswith("_py") else f"{name}.sql")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        arguments = ["build", "--no-partial-parse", *dbt._QUIET]
        outcome = dbt._invoke(arguments, self.folder.parent / "target", self.warehouse, manifest=None)
        return {result.node.name: str(result.status) for result in outcome.results}

    def standing(self) -> dict[str, list[tuple[object, ...]]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            names = connection.execute("SELECT table_name FROM information_schema.tables ORDER BY ALL").fetchall()
            return {name: connection.execute(f"FROM main.{name}").fetchall() for (name,) in names}


def test_a_model_replaces_what_stands_and_a_failed_one_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = SmallProject(tmp_path)
    monkeypatch.setattr(dbt, "PROJECT", project.folder)
    table, view = "{{ config(materialized='table') }} ", "{{ config(materialized='view') }} "
    made = "def model(dbt, session):\n    dbt.config(materialized='table')\n    return session.sql('SELECT {} AS c')\n"
    first = {"a": table + "SELECT 1 AS c", "b": view + "SELECT c + 1 AS c FROM {{ ref('a') }}", "c_py": made.format(3)}
    assert set(project.build(**first).values()) == {"success"}
    assert project.standing() == {"a": [(1,)], "b": [(2,)], "c": [(3,)]}
    # Table and view change places; Python makes its table anew.
    second = {
        "a": view + "SELECT 10 AS c",
        "b": table + "SELECT c + 1 AS c FROM {{ ref('a') }}",
        "c_py": made.format(30),
    }
    assert set(project.build(**second).values()) == {"success"}
    assert project.standing() == {"a": [(10,)], "b": [(11,)], "c": [(30,)]}
    broken = table + "SELECT c + error('broken')::INTEGER AS c FROM {{ ref('a') }}"
    assert project.build(b=broken, c_py=made.format("error(''broken'')".replace("''", '"'))) == {
        "a": "success", "b": "error", "c": "error",
    }  # fmt: skip
    assert project.standing() == {"a": [(10,)], "b": [(11,)], "c": [(30,)]}
