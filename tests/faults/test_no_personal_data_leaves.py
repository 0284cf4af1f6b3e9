"""Personal data in every form of a delivery, and a search for it in everything that a run leaves or says.

Partners deliver by inbox, by command and by their interface, in one run that destroys what it holds and in one that keeps it.
What is searched for is first found in what was delivered, so that finding nothing means something.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import os
import random
import sqlite3
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb
import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName
from warcio.archiveiterator import ArchiveIterator

from sources.environment import SAMPLE_ARCHIVE
from sources.partners.person_names import NAMES
from sources.partners.register import Delivery, Register
from sources.registry import FEEDS
from tests.path.conftest import ROOT, noord
from tests.support.bsns import with_proof
from tests.support.deliveries import partner_environment, partner_feed
from tests.support.partner_feeds import workbook_bytes
from tests.support.publisher import Answer, LoopbackPublisher
from tests.support.traces import Texts

pytestmark = pytest.mark.slow

KEY = "sleutel-917-van-de-corporatie"
PULL = "reparaties.corporaties.example"
# Case numbers of accepted rows of people or cases; they may not stay either.
CASE = "VZ-Heerlerheide-"


@dataclass(frozen=True)
class Person:
    """Nobody: a number that passes the 11-proof, a name made of two lists, and an address that exists nowhere."""

    bsn: str
    name: str
    email: str

    @property
    def dotted(self) -> str:
        return f"{self.bsn[:4]}.{self.bsn[4:6]}.{self.bsn[6:]}"

    @property
    def text(self) -> str:
        return f"{self.name} {self.bsn} ({self.dotted}) {self.email}"

    @property
    def texts(self) -> tuple[str, ...]:
        return self.bsn, self.dotted, self.name, self.email


def _people() -> Iterator[Person]:
    """As many different people as are asked for, the same each time."""
    chance = random.Random(917)
    with NAMES.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["is_word"] == "0" and len(row["name"]) > 5]
    firsts, lasts = ([row["name"].title() for row in rows if row["part"] == part] for part in ("first", "last"))
    chance.shuffle(firsts)
    chance.shuffle(lasts)
    for first, last in zip(["José", *firsts], ["Kowalczyk", *lasts], strict=False):
        number = next(bsn for _ in range(20) if (bsn := with_proof(chance.randrange(21_000_000, 99_999_999))))
        yield Person(str(number), f"{first} {last}", f"{last.lower()}{number % 1000}@prive.example")


# -- deliveries -------------------------------------------------------------------------------------------------------


def _example(feed_id: str, name: str) -> bytes:
    """A worked example of a contract, which is accepted as it is."""
    return (FEEDS / "partners" / partner_feed(feed_id).partner / feed_id / "examples" / name).read_bytes()


def _rows(feed_id: str, name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(_example(feed_id, name).decode("utf-8-sig")), delimiter=";"))


def _csv(rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=";", lineterminator="\r\n").writerows(rows)
    return stream.getvalue().encode(encoding)


def _in_cells(feed_id: str, example: str, column: str, encoding: str = "utf-8") -> Callable[[Person], bytes]:
    """The example with the person in one cell, and the bare number in the same column of another row."""

    def build(person: Person) -> bytes:
        rows = _rows(feed_id, example)
        place = rows[0].index(column)
        rows[3][place], rows[5][place] = person.text, person.bsn
        return _csv(rows, encoding)

    return build


def _around(
    feed_id: str, example: str, before: str = "", after: str = "", encoding: str = "utf-8"
) -> Callable[[Person], bytes]:
    """The example with a row above the header or below the table; ``{}`` is the person."""

    def build(person: Person) -> bytes:
        above, below = ([[text.format(person.text)]] if text else [] for text in (before, after))
        return _csv([*above, *_rows(feed_id, example), *below], encoding)

    return build


def _in_header(person: Person) -> bytes:
    header, *rows = _rows("bijstand_wijk", "wiz_bijstand_202501.csv")
    return _csv([[*header, person.text], *([*row, "1"] for row in rows)])


def _in_open_quotes(person: Person) -> bytes:
    return _example("bijstand_wijk", "wiz_bijstand_202501.csv") + f'"{person.text};1\r\n'.encode()


def _plain(feed_id: str, example: str) -> Callable[[Person], bytes]:
    return lambda _person: _example(feed_id, example)


def _pseudonyms(of: Callable[[str], str]) -> Callable[[Person], bytes]:
    """Rows of people under something that anybody can make of their number."""

    def build(person: Person) -> bytes:
        header, *rows = _rows("trajecten_naar_werk", "wsp_trajecten_202503.csv")
        place = header.index("pseudoniem")
        for row in rows[:4]:
            row[place] = of(person.bsn)
        rows[5][header.index("uitkomst")] = person.text
        return _csv([header, *rows])

    return build


def _workbook(change: Callable[[openpyxl.Workbook, Person], None]) -> Callable[[Person], bytes]:
    def build(person: Person) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(_example("zorgkosten", "zorgkosten_2023.xlsx")))
        change(book, person)
        return workbook_bytes(book)

    return build


def _in_a_number(book: openpyxl.Workbook, person: Person) -> None:
    book["Kosten"]["D4"] = person.text


def _on_hidden_sheet(book: openpyxl.Workbook, person: Person) -> None:
    sheet = book.create_sheet("Blad2")
    sheet["B7"] = person.text
    sheet.sheet_state = "veryHidden"


def _in_comment(book: openpyxl.Workbook, person: Person) -> None:
    book["Kosten"]["B2"].comment = Comment(person.text, "Excel")


def _in_properties(book: openpyxl.Workbook, person: Person) -> None:
    book.properties.creator = person.text


def _in_sheet_names(book: openpyxl.Workbook, person: Person) -> None:
    for text in person.texts:
        book.create_sheet(text[:31])


def _in_defined_name(book: openpyxl.Workbook, person: Person) -> None:
    book.defined_names["bron"] = DefinedName("bron", attr_text=f'"{person.text}"')


def _in_broken_part(person: Person) -> bytes:
    """A workbook whose sheet is no XML any more, just where the person stands."""
    whole, broken = io.BytesIO(_workbook(_in_a_number)(person)), io.BytesIO()
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(broken, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in archive.infolist():
            content = archive.read(entry)
            target.writestr(entry, content.replace(person.bsn.encode(), person.bsn.encode() + b"<&"))
    return broken.getvalue()


def _requests(person: Person | None = None, number: int = 60) -> list[dict[str, str]]:
    """Requests of last month, as the interface gives them; a person stands in two of them."""
    day = (date.today().replace(day=1) - timedelta(days=10)).isoformat()
    rows = [{"id": f"{CASE}{at}", "datum": day, "pc6": "6411XK", "categorie": "vocht"} for at in range(number)]
    if person is not None:
        rows[7]["categorie"], rows[8]["categorie"] = person.text, person.bsn
    return rows


@dataclass(frozen=True)
class Form:
    """One way in which personal data comes in; ``{}`` in `name` is the person."""

    feed_id: str
    name: str
    build: Callable[[Person], bytes]
    decision: str = "held"
    by_command: bool = False


_BIJSTAND, _ZORG, _WERK = "bijstand_wijk", "zorgkosten", "trajecten_naar_werk"
_CLEAN = "wiz_bijstand_202501.csv"
FORMS: Mapping[str, Form] = {
    "cell of text": Form(
        "activiteiten", "activiteiten_2025Q1.csv", _in_cells("activiteiten", "activiteiten_2025Q1.csv", "activiteit")
    ),
    "cell of a count, row refused": Form(_BIJSTAND, "wiz_bijstand_202502.csv", _in_cells(_BIJSTAND, _CLEAN, "aantal")),
    "cell of a group, row refused": Form(
        _BIJSTAND, "wiz_bijstand_202503.csv", _in_cells(_BIJSTAND, _CLEAN, "huishoudtype")
    ),
    "cell of an area": Form(_BIJSTAND, "wiz_bijstand_202504.csv", _in_cells(_BIJSTAND, _CLEAN, "wijkcode", "cp1252")),
    "UTF-16": Form(
        "jgz_gewicht", "ggd_jgz_2024.csv", _in_cells("jgz_gewicht", "ggd_jgz_2024.csv", "gemeten", "utf-16")
    ),
    "title row": Form(
        _BIJSTAND,
        "wiz_bijstand_202505.csv",
        _around(_BIJSTAND, _CLEAN, before="Uitgedraaid door {}", encoding="cp1252"),
    ),
    "footer": Form(_BIJSTAND, "wiz_bijstand_202506.csv", _around(_BIJSTAND, _CLEAN, after="Bron: {}")),
    "surplus field": Form(
        _BIJSTAND, "wiz_bijstand_202507.csv", _around(_BIJSTAND, _CLEAN, after="31-01-2025;WK091710;1;2;3;4;5;6;{}")
    ),
    "header": Form(_BIJSTAND, "wiz_bijstand_202508.csv", _in_header, "refused"),
    "quotes that do not close": Form(_BIJSTAND, "wiz_bijstand_202509.csv", _in_open_quotes, "refused"),
    "file name that fits nothing": Form(_BIJSTAND, "wiz_bijstand {}.csv", _plain(_BIJSTAND, _CLEAN), "refused"),
    "file name of the only feed": Form(
        "peuteropvang", "peuteropvang {}.csv", _plain("peuteropvang", "peuteropvang_2025Q1.csv")
    ),
    "pseudonym that is a BSN": Form(_WERK, "wsp_trajecten_202506.csv", _pseudonyms(str)),
    "pseudonym without a key": Form(
        _WERK, "wsp_trajecten_202509.csv", _pseudonyms(lambda bsn: hashlib.sha256(bsn.encode()).hexdigest())
    ),
    "workbook: cell": Form(_ZORG, "zorgkosten_2018.xlsx", _workbook(_in_a_number)),
    "workbook: hidden sheet": Form(_ZORG, "zorgkosten_2019.xlsx", _workbook(_on_hidden_sheet)),
    "workbook: comment": Form(_ZORG, "zorgkosten_2020.xlsx", _workbook(_in_comment)),
    "workbook: property": Form(_ZORG, "zorgkosten_2021.xlsx", _workbook(_in_properties)),
    "workbook: names of sheets": Form(_ZORG, "zorgkosten_2022.xlsx", _workbook(_in_sheet_names)),
    "workbook: defined name": Form(_ZORG, "zorgkosten_2023.xlsx", _workbook(_in_defined_name)),
    "workbook: broken": Form(_ZORG, "zorgkosten_2024.xlsx", _in_broken_part, "refused"),
    "by command": Form(
        "corporatie_voorraad",
        "corporatie_voorraad {}.csv",
        _in_cells("corporatie_voorraad", "corporatie_voorraad_2025Q1.csv", "label"),
        by_command=True,
    ),
}
# Brought in by the second run, which keeps what it holds.
KEPT_FORMS: Mapping[str, Form] = {
    "kept: cell": Form(_BIJSTAND, "wiz_bijstand_202510.csv", _in_cells(_BIJSTAND, _CLEAN, "huishoudtype")),
    "kept: workbook": Form(_ZORG, "zorgkosten_2017.xlsx", _workbook(_in_comment)),
    "kept: file name": Form("peuteropvang", "peuters {}.csv", _plain("peuteropvang", "peuteropvang_2025Q1.csv")),
    "kept: fits nothing": Form(_BIJSTAND, "bijstand {}.csv", _plain(_BIJSTAND, _CLEAN), "refused"),
}
# Deliveries of rows of people that are accepted, one in each run.
MICRO, KEPT_MICRO = "wsp_trajecten_202503.csv", "wsp_trajecten_202512.csv"


def _micro(name: str) -> tuple[bytes, set[str]]:
    """The worked example with people of its own, and their pseudonyms."""
    header, *rows = _rows(_WERK, MICRO)
    place = header.index("pseudoniem")
    for row in rows:
        row[place] = hmac.digest(b"test: no real key", f"{name} {row[place]}".encode(), "sha256").hex()
    return _csv([header, *rows]), {row[place] for row in rows}


@dataclass(frozen=True)
class Planted:
    """What was delivered under which name, and the texts in it."""

    form: Form
    name: str
    content: bytes
    texts: tuple[str, ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def _planted(forms: Mapping[str, Form], people: Iterator[Person]) -> dict[str, Planted]:
    made = {}
    for label, form in forms.items():
        person = next(people)
        content = form.build(person)
        extra = (hashlib.sha256(person.bsn.encode()).hexdigest(),) if "without a key" in label else ()
        made[label] = Planted(form, form.name.format(person.text), content, (*person.texts, *extra))
    return made


# -- two runs ---------------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """The deliveries of both runs, and where each text was found after the first and after the second."""

    folder: Path
    planted: dict[str, Planted]
    kept: dict[str, Planted]
    pulled: Person
    keys_sent: set[str]
    after_first: dict[str, set[str]]
    after_second: dict[str, set[str]]
    deliveries: list[Delivery]

    @property
    def home(self) -> Path:
        return self.folder / "world" / "home" / "live"

    def found(self, texts: Sequence[str]) -> dict[str, set[str]]:
        return {text: self.after_second[text] for text in texts if text in self.after_second}


class _World:
    """Partners and publishers on loopback, and a machine with folders of its own for what a run leaves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = folder / "world"
        for name in ("home", "tmp", "user", "said"):
            (self.world / name).mkdir(parents=True)
        self.rows: list[dict[str, str]] = []
        archive = _sample_answers()
        self.publisher = LoopbackPublisher(routes=[self._interface, lambda url: archive.get(url)])
        self._hosts = {urlsplit(url).netloc for url in archive} | {PULL}
        self._said = 0

    def _interface(self, url: str) -> Answer | None:
        return Answer(body=json.dumps({"items": self.rows, "next": None}).encode()) if PULL in url else None

    def settings(self, quarantine: str) -> dict[str, str]:
        return {
            "NOORD_MIRRORS": self.publisher.mirrors(*sorted(self._hosts)),
            "NOORD_INBOX_SETTLE": "0",
            "NOORD_QUARANTINE": quarantine,
            "NOORD_KEY_REPARATIES": KEY,
            "NOORD_HTTP_BACKOFF": "0.01",
            "TMPDIR": str(self.world / "tmp"),
            "HOME": str(self.world / "user"),
        }

    def deliver(self, planted: Mapping[str, Planted]) -> list[Path]:
        """Put files into inboxes; those for the command are returned."""
        by_command = []
        for each in planted.values():
            feed = partner_feed(each.form.feed_id)
            inbox = (
                self.folder / "desk" if each.form.by_command else self.world / "home" / "live" / "inbox" / feed.partner
            )
            inbox.mkdir(parents=True, exist_ok=True)
            (inbox / each.name).write_bytes(each.content)
            by_command += [inbox / each.name] if each.form.by_command else []
        return by_command

    def keep_said(self, run: subprocess.CompletedProcess[str]) -> None:
        self._said += 1
        (self.world / "said" / f"{self._said}.txt").write_text(run.stdout + run.stderr, encoding="utf-8")

    def noord(self, *arguments: str, quarantine: str = "destroy", expected: Sequence[int] = (0,)) -> None:
        run = noord(*arguments, home=self.world / "home", root=ROOT, **self.settings(quarantine))
        assert run.returncode in expected, run.stdout + run.stderr
        self.keep_said(run)

    def job(self) -> None:
        """The job that the sensor starts, as the lineage UI starts it, with the whole log."""
        command = [
            sys.executable,
            "-m",
            "dagster",
            "job",
            "execute",
            "-m",
            "orchestration.definitions",
            "-j",
            "deliveries",
        ]
        own = {
            "NOORD_HOME": str(self.world / "home"),
            "NOORD_FEEDS": "live",
            "DAGSTER_HOME": str(self.world / "home" / "live" / "dagster"),
            "PYTHONPATH": str(ROOT),
        }
        settings = os.environ | self.settings("keep") | own
        run = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=300, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        self.keep_said(run)


