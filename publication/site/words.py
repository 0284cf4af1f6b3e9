"""Figures in plain Dutch: numbers, dates, and the sentences that say what a verdict, trend or progress column says.

Belongs here: every sentence that is made from a row. Does not belong here: judging (the columns judge, a sentence only
repeats them), nor fixed texts of a page, which stand in its template.

A share or rate whose definition reads ``Van elke 100 huishoudens: hoeveel leven van een laag inkomen.`` becomes "Van
elke 100 huishoudens in Heerlen-Noord leven er 14 van een laag inkomen."; other definitions give a plain sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from publication.change_report import Summary
from publication.site.reading import Area, EarlySignal, Figure, Indicator, Progress

if TYPE_CHECKING:
    from publication.site.charts import Series

MINUS = "\N{MINUS SIGN}"
NBSP = "\N{NO-BREAK SPACE}"
_MONTHS = (
    "januari februari maart april mei juni juli augustus september oktober november december".split()  # noqa: SIM905
)
_ORDINALS = ("eerste", "tweede", "derde", "vierde")
_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_MOST_DECIMALS = 3
_MOST_DECIMALS_OF_REVISION = 6

# Verdict → how the area relates to the other; each of them is followed by the other area.
VERDICTS = {
    "better": "gunstiger dan",
    "worse": "minder gunstig dan",
    "similar": "niet duidelijk anders dan",
    "higher": "hoger dan",
    "lower": "lager dan",
}
VERDICTS_EN = {"better": "better", "worse": "worse", "similar": "similar", "higher": "higher", "lower": "lower"}
TRENDS = {
    "increasing_better": "Dit cijfer stijgt in vijf jaar tijd. Dat is gunstig.",
    "increasing_worse": "Dit cijfer stijgt in vijf jaar tijd. Dat is niet gunstig.",
    "decreasing_better": "Dit cijfer daalt in vijf jaar tijd. Dat is gunstig.",
    "decreasing_worse": "Dit cijfer daalt in vijf jaar tijd. Dat is niet gunstig.",
    "increasing": "Dit cijfer stijgt in vijf jaar tijd.",
    "decreasing": "Dit cijfer daalt in vijf jaar tijd.",
    "no_significant_change": "In vijf jaar tijd is er geen duidelijke verandering.",
    "cannot_be_calculated": "Over een trend kunnen we nog niets zeggen.",
}
TRENDS_SHORT = {
    "increasing_better": "stijgt (gunstig)",
    "increasing_worse": "stijgt (niet gunstig)",
    "decreasing_better": "daalt (gunstig)",
    "decreasing_worse": "daalt (niet gunstig)",
    "increasing": "stijgt",
    "decreasing": "daalt",
    "no_significant_change": "geen duidelijke verandering",
    "cannot_be_calculated": "nog niet te zeggen",
}
STATUSES = {
    "ahead": "loopt voor",
    "on_track": "op schema",
    "behind": "te langzaam",
    "uncertain": "nog niet te zeggen",
    "undefined": "niet te berekenen",
}
SIGNALS = {
    "better": "gunstiger dan een jaar eerder",
    "worse": "minder gunstig dan een jaar eerder",
    "similar": "niet duidelijk anders dan een jaar eerder",
    "higher": "hoger dan een jaar eerder",
    "lower": "lager dan een jaar eerder",
}
VALUE_STATUSES = {
    "measured": "gemeten",
    "provisional": "voorlopig",
    "estimated": "geschat",
    "suppressed_source": "niet getoond door de bron",
    "suppressed_here": "niet getoond om mensen te beschermen",
    "not_published": "nog niet bekend",
    "not_applicable": "bestaat niet voor dit gebied",
    "missing": "onvolledig",
}
CHANGES = {
    "figure_revised": "bijgesteld",
    "figure_withdrawn": "ingetrokken",
    "figure_hidden": "nu verborgen",
    "figure_status_changed": "zelfde cijfer, andere status (zoals van voorlopig naar definitief)",
    "table_added": "nieuwe tabel",
    "table_dropped": "tabel weg",
    "column_added": "nieuwe kolom",
    "column_dropped": "kolom weg",
    "column_retyped": "kolom van een ander type",
}
CAUSES = {
    "snapshot": "de bron leverde nieuwe cijfers",
    "contract": "wij lezen de bron anders",
    "method": "andere rekenwijze, omschrijving of gebieden",
    "suppression": "om mensen te beschermen",
    "new_period": "er is een nieuwere periode",
}
COMPARATORS = {"national": "Nederland", "municipality_rest": "de rest van Heerlen"}
# Column of meta.indicators → what a reader calls it; other columns are told by their name.
DEFINITIONS = {
    "label_nl": "naam",
    "label_en": "Engelse naam",
    "definition_nl": "definitie",
    "rationale_nl": "waarom het telt",
    "numerator_nl": "teller",
    "denominator_nl": "noemer",
    "weight_nl": "gewicht",
    "source_nl": "bron",
    "breaks_nl": "reeksbreuken",
    "terms": "kolommen van de bron",
    "unit": "eenheid",
    "decimals": "decimalen",
    "direction": "richting",
    "line": "lijn",
    "is_child_focused": "gaat over kinderen",
    "estimate_type": "hoe het is gemaakt",
    "aggregation": "hoe gebieden worden samengenomen",
    "interval_method": "hoe de marge is berekend",
    "minimum_coverage": "kleinste dekking",
}
ESTIMATES = {
    "register": "geteld in registers",
    "survey": "gevraagd in een enquête",
    "model": "geschat met een rekenmodel",
}
ORIGINS = {
    "sample": "verzonnen cijfers, alleen om te laten zien hoe de monitor werkt",
    "live": "cijfers van de bronnen zelf",
    "replay": "een bewaarde levering van de bronnen",
}


def _half_up(value: float, decimals: int) -> Decimal:
    """Rounded as people round: 14.5 is 15, where Python's own rounding says 14. Publishers give many such halves."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def number(value: float, decimals: int) -> str:
    """A number the Dutch way: ``-1234.5`` → ``−1.234,5``. What rounds to zero has no sign."""
    text = f"{abs(_half_up(value, max(decimals, 0))):,}".translate(str.maketrans(",.", ".,"))
    is_zero = not text.strip("0.,")
    return text if value >= 0 or is_zero else MINUS + text


