"""Which period a row is about: from its columns, or from the name of the file.

Belongs here: years, months, quarters and terms as partners write them, and the period codes that they make. Does not belong
here: the time dimensions of publishers (`sources.protocols.periods`).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sources.contracts import DeliveredPeriod, PartnerFeed
from sources.feed import PeriodType
from sources.partners.rules import Refused

_MONTHS = [
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december",
]  # fmt: skip
_SHORT = {
    "jan": 1,
    "feb": 2,
    "mrt": 3,
    "apr": 4,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "sept": 9,
    "okt": 10,
    "nov": 11,
    "dec": 12,
}
_YEAR = r"((?:19|20)[0-9]{2})"
_SCHOOL_YEAR = re.compile(_YEAR + r"\s?[-/]\s?((?:19|20)?[0-9]{2})")
_IN_NAME = {"JJJJ": _YEAR, "MM": r"(0[1-9]|1[0-2])", "K": r"([1-4])", "T": r"([1-3])"}
_DAY = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
_ISO_DAY = re.compile(r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{4})([0-9]{2})([0-9]{2})")
_HOUR = re.compile(r"[T ]([0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?)(Z|[+-][0-9]{2}:?[0-9]{2})?$")
# Day 1 of Excel, moved for the 29 February 1900 that it counts and that never was.
_EXCEL_ZERO = datetime.date(1899, 12, 30)


def year_of(text: str) -> int | None:
    """2025, 2025JJ00, 2025SJ00, or a school year (its first year)."""
    if match := re.fullmatch(_YEAR + r"((JJ|SJ)00)?", text.upper()):
        return int(match[1])
    match = _SCHOOL_YEAR.fullmatch(text)
    return int(match[1]) if match and int(match[2]) % 100 == (int(match[1]) + 1) % 100 else None


def month_of(text: str) -> int | None:
    """year × 100 + month; the year is 0 when the text has none."""
    plain = text.strip().casefold().rstrip(".")
    if plain in _MONTHS:
        return _MONTHS.index(plain) + 1
    if plain in _SHORT:
        return _SHORT[plain]
    match = re.fullmatch(r"0?([1-9])|(1[0-2])", plain)
    if match:
        return int(plain)
    match = re.fullmatch(_YEAR + r"(?:mm|[-/])?(0[1-9]|1[0-2])", plain)
    return int(match[1]) * 100 + int(match[2]) if match else None


def quarter_of(text: str) -> int | None:
    """year × 10 + quarter; the year is 0 when the text has none."""
    plain = re.sub(r"\s+", "", text).upper()
    match = re.fullmatch(rf"(?:{_YEAR}-?)?(?:[QK]|KW0?)?([1-4])(?:EKWARTAAL)?", plain)
    if match is None:
        return None
    # 20251 could be anything.
    if match[1] and re.fullmatch(r"[0-9]{5}", plain):
        return None
    return int(match[1] or 0) * 10 + int(match[2])


def term_of(text: str) -> int | None:
    return int(text) if text in ("1", "2", "3") else None


def date_of(text: str, has_serials: bool = False) -> datetime.date | None:
    """A day that exists, its hour left out. `has_serials`: a whole number is a day of Excel."""
    plain = _HOUR.sub("", text)
    try:
        if has_serials and re.fullmatch(r"[1-9][0-9]{4}", plain):
            return _EXCEL_ZERO + datetime.timedelta(days=int(plain))
        if match := _DAY.fullmatch(plain):
            found = datetime.date(int(match[4]), int(match[3]), int(match[1]))
        elif match := _ISO_DAY.fullmatch(plain):
            year, month, day = match[1] or match[5], match[3] or match[6], match[4] or match[7]
            found = datetime.date(int(year), int(month), int(day))
        else:
            return None
    except ValueError:
        return None
    return found if 1900 <= found.year < 2100 else None


@dataclass(frozen=True)
class Moment:
    """What the columns of a row say of its period; month and quarter as `month_of` and `quarter_of` give them."""

    date: datetime.date | None = None
    year: int | None = None
    month: int | None = None
    quarter: int | None = None
    term: int | None = None


def period_code(period: DeliveredPeriod, moment: Moment, named: Mapping[str, int]) -> str | None:
    """The code of the period, None when the columns contradict each other.

    `named` is what the name of the file says (`named_period`), for what no column holds.

    Raises:
        Refused: neither the columns nor the name of the file say enough.
    """
    if moment.date is not None:
        return _from_month(period.type, moment.date.year, moment.date.month)
    month = moment.month if moment.month is not None else named.get("MM")
    quarter = moment.quarter if moment.quarter is not None else named.get("K")
    term = moment.term if moment.term is not None else named.get("T")
    given = moment.year if moment.year is not None else named.get("JJJJ")
    needs_month = period.type == "MM" or (month is not None and quarter is None and term is None)
    if needs_month and month is not None:
        carried, month = divmod(month, 100)
        year = _one_year(given, carried, period.is_school_year and month <= 7)
        return None if year == 0 else _from_month(period.type, _known(year), month)
    if period.type in ("KW", "HJ") and quarter is not None:
        carried, quarter = divmod(quarter, 10)
        year = _one_year(given, carried, period.is_school_year and quarter <= 2)
        if year == 0:
            return None
        return f"{_known(year)}KW{quarter:02}" if period.type == "KW" else f"{_known(year)}HJ{(quarter + 1) // 2:02}"
    if period.type == "TR" and term is not None:
        return f"{_known(given)}TR{term:02}"
    if period.type in ("JJ", "SJ"):
        return f"{_known(given)}{period.type}00"
    raise Refused("bestandsnaam", "de bestandsnaam")


def _one_year(given: int | None, carried: int, is_second_half: bool) -> int | None:
    """The calendar year by the year's own column (or the name of the file) and by the one written with month or quarter; 0
    when they differ."""
    calendar = None if given is None else given + is_second_half
    if carried and calendar is not None and carried != calendar:
        return 0
    return carried or calendar


def _known(year: int | None) -> int:
    if year is None:
        raise Refused("bestandsnaam", "de bestandsnaam")
    return year


def _from_month(kind: PeriodType, year: int, month: int) -> str:
    school_year = year if month >= 8 else year - 1
    term = 1 if 8 <= month <= 11 else 3 if 4 <= month <= 7 else 2
    codes: Mapping[str, str] = {
        "JJ": f"{year}JJ00",
        "HJ": f"{year}HJ{1 + (month > 6):02}",
        "KW": f"{year}KW{(month + 2) // 3:02}",
        "MM": f"{year}MM{month:02}",
        "SJ": f"{school_year}SJ00",
        "TR": f"{school_year}TR{term:02}",
    }
    return codes[kind]


def named_period(file_name: str, feed: PartnerFeed) -> dict[str, int] | None:
    """What the name of a file says of its period, by the contract's pattern; None when it doesn't fit."""
    parts = re.split(r"\{(JJJJ|MM|K|T)\}", feed.file_name)
    pattern = "".join(_IN_NAME[part] if at % 2 else re.escape(part) for at, part in enumerate(parts))
    match = re.fullmatch(pattern, file_name, re.IGNORECASE)
    if match is None:
        return None
    return dict(zip(parts[1::2], map(int, match.groups()), strict=True))


def newest_by_name(feed: PartnerFeed, named: Mapping[str, int]) -> str | None:
    """The newest period that a file may be about: that in which the time in its name ends; None when it names no year.

    Partners name a file after its period or, when it holds several, after the month in which they made it.
    """
    year, period = named.get("JJJJ"), feed.period
    if year is None:
        return None
    # As in `period_code`: the year of the name is that of a school year unless columns say which year it is.
    is_school_year = period.is_school_year and period.year is None and period.date is None
    if "T" in named:
        month = (11, 15, 19)[named["T"] - 1]
    elif "MM" in named or "K" in named:
        month = named["MM"] if "MM" in named else 3 * named["K"]
        month += 12 if is_school_year and month <= 7 else 0
    else:
        month = 19 if period.is_school_year or period.type in ("SJ", "TR") else 12
    return _from_month(period.type, year + (month - 1) // 12, (month - 1) % 12 + 1)
