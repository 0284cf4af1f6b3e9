"""Known errors of publishers, as data: ``corrections.csv``, one line for each figure that must not be taken as published.

Belongs here: what a line may say, and reading the file. Landing keeps the bytes as received; raw holds the corrected
figure, or none with the marker ``corrected`` that the seed missing_markers explains. Does not belong here: errors of our
own, applying a line (`sources.loading`) and judging whether it is still needed (`sources.guards`).

A line whose error the publisher has fixed is not removed: filled with the date, `retired_on` stops the guard's asking,
and older deliveries, which landing keeps, are still corrected when they are read again.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sources.errors import ConfigurationError

CORRECTIONS = Path(__file__).parent / "corrections.csv"
# What stands in the place of a figure that a correction took away; raw.missing_markers holds it.
MARKER = "corrected"


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


Number = Annotated[float, Field(allow_inf_nan=False)]
OptionalNumber = Annotated[Number | None, BeforeValidator(_none_if_empty)]
OptionalDate = Annotated[date | None, BeforeValidator(_none_if_empty)]


class Correction(BaseModel):
    """One line of ``corrections.csv``.

    An empty `area_code` or `period_code` stands for all of them. `published_value` is the figure that is wrong, in the
    publisher's unit; with ``to_missing`` it becomes no figure, with ``replace`` it becomes `replacement`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    correction_id: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$")
    feed_id: str
    table_id: str = Field(min_length=1)
    measure: str
    area_code: str
    period_code: str
    published_value: Number
    action: Literal["to_missing", "replace"]
    replacement: OptionalNumber
    reason_nl: str = Field(min_length=1)
    reporter: str = Field(min_length=1)
    reported_on: date
    source_url: str = Field(pattern=r"^https://")
    retired_on: OptionalDate

    @model_validator(mode="after")
    def _replaces_with_a_number(self) -> Correction:
        if (self.action == "replace") != (self.replacement is not None):
            raise ValueError("replacement goes with action replace, and only with it")
        return self


def read_corrections(path: Path = CORRECTIONS) -> tuple[Correction, ...]:
    """All lines of the file, in its order.

    Raises:
        ConfigurationError: the file can't be read, a line breaks a rule or an id stands twice; the message names file,
            line and column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            found = [_read_line(path, line, row) for line, row in enumerate(csv.DictReader(stream), start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"Corrections {path} can't be read: {error}. The registry was not loaded.") from error
    ids = [correction.correction_id for correction in found]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise ConfigurationError(f"Corrections {path}: {', '.join(twice)} stands twice. The registry was not loaded.")
    return tuple(found)


def _read_line(path: Path, line: int, row: Mapping[str, str]) -> Correction:
    try:
        return Correction.model_validate(row)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(
            f"Corrections {path}, line {line}: {problems}. The registry was not loaded."
        ) from error
