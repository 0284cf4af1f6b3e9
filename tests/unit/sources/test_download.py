"""Files behind a URL: encodings, delimiters, containers and versions, down to the cell."""

from __future__ import annotations

import csv
import io
import math
import stat
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sources import warehouse
from sources.arrival import Arrival, arrive
from sources.environment import Environment, Scope
from sources.errors import FeedProblem
from sources.landing import LandedFile, Landing, Snapshot
from sources.loading import append_cells, create_delivery
from sources.protocols.download import Download
from sources.registry import DownloadFeed, load_registry
from tests.support.publisher import Answer, LoopbackPublisher
from tests.support.small import small_environment

HEERLEN = Scope(with_neighbourhoods=("GM0917",), required=("GM0917",))
WHOLE = load_registry()["duo_schooladviezen"]
HEADER = "GEMEENTENUMMER;AANTAL;AANDEEL;OPMERKING"
Row = dict[str, Any]
PLAIN: dict[str, Any] = {
    "tables": [{"id": "levering.csv", "year": 2024}],
    "region": {"column": "GEMEENTENUMMER", "prefix": "GM", "width": 4},
    "dimensions": [],
    "attributes": {"note": {"stem": ["OPMERKING"]}},
    "measures": {"persons": {"stem": ["AANTAL"]}, "share_pct": {"stem": ["AANDEEL"], "required": False}},
    "expectations": [{"type": "expect_table_row_count_to_be_between", "min_value": 1, "severity": "block"}],
}


def feed_of(**changes: Any) -> DownloadFeed:
    """The feed of schools, cut down to a few columns, with changes in the words of a feed file."""
    return DownloadFeed.model_validate(WHOLE.model_dump(by_alias=True) | PLAIN | changes)


def zip_feed(**changes: Any) -> DownloadFeed:
    members = [{"pattern": "*scores buurten*.csv", "region": PLAIN["region"]}]
    tables = [{"id": "levering.zip", "year": 2024}]
    return feed_of(**{"format": "zip", "region": None, "members": members, "tables": tables} | changes)


def land(home: Path, feed: DownloadFeed, content: bytes) -> tuple[Environment, Snapshot]:
    environment = Environment("live", "live", home, HEERLEN)
    landing, table = Landing(environment), feed.tables[0]
    folder, name = landing.open_folder(), "delivery" + Path(table.id).suffix
    (folder / name).write_bytes(content)
    url = feed.url.format(table=table.id)
    file = LandedFile(role="data", name=name, url=url, bytes=len(content), sha256=sha256(content).hexdigest())
    return environment, landing.close(folder, feed, table, title="t", source_url=url, version="1", files=[file])


def load(home: Path, feed: DownloadFeed, content: bytes, scope: Scope = HEERLEN) -> list[Row]:
    """The rows as they would stand in raw."""
    environment, snapshot = land(home, feed, content)
    with warehouse.connect_memory() as connection:
        create_delivery(connection, feed)
        Download(feed, scope).read_cells(connection, snapshot, Landing(environment))
        append_cells(connection, feed, snapshot, scope)
        found = connection.execute("FROM delivery")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def refused(home: Path, feed: DownloadFeed, content: bytes) -> str:
    with pytest.raises(FeedProblem) as caught:
        load(home, feed, content)
    assert str(caught.value).startswith("duo_schooladviezen: ")
    return str(caught.value)


def text(*lines: str) -> bytes:
    return "\r\n".join((HEADER, *lines, "")).encode()


# -- text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_encoding_and_delimiter_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = [HEADER, "917;12;;Café Belvédère €"]
    content = "\n".join(line.replace(";", delimiter) for line in lines).encode(encoding)
    (row,) = load(tmp_path, feed_of(), content)
    assert (row["area_code"], row["persons"], row["attributes"]) == ("GM0917", 12.0, {"note": "Café Belvédère €"})
    assert (row["period_code"], row["boundary_year"], row["breakdown"]) == ("2024SJ00", 2024, "total")
    assert row["missing_markers"] == {"share_pct": ""}


