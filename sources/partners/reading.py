"""From the bytes of a delivery to a table of text, and everything that stands outside of it.

Belongs here: formats, encodings, limits and the finding of the table. Does not belong here: what a cell must hold (`rows`)
and whether it may be here at all (`privacy`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from sources.contracts import PartnerFeed
from sources.partners.rules import Refused

__all__ = ["Grid", "Refused", "read_delivery"]


@dataclass(frozen=True)
class Grid:
    """A delivery as a table of text.

    `header`: headers as delivered, cleaned, in their order. `table`: string columns ``c0`` to ``cN`` in the order of
    `header`; cells are cleaned of byte order marks, hard spaces and outer spaces, and NULL when nothing is left.
    `row_numbers` (int64): the line or row of the file as a person sees it. `outside`: every text that is not in the table:
    title rows, footers, names and cells of other sheets, comments, document properties, defined names, surplus fields.
    `uneven`: numbers of the rows with more fields than the header, whose columns can't be trusted.
    """

    header: tuple[str, ...]
    table: pa.Table
    row_numbers: pa.Array
    outside: tuple[str, ...] = ()
    uneven: tuple[int, ...] = ()


def read_delivery(path: Path, feed: PartnerFeed) -> Grid:
    """Read a delivery in the format of its contract.

    Raises:
        Refused: the delivery can't be read, or its columns are not those of the contract.
    """
    raise NotImplementedError
