"""What the documents say is what happens: every block of SQL, Python and commands is run, every link leads somewhere.

A block that can't be run says so in a comment above it, ``<!-- not run: reason -->``, and is listed here.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import click
import duckdb
import duckdb_extension_httpfs
import pytest

from orchestration.cli import main as noord_command
from publication.checksums import write_checksums
from tests.support.documents import DOCUMENTS, ROOT, Block, blocks

pytestmark = pytest.mark.slow
# The first command of each block that is not run; each more is a decision.
NOT_RUN = [
    "README.md: .venv/bin/noord run --feeds live",
    "README.md: .venv/bin/noord run --as-known-on 2026-03-01",
    "add-a-feed.md: .venv/bin/noord run --feeds live --only <feed>",
    "add-an-indicator.md: .venv/bin/noord run",
    "bi.md: library(DBI)",
    "operations.md: .venv/bin/noord ui --feeds live",
    "operations.md: .venv/bin/noord run --as-known-on 2026-03-01",
    "partners.md: .venv/bin/noord run --feeds live --only peuteropvang",
]
LANGUAGES = {"", "bash", "jinja", "mermaid", "python", "r", "sh", "sql", "yaml"}


@dataclass(frozen=True)
class Reader:
    """A folder as a reader has it, and what a reader puts in the place of words in capitals."""

    folder: Path
    words: dict[str, str]

    @property
    def current(self) -> Path:
        return self.folder / "data" / "sample" / "current"


@pytest.fixture(scope="module")
def reader(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """A copy of the sample's home as `data`, with a release before the one that stands, and the commands in `.venv`."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(sample_home, folder / "data", symlinks=True)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    example = ROOT / "sources/feeds/partners/kinderopvang/peuteropvang/examples/peuteropvang_2026Q1.csv"
    shutil.copy(example, folder)
    environment = folder / "data" / "sample"
    newest = (environment / "current").resolve().name
    with closing(duckdb.connect(str(environment / "current" / "monitor.duckdb"), read_only=True)) as monitor:
        (delivery,) = monitor.execute("SELECT min(delivery_id) FROM meta.deliveries").fetchall()[0]
    older = _release_before(environment / "releases" / newest)
    words = {"OLD": older, "NEW": newest, "RELEASE": older, "DELIVERY": delivery, "FILE": example.name}
    return Reader(folder, words)


def _release_before(newest: Path) -> str:
    """A release of a day earlier in which one figure was another, so that there is something to compare and go back to."""
    day, _, rest = newest.name.partition("T")
    older = newest.parent / f"{int(day) - 1}T{rest}"
    shutil.copytree(newest, older)
    facts = json.loads((older / "release.json").read_text(encoding="utf-8")) | {"id": older.name}
    (older / "release.json").write_text(json.dumps(facts), encoding="utf-8")
    with closing(duckdb.connect(str(older / "monitor.duckdb"))) as monitor:
        monitor.execute("UPDATE meta.release SET release_id = ?", [older.name])
        monitor.execute(
            "UPDATE werken.indicator_values SET value = value + 1 "
            "WHERE indicator_code = 'WER_BIJSTAND' AND area_code = 'HN14' AND period_type = 'year'"
        )
    (older / "SHA256SUMS").unlink()
    write_checksums(older)
    return older.name


