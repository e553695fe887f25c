"""The registry in Redis, beyond the contract: two processes, and what got lost between them."""

import asyncio

import pytest
from tests.support.redis import RedisServer
from tests.support.turns import Turns

from millrace.logs.redis_open import RedisParts
from millrace.model.errors import LogUnavailable
from millrace.model.turns import Signal


@pytest.fixture
def turns(parts: RedisParts) -> Turns:
    return Turns(parts.log.clock)


async def heard(parts: RedisParts) -> "asyncio.Queue[Signal]":
    queue: asyncio.Queue[Signal] = asyncio.Queue()
    await parts.registry.listen(queue.put_nowait)
    return queue


async def next_of(queue: "asyncio.Queue[Signal]") -> Signal:
    async with asyncio.timeout(5):
        return await queue.get()


async def test_signals_go_to_the_process_that_owns_the_turn(parts: RedisParts, other: RedisParts, turns: Turns) -> None:
    here, there = await heard(parts), await heard(other)
    turn, waiting = turns.new(), turns.new()
    lease = (await parts.registry.admit(turn, queue_limit=5)).record.lease
    assert (await other.registry.admit(waiting, queue_limit=5)).outcome == "queued"
    await other.registry.signal(Signal(turn.id, "cancel", "operator"))
    assert await next_of(here) == Signal(turn.id, "cancel", "operator")
    await parts.registry.release(lease, "cancelled")
    assert await next_of(there) == Signal(waiting.id, "start")
    assert here.empty()
    assert there.empty()


async def test_a_word_that_nobody_heard_is_given_with_the_renewal(
    parts: RedisParts, other: RedisParts, turns: Turns, redis: RedisServer
) -> None:
    here = await heard(parts)
    first, second = turns.new(), turns.new()
    ahead = (await other.registry.admit(first, queue_limit=5)).record.lease
    lease = (await parts.registry.admit(second, queue_limit=5)).record.lease
    redis.command("CLIENT", "KILL", "TYPE", "pubsub")
    await other.registry.release(ahead, "completed")
    await other.registry.signal(Signal(second.id, "cancel", "user"))
    assert list(await parts.registry.renew([lease])) == []
    assert await next_of(here) == Signal(second.id, "start")
    assert await next_of(here) == Signal(second.id, "cancel", "user")


async def test_a_lease_is_kept_by_renewing_it(parts: RedisParts, other: RedisParts, turns: Turns) -> None:
    kept, left = turns.new("a"), turns.new("b")
    leases = [(await parts.registry.admit(turn, queue_limit=0)).record.lease for turn in (kept, left)]
    for _ in range(4):
        await asyncio.sleep(0.15)  # of a lease of 0.4 s
        assert list(await parts.registry.renew(leases[:1])) == []
    assert [orphan.turn for orphan in await other.registry.orphans()] == [left]
    assert await other.registry.take_over(kept.id) is None
    taken = await other.registry.take_over(left.id)
    assert taken is not None
    assert list(await parts.registry.renew(leases)) == leases[1:], "another process holds it now"
    await parts.registry.release(leases[1], "failed")
    found = await parts.registry.find(left.id)
    assert found is not None
    assert (found.state, found.lease) == ("running", taken)


async def test_whoever_gives_a_turn_up_tells_all(parts: RedisParts, other: RedisParts, turns: Turns) -> None:
    there = await heard(other)
    turn = turns.new()
    await parts.registry.abandon((await parts.registry.admit(turn, queue_limit=0)).record.lease)
    assert await next_of(there) == Signal(turn.id, "adopt")
    assert await other.registry.take_over(turn.id) is not None


async def test_no_words_of_an_ended_turn_are_kept(parts: RedisParts, turns: Turns, redis: RedisServer) -> None:
    turn, nameless = turns.new("a", request_id="r"), turns.new("b")
    for each in (turn, nameless):
        lease = (await parts.registry.admit(each, queue_limit=0)).record.lease
        await parts.registry.release(lease, "completed")
    found = await parts.registry.requested("u", "r")
    assert found is not None
    assert (found.turn.id, found.turn.message_id, found.turn.command.message) == (turn.id, turn.message_id, "")
    hours = [int(redis.command("PTTL", parts.names.record(each.id))[1:]) / 3_600_000 for each in (turn, nameless)]
    assert 23.9 < hours[0] <= 24
    assert hours[1] < 0.1


async def test_after_an_outage_owners_may_renew_before_others_look(
    parts: RedisParts, turns: Turns, redis: RedisServer
) -> None:
    turn = turns.new()
    lease = (await parts.registry.admit(turn, queue_limit=0)).record.lease
    redis.pause()
    try:
        with pytest.raises(LogUnavailable):
            await parts.registry.renew([lease])
    finally:
        redis.go_on()
    assert list(await parts.registry.renew([])) == []
    assert list(await parts.registry.orphans()) == []


async def test_a_turn_whose_record_is_gone_starts_and_finds_out(
    parts: RedisParts, turns: Turns, redis: RedisServer
) -> None:
    """It would wait for ever for its place in a line that is no more."""
    here = await heard(parts)
    leases = [(await parts.registry.admit(turns.new(), queue_limit=5)).record.lease for _ in range(2)]
    redis.command("FLUSHALL")
    assert list(await parts.registry.renew(leases)) == []
    assert await next_of(here) == Signal(leases[1].turn_id, "start")
    assert here.empty()