def quantity(value: float, unit: str, decimals: int) -> str:
    """A value with its unit: ``14,2%``, ``€ 23.400``, ``53 per 1.000 inwoners``."""
    if unit == "x 1.000 euro":
        return f"€{NBSP}{number(float(_half_up(value, decimals)) * 1000, 0)}"
    text = number(value, decimals)
    if unit == "%":
        return f"{text}%"
    if unit.startswith("euro"):
        return f"€{NBSP}{text}{unit.removeprefix('euro')}"
    return text if unit in ("aantal", "score", "cijfer", "") else f"{text}{NBSP}{unit}"


def counted_as(count: int, one: str, many: str) -> str:
    """A count with its noun: ``1 cijfer``, ``1.200 cijfers``."""
    return f"{number(count, 0)} {one if count == 1 else many}"


def revision(indicator: Indicator, old: float, new: float, percent_change: float | None) -> str:
    """From what to what a figure was revised, with as many decimals as tell the two apart."""
    decimals = indicator.decimals
    while number(old, decimals) == number(new, decimals) and decimals < _MOST_DECIMALS_OF_REVISION:
        decimals += 1
    said = f"van {quantity(old, indicator.unit, decimals)} naar {quantity(new, indicator.unit, decimals)}"
    if indicator.unit == "%" or percent_change is None:
        return said
    return f"{said} ({number(abs(percent_change), 1)}% {'hoger' if new > old else 'lager'})"


def bare(value: float, unit: str, decimals: int) -> str:
    """A value where its unit is said once for all: only ``%`` and ``€`` stay with the number."""
    return quantity(value, unit if unit in ("%", "x 1.000 euro") else "", decimals)


