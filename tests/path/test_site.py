"""The site of the bundled sample, whole: every page and link, its size, and the time that it takes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from publication.catalog import open_read_only
from publication.site.build import build_site
from publication.site.reading import read_monitor
from tests.support.site import broken_links, html_problems, outside_requests

pytestmark = pytest.mark.slow
MEGABYTE = 1_000_000


@pytest.fixture
def release(sample_home: Path) -> Path:
    return sample_home / "sample" / "current"


def test_links_resolve_and_nothing_is_fetched_from_elsewhere(release: Path) -> None:
    pages = list((release / "site").rglob("*.html"))
    assert len(pages) > 200
    assert broken_links(release / "site") == []
    assert [problem for page in pages for problem in outside_requests(page)] == []


def test_html_of_each_type_is_valid(release: Path) -> None:
    site = release / "site"
    pages = [*site.glob("*.html"), site / "lijn/veiligheid.html", site / "gebied/HN14.html"]
    pages += [site / "gebied/index.html", site / "indicator/WER_BIJSTAND.html", site / "indicator/VEI_ONVEILIG.html"]
    assert [problem for page in pages for problem in html_problems(page)] == []


def test_the_site_is_small(release: Path) -> None:
    files = [path for path in (release / "site").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 30 * MEGABYTE
    assert max(path.stat().st_size for path in files if path.suffix == ".html") < 300_000


def test_every_indicator_and_area_has_a_page_and_a_sample_its_watermark(release: Path) -> None:
    with closing(open_read_only(release / "monitor.duckdb")) as connection:
        monitor = read_monitor(connection)
    site = release / "site"
    assert len(monitor.pages) == 83
    for address in [f"indicator/{code}.html" for code in monitor.indicators] + [
        f"gebied/{a.code}.html" for a in monitor.pages
    ]:
        assert "verzonnen cijfers" in (site / address).read_text(encoding="utf-8")
    for code in monitor.indicators:
        assert (site / f"data/{code}.csv").is_file()


def test_equal_releases_give_equal_sites(release: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_site(release / "monitor.duckdb", tmp_path / name)
    for path in (tmp_path / "one").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
