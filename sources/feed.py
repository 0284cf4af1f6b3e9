"""What every feed file says, whether a publisher is fetched or a partner delivers.

Belongs here: the parts that all feeds share: who, which licence, how often, which checks. Unknown keys are errors, because
a misspelt key would otherwise switch a rule off in silence. Does not belong here: what only a published feed says
(`sources.registry`) or only a partner's contract (`sources.contracts`).
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from sources.checks import Severity
from sources.corrections import Correction

COUNTRY = "NL00"
Line = Literal["leren", "werken", "gezondheid", "wonen", "veiligheid"]
# TR, a third of a school year, is ours: no CBS code has it.
PeriodType = Literal["JJ", "KW", "MM", "HJ", "SJ", "TR"]

# DuckDB can't run these expectations' SQL (regex, LIKE, of-type), so the list holds what has been shown to work.
ExpectationType = Literal[
    "expect_column_values_to_be_between",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_in_set",
    "expect_column_distinct_values_to_equal_set",
    "expect_compound_columns_to_be_unique",
    "expect_table_row_count_to_be_between",
    "unexpected_rows_expectation",
]


def as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1)]


class Strict(BaseModel):
    """A part of a feed file: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Publisher(Strict):
    name: str
    url: str


class License(Strict):
    """The publisher's own statement of the licence."""

    name: str
    url: str


class Cadence(Strict):
    """How often new figures are expected, and how many days late is still fine."""

    expected: Literal["monthly", "quarterly", "half_yearly", "yearly", "two_yearly", "four_yearly"]
    slack_days: int = Field(ge=0)


class Table(Strict):
    """One table or file of a feed. `year` is its division of areas and, with `period.from: table_year`, its period.

    A `superseded` table is only fetched when a run names it. `discovered` is set by catalogue discovery, never in a
    file; neither are the fields of a slice: `source` is the publisher's table, `slice_year` the calendar year it holds,
    and a `closed` slice holds no month that is still corrected (see `sources.protocols.slices`).
    """

    id: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$")
    year: int = Field(ge=1995, le=2100)
    provisional: bool = False
    superseded: bool = False
    discovered: bool = False
    source: str | None = None
    slice_year: int | None = None
    closed: bool = False

    @property
    def publisher_id(self) -> str:
        """The id under which the publisher knows the table; that of a slice is its source."""
        return self.source or self.id


class MeasureBase(Strict):
    """A column of numbers in raw. `unit` is the source's word for what is counted."""

    unit: str | None = None

    @property
    def is_count(self) -> bool:
        """Whether it counts things; one without a unit may do so (pupils per advice) and is judged as a count."""
        return self.unit in (None, "aantal")


class Attribute(Strict):
    """A column that is carried to raw as text, when the table has it; `group` as in `Measure`."""

    stem: Names
    group: Names | None = None


