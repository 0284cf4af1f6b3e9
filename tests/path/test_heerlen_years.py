"""The whole path on the real Kerncijfers of Heerlen, 2016 – 2019: area sets built from wijken.

A loopback publisher serves the four tables; `noord run` fetches, checks, builds and releases them. Then each figure of
the release for Heerlen-Noord and the rest of Heerlen is compared with one computed here: with pandas, straight from the
captured file, by the number in a wijk's name and a table of weights of this test's own. Nothing of the project takes
part in that computation.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.path.conftest import noord
from tests.support.captures import needs_captures
from tests.support.heerlen_years import DATABASE, TABLES, kerncijfers_of, plain_name, read_year, region_codes
from tests.support.publisher import LoopbackPublisher

pytestmark = [needs_captures, pytest.mark.captures, pytest.mark.slow]

SCOPE = Path(__file__).parents[1] / "support" / "only_heerlen.yml"
NORTH_13 = {10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 30, 31, 32}
NORTH_14 = NORTH_13 | {34}
LINES = ("leren", "werken", "gezondheid", "wonen", "veiligheid")

POPULATION = "Bevolking_Aantal_inwoners"
CHILDREN = "Bevolking_Leeftijdsgroepen_0_tot_15_jaar"
YOUTH = "Bevolking_Leeftijdsgroepen_15_tot_25_jaar"
ADULTS = ("Bevolking_Leeftijdsgroepen_25_tot_45_jaar", "Bevolking_Leeftijdsgroepen_45_tot_65_jaar")
HOUSEHOLDS = "Bevolking_Particuliere_huishoudens_Huishoudens_totaal"
DWELLINGS = "Wonen_Woningvoorraad"
_INCOME = "Inkomen_Inkomen_van_huishoudens_"
_BENEFIT = "Sociale_zekerheid_Personen_per_soort_uitkering_"
_NEAR = "Nabijheid_voorzieningen_"
_OWNER = "Wonen_Woningen_naar_eigendom_"
_CRIME = "Criminaliteit_"
ALL_YEARS = (2016, 2017, 2018, 2019)
FIRST_THREE, LAST_TWO = ALL_YEARS[:3], ALL_YEARS[2:]


@dataclass(frozen=True)
class Recipe:
    """How wijken make an area set.

    ``weights`` given: the mean of `column`, weighted with their sum. ``per`` given: `scale` × the sum of `column`
    divided by the sum of `per`. Neither: the sum of `column`. `years` are those in which a figure must exist.
    """

    column: str
    weights: tuple[str, ...] = ()
    per: str = ""
    scale: float = 1
    years: tuple[int, ...] = ALL_YEARS


RECIPES = {
    "LER_AFSTAND_SCHOOL": Recipe(f"{_NEAR}Basisonderwijs_Afstand_tot_school", (POPULATION,)),
    "LER_SCHOLEN_3KM": Recipe(f"{_NEAR}Basisonderwijs_Scholen_binnen_3_km", (POPULATION,)),
    "LER_AFSTAND_OPVANG": Recipe(f"{_NEAR}Afstand_tot_kinderdagverblijf", (POPULATION,)),
    "WER_PARTICIPATIE": Recipe("Arbeid_Netto_arbeidsparticipatie", (YOUTH, *ADULTS), years=LAST_TWO),
    "WER_BIJSTAND": Recipe(f"{_BENEFIT}Bijstand", per=POPULATION, scale=1000),
    "WER_AO": Recipe(f"{_BENEFIT}AO", per=POPULATION, scale=1000),
    "WER_WW": Recipe(f"{_BENEFIT}WW", per=POPULATION, scale=1000),
    "WER_LAAG_INKOMEN": Recipe(f"{_INCOME}Huishoudens_met_een_laag_inkomen", (HOUSEHOLDS,), years=FIRST_THREE),
    "WER_SOCIAAL_MINIMUM": Recipe(f"{_INCOME}Huish_onder_of_rond_sociaal_minimum", (HOUSEHOLDS,), years=FIRST_THREE),
    "WER_LAAGSTE_INKOMENS": Recipe(
        f"{_INCOME}40proc_huishoudens_met_laagste_inkomen", (HOUSEHOLDS,), years=FIRST_THREE
    ),
    # These columns came in 2018 and were still empty when the file was made.
    "WER_MINIMUM_120": Recipe(f"{_INCOME}Huishoudens_tot_120proc_van_sociaal_minimum", (HOUSEHOLDS,), years=()),
    "WER_INKOMEN": Recipe(f"{_INCOME}Gem_gestandaardiseerd_inkomen_van_huish", (HOUSEHOLDS,), years=()),
    "GEZ_JEUGDZORG": Recipe("Zorg_Percentage_jongeren_met_jeugdzorg", (CHILDREN, YOUTH), years=LAST_TWO),
    "GEZ_WMO": Recipe("Zorg_Wmo_cliënten", per=POPULATION, scale=1000, years=LAST_TWO),
    "GEZ_AFSTAND_HUISARTS": Recipe(f"{_NEAR}Afstand_tot_huisartsenpraktijk", (POPULATION,)),
    "WON_INWONERS": Recipe(POPULATION),
    "WON_KINDEREN": Recipe(CHILDREN, per=POPULATION, scale=100),
    "WON_GEZINNEN": Recipe("Bevolking_Particuliere_huishoudens_Huishoudens_met_kinderen", per=HOUSEHOLDS, scale=100),
    "WON_JONGEREN": Recipe(YOUTH, per=POPULATION, scale=100),
    "WON_EENPERSOONS": Recipe("Bevolking_Particuliere_huishoudens_Eenpersoonshuishoudens", per=HOUSEHOLDS, scale=100),
    "WON_WOZ": Recipe("Wonen_Gemiddelde_woningwaarde", (DWELLINGS,)),
    "WON_KOOPWONINGEN": Recipe(f"{_OWNER}Koopwoningen", (DWELLINGS,)),
    "WON_CORPORATIEWONINGEN": Recipe(f"{_OWNER}Huurwoningen_In_bezit_woningcorporatie", (DWELLINGS,)),
    "WON_PARTICULIERE_HUUR": Recipe(f"{_OWNER}Huurwoningen_In_bezit_overige_verhuurders", (DWELLINGS,)),
    "WON_LEEGSTAND": Recipe("Wonen_Woningen_naar_bewoning_Percentage_onbewoond", (DWELLINGS,)),
    "WON_GAS": Recipe("Energie_Gemiddeld_aardgasverbruik_Gemiddeld_aardgasverbruik_totaal", (DWELLINGS,)),
    "VEI_DIEFSTAL_WONING": Recipe(f"{_CRIME}Totaal_diefstal_uit_woning_schuur_ed", (POPULATION,), years=FIRST_THREE),
    "VEI_VERNIELING_ORDE": Recipe(f"{_CRIME}Vernieling_misdrijf_tegen_openbare_orde", (POPULATION,), years=FIRST_THREE),
    "VEI_GEWELD_SEKSUEEL": Recipe(f"{_CRIME}Gewelds__en_seksuele_misdrijven", (POPULATION,), years=FIRST_THREE),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("heerlen")
    publisher = LoopbackPublisher([kerncijfers_of(year) for year in TABLES])
    chosen = [word for table in TABLES.values() for word in ("--tables", table)]
    with publisher.running():
        result = noord(
            "run",
            "--feeds",
            "live",
            "--only",
            "cbs_kerncijfers",
            *chosen,
            home=home,
            NOORD_SCOPE=str(SCOPE),
            NOORD_MIRRORS=publisher.mirrors("opendata.cbs.nl"),
        )
    assert result.returncode == 0, result.stdout + result.stderr
    return home


@pytest.fixture(scope="module")
def released(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The release, with the lines' figures together in one view `figures`."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{home / 'live' / 'current' / 'monitor.duckdb'}' AS monitor (READ_ONLY)")
        union = " UNION ALL ".join(f"SELECT * FROM monitor.{line}.indicator_values" for line in LINES)
        connection.execute(f"CREATE VIEW figures AS {union}")
        yield connection


@cache
def _frame(year: int) -> pd.DataFrame:
    """The file's rows of one year under plain column names; the region's name is the index."""
    with closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True)) as connection:
        frame = pd.read_sql_query(f"SELECT * FROM Kerncijfers_wijken_en_buurten_{year}_pp", connection)
    frame = frame.rename(columns={column: plain_name(column) for column in frame.columns})
    return frame.set_index("wijkbuurt")


def _wijken(year: int, area_set: str) -> pd.DataFrame:
    frame = _frame(year)
    numbers = frame.index.str.extract(r"^Wijk (\d\d) ", expand=False)
    wijken = frame[numbers.notna()]
    assert len(wijken) == 23
    is_north = pd.Index(numbers.dropna().astype(int)).isin(NORTH_13 if area_set.endswith("13") else NORTH_14)
    return wijken[is_north if area_set.startswith("HN") else ~is_north]


def _expected(recipe: Recipe, year: int, area_set: str) -> tuple[float, float] | None:
    """Value and coverage, None where the file lacks the column or every figure."""
    wijken = _wijken(year, area_set)
    column = plain_name(recipe.column)
    if column not in wijken or wijken[column].isna().all():
        return None
    figures = wijken[column]
    bases = [plain_name(name) for name in (recipe.weights or (recipe.per,)) if name]
    weight = wijken[bases].sum(axis=1, min_count=len(bases)) if bases else pd.Series(1.0, index=wijken.index)
    present = figures.notna() & weight.notna()
    base = weight[present].sum()
    coverage = base / weight.sum() * weight.notna().mean()
    if recipe.weights:
        return (figures * weight)[present].sum() / base, coverage
    total = recipe.scale * figures[present].sum()
    return (total / base if recipe.per else total), coverage


def _released(connection: duckdb.DuckDBPyConnection, code: str, area: str, year: int) -> tuple[float | None, float]:
    rows = connection.execute(
        "SELECT value, coverage FROM figures WHERE indicator_code = ? AND area_code = ? AND year = ?",
        [code, area, year],
    ).fetchall()
    assert len(rows) == 1, f"{code} of {area} in {year}: {len(rows)} rows"
    return rows[0]


# -- the file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", TABLES)
def test_each_region_of_the_file_has_the_code_that_cbs_gives_it(year: int) -> None:
    regions = read_year(year).names
    assert len(regions) == 81
    assert (regions["WK091714"], regions["BU09171400"]) == ("Wijk 14 De Koumen", "De Koumen")
    assert (regions["WK091734"], regions["BU09173400"]) == ("Wijk 34 Eikenderveld", "Eikenderveld")
    assert (regions["WK091741"], regions["BU09174103"]) == ("Wijk 41 Heerlerbaan-Schil", "Imstenrade")
    # Two wijken had number 41 in 2016: the code and the place in the file tell them apart.
    assert regions["WK091742"] == ("Wijk 41 De Beitel" if year == 2016 else "Wijk 42 De Beitel")


def test_a_region_out_of_its_place_is_refused() -> None:
    names = list(read_year(2018).names.values())
    moved = names.index("De Koumen")
    elsewhere = [*names[:moved], *names[moved + 1 :], names[moved]]
    with pytest.raises(AssertionError, match="BU 'De Koumen' is no known region, expected one below BU091742"):
        region_codes(elsewhere)
    with pytest.raises(AssertionError, match="found {'GM': 1, 'WK': 23, 'BU': 56}"):
        region_codes(names[:-1])
    with pytest.raises(AssertionError, match="'Bron: CBS'"):
        region_codes([*names, "Bron: CBS"])


def test_ordinals_are_those_that_clients_of_2018_used() -> None:
    """The file leaves no column out before these, so that counting gives the publisher's own ordinals."""
    keys = {row["Key"] for row in kerncijfers_of(2018).entities["DataProperties"]}
    known = {
        "AantalInwoners_5",
        "HuishoudensTotaal_28",
        "GemiddeldeWoningwaarde_35",
        "NettoArbeidsparticipatie_64",
        "HuishoudensMetEenLaagInkomen_75",
        "PersonenPerSoortUitkeringBijstand_80",
        "TotaalDiefstalUitWoningSchuurED_88",
        "VernielingMisdrijfTegenOpenbareOrde_89",
        "GeweldsEnSeksueleMisdrijven_90",
    }
    assert known <= keys


