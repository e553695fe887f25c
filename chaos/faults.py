"""What is done to a service while it answers. Another fault is another entry in `FAULTS`."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from chaos.sites import OUTAGE_S, Backend, Site

ALL: tuple[Backend, ...] = ("memory", "sqlite", "redis")
LASTING: tuple[Backend, ...] = ("sqlite", "redis")
COMPLETE = frozenset({"complete"})
BROKEN = frozenset({"STREAM_ERROR"})
CUTS = 3


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        name: What it is called in results.
        title: The same for people.
        does: What is done, in a sentence.
        promise: What becomes of the answers, in a sentence.
        backends: Where it makes sense.
        strike: Does it and mends it; gives when it began, in monotonic seconds.
        honest: How answers may end.
        cut: The provider breaks off in the midst of each answer.
        tokens: The length of each answer.
        wrong_clock: The servers are started with a clock that can be set wrong.
    """

    name: str
    title: str
    does: str
    promise: str
    backends: tuple[Backend, ...]
    strike: Callable[[Site, Random], Awaitable[float]]
    honest: frozenset[str] = COMPLETE
    cut: bool = False
    tokens: int = 120
    wrong_clock: bool = False

    def possible(self, site: Site) -> bool:
        """Whether this machine has what it takes."""
        return not self.wrong_clock or site.clock is not None


async def _kill(site: Site, random: Random) -> float:
    del random
    began = time.monotonic()
    await site.owner.kill()
    if len(site.nodes) == 1:
        await site.owner.start()
    return began


async def _sleep(site: Site, random: Random) -> float:
    began = time.monotonic()
    site.owner.send(signal.SIGSTOP)
    try:
        await asyncio.sleep(site.lease_s * random.uniform(1.3, 1.8))
    finally:
        site.owner.send(signal.SIGCONT)
    return began


async def _terminate(site: Site, random: Random) -> float:
    del random
    began = time.monotonic()
    await site.owner.stop()
    await site.owner.start()
    return began


async def _drop(site: Site, random: Random) -> float:
    began = time.monotonic()
    for _ in range(CUTS):
        for gate in site.gates:
            gate.drop()
        await asyncio.sleep(random.uniform(0.3, 0.8))
    return began


async def _truncate(site: Site, random: Random) -> float:
    began = time.monotonic()
    for _ in range(CUTS):
        for gate in site.gates:
            gate.truncate(random)
        await asyncio.sleep(random.uniform(0.5, 1.0))
    return began


async def _delay(site: Site, random: Random) -> float:
    began = time.monotonic()
    for _ in range(CUTS):
        pause = random.uniform(0.2, 1.0)
        await asyncio.gather(*(gate.delay(pause) for gate in site.gates))
        await asyncio.sleep(0.1)
    return began


async def _nothing(site: Site, random: Random) -> float:
    del site, random
    return time.monotonic()


async def _fill(site: Site, random: Random) -> float:
    began = time.monotonic()
    assert site.disk is not None
    assert site.owner.server is not None
    pid = site.owner.server.process.pid
    await asyncio.to_thread(site.disk.fill, pid)
    try:
        await asyncio.sleep(random.uniform(1.0, 2.0))
    finally:
        site.disk.free(pid)
    return began


async def _restart_redis(site: Site, random: Random) -> float:
    began = time.monotonic()
    assert site.redis is not None
    await asyncio.to_thread(site.redis.stop)
    await asyncio.sleep(random.uniform(0.0, OUTAGE_S / 4))
    await asyncio.to_thread(site.redis.start)
    return began


async def _flush_redis(site: Site, random: Random) -> float:
    del random
    began = time.monotonic()
    assert site.redis is not None
    await asyncio.to_thread(site.redis.command, "FLUSHALL")
    return began


async def _silence_redis(site: Site, random: Random) -> float:
    began = time.monotonic()
    assert site.redis is not None
    site.redis.pause()
    try:
        await asyncio.sleep(OUTAGE_S + random.uniform(3.0, 4.0))
    finally:
        site.redis.go_on()
    return began


async def _stop_database(site: Site, random: Random) -> float:
    began = time.monotonic()
    assert site.database is not None
    await asyncio.to_thread(site.database.stop)
    await asyncio.sleep(random.uniform(5.0, 7.0))  # most answers end meanwhile
    await asyncio.to_thread(site.database.start)
    return began


