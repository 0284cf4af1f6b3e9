"""Words agree with the columns: directions with verdicts, numbers with values, and nothing is claimed that isn't there."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from publication.change_report import Added, Change, Summary
from publication.site import words
from publication.site.charts import Series
from publication.site.reading import Area, EarlySignal, Figure, Indicator, Progress

SEEDS = Path(__file__).parents[4] / "dbt_project/seeds/indicators.csv"
SHARE = Indicator(
    code="WER_LAAG",
    line="werken",
    label="Huishoudens met een laag inkomen",
    label_en="Low income",
    unit="%",
    decimals=1,
    direction="lower_is_better",
    is_child_focused=False,
    estimate_type="register",
    aggregation="ratio",
    interval_method="wilson",
    definition="Van elke 100 huishoudens: hoeveel hebben een laag inkomen (een grens van CBS). Tot en met 2023.",
    rationale="",
    numerator="",
    denominator="",
    weight="",
    source="CBS",
    breaks="",
)
NOORD = Area("HN14", "Heerlen-Noord", "programme_area", "GM0917", 55900, 2024, in_noord=True)
FIGURE = Figure(
    code="WER_LAAG",
    area_code="HN14",
    period_start=date(2024, 1, 1),
    period_end=date(2024, 12, 31),
    period_type="year",
    breakdown="total",
    value=14.2,
    lower_95=13.6,
    upper_95=14.8,
    status="measured",
    note=None,
    estimate_type="register",
    has_break=False,
    coverage=1.0,
    national_value=10.1,
    national_gap=-4.1,
    national_verdict="worse",
    rest_value=10.4,
    rest_gap=-3.8,
    rest_verdict="worse",
    trend="no_significant_change",
    feed_id="feed_a",
    snapshot_id="snap",
)
values = st.floats(0, 100, allow_nan=False)


def half_up(value: float, decimals: int = 0) -> float:
    return float(Decimal(repr(value)).quantize(Decimal(10) ** -decimals, "ROUND_HALF_UP"))


def read_number(text: str) -> float:
    return float(text.replace(".", "").replace(",", ".").replace(words.MINUS, "-"))


def judged(indicator: Indicator, value: float, half: float, national: float) -> Figure:
    """A row with the verdict that the mart's rule gives it."""
    if value - half <= national <= value + half:
        verdict = "similar"
    elif indicator.direction == "neutral":
        verdict = "higher" if value > national else "lower"
    else:
        verdict = "better" if (value > national) == (indicator.direction == "higher_is_better") else "worse"
    limits = {"lower_95": value - half, "upper_95": value + half}
    return FIGURE._replace(value=value, national_value=national, national_verdict=verdict, rest_value=None, **limits)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234.5, 1, "1.234,5"),
        (14.5, 0, "15"),
        (15.5, 0, "16"),
        (2.675, 2, "2,68"),
        (-0.457, 3, "−0,457"),
        (-0.04, 1, "0,0"),
        (18044570, 0, "18.044.570"),
        (0.0, 2, "0,00"),
    ],
)
def test_numbers_the_dutch_way(value: float, decimals: int, text: str) -> None:
    assert words.number(value, decimals) == text


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_number_reads_back(value: float, decimals: int) -> None:
    assert read_number(words.number(value, decimals)) == pytest.approx(half_up(value, decimals), abs=1e-6)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (14.25, "%", "14,3%"),
        (23.4, "x 1.000 euro", "€\xa023.400"),
        (4446.3, "euro per jaar", "€\xa04.446,3 per jaar"),
        (53.1, "per 1.000 inwoners", "53,1\xa0per 1.000 inwoners"),
        (7.3, "cijfer", "7,3"),
    ],
)
def test_quantities(value: float, unit: str, text: str) -> None:
    assert words.quantity(value, unit, 1) == text


@pytest.mark.parametrize(
    ("start", "end", "kind", "text", "short"),
    [
        (date(2024, 1, 1), date(2024, 12, 31), "year", "2024", "2024"),
        (date(2024, 8, 1), date(2025, 7, 31), "school_year", "schooljaar 2024/25", "24/25"),
        (date(2026, 3, 1), date(2026, 3, 31), "month", "maart 2026", "mrt 26"),
        (date(2025, 4, 1), date(2025, 6, 30), "quarter", "tweede kwartaal van 2025", "2e kw 25"),
        (date(2025, 7, 1), date(2025, 12, 31), "half_year", "tweede halfjaar van 2025", "jul 25"),
        (date(2025, 8, 1), date(2025, 11, 30), "term", "augustus tot en met november 2025", "aug 25"),
        (date(2025, 12, 1), date(2026, 2, 28), "term", "december 2025 tot en met februari 2026", "dec 25"),
        (date(2025, 8, 18), date(2025, 11, 30), "term", "18 augustus 2025 tot en met 30 november 2025", "aug 25"),
    ],
)
def test_periods(start: date, end: date, kind: str, text: str, short: str) -> None:
    assert words.period(start, end, kind) == text
    assert words.short_period(start, kind) == short