def supported_decimals(decimals: int, lower: float | None, upper: float | None) -> int:
    """How many of an indicator's decimals the 95 % interval supports: a step no finer than half the interval asks for."""
    if lower is None or upper is None:
        return decimals
    while decimals > 0 and 10.0 ** -(decimals - 1) <= (upper - lower) / 2:
        decimals -= 1
    return decimals


def decimals_of(indicator: Indicator, figure: Figure) -> int:
    """Decimals to show a figure and those beside it with: more than usual only where rounding would hide a verdict."""
    decimals = supported_decimals(indicator.decimals, figure.lower_95, figure.upper_95)
    pairs = ((figure.national_value, figure.national_verdict), (figure.rest_value, figure.rest_verdict))
    for other, verdict in pairs:
        while (
            figure.value is not None
            and other is not None
            and verdict not in (None, "similar")
            and decimals < _MOST_DECIMALS
            and number(figure.value, decimals) == number(other, decimals)
        ):
            decimals += 1
    return decimals


def day(moment: date | datetime) -> str:
    """A day in words, in Amsterdam: ``25 november 2026``."""
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(_AMSTERDAM)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def period(start: date, end: date, period_type: str) -> str:
    """A period in words: ``2024``, ``schooljaar 2024/25``, ``maart 2026``, ``tweede kwartaal van 2025``."""
    if period_type == "year":
        return str(start.year)
    if period_type == "school_year":
        return f"schooljaar {start.year}/{(start.year + 1) % 100:02d}"
    if period_type == "month":
        return f"{_MONTHS[start.month - 1]} {start.year}"
    if period_type == "quarter":
        return f"{_ORDINALS[(start.month - 1) // 3]} kwartaal van {start.year}"
    if period_type == "half_year":
        return f"{_ORDINALS[(start.month - 1) // 6]} halfjaar van {start.year}"
    if start.day > 1 or (end + timedelta(days=1)).day > 1:
        return f"{day(start)} tot en met {day(end)}"
    first = _MONTHS[start.month - 1] if start.year == end.year else f"{_MONTHS[start.month - 1]} {start.year}"
    return f"{first} tot en met {_MONTHS[end.month - 1]} {end.year}"


def period_from(start: date, period_type: str) -> str:
    """A period of which only the start is known: as in `period`, or ``vanaf 1 augustus 2025``."""
    if period_type in ("year", "school_year", "month", "quarter", "half_year"):
        return period(start, start, period_type)
    return f"vanaf {day(start)}"


def period_starting(day_started: str, period_type: str) -> str:
    """As `period_from`, of a day as ``2024-01-01``."""
    return period_from(date.fromisoformat(day_started), period_type)


def short_period(start: date, period_type: str) -> str:
    """A period for an axis: ``2024``, ``24/25``, ``mrt 26``, ``2e kw 25``."""
    if period_type == "year":
        return str(start.year)
    if period_type == "school_year":
        return f"{start.year % 100:02d}/{(start.year + 1) % 100:02d}"
    if period_type == "quarter":
        return f"{(start.month - 1) // 3 + 1}e kw {start.year % 100:02d}"
    month = "mrt" if start.month == 3 else _MONTHS[start.month - 1][:3]
    return f"{month} {start.year % 100:02d}"


def place(area: Area) -> str:
    """Where, as it stands in a sentence: ``Heerlen-Noord``, ``de rest van Heerlen``, ``de wijk Mariarade``."""
    if area.code.startswith("RH"):
        return area.name[:1].lower().replace("r", "de r") + area.name[1:]
    if area.type in ("wijk", "buurt"):
        return f"de {area.type} {area.name}"
    return area.name


def period_of(figure: Figure) -> str:
    return period(figure.period_start, figure.period_end, figure.period_type)


def shown(indicator: Indicator, figure: Figure) -> str:
    """The figure itself, or a dash; why there is none stands in `reason`."""
    return "–" if figure.value is None else quantity(figure.value, indicator.unit, decimals_of(indicator, figure))


