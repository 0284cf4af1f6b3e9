"""Where columns come from, read from SQL."""

from __future__ import annotations

from orchestration.column_lineage import Origin, origins

RAW = {"raw.feed": {"area_code": "VARCHAR", "period_code": "VARCHAR", "people": "DOUBLE", "homes": "DOUBLE"}}
PARENTS = {
    "intermediate.terms": {"area_code": "VARCHAR", "numerator": "DOUBLE", "denominator": "DOUBLE"},
    "staging.areas": {"area_code": "VARCHAR", "area_name": "VARCHAR"},
}


def of(table: str, *columns: str) -> list[Origin]:
    return [Origin(table, column) for column in columns]


def test_a_column_comes_from_all_that_it_is_reckoned_with() -> None:
    sql = """
        WITH counted AS (
            SELECT area_code, numerator / denominator AS share, 'x' AS kind FROM "warehouse"."intermediate"."terms"
        )
        SELECT counted.area_code, areas.area_name AS name, counted.share * 100 AS value, counted.kind
        FROM counted LEFT JOIN "warehouse"."staging"."areas" AS areas USING (area_code)"""
    found = origins(sql, dict.fromkeys(("area_code", "name", "value", "kind"), ""), PARENTS)
    assert found["value"] == of("intermediate.terms", "denominator", "numerator")
    assert found["name"] == of("staging.areas", "area_name")
    assert Origin("intermediate.terms", "area_code") in found["area_code"]
    assert found["kind"] == []


def test_parts_of_a_union_by_name_are_matched_by_name() -> None:
    sql = """
        SELECT numerator AS value, area_code FROM "warehouse"."intermediate"."terms"
        UNION ALL BY NAME
        SELECT area_code, area_name AS name FROM "warehouse"."staging"."areas" """
    found = origins(sql, dict.fromkeys(("area_code", "value", "name"), ""), PARENTS)
    assert found["area_code"] == of("intermediate.terms", "area_code") + of("staging.areas", "area_code")
    assert found["value"] == of("intermediate.terms", "numerator")
    assert found["name"] == of("staging.areas", "area_name")


def test_wide_made_long_comes_from_every_measure() -> None:
    sql = 'FROM (SELECT * FROM "w"."raw"."feed") UNPIVOT (value FOR measure IN (COLUMNS(* EXCLUDE (area_code, period_code))))'
    found = origins(sql, dict.fromkeys(("area_code", "period_start", "value"), ""), RAW)
    assert found["area_code"] == of("raw.feed", "area_code")
    assert found["period_start"] == of("raw.feed", "period_code")
    assert found["value"] == of("raw.feed", "homes", "people")
