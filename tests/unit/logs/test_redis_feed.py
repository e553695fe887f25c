"""Hearing channels over one connection."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.support.redis import RedisServer

from millrace.logs.redis_address import RedisAddress
from millrace.logs.redis_feed import RedisFeed
from millrace.logs.redis_link import RedisLink
from millrace.model.errors import LogUnavailable


@pytest.fixture
async def feed(redis: RedisServer) -> AsyncIterator[RedisFeed]:
    link = RedisLink(RedisAddress.parse(redis.url))
    feed = RedisFeed(link, timeout_s=2)
    feed.start()
    yield feed
    await feed.close()
    await link.close()


async def test_what_is_said_after_a_channel_was_added_is_heard(feed: RedisFeed, redis: RedisServer) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    await asyncio.gather(*(feed.add(f"c{n}", heard.put_nowait) for n in range(20)))
    for number in range(20):
        assert redis.command("PUBLISH", f"c{number}", str(number)) == b":1\r\n"
    async with asyncio.timeout(5):
        assert [await heard.get() for _ in range(20)] == [str(n).encode() for n in range(20)]
    feed.drop("c0")
    while redis.command("PUBLISH", "c0", "late") != b":0\r\n":
        await asyncio.sleep(0.005)
    assert redis.command("PUBLISH", "c1", "more") == b":1\r\n"


async def test_a_broken_connection_is_made_again_and_told(feed: RedisFeed, redis: RedisServer) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    renewed = asyncio.Event()
    await feed.add("news", heard.put_nowait, renewed.set)
    redis.command("CLIENT", "KILL", "TYPE", "pubsub")
    async with asyncio.timeout(5):
        await renewed.wait()
        assert redis.command("PUBLISH", "news", "again") == b":1\r\n"
        assert await heard.get() == b"again"


async def test_a_server_that_fell_silent_is_noticed(
    feed: RedisFeed, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    renewed = asyncio.Event()
    await feed.add("news", lambda said: None, renewed.set)
    redis.pause()
    try:
        with pytest.raises(LogUnavailable):
            await feed.add("other", lambda said: None)
        async with asyncio.timeout(10):
            while "out of reach" not in caplog.text:
                await asyncio.sleep(0.02)
    finally:
        redis.go_on()
    async with asyncio.timeout(10):
        await renewed.wait()
