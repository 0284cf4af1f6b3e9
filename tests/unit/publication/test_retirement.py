"""What disappears without a line that says so blocks; with one it passes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from publication import gate
from publication.dictionary import Descriptions
from publication.gate import check_release
from publication.publish import publish
from publication.release import Release, current_release
from publication.retirement import RETIRED, Retirement, read_retirements
from sources.checks import CheckResult
from sources.environment import Environment
from sources.errors import ConfigurationError
from tests.unit.publication.synthetic import OTHER_FINGERPRINT, change, write_manifest

CHECK = "nothing_disappears_unannounced"
HEADER = "what,name,retired_on,reason_nl\n"
# What is taken away → what the check calls it.
DEFECTS = {
    "column": ("ALTER TABLE leren.indicator_values DROP COLUMN numerator", "leren.indicator_values.numerator"),
    "table": ("DROP TABLE meta.areas", "meta.areas"),
    "indicator": ("DELETE FROM meta.indicators WHERE indicator_code = 'LER_2'", "LER_2"),
}


def line(what: str, name: str, day: date | None = None) -> Retirement:
    return Retirement(what, name, day or date(2026, 1, 1), "niet meer gemeten")  # type: ignore[arg-type]


def judged(
    environment: Environment, descriptions: Descriptions, previous: Path | None, *lines: Retirement
) -> CheckResult:
    results = check_release(environment.warehouse, descriptions, previous=previous, retirements=lines)
    return next(result for result in results if result.name == CHECK)


@pytest.mark.slow
def test_nothing_gone_is_green(environment: Environment, release: Release, descriptions: Descriptions) -> None:
    assert judged(environment, descriptions, release.monitor).passed
    assert judged(environment, descriptions, None).passed, "the first release has nothing to keep"


@pytest.mark.slow
@pytest.mark.parametrize("what", DEFECTS)
def test_what_is_gone_is_named_and_blocks(
    environment: Environment, release: Release, descriptions: Descriptions, what: str
) -> None:
    statement, name = DEFECTS[what]
    change(environment, statement)
    result = judged(environment, descriptions, release.monitor)
    assert result.blocks
    assert result.found == f"{what} {name} is gone"
    assert not judged(environment, descriptions, None).blocks


@pytest.mark.slow
@pytest.mark.parametrize("what", DEFECTS)
def test_a_dated_line_lets_it_go(
    environment: Environment, release: Release, descriptions: Descriptions, what: str
) -> None:
    statement, name = DEFECTS[what]
    change(environment, statement)
    today = datetime.now(UTC).date()
    assert judged(environment, descriptions, release.monitor, line(what, name, today)).passed
    for other in (line(what, name, today + timedelta(days=1)), line(what, name + "x"), line("table", "meta.other")):
        assert not judged(environment, descriptions, release.monitor, other).passed, other


@pytest.mark.slow
def test_the_whole_of_a_line_is_gone_once(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    """Of a table that is gone not each column stands there as well."""
    change(environment, "DROP SCHEMA veiligheid CASCADE")
    result = judged(environment, descriptions, release.monitor)
    assert result.found == "table veiligheid.indicator_values is gone"


@pytest.mark.slow
def test_a_release_that_can_not_be_read_is_no_pass(
    environment: Environment, release: Release, descriptions: Descriptions
) -> None:
    assert release.monitor is not None
    release.monitor.write_bytes(b"no database")
    result = judged(environment, descriptions, release.monitor)
    assert result.blocks
    assert result.found.startswith("not computable: ")


@pytest.mark.slow
def test_no_release_is_made_until_the_line_stands(
    environment: Environment, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement, name = DEFECTS["column"]
    change(environment, statement)
    manifest = write_manifest(environment)
    blocked = publish(environment, OTHER_FINGERPRINT, manifest)
    assert blocked.outcome == "blocked"
    assert [check.name for check in blocked.checks if check.blocks] == [CHECK]
    assert current_release(environment) == release
    monkeypatch.setattr(gate, "read_retirements", lambda: (line("column", name),))
    assert publish(environment, OTHER_FINGERPRINT, manifest).outcome == "released"


def test_the_bundled_file_can_be_read() -> None:
    assert all(line.retired_on <= datetime.now(UTC).date() for line in read_retirements(RETIRED))


def test_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "retired.csv"
    path.write_text(HEADER + 'column,leren.indicator_values.x,2026-03-01,"oud, niet gebruikt"\n', encoding="utf-8")
    assert read_retirements(path) == (
        Retirement("column", "leren.indicator_values.x", date(2026, 3, 1), "oud, niet gebruikt"),
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "begins with"),
        ("what,name\n", "begins with"),
        (HEADER + "column,x,2026-13-01,reden\n", "line 2"),
        (HEADER + "column,x,2026-01-01,reden\nview,x,2026-01-01,reden\n", "line 3"),
        (HEADER + "column,,2026-01-01,reden\n", "line 2"),
        (HEADER + "column,x,2026-01-01,\n", "line 2"),
        (HEADER + "column,x\n", "line 2"),
    ],
)
def test_a_line_that_can_not_be_read_is_named(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "retired.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=problem) as caught:
        read_retirements(path)
    assert "Nothing was released" in str(caught.value)


def test_an_absent_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_retirements(tmp_path / "retired.csv")