@pytest.mark.parametrize(
    ("decimals", "half", "shown"),
    [(1, None, 1), (1, 0.3, 1), (1, 0.99, 1), (1, 1.0, 0), (1, 4.2, 0), (3, 0.02, 2), (0, 9, 0)],
)
def test_no_decimal_finer_than_half_the_interval(decimals: int, half: float | None, shown: int) -> None:
    limits = (None, None) if half is None else (-half, half)
    assert words.supported_decimals(decimals, *limits) == shown


def test_the_example_of_the_style() -> None:
    assert words.finding(SHARE, NOORD, FIGURE) == (
        "Van elke 100 huishoudens in Heerlen-Noord hebben er 14 een laag inkomen. In Nederland zijn dat er 10. "
        "In de rest van Heerlen zijn dat er 10. Dat is minder gunstig dan in Nederland. "
        "Het verschil is groter dan toeval kan verklaren."
    )


@given(
    values,
    st.floats(0, 20),
    values,
    st.sampled_from(["higher_is_better", "lower_is_better", "neutral"]),
    st.sampled_from(["%", "per 1.000 inwoners", "km", "score", "x 1.000 euro"]),
    st.sampled_from(["wilson", "byar", "rounding", "publisher"]),
)
def test_words_say_what_the_verdict_says_and_nothing_else(
    value: float, half: float, national: float, direction: str, unit: str, method: str
) -> None:
    indicator = replace(SHARE, direction=direction, unit=unit, interval_method=method)
    figure = judged(indicator, value, half, national)
    said = words.finding(indicator, NOORD, figure)
    assert figure.national_verdict is not None
    # "minder gunstig dan" does not contain "gunstiger dan"; each phrase stands by itself.
    assert [verdict for verdict, phrase in words.VERDICTS.items() if f"Dat is {phrase} in Nederland." in said] == [
        figure.national_verdict
    ]
    may_be_chance = "kan toeval zijn" in said or "binnen de afronding" in said
    assert may_be_chance == (figure.national_verdict == "similar")
    assert ("toeval" in said) == (method != "rounding")


@given(values, st.floats(0, 20), values)
def test_numbers_stand_on_the_side_that_the_verdict_names(value: float, half: float, national: float) -> None:
    figure = judged(SHARE, value, half, national)
    # Closer than a thousandth, no number of decimals that a reader can use tells two values apart.
    assume(figure.national_verdict == "similar" or abs(value - national) > 0.01)
    said = words.level(SHARE, NOORD, figure)
    natural = re.search(
        r"Van elke ([\d.]+) huishoudens .* er ([\d.]+) een laag inkomen\. In Nederland zijn dat er ([\d.]+)\.", said
    )
    if natural:
        base, own, other = (read_number(text) for text in natural.groups())
        assert (own, other) == (half_up(value * base / 100), half_up(national * base / 100))
    else:
        own, other = (read_number(text) for text in re.findall(r": ([\d.,−]+)%", said))
        decimals = words.decimals_of(SHARE, figure)
        assert (own, other) == (pytest.approx(half_up(value, decimals)), pytest.approx(half_up(national, decimals)))
    if figure.national_verdict == "worse":
        assert own > other
    elif figure.national_verdict == "better":
        assert own < other


@given(values, values, st.integers(2, 60))
def test_natural_numbers_are_whole_and_readable(value: float, national: float, half: int) -> None:
    figure = judged(SHARE, value, half / 10, national)
    parts = words.counted(SHARE)
    assert parts is not None
    base = words.natural_base(parts, figure, [national])
    if base is not None:
        assert min(half_up(value * base / 100), half_up(national * base / 100)) >= 2
        if figure.national_verdict != "similar":
            assert half_up(value * base / 100) != half_up(national * base / 100)


def test_a_margin_of_rounding_lies_evenly_around_its_figure() -> None:
    income = replace(SHARE, unit="x 1.000 euro", interval_method="rounding")
    figure = FIGURE._replace(value=28.2, lower_95=28.15, upper_95=28.25, national_value=None, rest_value=None)
    assert words.shown(income, figure) == "€\xa028.200"
    assert words.margin(income, figure) == words.bare_margin(income, figure) == "€\xa028.150 tot €\xa028.250"


def test_no_verdict_no_claim() -> None:
    bare = FIGURE._replace(national_verdict=None, rest_verdict=None, lower_95=None, upper_95=None)
    said = words.finding(SHARE, NOORD, bare)
    assert not any(f"Dat is {phrase}" in said for phrase in words.VERDICTS.values())
    assert "Of dat verschil toeval is, weten we niet" in said
    count = words.finding(replace(SHARE, unit="aantal"), NOORD, bare)
    assert "verschil" not in count


