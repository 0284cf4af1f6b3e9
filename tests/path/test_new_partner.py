"""A new partner is one contract file and indicator rows, and nothing else.

The project is copied, these are added to the copy, a delivery is put into the partner's inbox, and `noord run` there takes
it in. The partner is a library with its young members: a feed that the project does not have. One of its rows is wrong, and
the areas where hardly a child lives must not be shown.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from sources.sample.areas import HEERLEN, all_areas, members
from tests.path.conftest import ROOT, noord
from tests.support.project_copy import SEEDS, append_rows, asset_graph, copy_project, files_of

pytestmark = pytest.mark.slow

PARTNER, FEED = "bibliotheek", "bibliotheek_leden"
CONTRACT_FILE = f"sources/feeds/partners/{PARTNER}/{FEED}/v1.yml"
DELIVERY = "bibliotheek_2025Q4.csv"
CONTRACT = """\
id: bibliotheek_leden
title: Jeugdleden van de bibliotheek
description: Hoeveel kinderen lid zijn van de bibliotheek, per wijk en kwartaal.
publisher: {name: Bibliotheek (voorbeeldpartner), url: "https://www.heerlen-noord.nl"}
license: {name: Leveringsovereenkomst alliantie, url: "https://www.heerlen-noord.nl"}
page: https://www.heerlen-noord.nl
lines: [leren]
owner: team:datateam
cadence: {expected: quarterly, slack_days: 45}
estimate_type: register
protocol: partner
partner: bibliotheek
version: 1
valid_from: 2025-01-01
format: csv
file_name: bibliotheek_{JJJJ}Q{K}.csv
rows: aggregated
columns:
  wijk: {type: area}
  kinderen: {type: count, synonyms: [aantal kinderen], most: 5000}
  jeugdleden: {type: count, most: 5000}
period: {type: KW}
area: {column: wijk, kind: wijk}
absent: zero
measures:
  children: {column: kinderen, counts: persons}
  members: {column: jeugdleden, counts: persons}
expectations:
  - {type: expect_column_values_to_be_between, column: members, min_value: 0, max_value: 5000, severity: block}