def shown_beside(indicator: Indicator, figure: Figure, value: float | None) -> str:
    """Another area's value, as exact as the figure that it stands beside."""
    return "–" if value is None else quantity(value, indicator.unit, decimals_of(indicator, figure))


def _decimals_of_limits(indicator: Indicator, figure: Figure) -> int:
    """As many as the figure has; where the margin is the rounding itself, its limits are halves and need one more."""
    return decimals_of(indicator, figure) + (indicator.interval_method == "rounding")


def margin(indicator: Indicator, figure: Figure) -> str:
    """The 95 % interval: ``30 tot 37%``; empty when there is none."""
    if figure.value is None or figure.lower_95 is None or figure.upper_95 is None:
        return ""
    decimals = _decimals_of_limits(indicator, figure)
    upper = quantity(figure.upper_95, indicator.unit, decimals)
    lower = quantity(figure.lower_95, indicator.unit, decimals)
    if not indicator.unit.startswith(("x", "euro")):
        lower = number(figure.lower_95, decimals)
    return f"{lower} tot {upper}"


def bare_margin(indicator: Indicator, figure: Figure) -> str:
    """The 95 % interval without its unit, for a table; empty when there is none."""
    if figure.value is None or figure.lower_95 is None or figure.upper_95 is None:
        return ""
    decimals = _decimals_of_limits(indicator, figure)
    return " tot ".join(bare(limit, indicator.unit, decimals) for limit in (figure.lower_95, figure.upper_95))


def bare_value(indicator: Indicator, figure: Figure, value: float | None) -> str:
    """A value of `figure`'s row for a table that names the unit once."""
    return "–" if value is None else bare(value, indicator.unit, decimals_of(indicator, figure))


def unit_in_words(indicator: Indicator) -> str:
    """The unit for a caption; empty where the numbers carry it or have none."""
    return "" if indicator.unit in ("%", "x 1.000 euro", "aantal", "score", "cijfer") else indicator.unit


def reason(figure: Figure) -> str:
    """Why there is no value, in the words of the mart; empty when there is one."""
    if figure.value is not None:
        return ""
    return figure.note or VALUE_STATUSES.get(figure.status, "Er is geen cijfer.")


@dataclass(frozen=True)
class Counted:
    """A definition that counts: ``Van elke 100 huishoudens: hoeveel leven van een laag inkomen.``"""

    base: int
    who: str
    verb: str
    rest: str


# A verb in the plural ends in -n; "loste de gemeente … op" has another order of words and gets the plain sentence.
_COUNTED = re.compile(r"Van elke (100|1\.000) ([^:]+): hoeveel (\w+n)\b ?([^.]*)\.")


def counted(indicator: Indicator) -> Counted | None:
    """The parts of a definition that counts people or things; None when it is written otherwise."""
    match = _COUNTED.match(indicator.definition)
    if match is None:
        return None
    base, who, verb, rest = match.groups()
    expected = {"%": 100}.get(indicator.unit, 1000 if indicator.unit.startswith("per 1.000") else 0)
    found = int(base.replace(".", ""))
    # The rest may carry an explanation in brackets, which belongs in the definition and not in a short sentence.
    rest = re.sub(r" ?\([^)]*\)", "", rest)
    # "zijn er 11 15 tot 25 jaar": two numbers in a row can't be read.
    return Counted(found, who, verb, rest) if found == expected and not rest[:1].isdigit() else None


def _of_each(value: float, base: int, parts: Counted) -> int:
    return int(_half_up(value * base / parts.base, 0))


def natural_base(parts: Counted, figure: Figure, others: Iterable[float | None]) -> int | None:
    """Of how many the numbers are whole, at least two, and differ where the verdict says that they do."""
    if figure.value is None:
        return None
    values = [value for value in (figure.value, *others) if value is not None]
    differs = figure.national_verdict not in (None, "similar") and figure.national_value is not None
    for base in (100, 1000, 10000):
        numbers = [_of_each(value, base, parts) for value in values]
        if base < parts.base or min(numbers) < 2 or (base == 100 and min(numbers) < 5):
            continue
        if not (differs and len(numbers) > 1 and numbers[0] == numbers[1]):
            return base
    return None