def test_a_declared_encoding_is_used_and_not_guessed_around(tmp_path: Path) -> None:
    content = f"{HEADER}\n917;1;;Ünal\n".encode("utf-16")
    assert load(tmp_path, feed_of(encoding="utf-16"), content)[0]["attributes"] == {"note": "Ünal"}
    message = refused(tmp_path, feed_of(encoding="utf-8"), f"{HEADER}\n917;1;;Ünal\n".encode("cp1252"))
    assert "the text is neither of utf-8 (levering.csv)" in message


def test_a_byte_order_mark_before_a_quoted_header_with_a_declared_encoding(tmp_path: Path) -> None:
    content = '\ufeff"GEMEENTENUMMER";"AANTAL"\n917;3\n'.encode()
    assert load(tmp_path, feed_of(encoding="utf-8"), content)[0]["persons"] == 3.0


def test_bytes_that_no_encoding_has(tmp_path: Path) -> None:
    assert "neither of utf-8-sig, cp1252" in refused(tmp_path, feed_of(), HEADER.encode() + b"\n917;1;;\x81\xff\n")


def test_an_encoding_that_does_not_exist_holds_the_feed(tmp_path: Path) -> None:
    assert "neither of utf-eight" in refused(tmp_path, feed_of(encoding="utf-eight"), text("917;1;;"))


@pytest.mark.parametrize(
    ("written", "number"),
    [("1.234,5", 1234.5), ("1234,5", 1234.5), ("1.234.567", 1234567), ("-0,25", -0.25), ("12", 12), ("1,5e3", 1500)],
)
def test_decimal_comma_and_thousands_dot(tmp_path: Path, written: str, number: float) -> None:
    assert load(tmp_path, feed_of(), text(f"917;{written};;"))[0]["persons"] == number


@pytest.mark.parametrize(
    "written", ["1.5", "1.2345", "12.34,5", "nan", "inf", "1_000", "ca. 12", "<10", "12%", "-", ","]
)
def test_text_that_is_no_number_names_file_row_and_measure(tmp_path: Path, written: str) -> None:
    """1.5 is no Dutch number: read without its dot it would be 15."""
    message = refused(tmp_path, feed_of(), text("917;1;;", f'917;"{written}";;'))
    assert f"'{written}' in measure 'persons'" in message
    assert "levering.csv, row 3" in message
    assert "Expected: a number or one of ['<5', '']" in message


@pytest.mark.parametrize("written", ["nan", "Infinity", "1_000", "1,5"])
def test_with_a_decimal_point_such_text_is_refused_too(tmp_path: Path, written: str) -> None:
    assert f"'{written}' in measure 'persons'" in refused(tmp_path, feed_of(decimal="."), text(f"917;{written};;"))


def test_markers_are_kept_beside_null(tmp_path: Path) -> None:
    first, second = load(tmp_path, feed_of(), text("917;<5;;a", "917;0;7,5;b"))
    assert (first["persons"], first["share_pct"]) == (None, None)
    assert first["missing_markers"] == {"persons": "<5", "share_pct": ""}
    assert (second["persons"], second["share_pct"], second["missing_markers"]) == (0.0, 7.5, {})


def test_quoted_line_breaks_quotes_and_delimiters(tmp_path: Path) -> None:
    first, second = load(tmp_path, feed_of(), text('917;1;;"Plein; hoek\r\nMarkt ""A"""', "917;2;;b"))
    assert first["attributes"] == {"note": 'Plein; hoek\r\nMarkt "A"'}
    assert (second["persons"], second["attributes"]) == (2.0, {"note": "b"})


def test_what_stands_between_quotes_in_the_header_is_no_delimiter(tmp_path: Path) -> None:
    content = b'"zin, met, komma\'s\nen ""nog, een""";GEMEENTENUMMER;AANTAL\nx;917;4\n'
    assert load(tmp_path, feed_of(), content)[0]["persons"] == 4.0