# -- the release ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "year", "north", "rest"),
    [
        ("WER_LAAG_INKOMEN", 2018, 14.17, 10.13),
        ("WON_WOZ", 2019, 119.26, 158.79),
        ("VEI_GEWELD_SEKSUEEL", 2018, 6.72, 7.53),
    ],
)
def test_the_figures_that_were_asked_for(
    released: duckdb.DuckDBPyConnection, code: str, year: int, north: float, rest: float
) -> None:
    for area, expected in (("HN13", north), ("RH13", rest)):
        value, coverage = _released(released, code, area, year)
        assert value is not None
        assert round(value, 2) == expected
        assert coverage >= 0.99


def test_coverage_shows_the_wijk_without_a_figure(released: duckdb.DuckDBPyConnection) -> None:
    """De Hei has 55 inhabitants and no published income: it is left out, and coverage says how much that is."""
    frame = _frame(2018)
    households = frame[plain_name(HOUSEHOLDS)]
    assert pd.isna(frame.loc["Wijk 23 De Hei", plain_name(RECIPES["WER_LAAG_INKOMEN"].column)])
    north = _wijken(2018, "HN13")[plain_name(HOUSEHOLDS)].sum()
    _, coverage = _released(released, "WER_LAAG_INKOMEN", "HN13", 2018)
    assert coverage == pytest.approx(1 - households["Wijk 23 De Hei"] / north, abs=1e-12)
    assert coverage < 1