def run(command: list[str], reader: Reader) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOORD_", "DAGSTER_"))}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environment |= {"COLUMNS": "200"}
    return subprocess.run(
        command, cwd=reader.folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("block", blocks("sql"), ids=str)
def test_sql_answers(block: Block, reader: Reader) -> None:
    with duckdb.connect(str(reader.current / "monitor.duckdb"), read_only=True) as monitor:
        rows = monitor.execute(block.text).fetchall()
    assert rows or block.remark.startswith("may be empty: ")


def test_the_formula_of_the_documents_gives_the_limits_of_the_release(reader: Reader) -> None:
    (block,) = [block for block in blocks("sql") if block.heading == "Check it yourself"]
    with duckdb.connect(str(reader.current / "monitor.duckdb"), read_only=True) as monitor:
        ((figures, *differences),) = monitor.execute(block.text).fetchall()
    assert figures > 1000
    assert max(differences) < 1e-9


def test_every_method_is_in_the_document_of_methods(reader: Reader) -> None:
    said = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    macros = {path.name for path in (ROOT / "dbt_project" / "macros" / "methods").glob("*.sql")}
    assert set(re.findall(r"`(\w+\.sql)`", said)) == macros
    with duckdb.connect(str(reader.current / "monitor.duckdb"), read_only=True) as monitor:
        for column in ("interval_method", "aggregation"):
            codes = {code for (code,) in monitor.execute(f"SELECT DISTINCT {column} FROM meta.indicators").fetchall()}
            table = re.search(rf"^\| `{column}` \|.*?(?=^$)", said, re.M | re.S)
            assert table is not None
            assert codes <= set(re.findall(r"^\| `(\w+)` \|", table[0], re.M)), column


@pytest.mark.parametrize(
    "block", [b for b in blocks("python") if not b.remark.startswith("run with a server")], ids=str
)
def test_python_runs(block: Block, reader: Reader) -> None:
    done = run([sys.executable, "-c", block.text], reader)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_releases_are_read_from_a_web_server(reader: Reader) -> None:
    (block,) = [b for b in blocks("python") if b.remark.startswith("run with a server")]
    extension = next(Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))
    with _served(reader.current) as server:
        text = block.text.replace("LOAD httpfs", f"LOAD '{extension}'").replace(":8000/", f":{server.server_port}/")
        done = run([sys.executable, "-c", text], reader)
    assert done.returncode == 0, done.stderr
    counted, release = done.stdout.split()
    assert int(re.sub(r"\D", "", counted)) > 1000, done.stdout
    assert reader.current.resolve().name in release
    # A part of what lies there: what the text promises of servers that answer ranges.
    assert 0 < server.sent < (reader.current / "monitor.duckdb").stat().st_size / 4


class _Server(ThreadingHTTPServer):
    """Counts the bytes that went out."""

    sent = 0


