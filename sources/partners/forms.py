"""The form that a cell of each type has, loosely: enough to tell a count or a code from text that went astray.

Belongs here: patterns. Does not belong here: judging a cell, which is stricter and gives reasons (`sources.partners.rows`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from sources.contracts import Column, ColumnType, plain_header
from sources.partners.plain_text import matches, plain_values

# A number has no leading zero when it is long: 0612345678 is none.
NUMBER = r"[-+]?(?:\d{1,3}(?:[. ']\d{3})+|[1-9]\d*|0\d{0,6})(?:[.,]\d+)?(?:e[-+]?\d+)?"
_NO_NUMBER = r"[.*x\-?]{1,3}|<=? ?\d{1,2}|n\.?v\.?t\.?|n\.?b\.?|onbekend|geen"
_MONTH_NAME = r"(?:jan|feb|mrt|maa|apr|mei|jun|jul|aug|sep|okt|nov|dec)[a-z]{0,7}\.?"
DATE = (
    rf"(?:\d{{1,2}}[-/. ](?:\d{{1,2}}|{_MONTH_NAME})[-/. ]\d{{2,4}}|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}})"
    r"(?:[ t]\d{1,2}:\d{2}[\d:.z+\-]{0,16})?"
)
_BARE_DATE = r"(?:19|20)\d{6}|\d{4}(?:19|20)\d{2}|\d{5}"
_THIRD = r"(?:kwartaal|kw|periode|termijn|trimester|maand|q|k|t)"
_PERIOD = (
    rf"\d{{1,4}}|\d{{4}} ?[-/ ]? ?\d{{1,4}}|\d{{4}} ?-? ?(?:mm|kw|jj|tr|sj|hj|[qkmt]) ?\d{{1,2}}|{_MONTH_NAME}(?: \d{{4}})?"
    rf"|{_THIRD} ?\d{{1,2}}(?: \d{{4}})?|\d{{1,2}} ?(?:e|de|ste)? ?{_THIRD}(?: \d{{4}})?|{DATE}"
)
_FORMS: Mapping[ColumnType, str] = {
    "count": rf"(?:€ ?)?(?:{NUMBER})(?: ?[€%])?|{_NO_NUMBER}",
    "number": rf"(?:€ ?)?(?:{NUMBER})(?: ?[€%])?|{_NO_NUMBER}",
    "date": rf"{DATE}|{_BARE_DATE}",
    "year": rf"(?:{_PERIOD})\*{{0,2}}",
    "month": rf"(?:{_PERIOD})\*{{0,2}}",
    "quarter": rf"(?:{_PERIOD})\*{{0,2}}",
    "term": rf"(?:{_PERIOD})\*{{0,2}}",
    # Eight digits that begin with a zero are a code whose letters were left out.
    "area": r"(?:bu|wk|gm|nl|pv) ?\d{1,8}|\d{1,6}|0\d{7}",
    "postcode": r"\d{4} ?(?:[a-z]{2})?",
    "school": r"\d{2}[a-z]{2}[ \-|/.]?\d{0,2}",
    "pseudonym": r"[0-9a-f]{64}",
}


def in_form(values: pa.Array, column: Column | None) -> np.ndarray:
    """Which plain values have the form of their column; none of a text, a key or a column that the contract lacks."""
    if column is not None and column.type == "category":
        written = [text for label, others in column.values.items() for text in (label, *others)]
        labels = set(map(plain_header, plain_values(pa.array(written, pa.string())).to_pylist()))
        return np.array([plain_header(text) in labels for text in values.to_pylist()], bool)
    form = None if column is None else _FORMS.get(column.type)
    return np.zeros(len(values), bool) if form is None else matches(values, f"^(?:{form})$")
