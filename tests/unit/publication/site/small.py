"""A small release with every kind of row that a page has words for. Every figure is made up.

Two lines, six indicators, Heerlen-Noord with one wijk and twelve buurten, the rest of Heerlen, Heerlen, the Netherlands.
"""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb

CREATED = datetime(2026, 11, 25, 11, 0, tzinfo=UTC)
RELEASE = "20261125T110000Z-01234567"
BUURTEN = [f"BU091720{number:02d}" for number in range(12)]
HIDDEN = BUURTEN[3]

_META = """
CREATE SCHEMA meta;
CREATE TABLE meta.release AS SELECT '{release}' AS release_id, TIMESTAMPTZ '2026-11-25 11:00:00+00' AS created_at,
    '{origin}' AS data_origin, '20261001T080000Z-89abcdef' AS previous_release_id;
CREATE TABLE meta.indicators AS SELECT * FROM (VALUES
    ('WER_LAAG', 'werken', 'Huishoudens met een laag inkomen', 'Low income', '%', 1, 'lower_is_better', false, 'register',
        'ratio', 'wilson', 'Van elke 100 huishoudens: hoeveel hebben een laag inkomen.'),
    ('WER_BIJSTAND', 'werken', 'Mensen met bijstand', 'Benefits', 'per 1.000 inwoners', 1, 'lower_is_better', false,
        'register', 'ratio', 'byar', 'Van elke 1.000 inwoners: hoeveel krijgen een bijstandsuitkering.'),
    ('WER_INKOMEN', 'werken', 'Gemiddeld inkomen', 'Income', 'x 1.000 euro', 1, 'higher_is_better', false, 'register',
        'weighted_mean', 'rounding', 'Het gemiddelde inkomen.'),
    ('LER_ADVIES', 'leren', 'Schooladvies havo of hoger', 'Advice', '%', 1, 'higher_is_better', true, 'register',
        'ratio', 'wilson', 'Van elke 100 leerlingen in groep 8: hoeveel krijgen advies havo of hoger.'),
    ('LER_SCORE', 'leren', 'SES-score: opleiding', 'SES', 'score', 3, 'neutral', false, 'model', 'none', 'none', 'Een score.'),
    ('LER_LEEG', 'leren', 'Nog niets', 'Nothing yet', '%', 1, 'higher_is_better', true, 'register', 'ratio', 'wilson',
        'Van elke 100 kinderen: hoeveel <lezen> & "schrijven".')
    ) AS t(indicator_code, line, label_nl, label_en, unit, decimals, direction, is_child_focused, estimate_type,
        aggregation, interval_method, definition_nl);
CREATE TABLE meta.area_members AS SELECT 'HN14' AS area_set, 'WK091720' AS member_code, false AS is_certain;
CREATE TABLE meta.feeds AS SELECT 'feed_a' AS feed_id, 'Feed A' AS title, 'Wat feed A is.' AS description, 'CBS' AS publisher,
    'https://www.cbs.nl' AS publisher_url, 'CC BY 4.0' AS license_name, 'https://creativecommons.org/licenses/by/4.0/' AS
    license_url, NULL AS page_url, 'yearly' AS cadence, TIMESTAMPTZ '2026-11-01 00:00:00+00' AS held_since,
    'one column vanished' AS held_because;
CREATE TABLE meta.freshness AS SELECT 'feed_a' AS feed_id, DATE '2024-12-31' AS newest_period_end,
    TIMESTAMPTZ '2026-10-01 00:00:00+00' AS retrieved_at, true AS is_stale;
CREATE TABLE meta.snapshots AS SELECT 'feed_a.T.2026.aa' AS snapshot_id, 'feed_a' AS feed_id, 'Tabel' AS title,
    TIMESTAMPTZ '2026-10-01 00:00:00+00' AS retrieved_at, 1234 AS row_count;
CREATE TABLE meta.checks AS SELECT * FROM (VALUES ('arrival', 'feed_a', 'columns', 'block', false, 'all', 'one absent', 1),
    ('release', 'werken.indicator_values', 'rows', 'block', true, 'rows', 'rows', 0)
    ) AS t(gate, subject, check_name, severity, passed, expected, found, unexpected_count);
CREATE TABLE meta.breakdowns AS SELECT * FROM (VALUES ('total', 0, 'Totaal', 'Total'), ('5', 1, '5 jaar', 'Aged 5'),
    ('10', 2, '10 jaar', 'Aged 10')) AS t(breakdown, place, label_nl, label_en);
CREATE TABLE meta.disclosure AS SELECT * FROM (VALUES ('feed_a', true, 'Aantallen tot en met 4 laten we niet zien.'),
    ('feed_b', false, 'De uitgever beschermt zelf.')) AS t(feed_id, is_protected_here, rule_nl);
CREATE TABLE meta.changes AS SELECT * FROM (VALUES
    ('figure_revised', NULL, 'werken', 'WER_LAAG', 'HN14', DATE '2023-01-01', 'year', 'total', 14.0, 15.5, 1.5, 10.7,
        'provisional', 'measured', 'snapshot', NULL),
    ('figure_revised', NULL, 'werken', 'WER_LAAG', 'NL00', DATE '2023-01-01', 'year', 'total', 10.0, 10.1, 0.1, 1.0,
        'provisional', 'measured', 'snapshot', NULL),
    ('figure_revised', NULL, 'werken', 'WER_BIJSTAND', 'HN14', DATE '2022-01-01', 'year', '5', 54.02, 54.04, 0.02, 0.037,
        'measured', 'measured', 'method', NULL),
    ('figure_withdrawn', NULL, 'werken', 'WER_GONE', 'HN14', DATE '2023-01-01', 'year', 'total', 3.0, NULL, NULL, NULL,
        'measured', 'missing', 'method', NULL),
    ('figure_withdrawn', NULL, 'leren', 'LER_ADVIES', 'WK091720', DATE '2023-01-01', 'year', 'total', NULL, NULL, NULL, NULL,
        'measured', 'suppressed_here', 'suppression', NULL),
    ('figures_added', NULL, 'werken', 'WER_BIJSTAND', NULL, DATE '2024-10-01', 'quarter', NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, 40),
    ('verdict_flipped', 'national', 'werken', 'WER_LAAG', 'HN14', DATE '2024-01-01', 'year', 'total', NULL, NULL, NULL, NULL,
        'similar', 'worse', 'new_period', NULL),
    ('verdict_flipped', 'municipality_rest', 'leren', 'LER_ADVIES', 'WK091720', DATE '2024-01-01', 'year', 'total', NULL, NULL,
        NULL, NULL, 'worse', 'similar', 'snapshot', NULL),
    ('verdict_flipped', 'national', 'leren', 'LER_ADVIES', 'GM0363', DATE '2024-01-01', 'year', 'total', NULL, NULL,
        NULL, NULL, 'worse', 'similar', 'snapshot', NULL),
    ('indicator_dropped', NULL, 'werken', 'WER_GONE', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Wat weg is', NULL,
        NULL, NULL),
    ('indicator_redefined', 'definition_nl', 'werken', 'WER_LAAG', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Oud.',
        'Nieuw.', NULL, NULL),
    ('column_dropped', 'meta.feeds.owner', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'VARCHAR', NULL,
        NULL, NULL)
    ) AS t(change, name, line, indicator_code, area_code, period_start, period_type, breakdown, old_value, new_value, difference,
        difference_pct, old_text, new_text, cause, figures);
CREATE TABLE meta.areas AS SELECT * FROM (VALUES
    ('NL00', 'Nederland', 'country', NULL, 17900000, 2024), ('GM0917', 'Heerlen', 'municipality', 'PV31', 87000, 2024),
    ('HN14', 'Heerlen-Noord', 'programme_area', 'GM0917', 55900, 2024),
    ('RH14', 'Rest van Heerlen', 'programme_area', 'GM0917', 31100, 2024),
    ('WK091720', 'Heksenberg', 'wijk', 'GM0917', 9000, 2024), ('WK091733', 'Centrum', 'wijk', 'GM0917', 5000, 2024),
    ('GM0363', 'Amsterdam', 'municipality', NULL, 900000, 2024)
    ) AS t(area_code, area_name, area_type, parent_code, population, population_year);
"""
_PROGRAMMA = """
CREATE SCHEMA programma;
CREATE TABLE programma.progress AS SELECT * FROM (VALUES
    ('WER_LAAG', 'HN14', 'NL00', 'on_track', NULL, 2022, 2024, false, 0.08, 0.1, 0.02, 0.2, 'own'),
    ('WER_BIJSTAND', 'HN14', 'NL00', 'behind', NULL, 2022, 2024, false, 0.08, -0.12, -0.2, -0.05, 'comparator'),
    ('LER_ADVIES', 'HN14', 'NL00', 'uncertain', NULL, 2022, 2024, true, 0.08, 0.04, -0.8, 1.5, 'none'),
    ('LER_SCORE', 'HN14', 'NL00', 'undefined', 'Bij dit cijfer is hoger niet beter.', NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL)
    ) AS t(indicator_code, area_code, comparator_code, status, undefined_reason_nl, baseline_year, now_year,
        is_before_programme, time_elapsed, share_closed, share_closed_lower_95, share_closed_upper_95, mainly_due_to);
CREATE TABLE programma.early_signals AS SELECT 'WER_BIJSTAND' AS indicator_code, 'HN14' AS area_code,
    make_date(2023 + y, 3 * q + 1, 1) AS period_start, last_day(make_date(2023 + y, 3 * q + 3, 1)) AS period_end,
    'quarter' AS period_type, y = 1 AND q = 3 AS is_newest, 60.0 - 4 * y - q AS value, 58.0 - 4 * y - q AS lower_95,
    62.0 - 4 * y - q AS upper_95, 'measured' AS value_status, CASE WHEN y = 1 THEN 60.0 - q END AS value_year_earlier,
    'better' AS signal, 'similar' AS rolling_signal FROM range(2) a(y), range(4) b(q) ORDER BY ALL;
CREATE TABLE programma.connections AS SELECT 'leren' AS line, 'LER_ADVIES' AS indicator_code, 'werken' AS other_line,
    'WER_LAAG' AS other_indicator_code, 57 AS n, -0.6 AS correlation, -0.7 AS lower_95, -0.4 AS upper_95, 'sterk' AS
    strength_nl, 'Waar «A» hoger is, is «B» vaak lager.' AS relation_nl, 'Samenhang is geen bewijs van oorzaak.' AS
    warning_nl, true AS is_significant, false AS shares_model_inputs;
CREATE TABLE programma.activities AS SELECT 'Samen koken' AS activity, 'gezondheid' AS line, 'WK091720' AS area_code,
    'Heksenberg' AS area_name, DATE '2025-01-01' AS period_start, DATE '2025-03-31' AS period_end, 'quarter' AS
    period_type, NULL AS participations, 20.0 AS unique_participants, 'suppressed_here' AS value_status,
    'Wij laten dit niet zien.' AS value_note_nl, 'feed_a' AS feed_id;
"""
# Years 2019–2024; 2021 starts a new series, 2024 is provisional. The rest of Heerlen has no verdict on itself.
_VALUES = """
WITH base AS (
    SELECT a.area_code, a.area_type, y AS year,
        CASE a.area_code WHEN 'NL00' THEN {country} WHEN 'RH14' THEN ({noord} + {country}) / 2 ELSE {noord} END AS own
    FROM meta.areas AS a, range(2019, 2025) AS years(y) WHERE a.area_code <> 'GM0363'
)
SELECT '{code}' AS indicator_code, area_code, make_date(year::INTEGER, 1, 1) AS period_start,
    make_date(year::INTEGER, 12, 31) AS period_end, 'year' AS period_type, 'total' AS breakdown,
    CASE WHEN area_code <> '{hidden}' THEN own - 0.3 * (year - 2019) + hash(area_code) % 7 * ({noord} / 50)
        * (area_type = 'buurt')::INTEGER END AS value,
    value * 0.97 AS lower_95, value * 1.03 AS upper_95,
    CASE WHEN area_code = '{hidden}' THEN 'suppressed_here' WHEN year = 2024 THEN 'provisional' ELSE 'measured' END AS value_status,
    CASE WHEN area_code = '{hidden}' THEN 'Wij laten dit cijfer niet zien om mensen te beschermen.' END AS value_note_nl,
    'register' AS estimate_type, year = 2021 AS has_series_break, 1.0 AS coverage,
    CASE WHEN area_code <> 'NL00' THEN {country} - 0.3 * (year - 2019) END AS national_value,
    {sign} * (value - national_value) AS national_gap,
    CASE WHEN value IS NOT NULL AND area_code <> 'NL00' THEN CASE WHEN national_value BETWEEN lower_95 AND upper_95 THEN 'similar'
        WHEN {sign} * (value - national_value) > 0 THEN '{good}' ELSE '{bad}' END END AS national_verdict,
    CASE WHEN area_code IN ('HN14', 'WK091720') THEN ({noord} + {country}) / 2 - 0.3 * (year - 2019) END AS municipality_rest_value,
    CASE WHEN area_code IN ('HN14', 'WK091720') THEN 'similar' END AS municipality_rest_verdict,
    'decreasing_{toward}' AS recent_trend, 'feed_a' AS feed_id, 'feed_a.T.2026.aa' AS snapshot_id, '{origin}' AS data_origin
FROM base
"""


