"""The data package: valid by the reference tool, and true about bytes, hashes, licences and sources."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

import frictionless
import pytest

from publication.checksums import find_damage
from publication.release import Release

CC_BY = {"name": "CC-BY-4.0", "title": "CC BY 4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}
CC_ZERO = {"name": "CC0-1.0", "title": "CC0 1.0", "path": "https://creativecommons.org/zero"}


@pytest.fixture
def package(release: Release) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((release.path / "datapackage.json").read_text(encoding="utf-8"))
    return content


def resource(package: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in package["resources"] if entry["name"] == name)
    return found


def test_the_reference_tool_calls_it_valid(release: Release) -> None:
    report = frictionless.validate(str(release.path / "datapackage.json"))
    assert report.valid, report.flatten(["type", "message"])
    files = [path for path in release.path.rglob("*") if path.is_file()]
    assert len(report.tasks) == len(files) - 3, "all but itself, release.json and SHA256SUMS"


def test_the_reference_tool_notices_a_changed_file(release: Release) -> None:
    path = release.path / "parquet" / "leren" / "indicator_values.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    report = frictionless.validate(str(release.path / "datapackage.json"))
    assert not report.valid
    assert find_damage(release.path) == ["parquet/leren/indicator_values.parquet has other content"]


def test_every_file_is_described_with_its_bytes_and_hash(release: Release, package: dict[str, Any]) -> None:
    described = {entry["path"] for entry in package["resources"]}
    on_disk = {path.relative_to(release.path).as_posix() for path in release.path.rglob("*") if path.is_file()}
    assert on_disk - described == {"datapackage.json", "release.json", "SHA256SUMS"}
    for entry in package["resources"]:
        content = (release.path / entry["path"]).read_bytes()
        assert entry["bytes"] == len(content)
        assert entry["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_the_package_says_which_release_it_is(release: Release, package: dict[str, Any]) -> None:
    assert package["version"] == release.id
    assert package["created"] == release.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert package["title"].startswith("SAMPLE")
    assert package["x-noord"]["data_origin"] == "sample"


def test_licences_and_sources_follow_the_feeds(package: dict[str, Any]) -> None:
    learning, safety = (resource(package, f"{line}.indicator_values") for line in ("leren", "veiligheid"))
    assert learning["licenses"] == [CC_BY]
    assert learning["sources"] == [{"title": "CBS", "path": "https://www.cbs.nl"}]
    assert safety["licenses"] == [CC_ZERO]
    assert safety["sources"] == [{"title": "Politie", "path": "https://data.politie.nl"}]
    assert package["licenses"] == [CC_BY, CC_ZERO]
    assert "licenses" not in resource(package, "meta.areas")


def test_fields_have_type_and_meaning(package: dict[str, Any]) -> None:
    fields = {field["name"]: field for field in resource(package, "leren.indicator_values")["schema"]["fields"]}
    assert fields["value"]["type"] == "number"
    assert fields["period_start"]["type"] == "date"
    assert all(
        field["description"] for entry in package["resources"] for field in entry.get("schema", {}).get("fields", [])
    )


def test_csv_can_be_read_as_the_package_says(release: Release, package: dict[str, Any]) -> None:
    """As a table by the reference tool, which takes one byte order mark for a part of the first name."""
    entry = resource(package, "leren.indicator_values.csv")
    table = {key: entry[key] for key in ("name", "path", "format", "compression", "encoding", "dialect", "schema")}
    opened = frictionless.Resource.from_descriptor(table, basepath=str(release.path))
    rows = opened.read_rows()
    assert len(rows) == 150
    assert {float(row["value"]) for row in rows if row["value"] is not None} == {41.0, 42.0, 43.0, 44.0, 45.0}
    assert opened.validate().valid


def test_documented_columns_of_each_csv_file_are_its_columns(release: Release, package: dict[str, Any]) -> None:
    described = [entry for entry in package["resources"] if entry["format"] == "csv" and "schema" in entry]
    of_site = list((release.path / "site").rglob("*.csv"))
    assert len(described) == len(list(release.path.rglob("*.csv*"))) - len(of_site) > 10
    for entry in described:
        path = release.path / entry["path"]
        if entry.get("compression") == "zip":
            with zipfile.ZipFile(path) as archive:
                (name,) = archive.namelist()
                text, delimiter = archive.read(name).decode("utf-8-sig"), ";"
        else:
            text, delimiter = path.read_text(encoding="utf-8"), ","
        header = next(csv.reader(io.StringIO(text), delimiter=delimiter))
        fields = entry["schema"]["fields"]
        assert header == [field["name"] for field in fields], entry["name"]
        assert all(field["description"] for field in fields), entry["name"]


def test_fields_are_those_of_the_parquet_file(release: Release, package: dict[str, Any]) -> None:
    for entry in package["resources"]:
        # The reference tool reads a list in Parquet as a numpy array and then calls that no array.
        types = [field["type"] for field in entry.get("schema", {}).get("fields", [])]
        if entry["format"] == "parquet" and "array" not in types:
            table = {key: entry[key] for key in ("name", "path", "format", "schema")}
            opened = frictionless.Resource.from_descriptor(table, basepath=str(release.path))
            report = opened.validate()
            assert report.valid, (entry["name"], report.flatten(["type", "message"]))
