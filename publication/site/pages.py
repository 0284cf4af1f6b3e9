"""Which figures stand on which page.

Belongs here: choosing and ordering rows for the templates. Nothing is ranked: indicators go by code, areas by code, and
wijken carry their buurten. Does not belong here: words, pictures, or any computation on a figure beyond counting rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from markupsafe import Markup

from publication.change_report import Flipped, Summary
from publication.site import charts, maps, words
from publication.site.reading import (
    CITY,
    COUNTRY,
    LARGE_AREAS,
    NOORD,
    REST,
    Activity,
    Area,
    EarlySignal,
    Figure,
    Indicator,
    Monitor,
    Progress,
)

# The indicator that opens each line on the start page: about a daily life, with an interval, years and a comparator.
HEADLINES = {
    "leren": ("LER_ADVIES_HAVO_PLUS",),
    "werken": ("WER_BIJSTAND",),
    "gezondheid": ("GEZ_ERVAREN_GEZONDHEID",),
    "wonen": ("WON_LEEGSTAND",),
    "veiligheid": ("VEI_MISDRIJVEN",),
}
LINE_WORDS = {
    "leren": ("Leren", "Learning", "Kinderen leren wat bij hen past en halen een diploma."),
    "werken": ("Werken", "Work", "Wie kan werken heeft werk, en een gezin kan ervan leven."),
    "gezondheid": ("Gezondheid", "Health", "Mensen zijn gezond en voelen zich goed."),
    "wonen": ("Wonen", "Housing", "Iedereen woont in een goed huis in een prettige buurt."),
    "veiligheid": ("Veiligheid", "Safety", "Mensen zijn veilig en voelen zich veilig."),
}
# A quarter has hundreds of activities, so a page shows a year; the CSV has them all.
_PERIODS_SHOWN = 4
# A map needs most of its areas; with fewer a table says it better.
_LEAST_ON_MAP = {"buurt": 10, "wijk": 5}
# Rows of a table of changes; what does not fit stands in its CSV and in the release's own files.
_MOST_CHANGES = 200
_YEARLY = ("year", "school_year")


@dataclass(frozen=True)
class Page:
    """A page to write: its address within the site, its template and what the template gets.

    `shown` are the figures on it, from which its oldest and newest date follow; `line` is the line that it belongs to.
    """

    address: str
    template: str
    title: str
    title_en: str
    context: dict[str, Any]
    shown: Sequence[Figure | EarlySignal | Activity] = field(default=())

    line: str | None = None

    @property
    def root(self) -> str:
        return "../" * self.address.count("/")

    @property
    def ages(self) -> tuple[date, date] | None:
        ends = [row.period_end for row in self.shown if isinstance(row, Activity) or row.value is not None]
        return (min(ends), max(ends)) if ends else None


@dataclass(frozen=True)
class Row:
    """A line of a table: an indicator of an area, its newest figure, and the newer one that is still empty."""

    indicator: Indicator
    area: Area
    figure: Figure
    pending: Figure | None


@dataclass(frozen=True)
class Picture:
    """A chart with the rows of the table beside it."""

    svg: Markup
    title: str
    indicator: Indicator
    area: Area
    series: Sequence[charts.Series]

    @property
    def table(self) -> list[tuple[Figure, list[Figure | None]]]:
        """The first series' figures, each with those of the others in the same period; newest first."""
        first, *others = self.series
        by_start = [{figure.period_start: figure for figure in one.figures} for one in others]
        return [(figure, [found.get(figure.period_start) for found in by_start]) for figure in first.figures[::-1]]


def all_pages(monitor: Monitor, earlier: Sequence[tuple[str, str]]) -> Iterator[Page]:
    """Every page of the site; `earlier` are the ids and days of the releases before."""
    yield _start(monitor)
    for line in monitor.lines:
        yield _line(monitor, line)
    yield _areas(monitor)
    for area in monitor.pages:
        yield _area(monitor, area)
    base = maps.base_map(monitor)
    for indicator in monitor.indicators.values():
        yield _indicator(monitor, indicator, base)
    yield _children(monitor)
    yield _connections(monitor)
    yield _signals(monitor)
    if has_activities(monitor):
        yield _activities(monitor)
    yield _data(monitor)
    yield _releases(monitor, earlier)
    yield Page("toegankelijkheid.html", "accessibility", "Toegankelijkheid", "Accessibility", {})
    yield Page("zoeken.html", "search", "Zoeken", "Search", {"entries": _entries(monitor)})


