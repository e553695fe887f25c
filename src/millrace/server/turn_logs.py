"""Opens what the settings name for the logs of running answers, and what is kept beside them for as short a time."""

import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from millrace.logs.memory import MemoryLog
from millrace.logs.memory_registry import MemoryRegistry
from millrace.logs.redis_address import RedisAddress
from millrace.logs.redis_open import opened_redis
from millrace.logs.redis_times import RedisTimes
from millrace.logs.sqlite import SqliteLog
from millrace.logs.sqlite_database import LogDatabase
from millrace.logs.sqlite_registry import SqliteRegistry
from millrace.ports import Clock, TurnLog, TurnRegistry
from millrace.server.settings import Settings
from millrace.server.tickets import MemoryTickets, RedisTickets, Tickets

LOG_FILE = "log.db"
LogReady = Callable[[], Awaitable[None]]


async def always_ready() -> None:
    """For a log in memory, or one that somebody else looks after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLogs:
    """The log and the registry, which belong together; `ready` returns if they take entries, or raises."""

    log: TurnLog
    registry: TurnRegistry
    tickets: Tickets
    ready: LogReady = always_ready


async def open_turn_logs(settings: Settings, clock: Clock, stack: AsyncExitStack) -> TurnLogs:
    """Open them; `stack` closes them.

    Raises:
        StreamError: They cannot be opened.
    """
    if settings.log == "memory":
        registry = MemoryRegistry(clock)
        return TurnLogs(log=MemoryLog(registry, clock), registry=registry, tickets=MemoryTickets(clock))
    # A process that starts again is another owner: it must not take what it left for its own.
    owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    address = settings.redis_address
    if settings.log == "redis" and address is not None:
        return await _in_redis(settings, address, clock, owner, stack)
    return await _in_sqlite(settings, clock, owner, stack)


async def _in_sqlite(settings: Settings, clock: Clock, owner: str, stack: AsyncExitStack) -> TurnLogs:
    database = LogDatabase(settings.data_dir / LOG_FILE)
    await database.open()
    stack.push_async_callback(database.close)
    log = SqliteLog(database, clock)
    stack.push_async_callback(log.close)

    async def ready() -> None:
        log.check()
        await database.transact(lambda connection: connection.execute("SELECT 1").fetchone())

    registry = SqliteRegistry(database, clock, owner)
    return TurnLogs(log=log, registry=registry, tickets=MemoryTickets(clock), ready=ready)


async def _in_redis(
    settings: Settings, address: RedisAddress, clock: Clock, owner: str, stack: AsyncExitStack
) -> TurnLogs:
    times = RedisTimes(lease_s=settings.lease_s, outage_s=settings.redis_outage_s)
    opened = opened_redis(address, clock, owner, prefix=settings.redis_prefix, times=times)
    parts = await stack.enter_async_context(opened)
    return TurnLogs(
        log=parts.log,
        registry=parts.registry,
        tickets=RedisTickets(parts.link, parts.names),
        ready=parts.link.ready,
    )