def test_an_open_quote_is_refused(tmp_path: Path) -> None:
    assert "not a readable CSV: unexpected end of data (levering.csv)" in refused(
        tmp_path, feed_of(), text('917;1;;"x')
    )


def test_non_breaking_spaces_and_marks_in_headers_and_cells(tmp_path: Path) -> None:
    content = (
        "\ufeff\u00a0gemeentenummer ;\ufeffAantal\u00a0;Opmerking\n\u00a0917;\u00a01.234\u00a0;a\u00a0b\n".encode()
    )
    (row,) = load(tmp_path, feed_of(), content)
    assert (row["area_code"], row["persons"], row["attributes"]) == ("GM0917", 1234.0, {"note": "a b"})


def test_footer_and_empty_lines_are_no_rows(tmp_path: Path) -> None:
    rows = load(tmp_path, feed_of(), text("917;1;;", "", ";;;", "917;2;;", "Bron: DUO, 1 oktober 2024", "bron;;;"))
    assert [row["persons"] for row in rows] == [1.0, 2.0]


def test_a_ragged_row_is_named(tmp_path: Path) -> None:
    message = refused(tmp_path, feed_of(), text("917;1;;", "917;1;2"))
    assert "row 3 has 3 fields (levering.csv). Expected: 4 fields as in the header." in message


def test_missing_columns(tmp_path: Path) -> None:
    message = refused(tmp_path, feed_of(), b"GEMEENTENUMMER;AANTALLEN\n917;1\n")
    assert "column of measure 'persons' is missing or renamed; nearest: AANTALLEN (file levering.csv)" in message
    message = refused(tmp_path, feed_of(), b"GEMEENTE;AANTAL\n917;1\n")
    assert "column GEMEENTENUMMER is missing (file levering.csv)" in message


@pytest.mark.parametrize("content", [b"", b"\n", HEADER.encode()])
def test_without_rows_there_is_no_delivery(tmp_path: Path, content: bytes) -> None:
    words = ("the file holds no rows", "is missing or renamed", "no rows for GM0917")
    assert any(word in refused(tmp_path, feed_of(), content) for word in words)


def test_a_header_below_title_rows(tmp_path: Path) -> None:
    content = b"Aantallen, per gemeente, 2024\n\n" + text("917;5;;", "917;x;;")
    assert "levering.csv, row 5" in refused(tmp_path, feed_of(header_row=3), content)
    assert load(tmp_path, feed_of(header_row=3), content.replace(b"x", b"6"))[1]["persons"] == 6.0


# -- regions and periods --------------------------------------------------------------------------------------------


def test_prefix_and_width_make_codes_of_bare_numbers(tmp_path: Path) -> None:
    everything = feed_of(region={"column": "GEMEENTENUMMER", "prefix": "GM", "width": 4, "keep": "all"})
    rows = load(tmp_path, everything, text("917;1;;", "0917;2;;", "14;3;;", "GM0917;4;;"))
    assert [row["area_code"] for row in rows] == ["GM0917", "GM0917", "GM0014", "GM0917"]


def test_scope_filters_unless_all_rows_are_kept(tmp_path: Path) -> None:
    content = text("917;1;;", "935;2;;", "1917;3;;")
    assert [row["area_code"] for row in load(tmp_path, feed_of(), content)] == ["GM0917"]
    everything = feed_of(region=PLAIN["region"] | {"keep": "all"})
    assert [row["area_code"] for row in load(tmp_path, everything, content)] == ["GM0917", "GM0935", "GM1917"]


def test_a_strange_area_is_refused(tmp_path: Path) -> None:
    everything = feed_of(region=PLAIN["region"] | {"keep": "all"})
    message = refused(tmp_path, everything, text("917;1;;", "onbekend;2;;"))
    assert "'onbekend' is no area code (table levering.csv, levering.csv, row 3)" in message


