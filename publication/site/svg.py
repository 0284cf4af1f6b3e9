"""Writing SVG by hand: a small canvas that escapes text and rounds coordinates.

Belongs here: marks, scales and axis ticks. Does not belong here: what a chart shows (`publication.site.charts`). Colours
and fonts are classes of the site's style sheet, so that dark mode and print apply to pictures too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

Point = tuple[float, float]


@dataclass
class Canvas:
    """An SVG of `width` × `height` units; `title` and `description` are what a screen reader says."""

    width: float
    height: float
    key: str
    title: str
    description: str = ""
    parts: list[str] = field(default_factory=list)

    def line(self, start: Point, end: Point, kind: str) -> None:
        (x1, y1), (x2, y2) = start, end
        self.parts.append(f'<line x1="{_c(x1)}" y1="{_c(y1)}" x2="{_c(x2)}" y2="{_c(y2)}" class="{kind}"/>')

    def circle(self, centre: Point, radius: float, kind: str) -> None:
        self.parts.append(f'<circle cx="{_c(centre[0])}" cy="{_c(centre[1])}" r="{_c(radius)}" class="{kind}"/>')

    def rect(self, corner: Point, width: float, height: float, kind: str) -> None:
        x, y = corner
        self.parts.append(f'<rect x="{_c(x)}" y="{_c(y)}" width="{_c(width)}" height="{_c(height)}" class="{kind}"/>')

    def path(self, points: Sequence[Point], kind: str, *, closed: bool = False) -> None:
        steps = "L".join(f"{_c(x)} {_c(y)}" for x, y in points)
        self.parts.append(f'<path d="M{steps}{"Z" if closed else ""}" class="{kind}"/>')

    def area(self, data: str, kind: str, tip: str, fill: str = "") -> None:
        """An outline with a tip; `fill` names a pattern, which a style sheet of its own file can't reach."""
        filled = f' fill="url(#{fill})"' if fill else ""
        self.parts.append(f'<path d="{data}" class="{kind}"{filled}><title>{escape(tip)}</title></path>')

    def hatch(self, name: str) -> None:
        """A pattern of slanting lines, for what may not be shown."""
        self.parts.append(
            f'<pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            '<path d="M0 0H6V6H0Z" class="hatch-paper"/><path d="M0 0V6" class="hatch-line"/></pattern>'
        )

    def text(self, at: Point, text: str, kind: str = "", anchor: str = "start") -> None:
        where = f'x="{_c(at[0])}" y="{_c(at[1])}"'
        anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
        named = f' class="{kind}"' if kind else ""
        self.parts.append(f"<text {where}{anchored}{named}>{escape(text)}</text>")

    def mark(self, verdict: str | None, at: Point, size: float = 6) -> None:
        """A verdict's shape: colour never says it alone."""
        x, y = at
        kind = f"fill-{verdict}" if verdict else "fill-none"
        shapes: dict[str | None, list[Point]] = {
            "worse": [(x, y - size), (x + size, y), (x, y + size), (x - size, y)],
            "higher": [(x, y - size), (x + size, y + size), (x - size, y + size)],
            "lower": [(x, y + size), (x + size, y - size), (x - size, y - size)],
            "similar": [(x - size, y - size), (x + size, y - size), (x + size, y + size), (x - size, y + size)],
        }
        if verdict in shapes:
            self.path(shapes[verdict], kind, closed=True)
        else:
            self.circle(at, size, kind)

    def markup(self, kind: str = "") -> Markup:
        """The finished element."""
        described = f'<desc id="{self.key}-d">{escape(self.description)}</desc>' if self.description else ""
        labels = f"{self.key}-t {self.key}-d" if self.description else f"{self.key}-t"
        # Everything inside was escaped when it was added.
        return Markup(  # noqa: S704
            f'<svg viewBox="0 0 {_c(self.width)} {_c(self.height)}" role="img" aria-labelledby="{labels}" class="{kind}">'
            f'<title id="{self.key}-t">{escape(self.title)}</title>{described}{"".join(self.parts)}</svg>'
        )


def _c(value: float) -> str:
    """A coordinate with one decimal at most."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Scale:
    """A linear scale; values outside it are put at its nearest end by `clipped`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def clipped(self, value: float) -> float:
        return self(min(max(value, self.low), self.high))


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers that span `low` to `high`, at most about `most` steps."""
    span = high - low
    if span <= 0:
        span = abs(high) or 1.0
        low, high = low - span / 2, high + span / 2
    raw = span / most
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [index * step for index in range(first, last + 1)]
