"""A log in Redis stays while its turn is not over for the registry, and fades then."""

import asyncio

from tests.support.redis import RedisServer
from tests.support.turns import Turns, completed, started

from millrace.logs.redis_lifetimes import RedisLifetimes
from millrace.logs.redis_open import RedisParts
from millrace.logs.redis_times import RedisTimes
from millrace.model.events import TurnFailed
from millrace.model.messages import Turn
from millrace.model.turns import Lease


def left_s(parts: RedisParts, redis: RedisServer, turn: Turn) -> set[int]:
    """In how many seconds what there is of a turn's log ends, about."""
    names = (parts.names.head(turn.id), parts.names.log(turn.id))
    return {round(int(redis.command("PTTL", name)[1:]) / 10_000) * 10 for name in names}


async def sealed(parts: RedisParts, turn: Turn, *, fails: bool = False) -> Lease:
    lease = (await parts.registry.admit(turn, queue_limit=0)).record.lease
    writer = await parts.log.open(lease)
    writer.append(started(turn))
    await writer.seal(TurnFailed("STREAM_ERROR", "No.", True, "", 1) if fails else completed())
    return lease


async def test_a_log_fades_once_its_turn_is_released(parts: RedisParts, redis: RedisServer) -> None:
    turns = Turns(parts.log.clock)
    unstored, done, failed = turns.new("a"), turns.new("b"), turns.new("c")
    leases = [await sealed(parts, turn, fails=turn is failed) for turn in (unstored, done, failed)]
    assert [left_s(parts, redis, turn) for turn in (unstored, done, failed)] == [{300}, {300}, {300}]
    await parts.registry.release(leases[1], "completed")
    await parts.registry.release(leases[2], "failed")
    assert [left_s(parts, redis, turn) for turn in (unstored, done, failed)] == [{300}, {30}, {60}]


async def test_only_the_owner_lets_a_log_fade(parts: RedisParts, other: RedisParts, redis: RedisServer) -> None:
    turn = Turns(parts.log.clock).new()
    lease = await sealed(parts, turn)
    await parts.registry.abandon(lease)
    assert await other.registry.take_over(turn.id) is not None
    await parts.registry.release(lease, "completed")
    assert left_s(parts, redis, turn) == {300}


async def test_what_is_kept_is_kept_for_longer(parts: RedisParts, redis: RedisServer) -> None:
    turns = Turns(parts.log.clock)
    kept, gone = turns.new("a"), turns.new("b")
    for turn in (kept, gone):
        await sealed(parts, turn)
    lifetimes = RedisLifetimes(parts.link, parts.names, RedisTimes(running_s=0.5, lease_s=0.1))
    lifetimes.start()
    try:
        lifetimes.keep(kept.id)
        lifetimes.keep(gone.id)
        lifetimes.let_go(gone.id)
        async with asyncio.timeout(10):
            while left_s(parts, redis, kept) != {0}:
                await asyncio.sleep(0.02)
        assert left_s(parts, redis, gone) == {300}
    finally:
        await lifetimes.close()