def test_years_from_a_column(tmp_path: Path) -> None:
    yearly = feed_of(period={"from": "column", "column": "jaar", "type": "JJ"})
    content = "Jaar;GEMEENTENUMMER;AANTAL\n2008;917;1\n{};917;2\n"
    rows = load(tmp_path, yearly, content.format(2024).encode())
    assert [row["period_code"] for row in rows] == ["2008JJ00", "2024JJ00"]
    for strange in ("2o24", "24", "2024-2025", ""):
        message = refused(tmp_path, yearly, content.format(strange).encode())
        assert f"'{strange}' in column jaar (file levering.csv). Expected: a year of four digits" in message


def test_dimensions_are_joined(tmp_path: Path) -> None:
    feed = feed_of(dimensions=[{"name": "BRIN"}, {"name": "VESTIGING"}])
    content = b"VESTIGING;BRIN;GEMEENTENUMMER;AANTAL\n00;05AB;917;8\n"
    assert load(tmp_path, feed, content)[0]["breakdown"] == "05AB|00"


# -- XLSX -----------------------------------------------------------------------------------------------------------


def xlsx(*rows: tuple[object, ...], sheet: str = "Cijfers") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Toelichting"
    target = book.create_sheet(sheet)
    for row in rows:
        target.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def xlsx_feed(**changes: Any) -> DownloadFeed:
    tables = [{"id": "levering.xlsx", "year": 2024}]
    return feed_of(**{"format": "xlsx", "tables": tables, "sheet": "Cijfers", "header_row": 3} | changes)


TITLE: tuple[tuple[object, ...], ...] = (("Leerlingen per gemeente",), (None,))
NAMES = ("GEMEENTENUMMER", "AANTAL", "AANDEEL", "OPMERKING")


@pytest.mark.parametrize("decimal", [",", "."])
def test_numbers_of_a_workbook_whatever_the_decimal_sign(tmp_path: Path, decimal: str) -> None:
    figures = (1234.5, 0.30000000001, 12345678.0, 1e-7)
    content = xlsx(*TITLE, NAMES, *((917, figure, "<5", date(2024, 10, 1)) for figure in figures))
    rows = load(tmp_path, xlsx_feed(decimal=decimal), content)
    assert [row["persons"] for row in rows] == list(figures)
    assert [row["missing_markers"] for row in rows] == [{"share_pct": "<5"}] * 4
    assert rows[0]["attributes"] == {"note": "2024-10-01"}


def test_a_date_in_a_number_cell_names_the_row_of_the_sheet(tmp_path: Path) -> None:
    content = xlsx(*TITLE, NAMES, (917, 1, None, None), (917, date(2024, 3, 1), None, None))
    message = refused(tmp_path, xlsx_feed(), content)
    assert "'2024-03-01' in measure 'persons' (table levering.xlsx, levering.xlsx, row 5)" in message


def test_years_of_a_workbook_are_whole_numbers(tmp_path: Path) -> None:
    feed = xlsx_feed(period={"from": "column", "column": "jaar", "type": "JJ"}, header_row=1, sheet=None)
    book = openpyxl.Workbook()
    for row in (("jaar", "GEMEENTENUMMER", "AANTAL"), (2022, "GM0917", 3)):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    assert load(tmp_path, feed, stream.getvalue())[0]["period_code"] == "2022JJ00"