"""
CODE, LIKE = "LER_BIBLIOTHEEK_LID", "LER_ADVIES_HAVO_PLUS"
WORDS = {
    "label_nl": "Kinderen die lid zijn van de bibliotheek",
    "label_en": "Children who are library members",
    "definition_nl": "Van elke 100 kinderen: hoeveel zijn lid van de bibliotheek.",
    "rationale_nl": "Wie leest, leert makkelijker.",
    "numerator_nl": "Kinderen die lid zijn",
    "denominator_nl": "Kinderen die in de wijk wonen",
    "source_nl": "De bibliotheek",
}
# Nearly nobody lives in these wijken of Heerlen.
_FEW = {"WK091723": (12, 2), "WK091735": (20, 5), "WK091742": (10, 0)}
_WRONG_ROW = "WK091799;40;10"


def _delivered() -> dict[str, tuple[int, int]]:
    """Children and members by wijk; multiples of five, so that rounding leaves them as they are."""
    large = [wijk.code for wijk in members(HEERLEN) if wijk.code not in _FEW]
    return {code: (300 + 25 * at, 90 + 5 * (at * 7 % 19)) for at, code in enumerate(large)} | _FEW


@dataclass(frozen=True)
class Outcome:
    """The copy of the project after its run, and the home of that run."""

    project: Path
    home: Path

    @property
    def environment(self) -> Path:
        return self.home / "sample"


def _add_partner(project: Path) -> None:
    """All that a new partner takes."""
    (project / CONTRACT_FILE).parent.mkdir(parents=True)
    (project / CONTRACT_FILE).write_text(CONTRACT, encoding="utf-8")
    append_rows(project / SEEDS[0], LIKE, [{"indicator_code": CODE} | WORDS])
    term = {"indicator_code": CODE, "feed_id": FEED, "breakdown": "total"}
    roles = {"numerator": "members", "denominator": "children"}
    append_rows(project / SEEDS[1], LIKE, [term | {"role": role, "measure": name} for role, name in roles.items()])


def _deliver(environment: Path) -> None:
    """What the partner does: a file in its inbox, as Excel saves it."""
    inbox = environment / "inbox" / PARTNER
    inbox.mkdir(parents=True)
    lines = ["Wijk;Aantal kinderen;Jeugdleden"]
    lines += [f"{code};{children};{count}" for code, (children, count) in sorted(_delivered().items())]
    text = "\r\n".join([*lines, _WRONG_ROW, "Bron: ledenadministratie", ""])
    (inbox / DELIVERY).write_bytes(text.encode("utf-8-sig"))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("new_partner")
    made = Outcome(folder / "project", folder / "home")
    copy_project(made.project)
    _add_partner(made.project)
    _deliver(made.environment)
    result = noord(
        *("run", "--feeds", "sample", "--only", FEED, "--only", "cbs_kerncijfers"),
        home=made.home,
        root=made.project,
        NOORD_INBOX_SETTLE="0",
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return made


@pytest.fixture(scope="module")
def monitor(outcome: Outcome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(outcome.environment / "current" / "monitor.duckdb"), read_only=True) as connection:
        yield connection


def test_the_copy_differs_in_the_contract_and_the_indicator_rows_only(outcome: Outcome) -> None:
    before, after = files_of(ROOT), files_of(outcome.project)
    assert set(after) - set(before) == {CONTRACT_FILE}
    assert {name for name in before if before[name] != after.get(name)} == set(SEEDS)
    assert all(after[name].startswith(before[name]) for name in SEEDS), "rows are added, none is changed"


def _figures(monitor: duckdb.DuckDBPyConnection, areas: str) -> dict[str, tuple[float | None, str]]:
    rows = monitor.execute(
        f"""SELECT area_code, value, value_status FROM leren.indicator_values
        WHERE indicator_code = ? AND period_type = 'quarter' AND period_start = DATE '2025-10-01' AND {areas}""",
        [CODE],
    ).fetchall()
    return {area: (value, status) for area, value, status in rows}


def test_figures_of_the_delivery_are_in_the_mart(monitor: duckdb.DuckDBPyConnection) -> None:
    """Each wijk that is shown has the share that was delivered, and most wijken are shown."""
    found = _figures(monitor, "area_type = 'wijk' AND area_code LIKE 'WK0917%'")
    assert set(found) == set(_delivered())
    shown = {area: value for area, (value, _) in found.items() if value is not None}
    expected = {area: 100 * count / children for area, (children, count) in _delivered().items()}
    assert shown == pytest.approx({area: expected[area] for area in shown}, abs=1e-9)
    assert len(shown) >= 15


def test_wijken_with_few_children_are_protected_here(monitor: duckdb.DuckDBPyConnection) -> None:
    found = _figures(monitor, "area_type = 'wijk'")
    assert {found[area] for area in _FEW} == {(None, "suppressed_here")}


def test_heerlen_noord_is_the_sum_of_its_wijken(monitor: duckdb.DuckDBPyConnection) -> None:
    """Rounded to five like every count, the few children of De Hei included."""
    wijken = [
        code
        for (code,) in monitor.execute("SELECT member_code FROM meta.area_members WHERE area_set = 'HN14'").fetchall()
    ]
    children, count = (sum(_delivered()[wijk][at] for wijk in wijken) for at in (0, 1))
    value, status = _figures(monitor, "area_code = 'HN14'")["HN14"]
    assert (value, status) == (pytest.approx(100 * 5 * round(count / 5) / (5 * round(children / 5))), "measured")


def test_the_asset_is_in_the_lineage(outcome: Outcome) -> None:
    found = asset_graph(outcome.project)
    assert f"raw/{FEED}" in found["keys"]
    assert f"raw/{FEED}" in found["keys"][f"staging/stg_{FEED}"]
    assert f"staging/stg_{FEED}" in found["keys"]["intermediate/int_observations__unioned"]
    assert f"raw/{FEED} members__values_to_be_between" in found["checks"]


def test_the_inbox_knows_the_delivery(outcome: Outcome, monitor: duckdb.DuckDBPyConnection) -> None:
    """Accepted but for one row; the file itself has left the inbox."""
    assert list((outcome.environment / "inbox" / PARTNER).iterdir()) == []
    listed = noord("inbox", "list", "--feeds", "sample", home=outcome.home, root=outcome.project)
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert FEED in listed.stdout
    deliveries = monitor.execute(
        """SELECT partner, contract_version, way, decision, rows_delivered, rows_accepted, rows_refused
        FROM meta.deliveries WHERE feed_id = ?""",
        [FEED],
    ).fetchall()
    number = len(members(HEERLEN))
    assert deliveries == [(PARTNER, 1, "inbox", "accepted_with_refusals", number + 1, number, 1)]
    reports = sorted(path.suffix for path in (outcome.environment / "reports" / PARTNER).iterdir())
    assert reports == [".csv", ".html"]


def test_the_indicator_and_the_feed_are_in_meta(monitor: duckdb.DuckDBPyConnection) -> None:
    terms = monitor.execute("SELECT terms, label_en FROM meta.indicators WHERE indicator_code = ?", [CODE]).fetchall()
    assert terms == [(f"denominator: {FEED}.children [total]; numerator: {FEED}.members [total]", WORDS["label_en"])]
    feeds = monitor.execute("SELECT title, lines, held_since FROM meta.feeds WHERE feed_id = ?", [FEED]).fetchall()
    assert feeds == [("Jeugdleden van de bibliotheek", ["leren"], None)]


def test_the_dictionary_explains_the_indicator(outcome: Outcome, monitor: duckdb.DuckDBPyConnection) -> None:
    expected = f"{WORDS['label_nl']}. {WORDS['definition_nl']}"
    place = "schema_name = 'leren' AND table_name = 'indicator_values' AND column_name = 'indicator_code'"
    rows = monitor.execute(f"SELECT description FROM meta.dictionary WHERE {place} AND code = ?", [CODE]).fetchall()
    assert rows == [(expected,)]
    with (outcome.environment / "current" / "dictionary.csv").open(encoding="utf-8", newline="") as stream:
        written = {row["code"]: row["description"] for row in csv.DictReader(stream) if row["schema_name"] == "leren"}
    assert written[CODE] == expected


def test_the_wrong_row_names_no_area_of_heerlen() -> None:
    """Else the test would prove less than it says."""
    assert _WRONG_ROW.split(";")[0] not in all_areas()
