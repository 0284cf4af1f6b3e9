"""The site of the sample in Chromium: accessible, silent on the network, usable by keyboard, complete without a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# One of each type of page; of indicators also one without figures of Noord, and of areas a large and a small one.
PAGES = [
    "index.html",
    "lijn/werken.html",
    "gebied/index.html",
    "gebied/HN14.html",
    "gebied/BU09171000.html",
    "indicator/WER_BIJSTAND.html",
    "indicator/VEI_ONVEILIG.html",
    "indicator/WON_REPARATIES.html",
    "kinderen.html",
    "samenhang.html",
    "nu-al-zichtbaar.html",
    "activiteiten.html",
    "gegevens.html",
    "uitgaven.html",
    "toegankelijkheid.html",
    "zoeken.html",
]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


class Visit:
    """A page in a context of its own, and every request that it made beyond the site's own files."""

    def __init__(self, context: BrowserContext, site: Path) -> None:
        self.page: Page = context.new_page()
        self.site = site
        self.outside: list[str] = []
        self.errors: list[str] = []
        context.route("**/*", self._watch)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def _watch(self, route: Route) -> None:
        if route.request.url.startswith(self.site.resolve().as_uri()):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def open(self, address: str) -> Page:
        self.page.goto((self.site.resolve() / address).as_uri())
        return self.page


@pytest.fixture
def visit(browser: Browser, sample_site: Path) -> Iterator[Visit]:
    context = browser.new_context(viewport=DESKTOP)  # type: ignore[arg-type]
    yield Visit(context, sample_site)
    context.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong, one line per rule, with the first element concerned.

    Axe leaves text before a picture undecided, so the sample's faint watermark is taken off while it measures contrast.
    """
    page.evaluate("document.body.classList.remove('sample')")
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']} ({len(rule['nodes'])}): {rule['nodes'][0]['html'][:160]}" for rule in found]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_type_has_a_violation(browser: Browser, sample_site: Path, viewport: dict[str, int]) -> None:
    """Zero violations of any of axe-core's rules, nothing wider than the screen, no request that leaves the site."""
    # Axe is put into the page from outside, which the page's own policy rightly refuses.
    context = browser.new_context(viewport=viewport, bypass_csp=True)  # type: ignore[arg-type]
    visit = Visit(context, sample_site)
    problems = {}
    for address in PAGES:
        page = visit.open(address)
        found = violations(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > viewport["width"]:
            found.append(f"{width} wide")
        if found:
            problems[address] = found
    context.close()
    assert problems == {}
    assert visit.outside == []


def test_dark_mode_has_contrast_too(browser: Browser, sample_site: Path) -> None:
    context = browser.new_context(viewport=DESKTOP, color_scheme="dark", bypass_csp=True)  # type: ignore[arg-type]
    visit = Visit(context, sample_site)
    problems = {}
    for address in (
        "index.html",
        "lijn/werken.html",
        "indicator/WER_BIJSTAND.html",
        "gebied/BU09171000.html",
        "zoeken.html",
    ):
        page = visit.open(address)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 22, 22)"
        if found := violations(page):
            problems[address] = found
    context.close()
    assert problems == {}


def test_a_seeded_violation_is_found(browser: Browser, sample_site: Path) -> None:
    context = browser.new_context(bypass_csp=True)
    page = Visit(context, sample_site).open("uitgaven.html")
    page.evaluate("document.querySelector('main').innerHTML += '<img src=\"x\"><p style=\"color:#aaa\">bleek</p>'")
    found = violations(page)
    context.close()
    assert any(line.startswith("image-alt") for line in found)
    assert any(line.startswith("color-contrast") for line in found)


def test_the_policy_lets_style_and_script_in_and_nothing_else(visit: Visit) -> None:
    page = visit.open("indicator/WER_BIJSTAND.html")
    assert page.locator("table.sortable th button").count() > 0
    assert page.evaluate("getComputedStyle(document.querySelector('.fill-worse, .mark')).display") != ""
    assert visit.errors == []
    page.evaluate("fetch('https://example.org/').catch(() => 0)")
    page.evaluate("new Image().src = 'https://example.org/x.png'")
    page.wait_for_timeout(200)
    assert visit.outside == []
    assert any("Content Security Policy" in error for error in visit.errors)