def test_without_the_netherlands_the_rest_of_heerlen_is_the_measure() -> None:
    said = words.finding(SHARE, NOORD, FIGURE._replace(national_value=None, national_verdict=None))
    assert said.endswith(
        "Dat is minder gunstig dan in de rest van Heerlen. Het verschil is groter dan toeval kan verklaren."
    )
    assert "Nederland" not in said


def test_a_figure_that_is_absent_says_why() -> None:
    hidden = FIGURE._replace(
        value=None, status="suppressed_here", note="Wij laten dit cijfer niet zien.", national_verdict=None
    )
    assert (
        words.finding(SHARE, NOORD, hidden) == "Huishoudens met een laag inkomen, 2024. Wij laten dit cijfer niet zien."
    )
    assert words.shown(SHARE, hidden) == "–"
    assert words.margin(SHARE, hidden) == ""
    assert words.reason(hidden._replace(note=None)) == "niet getoond om mensen te beschermen"


@pytest.mark.parametrize(("trend", "said"), sorted(words.TRENDS.items()))
def test_trends_say_their_direction(trend: str, said: str) -> None:
    assert ("stijgt" in said) == trend.startswith("increasing")
    assert ("daalt" in said) == trend.startswith("decreasing")
    assert ("niet gunstig" in said) == trend.endswith("_worse")
    assert ("Dat is gunstig" in said) == trend.endswith("_better")
    assert ("stijgt" in words.TRENDS_SHORT[trend]) == ("stijgt" in said)
    assert ("niet gunstig" in words.TRENDS_SHORT[trend]) == ("niet gunstig" in said)


shares = st.floats(-3, 3)


@given(st.sampled_from(["ahead", "on_track", "behind", "uncertain"]), shares, st.floats(0, 2), st.floats(0, 2))
def test_progress_never_says_closed_when_the_gap_grew(status: str, share: float, below: float, above: float) -> None:
    row = Progress(
        "X", "HN14", "NL00", status, None, 2022, 2025, False, 0.12, share, share - below, share + above, "own"
    )
    said = words.progress(row, "Heerlen-Noord", "Nederland")
    assert ("groter dan in 2022" in said) == (share + above < 0)
    assert ("ingelopen" in said) == (share + above >= 0)
    assert "Van de tijd tussen 2022 en 2047 was toen 12% voorbij." in said
    assert ("niet snel genoeg" in said) == (status == "behind")
    assert ("De onzekerheid is groter" in said) == (status == "uncertain")
    assert said.endswith("Vooral Heerlen-Noord veranderde.")


def test_progress_that_is_undefined_gives_its_reason() -> None:
    row = Progress("X", "HN14", "NL00", "undefined", "Er zijn nog geen twee jaren.", *[None] * 8)
    assert words.progress(row, "Heerlen-Noord", "Nederland") == "Er zijn nog geen twee jaren."


@pytest.mark.parametrize("signal", [*words.SIGNALS, None])
def test_signals_say_their_column(signal: str | None) -> None:
    why = None if signal else "Er is geen cijfer van een jaar eerder."
    row = EarlySignal(
        "X", "HN14", date(2026, 1, 1), date(2026, 1, 31), "month", True, 12.3, 11.9, 12.7, "measured", 14.1, -1.8, signal, why,
        None, None, None,
    )  # fmt: skip
    said = words.signal(SHARE, row)
    assert "januari 2026: 12,3%. Een jaar eerder: 14,1%." in said
    assert [name for name, phrase in words.SIGNALS.items() if f"Dat is {phrase}." in said] == (
        [signal] if signal else []
    )
    assert ("kan toeval zijn" in said) == (signal == "similar")
    assert (why or "") in said


@pytest.mark.parametrize(
    ("unit", "old", "new", "said"),
    [
        ("%", 14.0, 15.5, "van 14,0% naar 15,5%"),
        (
            "per 1.000 inwoners",
            50.0,
            49.0,
            "van 50,0\xa0per 1.000 inwoners naar 49,0\xa0per 1.000 inwoners (2,0% lager)",
        ),
        # One decimal would say that nothing changed.
        ("km", 14.02, 14.04, "van 14,02\xa0km naar 14,04\xa0km (0,1% hoger)"),
    ],
)
def test_a_revision_tells_two_numbers_that_differ(unit: str, old: float, new: float, said: str) -> None:
    assert words.revision(replace(SHARE, unit=unit), old, new, 100 * (new - old) / old) == said


