"""The SQLite log and registry keep the contract."""

from pathlib import Path

import pytest
from tests.contract.log_contract import (
    Backend,
    BackendFixture,
    DurableLogContract,
    ManualClock,
    RegistryContract,
    turns,
)

from millrace.logs.sqlite import SqliteLog
from millrace.logs.sqlite_database import LogDatabase
from millrace.logs.sqlite_registry import SqliteRegistry

__all__ = ["turns"]


@pytest.fixture
async def backend(tmp_path: Path) -> BackendFixture:
    clock = ManualClock()
    databases: list[LogDatabase] = []

    async def process() -> Backend:
        """A process with the same file; the one before it is not closed, as if it had been killed."""
        database = LogDatabase(tmp_path / "log.db")
        await database.open()
        databases.append(database)
        registry = SqliteRegistry(database, clock, owner=f"process {len(databases)}")
        return Backend(SqliteLog(database, clock), registry, clock, process)

    yield await process()
    for database in databases:
        await database.close()


class TestSqliteLog(DurableLogContract):
    pass


class TestSqliteRegistry(RegistryContract):
    pass