def test_everything_is_there_without_a_script(browser: Browser, sample_site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = Visit(context, sample_site).open("indicator/WER_BIJSTAND.html")
    assert page.locator("svg.trend").is_visible()
    assert page.locator("svg.map").is_visible()
    assert page.locator("table.sortable tbody tr").count() >= 70
    assert page.locator("table.sortable th button").count() == 0
    page.goto((sample_site.resolve() / "zoeken.html").as_uri())
    assert page.locator("#entries > li:visible").count() > 150
    assert page.locator("#query").is_hidden()
    assert page.get_by_text("Search", exact=False).locator("visible=true").count() == 0
    page.get_by_label("English headings").check()
    assert page.locator("h1 .en").is_visible()
    context.close()


def test_the_keyboard_reaches_the_main_parts(visit: Visit) -> None:
    page = visit.open("indicator/WER_BIJSTAND.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "inhoud"
    reached: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.closest('summary, .scroll, th, a')?.tagName ?? ''"))
    assert {"A", "SUMMARY", "DIV", "TH"} <= set(reached)
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_table_sorts_by_figure_and_back_by_code(visit: Visit) -> None:
    page = visit.open("indicator/WER_BIJSTAND.html")
    table = page.locator("table.sortable").last
    codes = table.locator("tbody th").evaluate_all("cells => cells.map(cell => cell.dataset.sort)")
    table.get_by_role("button", name="Cijfer").press("Enter")
    figures = table.locator("tbody td.number:nth-child(3)").evaluate_all(
        "cells => cells.map(cell => Number(cell.dataset.sort))"
    )
    assert figures == sorted(figures)
    assert len(figures) > 50
    assert table.locator("th[aria-sort=ascending]").count() == 1
    table.get_by_role("button", name="Gebied").press("Enter")
    back = table.locator("tbody th").evaluate_all("cells => cells.map(cell => cell.dataset.sort)")
    assert back == sorted(codes)


def test_on_a_phone_a_row_is_a_block_with_labels_and_still_a_row(browser: Browser, sample_site: Path) -> None:
    context = browser.new_context(viewport=PHONE)  # type: ignore[arg-type]
    page = Visit(context, sample_site).open("lijn/werken.html")
    table = page.get_by_role("table", name="Cijfers van Heerlen-Noord naast Nederland")
    row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Mensen met bijstand"))
    assert row.get_by_role("cell").count() == 4
    assert row.evaluate("row => row.getBoundingClientRect().right") <= PHONE["width"]
    label = "cell => getComputedStyle(cell, '::before').content"
    assert row.locator("td.country").evaluate(label) == '"Nederland: "'
    context.close()


def test_search_finds_by_part_of_a_word_and_without_accents(visit: Visit) -> None:
    page = visit.open("zoeken.html")
    page.get_by_label("Zoek een cijfer").fill("versilienbosch")
    assert page.locator("#entries > li:visible").all_inner_texts() == ["Versiliënbosch buurt"]
    assert page.locator("#hits").inner_text() == "1 gevonden"
    page.get_by_label("Zoek een cijfer").fill("bijstand wer_")
    assert page.locator("#entries > li:visible").count() >= 2
    page.get_by_label("Zoek een cijfer").fill("")
    assert page.locator("#entries > li:visible").count() > 150


def test_english_is_remembered_from_page_to_page(visit: Visit) -> None:
    page = visit.open("index.html")
    assert page.locator("h1 .en").is_hidden()
    page.get_by_label("English headings").check()
    assert page.locator("h1 .en").inner_text().strip() == "Where does Heerlen-Noord stand?"
    page = visit.open("kinderen.html")
    assert page.locator("h1 .en").is_visible()


def test_print_leaves_the_menu_out_and_keeps_the_watermark(visit: Visit) -> None:
    page = visit.open("lijn/werken.html")
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.locator(".watermark").is_visible()
    assert page.locator("svg.spine").first.is_visible()
