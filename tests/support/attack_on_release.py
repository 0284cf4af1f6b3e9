"""The outsider with all kept releases on their disk: what these show, as knowledge for `attack`, and the truth to judge by.

Belongs here: reading a released monitor.duckdb as a stranger would, with the contracts (which are public) for the categories
of a feed; and reading raw counts, only to know which hidden numbers are sensitive and whether the stranger got them. Does
not belong here: anything of dbt's models or of the engine, which the stranger doesn't have.
"""

from __future__ import annotations

import datetime
import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import duckdb

from sources.contracts import PartnerFeed
from sources.registry import load_registry
from tests.support.attack import Knowledge, Rule, Sum, Target, behind, promised

LINES = ("leren", "werken", "gezondheid", "wonen", "veiligheid")
MUNICIPALITY = "GM0917"
POSTCODES = Path(__file__).parents[2] / "dbt_project" / "seeds" / "postcode_areas.csv"
ACTIVITY_COUNTS = ("participations", "unique_participants", "children", "volunteers")

Period = tuple[str, datetime.date]


class Number(NamedTuple):
    """One number of a release, shown or hidden, that came from a partner."""

    code: str
    role: str
    area: str
    period: Period
    breakdown: str

    def __str__(self) -> str:
        return f"{self.code} {self.role} {self.area} {self.period[0]} {self.period[1]} {self.breakdown}"


@dataclass(frozen=True)
class Figure:
    """A row of a mart about partners' counts; denominator and value as shown. `base_feed` is None for an open denominator."""

    number: Number
    feed: str
    base_feed: str | None
    is_share: bool
    scale: float
    value: float | None
    numerator: float | None
    denominator: float | None
    is_hidden: bool


