"""What the partners of the sample deliver: reproducible, under their contracts, and with people to protect."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from sources.contracts import PartnerFeed
from sources.partners.cells import add_up
from sources.partners.privacy import find_personal_data
from sources.partners.reading import read_delivery
from sources.partners.rows import Judged, exceeds, judge_rows
from sources.registry import load_registry
from sources.sample.deliveries import FOLDER, File, corrections, files, write
from sources.sample.partners import gezondheid, leren, repairs, veiligheid, werken, wonen
from sources.sample.partners.cases import divided, happened, months, some_of
from tests.support.million_rows import million_rows

CONTRACTS = {feed.id: feed for feed in load_registry().values() if isinstance(feed, PartnerFeed)}
# Rows that are wrong on purpose, by feed and the rule that they break.
WRONG = {
    "bijstand_wijk": {"aantal": 1, "categorie": 1, "gebied_onbekend": 1},
    "leerplicht_verzuim": {"school_onbekend": 1, "maand": 1},
    "meldingen_openbare_ruimte": {"aantal": 1},
    "meldingen_overlast": {"gebied_buiten_programma": 1},
    "corporatie_voorraad": {"categorie": 1},
}


@pytest.fixture(scope="module")
def made() -> list[File]:
    return list(files())


def _unpacked(name: str, body: bytes) -> dict[str, bytes]:
    """The parts of a workbook, because packed bytes depend on the build of zlib; any other file as it is."""
    if not name.endswith(".xlsx"):
        return {name: body}
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {part: archive.read(part) for part in archive.namelist()}


def test_a_fresh_generation_equals_the_bundled_files(tmp_path: Path) -> None:
    write(tmp_path)
    found, bundled = (
        {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path, FOLDER)
    )
    assert set(found) == set(bundled)
    different = [path for path in found if _unpacked(path, found[path]) != _unpacked(path, bundled[path])]
    assert not different, "they differ: run python -m sources.sample.generate and look at what changed"


def test_the_files_are_small_and_few(made: list[File]) -> None:
    assert sum(len(file.body) for file in made) < 1_500_000
    assert len(made) == len({file.path for file in made}) < 100


def test_each_file_is_named_as_its_contract_says(made: list[File]) -> None:
    words = {"{JJJJ}": r"\d{4}", "{MM}": r"\d{2}", "{K}": "[1-4]", "{T}": "[1-3]"}
    for file in made:
        contract = CONTRACTS[file.feed]
        pattern = re.escape(contract.file_name).replace(r"\{", "{").replace(r"\}", "}")
        for word, digits in words.items():
            pattern = pattern.replace(word, digits)
        assert re.fullmatch(pattern, file.name), file.path
        assert contract.partner == file.partner
    fetched = {feed.id for feed in CONTRACTS.values() if feed.pull}
    assert {file.feed for file in made} | fetched == set(CONTRACTS)


def test_every_line_has_two_partner_feeds_or_more() -> None:
    lines = Counter(line for feed in CONTRACTS.values() for line in feed.lines)
    assert {line: number >= 2 for line, number in lines.items()} == dict.fromkeys(
        ("leren", "werken", "gezondheid", "wonen", "veiligheid"), True
    )


# -- through the gate and the contract ------------------------------------------------------------------------------


def _judged(file: File, folder: Path) -> tuple[PartnerFeed, Judged]:
    """The file as judged under the version of its contract that fits its header."""
    path = folder / file.name
    path.write_bytes(file.body)
    newest = CONTRACTS[file.feed]
    old = file.feed == "peuteropvang" and file.name < "peuteropvang_2025Q3"
    contract = newest.earlier[0] if old else newest
    grid = read_delivery(path, contract)
    assert find_personal_data(grid, file.name, contract) == []
    return contract, judge_rows(grid, contract, file_name=file.name)


def test_every_file_is_accepted_but_for_the_rows_that_are_wrong_on_purpose(made: list[File], tmp_path: Path) -> None:
    broken: dict[str, Counter[str]] = {}
    for file in made:
        contract, judged = _judged(file, tmp_path)
        assert not exceeds(judged, contract), file.path
        assert judged.delivered == judged.accepted + judged.refused
        assert judged.refused == file.wrong, (file.path, judged.by_rule)
        broken.setdefault(file.feed, Counter()).update(judged.by_rule)
        assert add_up(judged.rows, contract).num_rows > 0
    assert {feed: dict(rules) for feed, rules in broken.items() if rules} == WRONG


def test_cells_add_up_to_heerlen(tmp_path: Path) -> None:
    """The total of a dimension, over all wijken, is what the rows say."""
    december = next(file for file in files() if file.name == "wiz_bijstand_202512.csv")
    contract, judged = _judged(december, tmp_path)
    cells = add_up(judged.rows, contract).to_pylist()
    total = sum(cell["recipients"] for cell in cells if cell["breakdown"] == "total|total")
    ages = sum(cell["recipients"] for cell in cells if cell["breakdown"].endswith("|total")) - total
    assert total == ages == sum(int(str(row[4])) for row in werken.assistance(2025, 12))
    assert len({cell["area_code"] for cell in cells}) == 23


# -- what the rules are for -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "counts",
    [
        [row[4] for row in werken.assistance(2025, 12)],
        [row[8] for row in leren.absence(2025, 12)],
        [row[4] for row in leren.preschool(2025, 4)],
        [row[3] for row in gezondheid.children(2024)],
        [row[3] for row in veiligheid.nuisance(2025, 12)],
        [row[5] for row in veiligheid.activities(2025, 4)],
        [row[3] for row in wonen.public_space(2025, 12)],
        [row[6] for row in wonen.dwellings(2025, 4)],
        list(Counter(row[5] for row in werken.trajectories(2025, 4)).values()),
    ],
)
def test_each_feed_has_counts_that_may_not_be_shown(counts: list[int]) -> None:
    assert any(1 <= count <= 4 for count in counts)
    assert any(count >= 5 for count in counts)


def test_some_groups_share_one_trait_and_some_are_small() -> None:
    children = list(gezondheid.children(2024))
    assert any(row[3] > 0.9 * row[2] for row in children), "nearly all of a group are too heavy"
    assert any(row[2] < 30 for row in children)
    assert any(row[3] == 0 for row in children)
    assert any(row[4] > 0.9 * row[3] for row in leren.rich_day(2025, 1)), "nearly a whole group takes part"


def test_parts_never_exceed_their_whole() -> None:
    for _, _, seen, heavy, obese, teeth, speech in gezondheid.children(2024):
        assert obese <= heavy <= seen
        assert max(teeth, speech) <= seen
    for _, _, toddlers, meant, placed, waiting in leren.preschool(2025, 4):
        assert placed + waiting <= meant <= toddlers
    for row in wonen.dwellings(2025, 4):
        assert row[6] + row[7] <= row[4] >= row[8]
    for *_, number, entered, left, to_work in werken.assistance(2025, 12):
        assert to_work <= left
        assert entered <= number
    for row in veiligheid.activities(2025, 4):
        assert row[6] <= row[5] <= row[4]


def test_a_person_keeps_pseudonym_and_age() -> None:
    rows = list(werken.trajectories(2025, 4))
    ages: dict[object, set[object]] = {}
    for row in rows:
        ages.setdefault(row[0], set()).add(row[6])
    assert len(ages) < len(rows), "somebody begins twice"
    assert {len(known) for known in ages.values()} == {1}
    assert all(re.fullmatch("[0-9a-f]{64}", str(row[0])) for row in rows)
    assert {(row[2].month, row[2].year) for row in rows} == {(10, 2025), (11, 2025), (12, 2025)}


# -- the interface of the corporations ------------------------------------------------------------------------------


def test_pages_of_repairs_follow_each_other() -> None:
    url: str | None = f"https://{repairs.HOST}{repairs.PATH}?updated_since=2024-03-01"
    pages: list[list[dict[str, object]]] = []
    while url:
        body = repairs.answer(url)
        assert body is not None
        page = json.loads(body)
        pages.append(page["items"])
        url = page["next"]
    assert len(pages) > 2
    assert {len(page) for page in pages[:-1]} == {repairs.PAGE_SIZE}
    numbers = [row["id"] for page in pages for row in page]
    assert (
        len(set(numbers)) == len(numbers) == sum(len(wonen.repairs(*month)) for month in months((2024, 3), (2026, 2)))
    )
    assert all(before < after for before, after in pairwise(map(str, numbers)))
    assert repairs.answer(f"https://{repairs.HOST}/elsewhere?updated_since=2024-03-01") is None


# -- corrections and large deliveries -------------------------------------------------------------------------------


def test_corrections_change_single_counts_and_hide_one() -> None:
    found = corrections()
    assert [correction.file.feed for correction in found] == ["bijstand_wijk", "meldingen_overlast"]
    bundled = {file.path: file.body for file in files()}
    for correction in found:
        lines = [
            body.decode("utf-8-sig").splitlines() for body in (bundled[correction.file.path], correction.file.body)
        ]
        before, after = ([line for line in each if not line.startswith("Bron")] for each in lines)
        assert len(before) == len(after)
        assert sum(a != b for a, b in zip(before, after, strict=True)) == len(correction.changed) > 3
        assert all(1 <= abs(cell.after - cell.before) <= 4 for cell in correction.changed)
        assert sum(cell.before >= 5 > cell.after for cell in correction.changed) == 1


def test_a_large_delivery_is_the_same_each_time(tmp_path: Path) -> None:
    people = [million_rows(tmp_path / name, rows=60_000) for name in ("one.csv", "two.csv")]
    one, two = ((tmp_path / name).read_text(encoding="utf-8") for name in ("one.csv", "two.csv"))
    assert one == two
    lines = one.splitlines()
    assert lines[0] == ";".join(werken.TRAJECTORIES)
    assert len(lines) == 60_001
    assert people == [len({line.split(";")[0] for line in lines[1:]})] * 2


# -- the arithmetic of the model ------------------------------------------------------------------------------------


def test_a_whole_is_divided_without_remainder() -> None:
    for whole in (0, 1, 7, 1000):
        parts = divided(whole, {"a": 0.5, "b": 0.3, "c": 0.2}, "test", whole)
        assert sum(parts.values()) == whole
        assert min(parts.values()) >= 0


def test_chance_keeps_to_its_expectation() -> None:
    """Means of 2,000 draws: within 5 % of what is expected, with a spread as of events."""
    draws = [happened(20.0, "test", number) for number in range(2000)]
    assert sum(draws) / len(draws) == pytest.approx(20, rel=0.05)
    assert sum((draw - 20) ** 2 for draw in draws) / len(draws) == pytest.approx(20, rel=0.15)
    shares = [some_of(40, 0.25, "test", number) for number in range(2000)]
    assert sum(shares) / len(shares) == pytest.approx(10, rel=0.05)
    assert max(some_of(3, 0.99, number) for number in range(50)) <= 3