def level(indicator: Indicator, area: Area, figure: Figure) -> str:
    """How high a figure is, with Nederland and the rest of Heerlen beside it as far as these are known."""
    if figure.value is None:
        return f"{indicator.label}, {period_of(figure)}. {reason(figure)}"
    parts = counted(indicator)
    beside = [("Nederland", figure.national_value), ("de rest van Heerlen", figure.rest_value)]
    known = [(name, value) for name, value in beside if value is not None]
    base = natural_base(parts, figure, [value for _, value in known]) if parts else None
    if parts is None or base is None:
        others = "".join(f" In {name}: {shown_beside(indicator, figure, value)}." for name, value in known)
        return f"{indicator.label} in {place(area)}: {shown(indicator, figure)}.{others}"
    count = number(_of_each(figure.value, base, parts), 0)
    rest = f" {parts.rest}" if parts.rest else ""
    of_each = f"an elke {number(base, 0)} {parts.who}"
    # After a clause of its own ("kinderen die …") the place would seem to belong to the clause.
    first = f"In {place(area)}: v{of_each}" if " die " in parts.who else f"V{of_each} in {place(area)}"
    first += f" {parts.verb} er {count}{rest}."
    others = "".join(f" In {name} zijn dat er {number(_of_each(value, base, parts), 0)}." for name, value in known)
    return first + others


def comparison(verdict: str | None, other: str, indicator: Indicator) -> str:
    """What a verdict column says, and how sure that is; empty without a verdict."""
    if verdict is None:
        return ""
    first = f"Dat is {VERDICTS[verdict]} in {other}."
    by_rounding = indicator.interval_method == "rounding"
    if verdict == "similar":
        sure = "Het verschil valt binnen de afronding." if by_rounding else "Het verschil kan toeval zijn."
    elif by_rounding:
        sure = "Het verschil is groter dan de afronding kan verklaren."
    else:
        sure = "Het verschil is groter dan toeval kan verklaren."
    return f"{first} {sure}"


def finding(indicator: Indicator, area: Area, figure: Figure) -> str:
    """How high a figure is, and what its verdict says: against Nederland, or the rest of Heerlen where that is all."""
    if figure.value is None:
        return level(indicator, area, figure)
    sentences = [level(indicator, area, figure)]
    if figure.national_value is None:
        sentences.append(comparison(figure.rest_verdict, "de rest van Heerlen", indicator))
    elif figure.national_verdict is not None:
        sentences.append(comparison(figure.national_verdict, "Nederland", indicator))
    elif indicator.unit != "aantal" and figure.lower_95 is None:
        sentences.append("Of dat verschil toeval is, weten we niet: de marge van dit cijfer is niet bekend.")
    return " ".join(sentence for sentence in sentences if sentence)


def trend(figure: Figure) -> str:
    return TRENDS.get(figure.trend or "", "")


def title_of(indicator: Indicator, area: Area, figure: Figure | None) -> str:
    """A chart's title: the finding in a few words."""
    if figure is None or figure.value is None:
        return f"{indicator.label}: nog geen cijfer"
    if figure.national_verdict is None:
        return f"{indicator.label}: {shown(indicator, figure)} in {place(area)}"
    return f"{indicator.label}: {VERDICTS[figure.national_verdict]} in Nederland"


def percent(share: float) -> str:
    """A share as a percentage without decimals."""
    return f"{number(share * 100, 0)}%"


def progress(row: Progress, place_name: str, other: str) -> str:
    """What ``programma.progress`` says about one gap."""
    if row.status == "undefined":
        return row.undefined_reason_nl or "Hierover is nog niets te zeggen."
    sentences = [_pace(row, place_name, other), _closed(row)]
    moved = {"own": f"Vooral {place_name} veranderde.", "comparator": f"Vooral {other} veranderde."}
    sentences.append(moved.get(row.mainly_due_to or "", ""))
    if row.is_before_programme:
        sentences.append("Deze jaren liggen voor de start van het programma.")
    return " ".join(sentence for sentence in sentences if sentence)


