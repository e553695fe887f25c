"""A TCP proxy that breaks connections on demand: it drops, delays and truncates.

It stands in front of a server and keeps its address while the server comes back elsewhere, as a load balancer does.
"""

import asyncio
import socket
import struct
from random import Random
from typing import cast

_ABORTIVE = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets the connection


class _End(asyncio.Protocol):
    """One end of a connection: what it hears, its peer sends."""

    def __init__(self, line: "_Line") -> None:
        self._line = line
        self.peer: _End | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._line.pass_on(self, data)

    def eof_received(self) -> bool:
        self._line.close()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._line.close()

    def pause_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.resume_reading()


class _Line:
    """One connection through the gate."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self.client = _End(self)
        self.server = _End(self)
        self._early: list[bytes] = []
        self._held: list[bytes] = []
        self.holding = False
        self.left: int | None = None
        """How many bytes more it lets through to the client before it closes; none: all."""

    async def connect(self) -> None:
        host, port = self._gate.target
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.server, host, port)
        except OSError:
            self.reset()
            return
        self.client.peer, self.server.peer = self.server, self.client
        for data in self._early:
            self.pass_on(self.client, data)

    def pass_on(self, source: _End, data: bytes) -> None:
        if source is self.client:
            if self.client.peer is None:
                self._early.append(data)
            else:
                _write(self.server, data)
        elif self.holding:
            self._held.append(data)
        elif self.left is None:
            _write(self.client, data)
        else:
            _write(self.client, data[: self.left])
            self.left -= len(data)
            if self.left <= 0:
                self.close()

    def release(self) -> None:
        self.holding = False
        held, self._held = self._held, []
        for data in held:
            self.pass_on(self.server, data)

    def close(self) -> None:
        self._gate.lines.discard(self)
        for end in (self.client, self.server):
            if end.transport is not None:
                end.transport.close()

    def reset(self) -> None:
        self._gate.lines.discard(self)
        for end in (self.client, self.server):
            if end.transport is not None:
                connection: socket.socket = end.transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTIVE)
                end.transport.abort()


class Gate:
    """Listens on a port of its own; everything goes to `target`, which may change."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.lines: set[_Line] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server

    async def open(self) -> None:
        """Begin to listen."""
        self._listener = await asyncio.get_running_loop().create_server(self._accept, "127.0.0.1", 0)

    @property
    def url(self) -> str:
        """Where clients find the server."""
        return f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    def _accept(self) -> asyncio.Protocol:
        line = _Line(self)
        self.lines.add(line)
        connecting = asyncio.get_running_loop().create_task(line.connect())
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)
        return line.client

    def drop(self) -> int:
        """Reset every connection, to both sides; gives how many there were."""
        lines = tuple(self.lines)
        for line in lines:
            line.reset()
        return len(lines)

    def truncate(self, random: Random, most: int = 400) -> int:
        """Let each connection pass a few bytes more, wherever that ends, and close it; gives how many there were."""
        lines = tuple(self.lines)
        for line in lines:
            line.left = random.randint(1, most)
        return len(lines)

    async def delay(self, seconds: float) -> int:
        """Keep everything that servers say for a while, then let it through; gives how many connections there were."""
        lines = tuple(self.lines)
        for line in lines:
            line.holding = True
        await asyncio.sleep(seconds)
        for line in lines:
            line.release()
        return len(lines)

    async def close(self) -> None:
        """Close it and every connection."""
        self._listener.close()
        self.drop()
        for connecting in self._connecting:
            connecting.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        await self._listener.wait_closed()


def _write(end: _End, data: bytes) -> None:
    if end.transport is not None and not end.transport.is_closing():
        end.transport.write(data)