def test_a_workbook_that_cannot_be_used(tmp_path: Path) -> None:
    content = xlsx(*TITLE, NAMES, sheet="Blad2")
    assert "sheet 'Cijfers' is missing; it holds Toelichting, Blad2 (delivery.xlsx)" in refused(
        tmp_path, xlsx_feed(), content
    )
    assert "the workbook can't be read" in refused(tmp_path, xlsx_feed(), content[: len(content) // 2])
    assert "the workbook can't be read" in refused(tmp_path, xlsx_feed(), b"PK\x03\x04 no workbook")


# -- ZIP ------------------------------------------------------------------------------------------------------------


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


GOOD = text("917;12;3,5;a", "935;1;1;b")


@pytest.mark.parametrize(
    "name", ["scores buurten 2024.csv", "Meting 2024/Open data/Leefbaarometer-SCORES Buurten 2002-2024.CSV"]
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_is_found_whatever_folder_and_case(tmp_path: Path, name: str, method: int) -> None:
    rows = load(tmp_path, zip_feed(), zipped({"lees mij.txt": b"x", "map/": b"", name: GOOD}, method))
    assert [(row["area_code"], row["persons"], row["share_pct"]) for row in rows] == [("GM0917", 12.0, 3.5)]


def test_a_problem_in_a_member_names_the_member(tmp_path: Path) -> None:
    message = refused(tmp_path, zip_feed(), zipped({"m/scores buurten.csv": text("917;x;;")}))
    assert "'x' in measure 'persons' (table levering.zip, scores buurten.csv, row 2)" in message


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "0 files fit '*scores buurten*.csv'; it holds nothing"),
        (["a/wijken.csv"], "0 files fit '*scores buurten*.csv'; it holds wijken.csv"),
        (["a/scores buurten 1.csv", "b/scores buurten 2.csv"], "2 files fit '*scores buurten*.csv'; it holds"),
    ],
)
def test_none_or_two_members_that_fit(tmp_path: Path, names: list[str], words: str) -> None:
    message = refused(tmp_path, zip_feed(), zipped(dict.fromkeys(names, GOOD)))
    assert words in message
    assert "Expected: exactly one" in message


@pytest.mark.parametrize(
    "name", ["../scores buurten.csv", "/scores buurten.csv", "C:\\x.csv", "a/../../x", "\\\\host\\x"]
)
def test_a_path_that_climbs(tmp_path: Path, name: str) -> None:
    message = refused(tmp_path, zip_feed(), zipped({"scores buurten.csv": GOOD, name: b"x"}))
    assert "the ZIP holds a path that climbs out of it" in message
    assert repr(name) in message


def test_a_symlink(tmp_path: Path) -> None:
    stream = io.BytesIO()
    link = zipfile.ZipInfo("scores buurten.csv")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "a path that climbs out of it: 'scores buurten.csv'" in refused(tmp_path, zip_feed(), stream.getvalue())


def test_a_bomb(tmp_path: Path) -> None:
    content = zipped({"scores buurten.csv": GOOD, "x.bin": b"0" * 30_000_000})
    message = refused(tmp_path, zip_feed(), content)
    assert "the ZIP unpacks from" in message
    assert "to 30,000,0" in message
    assert "Expected: at most 200 times its size" in message


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _without_end(content: bytes) -> bytes:
    return content[:-30]


def _other_letters(content: bytes) -> bytes:
    return content.replace(b"GEM", b"XXX", 1)


def _zeroed(content: bytes) -> bytes:
    return content[:60] + bytes(40) + content[100:]


@pytest.mark.parametrize(
    ("method", "change"),
    [
        (zipfile.ZIP_DEFLATED, _truncated),
        (zipfile.ZIP_DEFLATED, _without_end),
        (zipfile.ZIP_DEFLATED, _zeroed),
        (zipfile.ZIP_LZMA, _zeroed),
        (zipfile.ZIP_STORED, _other_letters),
    ],
)
def test_corrupt_and_truncated(tmp_path: Path, method: int, change: Callable[[bytes], bytes]) -> None:
    message = refused(tmp_path, zip_feed(), change(zipped({"scores buurten.csv": GOOD * 20}, method)))
    assert "the ZIP is corrupt: " in message
    assert "https://duo.nl/open_onderwijsdata/images/levering.zip" in message


SOUND = {
    method: zipped({"scores buurten.csv": GOOD}, method)
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(SOUND)), st.data())
def test_any_damaged_byte_is_refused_or_harmless(tmp_path: Path, method: int, data: st.DataObject) -> None:
    """Never wrong cells, and never another exception than the one that holds a feed."""
    content = bytearray(SOUND[method])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = [(row["persons"], row["share_pct"]) for row in load(tmp_path, zip_feed(), bytes(content))]
    except FeedProblem:
        found = []
    assert found in ([], [(12.0, 3.5)])


# -- over HTTP ------------------------------------------------------------------------------------------------------

