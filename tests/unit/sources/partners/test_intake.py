"""From a file to figures in landing, a line in the register and a report, whatever happens on the way."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sources.contracts import PartnerFeed
from sources.environment import Environment
from sources.errors import FeedProblem
from sources.landing import Landing
from sources.partners import intake, quarantine
from sources.partners.inbox import OTHER_NAME, add_file
from sources.partners.intake import CELLS_FILE, has_waiting, take_in_all
from sources.partners.register import Delivery, Register
from sources.partners.report import report_paths
from tests.support.deliveries import HEADER, WIJKEN, assistance, partner_environment, partner_feed, pulled_feed, put_in

FEED = partner_feed()
FEEDS = [FEED, partner_feed("leerplicht_verzuim")]
BSN = "123456782"
JANUARY = "wiz_bijstand_202601.csv"


def _take(environment: Environment, feed: PartnerFeed = FEED, **options: Any) -> list[Delivery]:
    feeds = [feed, *(other for other in FEEDS if other.id != feed.id)] if feed.partner == "gemeente" else [feed]
    return take_in_all(feed, environment, Landing(environment), partner_feeds=feeds, **options)


def _cells(environment: Environment, feed: PartnerFeed = FEED) -> dict[str, dict[tuple[str, str], dict[str, str]]]:
    """The newest landed figures: period → (area, breakdown) → measures as text."""
    landing = Landing(environment)
    found = {}
    for period, snapshot in landing.newest(feed.id).items():
        text = (landing.folder(snapshot) / CELLS_FILE).read_text(encoding="utf-8")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert {row.pop("period_code") for row in rows} == {period}
        found[period] = {(row.pop("area_code"), row.pop("breakdown")): row for row in rows}
    return found


def _recipients(environment: Environment, period: str, area: str) -> str:
    return _cells(environment)[period][area, "total|total"]["recipients"]


def _held_things(environment: Environment) -> list[str]:
    return sorted(path.name for path in environment.quarantine.iterdir() if path.is_dir())


def test_a_good_delivery_lands_its_figures_and_nothing_else(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    body = assistance("202601", [12, 0, 7])
    put_in(environment, "gemeente", JANUARY, body)
    assert has_waiting(FEED, environment, FEEDS)
    (delivery,) = _take(environment)
    assert (delivery.decision, delivery.delivered, delivery.accepted, delivery.refused) == ("accepted", 3, 3, 0)
    assert (delivery.periods, delivery.contract_version, delivery.way) == (("2026MM01",), 1, "inbox")
    assert (delivery.file_name, delivery.bytes) == (JANUARY, len(body))
    assert _recipients(environment, "2026MM01", "WK091710") == "12"
    assert _cells(environment)["2026MM01"]["WK091712", "18_27|single"]["recipients"] == "7"
    (snapshot,) = Landing(environment).snapshots(FEED.id)
    assert delivery.snapshots == {"2026MM01": snapshot.snapshot_id}
    assert snapshot.upstream_version == f"sha256:{delivery.file_sha256}"
    assert (snapshot.table.id, snapshot.table.year) == ("2026MM01", 2026)
    assert {path.name for path in Landing(environment).folder(snapshot).iterdir()} == {CELLS_FILE, "snapshot.json"}
    (kept,) = environment.delivery_archive.rglob("original.csv")
    assert kept.read_bytes() == body
    assert kept.stat().st_mode & 0o777 == 0o400
    assert _held_things(environment) == []
    assert all(path.exists() for path in report_paths(environment, delivery))
    assert Register(environment).deliveries() == [delivery]
    assert not has_waiting(FEED, environment, FEEDS)
    assert _take(environment) == []


def test_refused_rows_are_left_out_and_told_by_place(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    wrong = "31-01-2026;WK091742;18_27;single;geheim;0;0;0"
    put_in(environment, "gemeente", JANUARY, assistance("202601", [1] * 21, [wrong]))
    (delivery,) = _take(environment)
    assert (delivery.decision, delivery.delivered, delivery.accepted, delivery.refused) == (
        "accepted_with_refusals",
        22,
        21,
        1,
    )
    assert delivery.refusals_by_rule == {"aantal": 1}
    page, table = (path.read_text(encoding="utf-8-sig") for path in report_paths(environment, delivery))
    assert "rij;23;aantal;aantal;" in table
    assert "geheim" not in page + table + environment.register.read_text()


@pytest.mark.parametrize(
    ("feed_id", "told"),
    [("bijstand_wijk", "Dit klopt niet: rij 918."), ("trajecten_naar_werk", "Dit klopt niet: een rij.")],
)
def test_where_rows_are_people_the_number_of_one_is_for_the_partner_alone(
    tmp_path: Path, feed_id: str, told: str
) -> None:
    """What is said of a delivery is released, and the last row's number is how many people there are."""
    environment, feed = partner_environment(tmp_path), partner_feed(feed_id)
    header = ";".join(feed.columns)
    body = "\n".join([header, *[";".join("x" * len(feed.columns))] * 916, '"open']).encode()
    put_in(environment, feed.partner, feed.file_name.replace("{JJJJ}", "2026").replace("{MM}", "01"), body)
    (delivery,) = _take(environment, feed)
    assert delivery.decision == "refused"
    assert (delivery.problem_nl or "").startswith(told)
    table = report_paths(environment, delivery)[1].read_text(encoding="utf-8-sig")
    assert "rij;918;;aanhalingstekens;" in table