def has_activities(monitor: Monitor) -> bool:
    return "programma.activities" in monitor.has


def row_of(monitor: Monitor, indicator: Indicator, area: Area) -> Row | None:
    figure = monitor.newest(indicator.code, area.code)
    return None if figure is None else Row(indicator, area, figure, monitor.pending(indicator.code, area.code))


def _rows(monitor: Monitor, indicators: Iterable[Indicator], area: Area | None) -> list[Row]:
    if area is None:
        return []
    found = (row_of(monitor, indicator, area) for indicator in indicators)
    return [row for row in found if row is not None]


def _figures(rows: Iterable[Row]) -> list[Figure]:
    return [row.figure for row in rows]


def newest_signals(monitor: Monitor, line: str | None = None) -> list[tuple[Indicator, EarlySignal, list[EarlySignal]]]:
    """The newest early signal of each indicator, with its series; only figures of the newest twelve months of them all."""
    found = []
    for code, rows in monitor.signals.items():
        indicator = monitor.indicators.get(code)
        newest = [row for row in rows if row.is_newest]
        if indicator is not None and newest and line in (None, indicator.line):
            last = newest[-1]
            found.append((indicator, last, [row for row in rows if row.period_type == last.period_type]))
    return found


def _moved(signals: Iterable[tuple[Indicator, EarlySignal, Any]]) -> list[tuple[Indicator, EarlySignal]]:
    return [(indicator, row) for indicator, row, _ in signals if row.signal not in (None, "similar")]


def _start(monitor: Monitor) -> Page:
    noord = monitor.areas.get(NOORD)
    cards: list[dict[str, Any]] = []
    opening: list[Row] = []
    for line in monitor.lines:
        rows = _rows(monitor, monitor.of_line(line), noord)
        heads = [row for row in rows if row.indicator.code in HEADLINES.get(line, ()) and row.figure.value is not None]
        head = heads[0] if heads else next((row for row in rows if row.figure.value is not None), None)
        opening += [head] if head else []
        progress = monitor.progress.get((head.indicator.code, NOORD, COUNTRY)) if head else None
        cards.append(
            {
                "line": line,
                "head": head,
                "progress": progress,
                "bar": charts.progress(f"p-{line}", progress) if progress else None,
                "tally": words.tally(row.figure.national_verdict for row in rows),
            }
        )
    signals = newest_signals(monitor)
    shown: list[Figure | EarlySignal | Activity] = [*_figures(opening), *(row for _, row in _moved(signals))]
    statuses = [row.status for (_, _, other), row in monitor.progress.items() if other == COUNTRY]
    children = _rows(monitor, [monitor.indicators[code] for code in monitor.children], noord)
    context = {
        "children_tally": words.tally(row.figure.national_verdict for row in children),
        "cards": cards,
        "moved": _moved(signals),
        "changes": monitor.changes,
        "flips": [row for row in _flips_of(monitor.changes, NOORD) if not row.group],
        "statuses": [(status, statuses.count(status)) for status in words.STATUSES if status in statuses],
    }
    return Page("index.html", "index", "Waar staat Heerlen-Noord?", "Where does Heerlen-Noord stand?", context, shown)


