"""The log in Redis, beyond the contract: what is sent, what happens when Redis is away, who may write."""

import asyncio

import pytest
from tests.support.redis import RedisServer
from tests.support.turns import Sink, Turns, completed, started

from millrace.logs.redis_open import RedisParts
from millrace.logs.redis_writer import RedisWriter
from millrace.model.errors import LeaseLost, LogUnavailable, MillraceError, StreamError
from millrace.model.events import Entry, TextDelta, TurnFailed
from millrace.model.messages import Turn


@pytest.fixture
def turns(parts: RedisParts) -> Turns:
    return Turns(parts.log.clock)


async def writing(parts: RedisParts, turn: Turn) -> RedisWriter:
    admission = await parts.registry.admit(turn, queue_limit=0)
    writer = await parts.log.open(admission.record.lease)
    writer.append(started(turn))
    await writer.flush()
    return writer


def calls(redis: RedisServer) -> int:
    """How many scripts Redis has run."""
    stats = redis.command("INFO", "commandstats").decode()
    line = next(line for line in stats.splitlines() if line.startswith("cmdstat_evalsha:"))
    return int(line.split("calls=")[1].split(",")[0])


async def test_a_tick_of_all_turns_is_one_call(parts: RedisParts, turns: Turns, redis: RedisServer) -> None:
    writers = [await writing(parts, turns.new(f"s{n}")) for n in range(50)]
    before = calls(redis)
    for index in range(10):
        for writer in writers:
            writer.append(TextDelta(index, "x"))
    await asyncio.gather(*(writer.flush() for writer in writers))
    assert calls(redis) - before == 1
    assert redis.command("XLEN", parts.names.log("t1")) == b":2\r\n", "one entry of the stream for the whole batch"


async def test_an_append_whose_answer_got_lost_is_not_doubled(parts: RedisParts, turns: Turns) -> None:
    turn = turns.new()
    writer = await writing(parts, turn)
    sink = Sink()
    await parts.log.follow(turn.id, -1, sink)
    writer.append(TextDelta(0, "once"))
    await writer.flush()
    writer.position = 1  # as if nobody had said that the second entry is there
    writer.append(TextDelta(1, "more"))
    await writer.flush()
    assert [entry.seq for entry in await parts.log.read(turn.id)] == [0, 1, 2]
    assert [entry.seq for entry in sink.entries] == [0, 1, 2]


async def test_what_a_new_master_does_not_know_is_brought_again(
    parts: RedisParts, turns: Turns, redis: RedisServer
) -> None:
    turn = turns.new()
    writer = await writing(parts, turn)
    for index in range(3):
        writer.append(TextDelta(index, str(index)))
        await writer.flush()
    before = list(await parts.log.read(turn.id))
    for following in ("4", "3"):
        redis.command("XDEL", parts.names.log(turn.id), f"{following}-0")
    redis.command("XSETID", parts.names.log(turn.id), "2-0")
    redis.command("HSET", parts.names.head(turn.id), "next", "2")
    writer.append(TextDelta(3, "3"))
    await writer.flush()
    async with asyncio.timeout(5):
        while len(after := await parts.log.read(turn.id)) < 5:
            await asyncio.sleep(0.01)
    assert list(after[:4]) == before, "nothing that was seen is taken back"


async def test_an_outage_is_bridged(parts: RedisParts, turns: Turns, redis: RedisServer) -> None:
    turn = turns.new()
    writer = await writing(parts, turn)
    redis.pause()
    for index in range(1000):
        writer.append(TextDelta(index, "x"))
    await asyncio.sleep(0.2)
    assert (writer.accepted, writer.failure) == (1, None)
    redis.go_on()
    await writer.seal(completed())
    assert len(await parts.log.read(turn.id)) == 1002


async def test_after_a_long_outage_writers_fail_and_their_end_comes_late(
    parts: RedisParts, turns: Turns, redis: RedisServer
) -> None:
    turn, silent = turns.new("a"), turns.new("b")
    writer, other = await writing(parts, turn), await writing(parts, silent)
    redis.pause()
    try:
        writer.append(TextDelta(0, "kept"))
        with pytest.raises(LogUnavailable):
            await writer.flush()
        with pytest.raises(LogUnavailable):
            writer.append(TextDelta(1, "refused"))
        with pytest.raises(LogUnavailable):
            other.append(TextDelta(0, "refused too"))
        with pytest.raises(LogUnavailable):
            await writer.seal(TurnFailed("STREAM_ERROR", "No.", True, "", 1))
    finally:
        redis.go_on()
    async with asyncio.timeout(10):
        while len(entries := await read(parts, turn)) < 3:
            await asyncio.sleep(0.02)
    assert [type(entry.event).__name__ for entry in entries] == ["TurnStarted", "TextDelta", "TurnFailed"]
    fresh = await writing(parts, turns.new("c"))
    assert fresh.append(TextDelta(0, "as before")) == 1


async def read(parts: RedisParts, turn: Turn) -> list[Entry]:
    """The entries, or none while Redis is away."""
    try:
        return list(await parts.log.read(turn.id))
    except LogUnavailable:
        return []


async def test_a_log_that_is_gone_takes_nothing(parts: RedisParts, turns: Turns, redis: RedisServer) -> None:
    turn = turns.new()
    writer = await writing(parts, turn)
    failures: list[MillraceError] = []
    await parts.log.follow(turn.id, -1, Sink(), failures.append)
    redis.command("FLUSHALL")
    writer.append(TextDelta(0, "x"))
    with pytest.raises(StreamError, match="lost"):
        await writer.flush()
    assert [failure.code for failure in failures] == ["STREAM_ERROR"]
    assert redis.command("EXISTS", parts.names.log(turn.id)) == b":0\r\n"


async def test_who_follows_a_writer_that_loses_its_lease_follows_its_successor(
    parts: RedisParts, other: RedisParts, turns: Turns
) -> None:
    turn = turns.new()
    writer = await writing(parts, turn)
    sink = Sink()
    await parts.log.follow(turn.id, -1, sink)
    await asyncio.sleep(0.45)  # longer than the lease
    lease = await other.registry.take_over(turn.id)
    assert lease is not None
    successor = await other.log.open(lease)
    writer.append(TextDelta(0, "stale"))
    with pytest.raises(LeaseLost):
        await writer.flush()
    successor.append(TextDelta(0, "good"))
    await successor.seal(completed())
    assert [entry.event for entry in await sink.until(3)][1] == TextDelta(0, "good")
