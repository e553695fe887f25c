"""Following what another process writes."""

import asyncio

from tests.support.redis import RedisServer
from tests.support.turns import Sink, Turns, completed, started

from millrace.logs.redis_open import RedisParts
from millrace.model.errors import MillraceError
from millrace.model.events import TextDelta
from millrace.model.messages import Turn
from millrace.ports import Writer


async def writing(parts: RedisParts, turn: Turn) -> Writer:
    admission = await parts.registry.admit(turn, queue_limit=0)
    writer = await parts.log.open(admission.record.lease)
    writer.append(started(turn))
    await writer.flush()
    return writer


async def test_another_processs_entries_are_heard(parts: RedisParts, other: RedisParts, redis: RedisServer) -> None:
    turn = Turns(parts.log.clock).new()
    writer = await writing(parts, turn)
    sinks = [Sink(), Sink()]
    for sink in sinks:
        await other.log.follow(turn.id, -1, sink)
        assert len(sink.entries) == 1, "what is there already is given at once"
    for index in range(300):
        writer.append(TextDelta(index, "x"))
        if index % 10 == 0:
            await asyncio.sleep(0.001)
    await writer.seal(completed())
    for sink in sinks:
        assert [entry.seq for entry in await sink.until(302)] == list(range(302))
    channel = other.names.turn_channel(turn.id)
    while f"{channel}\r\n:0" not in redis.command("PUBSUB", "NUMSUB", channel).decode():
        await asyncio.sleep(0.005)


async def test_what_was_not_heard_is_read(parts: RedisParts, other: RedisParts, redis: RedisServer) -> None:
    """Cut again and again in the middle of it all."""
    turn = Turns(parts.log.clock).new()
    writer = await writing(parts, turn)
    sink = Sink()
    await other.log.follow(turn.id, 0, sink)
    for index in range(200):
        writer.append(TextDelta(index, "x"))
        if index % 40 == 20:
            await writer.flush()
            redis.command("CLIENT", "KILL", "TYPE", "pubsub")
        await asyncio.sleep(0.001)
    await writer.seal(completed())
    assert [entry.seq for entry in await sink.until(201)] == list(range(1, 202))


async def test_a_last_message_that_got_lost_is_found(parts: RedisParts, other: RedisParts, redis: RedisServer) -> None:
    turn = Turns(parts.log.clock).new()
    await writing(parts, turn)
    sink = Sink()
    await other.log.follow(turn.id, -1, sink)
    entry = '[{"seq":1,"at":5,"event":{"type":"text-delta","index":0,"text":"quiet"}}]'
    redis.command("XADD", parts.names.log(turn.id), "2-0", "e", entry)
    redis.command("HSET", parts.names.head(turn.id), "next", "2")
    assert (await sink.until(2))[1].event == TextDelta(0, "quiet")


async def test_a_log_that_is_gone_is_told(parts: RedisParts, other: RedisParts, redis: RedisServer) -> None:
    turn = Turns(parts.log.clock).new()
    await writing(parts, turn)
    failures: list[MillraceError] = []
    await other.log.follow(turn.id, -1, Sink(), failures.append)
    redis.command("DEL", parts.names.head(turn.id), parts.names.log(turn.id))
    async with asyncio.timeout(5):
        while not failures:
            await asyncio.sleep(0.01)
    assert failures[0].code == "STREAM_ERROR"


async def test_a_turn_that_nobody_began_is_waited_for(parts: RedisParts, other: RedisParts) -> None:
    turn = Turns(parts.log.clock).new()
    lease = (await parts.registry.admit(turn, queue_limit=0)).record.lease
    failures: list[MillraceError] = []
    sink = Sink()
    await other.log.follow(turn.id, -1, sink, failures.append)
    await asyncio.sleep(1)  # two looks at what is silent
    (await parts.log.open(lease)).append(started(turn))
    await sink.until(1)
    assert failures == []
