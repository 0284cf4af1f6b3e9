"""A small warehouse that passes the release gate, its manifest, and environments to publish it from.

Belongs here: what several tests of `publication` need. Every figure is made up.
"""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from publication.catalog import LINES, list_tables, open_read_only
from sources.checks import CheckResult
from sources.environment import Environment, Scope

FINGERPRINT = "0123456789abcdef" * 4
OTHER_FINGERPRINT = "fedcba9876543210" * 4

# A result of the release gate, for releases that are built without running it.
CHECK = CheckResult(
    gate="release",
    subject="leren.indicator_values",
    name="row_count",
    severity="block",
    passed=True,
    expected="rows",
    found="rows",
    unexpected_count=0,
    examples="[]",
    checked_at=datetime(2026, 1, 1, tzinfo=UTC),
)

_CONTROL = """
CREATE SCHEMA control;
CREATE TABLE control.checks (gate VARCHAR, subject VARCHAR, check_name VARCHAR, severity VARCHAR, passed BOOLEAN,
    expected VARCHAR, found VARCHAR, unexpected_count BIGINT, examples VARCHAR, snapshot_ids VARCHAR[],
    checked_at TIMESTAMPTZ);
INSERT INTO control.checks VALUES
    ('arrival', 'feed_a', 'row_count', 'block', true, 'rows', 'rows', 0, '[]', ['snap_1'],
        TIMESTAMPTZ '2026-01-02 03:04:05+00'),
    ('release', 'leren.indicator_values', 'of_an_earlier_run', 'block', false, 'x', 'y', 1, '[]', [], now());
CREATE SCHEMA staging;
CREATE TABLE staging.stg_feed_a AS SELECT 1 AS secret;
"""

_META = """
CREATE SCHEMA meta;
CREATE TABLE meta.areas AS
    SELECT * FROM (VALUES ('NL00', 'Nederland'), ('HN14', 'Heerlen-Noord')) AS t(area_code, area_name);
CREATE TABLE meta.indicators AS SELECT * FROM (VALUES
    ('LER_2', 'leren', 'Twee', 'Wat twee is.', 'sum', 1e0, 'numerator: feed_a.two [total]'),
    ('LER_1', 'leren', 'Een', 'Wat "een" is, één.', 'ratio', 100e0,
        'denominator: feed_b.people [total]; numerator: feed_a.one [total]; numerator: feed_a.more [1|total] → een')
    ) AS t(indicator_code, line, label_nl, definition_nl, aggregation, scale, terms);
CREATE TABLE meta.checks AS SELECT * EXCLUDE (snapshot_ids) FROM control.checks;
CREATE TABLE meta.feeds AS SELECT * FROM (VALUES
    ('feed_a', 'Feed A', 'CBS', 'https://www.cbs.nl', 'CC BY 4.0',
        'https://creativecommons.org/licenses/by/4.0/', 'https://www.cbs.nl/a', ['leren'], 'contract a'),
    ('feed_b', 'Feed B', 'Politie', 'https://data.politie.nl', 'CC0 1.0',
        'https://creativecommons.org/zero', NULL, ['veiligheid'], 'contract b')
    ) AS t(feed_id, title, publisher, publisher_url, license_name, license_url, page_url, lines, contract_sha256);
CREATE TABLE meta.snapshots AS SELECT * FROM (VALUES
    ('snap_1', 'feed_a', TIMESTAMPTZ '2026-01-02 03:04:05+00', '{origin}'),
    ('snap_2', 'feed_b', TIMESTAMPTZ '2026-01-02 03:04:05+00', '{origin}')
    ) AS t(snapshot_id, feed_id, retrieved_at, data_origin);
"""

# The programme's own marts, with the columns that the gate reads and a row of each kind.
_PROGRAMMA = """
CREATE SCHEMA programma;
CREATE TABLE programma.progress AS SELECT * FROM (VALUES
    ('LER_1', 'HN14', 'NL00', 'uncertain', NULL, 0.4e0, 0.3e0, 0.5e0, -10e0, -6e0, 5e0, -1e0, 25e0, 19e0, '{origin}'),
    ('LER_2', 'HN14', 'NL00', 'undefined', 'no_value', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{origin}'),
    ('LER_1', 'HN14', 'RH14', 'undefined', 'no_value', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{origin}')
    ) AS t(indicator_code, area_code, comparator_code, status, undefined_reason, share_closed, share_closed_lower_95,
        share_closed_upper_95, gap_baseline, gap_now, own_part, comparator_part, now_value, now_comparator_value, data_origin);
CREATE TABLE programma.early_signals AS SELECT * FROM (VALUES
    ('VEI_1', 'HN14', DATE '2024-01-01', 'month', 'better', NULL, '{origin}'),
    ('VEI_1', 'HN14', DATE '2024-02-01', 'month', NULL, 'no_value', '{origin}')
    ) AS t(indicator_code, area_code, period_start, period_type, signal, no_signal_reason, data_origin);
CREATE TABLE programma.connections AS SELECT * FROM (VALUES
    ('LER_1', 'WER_1', 0.5e0, 0.3e0, 0.7e0, 'Samenhang is geen bewijs van oorzaak.', '{origin}'),
    ('LER_1', 'WER_2', NULL, NULL, NULL, 'Samenhang is geen bewijs van oorzaak.', '{origin}')
    ) AS t(indicator_code, other_indicator_code, correlation, lower_95, upper_95, warning_nl, data_origin);
CREATE TABLE programma.children AS SELECT * FROM (VALUES
    ('leren', 'LER_1', 41e0, NULL, '{origin}'), ('leren', 'LER_2', NULL, 'not_published', '{origin}')
    ) AS t(line, indicator_code, value, no_value_reason, data_origin);
"""

