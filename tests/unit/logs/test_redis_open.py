"""Opening what works with Redis."""

import pytest
from tests.support.clock import ManualClock
from tests.support.redis import RedisServer

from millrace.logs.redis_address import RedisAddress
from millrace.logs.redis_open import opened_redis
from millrace.model.errors import LogUnavailable


async def test_it_says_where_no_redis_answers() -> None:
    address = RedisAddress.parse("redis://:secret@127.0.0.1:1")
    with pytest.raises(LogUnavailable, match=r"does not answer at 127\.0\.0\.1:1") as caught:
        async with opened_redis(address, ManualClock(), "one"):
            pass
    assert "secret" not in f"{caught.value} {caught.value.detail}"


async def test_nothing_stays_connected(redis: RedisServer) -> None:
    before = redis.command("CLIENT", "LIST").count(b"addr=127")
    async with opened_redis(RedisAddress.parse(redis.url), ManualClock(), "one"):
        assert redis.command("CLIENT", "LIST").count(b"addr=127") > before
    while redis.command("CLIENT", "LIST").count(b"addr=127") > before:
        pass
