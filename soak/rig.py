"""The server under observation with all that it needs, and the look at it."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx2
import psutil
from redis import Redis
from tests.support.environment import LIMITS, provider
from tests.support.postgresql import postgresql_server
from tests.support.redis import redis_server
from tests.support.server import start_server

from millrace.testing.simulator.process import simulator_process
from soak.samples import Sample

Backend = Literal["sqlite", "redis"]
QUIET_S = 60.0
FADES_S = 120
LEFT = {"tasks", "blocks", "answers"}
_ENDED = -2  # what TTL says of a key that has just ended


class Rig:
    """A server, seen from outside and from inside."""

    def __init__(self, url: str, pid: int, redis: Redis | None) -> None:
        self.url = url
        self._process = psutil.Process(pid)
        self._redis = redis

    async def at_rest(self, turns: int) -> Sample:
        """What is left once every answer is over and forgotten."""
        async with httpx2.AsyncClient(base_url=self.url, timeout=QUIET_S) as http:
            deadline = time.monotonic() + QUIET_S
            while True:
                left = (await http.get("/soak")).raise_for_status().json()
                if not left["answers"] or time.monotonic() > deadline:
                    break
                await asyncio.sleep(0.1)
        await self._closed(deadline)
        port = urlsplit(self.url).port
        sockets = self._process.net_connections(kind="tcp")
        keys = await asyncio.to_thread(self._keys)
        return Sample(
            turns=turns,
            rss_mib=self._process.memory_info().rss / 2**20,
            clients=self._clients(),
            sockets=sum(each.status != psutil.CONN_LISTEN and each.laddr.port != port for each in sockets),
            files=self._process.num_fds(),
            lasting_keys=keys[0],
            fading_keys=keys[1],
            remembered=keys[2],
            **{name: left[name] for name in LEFT},
        )

    async def _closed(self, deadline: float) -> None:
        """Until the server has seen that the last client is gone."""
        while self._clients() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    def _clients(self) -> int:
        port = urlsplit(self.url).port
        sockets = self._process.net_connections(kind="tcp")
        return sum(each.laddr.port == port and each.status != psutil.CONN_LISTEN for each in sockets)

    def _keys(self) -> tuple[int | None, int | None, int | None]:
        """How many keys stay, how many end soon, how many are of requests that are remembered."""
        if self._redis is None:
            return None, None, None
        names: list[bytes] = list(self._redis.scan_iter(count=1000))
        pipeline = self._redis.pipeline(transaction=False)
        for name in names:
            pipeline.ttl(name)
        lasting = fading = remembered = 0
        for name, seconds in zip(names, pipeline.execute(), strict=True):
            if b":turn:" in name or b":request:" in name:
                remembered += 1
            elif 0 <= seconds <= FADES_S:
                fading += 1
            elif seconds != _ENDED:
                lasting += 1
        return lasting, fading, remembered


@asynccontextmanager
async def open_rig(backend: Backend) -> AsyncIterator[Rig]:
    """Start the simulator, the server and what the backend needs; all of it is gone afterwards."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(simulator_process())
        environment = {**LIMITS, **provider("sim", simulator.base_url, prefill=True), "MILLRACE_LOG": backend}
        redis: Redis | None = None
        if backend == "redis":
            process = stack.enter_context(redis_server())
            redis = Redis(port=process.port)
            stack.callback(redis.close)
            database_url = stack.enter_context(postgresql_server())
            environment |= {"MILLRACE_REDIS_URL": process.url, "MILLRACE_DATABASE_URL": database_url}
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="millrace-soak-"))
        program = (sys.executable, "-m", "soak.server")
        server = await asyncio.to_thread(start_server, Path(folder), environment=environment, program=program)
        stack.callback(server.stop)
        yield Rig(server.url, server.process.pid, redis)
