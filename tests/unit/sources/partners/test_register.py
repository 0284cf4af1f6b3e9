"""The register only grows, and says so when it does not."""

from __future__ import annotations

import dataclasses
import multiprocessing
from datetime import date
from pathlib import Path

import pytest

from sources.environment import Environment
from sources.partners.register import Register, RegisterChanged, Removal
from tests.support.deliveries import NOON, a_delivery, a_finding, partner_environment


def test_what_is_written_is_read_again_in_its_order(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    held = a_delivery(2, decision="held", accepted=0, refused=10, findings=(a_finding(),), problem_nl="Er staan …")
    removal = Removal(NOON, "quarantine", 30, (held.delivery_id,), 12)
    for record in (a_delivery(1), held, removal, a_delivery(3, feed_id="")):
        Register(environment).add(record)
    register = Register(environment)
    assert register.deliveries() == [a_delivery(1), held, a_delivery(3, feed_id="")]
    assert register.deliveries("bijstand_wijk") == [a_delivery(1), held]
    assert register.removals() == [removal]
    assert register.verify() == 4
    assert environment.register.stat().st_mode & 0o777 == 0o600


def test_nothing_came_in_yet(tmp_path: Path) -> None:
    register = Register(partner_environment(tmp_path))
    assert (register.deliveries(), register.removals(), register.verify()) == ([], [], 0)


def test_rows_that_do_not_add_up_are_no_record() -> None:
    with pytest.raises(ValueError, match="10 rows are not 7"):
        a_delivery(refused=2)


@pytest.mark.parametrize(
    ("defect", "says"),
    [
        (lambda lines: [lines[0], lines[1].replace(b'"accepted":7', b'"accepted":8'), *lines[2:]], "line 3 .* line 2"),
        (lambda lines: [*lines[:1], *lines[2:]], "line 2 does not follow line 1"),
        (lambda lines: [*lines[:2], lines[0], *lines[2:]], "line 3 does not follow line 2"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "line 1 does not follow the beginning"),
        (lambda lines: lines[1:], "line 1 does not follow the beginning"),
        (lambda lines: [*lines[:2], b"[]", *lines[2:]], "line 3 does not follow line 2"),
    ],
    ids=["changed", "left out", "put in", "swapped", "beginning cut off", "no record"],
)
def test_a_register_that_was_changed_says_which_line(tmp_path: Path, defect: object, says: str) -> None:
    environment = partner_environment(tmp_path)
    for number in range(1, 5):
        Register(environment).add(a_delivery(number))
    lines = environment.register.read_bytes().splitlines()
    assert callable(defect)
    environment.register.write_bytes(b"\n".join(defect(lines)) + b"\n")
    with pytest.raises(RegisterChanged, match=says):
        Register(environment).verify()


def test_half_a_line_of_a_killed_writer_is_no_record_and_makes_way(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    for number in (1, 2):
        Register(environment).add(a_delivery(number))
    whole = environment.register.read_bytes()
    for cut in (1, 40, 500):
        environment.register.write_bytes(whole[:-cut])
        register = Register(environment)
        assert register.deliveries() == [a_delivery(1)]
        assert register.torn_bytes() > 0
        register.add(a_delivery(2))
        assert environment.register.read_bytes() == whole
        assert register.verify() == 2


def _add_twenty(environment: Environment, first: int) -> None:
    for number in range(first, first + 20):
        Register(environment).add(a_delivery(number))


def test_two_processes_add_at_once_and_no_line_is_lost(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_add_twenty, args=(environment, first)) for first in (100, 200)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert Register(environment).verify() == 40
    assert {d.delivery_id for d in Register(environment).deliveries()} == {
        a_delivery(first + n).delivery_id for first in (100, 200) for n in range(20)
    }


def test_as_known_on_an_earlier_day_later_decisions_are_not_known(tmp_path: Path) -> None:
    environment = partner_environment(tmp_path)
    for record in (a_delivery(1), a_delivery(2, decided_at=NOON.replace(month=3))):
        Register(environment).add(record)
    earlier = dataclasses.replace(
        environment, home=environment.home / "known-on", landing_of=environment.home, known_on=date(2026, 2, 10)
    )
    assert Register(earlier).deliveries() == [a_delivery(1)]
