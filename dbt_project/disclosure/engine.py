"""The order of disclosure control: rules, rounding, audit, secondary suppression, and what comes out.

Belongs here: `decide` and the tables that go in and out of it. Does not belong here: what each step does.
"""

from __future__ import annotations

import pandas as pd

# What a reader may combine. Leaving one out shows that it is needed (tests/path/test_attack.py); nothing else does.
ALL_RELATIONS = frozenset(
    {
        "hierarchy",  # buurten in wijken, wijken in the municipality
        "area_sets",  # HN13 beside HN14, the rest of Heerlen beside the municipality
        "breakdowns",  # a total beside its breakdowns
        "pairs",  # numerator, denominator and the value that follows from both
        "releases",  # what earlier releases showed
    }
)


def decide(
    quantities: pd.DataFrame,
    parts: pd.DataFrame,
    published_before: pd.DataFrame,
    relations: frozenset[str] = ALL_RELATIONS,
) -> pd.DataFrame:
    """Which quantities are shown and how, one row for each of `quantities`, in the order of quantity_id.

    quantities, one row per number that a release would show (a figure's numerator and its denominator are two rows; one
    denominator that serves three indicators is three rows, with the same atoms):
        quantity_id          VARCHAR, unique
        feed_id              VARCHAR
        subject              VARCHAR   'indicator' or 'activity'
        code                 VARCHAR   indicator_code, or the measure of an activity
        role                 VARCHAR   'numerator', 'denominator' or 'value'
        area_code            VARCHAR
        area_type            VARCHAR   'buurt', 'wijk', 'programme_area', 'municipality', 'region', 'country', NULL unknown
        period_type          VARCHAR
        period_start         DATE
        breakdown            VARCHAR   as shown, 'total' for the total
        true_value           DOUBLE    0 or more; a count or an amount; NULL is hidden as 'unknown_base'
        kind                 VARCHAR   'count', 'amount' (euro, hours) or 'open' (a denominator of open data: known to everybody,
                                       always shown as it is, has no parts)
        pair_id              VARCHAR   numerator and denominator of one figure share it; NULL for what stands alone.
                                       A numerator that finds no denominator by it is hidden as 'unknown_base'
        is_share             BOOLEAN   the numerator is part of the denominator (wilson), and everybody knows it
        population           DOUBLE    inhabitants of the area; NULL (unknown) hides
        is_open, least_count, rounding, least_denominator, least_population, most_share
                                       of control.disclosure_rules by feed_id; NULL is_open (no row) hides everything

    parts, one row per quantity and atom (quantities of kind 'open' and of open feeds need none):
        quantity_id          VARCHAR
        atom_id              VARCHAR   feed, measure, finest breakdown, source area and period, in one text
        share                DOUBLE    quantity = sum of share × atom; optional column, 1 where absent (postcodes have shares)

    published_before, one row per number that an earlier release said something about; numbers that were hidden add nothing:
        release_id, feed_id, subject, code, role, area_code, period_type, period_start, breakdown
        is_shown             BOOLEAN
        shown_value          DOUBLE    NULL when hidden
        rounding             DOUBLE    the base it was rounded to; NULL for amounts (three significant digits)
        least_count          DOUBLE    optional: the rule of then; today's where absent

    Returned:
        quantity_id          VARCHAR
        is_shown             BOOLEAN
        shown_value          DOUBLE    rounded; NULL exactly when not is_shown. A value is scale × shown numerator / shown
                                       denominator, and may be shown when both are
        reason               VARCHAR   NULL when shown, else one of 'no_rule', 'unknown_base', 'small_population', 'small_count',
                                       'small_denominator', 'dominant_group', 'hidden_denominator', 'secondary'
        is_already_disclosed BOOLEAN   hidden, and yet earlier releases give it away: to be reported
        least_known, most_known DOUBLE what a reader can work out of a sensitive quantity (NULL for others); for the warehouse
                                       only, never for a release

    Raises ValueError, naming columns, when a table lacks one or a quantity_id stands twice.
    """
    raise NotImplementedError
