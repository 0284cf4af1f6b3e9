"""``SHA256SUMS``: the hash of every file of a release, in the form that ``sha256sum -c`` reads.

Belongs here: writing the list last of all, and comparing a folder with it. Does not belong here: what stands in the files.
"""

from __future__ import annotations

import re
from pathlib import Path

from publication.files import sha256

CHECKSUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)")


def write_checksums(folder: Path) -> None:
    """List every file below `folder`, which must be complete by now.

    Raises:
        OSError: a file can't be read or the list can't be written.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != CHECKSUMS)
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def find_damage(folder: Path) -> list[str]:
    """Files that are absent, that differ from the list or that are not on it; empty when the folder is as it was built."""
    try:
        expected = _read(folder / CHECKSUMS)
    except (OSError, ValueError) as error:
        return [f"{CHECKSUMS} can't be read: {error}"]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {CHECKSUMS}
    changed = [name for name in expected if name in there and sha256(folder / name) != expected[name]]
    return [
        *(f"{name} is absent" for name in expected if name not in there),
        *(f"{name} has other content" for name in changed),
        *(f"{name} does not belong there" for name in sorted(there - set(expected))),
    ]


def _read(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{line!r} is no line of checksums")
        found[match[2]] = match[1]
    if not found:
        raise ValueError("it is empty")
    return found
