"""The ``noord`` command.

Belongs here: options, exit codes and the showing of progress. Does not belong here: work; each command calls one
function of the package that does it.

Exit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 done but a feed is held.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click
from rich.console import Console

from sources.environment import Environment, declare_environment, read_day
from sources.errors import ConfigurationError, NoordError
from sources.registry import Registry, load_registry

HELD = 3
console = Console()

feeds_option = click.option(
    "--feeds",
    default="sample",
    show_default=True,
    metavar="sample|live|PATH",
    help="The environment; PATH is a recorded archive.",
)


def _day(_context: click.Context, _option: click.Parameter, text: str | None) -> date | None:
    return read_day(text) if text else None


known_option = click.option(
    "--as-known-on",
    "known_on",
    callback=_day,
    metavar="DATE",
    help="Stand still at the end of this day: read what had come in by then, from landing alone.",
)


class _Commands(click.Group):
    """Turns the errors that are meant for people into one message and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            click.echo(f"noord: {error}", err=True)
            ctx.exit(2)
        except NoordError as error:
            click.echo(f"noord: {error}", err=True)
            ctx.exit(1)


@click.group(cls=_Commands)
def main() -> None:
    """The data warehouse of Heerlen-Noord: fetch, check, build and release."""


@main.command()
@feeds_option
@known_option
@click.option("--only", multiple=True, metavar="FEED", help="Fetch only this feed; may be given more than once.")
@click.option("--tables", multiple=True, metavar="TABLE", help="Fetch only these tables of the feeds.")
@click.option("--force", is_flag=True, help="Download everything again.")
def run(feeds: str, known_on: date | None, only: tuple[str, ...], tables: tuple[str, ...], force: bool) -> None:
    """Bring the warehouse up to date and release it."""
    from orchestration.report import run_report
    from orchestration.run import refresh

    environment, registry = _opened(feeds, known_on)
    with _progress() as progress:
        result = refresh(environment, registry, feeds, only=only, tables=tables, force=force, progress=progress)
    run_report(console, environment, result)
    if result.outcome == "failed":
        sys.exit(1)
    if result.held:
        sys.exit(HELD)


@main.command()
@feeds_option
@known_option
def status(feeds: str, known_on: date | None) -> None:
    """What stands in the warehouse, per feed."""
    from orchestration.report import status_report

    environment, registry = _opened(feeds, known_on)
    status_report(console, environment, registry)


@main.command()
@click.option("--write-schema", is_flag=True, help="Write the JSON Schema of feed files for editors.")
@click.option("--write-docs", is_flag=True, help="Write docs/feeds.md from the feed files.")
def feeds(write_schema: bool, write_docs: bool) -> None:
    """The feeds of the registry."""
    from orchestration.report import feeds_report
    from sources.feed_docs import DOCS_FILE, feeds_document
    from sources.registry import SCHEMA_FILE, json_schema

    if write_schema:
        SCHEMA_FILE.write_text(json_schema(), encoding="utf-8")
        console.print(f"Wrote {SCHEMA_FILE}")
    if write_docs:
        DOCS_FILE.write_text(feeds_document(load_registry()), encoding="utf-8")
        console.print(f"Wrote {DOCS_FILE}")
    if not (write_schema or write_docs):
        feeds_report(console, load_registry())


@main.command()
@feeds_option
@known_option
def releases(feeds: str, known_on: date | None) -> None:
    """The releases that are kept, newest first."""
    from orchestration.report import releases_report
    from publication.release import list_releases

    releases_report(console, list_releases(declare_environment(feeds, known_on=known_on)))


@main.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@feeds_option
@known_option
def diff(old: str, new: str, feeds: str, known_on: date | None) -> None:
    """What release NEW changes of release OLD."""
    from orchestration.report import changes_report
    from publication.change_report import compare
    from publication.release import find_release

    environment = declare_environment(feeds, known_on=known_on)
    changes_report(console, compare(find_release(environment, old), find_release(environment, new)))


@main.command()
@click.argument("release_id")
@feeds_option
@known_option
def rollback(release_id: str, feeds: str, known_on: date | None) -> None:
    """Make an earlier release the current one."""
    from publication.release import rollback as roll_back
    from sources.warehouse import writer_lock

    environment = declare_environment(feeds, known_on=known_on)
    with writer_lock(environment, wait_seconds=60):
        release = roll_back(environment, release_id)
    console.print(f"Release {release.id} is current again. The next run with news makes a new release.")