def _line(monitor: Monitor, line: str) -> Page:
    noord = monitor.areas.get(NOORD)
    indicators = monitor.of_line(line)
    rows = _rows(monitor, indicators, noord)
    buurten = [area.code for area in monitor.areas.values() if area.type == "buurt" and area.in_noord]
    spines = [(row, _spine(monitor, row, buurten)) for row in rows if row.figure.value is not None]
    progress = [
        (monitor.indicators[code], row, charts.progress(f"p-{code}", row))
        for (code, _, other), row in monitor.progress.items()
        if other == COUNTRY and code in monitor.indicators and monitor.indicators[code].line == line
    ]
    trends = [picture for row in rows if (picture := _trend(monitor, row.indicator, noord, small=True)) is not None]
    context: dict[str, Any] = {
        "line": line,
        "spines": spines,
        "empty": [row for row in rows if row.figure.value is None],
        "absent": [item for item in indicators if item.code not in {row.indicator.code for row in rows}],
        "progress": sorted(progress, key=lambda item: item[0].code),
        "trends": trends,
        "signals": newest_signals(monitor, line),
        "tally": words.tally(row.figure.national_verdict for row in rows),
    }
    name, name_en, _ = LINE_WORDS[line]
    shown = [*_figures(rows), *(row for _, row, _ in context["signals"])]
    return Page(f"lijn/{line}.html", "line", name, name_en, context, shown)


def _spine(monitor: Monitor, row: Row, buurten: Sequence[str]) -> Markup:
    start = row.figure.period_start
    others = [
        figure
        for code in buurten
        for figure in monitor.figures.get((row.indicator.code, code), [])
        if figure.period_start == start and figure.value is not None
    ]
    national = monitor.figures.get((row.indicator.code, COUNTRY), [])
    country = next((figure for figure in national if figure.period_start == start), None)
    return charts.spine(f"s-{row.indicator.code}", row.indicator, row.figure, others, country)


def _trend(monitor: Monitor, indicator: Indicator, area: Area | None, *, small: bool = False) -> Picture | None:
    """The area with Nederland and the rest of Heerlen, over the years; None without two figures to draw."""
    if area is None or (indicator.code, area.code) not in monitor.figures:
        return None
    wanted = [(area.code, area.name, "noord"), (COUNTRY, "Nederland", "country")]
    if area.in_noord:
        wanted.append((REST, "Rest van Heerlen", "rest"))
    series = [
        charts.Series(label, kind, monitor.figures[indicator.code, code])
        for code, label, kind in wanted
        if (indicator.code, code) in monitor.figures
    ]
    if sum(figure.value is not None for figure in series[0].figures) < 2:
        return None
    # A count of people has no common scale with the whole country.
    series = series[:1] if is_count(indicator) else series
    series = [one for one in series if any(figure.value is not None for figure in one.figures)]
    title = words.title_of(indicator, area, monitor.newest(indicator.code, area.code))
    svg = charts.trend(f"t-{indicator.code}", title, indicator, series, small=small)
    return Picture(svg, title, indicator, area, series) if svg else None


def _areas(monitor: Monitor) -> Page:
    tree = [(wijk, monitor.buurten(wijk.code)) for wijk in monitor.wijken]
    context = {
        "large": [monitor.areas[code] for code in (NOORD, REST, CITY) if code in monitor.areas],
        "noord": [pair for pair in tree if pair[0].in_noord],
        "rest": [pair for pair in tree if not pair[0].in_noord],
    }
    return Page("gebied/index.html", "areas", "Gebieden", "Areas", context)


def _area(monitor: Monitor, area: Area) -> Page:
    by_line = {line: _rows(monitor, monitor.of_line(line), area) for line in monitor.lines}
    rows = [row for line_rows in by_line.values() for row in line_rows]
    heads = [row for line in monitor.lines for row in by_line[line] if row.indicator.code in HEADLINES.get(line, ())]
    context = {
        "area": area,
        "by_line": by_line,
        "heads": heads,
        "parent": monitor.areas.get(area.parent or ""),
        "children": monitor.parts(area),
        "tally": words.tally(row.figure.national_verdict for row in rows),
    }
    return Page(f"gebied/{area.code}.html", "area", area.name, area.name, context, _figures(rows))