@contextmanager
def _served(folder: Path) -> Iterator[_Server]:
    server = _Server(("127.0.0.1", 0), partial(_Ranges, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Ranges(SimpleHTTPRequestHandler):
    """A web server as anybody has one: it answers the part of a file that is asked for."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        size, asked = path.stat().st_size, re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (int(asked[1]), min(int(asked[2] or size - 1), size - 1)) if asked else (0, size - 1)
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        with path.open("rb") as file:
            file.seek(first)
            self.wfile.write(file.read(last - first + 1))
        self.server.sent += last - first + 1

    def log_message(self, *_arguments: object) -> None:
        """Nothing on the screen."""


def commands(block: Block) -> list[str]:
    lines = [line.partition(" #")[0].strip() for line in block.text.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("block", blocks("sh", "bash"), ids=str)
def test_commands_run(block: Block, reader: Reader) -> None:
    """In the order of the documents, so that the first run finds the sample's home as it was left: nothing is new."""
    for command in commands(block):
        words = shlex.split(command)
        if words[0] == "make":
            # CI itself is `make test`, whose tests run what `make run` runs, and start what `make superset` starts.
            assert words[1] in make_targets(), command
            continue
        if words[0].endswith("noord"):
            _understands(words[1:])
        if block.is_run:
            done = run([reader.words.get(word, word) for word in words], reader)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            assert done.stdout.strip() or words[0].endswith("python"), command


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def _understands(words: list[str]) -> None:
    """The command of noord exists, and has the options and the number of arguments that stand here.

    Raises:
        click.UsageError: it does not.
    """
    command: click.Command = noord_command
    context = click.Context(command, info_name="noord")
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, f"noord has no command {name}"
        command = found
    options = {flag for option in command.params if isinstance(option, click.Option) for flag in option.opts}
    assert {word for word in words if word.startswith("--")} <= options, words
    arguments = [item for item in command.params if isinstance(item, click.Argument)]
    values = sum(1 for word in words if word.startswith("--") and not _is_flag(command, word))
    given = [word for word in words if not word.startswith("--")]
    assert len(given) - values == len([item for item in arguments if item.required]), words


def _is_flag(command: click.Command, word: str) -> bool:
    return any(isinstance(option, click.Option) and word in option.opts and option.is_flag for option in command.params)


def test_every_command_is_in_a_document() -> None:
    said = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    for name, command in noord_command.commands.items():
        assert f"noord {name}" in said, name
        if isinstance(command, click.Group):
            for part in command.commands:
                assert re.search(rf"{name} {part}\b", said), f"{name} {part}"


def test_commands_in_sentences_exist() -> None:
    """`noord …` and `make …` between backticks, with the options that stand there."""
    for document in DOCUMENTS:
        text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.S | re.M)
        for said in re.findall(r"`(?:\.venv/bin/)?noord ([^`]+)`", text):
            command, flags = _found(said.split())
            options = {flag for option in command.params if isinstance(option, click.Option) for flag in option.opts}
            assert flags <= options, f"{document.name}: noord {said}"
        for target in re.findall(r"`make ([a-z-]+)[^`]*`", text):
            assert target in make_targets(), f"{document.name}: make {target}"


def _found(words: list[str]) -> tuple[click.Command, set[str]]:
    """The command that these words name, and the options among them."""
    command: click.Command = noord_command
    for word in words:
        if not isinstance(command, click.Group):
            break
        assert word in command.commands, f"noord has no command {word}"
        command = command.commands[word]
    return command, {word for word in words if word.startswith("--")}


def test_every_setting_is_in_the_table_of_operations() -> None:
    """What a person may set: names that the code reads, less those that the processes of a run hand to each other."""
    handed_on = {"NOORD_FEEDS", "NOORD_AS_KNOWN_ON", "NOORD_WAREHOUSE", "NOORD_SUPERSET_SECRET"}
    code = [path for room in ("sources", "publication", "orchestration") for path in (ROOT / room).rglob("*.py")]
    read = {name for path in code for name in re.findall(r"\bNOORD_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))}
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    said = set(re.findall(r"^\| `(NOORD_[A-Z_]+)`", text, re.M))
    assert said == read - handed_on


def test_blocks_that_are_not_run_are_known_and_say_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert {block.language for block in blocks()} <= LANGUAGES
    found = [block for block in blocks("sh", "bash", "python", "sql", "r") if not block.is_run]
    with capsys.disabled():
        print(*(f"\n{block}: {block.remark}" for block in found), f"\n{len(found)} blocks of documents are not run")
    assert all(len(block.remark) > 20 for block in found)
    assert [
        f"{block.document.name}: {block.text.splitlines()[0].partition(' #')[0].strip()}" for block in found
    ] == NOT_RUN


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            continue
        address, _, anchor = link.partition("#")
        target = (document.parent / address).resolve() if address else document
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


def _anchors(document: Path) -> set[str]:
    """Anchors as code hosts make them of headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_are_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:sources|dbt_project|publication|orchestration|tests|docs)/[\w./-]+\.\w+)`", text)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_a_newcomer_finds_everything_in_five_minutes(reader: Reader) -> None:
    """All of the script but cloning and running; its questions are those of docs/bi.md, word for word."""
    script = (ROOT / "tests" / "newcomer.sh").read_text(encoding="utf-8")
    said = (ROOT / "docs" / "bi.md").read_text(encoding="utf-8")
    questions = re.findall(r'ask "[^"]+" "\n(.*?)"$', script, re.M | re.S)
    assert len(questions) == 3
    assert [question for question in questions if question not in said] == []
    python = re.search(r"<<'PYTHON'\n(.*?)^PYTHON$", script, re.M | re.S)
    assert python is not None
    assert python[1] in said
    done = run(["bash", str(ROOT / "tests" / "newcomer.sh")], reader)
    assert done.returncode == 0, done.stderr
    for part in (
        "SAMPLE",
        "Mensen met bijstand",
        "opendata.cbs.nl",
        "indicator_label_nl",
        "minutes",
    ):
        assert part.lower() in done.stdout.lower(), done.stdout
