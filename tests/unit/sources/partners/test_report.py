"""The report: whole, readable, harmless, and without a value."""

from __future__ import annotations

import csv
import io
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.partners import report
from sources.partners.report import MOST_LISTED, place_in_report, report_paths, write_report
from sources.partners.rows import Refusal
from sources.partners.rules import RULES
from tests.support.deliveries import a_delivery, a_finding, partner_environment, partner_feed

FEED = partner_feed()


class _Page(HTMLParser):
    """Collects tags with their attributes, and the text of cells by table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.captions = 0
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._in_cell = True
        elif tag == "caption":
            self.captions += 1

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.tables[-1][-1][-1] += data.strip()


def _written(tmp_path: Path, *args: object, **changes: object) -> tuple[_Page, list[list[str]], str]:
    environment = partner_environment(tmp_path)
    refusals = args[0] if args else ()
    delivery = a_delivery(**changes)
    write_report(environment, delivery, FEED, refusals)  # type: ignore[arg-type]
    page, table = report_paths(environment, delivery)
    assert page.stat().st_mode & 0o777 == table.stat().st_mode & 0o777 == 0o600
    content = table.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    text = page.read_text(encoding="utf-8")
    return _Page(text), rows, text + content.decode()


REFUSALS = (
    Refusal(4, "aantal", "aantal", RULES["aantal"]),
    Refusal(4, "peildatum", "datum", RULES["datum"]),
    Refusal(9, "Aantal huishoudens", "aantal", RULES["aantal"]),
    Refusal(10, None, "dubbele_rij", RULES["dubbele_rij"]),
)
BY_RULE = {"datum": 1, "aantal": 2, "dubbele_rij": 1}


def test_each_refused_row_stands_with_its_column_rule_and_expectation(tmp_path: Path) -> None:
    page, table, _ = _written(tmp_path, REFUSALS, refusals_by_rule=BY_RULE)
    facts, counts, rules, rows = page.tables
    assert counts[1] == ["10", "7", "3"]
    assert ["Contract", f"{FEED.title} (bijstand_wijk), versie 1"] in facts
    assert ["Binnengekomen", "10-02-2026 13:00"] in facts
    assert rules[1:] == [
        ["aantal", RULES["aantal"], "2"],
        ["datum", RULES["datum"], "1"],
        ["dubbele_rij", RULES["dubbele_rij"], "1"],
    ]
    assert [row[:3] for row in rows[1:]] == [
        ["4", "aantal", "aantal"],
        ["4", "peildatum", "datum"],
        ["9", "aantal", "aantal"],
        ["10", "", "dubbele_rij"],
    ]
    assert table[0] == ["onderdeel", "rij", "kolom", "regel", "uitleg", "aantal"]
    assert [row[:4] for row in table if row[0] == "rij"] == [["rij", *row[:3]] for row in rows[1:]]
    assert [row[3::2] for row in table if row[0] == "rijen"] == [
        ["geleverd", "10"],
        ["aangenomen", "7"],
        ["afgekeurd", "3"],
    ]


def test_the_page_can_be_read_by_everybody_and_runs_nothing(tmp_path: Path) -> None:
    held = {"decision": "held", "accepted": 0, "refused": 10, "findings": (a_finding(),), "original": "destroyed"}
    page, _, text = _written(tmp_path, REFUSALS, problem_nl="Er staan persoonsgegevens in.", **held)
    tags = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "nl"}) in page.tags
    assert page.captions == len(page.tables) == 5
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    assert {"main", "h1", "title"} <= set(tags)
    assert not {"script", "img", "link", "iframe", "form"} & set(tags)
    assert not any(name.startswith("on") or name in ("src", "href") for _, found in page.tags for name in found)
    policy = [found["content"] for _, found in page.tags if found.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert "burgerservicenummer" in text.lower()
    assert "Het bestand is vernietigd." in text


def test_only_so_many_are_listed_but_all_are_counted(tmp_path: Path) -> None:
    many = tuple(Refusal(row, "aantal", "aantal", RULES["aantal"]) for row in range(2, 2502))
    page, table, text = _written(
        tmp_path, many, delivered=3000, accepted=500, refused=2500, refusals_by_rule={"aantal": 2500}
    )
    assert len(page.tables[3]) == 1 + MOST_LISTED
    assert page.tables[2][1] == ["aantal", RULES["aantal"], "2500"]
    assert sum(row[0] == "rij" for row in table) == MOST_LISTED
    assert "de eerste 1000" in text


# Signs that start a formula, and what a spreadsheet drops before them or takes for them.
SIGNS = "=+-@\t\r\n \u00a0\u200b\ufeff\uff1d\uff0b\uff0d\uff20ab;\"'1"


@given(st.text(alphabet=st.sampled_from(SIGNS), min_size=1))
def test_no_cell_can_run_in_a_spreadsheet(text: str) -> None:
    stream = io.StringIO()
    csv.writer(stream, delimiter=";").writerow([report._harmless(text)])
    (read,) = next(csv.reader(io.StringIO(stream.getvalue(), newline=""), delimiter=";"))
    assert read[0] not in "=+-@\t\r\n"
    # Whatever a program leaves out or narrows before it looks at the first sign.
    assert unicodedata.normalize("NFKC", read).strip("\u200b\ufeff \u00a0\t\r\n")[:1] not in ("=", "+", "-", "@")
    assert read.removeprefix("'") == text.removeprefix("'")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@A1", " =1+1", "\t=1", "\r\n@x", "\uff1d1+1", "\u200b-2", "\ufeff=1"]
)
def test_no_text_of_either_form_can_run_in_a_spreadsheet(tmp_path: Path, text: str) -> None:
    refusals = (Refusal(2, "aantal", "aantal", text), Refusal(None, None, text, text))
    found = (a_finding(place=text, kind=text),)
    page, table, _ = _written(
        tmp_path, refusals, refusals_by_rule={text: 1, "aantal": 1}, file_name=text, findings=found, problem_nl=text
    )
    cells = [cell for rows in [*page.tables, table] for row in rows for cell in row]
    assert sum(text.strip() in cell for cell in cells) >= 10, "the text is there"
    begins = {unicodedata.normalize("NFKC", cell).strip("\u200b\ufeff \t\r\n")[:1] for cell in cells}
    assert not begins & {"=", "+", "-", "@"}


@pytest.mark.parametrize("text", ["aantal", "2025Q1", "", "Jan-Feb", "a=b", "1-2"])
def test_a_cell_that_is_no_formula_stays_as_it_is(text: str) -> None:
    assert report._harmless(text) == text


def test_what_comes_from_outside_is_escaped(tmp_path: Path) -> None:
    strange = (Refusal(2, "<script>alert(1)</script>", "aantal", "=1+1<b>"),)
    page, table, text = _written(
        tmp_path, strange, refusals_by_rule={"eigen_regel": 1}, problem_nl="=HYPERLINK() <script>x</script>"
    )
    assert "script" not in [tag for tag, _ in page.tags]
    assert "alert" not in text
    assert [row[2:5] for row in table if row[0] == "rij"] == [["onbekende kolom", "aantal", "'=1+1<b>"]]


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("wijkcode", "wijkcode"),
        ("CBS-Wijk", "wijkcode"),
        ("Jan Jansen", "kolom 2"),
        ("bestandsnaam", "bestandsnaam"),
        ("buiten de tabel", "buiten de tabel"),
    ],
)
def test_a_column_is_named_as_in_the_contract_or_by_its_number(place: str, shown: str) -> None:
    assert place_in_report(place, FEED, ("cbs wijk", "Jan Jansen")) == shown


@pytest.mark.parametrize("decision", ["accepted", "accepted_with_refusals", "refused", "held", "duplicate"])
def test_every_decision_says_what_happens_now(tmp_path: Path, decision: str) -> None:
    page, table, text = _written(tmp_path, decision=decision, replaces=("2026MM01",))
    advice = [tag for tag, _ in page.tags if tag == "li"]
    assert bool(advice) == (decision != "accepted")
    assert table[1][0] == "besluit"
    assert "cijfers" in text
    assert "Vervangt eerdere cijfers van" in text