def _closed(row: Progress) -> str:
    """The share closed with its interval, turned round when the whole interval says that the gap grew."""
    if row.share_closed is None or row.lower is None or row.upper is None or row.time_elapsed is None:
        return ""
    time = f"Van de tijd tussen {row.baseline_year} en 2047 was toen {percent(row.time_elapsed)} voorbij."
    if row.upper < 0:
        grown = f"Het verschil was in {row.now_year} {percent(-row.share_closed)} groter dan in {row.baseline_year}"
        return f"{grown} (tussen {percent(-row.upper)} en {percent(-row.lower)}). {time}"
    closed = f"Van het verschil in {row.baseline_year} was in {row.now_year} {percent(row.share_closed)} ingelopen"
    return f"{closed} (tussen {percent(row.lower)} en {percent(row.upper)}). {time}"


def _pace(row: Progress, place_name: str, other: str) -> str:
    gap = f"Het verschil tussen {place_name} en {other}"
    return {
        "ahead": f"{gap} wordt sneller kleiner dan nodig is om in 2047 gelijk te zijn.",
        "on_track": f"{gap} wordt kleiner, in een tempo dat past bij 2047.",
        "behind": f"{gap} wordt niet snel genoeg kleiner om in 2047 gelijk te zijn.",
        "uncertain": "De onzekerheid is groter dan de verandering.",
    }[row.status]


def signal(indicator: Indicator, row: EarlySignal, *, named: bool = True) -> str:
    """What the newest month or quarter shows beside a year earlier; `named` is False below a heading with the name."""
    when = period(row.period_start, row.period_end, row.period_type)
    about = f"{indicator.label}, {when}" if named else when[:1].upper() + when[1:]
    if row.value is None:
        return f"{about}: {row.no_signal_reason_nl or 'geen cijfer'}"
    decimals = supported_decimals(indicator.decimals, row.lower_95, row.upper_95)
    now = quantity(row.value, indicator.unit, decimals)
    first = f"{about}: {now}."
    if row.value_year_earlier is not None:
        first += f" Een jaar eerder: {quantity(row.value_year_earlier, indicator.unit, decimals)}."
    if row.signal is None:
        return f"{first} {row.no_signal_reason_nl or ''}".strip()
    sure = (
        "De verandering kan toeval zijn."
        if row.signal == "similar"
        else "De verandering is groter dan toeval kan verklaren."
    )
    return f"{first} Dat is {SIGNALS[row.signal]}. {sure}"


def told_verdict(figure: Figure) -> str | None:
    """The verdict that `finding` tells: on Nederland, or on the rest of Heerlen where that is all."""
    return figure.rest_verdict if figure.national_value is None else figure.national_verdict


def has_limits(figures: Iterable[Figure]) -> bool:
    return any(figure.value is not None and figure.lower_95 is not None for figure in figures)


@dataclass(frozen=True)
class Columns:
    """Which columns of a table of figures have anything to say."""

    limits: bool
    country: bool
    rest: bool
    trend: bool


def columns_with(figures: Iterable[Figure], is_count: bool) -> Columns:
    """The columns that `figures` fill; other areas stand beside a figure, but not beside a count of people or things."""
    found = [figure for figure in figures if figure.value is not None]
    return Columns(
        limits=has_limits(found),
        country=not is_count and any(figure.national_value is not None for figure in found),
        rest=not is_count and any(figure.rest_value is not None for figure in found),
        trend=any(figure.trend not in (None, "cannot_be_calculated") for figure in found),
    )


_LINES = {
    "noord": "De dikke lijn is {}.",
    "country": "De dunne donkere lijn is {}.",
    "rest": "De streepjeslijn is de rest van Heerlen.",
}


