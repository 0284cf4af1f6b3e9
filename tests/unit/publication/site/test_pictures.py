"""Charts and maps: a mark stands where its figure says, and what is uncertain or hidden looks so."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publication.site import charts, maps
from publication.site.reading import Figure, Monitor, Progress
from publication.site.svg import Scale, ticks
from tests.unit.publication.site.small import BUURTEN, HIDDEN
from tests.unit.publication.site.test_words import FIGURE, SHARE

Row = ElementTree.Element


def elements(svg: str, kind: str) -> list[Row]:
    return [element for element in ElementTree.fromstring(svg).iter() if element.get("class") == kind]


def years(**changes: dict[int, object]) -> list[Figure]:
    """Figures of 2019 to 2024; `changes` gives a field's value by year."""
    made = []
    for year in range(2019, 2025):
        value = 20.0 + year % 3
        figure = FIGURE._replace(
            period_start=date(year, 1, 1),
            period_end=date(year, 12, 31),
            value=value,
            lower_95=value - 1,
            upper_95=value + 1,
        )
        made.append(figure._replace(**{name: by_year[year] for name, by_year in changes.items() if year in by_year}))
    return made


def drawn(figures: list[Figure]) -> str:
    return str(charts.trend("k", "Titel", SHARE, [charts.Series("Heerlen-Noord", "noord", figures)]))


def test_a_trend_is_one_line_with_a_band_and_a_point_per_year() -> None:
    svg = drawn(years())
    assert len(elements(svg, "line-noord")) == len(elements(svg, "band")) == 1
    assert len(elements(svg, "dot")) == 6


@pytest.mark.parametrize("code", ["HN14", "GM0917", "WK091720"])
def test_the_band_lies_within_the_axis_whichever_area_it_is_of(code: str) -> None:
    figures = [figure._replace(area_code=code, lower_95=2.0, upper_95=38.0) for figure in years()]
    svg = drawn(figures)
    heights = [float(y) for _, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", elements(svg, "band")[0].get("d", ""))]
    grid = [float(line.get("y1", "nan")) for line in elements(svg, "grid")]
    assert min(grid) <= min(heights) < max(heights) <= max(grid)
    # Values from 20 to 22 and limits from 2 to 38: clipped to the values, the band would be as high as the line.
    dots = [float(dot.get("cy", "nan")) for dot in elements(svg, "dot")]
    assert max(heights) - min(heights) == pytest.approx(18 * (max(dots) - min(dots)), rel=0.02)


@pytest.mark.parametrize(("unit", "size"), [("%", 1.0), ("x 1.000 euro", 1.0), ("aantal", 5e6)])
def test_labels_of_the_axis_fit_left_of_it_on_a_phone_too(unit: str, size: float) -> None:
    """Letters of DejaVu Sans, one of the widest fonts: 0.64 of their size, and 0.95 for a percent sign."""
    figures = [figure._replace(value=(figure.value or 0) * size, lower_95=None) for figure in years()]
    indicator = replace(SHARE, unit=unit, decimals=0)
    svg = str(charts.trend("k", "Titel", indicator, [charts.Series("Heerlen-Noord", "noord", figures)]))
    for label in (text for text in elements(svg, "axis") if text.get("text-anchor") == "end"):
        width = sum({"%": 0.95, ".": 0.32, ",": 0.32}.get(letter, 0.64) for letter in label.text or "") * 20
        assert float(label.get("x", "nan")) >= width


def test_provisional_points_are_hollow() -> None:
    svg = drawn(years(status={2024: "provisional", 2023: "estimated"}))
    assert (len(elements(svg, "dot")), len(elements(svg, "dot-hollow"))) == (4, 2)


def test_a_series_break_is_a_gap_with_a_mark() -> None:
    svg = drawn(years(has_break={2022: True}))
    assert len(elements(svg, "line-noord")) == 2
    assert len(elements(svg, "break")) == 1
    assert not elements(drawn(years()), "break")


def test_an_absent_year_is_a_gap() -> None:
    svg = drawn(years(value={2021: None}))
    assert len(elements(svg, "line-noord")) == 2
    assert len(elements(svg, "dot")) == 5


def test_one_year_is_no_trend() -> None:
    assert drawn(years()[:1]) == ""


def test_higher_values_stand_higher() -> None:
    svg = drawn(years())
    heights = [float(dot.get("cy", "0")) for dot in elements(svg, "dot")]
    figures = [figure.value or 0 for figure in years()]
    assert sorted(range(6), key=lambda i: (heights[i], i)) == sorted(range(6), key=lambda i: (-figures[i], i))


def test_pictures_have_a_name_for_who_cannot_see_them() -> None:
    root = ElementTree.fromstring(drawn(years()))
    assert root.get("role") == "img"
    names = (root.get("aria-labelledby") or "").split()
    texts = {element.get("id"): element.text for element in root}
    assert texts[names[0]] == "Titel"
    assert "2019 tot en met 2024" in (texts[names[1]] or "")


@given(st.floats(-50, 50).filter(lambda gap: abs(gap) > 0.1), st.floats(0.1, 30), st.sampled_from([1, -1]))
def test_right_of_the_middle_is_more_favourable(gap: float, half: float, sign: int) -> None:
    """Whichever direction is better; the whisker lies around the mark."""
    indicator = charts.Indicator(**{
        name: getattr(SHARE, name) for name in SHARE.__dataclass_fields__ if name != "direction"
    }, direction="higher_is_better" if sign == 1 else "lower_is_better")  # fmt: skip
    value = 50 + sign * gap
    figure = FIGURE._replace(
        value=value, lower_95=value - half, upper_95=value + half, national_value=50.0, national_gap=gap
    )
    svg = str(charts.spine("k", indicator, figure._replace(national_verdict=None), [], None))
    at = float(next(iter(elements(svg, "fill-none"))).get("cx", "nan"))
    assert (at > 160) == (gap > 0)
    whisker = elements(svg, "whisker")[0]
    ends = sorted(float(whisker.get(name, "nan")) for name in ("x1", "x2"))
    assert ends[0] - 0.11 <= at <= ends[1] + 0.11
    assert ends[0] >= 9.9
    assert ends[1] <= 310.1


def test_no_comparator_no_spine() -> None:
    assert charts.spine("k", SHARE, FIGURE._replace(national_value=None, national_gap=None), [], None) == ""


def progress(status: str, share: float, lower: float, upper: float) -> str:
    row = Progress("X", "HN14", "NL00", status, None, 2022, 2025, False, 0.2, share, lower, upper, None)
    return str(charts.progress("k", row))


def test_progress_marks_the_calendar_and_clips_what_is_far_off() -> None:
    svg = progress("uncertain", 0.1, -2.5, 0.6)
    x = Scale(-0.5, 1, 10, 310)
    assert float(elements(svg, "now")[0].get("x1", "nan")) == pytest.approx(x(0.2), abs=0.1)
    assert float(elements(svg, "bar-uncertain")[0].get("width", "nan")) == pytest.approx(x(0.1) - x(0), abs=0.1)
    assert not elements(svg, "bar")
    arrows = [e.get("d", "") for e in elements(svg, "whisker") if e.tag.endswith("path")]
    assert [path.count("L") for path in arrows] == [2, 1]
    assert elements(progress("behind", 0.05, 0.01, 0.1), "bar")


def test_what_can_not_be_said_has_its_own_look() -> None:
    row = Progress("X", "HN14", "NL00", "undefined", "Waarom", *[None] * 8)
    svg = str(charts.progress("k", row))
    assert elements(svg, "track-undefined")
    assert not elements(svg, "now")


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 8))
def test_ticks_span_the_values_in_equal_steps(low: float, span: float, most: int) -> None:
    found = ticks(low, low + span, most)
    step = found[1] - found[0]
    slack = 1e-6 * max(abs(low), span)
    assert found[0] <= low + slack
    assert found[-1] >= low + span - slack
    assert all(b - a == pytest.approx(step, rel=1e-6) for a, b in zip(found, found[1:], strict=False))
    assert len(found) <= most + 3


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80))
def test_every_value_falls_in_one_of_at_most_five_classes(values: list[float]) -> None:
    edges = maps.classes(values)
    assert 1 <= len(edges) <= 5
    assert edges == sorted(set(edges))
    assert edges[-1] == max(values)
    for value in values:
        assert sum(low < value <= high for low, high in zip([float("-inf"), *edges], edges, strict=False)) == 1


