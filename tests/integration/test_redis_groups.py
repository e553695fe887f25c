"""Redis with a Sentinel that replaces a dead master; and who counts as a watcher where several processes share it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from tests.support.redis import redis_program, redis_server, sentinel_group
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider
from tests.support.turns import Sink, Turns, completed, started

from millrace.engine import attendance
from millrace.engine.engine import Engine
from millrace.engine.options import EngineOptions
from millrace.logs.redis_address import RedisAddress
from millrace.logs.redis_open import RedisParts, opened_redis
from millrace.logs.redis_times import RedisTimes
from millrace.model.commands import StartTurn
from millrace.model.errors import LogUnavailable
from millrace.model.events import Entry, TextDelta, TurnCancelled
from millrace.model.messages import User
from millrace.model.principal import Principal
from millrace.ops.clock import SystemClock
from millrace.stores.sql import SqlStore

pytestmark = pytest.mark.skipif(redis_program() is None, reason="no Redis server is installed")
ANA = Principal("ana", "guest")
LIMIT_S = 30.0


async def test_a_turn_goes_on_with_the_master_that_the_sentinels_choose() -> None:
    with sentinel_group("chat") as (url, master):
        address, times = RedisAddress.parse(url), RedisTimes(lease_s=LIMIT_S, outage_s=LIMIT_S)
        async with AsyncExitStack() as stack:
            here, there = [
                await stack.enter_async_context(opened_redis(address, SystemClock(), owner, times=times))
                for owner in ("one", "two")
            ]
            turn = Turns(here.log.clock).new(request_id="once")
            writer = await here.log.open((await here.registry.admit(turn, queue_limit=0)).record.lease)
            writer.append(started(turn))
            await writer.flush()
            local, remote = Sink(), Sink()
            await here.log.follow(turn.id, -1, local)
            await there.log.follow(turn.id, -1, remote)
            await remote.until(1)
            master.command("WAIT", "1", "1000")  # else what was admitted might be unknown to the new master
            master.stop()
            for index in range(200):
                writer.append(TextDelta(index, f"{index} "))
            async with asyncio.timeout(LIMIT_S):
                await writer.seal(completed())
                while len(remote.entries) < 202:
                    await asyncio.sleep(0.01)
            assert [entry.seq for entry in local.entries] == list(range(202))
            assert remote.entries == local.entries
            assert await read(there, turn.id) == local.entries
            assert await there.registry.requested(turn.user_id, "once") is not None


async def read(parts: RedisParts, turn_id: str) -> list[Entry]:
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                return list(await parts.log.read(turn_id))
            except LogUnavailable:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def process(owner: str, url: str, store: SqlStore, provider: ScriptedProvider) -> AsyncIterator[Engine]:
    """What matters of a server here: its engine, on the Redis of all."""
    clock = SystemClock()
    async with opened_redis(RedisAddress.parse(url), clock, owner) as parts:
        engine = Engine(
            log=parts.log,
            registry=parts.registry,
            store=store,
            models=ScriptedDirectory(provider),
            clock=clock,
            options=EngineOptions(on_disconnect="cancel", disconnect_grace_s=0.6, linger_s=0.1),
        )
        await engine.open()
        try:
            yield engine
        finally:
            await engine.close()


async def test_who_watches_through_another_process_is_a_watcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "_AGAIN_S", 0.2)
    provider = ScriptedProvider()
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_server())
        store = await SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}")
        stack.push_async_callback(store.close)
        await store.create_user(User(ANA.user_id, "guest", "Ana", 0))
        writes, serves = [
            await stack.enter_async_context(process(owner, redis.url, store, provider)) for owner in ("one", "two")
        ]
        turn = await writes.start(StartTurn(message="Hi"), ANA)
        asking, watching = await writes.attach(turn), await serves.attach(turn)
        call = await provider.next_call()
        asking.close()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(call.closed.wait(), 1.0)
        second = await serves.attach(turn)
        watching.close()
        asking = await writes.attach(turn)
        second.close()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(call.closed.wait(), 1.0)
        asking.close()
        async with asyncio.timeout(LIMIT_S):
            await call.closed.wait()
        end = (await writes.entries(turn.id, ANA))[-1].event
        assert isinstance(end, TurnCancelled)
        assert end.cancelled_by == "disconnect"
