"""Deliveries of earlier days: a landing whose snapshots are told another moment of retrieval."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from datetime import datetime
from pathlib import Path


def retrieved(landing: Path, moment: datetime, *, but: Collection[str] = ()) -> set[str]:
    """Let all snapshots, except those named in `but`, have been retrieved at `moment`; gives the ids of all."""
    records = list(landing.glob("*/*/snapshot.json"))
    for record in records:
        if record.parent.name not in but:
            document = json.loads(record.read_text(encoding="utf-8")) | {"retrieved_at": moment.isoformat()}
            record.chmod(0o644)
            record.write_text(json.dumps(document), encoding="utf-8")
            record.chmod(0o444)
    return {record.parent.name for record in records}


def digest(folder: Path) -> dict[str, str]:
    """Each file below `folder` with the hash of its bytes."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