def _sample_answers() -> dict[str, Answer]:
    """What publishers answer in the sample, by address as it is asked for."""
    answers = {}
    with SAMPLE_ARCHIVE.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type == "response":
                url = unquote(record.rec_headers.get_header("WARC-Target-URI"))
                status = int(record.http_headers.get_statuscode())
                headers = {k: v for k, v in record.http_headers.headers if k.lower() in ("etag", "last-modified")}
                answers[url] = Answer(status, record.content_stream().read(), headers)
    return answers


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    people = _people()
    planted, kept = _planted(FORMS, people), _planted(KEPT_FORMS, people)
    pulled = next(people)
    world = _World(tmp_path_factory.mktemp("leaves"))
    searched = {KEY, CASE, *_all_texts(planted, kept, pulled), *_micro(MICRO)[1], *_micro(KEPT_MICRO)[1]}
    everything = Texts(searched)
    started = time.time()
    environment = partner_environment(world.world / "home")
    with world.publisher.running():
        world.rows = _requests()
        _put_micro(environment.inbox, MICRO)
        for path in world.deliver(planted):
            world.noord("inbox", "add", "corporatie_voorraad", str(path), "--feeds", "live")
        feeds = {form.feed_id for form in FORMS.values()} | {"reparatieverzoeken", "cbs_kerncijfers"}
        only = [word for feed_id in sorted(feeds) for word in ("--only", feed_id)]
        world.noord("run", "--feeds", "live", *only, expected=(3,))
        world.noord("inbox", "list", "--all", "--feeds", "live")
        # Tables grow or are made anew by the second run, and are read once, after it.
        after_first = everything.under(world.world, without=(".duckdb", ".parquet"))

        world.rows = _requests(pulled)
        world.publisher.forget()
        _put_micro(environment.inbox, KEPT_MICRO)
        world.deliver(kept)
        world.job()
    after_second = _found(everything, world.world, started)
    keys = {headers.get("X-API-Key", "") for url, headers in world.publisher.headers if PULL in url}
    return Outcome(
        world.folder, planted, kept, pulled, keys, after_first, after_second, Register(environment).deliveries()
    )