class Expectation(Strict):
    """One expectation of Great Expectations; the fields after `severity` are its arguments."""

    type: ExpectationType
    name: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")
    description: str | None = None
    severity: Severity
    column: str | None = None
    column_list: tuple[str, ...] | None = None
    min_value: float | None = None
    max_value: float | None = None
    mostly: float | None = Field(default=None, gt=0, le=1)
    value_set: tuple[str | float, ...] | None = None
    unexpected_rows_query: str | None = None

    @model_validator(mode="after")
    def _query_names_itself(self) -> Expectation:
        if self.type == "unexpected_rows_expectation" and not (
            self.name and self.description and self.unexpected_rows_query
        ):
            raise ValueError("unexpected_rows_expectation needs name, description and unexpected_rows_query")
        try:
            (self.unexpected_rows_query or "").format(batch="delivery")
        except (IndexError, KeyError, ValueError) as error:
            raise ValueError("unexpected_rows_query holds braces other than {batch}") from error
        return self

    @property
    def check_name(self) -> str:
        """The name the check has in the warehouse and the lineage UI."""
        if self.name:
            return self.name
        short = self.type.removeprefix("expect_").removeprefix("column_")
        subject = self.column or "_".join(self.column_list or ())
        return f"{subject}__{short}" if subject else short

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for Great Expectations."""
        chosen = self.model_dump(exclude={"type", "name", "description", "severity"}, exclude_none=True)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in chosen.items()}


class Acknowledgement(Strict):
    """Somebody has looked at what a guard holds, and lets it pass: what, which, since when and why.

    `name` is the name that the guard gives: an area code, period code, measure or table id; for a jump
    ``measure/area/period``, of which the end may be left out. ``*`` stands for any characters (``BU0917*``). `table`
    restricts it to one table.
    """

    what: Literal["region", "period", "measure", "table", "jump"]
    name: str = Field(min_length=1)
    table: str | None = None
    # Not called `on`: YAML reads that word as a boolean.
    date: datetime.date
    reason: str = Field(min_length=1)

    def covers(self, what: str, name: str, table: str | None) -> bool:
        if self.what != what or self.table not in (None, table):
            return False
        return fnmatchcase(name, self.name) or fnmatchcase(name, f"{self.name}/*")

    def __str__(self) -> str:
        return f"{self.name} since {self.date}: {self.reason}"


class FeedBase(Strict):
    """What every feed file says, whatever its protocol.

    `corrections` are the feed's lines of ``corrections.csv``: set by `load_registry`, never in a feed file.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    description: str
    publisher: Publisher
    license: License
    page: str
    lines: tuple[Line, ...] = Field(min_length=1)
    owner: str
    cadence: Cadence
    estimate_type: Literal["register", "survey", "model"]
    tables: tuple[Table, ...] = ()
    attributes: Mapping[str, Attribute] = {}
    measures: Mapping[str, MeasureBase] = Field(min_length=1)
    missing: tuple[str, ...] = (".", "")
    # Numbers below this stand for a missing figure; their text becomes the marker.
    missing_below: float | None = None
    expectations: tuple[Expectation, ...] = Field(min_length=1)
    acknowledged: tuple[Acknowledgement, ...] = ()
    corrections: SkipJsonSchema[tuple[Correction, ...]] = ()

    @model_validator(mode="after")
    def _names_are_consistent(self) -> FeedBase:
        for name in (*self.measures, *self.attributes):
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                raise ValueError(f"'{name}' is not a lower_snake column name")
        ids = [table.id for table in self.tables]
        if len(set(ids)) != len(ids):
            raise ValueError("a table id stands twice under tables")
        names = [expectation.check_name for expectation in self.expectations]
        if len(set(names)) != len(names):
            raise ValueError("two expectations have the same name")
        known = {*self.measures, "breakdown", "area_code", "period_code", None}
        strange = [e.column for e in self.expectations if e.column not in known]
        if strange:
            raise ValueError(f"expectations name columns that are not measures: {strange}")
        return self

    def required_areas(self, required: Sequence[str]) -> list[str]:
        """Those of the scope's required areas that a delivery must hold; files of schools have no row for the country."""
        return [code for code in required if code != COUNTRY]

    @property
    def carries_every_area(self) -> bool:
        """Whether rows of areas outside the scope are kept too."""
        return False

    @property
    def is_open(self) -> bool:
        """Whether whoever reads a release may know single rows and their checksums: the publisher shows them already."""
        return True

    @property
    def missing_markers(self) -> tuple[str, ...]:
        """The texts that may stand in a cell that holds no number."""
        return self.missing

    def still_names(self, table: Table) -> bool:
        """Whether a table that landed is a table of the feed today."""
        return table.discovered or any(table.publisher_id == declared.id for declared in self.tables)

    @property
    def contract_sha256(self) -> str:
        """Changes when anything in the feed file, or in its corrections, that shapes its rows or checks changes."""
        text = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
