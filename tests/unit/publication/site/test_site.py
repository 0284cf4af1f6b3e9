"""Whole pages of a small release: what stands on them, what they link to, and what they never do."""

from __future__ import annotations

import csv
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from publication.catalog import open_read_only
from publication.site import words
from publication.site.build import build_site
from publication.site.reading import Monitor
from tests.support.site import broken_links, html_problems, outline, outside_requests
from tests.unit.publication.site.small import BUURTEN, HIDDEN, RELEASE, write_small_release


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def text_of(page: Path) -> str:
    """What a reader sees, in one line, entities resolved."""
    import html

    text = re.sub(r"<(title|desc)[^>]*>.*?</\1>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"</?(small|b|strong|a|span|i|code)\b[^>]*>", "", text)
    return re.sub(r"[ \n]+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def test_every_indicator_area_and_line_has_a_page(site: Path, monitor: Monitor) -> None:
    found = {page.relative_to(site).as_posix() for page in pages(site)}
    assert {f"indicator/{code}.html" for code in monitor.indicators} <= found
    areas = {"HN14", "RH14", "GM0917", "WK091720", "WK091733", *BUURTEN}
    assert {name for name in found if name.startswith("gebied/")} == {f"gebied/{code}.html" for code in areas} | {
        "gebied/index.html"
    }
    assert {"lijn/leren.html", "lijn/werken.html", "activiteiten.html", "samenhang.html", "gegevens.html"} <= found


def test_links_resolve(site: Path) -> None:
    assert broken_links(site) == []


def test_html_is_valid(site: Path) -> None:
    assert [problem for page in pages(site) for problem in html_problems(page)] == []


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    assert [problem for page in pages(site) for problem in outside_requests(page)] == []
    for name in ("monitor.css", "monitor.js", "sample.svg"):
        text = (site / "static" / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|fetch\(|XMLHttpRequest|sendBeacon|new Image", text)


def test_every_page_says_release_origin_and_age(site: Path) -> None:
    for page in pages(site):
        text = text_of(page)
        assert RELEASE in text
        assert "25 november 2026" in text
        assert "sample: verzonnen cijfers" in text
        assert "default-src 'none'" in page.read_text(encoding="utf-8")
    assert "Cijfers op deze pagina Figures on this page" in text_of(site / "indicator/WER_LAAG.html")
    assert "alle tot en met 31 december 2024" in text_of(site / "indicator/WER_LAAG.html")


def test_only_sample_pages_carry_the_watermark(site: Path, tmp_path: Path) -> None:
    build_site(write_small_release(tmp_path, origin="live"), tmp_path / "site")
    for page in pages(site):
        assert "SAMPLE" in text_of(page)
        assert 'class="sample"' in page.read_text(encoding="utf-8")
    for page in pages(tmp_path / "site"):
        assert "SAMPLE" not in text_of(page)
        assert "verzonnen" not in text_of(page)


def test_the_finding_stands_in_words(site: Path) -> None:
    text = text_of(site / "indicator/WER_LAAG.html")
    # 14,0 − 5 × 0,3 = 12,5 and 10,0 − 5 × 0,3 = 8,5, and a half goes up.
    assert (
        "Van elke 100 huishoudens in Heerlen-Noord hebben er 13 een laag inkomen. In Nederland zijn dat er 9." in text
    )
    assert "Dat is minder gunstig dan in Nederland. Het verschil is groter dan toeval kan verklaren." in text


def test_what_is_hidden_is_said_with_its_reason_and_hatched(site: Path) -> None:
    note = "Wij laten dit cijfer niet zien om mensen te beschermen."
    assert note in text_of(site / f"gebied/{HIDDEN}.html")
    page = (site / "indicator/WER_LAAG.html").read_text(encoding="utf-8")
    assert note in text_of(site / "indicator/WER_LAAG.html")
    assert re.search(rf'class="hidden" fill="url\(#hatch\)"><title>Buurt 3: {note}</title>', page)
    assert "Niet getoond: het gaat om te weinig mensen" in text_of(site / "indicator/WER_LAAG.html")
    assert "er is nog niets geleverd" in text_of(site / "lijn/leren.html")


def test_tables_hold_the_figures_of_the_mart(site: Path, monitor: Monitor) -> None:
    for code in ("WER_LAAG", "WER_BIJSTAND", "WER_INKOMEN", "LER_SCORE"):
        indicator = monitor.indicators[code]
        page = (site / f"indicator/{code}.html").read_text(encoding="utf-8")
        for area in monitor.pages:
            figure = monitor.newest(code, area.code)
            if figure is not None and figure.value is not None:
                row = page.split(f'data-sort="{area.code}"')[1].split("</tr>")[0]
                assert f'data-sort="{figure.value}"><b>{words.bare_value(indicator, figure, figure.value)}</b>' in row


def test_large_areas_lead_to_their_wijken_and_wijken_to_their_buurten(site: Path) -> None:
    parts = {"HN14": ["WK091720"], "RH14": ["WK091733"], "GM0917": ["WK091720", "WK091733"], "WK091720": BUURTEN}
    for code, inside in parts.items():
        links = [link.removesuffix(".html") for link in outline(site / f"gebied/{code}.html").links]
        assert [link for link in links if re.fullmatch(r"(WK|BU)\d+", link)] == inside


def test_no_list_ranks_areas(site: Path, monitor: Monitor) -> None:
    for code in monitor.indicators:
        page = (site / f"indicator/{code}.html").read_text(encoding="utf-8")
        order = re.findall(r'<th scope="row" data-sort="((?:WK|BU)\w+)"', page)
        assert order == [area.code for area in monitor.pages if area.code in order]


def test_figures_come_as_csv_for_dutch_excel(site: Path, small_release: Path) -> None:
    raw = (site / "data/WER_LAAG.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfarea_code;")
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines(), delimiter=";"))
    with closing(open_read_only(small_release)) as connection:
        query = "SELECT area_code, period_start::VARCHAR, value FROM werken.indicator_values WHERE indicator_code = 'WER_LAAG'"
        mart: dict[tuple[Any, ...], float | None] = {
            (code, start): value for code, start, value in connection.execute(query).fetchall()
        }
    found = {
        (row["area_code"], row["period_start"]): float(row["value"].replace(",", ".")) if row["value"] else None
        for row in rows
    }
    newest = max(start for _, start in mart)
    recent = f"{int(newest[:4]) - 5}{newest[4:]}"
    kept = {key for key in mart if key[0][:2] not in ("WK", "BU") or key[1] > recent}
    assert found.keys() == kept < mart.keys()
    for key, value in found.items():
        assert value == (pytest.approx(mart[key], rel=1e-9) if mart[key] is not None else None)
    assert {row["value_status"] for row in rows if not row["value"]} == {"suppressed_here"}


def test_every_figure_leads_to_its_source(site: Path) -> None:
    for page in (
        site / "gebied/HN14.html",
        site / "lijn/werken.html",
        site / "indicator/WER_LAAG.html",
        site / "index.html",
    ):
        assert any(link.endswith("gegevens.html#bron-feed_a") for link in outline(page).links)
    text = text_of(site / "gegevens.html")
    assert "Vastgehouden sinds 1 november 2026." in text
    assert "Bron: CBS, CC BY 4.0" in text


def test_texts_of_sources_are_escaped(site: Path) -> None:
    page = (site / "indicator/LER_LEEG.html").read_text(encoding="utf-8")
    assert "&lt;lezen&gt; &amp; &#34;schrijven&#34;" in page
    assert "<lezen>" not in page


def test_what_changed_since_the_last_release(site: Path) -> None:
    text = text_of(site / "uitgaven.html")
    assert "Heerlen-Noord, 2023: van 14,0% naar 15,5%" in text
    assert (
        "Heerlen-Noord, 5 jaar, 2022: van 54,02\xa0per 1.000 inwoners naar 54,04\xa0per 1.000 inwoners (0,0% hoger)"
        in text
    )
    assert "de bron leverde nieuwe cijfers 2 Heerlen-Noord" in text
    assert "Vervallen: Wat weg is (WER_GONE)" in text
    assert "definitie Oud. Nieuw." in text
    assert "meta.feeds.owner kolom weg VARCHAR –" in text
    assert "1 cijfer is nu verborgen om mensen te beschermen, bij 1 onderwerp." in text
    assert "Er zijn 40 nieuwe cijfers, bij 1 onderwerp." in text
    # A municipality elsewhere has no page, and no line here.
    assert "2 oordelen zijn anders" in text
    assert "Amsterdam" not in text
    page = (site / "uitgaven.html").read_text(encoding="utf-8")
    row = page.split('indicator/WER_LAAG.html">')[1].split("</tr>")[0]
    assert re.findall(r'class="mark (\w+)"', row) == ["similar", "worse"]
    assert "er is een nieuwere periode" in row
    assert "20261001T080000Z-89abcdef , 1 oktober 2026" in text or "20261001T080000Z-89abcdef, 1 oktober 2026" in text


def test_the_start_page_tells_what_is_new(site: Path, tmp_path: Path) -> None:
    text = text_of(site / "index.html")
    assert "3 cijfers zijn bijgesteld, bij 2 onderwerpen." in text
    flip = "was niet duidelijk anders dan in Nederland, is nu minder gunstig dan in Nederland (2024)."
    assert f"Huishoudens met een laag inkomen: {flip}" in text
    path = write_small_release(tmp_path)
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("UPDATE meta.release SET previous_release_id = NULL; DELETE FROM meta.changes")
    build_site(path, tmp_path / "first")
    assert "Dit is de eerste uitgave, van 25 november 2026." in text_of(tmp_path / "first/index.html")
    assert "Er is geen vorige uitgave om mee te vergelijken." in text_of(tmp_path / "first/uitgaven.html")
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("UPDATE meta.release SET previous_release_id = '20261001T080000Z-89abcdef'")
    build_site(path, tmp_path / "same")
    assert "Alle cijfers zijn gelijk aan die van de vorige uitgave." in text_of(tmp_path / "same/index.html")
    assert "Alles is gelijk aan de vorige uitgave." in text_of(tmp_path / "same/uitgaven.html")


def test_changes_come_as_csv(site: Path) -> None:
    raw = (site / "data/wijzigingen.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(raw.splitlines(), delimiter=";"))
    assert [row["new_value"] for row in rows if row["change"] == "figure_revised" and row["area_code"] == "HN14"] == [
        "54,04",
        "15,5",
    ]
    assert len(rows) == 12


def test_the_csv_of_changes_stays_small(tmp_path: Path) -> None:
    """A release that reckons otherwise changes every figure of every buurt."""
    path = write_small_release(tmp_path)
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(
            """INSERT INTO meta.changes BY NAME SELECT 'figure_revised' AS change, 'werken' AS line, 'WER_INKOMEN' AS indicator_code,
            if(i = 7, 'HN14', 'BU' || i) AS area_code, DATE '2020-01-01' AS period_start, 'year' AS period_type, 'total' AS breakdown,
            1.0 AS old_value, 1.0 + i AS new_value, i AS difference, 100 * i AS difference_pct, 'method' AS cause FROM range(1000) t(i)"""
        )
    build_site(path, tmp_path / "site")
    raw = (tmp_path / "site/data/wijzigingen.csv").read_bytes().decode("utf-8-sig")
    areas = [
        row["area_code"]
        for row in csv.DictReader(raw.splitlines(), delimiter=";")
        if row["indicator_code"] == "WER_INKOMEN"
    ]
    assert len(areas) == 50
    assert {"HN14", "BU999"} <= set(areas), "Heerlen-Noord first, then the largest"


def test_breakdowns_stand_with_their_words_in_their_own_order(site: Path) -> None:
    page = (site / "indicator/WER_BIJSTAND.html").read_text(encoding="utf-8")
    table = page.split("uitgesplitst, Heerlen-Noord</caption>")[1].split("</table>")[0]
    assert re.findall(r'<th scope="row">([^<]+)</th>', table) == ["Totaal", "5 jaar", "10 jaar"]
    # 54,0 − 5 × 0,3 = 52,5, twice and half of it; an interval of 3 % supports no decimal at the first two.
    assert re.findall(r'class="number">(\d+)', table) == ["53", "105", "26"]


def test_figures_of_partners_say_how_people_are_protected(site: Path, tmp_path: Path) -> None:
    rule = "Aantallen tot en met 4 laten we niet zien."
    assert rule in text_of(site / "indicator/WER_LAAG.html")
    assert "Dit is een cijfer van een partner." in text_of(site / "indicator/WER_LAAG.html")
    assert rule in text_of(site / "gegevens.html")
    path = write_small_release(tmp_path)
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("UPDATE meta.disclosure SET is_protected_here = false")
    build_site(path, tmp_path / "site")
    assert "van een partner" not in text_of(tmp_path / "site/indicator/WER_LAAG.html")


def test_areas_where_nothing_took_place_are_left_to_the_csv(tmp_path: Path) -> None:
    path = write_small_release(tmp_path)
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(
            """INSERT INTO programma.activities SELECT * REPLACE ('WK091733' AS area_code, 'Centrum' AS area_name,
            0.0 AS participations, 0.0 AS unique_participants) FROM programma.activities;
            ALTER TABLE programma.activities ADD COLUMN children DOUBLE; ALTER TABLE programma.activities ADD COLUMN volunteers DOUBLE;
            UPDATE programma.activities SET children = 0, volunteers = 0"""
        )
    build_site(path, tmp_path / "site")
    text = text_of(tmp_path / "site/activiteiten.html")
    assert "Heksenberg" in text
    assert "Centrum" not in text
    assert "Centrum" in (tmp_path / "site/data/activiteiten.csv").read_text(encoding="utf-8")


def test_pages_are_small(site: Path) -> None:
    assert max(page.stat().st_size for page in pages(site)) < 300_000


@pytest.mark.parametrize(
    "missing",
    ["programma", "meta.area_geometries", "meta.changes", "meta.freshness", "meta.breakdowns", "meta.disclosure"],
)
def test_a_release_without_some_tables_still_has_a_site(tmp_path: Path, missing: str) -> None:
    path = write_small_release(tmp_path)
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(f"DROP {'TABLE' if '.' in missing else 'SCHEMA'} {missing} CASCADE")
    build_site(path, tmp_path / "site")
    assert broken_links(tmp_path / "site") == []
    assert (tmp_path / "site/activiteiten.html").exists() is (missing != "programma")
