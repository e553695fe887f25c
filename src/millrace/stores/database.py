"""Where the store's transactions run: SQLite in threads of its own, PostgreSQL on the event loop.

A transaction is a plain function of a connection. SQLite gets it as one piece of work on a thread, because
going back and forth between threads for each statement costs three times the statements themselves (figures in
`docs/decisions/0005-store.md`). SQLite has one writer at a time; here that is one thread with one queue, so that
writers never meet a lock of their own making, and readers have threads beside it.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import URL, Connection, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from millrace.model.errors import StoreUnavailable
from millrace.sqlite import use_wal
from millrace.stores.errors import UnsupportedDatabase, translated

T = TypeVar("T")
Work = Callable[[Connection], T]

READERS = 3
"""Threads that read SQLite: enough that a long search does not hold up the reading of a conversation."""


class Database(Protocol):
    """Runs transactions. Whatever fails inside is raised as a `MillraceError`."""

    dialect: str
    """`sqlite` or `postgresql`."""

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which changes nothing; it may run beside anything else."""

    async def write(self, work: Work[T]) -> T:
        """Run `work` as one transaction: all of it or, where it raises, nothing."""

    async def migrate(self, work: Work[T]) -> T:
        """Like `write`, for what may take any time: changes of the tables, and waiting for who is at it already."""

    async def close(self) -> None:
        """Finish what runs and release the connections. Closing twice does nothing."""


def open_database(url: str, *, lock_timeout: float = 5.0) -> Database:
    """Prepare the database that `url` names; nothing connects before the first transaction.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user:password@host:port/name`.
        lock_timeout: Seconds to wait for another process's lock (SQLite) or for a connection (PostgreSQL, where twice
            as much is the longest that a statement may take).

    Raises:
        UnsupportedDatabase: Another kind of database, or none at all.
        StoreUnavailable: The folder or file cannot be created.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UnsupportedDatabase from error  # the URL may hold a password, so it is named nowhere
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return SqliteDatabase(Path(parsed.database), lock_timeout)
        case "postgresql" | "postgres":
            # SQLAlchemy's asynchronous half and its mapper, a third of its import, serve PostgreSQL alone.
            from millrace.stores.postgres import PostgresDatabase  # noqa: PLC0415

            return PostgresDatabase(parsed.set(drivername="postgresql+asyncpg"), lock_timeout)
        case _:
            raise UnsupportedDatabase


class SqliteDatabase:
    """One file, one writing thread, some reading threads."""

    dialect = "sqlite"

    def __init__(self, path: Path, lock_timeout: float) -> None:
        with translated():
            _create_private(path)
        self._engine = create_engine(
            URL.create("sqlite+pysqlite", database=str(path)),
            # Pooled connections serve one thread at a time, though not always the same one.
            # No isolation level: the driver begins no transaction by itself.
            connect_args={"check_same_thread": False, "isolation_level": None, "timeout": lock_timeout},
            pool_size=READERS + 1,
            pool_timeout=lock_timeout,
            hide_parameters=True,
        )
        event.listen(self._engine, "connect", _preparer(lock_timeout))
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="millrace-store-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="millrace-store-reader")
        self._closed = False

    async def read(self, work: Work[T]) -> T:
        """See `Database`."""
        return await self._run(self._readers, self._look, work)

    async def write(self, work: Work[T]) -> T:
        """See `Database`. It is done whole even where the caller stops waiting for it."""
        return await self._run(self._writer, self._transact, work)

    async def migrate(self, work: Work[T]) -> T:
        """See `Database`."""
        return await self.write(work)

    async def close(self) -> None:
        """See `Database`."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._shut_down)

    async def _run(self, threads: ThreadPoolExecutor, run: Callable[[Work[T]], T], work: Work[T]) -> T:
        if self._closed:
            raise StoreUnavailable(detail="the store is closed")
        return await asyncio.get_running_loop().run_in_executor(threads, run, work)

    def _look(self, work: Work[T]) -> T:
        with translated(), self._engine.connect() as connection:
            return work(connection)

    def _transact(self, work: Work[T]) -> T:
        with translated(), self._engine.begin() as connection:
            # The write lock comes first: one that has read already could not wait for it any more.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return work(connection)

    def _shut_down(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self._engine.dispose()


def _create_private(path: Path) -> None:
    """Create the file, and the folders above it, for this user alone; what exists keeps its permissions.

    SQLite gives its journal files the permissions of the database.
    """
    missing = []
    folder = path.absolute().parent
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _preparer(lock_timeout: float) -> Callable[[DBAPIConnection, ConnectionPoolEntry], None]:
    """What is done with each new connection."""

    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        try:
            use_wal(cursor.execute, lock_timeout)
            # NORMAL in WAL mode: a commit outlives the process's death at any moment; the machine's power loss may
            # take the last ones, but never breaks the file.
            cursor.execute("PRAGMA synchronous = NORMAL")
            cursor.execute("PRAGMA foreign_keys = ON")
        except sqlite3.DatabaseError:
            connection.close()
            raise
        cursor.close()

    return prepare
