"""Says when a connection has read something, in the same step of the event loop."""

import asyncio
from collections.abc import Callable
from typing import Self

from aiohttp.connector import Connection
from typing_extensions import override


class Tap(asyncio.Protocol):
    """Stands between a transport and its protocol, and calls `after` when the protocol has taken something in.

    aiohttp wakes a task when bytes of a body have come, which costs more than all that is then done with a token. The
    tap leaves reading, framing and the pool of connections to aiohttp, and is gone when the body has been read.
    """

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.Protocol, after: Callable[[], None]) -> None:
        self._transport = transport
        self._protocol = protocol
        self._after = after

    @classmethod
    def between(cls, connection: Connection, after: Callable[[], None]) -> Self | None:
        """Put a tap into a connection; there is none where the connection is closed already."""
        transport, protocol = connection.transport, connection.protocol
        if transport is None or protocol is None or transport.is_closing():
            return None
        tap = cls(transport, protocol, after)
        transport.set_protocol(tap)
        return tap

    def remove(self) -> None:
        """Let the protocol have its transport back."""
        if self._transport.get_protocol() is self:
            self._transport.set_protocol(self._protocol)

    @override
    def data_received(self, data: bytes) -> None:
        self._protocol.data_received(data)
        self._after()

    @override
    def eof_received(self) -> bool | None:
        keeps_open = self._protocol.eof_received()
        self._after()
        return keeps_open

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)
        self._after()

    @override
    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    @override
    def resume_writing(self) -> None:
        self._protocol.resume_writing()