URL = "https://duo.nl/open_onderwijsdata/images/levering.csv"


def _arrive(home: Path, publisher: LoopbackPublisher, feed: DownloadFeed) -> tuple[Environment, Arrival]:
    environment = small_environment(home, publisher)
    warehouse.prepare(environment, {feed.id: feed})
    return environment, arrive(feed, environment)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"\n <!DOCTYPE html><title>Storing</title>", "a web page or XML in place of the file: «<!DOCTYPE html>"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><ExceptionReport/>", "ExceptionReport"),
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\r\n", "the file is empty"),
    ],
)
def test_something_else_in_place_of_the_file_is_never_landed(tmp_path: Path, body: bytes, words: str) -> None:
    with LoopbackPublisher(files={URL: body}).running() as publisher:
        environment, arrival = _arrive(tmp_path, publisher, feed_of())
    assert arrival.outcome == "held"
    assert arrival.problem is not None
    assert words in arrival.problem
    assert URL in arrival.problem
    assert Landing(environment).snapshots(feed_of().id) == []


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ({"ETag": '"e1"', "Last-Modified": "Mon, 02 Mar 2026 06:00:00 GMT"}, '"e1"'),
        ({"Last-Modified": "Mon, 02 Mar 2026 06:00:00 GMT"}, "Mon, 02 Mar 2026 06:00:00 GMT"),
        ({}, "sha256:" + sha256(GOOD).hexdigest()),
    ],
)
def test_the_version_comes_from_headers_or_bytes(tmp_path: Path, headers: dict[str, str], version: str) -> None:
    with LoopbackPublisher(files={URL: GOOD}).running() as publisher:
        publisher.fault = lambda _url, answer: Answer(body=answer.body, headers=headers)
        environment, first = _arrive(tmp_path, publisher, feed_of())
        (snapshot,) = Landing(environment).snapshots(first.feed_id)
        again = arrive(feed_of(), environment)
    assert (first.outcome, first.rows, snapshot.upstream_version) == ("promoted", 1, version)
    assert (again.outcome, again.downloaded) == ("unchanged", 0 if headers else 1)
    assert [s.snapshot_id for s in Landing(environment).snapshots(first.feed_id)] == [snapshot.snapshot_id]


def test_school_advice_from_url_to_raw(tmp_path: Path) -> None:
    assert isinstance(WHOLE, DownloadFeed)
    feed = WHOLE.model_copy(update={"tables": WHOLE.tables[:2]})
    columns = [measure.stem[0] for measure in feed.measures.values()]
    header = ["INSTELLINGSCODE", "VESTIGINGSCODE", "POSTCODE", "GEMEENTENUMMER", *columns]
    first = [header, ["05AB", "00", "6411AA", "917", *["<5"] * 10, "112,0", "0"], ["12XY", "01", "", "34", *["7"] * 12]]
    second = [header, ["05AB", "00", "6411AA", "0917", *["9"] * 12]]
    bodies = ["\n".join(";".join(row) for row in rows) for rows in (first, second)]
    files = {feed.url.format(table=table.id): body.encode() for table, body in zip(feed.tables, bodies, strict=True)}
    with LoopbackPublisher(files=files).running() as publisher:
        environment, arrival = _arrive(tmp_path, publisher, feed)
    assert (arrival.problem, arrival.outcome, arrival.downloaded, arrival.rows) == (None, "promoted", 2, 3)
    query = """SELECT area_code, breakdown, period_code, advice_vwo, attributes['postcode'], missing_markers['advice_havo']
        FROM raw.duo_schooladviezen ORDER BY ALL"""
    with warehouse.connect(environment.warehouse, read_only=True) as connection:
        assert connection.execute(query).fetchall() == [
            ("GM0034", "12XY|01", "2020SJ00", 7.0, "", None),
            ("GM0917", "05AB|00", "2020SJ00", 112.0, "6411AA", "<5"),
            ("GM0917", "05AB|00", "2021SJ00", 9.0, "6411AA", None),
        ]


