"""Who has a release open: what retention asks before it removes one.

Belongs here: looking for open files among the processes of this machine. Does not belong here: which releases are kept
(`publication.release`).

Linux shows the open files of every process in ``/proc/<pid>/fd``, as far as one may look. How long a file has been open it
does not say; the time of the entry there is that of its first being looked at, or later, so a reader is never taken for one
that has been at it longer than it has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

PROCESSES = Path("/proc")


def open_since(folders: dict[str, Path], processes: Path = PROCESSES) -> dict[str, datetime]:
    """The latest moment at which a process is known to have opened a file in each of `folders`.

    Returns:
        A moment per key of `folders` of which a file is open; processes that may not be looked into are passed over.
    """
    places = {os.path.realpath(folder): key for key, folder in folders.items()}
    found: dict[str, datetime] = {}
    for entry, target in _open_files(processes):
        key = next((key for place, key in places.items() if target.startswith(place + os.sep)), None)
        if key is not None and (moment := _looked_at(entry)) is not None:
            found[key] = max(found.get(key, moment), moment)
    return found


def _open_files(processes: Path) -> Iterator[tuple[Path, str]]:
    for process in processes.glob("[0-9]*"):
        try:
            entries = list((process / "fd").iterdir())
        except OSError:
            # It ended, or it is somebody else's; readers that nobody can see are why retention also waits a day.
            continue
        for entry in entries:
            try:
                yield entry, os.readlink(entry)
            except OSError:
                continue


def _looked_at(entry: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(entry.lstat().st_mtime, UTC)
    except OSError:
        return None