def write_small_release(folder: Path, origin: str = "sample") -> Path:
    """Make ``monitor.duckdb`` in `folder`."""
    path = folder / "monitor.duckdb"
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(_META.replace("{release}", RELEASE).replace("{origin}", origin))
        for number, code in enumerate(BUURTEN):
            row = [code, f"Buurt {number}", "buurt", "WK091720", 700 + number, 2024]
            connection.execute("INSERT INTO meta.areas VALUES (?, ?, ?, ?, ?, ?)", row)
        _add_geometries(connection)
        connection.execute(_PROGRAMMA)
        _add_values(connection, origin)
        _add_breakdowns(connection)
        _make_doubles(connection)
    return path


def _add_breakdowns(connection: duckdb.DuckDBPyConnection) -> None:
    """One indicator by age for Heerlen-Noord: twice the total at 5, half of it at 10."""
    for breakdown, factor in (("5", 2.0), ("10", 0.5)):
        connection.execute(
            f"""INSERT INTO werken.indicator_values SELECT * REPLACE ('{breakdown}' AS breakdown, value * {factor} AS value,
            lower_95 * {factor} AS lower_95, upper_95 * {factor} AS upper_95) FROM werken.indicator_values
            WHERE indicator_code = 'WER_BIJSTAND' AND area_code = 'HN14' AND breakdown = 'total'"""
        )


