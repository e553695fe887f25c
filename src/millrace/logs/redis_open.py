"""Opens the log and the registry in Redis, which belong together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from millrace.logs.redis import RedisLog
from millrace.logs.redis_address import RedisAddress
from millrace.logs.redis_feed import RedisFeed
from millrace.logs.redis_lifetimes import RedisLifetimes
from millrace.logs.redis_link import RedisLink
from millrace.logs.redis_names import RedisNames
from millrace.logs.redis_registry import RedisRegistry
from millrace.logs.redis_times import RedisTimes
from millrace.model.errors import LogUnavailable
from millrace.ports import Clock


@dataclass(frozen=True, slots=True)
class RedisParts:
    """What works with Redis in this process."""

    link: RedisLink
    names: RedisNames
    log: RedisLog
    registry: RedisRegistry


@asynccontextmanager
async def opened_redis(
    address: RedisAddress, clock: Clock, owner: str, *, prefix: str = "millrace", times: RedisTimes | None = None
) -> AsyncIterator[RedisParts]:
    """Connect, and disconnect at the end.

    Args:
        address: Where Redis is.
        clock: The time of entries and requests.
        owner: A name of this process that no other has.
        prefix: What all keys begin with.
        times: How long what is in Redis lives.

    Raises:
        LogUnavailable: Redis does not answer; the message says where it was looked for.
    """
    times = times or RedisTimes()
    link, names = RedisLink(address), RedisNames(prefix, address.database)
    feed = RedisFeed(link)
    lifetimes = RedisLifetimes(link, names, times)
    log = RedisLog(link, names, feed, clock, times=times, lifetimes=lifetimes)
    try:
        await _answers(link, address)
        feed.start()
        log.start()
        lifetimes.start()
        registry = RedisRegistry(link, names, feed, clock, owner, times=times, lifetimes=lifetimes, log=log)
        await registry.start()
        yield RedisParts(link, names, log, registry)
    finally:
        await log.close()
        await lifetimes.close()
        await feed.close()
        await link.close()


async def _answers(link: RedisLink, address: RedisAddress) -> None:
    try:
        await link.ready()
    except LogUnavailable as error:
        hosts = ", ".join(f"{host}:{port}" for host, port in address.hosts)
        raise LogUnavailable(
            f"Redis does not answer at {hosts}. Start it, or correct redis_url.", detail=error.detail
        ) from error
