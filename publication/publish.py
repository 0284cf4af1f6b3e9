"""Publishing: gate, build, flip, ledger and prune, in that order and each only after the one before.

Belongs here: the decision whether a release is made. Does not belong here: the checks (`publication.gate`), the files
(`publication.monitor`, `publication.datapackage`) and the moving of folders and links (`publication.release`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from publication.dictionary import read_descriptions
from publication.errors import PublicationError
from publication.gate import check_release
from publication.ledger import record_release
from publication.release import Release, build_release, current_release, prune, sweep
from sources.checks import CheckResult, blocking
from sources.environment import Environment
from sources.warehouse import record_release_checks

Outcome = Literal["unchanged", "blocked", "released"]


@dataclass(frozen=True)
class Publication:
    """What became of an attempt to publish.

    `release` is what readers see afterwards, None when nothing was ever released; `checks` are the results of the
    release gate, none when nothing had changed.
    """

    outcome: Outcome
    release: Release | None
    checks: tuple[CheckResult, ...]


def publish(environment: Environment, fingerprint: str, manifest_path: Path) -> Publication:
    """Release the environment's warehouse if it differs from the current release and passes the gate.

    The caller holds the run lock, and no handle of this process has the warehouse open.

    Args:
        fingerprint: hash of everything the warehouse was made from.
        manifest_path: dbt's ``manifest.json``, which describes tables and columns.

    Raises:
        PublicationError: warehouse or manifest can't be read, or the release can't be built: current is as it was. Or the
            ledger can't be written: the release stands, and the next build writes it.
    """
    sweep(environment)
    current = current_release(environment)
    if current is not None and current.is_complete and current.fingerprint == fingerprint:
        return Publication("unchanged", current, ())
    descriptions = read_descriptions(manifest_path)
    previous = None if current is None else current.monitor
    checks = check_release(environment.warehouse, descriptions, data_origin=environment.data_origin, previous=previous)
    _record(environment, checks)
    if blocking(checks):
        return Publication("blocked", current, tuple(checks))
    release = build_release(environment, fingerprint, checks, descriptions)
    record_release(environment, release)
    prune(environment)
    return Publication("released", release, tuple(checks))


def _record(environment: Environment, checks: list[CheckResult]) -> None:
    try:
        record_release_checks(environment, checks)
    except (OSError, duckdb.Error) as error:
        raise PublicationError(
            f"The results of the release gate can't be stored: {error}",
            where=f"control.checks in {environment.warehouse}",
            now="No release was made and current is as it was.",
        ) from error