@dataclass
class Release:
    """What one release shows and what it says about how its numbers are made."""

    figures: list[Figure] = field(default_factory=list)
    activities: dict[Number, float | None] = field(default_factory=dict)
    terms: dict[tuple[str, str, str], list[tuple[str, str, str]]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    area_types: dict[str, str] = field(default_factory=dict)
    members: list[tuple[str, str, int, int]] = field(default_factory=list)
    populations: dict[str, dict[int, float]] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    absent: set[tuple[str, str, Period, str]] = field(default_factory=set)


def read_release(file: Path) -> Release:
    release = Release()
    with duckdb.connect(str(file), read_only=True) as connection:
        _read_what_is_said(connection, release)
        for line in LINES:
            _read_figures(connection, line, release)
        _read_activities(connection, release)
    return release


def _read_what_is_said(connection: duckdb.DuckDBPyConnection, release: Release) -> None:
    for row in connection.sql(
        "SELECT feed_id, least_count, rounding, least_denominator, least_population, most_share FROM meta.disclosure "
        "WHERE is_protected_here AND rounding IS NOT NULL"
    ).fetchall():
        release.rules[row[0]] = Rule(*row[1:])
    for code, terms in connection.sql("SELECT indicator_code, terms FROM meta.indicators").fetchall():
        for text in (terms or "").split("; "):
            # numerator: feed.measure [breakdown] → shown as
            role, _, rest = text.partition(": ")
            source, _, rest = rest.partition(" [")
            breakdown, _, shown_as = rest.partition("]")
            feed, _, measure = source.partition(".")
            key = (code, role, shown_as.removeprefix(" → ") or "total")
            release.terms.setdefault(key, []).append((feed, measure, breakdown))
    for area, parent, area_type in connection.sql(
        "SELECT area_code, parent_code, area_type FROM meta.areas"
    ).fetchall():
        release.parents[area], release.area_types[area] = parent, area_type
    release.members = connection.sql(
        "SELECT area_set, member_code, coalesce(valid_from_year, 0), coalesce(valid_to_year, 9999) FROM meta.area_members"
    ).fetchall()
    for area, year, people in connection.sql(
        "SELECT area_code, year, value FROM wonen.indicator_values WHERE indicator_code = 'WON_INWONERS' "
        "AND period_type = 'year' AND value IS NOT NULL"
    ).fetchall():
        release.populations.setdefault(area, {})[year] = people


def _read_figures(connection: duckdb.DuckDBPyConnection, line: str, release: Release) -> None:
    feeds: dict[str, dict[str, str]] = {}
    for (code, role, _), terms in release.terms.items():
        feeds.setdefault(code, {})[role] = terms[0][0]
    rows = connection.sql(
        "SELECT v.indicator_code, v.area_code, v.period_type, v.period_start, v.breakdown, v.value, v.numerator, v.denominator, "
        f"v.value_status, i.interval_method, i.scale FROM {line}.indicator_values v JOIN meta.indicators i USING (indicator_code)"
    ).fetchall()
    for code, area, period_type, start, breakdown, value, numerator, denominator, status, method, scale in rows:
        of = feeds[code]
        counted, base = of.get("numerator") or of.get("value", ""), of.get("denominator")
        if counted not in release.rules and base not in release.rules:
            continue
        number = Number(code, "numerator" if base else "value", area, (period_type, start), breakdown)
        if value is None and status != "suppressed_here":
            release.absent.add((code, area, (period_type, start), breakdown))
            continue
        release.figures.append(
            Figure(
                number, counted, base if base in release.rules else None, method == "wilson", scale, value, numerator,
                denominator, status == "suppressed_here",
            )
        )  # fmt: skip


def _read_activities(connection: duckdb.DuckDBPyConnection, release: Release) -> None:
    rows = connection.sql(
        f"SELECT line || '|' || activity, area_code, period_type, period_start, {', '.join(ACTIVITY_COUNTS)} "
        "FROM programma.activities"
    ).fetchall()
    for breakdown, area, period_type, start, *counts in rows:
        for measure, count in zip(ACTIVITY_COUNTS, counts, strict=True):
            release.activities[Number(measure, "value", area, (period_type, start), breakdown)] = count


@dataclass
class Structure:
    """How numbers are sums of atoms: the finest category in the finest area, as contracts and area lists say."""

    release: Release

    def __post_init__(self) -> None:
        self._below: dict[tuple[str, str], list[str]] = {}
        self._feeds = {feed_id: feed for feed_id, feed in load_registry().items() if isinstance(feed, PartnerFeed)}
        self._labels = {feed_id: self._labels_of(feed) for feed_id, feed in self._feeds.items()}
        with duckdb.connect() as connection:
            self._postcodes = connection.sql(
                f"SELECT area_set, 'PC' || postcode FROM read_csv('{POSTCODES}') WHERE share >= 0.5"
            ).fetchall()
            self._all_postcodes = [
                row[0]
                for row in connection.sql(f"SELECT DISTINCT 'PC' || postcode FROM read_csv('{POSTCODES}')").fetchall()
            ]

    def _labels_of(self, feed: PartnerFeed) -> list[list[str]]:
        """Per dimension its labels: the contract's, or the names of activities that the release shows."""
        seen = sorted({number.breakdown.split("|")[1] for number in self.release.activities})
        return [list(feed.columns[name].values) or seen for name in feed.dimensions]

    def finest(self, feed: str, breakdown: str) -> list[str]:
        """The finest categories within a breakdown: 'total' stands for all labels of its dimension."""
        labels = self._labels[feed]
        if not labels:
            return ["total"]
        choices = [
            own if label == "total" else [label] for label, own in zip(breakdown.split("|"), labels, strict=True)
        ]
        return ["|".join(choice) for choice in itertools.product(*choices)]

    def sources(self, feed: str, code: str, area: str, period: Period, breakdown: str) -> list[str]:
        """The delivered areas of which an area is made up; members of a set without a figure are not in it."""
        kind = self._feeds[feed].area.kind
        if kind == "postcode":
            if area == MUNICIPALITY:
                return self._all_postcodes
            return [postcode for area_set, postcode in self._postcodes if area_set == area]
        level = "buurt" if kind == "buurt" else "wijk"
        if self.release.area_types.get(area) == "programme_area":
            year = period[1].year
            members = [code for name, code, start, end in self.release.members if name == area and start <= year <= end]
            present = [member for member in members if (code, member, period, breakdown) not in self.release.absent]
            return [source for member in present for source in self._within(member, level)]
        return self._within(area, level)

    def _within(self, area: str, level: str) -> list[str]:
        if (area, level) not in self._below:
            self._below[area, level] = self._found_within(area, level)
        return self._below[area, level]

    def _found_within(self, area: str, level: str) -> list[str]:
        if self.release.area_types.get(area) == level:
            return [area]
        children = [child for child, parent in self.release.parents.items() if parent == area]
        return [
            source
            for child in children
            if self.release.area_types[child] in ("wijk", "buurt")
            for source in self._within(child, level)
        ]

    def parts_of(self, number: Number, role: str | None = None) -> Sum:
        """A figure's number as a sum of atoms."""
        role = role or ("numerator" if number.role == "value" else number.role)
        terms = self.release.terms.get((number.code, role, number.breakdown))
        if terms is None and role == "numerator":
            terms = self.release.terms[number.code, "value", number.breakdown]
        found: dict[str, float] = {}
        for feed, measure, breakdown in terms or []:
            for source in self.sources(feed, number.code, number.area, number.period, number.breakdown):
                for label in self.finest(feed, breakdown):
                    atom = f"{feed} {measure} {source} {number.period[0]} {number.period[1]} {label}"
                    found[atom] = found.get(atom, 0.0) + 1.0
        return found

    def parts_of_activity(self, number: Number) -> Sum:
        feed = "activiteiten"
        return {
            f"{feed} {number.code} {source} {number.period[0]} {number.period[1]} {number.breakdown}": 1.0
            for source in self.sources(feed, number.code, number.area, number.period, number.breakdown)
        }

    def is_amount(self, feed: str, measure: str) -> bool:
        return self._feeds[feed].measures[measure].counts == "amount"


@dataclass(frozen=True)
class Fact:
    """A number of partners in a release with all that the stranger knows of it; `shown` is None when it is hidden.

    `pair`: the figure in which it is numerator or denominator. `open_base`: a denominator of open data, known to all.
    """

    number: Number
    feed: str
    parts: Sum
    shown: float | None
    is_amount: bool
    pair: Number | None = None
    is_share: bool = False
    open_base: float | None = None
    population: float | None = None


def facts(release: Release, feed: str | None = None) -> list[Fact]:
    """Every number of partners in a release, one by one; or only those of one feed, which take a part of the time."""
    structure, found = Structure(release), []
    for figure in release.figures:
        if feed not in (None, figure.feed, figure.base_feed):
            continue
        number = figure.number
        pair = number if number.role == "numerator" else None
        people = _population(release, number)
        open_base = figure.denominator if figure.base_feed is None and pair else None
        if figure.feed in release.rules:
            parts, amount = structure.parts_of(number), structure.is_amount(*_first_term(release, number))
            found.append(
                Fact(number, figure.feed, parts, figure.numerator, amount, pair, figure.is_share, open_base, people)
            )
        if figure.base_feed is not None:
            base = number._replace(role="denominator")
            parts, amount = structure.parts_of(base), structure.is_amount(*_first_term(release, base))
            found.append(
                Fact(base, figure.base_feed, parts, figure.denominator, amount, pair, figure.is_share, None, people)
            )
    for number, shown in release.activities.items() if feed in (None, "activiteiten") else ():
        people = _population(release, number)
        parts = structure.parts_of_activity(number)
        found.append(Fact(number, "activiteiten", parts, shown, is_amount=False, population=people))
    return [fact for fact in found if feed in (None, fact.feed)]


def _first_term(release: Release, number: Number) -> tuple[str, str]:
    for role in (number.role, "value", "numerator"):
        if (number.code, role, number.breakdown) in release.terms:
            feed, measure, _ = release.terms[number.code, role, number.breakdown][0]
            return feed, measure
    raise KeyError(number)


def _population(release: Release, number: Number) -> float | None:
    """Inhabitants in the newest year that was counted by then."""
    counted = release.populations.get(number.area, {})
    years = [year for year in counted if year <= number.period[1].year]
    return counted[max(years)] if years else None


def values_follow(release: Release) -> list[str]:
    """Figures whose value says more than their shown numerator and denominator do. Should be none."""
    found = []
    for figure in release.figures:
        if figure.value is None:
            continue
        base = figure.denominator if figure.number.role == "numerator" else 1.0
        expected = None if figure.numerator is None or not base else figure.scale * figure.numerator / base
        if expected is None or not math.isclose(figure.value, expected, rel_tol=1e-9, abs_tol=1e-12):
            found.append(f"{figure.number}: {figure.value} from {figure.numerator} and {figure.denominator}")
    return found


def knowledge(of_releases: Iterable[list[Fact]], rules: Mapping[str, Rule]) -> Knowledge:
    """What several releases show together, and that parts are no more than their wholes."""
    limits: dict[frozenset[tuple[str, float]], tuple[float, float]] = {}
    known = Knowledge()
    for of_release in of_releases:
        for fact in of_release:
            if fact.shown is None:
                continue
            low, high = behind(fact.shown, rules[fact.feed], is_amount=fact.is_amount)
            key = frozenset(fact.parts.items())
            before = limits.get(key, (0.0, math.inf))
            limits[key] = max(low, before[0]), min(high, before[1])
        _add_wholes(known, of_release)
        _add_orders(known, of_release)
    for parts, (low, high) in limits.items():
        known.add(dict(parts), low, high)
    return known


def as_it_was(of_release: list[Fact], corrected: Collection[str]) -> list[Fact]:
    """The numbers of an earlier release, in which the corrected counts were other ones than they are now.

    The stranger knows which ones were corrected, which is more than anybody tells, and takes all others to be the same.
    """
    return [
        replace(
            fact,
            parts={f"{atom} as it was" if atom in corrected else atom: share for atom, share in fact.parts.items()},
        )
        for fact in of_release
    ]


def _add_wholes(known: Knowledge, of_release: list[Fact]) -> None:
    wholes = {fact.pair: fact for fact in of_release if fact.number.role == "denominator"}
    for fact in of_release:
        if fact.number.role != "numerator" or not fact.is_share:
            continue
        if fact.open_base is not None:
            known.add(fact.parts, 0.0, fact.open_base)
        elif fact.pair in wholes:
            known.add_part_of(fact.parts, wholes[fact.pair].parts)


def _add_orders(known: Knowledge, of_release: list[Fact]) -> None:
    """A partner's children are never more than its participants, here as everywhere: the contract is no secret.

    Where people are counted once in a total, only the numbers themselves are in this order; else their atoms are too.
    """
    contracts = {feed: _contract(feed) for feed in {fact.feed for fact in of_release} if _is_delivered(feed)}
    orders: set[tuple[frozenset[str], frozenset[str]]] = set()
    for fact in of_release:
        contract = contracts.get(fact.feed)
        names = {atom.split(" ")[1] for atom in fact.parts}
        if contract is None or len(names) != 1:
            continue
        whole = contract.measures[names.pop()].at_most
        if whole is None:
            continue
        pairs = {atom: _with_measure(atom, whole) for atom in fact.parts}
        orders.add((frozenset(pairs), frozenset(pairs.values())))
        if not any(measure.distinct for measure in contract.measures.values()):
            orders |= {(frozenset({part}), frozenset({of})) for part, of in pairs.items()}
    for parts, wholes in sorted(orders, key=lambda order: sorted(order[0])):
        known.add_part_of(dict.fromkeys(parts, 1.0), dict.fromkeys(wholes, 1.0))


def _is_delivered(feed: str) -> bool:
    """Whether a partner delivers the feed."""
    return isinstance(load_registry().get(feed), PartnerFeed)


def _with_measure(atom: str, measure: str) -> str:
    feed, _, rest = atom.split(" ", 2)
    return f"{feed} {measure} {rest}"


def total(parts: Sum, true: Mapping[str, float]) -> float:
    """The true value of a sum; an atom that was never delivered counts for nothing."""
    return sum(share * true.get(atom, 0.0) for atom, share in parts.items())


def true_atoms(warehouse: Path, feeds: Iterable[str]) -> dict[str, float]:
    """The raw counts, by the names that `Structure` gives them."""
    found: dict[str, float] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for feed in feeds:
            measures = list(_contract(feed).measures)
            rows = connection.sql(
                f"SELECT area_code, period_code, breakdown, {', '.join(measures)} FROM raw.{feed}"
            ).fetchall()
            for area, code, breakdown, *counts in rows:
                period_type, start = period_of(code)
                for measure, count in zip(measures, counts, strict=True):
                    if count is not None:
                        found[f"{feed} {measure} {area} {period_type} {start} {breakdown}"] = count
    return found


def _contract(feed: str) -> PartnerFeed:
    contract = load_registry()[feed]
    assert isinstance(contract, PartnerFeed)
    return contract


def period_of(code: str) -> Period:
    """The period of a code such as 2025KW03."""
    year, kind, number = int(code[:4]), code[4:6], int(code[6:])
    month = {"JJ": 1, "KW": 3 * number - 2, "MM": number, "SJ": 8, "TR": 8 + 4 * (number - 1)}[kind]
    names = {"JJ": "year", "KW": "quarter", "MM": "month", "SJ": "school_year", "TR": "term"}
    return names[kind], datetime.date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def targets(of_release: list[Fact], rules: Mapping[str, Rule], true: Mapping[str, float]) -> Iterator[Target]:
    """The numbers that are sensitive by the rules, by their true values."""
    bases = {fact.pair: total(fact.parts, true) for fact in of_release if fact.number.role == "denominator"}
    for fact in of_release:
        value = total(fact.parts, true)
        base = None
        if fact.number.role == "numerator":
            base = bases.get(fact.pair, fact.open_base)
        interval = promised(
            value,
            rules[fact.feed],
            is_amount=fact.is_amount,
            population=fact.population,
            base=base,
            is_share=fact.is_share,
        )
        if interval is not None:
            yield Target(str(fact.number), fact.parts, value, *interval)


def shown_wrongly(of_release: list[Fact], rules: Mapping[str, Rule], true: Mapping[str, float]) -> list[str]:
    """Shown numbers that do not stand for the raw counts: the stranger would misread the release. Should be none."""
    found = []
    for fact in of_release:
        if fact.shown is None:
            continue
        low, high = behind(fact.shown, rules[fact.feed], is_amount=fact.is_amount)
        value = total(fact.parts, true)
        if not low - 1e-6 * (1 + value) <= value <= high + 1e-6 * (1 + value):
            found.append(f"{fact.number}: shown {fact.shown}, raw {value}")
    return found
