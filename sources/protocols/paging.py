"""From page to page: following a publisher's links without being led astray.

Belongs here: the loop that lands pages, and the rules that a link must stay on the host that was asked and may not lead
back. Shared by all interfaces that page by links; how a page names its next one belongs to the interface.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from sources.http import PublisherSession
from sources.landing import LandedFile, landed_file

MOST_PAGES = 2000
# The link that a landed page holds, as the publisher wrote it; None on the last page.
NextLink = Callable[[Path, str], str | None]


def follow_pages(
    session: PublisherSession, first: str, folder: Path, role: str, call: int, next_link: NextLink, link_name: str
) -> Iterator[LandedFile]:
    """Land the page at `first` and those that follow it as ``<role>-<call>-<page>.json``.

    Args:
        link_name: what the publisher calls its link, for messages.

    Raises:
        FeedProblem: a page can't be fetched, or a link leads to another host or back to a page already read.
    """
    url, seen = first, set[str]()
    while True:
        if url in seen or len(seen) >= MOST_PAGES:
            raise session.problem(f"{link_name} leads back to a page already read", url, "pages that end")
        seen.add(url)
        path = folder / f"{role}-{call:02}-{len(seen):04}.json"
        yield landed_file(role, session.download(url, path))
        link = next_link(path, url)
        if link is None:
            return
        url = on_the_same_host(session, url, link, link_name)


def on_the_same_host(session: PublisherSession, url: str, link: str, link_name: str) -> str:
    """The address of the following page.

    Raises:
        FeedProblem: it is on another host, not https, or no address.
    """
    try:
        following = urljoin(url, link)
        host = urlsplit(following).hostname
    except ValueError:
        # Not chained: the error may quote the link, and a partner's link may hold anything.
        raise session.problem(f"{link_name} is no address", url, "an address on the host that was asked") from None
    if urlsplit(following).netloc != urlsplit(url).netloc or urlsplit(following).scheme != "https":
        raise session.problem(f"{link_name} points to the foreign host {host}", url, "the host that was asked")
    return following
