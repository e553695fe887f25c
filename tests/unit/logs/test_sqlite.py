"""The SQLite log beyond its contract: batching, failing storage, a file from the future."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from millrace.logs.sqlite import SqliteLog
from millrace.logs.sqlite_database import LogDatabase
from millrace.logs.sqlite_registry import SqliteRegistry
from millrace.model.commands import StartTurn
from millrace.model.errors import StreamError
from millrace.model.events import Entry, TextDelta, TurnCancelled, TurnFailed, TurnStarted, Usage
from millrace.model.messages import Turn
from millrace.ops.clock import SystemClock

START = TurnStarted("t", "s", "m", "u", "p/m")


class Parts:
    def __init__(self, database: LogDatabase) -> None:
        self.database = database
        self.registry = SqliteRegistry(database, SystemClock(), "me")
        self.log = SqliteLog(database, SystemClock())

    async def writer(self, turn_id: str = "t"):  # type: ignore[no-untyped-def]  # test shorthand
        turn = Turn(
            id=turn_id,
            session_id=turn_id,
            user_id="u",
            user_message_id="q",
            message_id="m",
            command=StartTurn(message="Hi"),
            model="p/m",
            created_at=0,
        )
        return await self.log.open((await self.registry.admit(turn, queue_limit=0)).record.lease)


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    database = LogDatabase(tmp_path / "log.db")
    await database.open()
    yield Parts(database)
    await database.close()


async def test_what_is_appended_together_is_committed_together(parts: Parts) -> None:
    writers = [await parts.writer(f"t{i}") for i in range(50)]
    batches: list[int] = []
    for i in range(50):
        await parts.log.follow(f"t{i}", -1, lambda entries: batches.append(len(entries)))
    for writer in writers:
        writer.append(START)
        for index in range(9):
            writer.append(TextDelta(index, "x"))
    await asyncio.gather(*(writer.flush() for writer in writers))
    assert batches == [10] * 50, "one delivery per turn: all came with one commit"


async def test_a_storage_that_fails_is_told_and_leaves_no_gap(parts: Parts) -> None:
    writer, other = await parts.writer("t"), await parts.writer("other")
    got: list[Entry] = []
    await parts.log.follow("t", -1, got.extend)
    writer.append(START)
    await writer.flush()

    def limit(connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    await parts.database.transact(limit)

    async def write_on() -> None:
        for index in range(2000):
            writer.append(TextDelta(index, "x" * 5000))
            await writer.flush()

    with pytest.raises(StreamError, match="disk is full") as failure:
        await write_on()
    assert failure.value.retry_after == 30
    with pytest.raises(StreamError):
        writer.append(TextDelta(2000, "after"))
    with pytest.raises(StreamError, match="disk is full"):
        parts.log.check()
    with pytest.raises(StreamError, match="disk is full"):
        await writer.seal(TurnFailed("STREAM_ERROR", "full", recoverable=True, digest=""))
    stored = await parts.log.read("t")
    assert list(stored) == got, "followers saw what is stored and nothing else"
    assert [entry.seq for entry in stored] == list(range(len(stored)))
    await parts.database.transact(lambda connection: connection.execute("PRAGMA max_page_count=1000000"))
    other.append(START)
    await asyncio.wait_for(other.flush(), 5)
    await asyncio.wait_for(writer.delivered(), 5)
    parts.log.check()
    stored = await parts.log.read("t")
    assert [entry.seq for entry in stored] == list(range(writer.next_seq)), "what had waited, and the end, came later"
    assert isinstance(stored[-1].event, TurnFailed)
    assert list(stored) == got


async def test_a_log_that_is_closed_while_its_file_takes_nothing_hangs_nobody(parts: Parts) -> None:
    writer = await parts.writer()
    await parts.database.transact(lambda connection: connection.execute("PRAGMA query_only=1"))
    writer.append(START)
    with pytest.raises(StreamError):
        await asyncio.wait_for(writer.flush(), 5)
    await asyncio.wait_for(parts.log.close(), 5)


async def test_a_closed_log_refuses_and_hangs_nobody(parts: Parts) -> None:
    writer = await parts.writer()
    writer.append(START)
    await parts.log.close()
    assert writer.accepted == 1
    await parts.database.close()
    writer.append(TextDelta(0, "x"))
    with pytest.raises(StreamError):
        await asyncio.wait_for(writer.flush(), 2)


async def test_a_file_from_a_newer_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    database = LogDatabase(tmp_path / "log.db")
    with pytest.raises(StreamError, match="newer Millrace"):
        await database.open()
    await database.close()


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    database = LogDatabase(tmp_path / "missing" / "log.db")
    with pytest.raises(StreamError, match=r"log\.db could not be opened"):
        await database.open()
    await database.close()


async def test_batches_are_kept_while_a_turn_needs_them_and_no_longer(parts: Parts) -> None:
    def batches(connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT count(*) FROM batches").fetchone()[0])

    def archives(connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT count(*) FROM archives").fetchone()[0])

    writer, other = await parts.writer("t"), await parts.writer("other")
    for each in (writer, other):
        each.append(START)
        await each.flush()
    await writer.seal(TurnCancelled("user", "", 0, Usage()))
    await parts.registry.release(writer.lease, "cancelled")
    await parts.log.prune(0)
    assert await parts.database.query(batches) == 3, "one turn is not over yet"
    assert [entry.seq for entry in await parts.log.read("t")] == [0, 1], "read from the archive"
    assert [entry.seq for entry in await parts.log.read("other")] == [0], "read from the journal"
    await other.seal(TurnCancelled("user", "", 0, Usage()))
    await parts.registry.release(other.lease, "cancelled")
    await parts.log.prune(0)
    assert (await parts.database.query(batches), await parts.database.query(archives)) == (0, 2)
    assert [entry.seq for entry in await parts.log.read("other")] == [0, 1]
    late = await parts.writer("late")
    late.append(START)
    await late.flush()
    assert [entry.seq for entry in await parts.log.read("late")] == [0]
