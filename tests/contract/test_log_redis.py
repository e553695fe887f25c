"""The log and registry in Redis keep the contract, on one server and in a cluster."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from tests.contract.log_contract import (
    Backend,
    BackendFixture,
    DurableLogContract,
    ManualClock,
    RegistryContract,
    turns,
)
from tests.support.redis import RedisServer, redis_program, redis_server
from tests.support.turns import Sink, Turns, started

from millrace.logs.redis_address import RedisAddress
from millrace.logs.redis_open import RedisParts, opened_redis

__all__ = ["turns"]

pytestmark = pytest.mark.skipif(redis_program() is None, reason="no Redis server is installed")
prefixes = (f"test{number}" for number in itertools.count())


@pytest.fixture(scope="module", params=[False, True], ids=["server", "cluster"])
def server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    with redis_server(cluster=request.param) as server:
        yield server


@pytest.fixture
async def backend(server: RedisServer) -> BackendFixture:
    clock, prefix = ManualClock(), next(prefixes)
    async with AsyncExitStack() as stack:
        count = itertools.count()

        async def process() -> RedisParts:
            opened = opened_redis(RedisAddress.parse(server.url), clock, f"process {next(count)}", prefix=prefix)
            return await stack.enter_async_context(opened)

        async def reopen() -> Backend:
            """Another process, once the leases of the one before are over."""
            parts = await process()
            key = f"{parts.names.registry}:leases"
            turns: list[bytes] = await parts.link.command("ZRANGE", key, 0, -1)
            for turn in turns:
                await parts.link.command("ZADD", key, 0, turn)
            return Backend(parts.log, parts.registry, clock)

        first = await process()
        yield Backend(first.log, first.registry, clock, reopen)


class TestRedisLog(DurableLogContract):
    async def test_who_follows_in_another_process_is_known(self, backend: Backend, turns: Turns) -> None:
        assert backend.reopen is not None
        other, turn = await backend.reopen(), turns.new()
        writer = await backend.log.open(await self.admitted(backend, turn))
        writer.append(started(turn))
        await writer.flush()
        await backend.log.follow(turn.id, -1, Sink())
        assert not await backend.log.followed_elsewhere(turn.id)
        following = await other.log.follow(turn.id, -1, Sink())
        assert await backend.log.followed_elsewhere(turn.id)
        following.close()
        async with asyncio.timeout(5):
            while await backend.log.followed_elsewhere(turn.id):
                await asyncio.sleep(0.01)


class TestRedisRegistry(RegistryContract):
    pass
