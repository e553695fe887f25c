"""This process's connections to Redis: one way to run a script, one kind of error."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError, RedisError

from millrace.logs.redis_address import RedisAddress
from millrace.model.errors import LogUnavailable

Argument = str | bytes | int
_TIMEOUT_S = 2.0
"""Seconds after which a server that does not answer counts as gone."""
_TRIES_IN_CLUSTER = 3


class RedisLink:
    """A client for whatever the address names. It tries once: who calls knows what another try is worth.

    Args:
        address: Where Redis is.
        timeout_s: Seconds after which an answer is not waited for any longer.
    """

    def __init__(self, address: RedisAddress, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._sentinel: Sentinel | None = None
        self._client: Redis | RedisCluster
        common: dict[str, Any] = {
            "username": address.username,
            "password": address.password,
            "protocol": 2,
            "socket_timeout": timeout_s,
            "socket_connect_timeout": timeout_s,
        }
        if address.kind == "cluster":
            # A moved slot or a new master is found by asking again; that is the client's business.
            nodes = [ClusterNode(host, port) for host, port in address.hosts]
            self._client = RedisCluster(
                startup_nodes=nodes, ssl=address.tls, retry=Retry(NoBackoff(), _TRIES_IN_CLUSTER), **common
            )
        else:
            common |= {"db": address.database, "ssl": address.tls, "retry": Retry(NoBackoff(), 0)}
            if address.kind == "sentinel":
                waits = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
                self._sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py has no types here
                    address.hosts, sentinel_kwargs=waits
                )
                self._client = self._sentinel.master_for(address.service, **common)
            else:
                ((host, port),) = address.hosts
                self._client = Redis(host=host, port=port, **common)
        self.spread = address.kind == "cluster"
        """Whether keys with different tags may be in different places, so that no script may touch both."""

    def script(self, name: str) -> AsyncScript:
        """The script in the file of that name beside this module, as `run` takes it."""
        text = files("millrace.logs").joinpath(f"{name}.lua").read_text(encoding="utf-8")
        return AsyncScript(self._client, text)

    async def run(self, script: AsyncScript, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run a script; what it gives.

        Raises:
            LogUnavailable: Redis does not answer, or refuses.
        """
        with failures():
            return await script(keys, arguments)

    async def run_each(
        self, script: AsyncScript, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]
    ) -> list[Any]:
        """Run a script several times in one go, each with its keys and arguments; what each gives.

        Raises:
            LogUnavailable: Redis does not answer, or refuses one of them; others may have run.
        """
        with failures():
            try:
                return await self._pipelined([("EVALSHA", script.sha, len(k), *k, *a) for k, a in calls])
            except NoScriptError:
                await self._client.script_load(script.script)
                return await self._pipelined([("EVALSHA", script.sha, len(k), *k, *a) for k, a in calls])

    async def commands(self, commands: Sequence[tuple[Argument, ...]]) -> list[Any]:
        """Send commands in one go; what each gives.

        Raises:
            LogUnavailable: Redis does not answer, or refuses one of them.
        """
        with failures():
            return await self._pipelined(commands)

    async def command(self, *words: Argument) -> Any:
        """Send one command; what it gives.

        Raises:
            LogUnavailable: Redis does not answer, or refuses.
        """
        with failures():
            return await self._client.execute_command(*words)

    async def _pipelined(self, commands: Sequence[tuple[Argument, ...]]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return list(await pipeline.execute())

    def pubsub(self) -> PubSub:
        """A connection for subscriptions."""
        return self._client.pubsub()

    async def ready(self) -> None:
        """Return if Redis answers.

        Raises:
            LogUnavailable: It does not.
        """
        await self.command("PING")

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()
        for sentinel in self._sentinel.sentinels if self._sentinel is not None else ():
            await sentinel.aclose()


@contextmanager
def failures() -> Iterator[None]:
    """Tell what Redis and the network say as `LogUnavailable`."""
    with faithful():
        try:
            yield
        except (RedisError, OSError, TimeoutError) as error:
            raise LogUnavailable(retry_after=5, detail=f"{type(error).__name__}: {error}") from error


@contextmanager
def faithful() -> Iterator[None]:
    """Let a cancellation end what is inside, whatever comes at the same moment.

    redis-py waits with `asyncio.wait_for`, which before Python 3.12 forgets a cancellation that arrives together with
    what it waits for (bpo-42130). Whoever cancelled would then wait for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        yield
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError
