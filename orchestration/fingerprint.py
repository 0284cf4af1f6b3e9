"""What a release was made from, in one digest: equal digests give equal figures.

Belongs here: the inputs that make another release necessary. It must stay cheap and import nothing heavy, because a
run without news is decided on it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from orchestration.dbt import project_sha256
from sources import warehouse
from sources.environment import Environment
from sources.registry import Registry

_ROOT = Path(__file__).parents[1]
# Code that shapes figures, their checks or their pages. The command line and the lineage UI do not.
_CODE = (
    "sources/*.py",
    "sources/protocols/*.py",
    "publication/*.py",
    "publication/*.yml",
    "publication/*.csv",
    "publication/*.j2",
    "publication/site/**/*.*",
)


def fingerprint(environment: Environment, registry: Registry) -> str:
    """Digest of the snapshots that stand, the feeds that are held, the feed files, the dbt project and the code.

    Also of the number of deliveries that were decided upon, because ``meta.deliveries`` tells of those that were refused.
    """
    digest = hashlib.sha256(project_sha256().encode())
    standings = warehouse.standings(environment, registry)
    for feed in registry.values():
        standing = standings[feed.id]
        # That it is held, not why: the words of a network error differ from run to run.
        is_held = standing.held is not None
        stands = sorted(standing.snapshots.values())
        digest.update(f"{feed.id}|{feed.contract_sha256}|{stands}|{is_held}|{standing.decided}\0".encode())
    for pattern in _CODE:
        for path in sorted(path for path in _ROOT.glob(pattern) if path.suffix != ".pyc"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
