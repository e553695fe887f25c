"""Gives on what a connection has read, in the same step of the event loop."""

import asyncio
from collections.abc import Callable
from typing import Self

import aiohttp
from typing_extensions import override

from millrace.providers.chunks import whole_chunks


class Tap(asyncio.Protocol):
    """Stands between a transport and its protocol until it is removed.

    aiohttp wakes a task when bytes of a body have come, which costs more than all that is then done with a token, and
    its parser and its buffer cost as much again. The tap leaves connections, TLS, headers, the pool and all that is
    unusual to aiohttp. What it takes out of its way are reads that consist of whole chunks: between two of them the
    parser, which keeps its place, is at the same place as before.

    Args:
        transport: What reads the network.
        protocol: aiohttp's.
        response: Whose body is read; its headers have been.
        take: Is given the contents of chunks that did not go through aiohttp.
        after: Is called when aiohttp has taken something in.
    """

    __slots__ = (
        "_after",
        "_aligned",
        "_content",
        "_plain",
        "_protocol",
        "_take",
        "_transport",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        protocol: asyncio.Protocol,
        response: aiohttp.ClientResponse,
        take: Callable[[bytes], None],
        after: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._protocol = protocol
        self._content = response.content
        self._take = take
        self._after = after
        self._plain = _is_plainly_chunked(response)
        self._aligned = False

    @classmethod
    def between(
        cls, response: aiohttp.ClientResponse, take: Callable[[bytes], None], after: Callable[[], None]
    ) -> Self | None:
        """Put a tap into a response's connection; there is none where the connection is closed already."""
        connection = response.connection
        if connection is None or connection.protocol is None:
            return None
        transport = connection.transport
        if transport is None or transport.is_closing():
            return None
        tap = cls(transport, connection.protocol, response, take, after)
        transport.set_protocol(tap)
        return tap

    def remove(self) -> None:
        """Let the protocol have its transport back."""
        self._aligned = False
        if self._transport.get_protocol() is self:
            self._transport.set_protocol(self._protocol)

    @override
    def data_received(self, data: bytes) -> None:
        if self._aligned:
            body, taken = whole_chunks(data)
            self._aligned = taken == len(data)
            if taken:
                take = self._take  # a local: CPython 3.11 calls what a slot holds faster so
                take(body)
            if taken < len(data):
                self._pass_on(data[taken:])
        elif self._plain:
            self._align(data)
        else:
            self._pass_on(data)

    def _align(self, data: bytes) -> None:
        """Pass on, and find out whether the parser is between two chunks now.

        It is where the read consists of whole chunks, and the parser found as much in them: a read that began in the
        midst of a chunk or of a size would hold more or less than it says.
        """
        before = self._content.total_bytes
        body, taken = whole_chunks(data)
        self._pass_on(data)
        self._aligned = taken == len(data) and self._content.total_bytes - before == len(body) > 0

    def _pass_on(self, data: bytes) -> None:
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


def _is_plainly_chunked(response: aiohttp.ClientResponse) -> bool:
    """Whether the body is what its chunks hold: not compressed, and with no other coding."""
    headers = response.headers
    return headers.get("Transfer-Encoding", "").lower() == "chunked" and "Content-Encoding" not in headers
