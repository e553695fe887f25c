"""The real app behind real sockets, in this process: its provider says what the test wants it to say.

async with site(tmp_path) as here:
    token = here.token(ANA)
    async with here.connect(f"/ws/chat/main?token={token}") as tab: ...
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from tests.support.app import small_settings
from tests.support.asgi_server import serving
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider
from websockets.asyncio.client import ClientConnection, connect

from millrace.model.principal import Principal
from millrace.ports import Clock
from millrace.server.app import create_app
from millrace.server.compose import Ports
from millrace.server.services import Services, services_of
from millrace.transports.uvicorn_http import ChunksProtocol
from millrace.transports.uvicorn_protocol import FramesProtocol

ANA = Principal("ana", "guest")
BEN = Principal("ben", "guest")
LIMIT_S = 30.0
Frame = dict[str, Any]


class Tab:
    """A WebSocket whose frames are JSON; they are kept, so that nothing depends on who reads first."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[Frame] = []
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.socket:
            self.frames.append(json.loads(message))
            self._news.set()

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def got(self, wanted: Callable[[Frame], bool]) -> Frame:
        """The first frame that is wanted, waited for."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                for frame in self.frames:
                    if wanted(frame):
                        return frame
                self._news.clear()
                await self._news.wait()

    async def first(self, *kinds: str) -> Frame:
        """The first frame of one of these types."""
        return await self.got(lambda frame: frame["type"] in kinds)

    @property
    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    async def cut(self) -> None:
        """Lose the connection without a word."""
        self.socket.transport.abort()
        await self.close()

    async def close(self) -> None:
        await self.socket.close()
        await asyncio.gather(self._reader, return_exceptions=True)


class Site:
    """A running app."""

    def __init__(self, app: FastAPI, address: str, provider: ScriptedProvider) -> None:
        self.app = app
        self.url = f"http://{address}"
        self.provider = provider

    @property
    def services(self) -> Services:
        return services_of(self.app)

    def token(self, user: Principal = ANA, lifetime_s: int = 3600) -> str:
        return self.services.tokens.issue_access(user, lifetime_s)

    def http(self, user: Principal = ANA) -> httpx2.AsyncClient:
        """An HTTP client that is a user."""
        headers = {"Authorization": f"Bearer {self.token(user)}"}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=LIMIT_S)

    @asynccontextmanager
    async def connect(self, path: str, user: Principal = ANA) -> AsyncIterator[Tab]:
        """A WebSocket of a user."""
        url = f"{self.url.replace('http', 'ws', 1)}{path}?token={self.token(user)}"
        async with connect(url, compression=None) as socket:
            tab = Tab(socket)
            try:
                yield tab
            finally:
                await tab.close()


@asynccontextmanager
async def site(folder: Path, *, clock: Clock | None = None, **values: Any) -> AsyncIterator[Site]:
    """Serve the app with the settings a test wants."""
    settings = small_settings(folder, **values)
    provider = ScriptedProvider()
    app = create_app(settings, ports=Ports(models=ScriptedDirectory(provider), clock=clock))
    options: dict[str, Any] = {
        "http": ChunksProtocol,
        "ws": FramesProtocol,
        "ws_max_size": settings.limits.frame_bytes,
        "ws_per_message_deflate": False,
    }
    async with serving(app, lifespan="on", **options) as address:
        try:
            yield Site(app, address, provider)
        finally:
            services_of(app).stopping.set()  # as our own server does before it closes connections
