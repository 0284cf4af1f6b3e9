"""The commands for deliveries: what they do, say and return."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main
from sources.environment import Environment, declare_environment
from sources.landing import Landing
from sources.partners.intake import take_in_all
from sources.partners.register import Register
from tests.support.deliveries import assistance, partner_feed, put_in

NAME = "wiz_bijstand_202601.csv"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("NOORD_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("NOORD_INBOX_SETTLE", "0")
    monkeypatch.setenv("COLUMNS", "160")
    return declare_environment("live")


def _noord(*args: str) -> Result:
    return CliRunner().invoke(main, [*args, "--feeds", "live"])


def test_a_file_is_handed_over_taken_in_and_reported_on(environment: Environment, tmp_path: Path) -> None:
    path = tmp_path / "kopie van Jan.csv"
    path.write_bytes(assistance("202601", [5, 6]))
    added = _noord("inbox", "add", "bijstand_wijk", str(path))
    assert added.exit_code == 0, added.output
    delivery_id = added.output.split()[1]
    assert delivery_id.startswith("bijstand_wijk.")
    waiting = _noord("inbox", "list")
    assert f"{delivery_id}: handed over" in " ".join(waiting.output.split())
    assert "Jan" not in waiting.output
    take_in_all(partner_feed(), environment, Landing(environment))
    listed = _noord("inbox", "list")
    assert "Nothing waits." in listed.output
    assert delivery_id in listed.output
    assert "2 of 2" in listed.output
    report = _noord("inbox", "report", delivery_id)
    assert report.exit_code == 0
    assert "Aangenomen." in report.output
    assert "2 rows = 2 accepted + 0 refused" in report.output
    assert f"{delivery_id}.html" in report.output


def test_the_list_shows_what_waits_and_why(environment: Environment) -> None:
    put_in(environment, "gemeente", NAME, b"x")
    put_in(environment, "gemeente", "[bold]foto.jpg", b"x")
    (environment.inbox / "gemeente" / "wiz_bijstand_202602.csv").mkdir()
    words = " ".join(_noord("inbox", "list").output.split())
    assert f"{NAME}: waits for the next run" in words
    assert "[bold]foto.jpg: waits for the next run; fits no contract" in words
    assert "wiz_bijstand_202602.csv: left alone: no regular file of its own" in words


def test_the_inboxes_are_made_for_their_owner_only(environment: Environment) -> None:
    assert _noord("inbox", "list").exit_code == 0
    folders = [environment.inbox, *environment.inbox.iterdir()]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
    assert (environment.inbox / "gemeente").is_dir()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("inbox", "add", "cbs_kerncijfers", "README.md"), "No partner delivers 'cbs_kerncijfers'"),
        (("inbox", "add", "bijstand_wijk", "bestaat-niet.csv"), "Nothing was added"),
        (("inbox", "report", "bestaat-niet"), "There is no delivery 'bestaat-niet'"),
    ],
)
def test_wrong_use_says_what_was_expected_and_returns_2(
    environment: Environment, args: tuple[str, ...], says: str
) -> None:
    result = _noord(*args)
    assert result.exit_code == 2
    assert says in result.output


def test_a_register_that_was_changed_fails_the_list(environment: Environment) -> None:
    for count in (5, 6):
        put_in(environment, "gemeente", NAME, assistance("202601", [count]))
        take_in_all(partner_feed(), environment, Landing(environment))
    environment.register.write_text(environment.register.read_text().replace("2026MM01", "2026MM02", 1))
    result = _noord("inbox", "list")
    assert result.exit_code == 1
    assert "line 2 does not follow line 1" in result.output


def test_retention_says_what_would_go_and_removes_it_only_when_asked(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOORD_QUARANTINE", "keep")
    keeping = declare_environment("live")
    put_in(keeping, "gemeente", NAME, b"geen;levering\n1;2\n")
    take_in_all(partner_feed(), keeping, Landing(keeping))
    (delivery,) = Register(keeping).deliveries()
    folder = keeping.quarantine / delivery.delivery_id
    assert "Nothing was removed" not in _noord("retention").output
    late = delivery.decided_at.replace(year=delivery.decided_at.year + 1)
    monkeypatch.setattr(Environment, "now", lambda _self: late)
    shown = _noord("retention")
    assert shown.exit_code == 0
    assert "Nothing was removed. noord retention --apply removes it." in shown.output
    assert folder.exists()
    assert _noord("retention", "--apply").exit_code == 0
    assert not folder.exists()
    assert [removal.what for removal in Register(keeping).removals()] == ["quarantine"]