def _all_texts(planted: Mapping[str, Planted], kept: Mapping[str, Planted], pulled: Person) -> set[str]:
    return {text for each in (*planted.values(), *kept.values()) for text in each.texts} | set(pulled.texts)


def _put_micro(inbox: Path, name: str) -> None:
    folder = inbox / partner_feed(_WERK).partner
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(_micro(name)[0])


def _found(texts: Texts, world: Path, since: float) -> dict[str, set[str]]:
    """In the world, and in what runs wrote beside the code since, such as dbt's."""
    found = texts.under(world)
    for path in (ROOT / "dbt_project").rglob("*"):
        if path.is_file() and path.stat().st_mtime >= since:
            for text in texts.in_file(path):
                found.setdefault(text, set()).add(f"project: {path.relative_to(ROOT)}")
    return found


# -- what must be and what must not -----------------------------------------------------------------------------------


def _everything_planted(outcome: Outcome) -> dict[str, Planted]:
    return outcome.planted | outcome.kept


@pytest.mark.parametrize("label", [*FORMS, *KEPT_FORMS])
def test_the_search_finds_all_texts_in_what_was_delivered(outcome: Outcome, tmp_path: Path, label: str) -> None:
    each = _everything_planted(outcome)[label]
    (tmp_path / each.name).write_bytes(each.content)
    assert set(Texts(each.texts).under(tmp_path)) == set(each.texts)