def test_more_refused_rows_than_the_contract_allows_refuse_the_delivery(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    put_in(
        environment, "gemeente", JANUARY, assistance("202601", [1] * 10, ["31-01-2026;WK091742;18_27;single;?;0;0;0"])
    )
    (delivery,) = _take(environment)
    assert (delivery.decision, delivery.delivered, delivery.accepted, delivery.refused) == ("refused", 11, 0, 11)
    assert delivery.problem_nl == "Er zijn te veel rijen afgekeurd. Hoogstens 5 procent mag."
    assert (delivery.periods, delivery.snapshots, delivery.original) == ((), {}, "destroyed")
    assert _cells(environment) == {}
    assert _held_things(environment) == []


@pytest.mark.parametrize("keep", [False, True])
def test_personal_data_hold_a_delivery_and_leave_no_trace_outside_quarantine(tmp_path: Path, *, keep: bool) -> None:
    environment = partner_environment(tmp_path, keep_originals=keep)
    rows = [f"31-01-2026;{wijk};18_27;{BSN};1;0;0;0" for wijk in WIJKEN[:20]]
    put_in(environment, "gemeente", JANUARY, "\n".join([HEADER, *rows]).encode())
    (delivery,) = _take(environment)
    assert (delivery.decision, delivery.delivered, delivery.accepted) == ("held", 20, 0)
    assert [(f.place, f.kind, f.count) for f in delivery.findings] == [("huishoudtype", "bsn", 20)]
    assert delivery.problem_nl is not None
    assert "huishoudtype" in delivery.problem_nl
    holding = {path for path in environment.home.rglob("*") if path.is_file() and BSN.encode() in path.read_bytes()}
    original = environment.quarantine / delivery.delivery_id / "original.csv"
    assert holding == ({original} if keep else set())
    assert delivery.original == ("quarantine" if keep else "destroyed")
    if keep:
        assert original.stat().st_mode & 0o777 == 0o600
        assert _take(environment) == []


def test_the_name_of_a_file_is_scanned_and_never_written_down(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    feed = partner_feed(partner="alleen")
    put_in(environment, "alleen", "bijstand Jan Jansen 12-03-1980.csv", assistance("202601", [5, 6, 7]))
    (delivery,) = _take(environment, feed)
    assert delivery.decision == "held"
    assert {f.place for f in delivery.findings} == {"bestandsnaam"}
    assert delivery.file_name == OTHER_NAME
    written = [path for path in environment.home.rglob("*") if path.is_file()]
    assert not any(b"Jansen" in path.read_bytes() or "Jansen" in str(path) for path in written)


def test_the_same_delivery_twice_changes_nothing(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    body = assistance("202601", [12, 5])
    put_in(environment, "gemeente", JANUARY, body)
    (first,) = _take(environment)
    before = Landing(environment).snapshots(FEED.id)
    put_in(environment, "gemeente", "wiz_bijstand_202512.csv", body)
    (second,) = _take(environment)
    assert (second.decision, second.delivered, second.snapshots, second.original) == ("duplicate", 0, {}, "destroyed")
    assert second.problem_nl is not None
    assert first.delivery_id in second.problem_nl
    assert Landing(environment).snapshots(FEED.id) == before
    assert all(path.exists() for path in report_paths(environment, second))


def test_sending_the_first_file_again_takes_a_correction_back(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    first, corrected = assistance("202601", [12, 5]), assistance("202601", [12, 7])
    decisions, standing = [], []
    for body in (first, corrected, first, first):
        put_in(environment, "gemeente", JANUARY, body)
        decisions += [delivery.decision for delivery in _take(environment)]
        standing.append(Landing(environment).newest(FEED.id)["2026MM01"].files[0].sha256)
    assert decisions == ["accepted", "accepted", "accepted", "duplicate"]
    assert standing[0] != standing[1]
    assert standing[2:] == [standing[0], standing[0]]


def test_what_was_refused_before_is_tried_again(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    body = assistance("202601", [9, 9, 6000])
    strict = partner_feed()
    loose = strict.model_copy(
        update={"columns": {**strict.columns, "aantal": strict.columns["aantal"].model_copy(update={"most": 7000})}}
    )
    put_in(environment, "gemeente", JANUARY, body)
    assert [d.decision for d in _take(environment, strict)] == ["refused"]
    put_in(environment, "gemeente", JANUARY, body)
    assert [d.decision for d in _take(environment, loose)] == ["accepted"]


def test_a_later_delivery_for_a_period_replaces_the_earlier_and_both_stay(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    year = assistance("202512", [3]) + assistance("202601", [4]).split(b"\r\n", 1)[1]
    put_in(environment, "gemeente", JANUARY, year)
    (first,) = _take(environment)
    assert (first.periods, first.replaces) == (("2025MM12", "2026MM01"), ())
    put_in(environment, "gemeente", JANUARY, assistance("202601", [8]))
    (second,) = _take(environment)
    assert (second.periods, second.replaces) == (("2026MM01",), ("2026MM01",))
    assert _recipients(environment, "2025MM12", "WK091710") == "3"
    assert _recipients(environment, "2026MM01", "WK091710") == "8"
    assert [s.table.id for s in Landing(environment).snapshots(FEED.id)] == ["2025MM12", "2026MM01", "2026MM01"]
    assert len(list(environment.delivery_archive.rglob("original.csv"))) == 2


def test_a_stray_row_of_another_month_does_not_replace_that_month(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    put_in(environment, "gemeente", JANUARY, assistance("202601", [10] * 20))
    _take(environment)
    before = _cells(environment)["2026MM01"]
    stray = f"31-01-2026;{WIJKEN[20]};18_27;single;6;0;0;0"
    put_in(environment, "gemeente", "wiz_bijstand_202602.csv", assistance("202602", [11] * 20, [stray]))
    (delivery,) = _take(environment)
    assert (delivery.decision, delivery.refusals_by_rule) == ("accepted_with_refusals", {"andere_periode": 1})
    assert (delivery.periods, delivery.replaces) == (("2026MM02",), ())
    # Without the rule all wijken but one would have no household on assistance in January.
    assert _cells(environment)["2026MM01"] == before
    assert _recipients(environment, "2026MM01", WIJKEN[0]) == "10"
    # The row may have been one of February with a wrong date, so what its wijk has then is not known, and not zero.
    assert _recipients(environment, "2026MM02", WIJKEN[20]) == ""
    assert _recipients(environment, "2026MM02", WIJKEN[21]) == "0"


def test_a_month_after_the_one_in_the_name_is_refused(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    put_in(environment, "gemeente", "wiz_bijstand_202602.csv", assistance("202602", [10] * 20))
    _take(environment)
    # January's figures under the date of February, as after copying a file of last month the wrong way round.
    put_in(environment, "gemeente", JANUARY, assistance("202602", [7] * 20))
    (delivery,) = _take(environment)
    assert (delivery.decision, delivery.refusals_by_rule) == ("refused", {"andere_periode": 20})
    assert _recipients(environment, "2026MM02", WIJKEN[0]) == "10"


def test_deliveries_are_taken_in_as_they_came(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    for name, count in (("wiz_bijstand_202603.csv", 1), ("wiz_bijstand_202602.csv", 2), (JANUARY, 3)):
        put_in(environment, "gemeente", name, assistance("202601", [count]))
    copied = tmp_path / "los.csv"
    copied.write_bytes(assistance("202601", [4]))
    add_file(environment, FEED, copied)
    taken = _take(environment)
    # What was handed over by command was claimed before the inbox was looked at.
    assert [d.way for d in taken] == ["command", "inbox", "inbox", "inbox"]
    assert [d.file_name for d in taken[1:]] == ["wiz_bijstand_202603.csv", "wiz_bijstand_202602.csv", JANUARY]
    assert _recipients(environment, "2026MM01", "WK091710") == "3"


def test_a_file_that_fits_no_contract_is_refused_and_holds_no_feed(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    put_in(environment, "gemeente", "vakantiefoto.jpg", b"\xff\xd8\xff")
    assert has_waiting(FEED, environment, FEEDS)
    assert _take(environment) == []
    (delivery,) = Register(environment).deliveries()
    assert (delivery.feed_id, delivery.partner, delivery.decision) == ("", "gemeente", "refused")
    assert (delivery.contract_version, delivery.file_name) == (None, OTHER_NAME)
    assert "past bij geen contract" in report_paths(environment, delivery)[0].read_text()
    assert _held_things(environment) == []


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    path = put_in(environment, "gemeente", JANUARY, b"")
    with path.open("wb") as stream:
        stream.truncate(400 * 1024**3)
    (delivery,) = _take(environment)
    assert (delivery.decision, delivery.file_sha256, delivery.bytes) == ("refused", "", 400 * 1024**3)
    assert delivery.refusals_by_rule == {"te_groot": 1}
    assert _held_things(environment) == []


@pytest.mark.parametrize("body", [b"", b"\x00" * 1000, b"\xff\xfe\x00", os.urandom(5000), b"a;b\n1;2\n", b'"open'])
def test_what_can_not_be_read_is_refused_with_a_report(tmp_path: Path, body: bytes) -> None:
    environment = partner_environment(tmp_path)
    put_in(environment, "gemeente", JANUARY, body)
    (delivery,) = _take(environment)
    assert (delivery.decision, delivery.accepted) == ("refused", 0)
    assert delivery.problem_nl is not None
    assert delivery.problem_nl.startswith("Dit klopt niet: ")
    assert all(path.exists() for path in report_paths(environment, delivery))


@pytest.mark.parametrize("step", ["find_personal_data", "judge_rows", "add_up"])
def test_an_error_after_the_rows_were_counted_refuses_each_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise MemoryError(BSN)

    monkeypatch.setattr(f"sources.partners.decision.{step}", broken)
    environment = partner_environment(tmp_path)
    put_in(environment, "gemeente", JANUARY, assistance("202601", [5, 6, 7]))
    said: list[str] = []
    (delivery,) = _take(environment, progress=said.append)
    assert (delivery.decision, delivery.delivered, delivery.accepted, delivery.refused) == ("refused", 3, 0, 3)
    assert (delivery.refusals_by_rule, delivery.snapshots) == ({"onleesbaar": 1}, {})
    assert any("MemoryError in test_intake.py" in text for text in said)
    assert BSN not in "".join(said) + environment.register.read_text()


def test_an_error_that_nobody_foresaw_refuses_the_delivery_and_tells_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise KeyError(BSN)

    monkeypatch.setattr("sources.partners.decision.read_delivery", broken)
    environment = partner_environment(tmp_path)
    put_in(environment, "gemeente", JANUARY, assistance("202601", [5]))
    said: list[str] = []
    (delivery,) = _take(environment, progress=said.append)
    assert delivery.decision == "refused"
    assert any("KeyError in test_intake.py" in text for text in said)
    assert BSN not in "".join(said) + environment.register.read_text()


def test_rows_of_people_are_added_up_and_destroyed(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    feed = partner_feed("bijstand_wijk", rows="micro")
    put_in(environment, "gemeente", JANUARY, assistance("202601", [5]))
    (delivery,) = _take(environment, feed)
    assert (delivery.decision, delivery.original) == ("accepted", "destroyed")
    assert _recipients(environment, "2026MM01", "WK091710") == "5"
    assert not environment.delivery_archive.exists()
    assert _held_things(environment) == []


def test_a_contract_that_does_not_hold_yet_refuses(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    tomorrow = partner_feed(valid_from=datetime(2999, 1, 1).date())
    put_in(environment, "gemeente", JANUARY, assistance("202601", [5]))
    (delivery,) = _take(environment, tomorrow)
    assert delivery.decision == "refused"
    assert "01-01-2999" in (delivery.problem_nl or "")


def test_an_older_form_comes_in_under_the_version_that_it_fits(tmp_path: Path) -> None:
    columns = {("huishoudens" if name == "aantal" else name): column for name, column in FEED.columns.items()}
    columns["huishoudens"] = columns["huishoudens"].model_copy(update={"synonyms": ()})
    measures = {
        **FEED.measures,
        "recipients": FEED.measures["recipients"].model_copy(update={"column": "huishoudens"}),
        "reviewed": FEED.measures["inflow"],
    }
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    newest = FEED.model_copy(
        update={"version": 2, "valid_from": yesterday, "columns": columns, "measures": measures, "earlier": (FEED,)}
    )
    environment = partner_environment(tmp_path)
    put_in(environment, "gemeente", JANUARY, assistance("202601", [5]))
    (delivery,) = _take(environment, newest)
    assert (delivery.decision, delivery.contract_version) == ("accepted", 1)
    assert delivery.contract_sha256 == FEED.contract_sha256
    # What the earlier version did not have is missing, and no zero.
    assert _cells(environment)["2026MM01"]["WK091710", "total|total"]["reviewed"] == ""


def test_a_file_that_changes_while_it_is_read_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = partner_environment(tmp_path)
    put_in(environment, "gemeente", JANUARY, assistance("202601", [5]))
    decide = intake.decide

    def slow(original: Path, *args: Any, **options: Any) -> Any:
        with original.open("ab") as writer:
            writer.write(b"31-01-2026;WK091711;18_27;single;6;0;0;0\r\n")
        return decide(original, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(intake, "decide", slow)
        assert _take(environment) == []
    assert Register(environment).deliveries() == []
    (delivery,) = _take(environment)
    assert (delivery.decision, delivery.delivered) == ("accepted", 2)


def test_a_disk_that_refuses_is_a_problem_and_the_delivery_is_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = partner_environment(tmp_path)
    put_in(environment, "gemeente", JANUARY, assistance("202601", [5]))

    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device", "/ergens/Jan Jansen.csv")

    with monkeypatch.context() as patch:
        patch.setattr(intake, "write_report", full)
        with pytest.raises(FeedProblem, match="No space left on device") as problem:
            _take(environment)
    assert "Jansen" not in str(problem.value)
    assert problem.value.__cause__ is None
    assert has_waiting(FEED, environment, FEEDS)
    landed = Landing(environment).snapshots(FEED.id)
    (delivery,) = _take(environment)
    assert delivery.decision == "accepted"
    assert Landing(environment).snapshots(FEED.id) == landed
    assert delivery.replaces == ()


def test_a_register_that_was_changed_takes_nothing_in(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    for count in (5, 6):
        put_in(environment, "gemeente", JANUARY, assistance("202601", [count]))
        _take(environment)
    text = environment.register.read_text()
    environment.register.write_text(
        text.replace('"delivered":1', '"delivered":2', 1).replace('"accepted":1', '"accepted":2', 1)
    )
    put_in(environment, "gemeente", JANUARY, assistance("202601", [7]))
    with pytest.raises(FeedProblem, match="register of deliveries was changed"):
        _take(environment)
    assert (environment.inbox / "gemeente" / JANUARY).exists()


class _Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@pytest.mark.parametrize("moment", ["store", "decide", "landed once", "landed", "write_report", "register", "put_away"])
def test_a_run_that_ends_anywhere_is_taken_up_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    bodies = {
        JANUARY: assistance("202512", [3]) + assistance("202601", [4]).split(b"\r\n", 1)[1],
        "wiz_bijstand_202602.csv": assistance("202602", [5]),
    }
    ends = {}
    for home, is_killed in (("rust", False), ("onrust", True)):
        environment = partner_environment(tmp_path / home)
        for name, body in bodies.items():
            put_in(environment, "gemeente", name, body)
        if is_killed:
            with monkeypatch.context() as patch:
                _kill_at(patch, moment)
                with pytest.raises(_Killed):
                    _take(environment)
        _take(environment)
        _take(environment)
        ends[home] = _end_of(environment)
    assert ends["onrust"] == ends["rust"]


def _kill_at(patch: pytest.MonkeyPatch, moment: str) -> None:
    calls = {"landed": 0}

    def end(*_args: object, **_options: object) -> None:
        raise _Killed

    def end_after(count: int) -> None:
        close = Landing.close

        def closing(*args: Any, **options: Any) -> Any:
            snapshot = close(*args, **options)
            calls["landed"] += 1
            if calls["landed"] == count:
                raise _Killed
            return snapshot

        patch.setattr(Landing, "close", closing)

    if moment == "store":
        patch.setattr(quarantine.os, "rename", end)
    elif moment == "register":
        patch.setattr(Register, "add", end)
    elif moment.startswith("landed"):
        end_after(1 if moment == "landed once" else 2)
    else:
        patch.setattr(intake, moment, end)


def _end_of(environment: Environment) -> object:
    """Everything that an intake leaves, but for numbers and moments."""
    deliveries = Register(environment).deliveries()
    return (
        [
            dataclasses.replace(
                d, delivery_id="", received_at=d.periods, decided_at=None, snapshots=sorted(d.snapshots)
            )  # type: ignore[arg-type]
            for d in deliveries
        ],
        _cells(environment),
        [(s.table.id, s.upstream_version) for s in Landing(environment).snapshots(FEED.id)],
        sorted(path.read_bytes() for path in environment.delivery_archive.rglob("original*")),
        _held_things(environment),
        len(list(environment.reports.rglob("*.html"))),
        sorted(path.name for path in (environment.inbox / "gemeente").iterdir()),
    )


REPAIRS = pulled_feed()


def _repairs(*days: str) -> bytes:
    rows = [
        f'{{"afgehandeld_op":null,"categorie":"water","datum":"{day}","id":"{number}","pc6":"6413AB"}}'
        for number, day in enumerate(days)
    ]
    return f"[{','.join(rows)}]".encode()


def test_a_pull_comes_in_once_and_leaves_out_what_is_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = partner_environment(tmp_path)
    answer = {"rows": _repairs("2026-01-15", "2026-01-20", "2026-02-03", "2025-08-31", "2026-03-01")}
    monkeypatch.setattr(intake, "fetch_rows", lambda *_args: answer["rows"])
    monkeypatch.setattr(intake, "reference_moment", lambda _environment: datetime(2026, 3, 2, 6, tzinfo=UTC))
    monkeypatch.setenv("NOORD_KEY_REPARATIES", "sleutel")
    assert has_waiting(REPAIRS, environment, [REPAIRS])
    (delivery,) = _take(environment, REPAIRS)
    assert (delivery.way, delivery.decision) == ("pull", "accepted_with_refusals")
    assert (delivery.delivered, delivery.accepted, delivery.refusals_by_rule) == (5, 4, {"buiten_venster": 1})
    # The month of the day of the pull has yet to end.
    assert delivery.periods == ("2026MM01", "2026MM02")
    assert _cells(environment, REPAIRS)["2026MM01"]["PC6413", "water"]["requests"] == "2"
    assert delivery.original == "destroyed"
    assert not has_waiting(REPAIRS, environment, [REPAIRS])
    assert _take(environment, REPAIRS) == []
    answer["rows"] = _repairs("2026-01-15", "2026-01-20", "2026-02-03", "2026-02-04")
    (second,) = _take(environment, REPAIRS)
    assert (second.decision, second.replaces) == ("accepted", ("2026MM01", "2026MM02"))


def test_a_pull_without_a_key_is_a_problem_that_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOORD_KEY_REPARATIES", raising=False)
    environment = partner_environment(tmp_path)
    with pytest.raises(FeedProblem, match="NOORD_KEY_REPARATIES is not set"):
        _take(environment, REPAIRS)