def _indicator(monitor: Monitor, indicator: Indicator, base: maps.BaseMap | None) -> Page:
    large = [row for code in LARGE_AREAS if (row := _row_in(monitor, indicator, code)) is not None]
    local = [
        (wijk, [row for area in (wijk, *monitor.buurten(wijk.code)) if (row := row_of(monitor, indicator, area))])
        for wijk in monitor.wijken
    ]
    local = [(wijk, rows) for wijk, rows in local if any(row.figure.value is not None for row in rows)]
    noord = monitor.areas.get(NOORD)
    head = row_of(monitor, indicator, noord) if noord else None
    if head is None or head.figure.value is None:
        head = next((row for row in large if row.figure.value is not None and row.area.code == CITY), head)
    trend_area = noord if head is None else head.area
    shown = _figures(large) + [row.figure for _, rows in local for row in rows]
    feeds = sorted({figure.feed_id for figure in shown if figure.feed_id})
    context = {
        "indicator": indicator,
        "head": head,
        "large": large,
        "local": local,
        "map": _map(monitor, indicator, base),
        "trend": _trend(monitor, indicator, trend_area),
        "progress": [row for (code, _, _), row in monitor.progress.items() if code == indicator.code],
        "is_yearly": monitor.period_types.get(indicator.code) in _YEARLY,
        "is_count": is_count(indicator),
        "breakdowns": _breakdowns(monitor, indicator),
        "feeds": feeds,
        "protected": {feed_id: monitor.protections[feed_id] for feed_id in feeds if feed_id in monitor.protections},
        "snapshots": sorted({figure.snapshot_id for figure in shown if figure.snapshot_id}),
    }
    title = indicator.label
    address = f"indicator/{indicator.code}.html"
    return Page(address, "indicator", title, indicator.label_en, context, shown, indicator.line)


def is_count(indicator: Indicator) -> bool:
    """Whether it counts people or things: places differ in size, so beside each other such figures say nothing."""
    return indicator.unit == "aantal" and indicator.aggregation == "sum"


def _breakdowns(monitor: Monitor, indicator: Indicator) -> list[tuple[str, Figure]]:
    """Heerlen-Noord's newest figures by group, in the groups' own order, below those of all groups together."""
    rows = monitor.breakdowns.get(indicator.code, [])
    newest = max((figure.period_start for figure in rows if figure.value is not None), default=None)
    groups = [(monitor.group(figure.breakdown), figure) for figure in rows if figure.period_start == newest]
    places = {code: found.place for code, found in monitor.groups.items()}
    groups.sort(key=lambda group: (places.get(group[1].breakdown, len(places)), group[1].breakdown))
    totals = monitor.figures.get((indicator.code, NOORD), [])
    whole = [(monitor.group("total"), figure) for figure in totals if groups and figure.period_start == newest]
    return whole + groups


def _row_in(monitor: Monitor, indicator: Indicator, code: str) -> Row | None:
    area = monitor.areas.get(code)
    return None if area is None else row_of(monitor, indicator, area)


def _map(monitor: Monitor, indicator: Indicator, base: maps.BaseMap | None) -> dict[str, Any] | None:
    """A map of buurten, or of wijken where buurten have no figures, of the newest period that has enough of them."""
    if base is None or is_count(indicator):
        return None
    for kind, least in _LEAST_ON_MAP.items():
        codes = [area.code for area in monitor.areas.values() if area.type == kind]
        figures = [figure for code in codes for figure in monitor.figures.get((indicator.code, code), [])]
        valued = [figure.period_start for figure in figures if figure.value is not None]
        enough = [start for start in sorted(set(valued)) if valued.count(start) >= least]
        if enough:
            chosen = {figure.area_code: figure for figure in figures if figure.period_start == enough[-1]}
            when = words.period_of(next(iter(chosen.values())))
            title = f"{indicator.label} per {kind}, {when}"
            svg, steps = maps.choropleth(f"m-{indicator.code}", title, indicator, base, monitor.areas, chosen)
            statuses = {figure.status for figure in chosen.values() if figure.value is None}
            hides, lacks = bool(statuses & set(maps.HIDDEN)), bool(statuses - set(maps.HIDDEN))
            return {"svg": svg, "steps": steps, "title": title, "hides": hides, "lacks": lacks}
    return None


