"""A Redis for the tests of what works with it: one server for all, a prefix of their own for each."""

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.support.clock import ManualClock
from tests.support.redis import RedisServer, redis_program, redis_server

from millrace.logs.redis_address import RedisAddress
from millrace.logs.redis_open import RedisParts, opened_redis
from millrace.logs.redis_times import RedisTimes

_prefixes = (f"unit{number}" for number in itertools.count())
TIMES = RedisTimes(lease_s=0.4, outage_s=0.6)


@pytest.fixture(scope="package")
def redis() -> Iterator[RedisServer]:
    if redis_program() is None:
        pytest.skip("no Redis server is installed")
    with redis_server() as server:
        yield server


@pytest.fixture
def prefix() -> str:
    return next(_prefixes)


@pytest.fixture
async def parts(redis: RedisServer, prefix: str) -> AsyncIterator[RedisParts]:
    """A process."""
    address = RedisAddress.parse(redis.url)
    async with opened_redis(address, ManualClock(), "one", prefix=prefix, times=TIMES) as parts:
        yield parts


@pytest.fixture
async def other(redis: RedisServer, prefix: str, parts: RedisParts) -> AsyncIterator[RedisParts]:
    """Another process on the same Redis."""
    address = RedisAddress.parse(redis.url)
    async with opened_redis(address, ManualClock(), "two", prefix=prefix, times=TIMES) as other:
        yield other