@pytest.mark.parametrize("label", [*FORMS, *KEPT_FORMS])
def test_each_form_is_held_or_refused(outcome: Outcome, label: str) -> None:
    each = _everything_planted(outcome)[label]
    same = [delivery for delivery in outcome.deliveries if delivery.file_sha256 == each.sha256]
    # Files with a person in their name only are equal to each other.
    assert each.form.decision in {delivery.decision for delivery in same}
    assert not any(delivery.is_accepted for delivery in same)


def test_of_the_first_run_nothing_is_left_anywhere(outcome: Outcome) -> None:
    texts = [text for each in outcome.planted.values() for text in each.texts]
    assert len(texts) >= 4 * len(FORMS)
    assert {text: outcome.after_first[text] for text in texts if text in outcome.after_first} == {}
    assert outcome.found(texts) == {}


def test_with_keep_it_is_in_quarantine_and_nowhere_else(outcome: Outcome) -> None:
    texts = [*outcome.pulled.texts, *(text for each in outcome.kept.values() for text in each.texts)]
    found = outcome.found(texts)
    assert set(found) == set(texts)
    places = {place for places in found.values() for place in places}
    assert {place for place in places if not place.startswith("home/live/quarantine/")} == set()


def test_nobody_but_its_owner_can_look_into_quarantine(outcome: Outcome) -> None:
    quarantine = outcome.home / "quarantine"
    modes = {
        path.relative_to(quarantine).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (quarantine, *quarantine.rglob("*"))
        if path.name != ".lock"
    }
    files = {name for name in modes if (quarantine / name).is_file()}
    assert len(files) >= 2 * len(KEPT_FORMS)
    assert {name: oct(mode) for name, mode in modes.items() if mode != (0o600 if name in files else 0o700)} == {}


