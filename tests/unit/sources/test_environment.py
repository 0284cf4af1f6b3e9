"""Environments are declared, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sources.environment import Scope, declare_environment, read_scope
from sources.errors import ConfigurationError


def test_each_environment_has_its_own_folder(tmp_path: Path) -> None:
    archive = tmp_path / "Maart 2026.warc.gz"
    archive.write_bytes(b"")
    settings = {"NOORD_HOME": str(tmp_path)}
    homes = {feeds: declare_environment(feeds, settings).home for feeds in ("sample", "live", str(archive))}
    assert homes == {
        "sample": tmp_path / "sample",
        "live": tmp_path / "live",
        str(archive): tmp_path / "replay-maart-2026",
    }


def test_origin_follows_the_environment(tmp_path: Path) -> None:
    assert declare_environment("sample", {"NOORD_HOME": str(tmp_path)}).data_origin == "sample"
    assert declare_environment("live", {"NOORD_HOME": str(tmp_path)}).data_origin == "live"


@pytest.mark.parametrize("feeds", ["", "prod", "/does/not/exist.warc.gz"])
def test_anything_else_is_an_error(feeds: str) -> None:
    with pytest.raises(ConfigurationError, match="neither sample nor live"):
        declare_environment(feeds, {})


@pytest.mark.parametrize("url", ["http://example.org", "ftp://127.0.0.1", ""])
def test_a_mirror_must_be_https_or_loopback(url: str) -> None:
    with pytest.raises(ConfigurationError, match="NOORD_MIRRORS"):
        declare_environment("live", {"NOORD_MIRRORS": f"opendata.cbs.nl={url}"})


def test_retention_must_leave_room_for_a_rollback() -> None:
    with pytest.raises(ConfigurationError, match="at least 2"):
        declare_environment("live", {"NOORD_KEEP_RELEASES": "1"})


def test_default_scope_holds_what_the_programme_compares_with() -> None:
    scope = declare_environment("live", {}).scope
    prefixes = scope.prefixes("NL01")
    assert prefixes[:4] == ["NL01", "GM0917", "WK0917", "BU0917"]
    assert {"GM0928", "GM0882", "GM1954", "GM0899", "GM0986", "GM0965"} <= set(prefixes), "Parkstad"
    assert {"GM0599", "GM0363", "GM0518", "GM1674"} <= set(prefixes), "focus areas"


def test_the_decoy_is_not_in_heerlen() -> None:
    """BU07850917 holds the digits 0917 and lies in Goirle."""
    prefixes = Scope(with_neighbourhoods=("GM0917",), required=("GM0917",)).prefixes("NL00")
    assert not any("BU07850917".startswith(prefix) for prefix in prefixes)


def test_single_wijken_elsewhere_come_with_it() -> None:
    scope = Scope(municipalities=("GM0344",), areas=("WK059910", "WK059912"), required=("GM0344",))
    assert scope.prefixes("NL00") == ["NL00", "GM0344", "WK059910", "WK059912"]


def test_whole_country_has_no_prefixes() -> None:
    assert Scope(whole_country=True, required=("NL00",)).prefixes("NL00") == []


def test_a_scope_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scope.yml"
    path.write_text("municipality: [GM0917]\nrequired: [GM0917]\n")
    with pytest.raises(ConfigurationError, match="municipality"):
        read_scope(path)


def test_how_deliveries_are_treated_is_a_setting(tmp_path: Path) -> None:
    home = {"NOORD_HOME": str(tmp_path)}
    default = declare_environment("sample", home)
    assert (default.inbox_settle, default.keep_originals) == (30, False)
    assert default.deliveries is not None
    changed = declare_environment("live", {**home, "NOORD_INBOX_SETTLE": "0", "NOORD_QUARANTINE": "keep"})
    assert (changed.inbox_settle, changed.keep_originals, changed.deliveries) == (0, True, None)
    for wrong in ({"NOORD_INBOX_SETTLE": "-1"}, {"NOORD_QUARANTINE": "maybe"}):
        with pytest.raises(ConfigurationError, match="NOORD_"):
            declare_environment("live", wrong)
