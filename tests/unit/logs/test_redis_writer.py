"""The writer of a log in Redis, with a sender that only notes."""

import asyncio

import pytest
from tests.support.clock import ManualClock
from tests.support.turns import completed

from millrace.logs import redis_writer
from millrace.logs.redis_writer import RedisWriter
from millrace.model.errors import LeaseLost, LogUnavailable, StreamError
from millrace.model.events import Entry, TextDelta
from millrace.model.turns import Lease
from millrace.ports import Clock


class Notes:
    """A sender."""

    def __init__(self) -> None:
        self.clock: Clock = ManualClock()
        self.counts: list[int] = []
        self.last: list[int] = []
        self.waiters: list[asyncio.Future[None]] = []

    def enqueue(self, writer: RedisWriter, count: int) -> None:
        self.counts.append(count)

    def enqueue_last(self, writer: RedisWriter, count: int) -> None:
        self.last.append(count)

    def settled(self) -> asyncio.Future[None]:
        self.waiters.append(asyncio.get_running_loop().create_future())
        return self.waiters[-1]


def writer_of(notes: Notes, entries: int = 0) -> RedisWriter:
    return RedisWriter(notes, Lease("t", "one", 1), [Entry(seq, 0, TextDelta(seq, "x")) for seq in range(entries)])


def test_appending_numbers_on_and_never_waits() -> None:
    notes = Notes()
    writer = writer_of(notes, 3)
    assert writer.append(TextDelta(3, "a"), TextDelta(4, "b")) == 4
    assert (writer.next_seq, writer.accepted, notes.counts) == (5, 3, [2])


def test_a_failed_writer_takes_nothing() -> None:
    writer = writer_of(Notes())
    writer.failure = LeaseLost()
    with pytest.raises(LeaseLost):
        writer.append(TextDelta(0, "a"))
    assert writer.next_seq == 0


async def test_the_end_is_taken_where_redis_was_out_of_reach_and_not_where_the_lease_is_lost() -> None:
    notes = Notes()
    writer = writer_of(notes)
    writer.failure = LogUnavailable()
    with pytest.raises(LogUnavailable):
        await writer.seal(completed())
    assert (writer.next_seq, notes.last, writer.sealed) == (1, [1], True)
    dead = writer_of(notes)
    dead.failure, dead.dead = LeaseLost(), True
    with pytest.raises(LeaseLost):
        await dead.seal(completed())
    assert (dead.next_seq, notes.last) == (0, [1])


async def test_a_log_that_is_too_long_takes_its_end_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_writer, "MAX_BYTES", 10)
    notes = Notes()
    writer = writer_of(notes)
    writer.size = 11
    with pytest.raises(StreamError, match="too long"):
        writer.append(TextDelta(0, "a"))
    sealing = asyncio.create_task(writer.seal(completed()))
    await asyncio.sleep(0)
    writer.accepted = 1
    notes.waiters[0].set_result(None)
    assert await sealing == 0
