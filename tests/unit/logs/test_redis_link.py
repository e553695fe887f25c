"""The connections to Redis."""

import pytest
from tests.support.redis import RedisServer

from millrace.logs.redis_address import RedisAddress
from millrace.logs.redis_link import RedisLink
from millrace.logs.redis_open import RedisParts
from millrace.model.errors import LogUnavailable


async def test_scripts_that_redis_forgot_are_brought_again(parts: RedisParts, redis: RedisServer) -> None:
    script = parts.link.script("redis_append")
    for _ in range(2):
        redis.command("SCRIPT", "FLUSH")
        assert await parts.link.run(script, ("h", "l"), (1, 0, 1, b"[]", "c", 0)) == [-2]
        redis.command("SCRIPT", "FLUSH")
        calls = [(("h", "l"), (1, 0, 1, b"[]", "c", 0))] * 2
        assert await parts.link.run_each(script, calls) == [[-2], [-2]]


async def test_what_redis_refuses_is_our_error(parts: RedisParts) -> None:
    with pytest.raises(LogUnavailable) as caught:
        await parts.link.command("NOSUCHCOMMAND")
    assert caught.value.retry_after
    assert "NOSUCHCOMMAND" in (caught.value.detail or "")


async def test_a_redis_that_does_not_answer_is_waited_for_so_long(redis: RedisServer) -> None:
    link = RedisLink(RedisAddress.parse(redis.url), timeout_s=0.1)
    await link.ready()
    redis.pause()
    try:
        with pytest.raises(LogUnavailable):
            await link.ready()
    finally:
        redis.go_on()
    await link.ready()
    await link.close()