def _make_doubles(connection: duckdb.DuckDBPyConnection) -> None:
    """Literals such as 14.0 are decimals in SQL; marts hold doubles."""
    query = "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE data_type LIKE 'DECIMAL%'"
    for schema, table, column in connection.execute(query).fetchall():
        connection.execute(f"ALTER TABLE {schema}.{table} ALTER {column} TYPE DOUBLE")


def _add_values(connection: duckdb.DuckDBPyConnection, origin: str) -> None:
    lower = {"sign": "-1", "good": "better", "bad": "worse", "toward": "better"}
    higher = {"sign": "1", "good": "better", "bad": "worse", "toward": "worse"}
    neutral = {"sign": "1", "good": "higher", "bad": "lower", "toward": "worse"}
    rows = [
        ("werken", "WER_LAAG", 14.0, 10.0, lower),
        ("werken", "WER_BIJSTAND", 54.0, 23.0, lower),
        ("werken", "WER_INKOMEN", 28.7, 35.2, higher),
        ("leren", "LER_ADVIES", 34.0, 43.0, higher),
        ("leren", "LER_SCORE", -0.4, 0.0, neutral),
    ]
    for line, code, noord, country, words in rows:
        values = _VALUES.format(
            line=line, code=code, noord=noord, country=country, hidden=HIDDEN, origin=origin, **words
        )
        is_first = code in ("WER_LAAG", "LER_ADVIES")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {line}")
        table = f"{line}.indicator_values"
        connection.execute(f"CREATE TABLE {table} AS {values}" if is_first else f"INSERT INTO {table} {values}")


def _add_geometries(connection: duckdb.DuckDBPyConnection) -> None:
    """Squares side by side; the wijk is the row of them, with a hole of its own."""
    connection.execute("CREATE TABLE meta.area_geometries (area_code VARCHAR, boundary_year INTEGER, geometry VARCHAR)")
    for number, code in enumerate(BUURTEN):
        west = 5.9 + number * 0.01
        square = [[west, 50.9], [west, 50.91], [west + 0.01, 50.91], [west + 0.01, 50.9], [west, 50.9]]
        _add_geometry(connection, code, {"type": "Polygon", "coordinates": [square]})
    outer = [[5.9, 50.9], [5.9, 50.91], [6.02, 50.91], [6.02, 50.9], [5.9, 50.9]]
    inner = [[5.95, 50.903], [5.96, 50.903], [5.96, 50.906], [5.95, 50.906], [5.95, 50.903]]
    _add_geometry(connection, "WK091720", {"type": "MultiPolygon", "coordinates": [[outer, inner]]})


def _add_geometry(connection: duckdb.DuckDBPyConnection, code: str, geometry: dict[str, object]) -> None:
    connection.execute("INSERT INTO meta.area_geometries VALUES (?, 2025, ?)", [code, json.dumps(geometry)])
