"""Looking at a built site without a browser: links, HTML, headings, and requests that would leave it.

Each function gives a list of problems, empty when there are none; `tests/unit/publication/site/test_looking.py` seeds
a defect for each.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import html5lib


@dataclass
class Outline(HTMLParser):
    """Ids, links, loaded files and heading levels of one page."""

    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.ids.append(values["id"])
        for name in ("aria-labelledby", "aria-describedby", "aria-controls", "for"):
            self.labels += values.get(name, "").split()
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag in ("link", "use", "image") and "href" in values:
            self.loads.append(values["href"])
        if "src" in values:
            self.loads.append(values["src"])
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))

    handle_startendtag = handle_starttag


def outline(page: Path) -> Outline:
    return _outline(page, page.stat().st_mtime_ns)


@cache
def _outline(page: Path, _changed: int) -> Outline:
    found = Outline()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def broken_links(site: Path) -> list[str]:
    """Links within the site whose page or anchor doesn't exist, and files that a page loads and that aren't there."""
    pages = {page.resolve(): outline(page) for page in site.rglob("*.html")}
    problems = []
    for page, found in pages.items():
        for link in (*found.links, *found.loads):
            if re.match(r"https?://", link):
                continue
            address, fragment = urldefrag(link)
            target = (page.parent / unquote(address)).resolve() if address else page
            if not target.is_file():
                problems.append(f"{page.name}: {link} leads nowhere")
            elif not target.is_relative_to(site.resolve()):
                problems.append(f"{page.name}: {link} leaves the site")
            elif fragment and unquote(fragment) not in pages[target].ids:
                problems.append(f"{page.name}: {link} has no such anchor")
    return problems


def html_problems(page: Path) -> list[str]:
    """What a strict HTML5 parser, and a look at ids, labels and headings, find wrong with a page."""
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(page.read_text(encoding="utf-8"))
    problems = [f"{page.name}:{position[0]}: {code} {details}" for position, code, details in parser.errors]
    found = outline(page)
    problems += [f"{page.name}: id {name} is used twice" for name, count in Counter(found.ids).items() if count > 1]
    problems += [f"{page.name}: nothing has the id {name}" for name in found.labels if name not in found.ids]
    if found.headings[:1] != [1] or found.headings.count(1) != 1:
        problems.append(f"{page.name}: not one first heading")
    steps = zip(found.headings, found.headings[1:], strict=False)
    problems += [f"{page.name}: a heading of level {low} follows {high}" for high, low in steps if low > high + 1]
    return problems


def outside_requests(page: Path) -> list[str]:
    """What a browser would fetch from elsewhere, run from within the page, or style from within it."""
    text = page.read_text(encoding="utf-8")
    problems = [f"{page.name}: loads {load}" for load in outline(page).loads if re.match(r"(https?:)?//", load)]
    for pattern in (
        r"<script(?![^>]*\bsrc=)",
        r"<style",
        r"\sstyle=",
        r"\son[a-z]+=",
        r"javascript:",
        r"<iframe",
        r"<form",
    ):
        problems += [f"{page.name}: {match.group()}" for match in re.finditer(pattern, text)]
    return problems
