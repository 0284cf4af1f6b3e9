"""The section of ``docs/feeds.md`` on a partner's contract: columns, period, area, measures, protection and examples.

Belongs here: sentences made of a contract, and nothing that a contract does not say. Does not belong here: what its words
mean (`sources.contracts`) and how a partner is helped to its first delivery (docs/partners.md).
"""

from __future__ import annotations

from collections.abc import Iterator

from sources.contracts import Column, DeliveredPeriod, DisclosureRule, Example, PartnerFeed, PartnerMeasure
from sources.doc_words import KINDS, cadence, cell, missing, number

_COLUMNS = {
    "text": "text",
    "category": "one of a list",
    "count": "whole number",
    "number": "number",
    "date": "day",
    "year": "year or school year",
    "month": "month",
    "quarter": "quarter",
    "term": "third of a school year (1, 2 or 3)",
    "area": "code or name of a wijk or buurt",
    "postcode": "postcode, of which four digits are kept",
    "school": "BRIN code",
    "pseudonym": "keyed hash, counted and never kept",
    "key": "number of a case, counted and never kept",
}
_ROWS = {
    "aggregated": "counts; the delivery is kept in the archive",
    "micro": "people or cases; added up in memory, the rows are never kept",
}


def contract_words(feed: PartnerFeed) -> Iterator[str]:
    """Everything of a contract but its title and its expectations, as lines of Markdown."""
    yield from _facts(feed)
    yield ""
    yield "| column | other headers | holds | required | may hold |"
    yield "|---|---|---|---|---|"
    for name, column in feed.columns.items():
        headers = _names(column.synonyms) or "-"
        required = "yes" if column.required else "no"
        yield f"| `{name}` | {headers} | {_COLUMNS[column.type]} | {required} | {cell(_allowed(column))} |"
    yield ""
    yield "| measure | made of | only rows with | unit | counts |"
    yield "|---|---|---|---|---|"
    for name, measure in feed.measures.items():
        unit = cell(measure.unit or "not stated")
        yield f"| `{name}` | {_made_of(measure)} | {cell(_where(measure))} | {unit} | {measure.counts} |"
    if feed.examples:
        yield ""
        yield "Worked examples:"
        yield ""
        yield from (_example(example) for example in feed.examples)


def _facts(feed: PartnerFeed) -> Iterator[str]:
    yield f"- Partner: [{feed.publisher.name}]({feed.publisher.url}), inbox `{feed.partner}`; [{feed.license.name}]({feed.license.url})"
    yield f"- Page: <{feed.page}>"
    yield f"- Contract: {_versions(feed)}"
    yield f"- Delivery: {cadence(feed)}, up to {feed.cadence.slack_days} days late is fine; {feed.estimate_type} figures"
    yield f"- Way: {_way(feed)}; programme lines: {', '.join(feed.lines)}"
    yield f"- Rows: {_ROWS[feed.rows]}"
    yield f"- Period: {KINDS[feed.period.type]}, from {_period(feed.period)}"
    yield f"- Area: {_area(feed)}; an area without a row is {feed.absent}"
    if feed.dimensions:
        yield f"- Breakdown: {', '.join(f'`{name}`' for name in feed.dimensions)}, each with its total"
    share = feed.thresholds.refused_share
    yield f"- Refused rows: accepted without them up to {share:.0%} of the rows, beyond that the whole delivery is refused"
    yield f"- Protection: {_protection(feed.disclosure)}"
    yield missing(feed)


def _versions(feed: PartnerFeed) -> str:
    now = f"version {feed.version} from {feed.valid_from:%Y-%m-%d}"
    earlier = [f"version {old.version} from {old.valid_from:%Y-%m-%d}" for old in feed.earlier]
    until = f", which comes in up to {feed.grace_days} days after its successor" if earlier else ""
    return f"{now}{', before it ' if earlier else ''}{', '.join(earlier)}{until}"


def _way(feed: PartnerFeed) -> str:
    if feed.pull is None:
        sheet = f", sheet «{feed.sheet}»" if feed.sheet else ""
        return f"{feed.format.upper()} files named `{feed.file_name}`{sheet}"
    months = f"the newest {feed.pull.window_months} months each time"
    return f"fetched from <{feed.pull.url}> with the key in `{feed.pull.key_env}`, {months}"


def _period(period: DeliveredPeriod) -> str:
    if period.date:
        return f"column `{period.date}`"
    parts = [name for name in (period.year, period.quarter, period.month, period.term) if name]
    columns = " and ".join(f"`{name}`" for name in parts)
    by_name = "" if period.year else "the name of the file"
    school = ", years begin in August" if period.is_school_year else ""
    return " and ".join(text for text in (f"column {columns}" if columns else "", by_name) if text) + school


def _area(feed: PartnerFeed) -> str:
    area = feed.area
    kind = {"school": "school, placed in its wijk", "postcode": "postcode of four digits"}.get(area.kind, area.kind)
    beside = [f"location `{area.location}`"] if area.location else []
    beside += [f"name `{area.name}`, which must agree with the code"] if area.name else []
    return ", ".join([f"column `{area.column}` ({kind})", *beside])


def _protection(rule: DisclosureRule) -> str:
    return (
        f"counts from 1 up to {rule.least_count - 1} are hidden, others rounded to {rule.rounding}; no share or rate on fewer than "
        f"{rule.least_denominator}, in an area of fewer than {rule.least_population} inhabitants, or above {rule.most_share:.0%}"
    )


def _allowed(column: Column) -> str:
    if column.values:
        return ", ".join(f"`{label}`" + (f" ({_names(also)})" if also else "") for label, also in column.values.items())
    bounds = [f"from {number(column.least)}"] if column.least is not None else []
    bounds += [f"up to {number(column.most)}"] if column.most is not None else []
    return " ".join(bounds) or "-"


def _made_of(measure: PartnerMeasure) -> str:
    if measure.rows:
        return "number of rows"
    if measure.distinct:
        return f"different values of `{measure.distinct}`"
    return f"`{measure.column}`" + (f" × `{measure.times}`" if measure.times else "")


def _where(measure: PartnerMeasure) -> str:
    return "; ".join(f"`{name}` {_names(labels)}" for name, labels in measure.where.items()) or "-"


def _example(example: Example) -> str:
    counts = f"{example.delivered} rows delivered, {example.accepted} accepted"
    refused = ", ".join(f"`{rule}` {rows}" for rule, rows in example.refused.items())
    decision = example.decision.replace("_", " ")
    return (
        f"- `{example.file}`: {cell(example.shows)} ({decision}; {counts}{'; refused ' + refused if refused else ''})"
    )


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{cell(name)}`" for name in names)