def test_rows_of_people_are_counted_and_forgotten(outcome: Outcome) -> None:
    """Nothing of an accepted delivery of rows is left: no pseudonym, no number of a case, no original."""
    destroyed, kept = _micro(MICRO)[1], _micro(KEPT_MICRO)[1]
    assert len(destroyed) == len(kept) >= 20
    assert {text for text in (*destroyed, *kept, CASE) if text in outcome.after_first} == set()
    assert outcome.found([*destroyed]) == {}
    assert set(outcome.found([*kept, CASE])) == {*kept, CASE}
    places = {place for text in (*kept, CASE) for place in outcome.after_second.get(text, ())}
    assert {place for place in places if not place.startswith("home/live/quarantine/")} == set()
    accepted = [d for d in outcome.deliveries if d.is_accepted and d.feed_id in (_WERK, "reparatieverzoeken")]
    assert {(d.feed_id, d.original) for d in accepted} == {
        (_WERK, "destroyed"),
        (_WERK, "quarantine"),
        ("reparatieverzoeken", "destroyed"),
    }
    assert not (outcome.home / "archive" / partner_feed(_WERK).partner).exists()


def test_the_key_reached_the_partner_and_nothing_else(outcome: Outcome) -> None:
    assert outcome.keys_sent == {KEY}
    assert KEY not in outcome.after_first
    assert KEY not in outcome.after_second


