"""WebSockets to a Millrace server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from millrace.cli.client.api import Web
from millrace.cli.client.link import Dial, Socket, SocketLost

OPEN_S = 10.0
PING_S = 10.0
"""A server that is silent for two of these is gone."""
MAX_FRAME_BYTES = 64 * 1024 * 1024
"""The last frame of an answer holds all of it."""


class WebSocket:
    """Implements `Socket`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, frame: bytes) -> None:
        """See `Socket`."""
        try:
            await self._connection.send(frame, text=True)
        except ConnectionClosed as error:
            raise SocketLost(_reason(error)) from error

    async def frames(self) -> AsyncIterator[bytes]:
        """See `Socket`."""
        try:
            while True:
                yield await self._connection.recv(decode=False)
        except ConnectionClosed as error:
            raise SocketLost(_reason(error)) from error

    async def close(self) -> None:
        """See `Socket`."""
        await self._connection.close()


def dialer(web: Web) -> Dial:
    """What opens WebSockets at a server's `/api/ws/chat`."""
    address = web.url.replace("http", "ws", 1) + "/api/ws/chat?ticket="

    @asynccontextmanager
    async def dial(ticket: str) -> AsyncIterator[Socket]:
        try:
            connection = await connect(
                address + ticket,
                proxy=None if web.is_local else True,
                compression=None,  # the answer comes in small pieces, each its own frame
                open_timeout=OPEN_S,
                ping_interval=PING_S,
                ping_timeout=PING_S,
                close_timeout=1.0,
                max_size=MAX_FRAME_BYTES,
            )
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            raise SocketLost from error  # the next attempt is announced; the operating system's words help nobody
        try:
            yield WebSocket(connection)
        finally:
            await connection.close()

    return dial


def _reason(error: ConnectionClosed) -> str:
    return error.rcvd.reason if error.rcvd is not None else ""
