"""``docs/feeds.md``: what each feed file says, for people.

Belongs here: sentences made of feed files, and nothing that a feed file does not say. Does not belong here: what the
words of a feed file mean (`sources.registry`), the section of a partner's contract (`sources.contract_docs`) or the columns
of a release (publication).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sources.contract_docs import contract_words
from sources.contracts import PartnerFeed
from sources.doc_words import KINDS, SEVERITY, cadence, cell, missing, sentence
from sources.feed import Table
from sources.registry import (
    CbsOdata3Feed,
    CbsOdata4Feed,
    CkanFeed,
    Dimension,
    DownloadFeed,
    Feed,
    Measure,
    OgcFeaturesFeed,
    Period,
    PublishedFeed,
    Registry,
)

DOCS_FILE = Path(__file__).parents[1] / "docs" / "feeds.md"
_DOORS: Mapping[type[PublishedFeed], str] = {
    CbsOdata3Feed: "OData 3 of CBS",
    CbsOdata4Feed: "OData 4 of CBS",
    CkanFeed: "CKAN action API",
    DownloadFeed: "file download",
    OgcFeaturesFeed: "OGC API Features",
}


def feeds_document(registry: Registry) -> str:
    """The whole of ``docs/feeds.md``: a table of contents, then a section for each feed in the order of ids."""
    lines = [
        "# Feeds",
        "",
        "Made from the feed files in `sources/feeds/` by `noord feeds --write-docs`; change those, not this. Titles and",
        "descriptions are in Dutch, as residents and the catalogue see them.",
        "",
        "| feed | title | publisher | lines | cadence |",
        "|---|---|---|---|---|",
        *(
            f"| [{feed.id}](#{feed.id}) | {cell(feed.title)} | {feed.publisher.name} | {', '.join(feed.lines)} | {cadence(feed)} |"
            for feed in registry.values()
        ),
    ]
    for feed in registry.values():
        lines += ["", *_section(feed)]
    return "\n".join(lines) + "\n"


def _section(feed: Feed) -> Iterator[str]:
    yield f"## {feed.id}"
    yield ""
    yield f"**{feed.title}.** {feed.description}"
    yield ""
    yield from contract_words(feed) if isinstance(feed, PartnerFeed) else _published_words(feed)
    yield ""
    yield "What a delivery must satisfy:"
    yield ""
    for expectation in feed.expectations:
        yield f"- {cell(sentence(expectation))} (`{expectation.check_name}`; {SEVERITY[expectation.severity]})"


def _published_words(feed: PublishedFeed) -> Iterator[str]:
    yield from _facts(feed)
    yield ""
    yield "| measure | publisher's column | unit | topic group | required |"
    yield "|---|---|---|---|---|"
    for name, measure in feed.measures.items():
        columns = " or ".join(f"`{stem}`" for stem in measure.stem)
        group = " or ".join(measure.group or ()) or "-"
        yield f"| `{name}` | {columns} | {cell(measure.unit or 'not stated')} | {cell(group)} | {_required(measure)} |"


def _facts(feed: PublishedFeed) -> Iterator[str]:
    yield f"- Publisher: [{feed.publisher.name}]({feed.publisher.url}), [{feed.license.name}]({feed.license.url})"
    yield f"- Page: <{feed.page}>"
    yield f"- Publication: {cadence(feed)}, up to {feed.cadence.slack_days} days late is fine; {feed.estimate_type} figures"
    yield f"- Interface: {_DOORS[type(feed)]}; programme lines: {', '.join(feed.lines)}"
    yield f"- Tables (year of the division of areas): {', '.join(_table(table) for table in feed.tables)}"
    discover = feed.discover if isinstance(feed, (CbsOdata3Feed, CbsOdata4Feed)) else None
    if discover is not None:
        older = f", and older ones from {discover.from_year}" if discover.from_year else ""
        yield f"- Next tables are found in the catalogue by the title «{discover.title_contains}»{older}"
    yield f"- Period: {_period(feed.period)}"
    for dimension in feed.dimensions:
        yield f"- Dimension {' or '.join(f'`{name}`' for name in dimension.names)}: {_members(dimension)}"
    for name, attribute in feed.attributes.items():
        group = f", under {' or '.join(attribute.group)}" if attribute.group else ""
        yield f"- Attribute `{name}`: {' or '.join(f'`{stem}`' for stem in attribute.stem)}{group}"
    if isinstance(feed, OgcFeaturesFeed) and feed.tolerance_m:
        yield f"- Polygons: simplified by {feed.tolerance_m:g} metres, outer rings clockwise"
    yield missing(feed)


def _members(dimension: Dimension) -> str:
    if dimension.titles:
        return ", ".join(f"`{label}` ({' or '.join(titles)})" for label, titles in dimension.titles.items())
    return ", ".join(f"`{member}`" for member in dimension.keep) or "every member"


def _table(table: Table) -> str:
    marks = [word for word, is_so in (("provisional", table.provisional), ("superseded", table.superseded)) if is_so]
    return f"{table.id} ({', '.join([str(table.year), *marks])})"


def _period(period: Period) -> str:
    if period.source == "table_year":
        return f"the year of the table, stored as {KINDS[period.type]}"
    if period.source == "column":
        return f"column `{period.column}`, stored as {KINDS[period.type]}"
    kinds = " and ".join(KINDS[kind] for kind in period.keep) or "every kind of period"
    stored = f", stored as {KINDS[period.stored_as]}" if period.stored_as else ""
    sliced = f", a delivery per calendar year, {period.repull_months} months anew each time" if period.slice else ""
    return f"dimension `{period.dimension}`: {kinds}{stored}{sliced}"


def _required(measure: Measure) -> str:
    if isinstance(measure.required, bool):
        return "in every table" if measure.required else "no"
    first, last = measure.required.first, measure.required.last
    if first == 0 and last == 9999:
        return "in every table"
    if last == 9999:
        return f"from {first}"
    return f"up to {last}" if first == 0 else f"{first}–{last}"
