"""Looks at the Redis that the settings name: whether it answers, is able to do its work, and keeps what it is told."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from millrace.logs.redis_address import RedisAddress
from millrace.logs.redis_link import RedisLink
from millrace.model.errors import LogUnavailable
from millrace.server.check import Check

_NAME = "Redis"
_OLDEST = 7
_NOEVICTION = "Say maxmemory-policy noeviction in redis.conf, or: redis-cli config set maxmemory-policy noeviction"


async def check_redis(address: RedisAddress) -> list[Check]:
    """All that can be said of it, the answer to whether it is there first."""
    link = RedisLink(address)
    hosts = ", ".join(f"{host}:{port}" for host, port in address.hosts)
    try:
        began = time.monotonic()
        try:
            await link.ready()
        except LogUnavailable as error:
            finding = f"It does not answer at {hosts}. {error.detail or ''}".strip()
            return [Check(_NAME, "problem", finding, "Start it, or correct redis_url, its password included.")]
        took_ms = (time.monotonic() - began) * 1000
        try:
            told = await link.command("INFO")
        except LogUnavailable:
            remedy = "Allow this user +info to have version and settings checked."
            return [Check(_NAME, "note", f"{hosts} answers in {took_ms:.0f} ms, and says nothing of itself.", remedy)]
    finally:
        await link.close()
    return list(judged(_of_one_node(told), f"{hosts} answers in {took_ms:.0f} ms"))


def judged(told: Mapping[str, Any], answers: str) -> Iterator[Check]:
    """What is to be said of a Redis that tells this of itself (`INFO`); `answers` says that it does."""
    version = str(told.get("redis_version", "0"))
    if int(version.partition(".")[0]) < _OLDEST:
        finding = f"Version {version} is too old; {answers}."
        yield Check(_NAME, "problem", finding, f"Install Redis {_OLDEST} or newer.")
    else:
        yield Check(_NAME, "ok", f"version {version}, {answers}")
    if told.get("role") == "slave":
        remedy = "Name its master in redis_url, or let Sentinels find it: redis+sentinel://host/service"
        yield Check(_NAME, "problem", "It is a replica, to which nothing can be written.", remedy)
    yield from _memory(told)
    yield from _persistence(told)


def _memory(told: Mapping[str, Any]) -> Iterator[Check]:
    policy, limit = str(told.get("maxmemory_policy", "noeviction")), int(told.get("maxmemory", 0))
    if policy == "noeviction":
        return
    if limit:
        finding = f"When its memory is full it throws running answers away (maxmemory-policy {policy})."
        yield Check(_NAME, "problem", finding, _NOEVICTION)
    else:
        finding = f"It would throw running answers away if its memory were limited (maxmemory-policy {policy})."
        yield Check(_NAME, "note", finding, _NOEVICTION)


def _persistence(told: Mapping[str, Any]) -> Iterator[Check]:
    failed = [name for name in ("rdb_last_bgsave_status", "aof_last_write_status") if told.get(name, "ok") != "ok"]
    if failed:
        finding = "It cannot write to its disk, and may refuse what it is told for that reason."
        yield Check(_NAME, "problem", finding, "Make room on its disk and see its log.")
    if not int(told.get("aof_enabled", 0)):
        finding = "It forgets running answers when it is restarted; they end as failed, with what was written."
        yield Check(_NAME, "note", finding, "To keep them, say appendonly yes in redis.conf.")


def _of_one_node(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """In a cluster several may have answered, each under its name."""
    first = next(iter(told.values()), None)
    return first if isinstance(first, Mapping) and "redis_version" not in told else told
