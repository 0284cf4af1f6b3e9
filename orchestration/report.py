"""What a person reads in the terminal.

Belongs here: tables and sentences on what a run, the feeds and the releases are. Does not belong here: deciding
anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.run import RunResult
from publication.change_report import MOST_ROWS, Revised, Summary, number
from publication.release import Release
from sources import warehouse
from sources.environment import Environment
from sources.protocols.cells import quote
from sources.registry import Registry

_LINES = ("leren", "werken", "gezondheid", "wonen", "veiligheid")


def run_report(console: Console, environment: Environment, result: RunResult) -> None:
    """The end of a run: a table per line, what is held, where the release is."""
    if result.release is not None and result.outcome != "failed":
        console.print(_line_table(environment, result.release))
        if result.outcome == "released":
            console.print(_revisions_sentence(result.release), soft_wrap=True)
    for feed_id, problem in result.held.items():
        console.print(f"[bold]held[/] {feed_id}: {problem}", soft_wrap=True)
    for message in result.failures:
        console.print(f"[bold]failed[/] {message}", soft_wrap=True)
    console.print(_closing_sentence(environment, result), soft_wrap=True)


def _closing_sentence(environment: Environment, result: RunResult) -> str:
    place = environment.current / "monitor.duckdb"
    if result.outcome == "failed":
        kept = f"The current release stays: {result.release.id}." if result.release else "There is no release yet."
        return f"The run failed. {kept}"
    assert result.release is not None
    if result.outcome == "unchanged":
        return f"Nothing changed: nothing was downloaded and no release was made. Release {result.release.id} stands in {place}."
    known = f", as known on {environment.known_on}" if environment.known_on else ""
    sample = " These are SAMPLE figures, made up for demonstration." if environment.data_origin == "sample" else ""
    return f"Release {result.release.id} stands in {place}{known}.{sample}"


def _revisions_sentence(release: Release) -> str:
    if release.previous is None:
        return "This is the first release, so no figure was revised."
    with warehouse.connect(release.path / "monitor.duckdb", read_only=True) as monitor:
        counts = dict(monitor.execute("SELECT change, count(*) FROM meta.revisions GROUP BY ALL").fetchall())
    words = ", ".join(
        f"{counts.get(change, 0):,} {text}"
        for change, text in (
            ("revised", "revised"),
            ("withdrawn", "withdrawn"),
            ("status_changed", "with another status"),
        )
    )
    return f"Changed since release {release.previous}: {words} (meta.revisions)."


def _line_table(environment: Environment, release: Release) -> Table:
    table = Table(title=f"{environment.name}: release {release.id}", title_justify="left")
    for heading in ("line", "indicators", "areas", "periods", "rows", "values", "held", "warned"):
        table.add_column(
            heading, justify="left" if heading in ("line", "held") else "right", no_wrap=heading != "held", min_width=4
        )
    with warehouse.connect(release.path / "monitor.duckdb", read_only=True) as monitor:
        held = monitor.execute(
            "SELECT subject FROM meta.checks WHERE check_name = 'delivery' AND NOT passed"
        ).fetchall()
        for line in _LINES:
            counts = monitor.execute(
                f"""SELECT count(DISTINCT indicator_code), count(DISTINCT area_code), count(DISTINCT period_start),
                count(*), count(value) FROM {line}.indicator_values"""
            ).fetchall()[0]
            feeds = monitor.execute("SELECT feed_id FROM meta.feeds WHERE list_contains(lines, ?)", [line]).fetchall()
            here = sorted({feed for (feed,) in feeds} & {feed for (feed,) in held})
            warnings = monitor.execute(
                """SELECT count(*) FROM meta.checks WHERE NOT passed AND severity = 'warn'
                AND (subject IN (SELECT feed_id FROM meta.feeds WHERE list_contains(lines, $line)) OR starts_with(subject, $line))""",
                {"line": line},
            ).fetchall()[0][0]
            table.add_row(line, *(f"{count:,}" for count in counts), ", ".join(here) or "-", str(warnings))
    return table


def feeds_report(console: Console, registry: Registry) -> None:
    """The registry as a table."""
    table = Table(title="Feeds", title_justify="left")
    for heading in ("feed", "publisher", "lines", "protocol", "tables", "cadence", "licence"):
        table.add_column(heading)
    for feed in registry.values():
        lines = ", ".join(feed.lines)
        table.add_row(
            feed.id,
            feed.publisher.name,
            lines,
            feed.protocol,
            str(len(feed.tables)),
            feed.cadence.expected,
            feed.license.name,
        )
    console.print(table)


def status_report(console: Console, environment: Environment, registry: Registry) -> None:
    """Per feed: what stands in the warehouse, and whether its newest delivery is held."""
    table = Table(title=f"{environment.name}: {environment.home}", title_justify="left")
    for heading in ("feed", "tables", "rows", "newest period", "retrieved (UTC)", "state"):
        table.add_column(heading, justify="right" if heading in ("tables", "rows") else "left")
    for feed_id in registry:
        table.add_row(feed_id, *_feed_state(environment, feed_id))
    console.print(table)


def _feed_state(environment: Environment, feed_id: str) -> Sequence[str]:
    standing = warehouse.standing_of(environment, feed_id)
    state = f"held: {standing.held}" if standing.held else ("ok" if standing.snapshots else "never delivered")
    if not standing.snapshots:
        return ("0", "0", "", "", state)
    with warehouse.connect(environment.warehouse, read_only=True) as connection:
        rows, newest = connection.execute(f"SELECT count(*), max(period_code) FROM raw.{quote(feed_id)}").fetchall()[0]
        retrieved = connection.execute(
            "SELECT strftime(max(retrieved_at), '%Y-%m-%d %H:%M') FROM control.snapshots WHERE feed_id = ?", [feed_id]
        ).fetchall()[0][0]
    return (str(len(standing.snapshots)), f"{rows:,}", str(newest), str(retrieved), state)


def releases_report(console: Console, releases: Sequence[Release]) -> None:
    """The releases, newest first."""
    table = Table(title="Releases", title_justify="left")
    for heading in ("release", "made (UTC)", "origin", "size", "current"):
        table.add_column(heading)
    for release in releases:
        made = release.created_at.strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(
            release.id, made, release.data_origin, f"{release.bytes / 1e6:.1f} MB", "yes" if release.is_current else ""
        )
    console.print(table)


def changes_report(console: Console, summary: Summary) -> None:
    """What one release changes of another: the tables of changes.html, with the words of meta.changes."""
    console.print(
        f"Release {summary.new_id} beside release {summary.old_id}.{' SAMPLE figures.' if summary.mark else ''}"
    )
    if summary.is_empty:
        console.print("Nothing changed.")
    _changes_table(
        console,
        "Verdicts that flipped",
        ("line", "indicator", "area", "period from", "beside", "was", "is", "cause"),
        [(r.line, r.indicator_code, r.area, r.period, r.comparator, r.old, r.new, r.cause) for r in summary.flipped],
    )
    _changes_table(
        console,
        "Figures revised, and the largest difference",
        ("line", "indicator", "change", "cause", "figures", "area", "period from", "was", "is", "%"),
        [(r.line, r.indicator_code, r.change, r.cause, f"{r.figures:,}", *_largest(r)) for r in summary.revised],
    )
    _changes_table(
        console,
        "Figures added",
        ("line", "indicator", "period type", "newest from", "figures"),
        [(r.line, r.indicator_code, r.period_type, r.newest, f"{r.figures:,}") for r in summary.added],
    )
    for title, changes in (("Indicators", summary.indicators), ("Tables and columns", summary.schema)):
        rows = [(c.name, c.change, c.label, c.old, c.new) for c in changes]
        _changes_table(console, title, ("name", "change", "column", "was", "is"), rows)


def _largest(revised: Revised) -> tuple[str, ...]:
    """The largest difference of figures that were revised; of hidden or withdrawn ones there is none to tell."""
    if revised.change != "figure_revised":
        return ("",) * 5
    numbers = (number(revised.old_value), number(revised.new_value), number(revised.difference_pct, 3))
    return (revised.area, revised.period, *numbers)


def _changes_table(console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    table = Table(*headings, title=f"{title}: {len(rows):,}", title_justify="left")
    for row in rows[:MOST_ROWS]:
        table.add_row(*(escape(cell) for cell in row))
    console.print(table)
    if len(rows) > MOST_ROWS:
        console.print(f"{len(rows) - MOST_ROWS:,} more rows.")
