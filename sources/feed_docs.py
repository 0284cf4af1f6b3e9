"""``docs/feeds.md``: what each feed file says, for people.

Belongs here: sentences made of feed files, and nothing that a feed file does not say. Does not belong here: what the
words of a feed file mean (`sources.registry`) or the columns of a release (publication).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sources.feed import Expectation, Table
from sources.registry import CbsOdata3Feed, CbsOdata4Feed, Dimension, Feed, Measure, OgcFeaturesFeed, Period, Registry

DOCS_FILE = Path(__file__).parents[1] / "docs" / "feeds.md"
_DOORS = {
    "cbs_odata3": "OData 3 of CBS",
    "cbs_odata4": "OData 4 of CBS",
    "ckan": "CKAN action API",
    "download": "file download",
    "ogc_features": "OGC API Features",
}
_KINDS = {"JJ": "years", "KW": "quarters", "MM": "months", "HJ": "half-years", "SJ": "school years"}
_EVERY = {"two_yearly": "every two years", "four_yearly": "every four years", "half_yearly": "every half-year"}
_SEVERITY = {"block": "a failure holds the delivery", "warn": "a failure is a warning"}


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
            f"| [{feed.id}](#{feed.id}) | {_cell(feed.title)} | {feed.publisher.name} | {', '.join(feed.lines)} | {_cadence(feed)} |"
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
    yield from _facts(feed)
    yield ""
    yield "| measure | publisher's column | unit | topic group | required |"
    yield "|---|---|---|---|---|"
    for name, measure in feed.measures.items():
        columns = " or ".join(f"`{stem}`" for stem in measure.stem)
        group = " or ".join(measure.group or ()) or "-"
        yield f"| `{name}` | {columns} | {_cell(measure.unit or 'not stated')} | {_cell(group)} | {_required(measure)} |"
    yield ""
    yield "What a delivery must satisfy:"
    yield ""
    for expectation in feed.expectations:
        yield f"- {_cell(_sentence(expectation))} (`{expectation.check_name}`; {_SEVERITY[expectation.severity]})"


def _facts(feed: Feed) -> Iterator[str]:
    yield f"- Publisher: [{feed.publisher.name}]({feed.publisher.url}), [{feed.license.name}]({feed.license.url})"
    yield f"- Page: <{feed.page}>"
    yield f"- Publication: {_cadence(feed)}, up to {feed.cadence.slack_days} days late is fine; {feed.estimate_type} figures"
    yield f"- Interface: {_DOORS[feed.protocol]}; programme lines: {', '.join(feed.lines)}"
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
    markers = ", ".join(f"`{marker}`" if marker else "an empty cell" for marker in feed.missing)
    below = "" if feed.missing_below is None else f", and numbers below {feed.missing_below:g}"
    yield f"- Missing is written as: {markers}{below}"


def _members(dimension: Dimension) -> str:
    if dimension.titles:
        return ", ".join(f"`{label}` ({' or '.join(titles)})" for label, titles in dimension.titles.items())
    return ", ".join(f"`{member}`" for member in dimension.keep) or "every member"


def _cadence(feed: Feed) -> str:
    return _EVERY.get(feed.cadence.expected, feed.cadence.expected)


def _table(table: Table) -> str:
    marks = [word for word, is_so in (("provisional", table.provisional), ("superseded", table.superseded)) if is_so]
    return f"{table.id} ({', '.join([str(table.year), *marks])})"


def _period(period: Period) -> str:
    if period.source == "table_year":
        return f"the year of the table, stored as {_KINDS[period.type]}"
    if period.source == "column":
        return f"column `{period.column}`, stored as {_KINDS[period.type]}"
    kinds = " and ".join(_KINDS[kind] for kind in period.keep) or "every kind of period"
    stored = f", stored as {_KINDS[period.stored_as]}" if period.stored_as else ""
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


def _sentence(expectation: Expectation) -> str:
    if expectation.description:
        return expectation.description.rstrip(".")
    subject = f"`{expectation.column}`" if expectation.column else ""
    share = "" if expectation.mostly is None else f" in at least {expectation.mostly:.0%} of rows"
    sentences = {
        "expect_column_values_to_be_between": f"{subject} is {_range(expectation)}{share}",
        "expect_column_values_to_not_be_null": f"{subject} is filled{share or ' in each row'}",
        "expect_column_values_to_be_in_set": f"{subject} is one of {_listed(expectation.value_set)}{share}",
        "expect_column_distinct_values_to_equal_set": f"{subject} has exactly the members {_listed(expectation.value_set)}",
        "expect_compound_columns_to_be_unique": f"each combination of {_listed(expectation.column_list)} comes once",
        "expect_table_row_count_to_be_between": f"the number of rows is {_range(expectation)}",
    }
    return sentences[expectation.type]


def _range(expectation: Expectation) -> str:
    low, high = expectation.min_value, expectation.max_value
    if low is None or high is None:
        return f"at least {_number(low)}" if low is not None else f"at most {_number(high)}"
    return f"from {_number(low)} up to {_number(high)}"


def _number(value: float | None) -> str:
    return "any number" if value is None else f"{value:,.10g}"


def _listed(values: Sequence[object] | None) -> str:
    return ", ".join(f"`{value}`" for value in values or ())


def _cell(text: str) -> str:
    """Text that can stand in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
