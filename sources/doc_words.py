"""The words that the documentation of all feeds shares.

Belongs here: sentences on periods, cadences and expectations, and the making of Markdown cells. Does not belong here: what
only a publisher's feed says (`sources.feed_docs`) or only a partner's contract (`sources.contract_docs`).
"""

from __future__ import annotations

from collections.abc import Sequence

from sources.feed import Expectation, FeedBase

KINDS = {
    "JJ": "years",
    "KW": "quarters",
    "MM": "months",
    "HJ": "half-years",
    "SJ": "school years",
    "TR": "thirds of a school year",
}
_EVERY = {"two_yearly": "every two years", "four_yearly": "every four years", "half_yearly": "every half-year"}
SEVERITY = {"block": "a failure holds the delivery", "warn": "a failure is a warning"}


def cadence(feed: FeedBase) -> str:
    return _EVERY.get(feed.cadence.expected, feed.cadence.expected)


def missing(feed: FeedBase) -> str:
    """The line on how a feed writes that a figure is missing."""
    markers = ", ".join(f"`{marker}`" if marker else "an empty cell" for marker in feed.missing)
    below = "" if feed.missing_below is None else f", and numbers below {feed.missing_below:g}"
    return f"- Missing is written as: {markers}{below}"


def sentence(expectation: Expectation) -> str:
    if expectation.description:
        return expectation.description.rstrip(".")
    subject = f"`{expectation.column}`" if expectation.column else ""
    share = "" if expectation.mostly is None else f" in at least {expectation.mostly:.0%} of rows"
    sentences = {
        "expect_column_values_to_be_between": f"{subject} is {_range(expectation)}{share}",
        "expect_column_values_to_not_be_null": f"{subject} is filled{share or ' in each row'}",
        "expect_column_values_to_be_in_set": f"{subject} is one of {_listed(expectation.value_set)}{share}",
        "expect_column_distinct_values_to_equal_set": f"{subject} has exactly the members {_listed(expectation.value_set)}",
        "expect_compound_columns_to_be_unique": f"each combination of {_listed(expectation.column_list)} comes once",
        "expect_table_row_count_to_be_between": f"the number of rows is {_range(expectation)}",
    }
    return sentences[expectation.type]


def _range(expectation: Expectation) -> str:
    low, high = expectation.min_value, expectation.max_value
    if low is None or high is None:
        return f"at least {number(low)}" if low is not None else f"at most {number(high)}"
    return f"from {number(low)} up to {number(high)}"


def number(value: float | None) -> str:
    return "any number" if value is None else f"{value:,.10g}"


def _listed(values: Sequence[object] | None) -> str:
    return ", ".join(f"`{value}`" for value in values or ())


def cell(text: str) -> str:
    """Text that can stand in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