@main.command()
@click.argument("archive", type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="FEED", help="Record only this feed; may be given more than once.")
def record(archive: Path, only: tuple[str, ...]) -> None:
    """Fetch everything live and keep what was received in ARCHIVE (*.warc.gz)."""
    from sources.recording import record_feeds

    environment, registry = _opened("live")
    with _progress() as progress:
        problems = record_feeds(environment, registry, archive, only=only, progress=progress)
    for problem in problems:
        console.print(f"not recorded: {problem}", soft_wrap=True)
    console.print(f"Recorded in {archive}; replay it with: noord run --feeds {archive}", soft_wrap=True)
    if problems:
        sys.exit(HELD)


@main.command()
@feeds_option
@known_option
@click.option("--port", default=3000, show_default=True, help="Port on 127.0.0.1.")
def ui(feeds: str, known_on: date | None, port: int) -> None:
    """Open the lineage UI on 127.0.0.1."""
    from orchestration.dbt import ensure_manifest
    from orchestration.instance import process_settings

    environment = declare_environment(feeds, known_on=known_on)
    ensure_manifest()
    settings = os.environ | process_settings(environment, feeds)
    workspace = Path(__file__).parents[1] / "workspace.yaml"
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)]
    console.print(f"Lineage UI of environment {environment.name}: http://127.0.0.1:{port}")
    # Replaces this process, so that stopping it stops the servers.
    os.execve(sys.executable, command, settings)


@main.group(cls=_Commands)
def inbox() -> None:
    """Deliveries of partners: hand one over, see what waits and what became of each."""


@inbox.command("add")
@click.argument("feed_id", metavar="FEED")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@feeds_option
def inbox_add(feed_id: str, files: tuple[Path, ...], feeds: str) -> None:
    """Hand FILEs over as deliveries of FEED; the next run takes them in."""
    from sources.partners.inbox import add_file, partner_feed

    environment, registry = _opened(feeds)
    feed = partner_feed(registry, feed_id)
    for path in files:
        console.print(
            f"Delivery {add_file(environment, feed, path).delivery_id} waits for the next run.", soft_wrap=True
        )


@inbox.command("list")
@feeds_option
@click.option("--all", "everything", is_flag=True, help="Every delivery that was decided, not only the newest.")
def inbox_list(feeds: str, everything: bool) -> None:
    """What waits in the inboxes, and what became of what came in."""
    from orchestration.partner_report import deliveries_report, waiting_report
    from sources.partners.inbox import ensure_inbox, look, partner_feeds
    from sources.partners.quarantine import undecided
    from sources.partners.register import Register

    environment, registry = _opened(feeds)
    for partner in {feed.partner for feed in partner_feeds(registry)}:
        ensure_inbox(environment, partner)
    register = Register(environment)
    register.verify()
    deliveries = register.deliveries()
    claims = undecided(environment, {delivery.delivery_id for delivery in deliveries})
    waiting_report(console, environment, look(environment, partner_feeds(registry)), claims)
    deliveries_report(console, deliveries if everything else deliveries[-20:], len(deliveries))


@inbox.command("report")
@click.argument("delivery_id", metavar="DELIVERY")
@feeds_option
def inbox_report(delivery_id: str, feeds: str) -> None:
    """Where the report of DELIVERY is, and what it says in short."""
    from orchestration.partner_report import delivery_report
    from sources.partners.register import Register

    environment = declare_environment(feeds)
    found = [d for d in Register(environment).deliveries() if d.delivery_id == delivery_id]
    if not found:
        raise ConfigurationError(
            f"There is no delivery '{delivery_id}' in {environment.register}. Expected: a number that noord inbox list shows."
        )
    delivery_report(console, environment, found[0])


@main.command()
@feeds_option
@click.option("--apply", "is_applied", is_flag=True, help="Take away what is past its time.")
def retention(feeds: str, is_applied: bool) -> None:
    """What partners delivered and is past the time that it is kept."""
    from orchestration.partner_report import retention_report
    from sources.partners.retention import find_expired, read_rules, remove_expired
    from sources.warehouse import writer_lock

    environment, registry = _opened(feeds)
    rules = read_rules()
    with writer_lock(environment, wait_seconds=60):
        expired = [(rule, find_expired(environment, registry, rule)) for rule in rules]
        retention_report(console, expired, is_applied=is_applied)
        for rule, things in expired if is_applied else ():
            remove_expired(environment, rule, things)


def _opened(feeds: str, known_on: date | None = None) -> tuple[Environment, Registry]:
    return declare_environment(feeds, known_on=known_on), load_registry()


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A moving line in a terminal, plain lines elsewhere."""
    if console.is_terminal:
        with console.status("starting") as moving:
            yield moving.update
    else:
        yield lambda text: console.print(text, soft_wrap=True)