def legend(series: Iterable[Series]) -> str:
    """What the lines, band and points of a trend are, as far as they are there."""
    told = list(series)
    sentences = [_LINES[one.kind].format(one.label) for one in told]
    main = [figure for one in told if one.kind == "noord" for figure in one.figures if figure.value is not None]
    if has_limits(main):
        sentences.append("De band is de marge.")
    if any(figure.status in ("provisional", "estimated") for figure in main):
        sentences.append("Een open punt is voorlopig of geschat.")
    if any(figure.has_break for figure in main):
        sentences.append("Waar de lijn onderbroken is, veranderde de manier van meten.")
    return " ".join(sentences)


def news(changes: Summary, *, with_tables: bool = True) -> list[str]:
    """What a release changes of the one before, in a sentence per kind; says so when that is nothing.

    Tables and columns are for who uses the data: `with_tables` tells of them as well.
    """
    told = []
    if changes.added:
        figures, topics = sum(row.figures for row in changes.added), {row.indicator_code for row in changes.added}
        told.append(
            f"Er {_are(figures)} {counted_as(figures, 'nieuw cijfer', 'nieuwe cijfers')}, "
            f"bij {counted_as(len(topics), 'onderwerp', 'onderwerpen')}."
        )
    for change, done in _NEWS.items():
        rows = [row for row in changes.revised if row.change == change]
        figures, topics = sum(row.figures for row in rows), {row.indicator_code for row in rows}
        if rows:
            told.append(
                f"{counted_as(figures, 'cijfer is', 'cijfers zijn')} {done}, "
                f"bij {counted_as(len(topics), 'onderwerp', 'onderwerpen')}."
            )
    if flipped := len(changes.flipped):
        told.append(
            f"{counted_as(flipped, 'oordeel is', 'oordelen zijn')} anders, in alle gebieden van deze site samen."
        )
    for change, done in (
        ("indicator_added", "nieuw"),
        ("indicator_dropped", "vervallen"),
        ("indicator_redefined", "anders omschreven"),
    ):
        codes = {row.name for row in changes.indicators if row.change == change}
        if codes:
            told.append(f"{counted_as(len(codes), 'onderwerp is', 'onderwerpen zijn')} {done}.")
    if changes.schema and with_tables:
        told.append(f"{counted_as(len(changes.schema), 'tabel of kolom is', 'tabellen of kolommen zijn')} anders.")
    same = [] if changes.revised else ["Geen enkel cijfer van de vorige uitgave is bijgesteld of ingetrokken."]
    if told:
        return told + same
    return [
        "Alles is gelijk aan de vorige uitgave."
        if with_tables
        else "Alle cijfers zijn gelijk aan die van de vorige uitgave."
    ]


_NEWS = {
    "figure_revised": "bijgesteld",
    "figure_withdrawn": "ingetrokken",
    "figure_hidden": "nu verborgen om mensen te beschermen",
    "figure_status_changed": "gelijk gebleven met een andere status, zoals van voorlopig naar definitief",
}


def _are(count: int) -> str:
    return "is" if count == 1 else "zijn"


def tally(verdicts: Iterable[str | None]) -> str:
    """How many verdicts of each kind, in words; empty without any."""
    found = [verdict for verdict in verdicts if verdict is not None]
    judged = {"better": "gunstiger", "similar": "niet duidelijk anders", "worse": "minder gunstig"}
    neutral = {"higher": "hoger", "lower": "lager"}
    parts = [f"{found.count(verdict)} {name}" for verdict, name in judged.items() if verdict in found]
    plain = [f"{found.count(verdict)} {name}" for verdict, name in neutral.items() if verdict in found]
    if plain:
        parts.append(f"{' en '.join(plain)} (wat niet beter of slechter is)")
    return ", ".join(parts)


def waiting(figure: Figure) -> str:
    """A newer period without a value, in a few words: ``2025: nog niet bekend``."""
    return f"{period_of(figure)}: {VALUE_STATUSES.get(figure.status, 'geen cijfer')}"
