"""What is put under stress: servers with their backends, each server behind a gate whose address stays."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from tests.support.environment import LIMITS, provider
from tests.support.postgresql import PostgresqlServer, postgresql_process
from tests.support.redis import RedisServer, redis_server
from tests.support.server import RunningServer, start_server

from chaos.clock import WrongClock
from chaos.disk import SmallDisk, small_disk
from chaos.gate import Gate
from millrace.testing.simulator.process import SimulatorProcess

Backend = Literal["memory", "sqlite", "redis"]
BACKENDS: Mapping[str, str] = {
    "memory": "log in memory, conversations in SQLite, one server",
    "sqlite": "log and conversations in SQLite, one server",
    "redis": "log in Redis, conversations in PostgreSQL, two servers",
}
SECRET = "a secret for the chaos, which guards nothing"
OUTAGE_S = 3.0
"""How long Redis may be away here before running answers end: the default of 10 s shortened, to wait less."""


class Node:
    """One server: a process that may die and come back, behind a gate that stays."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self.gate = Gate(("127.0.0.1", 9))
        self.server: RunningServer | None = None
        self.extra: Mapping[str, str] = {}

    async def start(self, extra: Mapping[str, str] | None = None) -> None:
        """Start the process; `extra` settings hold until it is started again."""
        self.extra = extra or {}
        environment = {**self._environment, **self.extra}
        self.server = await asyncio.to_thread(start_server, self._folder, environment=environment)
        address = urlsplit(self.server.url)
        assert address.hostname is not None
        assert address.port is not None
        self.gate.target = (address.hostname, address.port)

    async def kill(self) -> None:
        """`kill -9`."""
        server, self.server = self.server, None
        if server is not None:
            await asyncio.to_thread(server.kill)

    async def stop(self) -> None:
        """SIGTERM, and wait until it is gone."""
        server, self.server = self.server, None
        if server is not None:
            await asyncio.to_thread(server.stop)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.server is not None
        os.kill(self.server.process.pid, number)


@dataclass
class Site:
    """A backend with its servers. The first one owns the answers, the last one is where others are connected."""

    backend: Backend
    nodes: list[Node]
    simulator: SimulatorProcess
    lease_s: float
    redis: RedisServer | None = None
    database: PostgresqlServer | None = None
    disk: SmallDisk | None = None
    clock: WrongClock | None = None

    @property
    def owner(self) -> Node:
        """Whose answers they are."""
        return self.nodes[0]

    @property
    def gates(self) -> list[Gate]:
        """Where clients may go."""
        return [node.gate for node in self.nodes]

    async def heal(self) -> None:
        """Bring everything back that is gone."""
        for node in self.nodes:
            if node.extra:
                await node.stop()
            if node.server is None:
                await node.start()


@asynccontextmanager
async def open_site(
    backend: Backend, simulator: SimulatorProcess, *, lease_s: float, routes: Mapping[str, str]
) -> AsyncIterator[Site]:
    """Start the servers of a backend and what they need; all of it is gone afterwards."""
    base_url = simulator.base_url
    environment = {
        **LIMITS,
        **provider("sim", base_url, prefill=True),
        **provider("plain", base_url, prefill=False),
        **provider("cut", base_url, prefill=True),
        **{f"MILLRACE_ROUTES__{name.upper()}": models for name, models in routes.items()},
        "MILLRACE_JWT_SECRET": SECRET,
        "MILLRACE_LOG": backend,
    }
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="millrace-chaos-")))
        clock = WrongClock.build(folder)
        if clock is not None:
            stack.callback(clock.close)
        site = Site(backend, [], simulator, lease_s, clock=clock)
        data = folder / "data"
        data.mkdir()
        if backend == "redis":
            site.redis = stack.enter_context(redis_server(durable=True))
            site.database = stack.enter_context(postgresql_process())
            environment |= {
                "MILLRACE_REDIS_URL": site.redis.url,
                "MILLRACE_DATABASE_URL": site.database.url,
                "MILLRACE_LEASE_S": str(lease_s),
                "MILLRACE_REDIS_OUTAGE_S": str(OUTAGE_S),
            }
        else:
            site.disk = stack.enter_context(small_disk(data))
        for _ in range(2 if backend == "redis" else 1):
            node = Node(data, environment)
            await node.gate.open()
            stack.push_async_callback(node.gate.close)
            stack.push_async_callback(node.stop)
            await node.start()
            site.nodes.append(node)
        yield site
