"""Eight readers query without a pause while 200 releases are flipped: no error, and nobody sees two releases at once.

The clients are those of docs and dashboards: DuckDB, SQLAlchemy with the pool that BI tools should use, and pandas on Parquet.
"""

from __future__ import annotations

import json
import multiprocessing as mp
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from queue import Queue

import duckdb
import pytest

from publication.checksums import write_checksums
from publication.dictionary import read_descriptions
from publication.release import Release, build_release, rollback
from sources.environment import Environment
from tests.unit.publication.synthetic import CHECK, FINGERPRINT, make_environment, make_warehouse, write_manifest

pytestmark = pytest.mark.slow

READERS = ("duckdb", "duckdb", "duckdb", "sqlalchemy", "sqlalchemy", "sqlalchemy", "pandas", "pandas")
FLIPS = 200
# Between two queries of one reader, so that flips fall between them and two cores are left with time to flip.
PAUSE = 0.1
BETWEEN_FLIPS = 0.05

# What a reader saw: the release's id, and the stamps in two of its tables.
Seen = tuple[str, list[float], list[float]]

_ID = "SELECT release_id FROM meta.release"
_LEREN, _WONEN = (f"SELECT DISTINCT value FROM {line}.indicator_values" for line in ("leren", "wonen"))


def with_duckdb(current: Path) -> Iterator[Seen]:
    while True:
        with closing(duckdb.connect(str(current / "monitor.duckdb"), read_only=True)) as connection:
            (release_id,) = connection.execute(_ID).fetchall()[0]
            time.sleep(PAUSE)
            values = [[value for (value,) in connection.execute(query).fetchall()] for query in (_LEREN, _WONEN)]
        yield release_id, values[0], values[1]


def with_sqlalchemy(current: Path) -> Iterator[Seen]:
    """One engine for all; NullPool opens the file anew for each connection, so that it follows the link."""
    from sqlalchemy import NullPool, create_engine, text

    engine = create_engine(f"duckdb:///{current / 'monitor.duckdb'}?access_mode=read_only", poolclass=NullPool)
    while True:
        with engine.connect() as connection:
            release_id = connection.execute(text(_ID)).scalar_one()
            time.sleep(PAUSE)
            leren, wonen = (list(connection.execute(text(query)).scalars()) for query in (_LEREN, _WONEN))
        yield release_id, leren, wonen


def with_pandas(current: Path) -> Iterator[Seen]:
    """Several files belong to one release only when the link is followed once."""
    import pandas as pd

    while True:
        folder = current.resolve()
        release_id = pd.read_parquet(folder / "parquet" / "meta" / "release.parquet")["release_id"][0]
        time.sleep(PAUSE)
        leren, wonen = (
            pd.read_parquet(folder / "parquet" / line / "indicator_values.parquet", columns=["value"])["value"]
            for line in ("leren", "wonen")
        )
        yield release_id, list(leren.unique()), list(wonen.unique())


CLIENTS: dict[str, Callable[[Path], Iterator[Seen]]] = {
    "duckdb": with_duckdb,
    "sqlalchemy": with_sqlalchemy,
    "pandas": with_pandas,
}


def read_until(
    client: str, current: Path, stamps: dict[str, float], stop: Event, ready: Event, answers: Queue[object]
) -> None:
    """Read until told to stop; answer with the reads per release and the first problem."""
    reads: Counter[str] = Counter()
    problem = ""
    try:
        for release_id, leren, wonen in CLIENTS[client](current):
            if not leren == wonen == [stamps[release_id]]:
                problem = f"{release_id} showed {leren} and {wonen}, not {stamps[release_id]}"
            reads[release_id] += 1
            ready.set()
            if stop.is_set() or problem:
                break
    except Exception as error:  # noqa: BLE001 - whatever a reader meets is what the test is about
        problem = repr(error)
    ready.set()
    answers.put((client, dict(reads), problem))


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Environment, dict[str, float]]:
    """An environment with 200 whole releases, each with its own number in every figure; the numbers by id.

    One is built and the others are made from it, because building takes a second.
    """
    environment = make_environment(tmp_path_factory.mktemp("readers") / "sample")
    make_warehouse(environment)
    descriptions = read_descriptions(write_manifest(environment))
    first = build_release(environment, FINGERPRINT, [CHECK], descriptions)
    stamps = {_stamped_copy(first, number): float(number) for number in range(FLIPS)}
    rollback(environment, next(iter(stamps)))
    return environment, stamps


def _stamped_copy(release: Release, number: int) -> str:
    made = release.created_at + timedelta(seconds=number + 1)
    release_id = f"{made:%Y%m%dT%H%M%SZ}-{number:08d}"
    folder = release.path.with_name(release_id)
    shutil.copytree(release.path, folder, copy_function=os.link)
    for name in ("monitor.duckdb", "release.json", "SHA256SUMS"):
        (folder / name).unlink()
    shutil.copy(release.path / "monitor.duckdb", folder)
    with closing(duckdb.connect(str(folder / "monitor.duckdb"))) as connection:
        connection.execute(f"UPDATE meta.release SET release_id = '{release_id}'")
        for line in ("leren", "wonen"):
            connection.execute(f"UPDATE {line}.indicator_values SET value = {number}")
        for table in ("meta.release", "leren.indicator_values", "wonen.indicator_values"):
            path = folder / "parquet" / f"{table.replace('.', '/')}.parquet"
            path.unlink()
            connection.execute(f"COPY {table} TO '{path}' (FORMAT parquet)")
    content = json.loads((release.path / "release.json").read_text()) | {"id": release_id}
    (folder / "release.json").write_text(json.dumps(content))
    write_checksums(folder)
    return release_id


def test_eight_readers_never_see_two_releases(
    stamped: tuple[Environment, dict[str, float]], capsys: pytest.CaptureFixture[str]
) -> None:
    environment, stamps = stamped
    context = mp.get_context("spawn")
    stop, answers = context.Event(), context.Queue()
    started = [context.Event() for _ in READERS]
    readers = [
        context.Process(target=read_until, args=(client, environment.current, stamps, stop, ready, answers))
        for client, ready in zip(READERS, started, strict=True)
    ]
    for reader in readers:
        reader.start()
    assert all(ready.wait(60) for ready in started)
    for release_id in stamps:
        rollback(environment, release_id)
        time.sleep(BETWEEN_FLIPS)
    stop.set()
    results = [answers.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(60)
    assert [problem for _, _, problem in results if problem] == []
    told = [f"{client}: {sum(reads.values())} reads of {len(reads)} releases" for client, reads, _ in results]
    with capsys.disabled():
        print("", *sorted(told), sep="\n")
    # A new connection sees the new release: each reader came along, and together they saw many of the 200.
    assert all(len(reads) > 10 for _, reads, _ in results), told
    assert len({release_id for _, reads, _ in results for release_id in reads}) > FLIPS / 4
