"""The order of disclosure control: rules, rounding, audit, secondary suppression, and what comes out.

Belongs here: `decide` and the tables that go in and out of it. Does not belong here: what a rule says (`rules`), how numbers
are gathered into cells and systems (`structure`), and how more are hidden (`secondary`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dbt_project.disclosure import rules
from dbt_project.disclosure.attacker import SolverFailed
from dbt_project.disclosure.releases import KEY
from dbt_project.disclosure.secondary import Ends, everything, protect, with_followers
from dbt_project.disclosure.structure import ALL_RELATIONS, Cells, gather

log = logging.getLogger(__name__)

QUANTITY_COLUMNS = (
    "quantity_id", "feed_id", "subject", "code", "role", "area_code", "area_type", "period_type", "period_start", "breakdown",
    "true_value", "kind", "pair_id", "is_share", "population", "is_open", *rules.RULE_COLUMNS,
)  # fmt: skip


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
                                       A numerator that finds no denominator by it is hidden as 'unknown_base'; a pair has one denominator
        is_share             BOOLEAN   the numerator is part of the denominator (wilson), and everybody knows it
        part_of_id           VARCHAR   optional: the quantity that this one is never more than, which everybody knows (children, of
                                       participants)
        population           DOUBLE    inhabitants of the area; NULL (unknown) hides
        is_open, least_count, rounding, least_denominator, least_population, most_share
                                       of control.disclosure_rules by feed_id; NULL is_open (no row) hides everything

    parts, one row per quantity and atom (quantities of kind 'open' and of open feeds need none):
        quantity_id          VARCHAR
        atom_id              VARCHAR   feed, measure, finest breakdown, source area and period, in one text
        share                DOUBLE    quantity = sum of share × atom; optional column, 1 where absent (postcodes have shares)

    published_before, one row per number that an earlier release showed or hid (once is enough while it stays the same);
    a release's id is greater than that of the release before:
        release_id, feed_id, subject, code, role, area_code, period_type, period_start, breakdown
        is_shown             BOOLEAN
        shown_value          DOUBLE    NULL when hidden
        rounding             DOUBLE    the base it was rounded to; NULL for amounts (three significant digits)
        least_count          DOUBLE    optional: the rule of then; today's where absent
        true_value           DOUBLE    optional: the true value of then, also of numbers that were hidden. It tells which counts were
                                       corrected since, so that both versions can be weighed together; NULL where unknown

    Returned:
        quantity_id          VARCHAR
        is_shown             BOOLEAN
        shown_value          DOUBLE    rounded; NULL exactly when not is_shown. A value is scale × shown numerator / shown
                                       denominator, and may be shown when both are
        reason               VARCHAR   NULL when shown, else one of 'no_rule', 'unknown_base', 'small_population', 'small_count',
                                       'small_denominator', 'dominant_group', 'hidden_denominator', 'secondary'
        is_already_disclosed BOOLEAN   hidden, and yet earlier releases give it away: to be reported
        least_possible, most_possible
                             DOUBLE    values of a sensitive quantity that a reader can't rule out (NULL for others); for the
                                       warehouse only, never for a release

    Raises ValueError, naming columns, when a table lacks one or a quantity_id stands twice.
    """
    rows = _prepared(quantities, parts)
    _require(published_before, (*KEY, "is_shown", "shown_value", "rounding"), "published_before")
    controlled = rows["is_controlled"].to_numpy(dtype=bool)
    hidden_by = {reason: mask & controlled for reason, mask in rules.hidden_by(rows).items()}
    rows["reason"] = _first_reason(hidden_by)
    rows["protect_low"], rows["protect_high"] = rules.protection(rows, hidden_by)
    _protect_amounts_of_hidden_bases(rows)
    cells = gather(rows, parts, published_before, relations)
    return _decisions(rows, cells, _audit(cells))