async def _jump(site: Site, random: Random) -> float:
    began = time.monotonic()
    assert site.clock is not None
    for seconds in (3600.0, -600.0):
        site.clock.set(seconds + random.uniform(0, 60))
        await asyncio.sleep(random.uniform(0.5, 1.0))
    site.clock.set(0.0)
    return began


FAULTS: tuple[Fault, ...] = (
    Fault(
        "kill",
        "kill -9 of the owner",
        "The process that writes the answers is killed with SIGKILL. With one server it is started again at once.",
        "Another process (or the same one after its start) continues each answer where its readers had seen it.",
        LASTING,
        _kill,
    ),
    Fault(
        "sleep",
        "the owner sleeps longer than its lease",
        "SIGSTOP for 1.3 to 1.8 times the lease, then SIGCONT.",
        "Another process takes over; the sleeper can write nothing when it wakes up and shows what its successor "
        "writes. With one server everybody waits.",
        ALL,
        _sleep,
    ),
    Fault(
        "terminate",
        "SIGTERM of the owner",
        "The owner is told to stop and is started again once it has.",
        "It hands its answers over, closes connections (WebSockets with 1012), and clients come back.",
        LASTING,
        _terminate,
    ),
    Fault(
        "drop",
        "connections reset",
        "A proxy between clients and servers resets all connections, three times.",
        "Clients come back with the last place they saw.",
        ALL,
        _drop,
    ),
    Fault(
        "truncate",
        "connections cut within a frame",
        "The proxy lets each connection pass a few bytes more and closes it wherever that is, three times.",
        "Half a frame counts for nothing; clients come back with the last place they saw.",
        ALL,
        _truncate,
    ),
    Fault(
        "delay",
        "connections stand still",
        "The proxy keeps everything back for up to a second, three times.",
        "The backlog comes afterwards, in fewer frames.",
        ALL,
        _delay,
    ),
    Fault(
        "provider",
        "the provider cuts its stream",
        "The provider resets its connection in the middle of each answer. Two thirds of the answers are asked of a "
        "route with another model behind it.",
        "The next model continues the text; where there is none, the answer ends with PROVIDER_FAILURE and keeps its "
        "text.",
        ALL,
        _nothing,
        honest=frozenset({"complete", "PROVIDER_FAILURE"}),
        cut=True,
    ),
    Fault(
        "disk",
        "disk full",
        "The disk of the data folder is filled to the last byte for one to two seconds.",
        "Answers end with STREAM_ERROR, or complete where nothing of theirs fell into that time; what was seen is kept "
        "when there is room again.",
        ("sqlite",),
        _fill,
        honest=COMPLETE | BROKEN,
    ),
    Fault(
        "redis-restart",
        "Redis restarts",
        "A Redis that writes down what it is told (appendonly) is killed and started again.",
        "Answers go on in memory and appear when it is back.",
        ("redis",),
        _restart_redis,
    ),
    Fault(
        "redis-silent",
        "Redis is away for too long",
        f"Redis answers nobody for {OUTAGE_S + 3:g} to {OUTAGE_S + 4:g} s, with redis_outage_s = {OUTAGE_S:g}.",
        "Running answers end with STREAM_ERROR; their text is stored.",
        ("redis",),
        _silence_redis,
        honest=COMPLETE | BROKEN,
        tokens=200,
    ),
    Fault(
        "redis-flushed",
        "Redis loses its data",
        "FLUSHALL.",
        "Running answers end with STREAM_ERROR and their text is stored, also of those that were just being completed.",
        ("redis",),
        _flush_redis,
        honest=COMPLETE | BROKEN,
    ),
    Fault(
        "database",
        "the database is down",
        "PostgreSQL is killed and started again five to seven seconds later; most answers end in between.",
        "Answers are written to the log and shown meanwhile, and stored when it is back.",
        ("redis",),
        _stop_database,
    ),
    Fault(
        "clock",
        "the clock jumps",
        "The wall clock of the servers goes an hour ahead, then ten minutes back behind the true time, then right.",
        "Nothing: what is decided by time is decided by the monotonic clock, or by that of Redis.",
        ALL,
        _jump,
        wrong_clock=True,
    ),
)
