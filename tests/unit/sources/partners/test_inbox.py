"""Which files are claimed, by whom, and which are left alone."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.environment import Environment
from sources.errors import ConfigurationError
from sources.partners import inbox
from sources.partners.inbox import OTHER_NAME, add_file, claim_bundled, claim_ready, feed_for, look, safe_name
from sources.partners.quarantine import original_of, undecided
from sources.partners.register import Register
from tests.support.deliveries import a_delivery, assistance, partner_environment, partner_feed, put_in

FEED = partner_feed()
TRUANCY = partner_feed("leerplicht_verzuim")
FEEDS = [FEED, TRUANCY]
NAME = "wiz_bijstand_202601.csv"


@pytest.mark.parametrize(
    ("name", "feed_id"),
    [
        (NAME, "bijstand_wijk"),
        ("WIZ_Bijstand_202601.CSV", "bijstand_wijk"),
        ("leerplicht_verzuim_202512.csv", "leerplicht_verzuim"),
        ("wiz_bijstand_202613.csv", None),
        ("wiz_bijstand_2026-01.csv", None),
        ("kopie van wiz_bijstand_202601.csv", None),
        ("wiz_bijstand_202601.csv.exe", None),
        ("wiz_bijstand_202601.csv\n", None),
        ("wiz_bijstand_٢٠٢٦٠١.csv", None),
    ],
)
def test_a_file_is_for_the_feed_whose_contract_names_it_so(name: str, feed_id: str | None) -> None:
    found = feed_for(name, FEEDS)
    assert (found.id if found else None) == feed_id


def test_a_partner_with_one_feed_needs_no_names_and_two_contracts_for_one_name_fit_neither() -> None:
    assert feed_for("cijfers.csv", [FEED]) is FEED
    twin = FEED.model_copy(update={"id": "tweeling"})
    assert feed_for(NAME, [FEED, twin]) is None


def test_the_name_of_an_earlier_version_still_fits() -> None:
    earlier = FEED.model_copy(update={"file_name": "oud_{JJJJ}{MM}.csv"})
    feed = FEED.model_copy(update={"version": 2, "earlier": (earlier,)})
    assert feed_for("oud_202601.csv", [feed, TRUANCY]) is feed


@given(st.text())
def test_a_name_that_no_contract_foresees_is_never_shown(name: str) -> None:
    assert safe_name(name, FEED) == OTHER_NAME
    assert safe_name(f"{name}{NAME}" if name else "x" + NAME, FEED) == OTHER_NAME
    assert safe_name(NAME, FEED) == NAME
    assert safe_name(NAME, None) == OTHER_NAME


def _states(environment: Environment) -> dict[str, str]:
    return {waiting.name: waiting.state for waiting in look(environment, FEEDS)}


def test_a_file_is_left_alone_until_it_has_settled(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path, inbox_settle=30)
    path = put_in(environment, "gemeente", NAME, assistance("202601", [5]))
    # An old time of writing, as a copy may keep it, says nothing about when it came in.
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert _states(environment) == {NAME: "settling"}
    assert claim_ready(environment, FEED, FEEDS) == []
    assert path.exists()
    assert _states(partner_environment(tmp_path, inbox_settle=0)) == {NAME: "ready"}


def test_a_file_that_is_still_being_written_is_left_alone(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    path = put_in(environment, "gemeente", NAME, b"")
    with path.open("ab") as writer:
        for part in (b"peildatum;wijk", b"code\r\n"):
            writer.write(part)
            writer.flush()
            assert _states(environment) == {NAME: "settling"}
            assert claim_ready(environment, FEED, FEEDS) == []
    assert [claim.file_name for claim in claim_ready(environment, FEED, FEEDS)] == [NAME]


def test_only_regular_files_of_their_own_are_taken(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    secret = tmp_path / "geheim.csv"
    secret.write_bytes(assistance("202601", [5]))
    folder = put_in(environment, "gemeente", "wiz_bijstand_202512.csv", b"x").parent
    (folder / NAME).symlink_to(secret)
    os.link(secret, folder / "wiz_bijstand_202602.csv")
    os.mkfifo(folder / "wiz_bijstand_202603.csv")
    (folder / "wiz_bijstand_202604.csv").mkdir()
    for name in (".wiz_bijstand_202605.csv", "~$wiz_bijstand_202605.csv", "wiz_bijstand_202605.csv.part", "x.TMP"):
        (folder / name).write_bytes(b"x")
    assert _states(environment) == {
        "wiz_bijstand_202512.csv": "ready",
        NAME: "not_taken",
        "wiz_bijstand_202602.csv": "not_taken",
        "wiz_bijstand_202603.csv": "not_taken",
        "wiz_bijstand_202604.csv": "not_taken",
    }
    assert [claim.file_name for claim in claim_ready(environment, FEED, FEEDS)] == ["wiz_bijstand_202512.csv"]
    assert secret.read_bytes() == assistance("202601", [5])
    assert secret.stat().st_mode & 0o777 != 0o600
    assert len(list(folder.iterdir())) == 8


def test_a_link_in_the_place_of_an_inbox_is_not_followed(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    elsewhere = tmp_path / "elders"
    elsewhere.mkdir()
    (elsewhere / NAME).write_bytes(b"x")
    environment.inbox.mkdir(parents=True)
    (environment.inbox / "gemeente").symlink_to(elsewhere)
    assert look(environment, FEEDS) == []
    with pytest.raises(ConfigurationError, match="is no folder"):
        inbox.ensure_inbox(environment, "gemeente")


@pytest.mark.parametrize(
    "name",
    [
        "=HYPERLINK(1).csv",
        "a;rm -rf ...csv",
        "a\nb.csv",
        "-rf",
        "é\u202egpj.csv",
        os.fsdecode(b"\xff\xfe.csv"),
        "x" * 255,
    ],
)
def test_strange_names_become_no_path(tmp_path: Path, name: str) -> None:
    environment = partner_environment(tmp_path)
    put_in(environment, "gemeente", name, b"x")
    before = {path for path in tmp_path.rglob("*") if "quarantine" not in path.parts}
    (claim,) = claim_ready(environment, FEED, FEEDS)
    assert claim.feed_id == ""
    assert before - set(tmp_path.rglob("*")) == {environment.inbox / "gemeente" / name}
    assert original_of(environment, claim).name in ("original.csv", "original")
    assert undecided(environment, set()) == [claim]


def test_quarantine_is_for_its_owner_only(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    path = put_in(environment, "gemeente", NAME, b"x")
    path.chmod(0o666)
    (claim,) = claim_ready(environment, FEED, FEEDS)
    copied = tmp_path / "los.csv"
    copied.write_bytes(b"y")
    added = add_file(environment, FEED, copied)
    assert environment.quarantine.stat().st_mode & 0o777 == 0o700
    for one, body in ((claim, b"x"), (added, b"y")):
        folder = original_of(environment, one).parent
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == {
            "claim.json": 0o600,
            "original.csv": 0o600,
        }
        assert original_of(environment, one).read_bytes() == body
    assert copied.read_bytes() == b"y"
    assert (claim.way, added.way) == ("inbox", "command")


def test_what_is_no_file_can_not_be_handed_over(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    huge = tmp_path / "groot.csv"
    with huge.open("wb") as stream:
        stream.truncate(201 * 1024**2)
    for path in (tmp_path, tmp_path / "niets.csv", huge):
        with pytest.raises(ConfigurationError, match="Nothing was added"):
            add_file(environment, FEED, path)
    assert undecided(environment, set()) == []


def _claim_all(environment: Environment) -> list[str]:
    return [claim.file_name for claim in claim_ready(environment, FEED, FEEDS)]


def test_of_two_claimers_one_wins_each_file(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    names = {f"wiz_bijstand_{year}{month:02}.csv" for year in range(2000, 2010) for month in range(1, 13)}
    for name in names:
        put_in(environment, "gemeente", name, name.encode())
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as claimers:
        running = [claimers.submit(_claim_all, environment) for _ in range(2)]
        taken = [claimer.result(60) for claimer in running]
    assert sorted([*taken[0], *taken[1]]) == sorted(names)
    claims = undecided(environment, set())
    assert {original_of(environment, claim).read_bytes().decode() for claim in claims} == names
    assert len(claims) == len(names)


def test_a_file_that_goes_while_it_is_looked_at_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = partner_environment(tmp_path)
    gone, stays = (put_in(environment, "gemeente", f"wiz_bijstand_20260{month}.csv", b"x") for month in (1, 2))

    def claimed_by_another(name: str) -> bool:
        gone.unlink(missing_ok=True)
        return False

    monkeypatch.setattr(inbox, "_is_temporary", claimed_by_another)
    assert [waiting.path for waiting in look(environment, FEEDS)] == [stays]


def test_the_loser_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    path = put_in(environment, "gemeente", NAME, b"x")
    (waiting,) = look(environment, FEEDS)
    path.unlink()
    claim = inbox.new_claim("bijstand_wijk", "gemeente", "inbox", waiting.name, datetime.now(UTC))
    assert not inbox.take_over(environment, claim, waiting.path)
    assert [entry for entry in environment.quarantine.iterdir() if entry.is_dir()] == []


def test_each_feed_claims_its_own_and_the_first_what_fits_none(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    for name in (NAME, "leerplicht_verzuim_202601.csv", "foto.jpg"):
        put_in(environment, "gemeente", name, b"x")
    assert [c.file_name for c in claim_ready(environment, TRUANCY, FEEDS)] == ["leerplicht_verzuim_202601.csv"]
    assert {c.file_name: c.feed_id for c in claim_ready(environment, FEED, FEEDS)} == {
        NAME: "bijstand_wijk",
        "foto.jpg": "",
    }


def test_bundled_deliveries_come_in_once_on_the_day_that_their_list_says(tmp_path: Path) -> None:
    bundled = tmp_path / "deliveries"
    folder = bundled / "gemeente" / "bijstand_wijk"
    folder.mkdir(parents=True)
    for month in ("202511", "202512"):
        (folder / f"wiz_bijstand_{month}.csv").write_bytes(assistance(month, [5]))
    (bundled / "received.csv").write_text(
        "file,received_on\ngemeente/bijstand_wijk/wiz_bijstand_202511.csv,2025-12-09\n"
    )
    environment = partner_environment(tmp_path, deliveries=bundled)
    moment = datetime(2026, 3, 2, 6, tzinfo=UTC)
    claims = claim_bundled(environment, FEED, set(), moment)
    assert [(c.file_name[-10:], c.received_at.date()) for c in claims] == [
        ("202511.csv", date(2025, 12, 9)),
        ("202512.csv", date(2026, 3, 2)),
    ]
    known = {inbox.sha256_of(original_of(environment, claim)) for claim in claims}
    assert claim_bundled(environment, FEED, known, moment) == []
    assert len(list(folder.iterdir())) == 2


def test_what_the_register_knows_is_decided(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    put_in(environment, "gemeente", NAME, b"x")
    (claim,) = claim_ready(environment, FEED, FEEDS)
    Register(environment).add(a_delivery(delivery_id=claim.delivery_id))
    decided = {delivery.delivery_id for delivery in Register(environment).deliveries()}
    assert undecided(environment, decided) == []