def test_a_map_shows_each_area_once_and_hatches_what_is_hidden(monitor: Monitor) -> None:
    base = maps.base_map(monitor)
    assert base is not None
    chosen = {code: monitor.figures["WER_LAAG", code][-1] for code in BUURTEN}
    svg, steps = maps.choropleth("m", "Kaart", monitor.indicators["WER_LAAG"], base, monitor.areas, chosen)
    hatched = elements(str(svg), "hidden")
    assert [area.get("fill") for area in hatched] == ["url(#hatch)"]
    assert monitor.areas[HIDDEN].name in "".join(hatched[0].itertext())
    coloured = [area for number in range(1, 6) for area in elements(str(svg), f"q{number}")]
    assert len(coloured) == len(BUURTEN) - 1 == sum(step.count for step in steps)


def test_darker_is_more(monitor: Monitor) -> None:
    base = maps.base_map(monitor)
    assert base is not None
    chosen = {code: monitor.figures["WER_BIJSTAND", code][-1] for code in BUURTEN}
    svg, _ = maps.choropleth("m", "Kaart", monitor.indicators["WER_BIJSTAND"], base, monitor.areas, chosen)
    names = {monitor.areas[code].name: chosen[code].value for code in BUURTEN if chosen[code].value is not None}
    pairs = re.findall(r'class="q(\d)"><title>(Buurt \d+):', str(svg))
    shades = sorted((names[name] or 0, int(shade)) for shade, name in pairs)
    assert [shade for _, shade in shades] == sorted(shade for _, shade in shades)


def test_a_map_needs_outlines(small_release: Path) -> None:
    from publication.catalog import open_read_only
    from publication.site.reading import read_monitor

    with closing(open_read_only(small_release)) as connection:
        monitor = read_monitor(connection)
    monitor.geometries.clear()
    assert maps.base_map(monitor) is None
