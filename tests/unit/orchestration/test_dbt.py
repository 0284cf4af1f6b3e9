"""What follows from the feed registry in the dbt project, and which files make another project."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.dbt import project_sha256, write_partner_staging
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