def _children(monitor: Monitor) -> Page:
    rows = _rows(monitor, [monitor.indicators[code] for code in monitor.children], monitor.areas.get(NOORD))
    progress: dict[str, Progress] = {
        code: row for (code, _, other), row in monitor.progress.items() if other == COUNTRY
    }
    context = {
        "known": [row for row in rows if row.figure.value is not None],
        "empty": [row for row in rows if row.figure.value is None],
        "progress": progress,
        "bars": {
            row.indicator.code: charts.progress(f"p-{row.indicator.code}", progress[row.indicator.code])
            for row in rows
            if row.indicator.code in progress
        },
        "tally": words.tally(row.figure.national_verdict for row in rows),
    }
    return Page("kinderen.html", "children", "Kinderen: de belofte", "Children: the promise", context, _figures(rows))


def _connections(monitor: Monitor) -> Page:
    pairs: dict[tuple[str, str], list[Any]] = {}
    for row in monitor.connections:
        pairs.setdefault((row.line, row.other_line), []).append(row)
    context = {"pairs": pairs, "total": len(monitor.connections)}
    return Page("samenhang.html", "connections", "Samenhang", "Connections", context)


def _signals(monitor: Monitor) -> Page:
    signals = newest_signals(monitor)
    context = {
        "signals": [
            (indicator, row, charts.months(f"e-{indicator.code}", indicator.label, series))
            for indicator, row, series in signals
        ]
    }
    shown = [row for _, row, _ in signals]
    return Page("nu-al-zichtbaar.html", "signals", "Wat nu al zichtbaar is", "Early signals", context, shown)


def _activities(monitor: Monitor) -> Page:
    by_period: dict[tuple[date, date, str], list[Activity]] = {}
    # Other ways of drawing Heerlen-Noord would count every activity twice.
    for row in (row for row in monitor.activities if row.area_code in monitor.areas):
        by_period.setdefault((row.period_start, row.period_end, row.period_type), []).append(row)
    periods = dict(sorted(by_period.items(), reverse=True)[:_PERIODS_SHOWN])
    held = {period: [row for row in rows if _took_place(row)] for period, rows in periods.items()}
    shown = [row for rows in held.values() for row in rows]
    feeds = sorted({row.feed_id for row in shown if row.feed_id})
    return Page(
        "activiteiten.html", "activities", "Activiteiten", "Activities", {"by_period": held, "feeds": feeds}, shown
    )


def _took_place(row: Activity) -> bool:
    """Whether an area had the activity, or may have had it: its counts are not all nought."""
    return any(count != 0 for count in (row.participations, row.unique_participants, row.children, row.volunteers))


def _flips_of(changes: Summary, area_code: str) -> list[Flipped]:
    return [row for row in changes.flipped if row.area_code == area_code]


def _releases(monitor: Monitor, earlier: Sequence[tuple[str, str]]) -> Page:
    changes = monitor.changes
    local = [row for row in changes.flipped if row.area_code not in LARGE_AREAS]
    context = {
        "earlier": earlier,
        "before": dict(earlier).get(monitor.release.previous_release_id or ""),
        "changes": changes,
        "most": _MOST_CHANGES,
        "flips_large": [row for code in LARGE_AREAS for row in _flips_of(changes, code)],
        "flips_local": local,
        "by_change": {
            kind: [row for row in changes.indicators if row.change == f"indicator_{kind}"]
            for kind in ("added", "dropped", "redefined")
        },
    }
    return Page("uitgaven.html", "releases", "Uitgaven", "Releases", context)


def _data(monitor: Monitor) -> Page:
    failed = [check for check in monitor.checks if not check.passed]
    context = {"failed": failed, "passed": len(monitor.checks) - len(failed)}
    return Page("gegevens.html", "data", "Gegevens en bronnen", "Data and sources", context)


@dataclass(frozen=True)
class Entry:
    """A line of the search page: its address, its name, what it is, and other words that find it."""

    address: str
    name: str
    kind: str
    words: str


def _entries(monitor: Monitor) -> list[Entry]:
    indicators = [
        Entry(
            f"indicator/{item.code}.html",
            item.label,
            f"cijfer, {LINE_WORDS[item.line][0].lower()}",
            f"{item.label_en} {item.definition} {item.code}",
        )
        for item in monitor.indicators.values()
    ]
    areas = [Entry(f"gebied/{area.code}.html", area.name, area.type, area.code) for area in monitor.pages]
    return sorted(indicators, key=lambda entry: entry.name.lower()) + areas