def test_every_indicator_of_the_file_has_a_recipe_here(released: duckdb.DuckDBPyConnection) -> None:
    """A new indicator on these tables gets a line in RECIPES: that is its independent second opinion."""
    rows = released.execute(
        """SELECT DISTINCT f.indicator_code FROM figures AS f
        WHERE f.feed_id = 'cbs_kerncijfers' AND f.value IS NOT NULL"""
    ).fetchall()
    assert {code for (code,) in rows} == {code for code, recipe in RECIPES.items() if recipe.years}


@pytest.mark.parametrize("code", RECIPES)
def test_area_sets_equal_an_independent_computation(released: duckdb.DuckDBPyConnection, code: str) -> None:
    compared, recipe = 0, RECIPES[code]
    for year in ALL_YEARS:
        for area in ("HN13", "RH13", "HN14", "RH14"):
            expected = _expected(recipe, year, area)
            value, coverage = _released(released, code, area, year)
            if expected is None:
                assert value is None
                continue
            assert coverage == pytest.approx(expected[1], abs=1e-9)
            assert value == pytest.approx(expected[0], rel=0, abs=1e-9)
            compared += 1
    assert compared == 4 * len(recipe.years)


def test_no_figure_is_left_out_of_the_comparison(released: duckdb.DuckDBPyConnection) -> None:
    rows = released.execute(
        "SELECT count(value) FROM figures WHERE area_code IN ('HN13', 'RH13', 'HN14', 'RH14')"
    ).fetchall()
    assert rows == [(4 * sum(len(recipe.years) for recipe in RECIPES.values()),)]
    assert rows[0][0] >= 384