def test_what_was_searched_is_a_whole_run(outcome: Outcome) -> None:
    """Figures of the accepted deliveries are in warehouse and release, and each delivery is told of in the event log."""
    warehouse, monitor = outcome.home / "warehouse" / "warehouse.duckdb", outcome.home / "current" / "monitor.duckdb"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert connection.execute("SELECT sum(courses) > 20 FROM raw.trajecten_naar_werk").fetchall() == [(True,)]
        assert connection.execute("SELECT max(requests) FROM raw.reparatieverzoeken").fetchall() == [(60,)]
    with duckdb.connect(str(monitor), read_only=True) as connection:
        told = connection.execute("SELECT count(*) FROM meta.deliveries").fetchall()
        shown = connection.execute(
            "SELECT count(*) > 0 FROM wonen.indicator_values WHERE feed_id = 'reparatieverzoeken'"
        ).fetchall()
    assert told == [(len(outcome.deliveries),)]
    assert shown == [(True,)]
    logged = b""
    for path in (outcome.home / "dagster").rglob("*.db"):
        with closing(sqlite3.connect(path)) as connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'event_logs'").fetchall():
                logged += "".join(event for (event,) in connection.execute("SELECT event FROM event_logs")).encode()
    assert all(d.delivery_id.encode() in logged for d in outcome.deliveries if d.feed_id)
