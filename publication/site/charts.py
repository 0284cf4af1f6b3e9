"""The charts: trends, spines, progress and months, as pictures that need no script.

Belongs here: where a figure's mark goes. Does not belong here: choosing figures (`publication.site.pages`) and writing
them out (`publication.site.words`). Beside every chart stands a table with the same figures.

They are written by hand because a site has hundreds: rendering one with Vega takes a tenth of a second, this a thousandth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from markupsafe import Markup

from publication.site import words
from publication.site.reading import EarlySignal, Figure, Indicator, Progress
from publication.site.svg import Canvas, Point, Scale, ticks

_PROVISIONAL = ("provisional", "estimated")
# Progress is drawn from half a gap more to the whole gap closed; beyond that an arrow says that it goes on.
_LEAST_SHARE = -0.5
# On a phone the style sheet draws the letters of a large chart this much larger, so that they can be read.
_PHONE_FONT = 20


@dataclass(frozen=True)
class Series:
    """Figures of one area; `kind` is its class in the style sheet: noord, country or rest."""

    label: str
    kind: str
    figures: Sequence[Figure]


def trend(key: str, title: str, indicator: Indicator, series: Sequence[Series], *, small: bool = False) -> Markup:
    """Lines over the years: Heerlen-Noord thick with its interval, the Netherlands thin; a gap where a series breaks.

    Provisional points are hollow. Returns an empty string when there are no two points to draw.
    """
    points = [figure for one in series for figure in one.figures if figure.value is not None]
    times = sorted({figure.period_start for figure in points})
    if len(times) < 2:
        return Markup("")
    width, height, font = (340, 190, 12) if small else (620, 300, 14)
    right, top, bottom = 22, 12, height - (26 if small else 34)
    values = [value for one in series for figure in one.figures for value in _extent(figure, one.kind)]
    steps = ticks(min(values), max(values), 3 if small else 5)
    labels = [words.bare(step, indicator.unit, _step_decimals(steps)) for step in steps]
    left = 10 + max(map(_width, labels)) * (font if small else _PHONE_FONT)
    # Room for the names at the ends of the lines.
    x = Scale(times[0].toordinal(), times[-1].toordinal(), left, width - right - (0 if small else 122))
    y = Scale(steps[0], steps[-1], bottom, top)
    described = f"{indicator.unit}, {words.short_period(times[0], points[0].period_type)} tot en met "
    canvas = Canvas(width, height, key, title, described + words.short_period(times[-1], points[0].period_type) + ".")
    for step, label in zip(steps, labels, strict=True):
        canvas.line((left, y(step)), (x.end, y(step)), "grid")
        canvas.text((left - 6, y(step) + 4), label, "axis", "end")
    _time_axis(canvas, times, points[0].period_type, x, bottom, most=4 if small else 7)
    for one in series:
        _draw(canvas, one, x, y)
    if not small:
        _name_ends(canvas, series, x, y)
    return canvas.markup("trend small" if small else "trend")


def _extent(figure: Figure, kind: str) -> tuple[float, ...]:
    """What of a figure is drawn: its value, and the limits of the area that has a band."""
    if figure.value is None:
        return ()
    limits = (figure.lower_95, figure.upper_95) if kind == "noord" else ()
    return (figure.value, *(limit for limit in limits if limit is not None))


def _width(label: str) -> float:
    """Width of a label in times its font size, on the wide side: fonts differ from device to device."""
    return sum({"%": 0.98, ".": 0.34, ",": 0.34}.get(letter, 0.66) for letter in label)


def _step_decimals(steps: Sequence[float]) -> int:
    step = steps[1] - steps[0]
    return next(decimals for decimals in range(6) if abs(round(step, decimals) - step) < step * 1e-6 or decimals == 5)


def _time_axis(canvas: Canvas, times: Sequence[date], period_type: str, x: Scale, bottom: float, *, most: int) -> None:
    every = -(-len(times) // most)
    for time in times[::-1][::every]:
        at = x(time.toordinal())
        canvas.line((at, bottom), (at, bottom + 4), "grid")
        canvas.text((at, canvas.height - 7), words.short_period(time, period_type), "axis", "middle")


def _runs(figures: Sequence[Figure]) -> list[list[Figure]]:
    """Successive figures with a value; a run ends where a value is absent or the series breaks."""
    runs: list[list[Figure]] = [[]]
    for figure in figures:
        if figure.value is None or figure.has_break:
            runs.append([])
        if figure.value is not None:
            runs[-1].append(figure)
    return [run for run in runs if run]


def _draw(canvas: Canvas, one: Series, x: Scale, y: Scale) -> None:
    for run in _runs(one.figures):
        at = [(x(figure.period_start.toordinal()), y(figure.value or 0.0)) for figure in run]
        if one.kind == "noord":
            _band(canvas, run, x, y)
        if len(at) > 1:
            canvas.path(at, f"line-{one.kind}")
        for figure, point in zip(run, at, strict=True):
            if one.kind == "noord":
                is_hollow = figure.status in _PROVISIONAL
                canvas.circle(point, 3.5, "dot-hollow" if is_hollow else "dot")
            elif len(at) == 1:
                canvas.circle(point, 2.5, f"dot-{one.kind}")
    for before, after in pairwise(one.figures):
        if one.kind == "noord" and after.has_break and before.value is not None and after.value is not None:
            at_break = (x(before.period_start.toordinal()) + x(after.period_start.toordinal())) / 2
            canvas.line((at_break, y.start), (at_break, y.end), "break")


def _band(canvas: Canvas, run: Sequence[Figure], x: Scale, y: Scale) -> None:
    limits = [
        (x(figure.period_start.toordinal()), y.clipped(figure.lower_95), y.clipped(figure.upper_95))
        for figure in run
        if figure.lower_95 is not None and figure.upper_95 is not None
    ]
    if len(limits) == 1:
        at, low, high = limits[0]
        canvas.line((at, low), (at, high), "whisker")
    elif limits:
        edge = [(at, high) for at, _, high in limits] + [(at, low) for at, low, _ in reversed(limits)]
        canvas.path(edge, "band", closed=True)


def _name_ends(canvas: Canvas, series: Sequence[Series], x: Scale, y: Scale) -> None:
    """Names beside the last points, moved apart so that they can be read."""
    ends: list[tuple[float, float, Series]] = []
    for one in series:
        known = [figure for figure in one.figures if figure.value is not None]
        if known:
            ends.append((y(known[-1].value or 0.0), x(known[-1].period_start.toordinal()), one))
    lowest = -1e9
    for height, at, one in sorted(ends, key=lambda end: end[0]):
        lowest = max(height + 4, lowest + 16)
        canvas.text((at + 9, lowest), one.label, f"name-{one.kind}")


def spine(key: str, indicator: Indicator, figure: Figure, others: Sequence[Figure], country: Figure | None) -> Markup:
    """One row of a spine chart: the Netherlands in the middle, right is more favourable (or higher, when neutral).

    Every row has a scale of its own: the largest gap among Heerlen-Noord's limits and its buurten reaches the edge.
    """
    if figure.value is None or figure.national_value is None or figure.national_gap is None:
        return Markup("")
    sign = -1.0 if indicator.direction == "lower_is_better" else 1.0
    national = figure.national_value
    gaps = [other.national_gap for other in others if other.national_gap is not None]
    limits = [(sign * (limit - national)) for limit in (figure.lower_95, figure.upper_95) if limit is not None]
    reach = max(abs(gap) for gap in (*gaps, *limits, figure.national_gap)) or 1.0
    x = Scale(-reach, reach, 10, 310)
    label = f"{indicator.label}: {words.shown(indicator, figure)}, "
    label += f"Nederland {words.shown_beside(indicator, figure, national)}"
    canvas = Canvas(320, 30, key, label)
    canvas.line((10, 15), (310, 15), "grid")
    for gap in gaps:
        canvas.line((x(gap), 10), (x(gap), 20), "tick")
    if country is not None and country.lower_95 is not None and country.upper_95 is not None:
        low, high = sorted(x.clipped(sign * (limit - national)) for limit in (country.lower_95, country.upper_95))
        canvas.rect((low, 3), max(high - low, 1), 24, "country-band")
    canvas.line((x(0), 2), (x(0), 28), "line-country")
    if len(limits) == 2:
        canvas.line((x(limits[0]), 15), (x(limits[1]), 15), "whisker")
    canvas.mark(figure.national_verdict, (x(figure.national_gap), 15), 6)
    return canvas.markup("spine")


def progress(key: str, row: Progress) -> Markup:
    """The share of a gap that is closed, a mark where the calendar stands, and the interval as a whisker."""
    said = words.STATUSES[row.status]
    if row.status == "undefined" or row.share_closed is None:
        canvas = Canvas(320, 40, key, f"Voortgang: {said}")
        canvas.rect((10, 12), 300, 14, "track-undefined")
        return canvas.markup("progress")
    x = Scale(_LEAST_SHARE, 1, 10, 310)
    canvas = Canvas(320, 40, key, f"Voortgang: {said}, {words.percent(row.share_closed)} ingelopen")
    canvas.rect((x(0), 12), x(1) - x(0), 14, "track")
    low, high = sorted((x(0), x.clipped(row.share_closed)))
    canvas.rect((low, 12), max(high - low, 2), 14, "bar-uncertain" if row.status == "uncertain" else "bar")
    if row.lower is not None and row.upper is not None:
        _clipped_whisker(canvas, row.lower, row.upper, x)
    canvas.line((x(0), 8), (x(0), 30), "zero")
    if row.time_elapsed is not None:
        at = x.clipped(row.time_elapsed)
        canvas.line((at, 7), (at, 30), "now")
        canvas.path([(at - 5, 2), (at + 5, 2), (at, 9)], "now-mark", closed=True)
    for share, anchor in ((0.0, "middle"), (0.5, "middle"), (1.0, "end")):
        canvas.text((x(share), 39), words.percent(share), "axis tiny", anchor)
    return canvas.markup("progress")


def _clipped_whisker(canvas: Canvas, lower: float, upper: float, x: Scale) -> None:
    start, end = x.clipped(lower), x.clipped(upper)
    canvas.line((start, 19), (end, 19), "whisker")
    arrows: list[tuple[bool, float, int]] = [(lower < x.low, start, 1), (upper > x.high, end, -1)]
    for beyond, at, way in arrows:
        tip: list[Point] = [(at + way * 6, 15), (at, 19), (at + way * 6, 23)]
        canvas.path(tip if beyond else [(at, 15), (at, 23)], "whisker")


def months(key: str, title: str, signals: Sequence[EarlySignal]) -> Markup:
    """The newest two years of a monthly or quarterly series; the last point and the same period a year earlier stand out."""
    recent = [row for row in signals if row.value is not None][-25:]
    if len(recent) < 2:
        return Markup("")
    values = [value for row in recent for value in (row.value, row.lower_95, row.upper_95) if value is not None]
    x = Scale(recent[0].period_start.toordinal(), recent[-1].period_start.toordinal(), 8, 272)
    y = Scale(min(values), max(max(values), min(values) + 1e-9), 72, 8)
    canvas = Canvas(280, 96, key, title)
    at = [(x(row.period_start.toordinal()), y(row.value or 0.0)) for row in recent]
    limits = [
        (point[0], y(row.lower_95), y(row.upper_95))
        for row, point in zip(recent, at, strict=True)
        if row.lower_95 is not None and row.upper_95 is not None
    ]
    if len(limits) > 1:
        edge = [(left, high) for left, _, high in limits] + [(left, low) for left, low, _ in reversed(limits)]
        canvas.path(edge, "band", closed=True)
    canvas.path(at, "line-noord thin")
    newest = recent[-1].period_start
    earlier = [
        point
        for row, point in zip(recent, at, strict=True)
        if (row.period_start.year, row.period_start.month) == (newest.year - 1, newest.month)
    ]
    for point in earlier:
        canvas.circle(point, 4, "dot-hollow")
    canvas.circle(at[-1], 4, "dot")
    canvas.text((8, 91), words.short_period(recent[0].period_start, recent[0].period_type), "axis")
    canvas.text((272, 91), words.short_period(newest, recent[-1].period_type), "axis", "end")
    return canvas.markup("months")
