"""Clients that ask once and count the tokens of the answer; all else that comes is skipped.

Tokens are counted by their stamps (`bench.stamps`), so several that a server joined in one frame count as what they
are.
"""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import cast
from urllib.parse import quote, urlsplit

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from typing_extensions import override

from bench.dialects.spoken import Spoken

_STAMP = re.compile(rb"[0-9]:[0-9]{16} ")


class Asker(ABC):
    """One connection. `done` is set when as many tokens have come as were expected, or the connection is lost."""

    def __init__(self, spoken: Spoken, expected: int, count: Callable[[int], None]) -> None:
        self._token = spoken.token
        self._expected = expected
        self._count = count
        self._beginning = b""
        self.tokens = 0
        self.done = asyncio.Event()

    @abstractmethod
    def ask(self, request: bytes) -> None:
        """Send the request."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    def take(self, frame: bytes) -> None:
        """Count the tokens in a frame."""
        if len(self._beginning) < 500:
            self._beginning += frame[:500]
        if self._token in frame:
            found = len(_STAMP.findall(frame))
            self.tokens += found
            self._count(found)
            if self.tokens >= self._expected:
                self.done.set()

    @property
    def beginning(self) -> str:
        """What came first: where tokens are missing, it says why."""
        return self._beginning.decode(errors="replace")


class WebSocketAsker(Asker, WSListener):
    """Speaks a dialect of a WebSocket."""

    transport: WSTransport

    @override
    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    @override
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            self.take(frame.get_payload_as_bytes())

    @override
    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.done.set()

    @override
    def ask(self, request: bytes) -> None:
        self.transport.send(WSMsgType.TEXT, request)

    @override
    def close(self) -> None:
        self.transport.disconnect()


class SocketIoAsker(WebSocketAsker):
    """Speaks Socket.IO over a WebSocket: each packet is a text frame (Engine.IO 4, Socket.IO 5)."""

    def __init__(self, spoken: Spoken, expected: int, count: Callable[[int], None], token: str) -> None:
        super().__init__(spoken, expected, count)
        self._auth = token
        self.connected = asyncio.Event()

    @override
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        data = frame.get_payload_as_bytes()
        if data.startswith(b"0"):
            transport.send(WSMsgType.TEXT, b'40{"token":"%b"}' % self._auth.encode())
        elif data.startswith(b"40"):
            self.connected.set()
        elif data == b"2":
            transport.send(WSMsgType.TEXT, b"3")
        else:
            self.take(data)

    @override
    def ask(self, request: bytes) -> None:
        self.transport.send(WSMsgType.TEXT, b'42["chat_stream",%b]' % request)


class EventStreamAsker(Asker, asyncio.Protocol):
    """Posts a request, and reads the event stream that answers it."""

    def __init__(self, spoken: Spoken, expected: int, count: Callable[[int], None], token: str) -> None:
        super().__init__(spoken, expected, count)
        self._head = f"POST {spoken.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n".encode()
        self._cut = b""
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    @override
    def data_received(self, data: bytes) -> None:
        *records, self._cut = (self._cut + data).split(b"\n\n")
        for record in records:
            self.take(record)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.done.set()

    @override
    def ask(self, request: bytes) -> None:
        assert self._transport is not None
        length = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(request)
        self._transport.write(self._head + length + request)

    @override
    def close(self) -> None:
        assert self._transport is not None
        self._transport.abort()


async def connected(
    spoken: Spoken, address: str, token: str, number: int, expected: int, count: Callable[[int], None]
) -> Asker:
    """A client that has connected to the server at `address`."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert parts.port is not None
    path = spoken.path.format(session=f"bench-{number}")
    if spoken.carrier == "event-stream":
        stream = EventStreamAsker(spoken, expected, count, token)
        await asyncio.get_running_loop().create_connection(lambda: stream, parts.hostname, parts.port)
        return stream
    url = f"ws://{parts.netloc}{path}"
    if spoken.carrier == "websocket":
        socket = WebSocketAsker(spoken, expected, count)
        await ws_connect(lambda: socket, f"{url}?token={quote(token)}")
        return socket
    io = SocketIoAsker(spoken, expected, count, token)
    await ws_connect(lambda: io, url)
    await io.connected.wait()
    return io