# Five indicators × six areas × `years` years, stored in no particular order.
_LINE = """
CREATE SCHEMA {line};
CREATE TABLE {line}.indicator_values AS
SELECT
    '{code}_' || i AS indicator_code,
    CASE WHEN i = 1 THEN '%' ELSE 'per 1.000' END AS unit,
    ['higher_is_better', 'lower_is_better', 'neutral'][1 + i % 3] AS direction,
    area_code,
    make_date(2000 + y, 1, 1) AS period_start,
    make_date(2000 + y, 12, 31) AS period_end,
    'year' AS period_type,
    'total' AS breakdown,
    CASE WHEN area_code = 'BU1' THEN NULL ELSE 40.0 + i END::DOUBLE AS value,
    NULL::DOUBLE AS numerator,
    CASE WHEN area_code = 'BU1' THEN 'suppressed_source' ELSE 'measured' END AS value_status,
    CASE WHEN area_code = 'BU1' THEN NULL ELSE 39.0 + i END::DOUBLE AS lower_95,
    CASE WHEN area_code = 'BU1' THEN NULL ELSE 41.0 + i END::DOUBLE AS upper_95,
    -- Indicator 5 has the margins of its publisher, so none of 99.8 %.
    CASE WHEN area_code = 'BU1' OR i = 5 THEN NULL ELSE 38.0 + i END::DOUBLE AS lower_998,
    CASE WHEN area_code = 'BU1' OR i = 5 THEN NULL ELSE 42.0 + i END::DOUBLE AS upper_998,
    CASE WHEN area_code = 'BU1' THEN NULL ELSE 0.95 END::DOUBLE AS coverage,
    'register' AS estimate_type,
    CASE WHEN area_code <> 'NL00' THEN 40.0 + i END::DOUBLE AS national_value,
    CASE WHEN area_code NOT IN ('NL00', 'BU1') THEN 'similar' END AS national_verdict,
    CASE WHEN area_code IN ('HN14', 'WK1') THEN 30.0 END::DOUBLE AS municipality_rest_value,
    CASE WHEN area_code IN ('HN14', 'WK1') THEN ['better', 'worse', 'higher'][1 + i % 3] END AS municipality_rest_verdict,
    CASE WHEN area_code <> 'BU1' AND y >= 4 THEN 'no_significant_change' ELSE 'cannot_be_calculated' END AS recent_trend,
    CASE WHEN '{line}' = 'veiligheid' THEN 'feed_b' ELSE 'feed_a' END AS feed_id,
    CASE WHEN '{line}' = 'veiligheid' THEN 'snap_2' ELSE 'snap_1' END AS snapshot_id,
    '{origin}' AS data_origin
FROM range(1, 6) AS a(i), (VALUES ('NL00'), ('GM0917'), ('HN14'), ('WK1'), ('BU1'), ('BU2')) AS b(area_code),
    range(0, {years}) AS c(y)
ORDER BY hash(i, area_code, y);
"""


def make_environment(home: Path, *, data_origin: str = "sample", keep_releases: int = 10) -> Environment:
    name = data_origin if data_origin != "replay" else "replay-test"
    return Environment(name, data_origin, home, Scope(required=("NL00",)), keep_releases=keep_releases)


def make_warehouse(environment: Environment, *, years: int = 5) -> None:
    """`years` × 30 rows per line; five years are enough for the gate."""
    environment.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with closing(duckdb.connect(str(environment.warehouse))) as connection:
        connection.execute(_CONTROL)
        connection.execute(_META.replace("{origin}", environment.data_origin))
        connection.execute(_PROGRAMMA.replace("{origin}", environment.data_origin))
        for line in LINES:
            statement = _LINE.format(line=line, code=line[:3].upper(), origin=environment.data_origin, years=years)
            connection.execute(statement)


def change(environment: Environment, statement: str) -> None:
    """Run SQL on the environment's warehouse."""
    with closing(duckdb.connect(str(environment.warehouse))) as connection:
        connection.execute(statement)


def write_manifest(environment: Environment) -> Path:
    """A manifest that documents exactly what the warehouse holds of the released schemas, among other nodes."""
    with closing(open_read_only(environment.warehouse)) as connection:
        tables = list_tables(connection, "warehouse")
    nodes = {
        f"model.x.{table.schema}__{table.name}": _node(
            table.schema,
            table.name,
            {name: f"Column '{name}' of {table.qualified}; één." for name in table.column_names},
        )
        for table in tables
    }
    nodes["model.x.stg_feed_a"] = _node("staging", "stg_feed_a", {})
    nodes["model.x.helper"] = _node("leren", "helper", {}, materialized="ephemeral")
    nodes["test.x.unique"] = {**_node("leren", "unique", {}), "resource_type": "test"}
    path = environment.home / "manifest.json"
    path.write_text(json.dumps({"nodes": nodes}), encoding="utf-8")
    return path


def _node(schema: str, alias: str, columns: dict[str, str], *, materialized: str = "table") -> dict[str, object]:
    return {
        "resource_type": "model",
        "schema": schema,
        "name": f"{schema}__{alias}",
        "alias": alias,
        "config": {"materialized": materialized},
        "description": f"Table {schema}.{alias}.",
        "columns": {name: {"name": name, "description": text} for name, text in columns.items()},
    }
