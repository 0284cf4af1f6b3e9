"""What the partners of the sample have delivered: the files below ``deliveries/``, ``<partner>/<feed>/<file>``.

Belongs here: which files there are, with which periods, in which dialect, and which of their rows are wrong on purpose.
Written with the archive by ``python -m sources.sample.generate``. Does not belong here: what the rows say and how a
dialect writes them (`sources.sample.partners`), and reading them again (`sources.partners`).

Earlier months stand together in one file, as a partner hands them over when it begins to deliver; the newest come one by
one. None of the files holds anything about a person that exists.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from sources.partners.inbox import RECEIVED_FILE
from sources.sample.partners import dialects, gezondheid, leren, veiligheid, werken, wonen
from sources.sample.partners.cases import months
from sources.sample.partners.dialects import Dialect, Row, csv_file, workbook

_FIRST_DAY = date(2022, 1, 14)
_LATE = {"welzijn/activiteiten/activiteiten_2025Q3.csv": date(2026, 1, 20)}
FOLDER = Path(__file__).parent / "deliveries"
Month = tuple[int, int]
# The months that come in one file, and those that come alone.
_TOGETHER = (months((2024, 1), (2024, 12)), months((2025, 1), (2025, 10)))
_ALONE = months((2025, 11), (2026, 1))
_QUARTERS = [(year, quarter) for year in (2023, 2024, 2025) for quarter in (1, 2, 3, 4)]
_TERMS = [(2023, 1), (2023, 2), (2023, 3), (2024, 1), (2024, 2), (2024, 3), (2025, 1)]


@dataclass(frozen=True)
class File:
    """One delivered file; `wrong` of its rows break the contract, on purpose."""

    partner: str
    feed: str
    name: str
    body: bytes
    wrong: int = 0

    @property
    def path(self) -> str:
        return f"{self.partner}/{self.feed}/{self.name}"

    @property
    def received_on(self) -> date:
        """Two weeks after its newest period, yearly figures in the autumn after; one partner was late once.

        What is older than the contracts was handed over when they began.
        """
        return _LATE.get(self.path) or max(self._when_made, _FIRST_DAY)

    @property
    def _when_made(self) -> date:
        found = re.search(r"_(\d{4})(?:Q(\d)|_(\d)|(\d\d))?\.", self.name)
        assert found is not None, self.name
        year, quarter, term, month = (int(part) if part else 0 for part in found.groups())
        if quarter or month:
            last = 3 * quarter or month
        elif term:
            last = 7 + 4 * term
        else:
            return date(year + 1, 11, 5)
        return date(year + last // 12, last % 12 + 1, 14)


def files() -> Iterator[File]:
    """Every bundled file."""
    yield from _monthly()
    yield from _quarterly()
    yield from _yearly()
    yield from _terms()


def write(folder: Path = FOLDER) -> None:
    """Write the files, and the list of the days on which they came in, in the place of those that are there."""
    shutil.rmtree(folder, ignore_errors=True)
    for file in files():
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.body)
    with (folder / RECEIVED_FILE).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "received_on"))
        writer.writerows(sorted((file.path, file.received_on) for file in files()))


# -- months ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Monthly:
    """A feed whose rows name their month; `wrong` are rows that are added to the file of a month."""

    partner: str
    feed: str
    name: str
    header: Sequence[str]
    rows: Callable[[int, int], Iterator[Row]]
    together: Dialect
    alone: Dialect
    wrong: dict[Month, Sequence[Row]]


_MONTHLY = (
    _Monthly(
        "gemeente", "bijstand_wijk", "wiz_bijstand_{}{:02}.csv", werken.ASSISTANCE, werken.assistance,
        dialects.OLD, dialects.EXCEL,
        {
            # Not a number, an age that the contract does not know, and a wijk that does not exist.
            (2024, 12): [("31-12-2024", "WK091723", "18 tot 27", "paar met kinderen", "onbekend", 0, 0, 0)],
            (2025, 11): [
                ("30-11-2025", "WK091712", "jonger dan 18", "alleenstaand", 2, 0, 0, 0),
                ("30-11-2025", "WK091799", "18 tot 27", "alleenstaand", 3, 0, 0, 0),
            ],
        },
    ),
    _Monthly(
        "gemeente", "leerplicht_verzuim", "leerplicht_verzuim_{}{:02}.csv", leren.ABSENCE, leren.absence,
        dialects.TITLED, dialects.PLAIN,
        # A school in another town, and a month that no year has.
        {
            (2024, 12): [
                ("2024-2025", 9, "99ZZ", "00", "Basisschool Elders", "Stichting Voorbeeld", 120, 0, 1, 0, 0),
                ("2024-2025", 13, "99AA", "00", "Basisschool Voorbeeld", "Stichting Voorbeeld", 120, 0, 1, 0, 0),
            ],
        },
    ),
    _Monthly(
        "gemeente", "meldingen_openbare_ruimte", "meldingen_openbare_ruimte_{}{:02}.csv", wonen.PUBLIC_SPACE,
        wonen.public_space, dialects.TABBED, dialects.COMMAS,
        {(2026, 1): [("2026-01", "BU09173002", "afval", -3, 0)]},
    ),
    _Monthly(
        "politie", "meldingen_overlast", "politie_{}{:02}.csv", veiligheid.NUISANCE, veiligheid.nuisance,
        dialects.PLAIN, replace(dialects.PLAIN, footer="Bron: politie (voorbeeldcijfers)"),
        # A buurt of Goirle.
        {(2025, 10): [("BU07850917", "1.1.0 ", "2025MM10", 4)]},
    ),
)  # fmt: skip


def _monthly() -> Iterator[File]:
    for feed in _MONTHLY:
        for periods in _TOGETHER:
            yield _of_months(feed, periods, feed.together)
        for month in _ALONE:
            yield _of_months(feed, [month], feed.alone)


def _of_months(feed: _Monthly, periods: Sequence[Month], dialect: Dialect) -> File:
    wrong = feed.wrong.get(periods[-1], ())
    rows = [row for month in periods for row in feed.rows(*month)]
    body = csv_file(feed.header, [*rows, *wrong], dialect)
    return File(feed.partner, feed.feed, feed.name.format(*periods[-1]), body, len(wrong))


# -- quarters, terms, years -----------------------------------------------------------------------------------------


def _quarterly() -> Iterator[File]:
    for when in _QUARTERS:
        year, quarter = when
        # From the third quarter of 2025 on under the second version of the contract.
        if when < (2025, 3):
            body = csv_file(leren.PRESCHOOL, list(leren.preschool(*when)), dialects.OLD)
        else:
            body = csv_file(leren.PRESCHOOL_2, list(leren.preschool_2(*when)), dialects.EXCEL)
        yield File("kinderopvang", "peuteropvang", f"peuteropvang_{year}Q{quarter}.csv", body)
        # One dwelling has a label that does not exist.
        wrong = [("Corporatie A", "A-9999", "WK091710", "BU09171000", 4, "H", 0, 0, 0, None, 600.0)]
        wrong = wrong if when == (2024, 3) else []
        yield File(
            "corporatie", "corporatie_voorraad", f"corporatie_voorraad_{year}Q{quarter}.csv",
            csv_file(wonen.DWELLINGS, [*wonen.dwellings(*when), *wrong], dialects.THOUSANDS), len(wrong),
        )  # fmt: skip
        body = csv_file(werken.TRAJECTORIES, list(werken.trajectories(*when)))
        known = werken.known_on(*when)
        yield File("werkbedrijf", "trajecten_naar_werk", f"wsp_trajecten_{known:%Y%m}.csv", body)
        yield File(
            "welzijn", "activiteiten", f"activiteiten_{year}Q{quarter}.csv",
            csv_file(veiligheid.ACTIVITIES, list(veiligheid.activities(*when)), dialects.EXCEL),
        )  # fmt: skip


def _yearly() -> Iterator[File]:
    for year in range(2019, 2025):
        body = csv_file(gezondheid.CHILDREN, list(gezondheid.children(year)), dialects.OLD)
        yield File("jeugdgezondheidszorg", "jgz_gewicht", f"ggd_jgz_{year}.csv", body)
    for year in range(2020, 2025):
        title = [f"Zorgkosten per postcode {year} (voorbeeldcijfers)"]
        rows = [title, [], gezondheid.COSTS, *gezondheid.costs(year), ["Bron: zorgverzekeraar"]]
        body = workbook({"Kosten": rows}, merged=["A1:G1"], made=datetime(year + 1, 11, 3, 9, 30))
        yield File("zorgverzekeraar", "zorgkosten", f"zorgkosten_{year}.xlsx", body)


def _terms() -> Iterator[File]:
    for year, term in _TERMS:
        notes = [["Toelichting"], ["Uren zijn klokuren. Cijfers zijn verzonnen."]]
        sheets: dict[str, Sequence[Row]] = {
            "Deelname": [leren.RICH_DAY, *leren.rich_day(year, term)],
            "Toelichting": notes,
        }
        made = datetime(year + (term > 1), 12 if term == 1 else 4 * (term - 1), 10, 14, 0)
        body = workbook(sheets, hidden=["Toelichting"], made=made)
        yield File("schoolbestuur", "rijke_schooldag", f"rijke_schooldag_{year}_{term}.xlsx", body)


# -- corrections ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Changed:
    """A cell that a correction changes: its row by the cells before the number, and the number before and after."""

    row: tuple[str, ...]
    before: int
    after: int


@dataclass(frozen=True)
class Correction:
    """A second delivery for a month that was delivered before, and what differs in it."""

    file: File
    month: Month
    changed: tuple[Changed, ...]


def corrections() -> tuple[Correction, ...]:
    """Second deliveries of the newest month of two feeds, never bundled: tests put them into an inbox.

    Single counts differ by 1 to 4, as late entries do, and one that was shown falls below 5. Whoever keeps the release
    before and subtracts must learn nothing from it.
    """
    return tuple(_corrected(feed) for feed in _MONTHLY if feed.feed in ("bijstand_wijk", "meldingen_overlast"))


def _corrected(feed: _Monthly) -> Correction:
    month, at = _ALONE[-1], feed.header.index("aantal")
    rows = list(feed.rows(*month))
    after = _late_entries([int(str(row[at])) for row in rows])
    changed = tuple(
        Changed(tuple(dialects.text(cell, feed.alone).strip() for cell in row[:at]), int(str(row[at])), number)
        for row, number in zip(rows, after, strict=True)
        if row[at] != number
    )
    body = csv_file(
        feed.header, [(*row[:at], number, *row[at + 1 :]) for row, number in zip(rows, after, strict=True)], feed.alone
    )
    return Correction(File(feed.partner, feed.feed, feed.name.format(*month), body), month, changed)


def _late_entries(before: Sequence[int]) -> list[int]:
    """Every 17th count a little higher, and the first of 5 to 8 so much lower that it may not be shown any more."""
    after = [number + 1 + at % 4 if at % 17 == 5 else number for at, number in enumerate(before)]
    falls = next(at for at, number in enumerate(before) if 5 <= number <= 8 and after[at] == number)
    after[falls] -= 4
    return after
