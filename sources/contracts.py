"""What a partner's contract says: one YAML file per version, and nothing else is needed for a partner to deliver.

Belongs here: the words of a contract and what they mean. Does not belong here: how a delivery is read, judged and kept
(`sources.partners`). A contract lies at ``sources/feeds/partners/<partner>/<feed id>/v<version>.yml``, its worked examples
beside it in ``examples/``.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from sources.feed import FeedBase, MeasureBase, PeriodType, Strict, Table

# What a file's name may say of the period, and how it is written there.
NAME_PARTS = {"JJJJ": r"(?:19|20)\d\d", "MM": r"0[1-9]|1[0-2]", "K": "[1-4]", "T": "[1-3]"}

# What makes no difference between headers.
_NOT_COMPARED = re.compile(r"[\s_\-\ufeff\u00a0]+")

# What a cell of a column holds.
#   text       words that are scanned for personal data and go no further, unless the column is a dimension
#   category   one of `values`; what is written there becomes the label
#   count      a whole number of zero or more
#   number     a number, also with decimals; amounts of money, hours, means
#   date       a day, as 31-12-2025, 2025-12-31 or a date of Excel
#   year       four digits, or a school year such as 2025-2026 or 2025/2026 (its first year)
#   month      1 to 12, a Dutch name of a month, 2025-03, 202503 or 2025MM03
#   quarter    1 to 4, 2025Q1, 2025K1, 2025-1 or 2025KW01
#   term       1 to 3: the thirds of a school year that begin in August, December and April
#   area       a CBS code of a buurt or wijk, padded or not, with or without its letters, or the area's name
#   postcode   four digits, or six signs of which only the digits are kept
#   school     BRIN code, with or without the location behind it
#   pseudonym  a keyed hash (HMAC-SHA256, 64 hexadecimal digits); only ever counted, never kept
#   key        tells rows of one delivery apart (a case number); never kept
ColumnType = Literal[
    "text", "category", "count", "number", "date", "year", "month", "quarter", "term", "area", "postcode", "school",
    "pseudonym", "key",
]  # fmt: skip


# What stands in raw for a figure that a delivery does not have; the seed missing_markers explains it.
NOT_DELIVERED = "not_delivered"


class Column(Strict):
    """One column of a delivery; its name in the contract is the first name of its header.

    `synonyms` are further headers; case, spaces, hyphens and underscores never matter. `required`: the column must be
    there and each row must have a value. `values` maps a label to what may be written for it (the label itself always
    may). `least` and `most` bound a number or count. `holds_public_names`: names of institutions (schools, complexes)
    stand here, which the privacy gate must not take for people.
    """

    type: ColumnType
    synonyms: tuple[str, ...] = ()
    required: bool = True
    values: Mapping[str, tuple[str, ...]] = {}
    least: float | None = None
    most: float | None = None
    holds_public_names: bool = False

    @model_validator(mode="after")
    def _fits_its_type(self) -> Column:
        if bool(self.values) != (self.type == "category"):
            raise ValueError("values go with type: category, and a category needs them")
        if (self.least, self.most) != (None, None) and self.type not in ("count", "number"):
            raise ValueError("least and most go with type: count or number")
        if self.holds_public_names and self.type not in ("text", "school"):
            raise ValueError("holds_public_names goes with type: text or school")
        return self


class DeliveredPeriod(Strict):
    """The period that a row is about: ``KW`` from a year and a quarter, ``MM`` from a date, and so on.

    Give `date`, or `year` with what the type needs beside it. With `is_school_year` the year is that in which a school
    year begins, and months 1 to 7 lie in the year after. A year that no column holds is taken from the name of the file
    (``{JJJJ}`` in `file_name`), as are ``{MM}`` (month), ``{K}`` (quarter) and ``{T}`` (term).
    """

    type: PeriodType
    date: str | None = None
    year: str | None = None
    month: str | None = None
    quarter: str | None = None
    term: str | None = None
    is_school_year: bool = False


class DeliveredArea(Strict):
    """The column that says where, and how it becomes an area that figures are published for.

    ``buurt`` and ``wijk`` are CBS areas; buurten are added up to wijken later. ``school`` goes through
    ``sources/partners/schools.csv`` to the wijk in which the school lies, with `location` the column of the location's
    number when the school's column has none. ``postcode`` becomes ``PC6411``. `name` is a column with the area's name,
    which must then agree with the code.
    """

    column: str
    kind: Literal["buurt", "wijk", "school", "postcode"]
    name: str | None = None
    location: str | None = None


class PartnerMeasure(MeasureBase):
    """A number that goes on to raw, added up over the rows of an area, period and breakdown.

    Exactly one of: `column` (added up), `rows: true` (rows counted), `distinct` (different values of a pseudonym or key
    counted). `where` takes only rows with these labels. `times` multiplies a mean by its number of cases, so that it can be
    added up. `counts` says what is counted: people, households and events are protected when few; ``amount`` is no count.
    `at_most` names a measure that is never less (children, of participants): readers know it, so protection reckons with it.
    """

    column: str | None = None
    rows: bool = False
    distinct: str | None = None
    where: Mapping[str, tuple[str, ...]] = {}
    times: str | None = None
    counts: Literal["persons", "households", "dwellings", "events", "amount"]
    at_most: str | None = None

    @property
    def is_count(self) -> bool:
        return self.counts != "amount"

    @model_validator(mode="after")
    def _counts_one_thing(self) -> PartnerMeasure:
        if sum((self.column is not None, self.rows, self.distinct is not None)) != 1:
            raise ValueError("give one of column, rows: true and distinct")
        if self.times is not None and self.column is None:
            raise ValueError("times goes with column")
        return self


class Pull(Strict):
    """Where a delivery is fetched: an HTTPS address that gives pages of JSON.

    The key is read from the environment variable `key_env` and sent in the header `key_header` (after `key_prefix`, such
    as ``Bearer ``). `rows` and `next` are the names of the list of rows and of the next page's address in each page.
    `since` is the parameter that asks for what changed since a day; the newest `window_months` months are fetched as a
    whole each time and take the place of what stands, rows of earlier months are left out.
    """

    url: str = Field(pattern=r"^https://[^?#]+$")
    key_env: str = Field(pattern=r"^NOORD_KEY_[A-Z0-9_]+$")
    key_header: str = "X-API-Key"
    key_prefix: str = ""
    rows: str
    next: str
    since: str
    window_months: int = Field(ge=1, le=60)


class Thresholds(Strict):
    """Up to where a delivery with refused rows is still accepted: a share of its rows."""

    refused_share: float = Field(default=0.05, ge=0, le=1)


class DisclosureRule(Strict):
    """When figures of this feed are hidden or rounded before they leave the warehouse; see docs/disclosure.md.

    `least_count`: counts from 1 up to below this are hidden. `rounding`: counts are rounded to its multiples.
    `least_denominator`: below it no share or rate is shown. `least_population`: nor any figure of an area with fewer
    inhabitants, or of which they are unknown. `most_share`: a share above it says something of everybody in the group.
    """

    least_count: int = Field(default=5, ge=5)
    rounding: int = Field(default=5, ge=5)
    least_denominator: int = Field(default=30, ge=10)
    least_population: int = Field(default=50, ge=10)
    most_share: float = Field(default=0.9, gt=0.5, le=1)


class Example(Strict):
    """A worked example in ``examples/`` and what must come of it, row for row; `refused` maps a rule to its rows."""

    file: str = Field(pattern=r"^[^/\\]+$")
    shows: str
    decision: Literal["accepted", "accepted_with_refusals", "refused", "held"]
    delivered: int = Field(ge=0)
    accepted: int = Field(ge=0)
    refused: Mapping[str, int] = {}


class PartnerFeed(FeedBase):
    """A feed that a partner delivers under a contract.

    `partner` is the name of its inbox. `file_name` is how the partner names its files, with ``{JJJJ}``, ``{MM}``, ``{K}`` and
    ``{T}`` for the period. `rows`: ``aggregated`` are counts; ``micro`` are rows of people or cases, which are added up in
    memory and never kept. `dimensions` are category or text columns that become the breakdown, in this order; for each of
    them the label ``total`` is added. `absent`: what it means that an area has no row (``zero`` for complete registers).
    A bundled contract has at least two `examples`, which a test requires; a new one works without.
    """

    protocol: Literal["partner"]
    partner: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    # Deliveries that come in from this day on, up to the first day of the next version and `grace_days` after it.
    valid_from: datetime.date
    grace_days: int = Field(default=60, ge=0)
    format: Literal["csv", "xlsx", "json"]
    file_name: str
    sheet: str | None = None
    pull: Pull | None = None
    rows: Literal["aggregated", "micro"]
    columns: Mapping[str, Column] = Field(min_length=1)
    period: DeliveredPeriod
    area: DeliveredArea
    dimensions: tuple[str, ...] = ()
    absent: Literal["zero", "missing"]
    measures: Mapping[str, PartnerMeasure] = Field(min_length=1)
    thresholds: Thresholds = Thresholds()
    disclosure: DisclosureRule = DisclosureRule()
    examples: tuple[Example, ...] = ()
    # The versions before this one, newest first; set by `registry.load_registry`, never in a contract.
    earlier: SkipJsonSchema[tuple[PartnerFeed, ...]] = ()

    def versions_on(self, day: datetime.date) -> list[PartnerFeed]:
        """The versions under which a delivery of that day may come in, newest first."""
        found: list[PartnerFeed] = []
        replaced_on: datetime.date | None = None
        for contract in (self, *self.earlier):
            is_over = replaced_on is not None and day >= replaced_on + datetime.timedelta(days=contract.grace_days)
            if contract.valid_from <= day and not is_over:
                found.append(contract)
            replaced_on = contract.valid_from
        return found

    def parts_of_name(self, file_name: str) -> dict[str, int] | None:
        """What the name of a file says of the period, by ``JJJJ``, ``MM``, ``K`` and ``T``; None: no such name."""
        pieces = re.split(r"\{(\w+)\}", self.file_name)
        pattern = "".join(
            f"(?P<{piece}>{NAME_PARTS[piece]})" if number % 2 else re.escape(piece)
            for number, piece in enumerate(pieces)
        )
        found = re.fullmatch(pattern, file_name, re.IGNORECASE | re.ASCII)
        return None if found is None else {name: int(text) for name, text in found.groupdict().items()}

    def required_areas(self, required: Sequence[str]) -> list[str]:
        """None: a partner delivers parts, and `absent` says what the others are."""
        return []

    @property
    def carries_every_area(self) -> bool:
        return True

    @property
    def is_open(self) -> bool:
        """No: what a partner delivers leaves the warehouse through disclosure control alone."""
        return False

    @property
    def missing_markers(self) -> tuple[str, ...]:
        return (NOT_DELIVERED,)

    def still_names(self, table: Table) -> bool:
        """Yes: its tables are the periods that were delivered, and no contract names those beforehand."""
        return True

    @model_validator(mode="after")
    def _names_its_columns(self) -> PartnerFeed:
        for name, kinds in self._uses():
            column = self.columns.get(name)
            if column is None:
                raise ValueError(f"'{name}' is used and is no column of the contract")
            if column.type not in kinds:
                raise ValueError(f"column '{name}' has type {column.type}; used where {' or '.join(kinds)} is needed")
        headers = [plain_header(header) for name, column in self.columns.items() for header in (name, *column.synonyms)]
        twice = sorted({header for header in headers if headers.count(header) > 1})
        if twice:
            raise ValueError(f"headers stand for two columns: {', '.join(twice)}")
        labels = [label for name in self.dimensions for label in self.columns[name].values]
        if any("|" in label or label.casefold() in ("total", "totaal") for label in labels):
            raise ValueError(
                "labels of a dimension hold no | and are not called total or totaal, which is added to them"
            )
        # These two repeat what they found, and of a partner's figures nothing may be repeated.
        telling = [e for e in self.expectations if e.type == "expect_table_row_count_to_be_between"]
        telling += [e for e in self.expectations if "distinct" in e.type and e.column != "breakdown"]
        if telling:
            raise ValueError(f"expectations of a partner's figures may not repeat them: {telling[0].check_name}")
        strange = sorted({m.at_most for m in self.measures.values() if m.at_most} - set(self.measures))
        if strange:
            raise ValueError(f"at_most names no measure of the contract: {', '.join(strange)}")
        if self.rows == "aggregated" and any(column.type == "pseudonym" for column in self.columns.values()):
            raise ValueError("pseudonyms stand in rows: micro only")
        parts = re.findall(r"\{(.*?)\}", self.file_name)
        if set(parts) - set(NAME_PARTS) or len(set(parts)) < len(parts) or re.search(r"[/\\]", self.file_name):
            raise ValueError("file_name holds {JJJJ}, {MM}, {K} and {T}, each at most once, and no folder")
        if (self.pull is not None) != (self.format == "json"):
            raise ValueError("pull goes with format: json")
        return self

    def _uses(self) -> list[tuple[str, tuple[str, ...]]]:
        """The columns that the contract refers to, and the types that fit there."""
        area = {"buurt": "area", "wijk": "area", "school": "school", "postcode": "postcode"}[self.area.kind]
        uses: list[tuple[str, tuple[str, ...]]] = [(self.area.column, (area,))]
        uses += [(name, ("text", "category", "count")) for name in (self.area.name, self.area.location) if name]
        period = self.period
        for name, kind in ((period.date, "date"), (period.year, "year"), (period.month, "month")):
            uses += [(name, (kind,))] if name else []
        for name, kind in ((period.quarter, "quarter"), (period.term, "term")):
            uses += [(name, (kind,))] if name else []
        uses += [(name, ("category", "text")) for name in self.dimensions]
        for measure in self.measures.values():
            uses += [(measure.column, ("count", "number"))] if measure.column else []
            uses += [(measure.distinct, ("pseudonym", "key"))] if measure.distinct else []
            uses += [(measure.times, ("count", "number"))] if measure.times else []
            uses += [(name, ("category",)) for name in measure.where]
        return uses


def plain_header(header: str) -> str:
    """A header as it is compared: without case, spaces, hyphens and underscores."""
    return _NOT_COMPARED.sub("", header).casefold()