def _prepared(quantities: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order of quantity_id, with numbers as floats and what the rules need of a row's pair."""
    _require(quantities, QUANTITY_COLUMNS, "quantities")
    _require(parts, ("quantity_id", "atom_id"), "parts")
    rows = quantities.sort_values("quantity_id", kind="stable").reset_index(drop=True)
    if rows["quantity_id"].duplicated().any():
        raise ValueError(
            f"quantities: quantity_id stands twice: {rows['quantity_id'][rows['quantity_id'].duplicated()].iloc[0]}"
        )
    for column in ("true_value", "population", *rules.RULE_COLUMNS):
        rows[column] = pd.to_numeric(rows[column]).astype("float64")
    rows["is_share"] = rows["is_share"].fillna(False).astype(bool)
    is_open = rows["is_open"].astype("boolean").fillna(False).astype(bool)
    rows["is_constant"] = (rows["kind"] == "open") | is_open
    rows["is_controlled"] = ~rows["is_constant"]
    rows["has_parts"] = rows["quantity_id"].isin(parts["quantity_id"].unique()) | rows["is_constant"]
    return _with_bases(rows)


def _require(table: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(f"{name}: columns are missing: {', '.join(missing)}")


def _with_bases(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `base` and `shown_base`, the true and the shown denominator of each row's pair, and the row it stands in."""
    denominators = rows[(rows["role"] == "denominator") & rows["pair_id"].notna()]
    if denominators["pair_id"].duplicated().any():
        twice = denominators["pair_id"][denominators["pair_id"].duplicated()].iloc[0]
        raise ValueError(f"quantities: pair_id holds two denominators: {twice}")
    place = pd.Series(denominators.index, index=denominators["pair_id"])
    at = rows["pair_id"].map(place).where(rows["role"] == "numerator")
    rows["base_row"] = at.fillna(-1).astype("int64")
    row_of = pd.Series(rows.index, index=rows["quantity_id"])
    whole = rows["part_of_id"].map(row_of) if "part_of_id" in rows.columns else pd.Series(np.nan, index=rows.index)
    rows["whole_row"] = whole.fillna(-1).astype("int64")
    shown = rules.shown_values(rows)
    shown[rows["is_constant"]] = rows["true_value"][rows["is_constant"]]
    rows["shown"] = shown
    has_base, base = (rows["base_row"] >= 0).to_numpy(), rows["base_row"].to_numpy()
    rows["base"] = np.where(has_base, rows["true_value"].to_numpy(dtype=float)[base], np.nan)
    rows["shown_base"] = np.where(has_base, shown[base], np.nan)
    return rows


def _first_reason(hidden_by: dict[str, np.ndarray]) -> np.ndarray:
    reasons = np.full(len(next(iter(hidden_by.values()))), None, dtype=object)
    for reason, mask in reversed(hidden_by.items()):
        reasons[mask] = reason
    return reasons


def _protect_amounts_of_hidden_bases(rows: pd.DataFrame) -> None:
    """An amount of a few people is sensitive itself: it is hidden with their number and kept within its margin."""
    has_base = rows["base_row"].to_numpy() >= 0
    base_hidden = has_base & rows["reason"].notna().to_numpy()[rows["base_row"].to_numpy()]
    is_hit = (rows["kind"] == "amount").to_numpy() & rows["reason"].isna().to_numpy() & base_hidden
    margin = rules.AMOUNT_MARGIN * rows.loc[is_hit, "true_value"]
    rows.loc[is_hit, "reason"] = "hidden_denominator"
    rows.loc[is_hit, "protect_low"] = rows.loc[is_hit, "true_value"] - margin
    rows.loc[is_hit, "protect_high"] = rows.loc[is_hit, "true_value"] + margin


@dataclass(frozen=True)
class Audited:
    """Per cell: whether it is hidden, whether it stays exposed, whether its parts fail to make it up, and what is possible."""

    hidden: np.ndarray
    exposed: np.ndarray
    unsound: np.ndarray
    least: np.ndarray
    most: np.ndarray


def _audit(cells: Cells) -> Audited:
    """Secondary suppression, system by system; one without anything sensitive has nothing to give away."""
    hidden = with_followers(cells.is_hidden, cells.follow)
    count = len(hidden)
    audited = Audited(
        hidden, np.zeros(count, bool), np.zeros(count, bool), np.full(count, np.nan), np.full(count, np.nan)
    )
    for members in cells.systems():
        if np.isnan(cells.protect_low[members]).all():
            continue
        scale = cells.scale(members)
        low, high = cells.protect_low[members] / scale, cells.protect_high[members] / scale
        try:
            system, atoms = cells.system(members)
            ends = Ends.of(low, high)
            found = protect(system, atoms, hidden[members], ends, cells.price[members], cells.followers(members))
        except SolverFailed:
            log.exception("%s numbers that hang together are hidden: no proof was found", len(members))
            found = everything(len(members))
        else:
            if found.is_unsound:
                log.error("%s numbers are hidden: their parts don't make them up, or exceed their wholes", len(members))
        audited.hidden[members], audited.exposed[members] = found.hidden, found.exposed
        audited.unsound[members] = found.is_unsound
        audited.least[members], audited.most[members] = found.least * scale, found.most * scale
    return audited


def _decisions(rows: pd.DataFrame, cells: Cells, audited: Audited) -> pd.DataFrame:
    """One row per quantity; what no rule hides by itself is hidden for its denominator or for the sake of others."""
    cell = cells.cell_of_row
    reasons = rows["reason"].to_numpy(dtype=object).copy()
    of_cell = _by_row(_reasons_of_cells(rows, cell, audited.hidden), cell, None)
    reasons = np.where(pd.isna(reasons), of_cell, reasons)
    reasons[(reasons == "secondary") & _by_row(audited.unsound, cell, False)] = "unknown_base"
    _follow_denominators(rows, reasons)
    is_shown = pd.isna(reasons)
    is_sensitive = ~np.isnan(_by_row(cells.protect_low, cell, np.nan)) & ~is_shown
    return pd.DataFrame(
        {
            "quantity_id": rows["quantity_id"],
            "is_shown": is_shown,
            "shown_value": np.where(is_shown, rows["shown"], np.nan),
            "reason": pd.Series(reasons, dtype="string"),
            "is_already_disclosed": is_sensitive & _by_row(audited.exposed, cell, False),
            "least_possible": np.where(is_sensitive, _by_row(audited.least, cell, np.nan), np.nan),
            "most_possible": np.where(is_sensitive, _by_row(audited.most, cell, np.nan), np.nan),
        }
    )


def _by_row(of_cells: np.ndarray, cell_of_row: np.ndarray, otherwise: object) -> np.ndarray:
    """Each row's cell's value; `otherwise` for rows in no cell (-1, the place that is added at the end)."""
    return np.asarray(np.append(of_cells, np.array([otherwise], dtype=of_cells.dtype))[cell_of_row])


def _reasons_of_cells(rows: pd.DataFrame, cell_of_row: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Rows of one cell share its fate: the reason of a row that has one, else 'secondary' for a hidden cell."""
    reasons = np.full(len(hidden), None, dtype=object)
    reasons[hidden] = "secondary"
    has_reason = (cell_of_row >= 0) & rows["reason"].notna().to_numpy()
    reasons[cell_of_row[has_reason]] = rows["reason"].to_numpy(dtype=object)[has_reason]
    return reasons


def _follow_denominators(rows: pd.DataFrame, reasons: np.ndarray) -> None:
    """A figure whose denominator is hidden has no numerator either; also when the numerator is of open data."""
    base = rows["base_row"].to_numpy()
    base_hidden = (base >= 0) & ~pd.isna(reasons[base])
    reasons[base_hidden & (pd.isna(reasons) | (reasons == "secondary"))] = "hidden_denominator"