@pytest.mark.parametrize("year", TABLES)
def test_regions_keep_their_published_figures_and_gaps(released: duckdb.DuckDBPyConnection, year: int) -> None:
    """Of all 81 regions, what is a published mean or rate comes out as it went in, and an empty cell stays empty."""
    rows, compared, in_file = read_year(year).rows, 0, 0
    for code, recipe in RECIPES.items():
        column = plain_name(recipe.column)
        if not recipe.weights or year not in recipe.years:
            continue
        found = released.execute(
            "SELECT area_code, value, value_status FROM figures WHERE indicator_code = ? AND year = ? AND list_contains(?, area_code)",
            [code, year, list(rows)],
        ).fetchall()
        assert {area for area, _, _ in found} == set(rows)
        for area, value, status in found:
            assert value == rows[area][column], (code, area)
            assert (status == "measured") == (value is not None)
            compared += value is not None
        in_file += _frame(year)[column].count()
    assert compared == in_file > 800


def test_a_wijk_that_got_another_number_is_the_same_place(released: duckdb.DuckDBPyConnection) -> None:
    """«Wijk 41 De Beitel» of 2016 is «Wijk 42 De Beitel» since: no series of Heerlen breaks in these years."""
    names = released.execute(
        "SELECT DISTINCT area_name FROM monitor.meta.area_versions WHERE area_code = 'WK091742' ORDER BY 1"
    ).fetchall()
    assert names == [("Wijk 41 De Beitel",), ("Wijk 42 De Beitel",)]
    breaks = released.execute("SELECT count(*), count(*) FILTER (is_break) FROM monitor.meta.area_versions").fetchall()
    assert breaks == [(4 * 81, 0)]


def test_nothing_is_compared_with_a_country_that_is_not_there(released: duckdb.DuckDBPyConnection) -> None:
    rows = released.execute("SELECT count(*), count(national_value), count(municipality_rest_value) > 0 FROM figures")
    count, national, has_rest = rows.fetchall()[0]
    assert count > 0
    assert (national, has_rest) == (0, True)
    origins = released.execute("SELECT DISTINCT data_origin, feed_id FROM figures").fetchall()
    assert origins == [("live", "cbs_kerncijfers")]
