"""python-socketio's own client, with what it was told kept."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import socketio

LIMIT_S = 20.0
Event = tuple[str, Any]


class _Reading:
    """A session that reads the answers which the client leaves unread: nobody else would release their connections."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def post(self, url: str, **options: Any) -> aiohttp.ClientResponse:
        response = await self._session.post(url, **options)
        await response.read()
        return response


class SocketIoClient:
    """One client; every event it gets is in `events`."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.io = socketio.AsyncClient(reconnection=False, http_session=_Reading(session))
        self.events: list[Event] = []
        self.gone = asyncio.Event()
        self._news = asyncio.Event()
        self.io.on("*", self._take)
        self.io.on("disconnect", self._left)

    async def _take(self, name: str, *data: Any) -> None:
        self.events.append((name, data[0] if data else None))
        self._news.set()

    async def _left(self, *_: Any) -> None:
        self.gone.set()
        self._news.set()

    async def ask(self, name: str, data: Any = None) -> Any:
        """Send an event and wait for its acknowledgement."""
        return await self.io.call(name, data, timeout=LIMIT_S)

    async def got(self, wanted: Callable[[str, Any], bool]) -> Any:
        """The data of the first event that is wanted, waited for."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                for name, data in self.events:
                    if wanted(name, data):
                        return data
                self._news.clear()
                await self._news.wait()

    async def first(self, *names: str) -> Any:
        """The data of the first event with one of these names."""
        return await self.got(lambda name, _: name in names)

    def text(self, event: str) -> str:
        """All tokens of events with that name."""
        return "".join(data["token"] for name, data in self.events if name == event)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    async def close(self) -> None:
        await self.io.disconnect()


@asynccontextmanager
async def socketio_client(
    url: str, *, auth: Any = None, transports: Sequence[str] = ("websocket",), headers: dict[str, str] | None = None
) -> AsyncIterator[SocketIoClient]:
    """A client that is connected."""
    async with aiohttp.ClientSession() as session:
        client = SocketIoClient(session)
        try:
            await client.io.connect(
                url, auth=auth, transports=list(transports), headers=headers or {}, wait_timeout=LIMIT_S
            )
            yield client
        finally:
            await client.close()
