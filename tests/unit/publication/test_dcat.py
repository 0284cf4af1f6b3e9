"""dcat.jsonld has every property that DCAT-AP-NL 3.0 makes mandatory, and says what the files are.

Source: shapes/300/dcat-ap-nl-SHACL.ttl of Geonovum, for what the Dutch profile adds, and DCAT-AP 3.0.1 for what it takes over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from publication.dictionary import Descriptions
from publication.release import Release, build_release
from sources.environment import Environment
from tests.unit.publication.synthetic import FINGERPRINT

pytestmark = pytest.mark.slow

# Class → property → most values; each has at least one.
MANDATORY: dict[str, dict[str, float]] = {
    "dcat:Catalog": {
        "dct:title": float("inf"), "dct:description": float("inf"), "dct:publisher": 1, "dcat:contactPoint": 1,
        "dcat:dataset": float("inf"),
    },
    "dcat:Dataset": {
        "dct:title": float("inf"), "dct:description": float("inf"), "dct:accessRights": 1, "dcat:contactPoint": 1,
        "dct:creator": 1, "dct:identifier": 1, "dct:publisher": 1, "dcat:theme": float("inf"),
        # Conditional: where there are files, as here.
        "dcat:distribution": float("inf"),
    },
    "dcat:Distribution": {
        "dcat:accessURL": 1, "dct:license": 1,
        # Conditional: of a file that can be downloaded.
        "dcat:downloadURL": 1, "dcat:byteSize": 1, "dcat:mediaType": 1,
    },
    "foaf:Agent": {"foaf:name": float("inf")},
    "vcard:Kind": {"vcard:fn": float("inf"), "vcard:hasURL": float("inf")},
}  # fmt: skip
LISTS = {
    "dct:accessRights": "http://publications.europa.eu/resource/authority/access-right/",
    "dcat:theme": "http://publications.europa.eu/resource/authority/data-theme/",
    "dct:language": "http://publications.europa.eu/resource/authority/language/",
    "dct:format": "http://publications.europa.eu/resource/authority/file-type/",
    "dcat:mediaType": "https://www.iana.org/assignments/media-types/",
    "dct:spatial": "http://publications.europa.eu/resource/authority/country/",
}


@pytest.fixture
def catalogue(release: Release) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((release.path / "dcat.jsonld").read_text(encoding="utf-8"))
    return content


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every node of a kind, at any depth."""
    if isinstance(value, list):
        for each in value:
            yield from nodes(each)
    elif isinstance(value, dict):
        if "@type" in value and "@value" not in value:
            yield value
        for name, each in value.items():
            if name != "@context":
                yield from nodes(each)


def lacking(catalogue: dict[str, Any]) -> list[str]:
    """Each property of which a node has none or too many."""
    found = []
    for node in nodes(catalogue):
        for name, most in MANDATORY.get(node["@type"], {}).items():
            values = node.get(name, [])
            count = len(values) if isinstance(values, list) else 1
            if not 1 <= count <= most or values == "":
                found.append(f"{node['@type']} {name}: {count}")
    return found


def test_every_mandatory_property_is_there(catalogue: dict[str, Any]) -> None:
    assert {node["@type"] for node in nodes(catalogue)} == {*MANDATORY, "dct:PeriodOfTime"}
    assert lacking(catalogue) == []


def test_each_mandatory_property_is_missed(catalogue: dict[str, Any]) -> None:
    for kind, properties in MANDATORY.items():
        for name in properties:
            broken = json.loads(json.dumps(catalogue))
            del next(node for node in nodes(broken) if node["@type"] == kind)[name]
            assert f"{kind} {name}: 0" in lacking(broken)


def test_every_prefix_is_explained(catalogue: dict[str, Any]) -> None:
    names = {name for node in nodes(catalogue) for name in (*node, node["@type"]) if not name.startswith("@")}
    assert {name.partition(":")[0] for name in names} <= set(catalogue["@context"])


def test_values_come_from_the_lists_that_the_profile_names(catalogue: dict[str, Any]) -> None:
    for node in nodes(catalogue):
        for name, place in LISTS.items():
            values = node.get(name, [])
            for value in values if isinstance(values, list) else [values]:
                assert value["@id"].startswith(place), (name, value)


def test_identifiers_are_unique(catalogue: dict[str, Any]) -> None:
    datasets = [node for node in nodes(catalogue) if node["@type"] == "dcat:Dataset"]
    for name in ("@id", "dct:identifier"):
        assert len({dataset[name] for dataset in datasets}) == len(datasets) == 10
    whole, *parts = datasets
    assert [part["@id"] for part in whole["dct:hasPart"]] == [{"@id": part["@id"]}["@id"] for part in parts]


def test_every_address_of_a_file_leads_to_it(release: Release, catalogue: dict[str, Any]) -> None:
    distributions = [node for node in nodes(catalogue) if node["@type"] == "dcat:Distribution"]
    assert len(distributions) == 1 + 2 * 9
    for node in distributions:
        path = release.path / node["dcat:downloadURL"]["@id"]
        assert path.stat().st_size == int(node["dcat:byteSize"]["@value"])
        assert (release.path / node["dct:rights"]["@id"]).is_file()


def test_the_period_is_that_of_the_rows(catalogue: dict[str, Any]) -> None:
    dataset = next(node for node in nodes(catalogue) if node.get("@id") == "#leren.indicator_values")
    assert dataset["dct:temporal"]["dcat:startDate"] == {"@value": "2000-01-01", "@type": "xsd:date"}
    assert dataset["dct:temporal"]["dcat:endDate"] == {"@value": "2004-12-31", "@type": "xsd:date"}


def test_a_sample_is_marked_everywhere(catalogue: dict[str, Any]) -> None:
    for node in nodes(catalogue):
        if node["@type"] in ("dcat:Catalog", "dcat:Dataset"):
            assert node["dct:title"]["@value"].startswith("SAMPLE"), node["@id"]
            assert node["dct:description"]["@value"].startswith("SAMPLE"), node["@id"]


def test_an_empty_table_has_no_period(environment: Environment, descriptions: Descriptions) -> None:
    from tests.unit.publication.synthetic import change

    change(environment, "DELETE FROM leren.indicator_values")
    release = build_release(environment, FINGERPRINT, [], descriptions)
    content = json.loads((release.path / "dcat.jsonld").read_text(encoding="utf-8"))
    dataset = next(node for node in nodes(content) if node.get("@id") == "#leren.indicator_values")
    assert "dct:temporal" not in dataset
    assert lacking(content) == []
