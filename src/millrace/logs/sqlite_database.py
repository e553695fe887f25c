"""The SQLite file of logs and registry: its schema, its two connections and their threads.

One connection writes, in one thread, so that the event loop never waits for a disk; another reads. SQLite's
write-ahead log survives the death of the process at any moment (`synchronous=NORMAL`); only a power cut can
lose the last moments.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from millrace.model.errors import LogUnavailable, StreamError
from millrace.sqlite import use_wal

T = TypeVar("T")

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE turns (
    id INTEGER PRIMARY KEY,
    turn_id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    request_id TEXT,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    fence INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    pruned INTEGER NOT NULL DEFAULT 0,
    first_batch INTEGER,
    turn TEXT NOT NULL
) STRICT;
CREATE INDEX turns_active ON turns (session_id, id) WHERE state IN ('queued', 'running');
CREATE INDEX turns_unfinished ON turns (id) WHERE state IN ('queued', 'running');
CREATE UNIQUE INDEX turns_request ON turns (user_id, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX turns_ended ON turns (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
) STRICT;
CREATE TABLE archives (
    turn INTEGER PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE,
    entries BLOB NOT NULL
) STRICT;
"""
_LOCK_TIMEOUT_S = 5.0
_PRAGMAS = (
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA journal_size_limit=67108864",
)


class LogDatabase:
    """Runs functions on the file's connections, each in its own thread, in the order of the calls."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="millrace-log-writer")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="millrace-log-reader")
        self._write_connection: sqlite3.Connection | None = None
        self._read_connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open the file, make or check its schema.

        Raises:
            StreamError: It cannot be opened, or is from a newer Millrace.
        """
        loop = asyncio.get_running_loop()
        try:
            self._write_connection = await loop.run_in_executor(self._writer, self._connect)
            await self.write(_migrate)
            self._read_connection = await loop.run_in_executor(self._reader, self._connect)
        except sqlite3.Error as error:
            raise StreamError(
                f"The log file {self.path.name} could not be opened. Check that its folder is writable.",
                detail=str(error),
            ) from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        use_wal(connection.execute, _LOCK_TIMEOUT_S)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    def write(self, work: Callable[[sqlite3.Connection], T]) -> "asyncio.Future[T]":
        """Run `work` as one transaction of the writing connection; its errors are SQLite's own."""
        connection = _opened(self._write_connection)
        return asyncio.get_running_loop().run_in_executor(self._writer, _transact, connection, work)

    async def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` as one transaction.

        Raises:
            StreamError: The storage failed; nothing was changed.
        """
        try:
            return await self.write(work)
        except sqlite3.Error as error:
            raise storage_failure(error) from error

    async def query(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the reading connection.

        Raises:
            StreamError: The storage failed.
        """
        connection = _opened(self._read_connection)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reader, work, connection)
        except sqlite3.Error as error:
            raise storage_failure(error) from error

    async def close(self) -> None:
        """Finish what was asked and close the file."""
        loop = asyncio.get_running_loop()
        for connection, executor in (
            (self._read_connection, self._reader),
            (self._write_connection, self._writer),
        ):
            if connection is not None:
                await loop.run_in_executor(executor, connection.close)
            executor.shutdown(wait=False)
        self._read_connection = self._write_connection = None


def storage_failure(error: BaseException) -> StreamError:
    """What to tell people when SQLite failed."""
    if isinstance(error, StreamError):
        return error
    if "full" in str(error):
        message = "The server's disk is full, so the answer cannot be kept. Tell its operator."
        return LogUnavailable(message, retry_after=30, detail=repr(error))
    message = "The server could not store the answer. Try again in a moment."
    return LogUnavailable(message, retry_after=5, detail=repr(error))


def _opened(connection: sqlite3.Connection | None) -> sqlite3.Connection:
    if connection is None:
        raise StreamError("The server is shutting down. Try again in a few seconds.", detail="log database is closed")
    return connection


def _transact(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        # SQLite itself rolls back for some errors, a full disk among them.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _SCHEMA_VERSION:
        raise StreamError(
            "The log file was written by a newer Millrace. Update Millrace, or use another data folder.",
            detail=f"schema {version}",
        )
    if version == 0:
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
