"""The fenced blocks of README.md and docs/, for the test that runs them and the bench that times their queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"(?:^<!-- (?P<remark>[^>]*) -->\n)?^```(?P<language>[\w-]*)\n(?P<text>.*?)^```$", re.M | re.S)
_HEADING = re.compile(r"^#+ (.+)$", re.M)


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, what it holds, and what the comment above it says."""

    document: Path
    line: int
    heading: str
    language: str
    text: str
    remark: str

    @property
    def is_run(self) -> bool:
        return not self.remark.startswith("not run: ")

    def __str__(self) -> str:
        return f"{self.document.name}-{self.line}"


def blocks(*languages: str) -> list[Block]:
    """The blocks of all documents in these languages, or all blocks when none is named."""
    found = [block for document in DOCUMENTS for block in _blocks_of(document)]
    return [block for block in found if block.language in languages or not languages]


def _blocks_of(document: Path) -> Iterator[Block]:
    text = document.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start("text"))
        headings = _HEADING.findall(text[: match.start()])
        heading = headings[-1] if headings else ""
        yield Block(document, line, heading, match["language"], match["text"], match["remark"] or "")
