"""The one connection over which a process hears what others tell: entries of turns it follows, signals, news.

Channels are the reason that this is no `XREAD BLOCK` over the streams: a channel is added or left at any moment
without interrupting a wait, a message costs what it holds and not one look at each stream that is followed, and in a
cluster one connection hears what every node has to say. What a channel loses, because the connection broke, is found
by its number: entries are numbered without a gap, and the log is read wherever one is missing.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from millrace.logs.redis_link import RedisLink, faithful
from millrace.model.errors import LogUnavailable

_logger = logging.getLogger(__name__)

_AGAIN_S = 0.2
"""Seconds between two attempts to connect."""
_SILENCE_S = 1.0
"""Seconds of silence after which the server is asked whether it is there; it has as long again to answer."""


@dataclass(slots=True)
class _Channel:
    take: Callable[[bytes], None]
    renewed: Callable[[], None]
    heard: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class RedisFeed:
    """Hears channels. `start` it first; it connects again by itself until it is closed.

    Args:
        link: The connections.
        timeout_s: Longest wait for a channel to be heard, in seconds.
    """

    def __init__(self, link: RedisLink, *, timeout_s: float = 3.0) -> None:
        self._link = link
        self._timeout_s = timeout_s
        self._channels: dict[str, _Channel] = {}
        self._changed = asyncio.Event()
        self._hearing: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        """Begin to hear."""
        self._hearing = asyncio.create_task(self._hear())

    async def close(self) -> None:
        """Hear nothing more."""
        self._closing = True
        if self._hearing is not None:
            self._hearing.cancel()
            await asyncio.gather(self._hearing, return_exceptions=True)

    async def add(self, name: str, take: Callable[[bytes], None], renewed: Callable[[], None] = lambda: None) -> None:
        """Hear a channel, or hear it with another `take`; what is said once this has returned is heard.

        Args:
            name: The channel.
            take: Is given each message, on the event loop.
            renewed: Called where the connection broke and is there again: something may have been missed.

        Raises:
            LogUnavailable: Redis does not answer; the channel is not heard.
        """
        channel = self._channels[name] = _Channel(take, renewed)
        self._changed.set()
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.shield(channel.heard)
        except TimeoutError as error:
            if self._channels.get(name) is channel:
                self.drop(name)
            raise LogUnavailable(retry_after=5, detail=f"no answer to a subscription: {error!r}") from error

    def drop(self, name: str) -> None:
        """Hear a channel no longer."""
        if self._channels.pop(name, None) is not None:
            self._changed.set()

    async def _hear(self) -> None:
        reachable = True
        while not self._closing:  # a task group whose task fails while it is cancelled forgets that it was
            pubsub = self._link.pubsub()
            try:
                async with asyncio.TaskGroup() as tasks:
                    subscribed = asyncio.Event()
                    tasks.create_task(self._subscribe(pubsub, subscribed))
                    tasks.create_task(self._read(pubsub, subscribed))
            except* (RedisError, OSError, TimeoutError) as errors:
                if reachable:
                    _logger.warning("Redis is out of reach: %s", errors.exceptions[0])
                reachable = False
            finally:
                await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py has no types here
            if not self._closing:
                await asyncio.sleep(_AGAIN_S)

    async def _subscribe(self, pubsub: PubSub, subscribed: asyncio.Event) -> None:
        """Keep what the server was asked for in step with what is wanted, several changes in one command."""
        asked: dict[str, _Channel] = {}
        while True:
            self._changed.clear()
            wanted = dict(self._channels)
            new = [name for name, channel in wanted.items() if asked.get(name) is not channel]
            old = [name for name in asked if name not in wanted]
            asked = wanted
            with faithful():
                if new:
                    await pubsub.subscribe(*new)
                    subscribed.set()
                if old:
                    await pubsub.unsubscribe(*old)
            await self._changed.wait()

    async def _read(self, pubsub: PubSub, subscribed: asyncio.Event) -> None:
        await subscribed.wait()
        asked = False
        while True:
            with faithful():
                response = await pubsub.parse_response(block=False, timeout=_SILENCE_S)
            if response is not None:
                asked = False
                self._take(response)
            elif asked:
                raise RedisConnectionError("the server has fallen silent")
            else:
                await pubsub.ping()
                asked = True

    def _take(self, response: object) -> None:
        match response:
            case [b"message", bytes(name), bytes(payload)]:
                channel = self._channels.get(name.decode())
                if channel is not None:
                    channel.take(payload)
            case [b"subscribe", bytes(name), _]:
                channel = self._channels.get(name.decode())
                if channel is None:
                    pass
                elif channel.heard.done():
                    channel.renewed()
                else:
                    channel.heard.set_result(None)
            case _:
                pass