@given(st.sampled_from(["noord", "country", "rest"]), st.booleans(), st.booleans(), st.booleans())
def test_a_legend_tells_what_is_drawn_and_nothing_else(
    kind: str, limits: bool, provisional: bool, broken: bool
) -> None:
    figure = FIGURE._replace(has_break=broken, status="provisional" if provisional else "measured")
    figure = figure if limits else figure._replace(lower_95=None, upper_95=None)
    drawn = {"noord": Series("Heerlen-Noord", "noord", [figure]), kind: Series("X", kind, [FIGURE])}
    said = words.legend(drawn.values())
    is_main = kind != "noord"
    assert ("dunne donkere lijn" in said) == (kind == "country")
    assert ("streepjeslijn" in said) == (kind == "rest")
    assert ("band" in said) == (limits if is_main else True)
    assert ("open punt" in said) == (provisional and is_main)
    assert ("onderbroken" in said) == (broken and is_main)


def test_a_table_has_the_columns_that_its_figures_fill() -> None:
    alone = FIGURE._replace(national_value=None, rest_value=None, trend="cannot_be_calculated", lower_95=None)
    assert words.columns_with([alone], is_count=False) == words.Columns(False, False, False, False)
    assert words.columns_with([alone, FIGURE], is_count=False) == words.Columns(True, True, True, True)
    # Heerlen-Noord is not compared with the country by how many people live there.
    assert words.columns_with([FIGURE], is_count=True) == words.Columns(True, False, False, True)
    assert words.columns_with([FIGURE._replace(value=None)], is_count=False) == words.Columns(
        False, False, False, False
    )


def test_the_verdict_that_is_marked_is_the_one_that_is_told() -> None:
    assert words.told_verdict(FIGURE._replace(rest_verdict="better")) == "worse"
    assert (
        words.told_verdict(FIGURE._replace(national_value=None, national_verdict=None, rest_verdict="better"))
        == "better"
    )


def test_news_says_that_nothing_changed_only_when_nothing_did() -> None:
    assert words.news(Summary("a", "b")) == ["Alles is gelijk aan de vorige uitgave."]
    added = [Added("werken", "WER_LAAG", "x", "year", "2024-01-01", 1)]
    assert words.news(Summary("a", "b", added=added)) == [
        "Er is 1 nieuw cijfer, bij 1 onderwerp.",
        "Geen enkel cijfer van de vorige uitgave is bijgesteld of ingetrokken.",
    ]
    schema = [Change("table_added", "meta.x", "", "", "")]
    assert words.news(Summary("a", "b", schema=schema)) == [
        "1 tabel of kolom is anders.",
        "Geen enkel cijfer van de vorige uitgave is bijgesteld of ingetrokken.",
    ]
    assert words.news(Summary("a", "b", schema=schema), with_tables=False) == [
        "Alle cijfers zijn gelijk aan die van de vorige uitgave."
    ]


def test_a_tally_counts_rows() -> None:
    said = words.tally(["better", None, "worse", "worse", "higher", "lower", "similar", "lower"])
    assert (
        said
        == "1 gunstiger, 1 niet duidelijk anders, 2 minder gunstig, 1 hoger en 2 lager (wat niet beter of slechter is)"
    )
    assert words.tally([None]) == ""


def seeds() -> list[Indicator]:
    with SEEDS.open(encoding="utf-8", newline="") as file:
        return [
            replace(
                SHARE,
                code=row["indicator_code"],
                label=row["label_nl"],
                unit=row["unit"],
                decimals=int(row["decimals"]),
                direction=row["direction"],
                interval_method=row["interval_method"],
                definition=row["definition_nl"],
            )
            for row in csv.DictReader(file)
        ]


# Definitions with another order of words, or whose sentence would hold two numbers in a row.
PLAIN = {"WON_GEZINNEN", "WON_LEEGSTAND", "WON_JONGEREN", "WON_MELDINGEN_OP_TIJD"}


def test_every_definition_that_counts_gives_a_sentence() -> None:
    counting = [item for item in seeds() if item.definition.startswith("Van elke")]
    assert len(counting) > 40
    assert {item.code for item in counting if words.counted(item) is None} == PLAIN
    for item in counting:
        said = words.level(item, NOORD, FIGURE)
        assert "  " not in said
        assert not re.search(r"\d+ \d+ ", said.replace("1.000 ", "").replace("100 ", "")), said
        if words.counted(item):
            assert said.startswith(("Van elke", "In Heerlen-Noord: van elke"))
            assert ". In Nederland zijn dat er" in said


def test_no_word_ranks_or_blames_a_place() -> None:
    folder = Path(words.__file__).parent
    texts = [path.read_text(encoding="utf-8").lower() for path in [*folder.rglob("*.j2"), *folder.rglob("*.py")]]
    for word in ("slechtste", "beste wijk", "probleemwijk", "achterstandswijk", "krachtwijk", "ranglijst", "top 10"):
        assert not any(word in text for text in texts), word
