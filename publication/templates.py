"""The templates of a release's pages and texts, which lie beside this file as ``*.j2``.

Belongs here: finding and filling them, strictly: a word that is missing is an error. Does not belong here: their words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape


def render(name: str, filters: dict[str, Callable[..., str]] | None = None, **values: Any) -> str:
    """Fill the template called `name`; text is escaped in ``*.html.j2`` alone.

    Raises:
        jinja2.TemplateError: the template asks for a value that was not given.
    """
    templates = _templates()
    templates.filters.update(filters or {})
    return templates.get_template(name).render(**values)


@cache
def _templates() -> Templates:
    return Templates(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
