"""Seeded defects: what looks at the site does find what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.site import broken_links, html_problems, outside_requests

GOOD = '<!DOCTYPE html><html lang="nl"><head><title>x</title></head><body><h1 id="a">x</h1>{}</body></html>'


def write(folder: Path, body: str) -> Path:
    page = folder / "page.html"
    page.write_text(GOOD.format(body), encoding="utf-8")
    return page


def test_a_good_page_has_no_problems(tmp_path: Path) -> None:
    page = write(tmp_path, '<h2>y</h2><a href="#a">x</a><a href="https://www.cbs.nl">y</a>')
    assert broken_links(tmp_path) == html_problems(page) == outside_requests(page) == []


@pytest.mark.parametrize("link", ["gone.html", "#gone", "../../etc", "page.html#gone"])
def test_a_broken_link_is_found(tmp_path: Path, link: str) -> None:
    write(tmp_path, f'<a href="{link}">x</a>')
    assert len(broken_links(tmp_path)) == 1


@pytest.mark.parametrize(
    "body",
    [
        "<h3>y</h3>",
        '<p id="a">y</p>',
        "<h1>y</h1>",
        "<p><b>x</p>",
        "<table><p>x</p></table>",
        '<label for="gone">x</label>',
    ],
)
def test_bad_html_is_found(tmp_path: Path, body: str) -> None:
    assert html_problems(write(tmp_path, body))


@pytest.mark.parametrize(
    "body",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<img src="//cdn.example/x.png" alt="">',
        "<script>1</script>",
        '<p style="color:red">x</p>',
        '<p onclick="x()">x</p>',
    ],
)
def test_a_request_or_a_script_of_its_own_is_found(tmp_path: Path, body: str) -> None:
    assert outside_requests(write(tmp_path, body))
