"""What the documents say is what happens: every block of SQL, Python and commands is run, every link leads somewhere.

A block that can't be run says so in a comment above it, ``<!-- not run: reason -->``, and is counted here.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import click
import duckdb
import duckdb_extension_httpfs
import pytest

from orchestration.cli import main as noord_command
from tests.support.documents import DOCUMENTS, ROOT, Block, blocks

pytestmark = pytest.mark.slow
# How many blocks may say that they are not run; each more is a decision.
NOT_RUN = 6


@pytest.fixture(scope="module")
def reader(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader has it: the sample's home stands in it as `data`, and the project's commands in `.venv`."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "data").symlink_to(sample_home)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    return folder


def run(command: list[str], reader: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOORD_", "DAGSTER_"))}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environment |= {"COLUMNS": "200", "NOORD_HOME": str(reader / "data")}
    return subprocess.run(
        command, cwd=reader, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("block", blocks("sql"), ids=str)
def test_sql_answers(block: Block, reader: Path) -> None:
    with duckdb.connect(str(reader / "data/sample/current/monitor.duckdb"), read_only=True) as monitor:
        rows = monitor.execute(block.text).fetchall()
    assert rows or block.remark.startswith("may be empty: ")


@pytest.mark.parametrize(
    "block", [b for b in blocks("python") if not b.remark.startswith("run with a server")], ids=str
)
def test_python_runs(block: Block, reader: Path) -> None:
    done = run([sys.executable, "-c", block.text], reader)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_parquet_is_read_from_a_web_server(reader: Path) -> None:
    (block,) = [b for b in blocks("python") if b.remark.startswith("run with a server")]
    handler = partial(_Quiet, directory=str((reader / "data/sample/current").resolve()))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        extension = next(Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))
        text = block.text.replace("LOAD httpfs", f"LOAD '{extension}'").replace(":8000/", f":{server.server_port}/")
        done = run([sys.executable, "-c", text], reader)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.returncode == 0, done.stderr
    assert int(re.findall(r"\d+", done.stdout)[-1]) > 1000, done.stdout


class _Quiet(SimpleHTTPRequestHandler):
    """A web server as anybody has one; it answers whole files, which is enough for Parquet."""

    def log_message(self, *_arguments: object) -> None:
        """Nothing on the screen."""


def commands(block: Block) -> list[str]:
    lines = [line.partition(" #")[0].strip() for line in block.text.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("block", blocks("sh", "bash"), ids=str)
def test_commands_are_known_and_run(block: Block, reader: Path) -> None:
    """Targets of make are there, commands of noord have these options, and what only reads is run."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for command in commands(block):
        words = shlex.split(command)
        if words[0] == "make":
            assert words[1] in targets, command
            continue
        if words[0].endswith("noord"):
            _understands(words[1:])
        reads = words[0] == "duckdb" or words[1:2] in (["status"], ["releases"]) or words[1:3] == ["inbox", "list"]
        if block.is_run and (reads or words[0].endswith("python")):
            done = run(["bash", "-c", command], reader)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            assert done.stdout.strip(), command


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


def test_blocks_that_are_not_run_are_few_and_say_why() -> None:
    found = [block for block in blocks("sh", "bash", "python", "sql", "r") if not block.is_run]
    assert all(len(block.remark) > 20 for block in found)
    assert len(found) == NOT_RUN, [str(block) for block in found]


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


def test_a_newcomer_finds_everything_in_five_minutes(reader: Path) -> None:
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