def test_liveability_from_url_to_raw(tmp_path: Path) -> None:
    feed = load_registry()["leefbaarometer"]
    assert isinstance(feed, DownloadFeed)
    members = {}
    for level, key, code in (("buurten", "bu", "BU0917"), ("wijken", "wk", "WK0917"), ("gemeenten", "gm", "GM0917")):
        code += {"bu": "1000", "wk": "10", "gm": ""}[key]
        foreign = code.replace("0917", "0935")
        lines = [f"{key}_code,jaar,lbm,afw,fys,onv,soc,vrz,won", f"{code},2022,4,-0.05,,0.1,0.2,0.3,0.4"]
        lines += [f"{code},2024,5.5,-0.125,0,0.1,0.2,0.3,0.4", f"{foreign},2024,6,0.5,0,0,0,0,0"]
        members[f"Leefbaarometer 3.0/Leefbaarometer-scores {level} 2002-2024.csv"] = "\n".join(lines).encode()
    files = {feed.url.format(table=feed.tables[0].id): zipped(members)}
    with LoopbackPublisher(files=files).running() as publisher:
        environment, arrival = _arrive(tmp_path, publisher, feed)
    assert (arrival.problem, arrival.outcome, arrival.rows) == (None, "promoted", 6)
    query = (
        "SELECT area_code, period_code, score, deviation, missing_markers FROM raw.leefbaarometer ORDER BY ALL LIMIT 2"
    )
    with warehouse.connect(environment.warehouse, read_only=True) as connection:
        assert connection.execute(query).fetchall() == [
            ("BU09171000", "2022JJ00", 4.0, -0.05, {"physical": ""}),
            ("BU09171000", "2024JJ00", 5.5, -0.125, {}),
        ]


# -- any table ------------------------------------------------------------------------------------------------------

_ANY = st.characters(exclude_categories=["Cs"])
_WESTERN = st.sampled_from([bytes([b]).decode("cp1252") for b in range(256) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)])


def _cleaned(cell: str) -> str:
    for sign in "\u00ad\u200b\u200c\u200d\u2060\ufeff":
        cell = cell.replace(sign, "")
    return cell.replace("\u00a0", " ").replace("\u2007", " ").replace("\u202f", " ").strip()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]), st.sampled_from(";,\t|"))
def test_any_table_comes_back_cell_by_cell(tmp_path: Path, data: st.DataObject, encoding: str, delimiter: str) -> None:
    cell = st.text(_WESTERN if encoding == "cp1252" else _ANY, max_size=8)
    rows = data.draw(st.lists(st.lists(cell, min_size=3, max_size=3), min_size=1, max_size=8))
    quoting = data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["GEMEENTENUMMER", "AANTAL", "A", "B", "C"])
    writer.writerows([["917", "1", *row] for row in rows])
    content = stream.getvalue().encode(encoding)
    if encoding == "cp1252":
        assume(not content.isascii() and not _is_utf8(content))
    feed = feed_of(
        attributes={name: {"stem": [name.upper()]} for name in "abc"},
        encoding="utf-16" if encoding == "utf-16" else None,
    )
    found = [[row["attributes"][name] for name in "abc"] for row in load(tmp_path, feed, content)]
    assert found == [[_cleaned(cell) for cell in row] for row in rows]


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _dutch(number: float, grouped: bool) -> str:
    whole, _, fraction = f"{number:,.6f}".partition(".") if grouped else repr(number).partition(".")
    return whole.replace(",", ".") + "," + fraction if fraction else whole


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20), st.booleans())
def test_dutch_numbers_parse_to_the_same_float(tmp_path: Path, numbers: list[float], grouped: bool) -> None:
    written = [_dutch(number, grouped) for number in numbers]
    rows = load(tmp_path, feed_of(), text(*(f"917;{number};;" for number in written)))
    expected = [float(f"{number:.6f}") if grouped else number for number in numbers]
    assert [(row["persons"], math.copysign(1, row["persons"])) for row in rows] == [
        (number, math.copysign(1, number)) for number in expected
    ]
