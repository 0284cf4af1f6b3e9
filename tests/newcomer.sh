#!/usr/bin/env bash
# A newcomer's first five minutes: clone, run, connect, and find what an indicator means, where it comes from and what
# changed. The questions are those of docs/bi.md. tests/path/test_documentation.py runs everything after `make run`.
#
#   tests/newcomer.sh [FOLDER]      into a new folder; without one the questions are asked of the project you stand in
set -euo pipefail
started=$SECONDS

if [ "$#" -gt 0 ]; then
    git clone --quiet "$(git -C "$(dirname "$0")/.." rev-parse --show-toplevel)" "$1"
    cd "$1"
    make run
    # The set-up brings DuckDB's command line and pandas.
    export PATH="$PWD/.venv/bin:$PATH"
fi
monitor=data/sample/current/monitor.duckdb
ask() { printf '\n== %s\n' "$1"; duckdb -readonly "$monitor" "$2"; }

ask "Which release is this?" "SELECT release_id, data_origin FROM meta.release"
ask "What does WER_BIJSTAND mean?" "
SELECT label_nl, unit, definition_nl, numerator_nl, denominator_nl, source_nl, breaks_nl
FROM meta.indicators
WHERE indicator_code = 'WER_BIJSTAND';"
ask "Where does the figure come from?" "
SELECT v.value, s.title, s.publisher, s.source_url, s.retrieved_at, s.content_sha256, f.license_name
FROM werken.latest_values AS v
JOIN meta.snapshots AS s USING (snapshot_id)
JOIN meta.feeds AS f ON f.feed_id = s.feed_id
WHERE v.indicator_code = 'WER_BIJSTAND' AND v.area_code = 'HN14' AND v.period_type = 'year';"
ask "What changed since the last release?" "
SELECT change, line, indicator_code, area_code, period_start, old_value, new_value, cause
FROM meta.changes
ORDER BY change, line, indicator_code
LIMIT 100;"

printf '\n== The same from pandas\n'
python - <<'PYTHON'
import duckdb

with duckdb.connect("data/sample/current/monitor.duckdb", read_only=True) as monitor:
    latest = monitor.sql("FROM gezondheid.latest_values WHERE area_code = 'HN14' AND breakdown = 'total'").df()
print(latest[["indicator_label_nl", "value", "national_value"]].head())
PYTHON

printf '\nThis took %s minutes and %s seconds.\n' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
