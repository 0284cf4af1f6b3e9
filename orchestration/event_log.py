"""Dagster's event log as the process writes it that executes a run: the files of its SQLite storage, kept open.

Belongs here: how events reach the disk. Does not belong here: which events there are, and the instance (`orchestration.instance`).

Dagster opens, migrates and closes a database for every event, three times for a check: half a minute for the 2,000 events
of a run, and more than a third of what a run costs. Here each file is opened once. What is written is the same, row for
row, and every event is still a transaction of its own, so the UI and a killed run's successor read it as ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

# Pages of the write-ahead log after which they go to the file itself. The UI follows a run by looking at that file, and at
# SQLite's own 1,000 pages it would lag some hundred events behind.
_CHECKPOINT_PAGES = 100


class KeptEventLog(SqliteEventLogStorage):
    """Dagster's SQLite event log with one connection per file, closed by `dispose`; for a process that executes a run.

    The webserver and the daemon keep Dagster's own: they read many runs, and would keep the files of all of them open.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> KeptEventLog:
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            engine = create_engine(
                self.conn_string_for_shard(shard), pool_size=1, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            )
            event.listen(engine, "connect", _tune)
            self._initdb(engine)
            self._engines[shard] = engine
        return self._engines[shard]

    def has_table(self, table_name: str) -> bool:
        # Asked with every event; a table that is there stays.
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _has_asset_key_index_cols_on_connection(self, conn: Connection) -> bool:
        # Asked with every event too; files that lack these columns are older than this project.
        return True

    def dispose(self) -> None:
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()


def _tune(connection: Any, _record: object) -> None:
    """The log is in WAL mode, in which NORMAL can't harm a file: a power cut takes the last events at most."""
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
