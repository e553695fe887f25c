"""A provider whose every byte and every closed socket a test can see: raw TCP, or TLS over it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

EVENT_STREAM = "text/event-stream; charset=utf-8"
LIMIT_S = 5.0


def piece(text: str) -> bytes:
    """One event with one piece of text."""
    return b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % text.encode()


FINISH = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"
HELLO = piece("Hel") + piece("lo") + FINISH + DONE


class Exchange:
    """One request, and what the test answers it with."""

    def __init__(self, head: str, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.head = head
        self.body = body
        self._reader = reader
        self._writer = writer

    def begin(self, status: str = "200 OK", media: str = EVENT_STREAM, *headers: str) -> None:
        """Send the head of a chunked response."""
        lines = [f"HTTP/1.1 {status}", f"content-type: {media}", "transfer-encoding: chunked", *headers]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send(self, data: bytes) -> None:
        """Send one HTTP chunk."""
        self._writer.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        """Send the last HTTP chunk; the connection stays open."""
        self._writer.write(b"0\r\n\r\n")

    def answer(self, status: str, body: bytes, media: str = "application/json", *headers: str) -> None:
        """Send a whole response."""
        lines = [f"HTTP/1.1 {status}", f"content-type: {media}", f"content-length: {len(body)}", *headers]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)

    def cut(self) -> None:
        """End the connection with a FIN, after what was written."""
        self._writer.close()

    def reset(self) -> None:
        """End the connection with an RST."""
        self._writer.transport.abort()

    async def flushed(self) -> None:
        """Wait until all is on its way."""
        await self._writer.drain()

    async def closed(self) -> None:
        """Wait until the other side has closed the connection."""
        async with asyncio.timeout(LIMIT_S):
            try:
                while await self._reader.read(65536):
                    pass
            except (ConnectionError, ssl.SSLError):
                pass


Script = Callable[[Exchange], Awaitable[None]]


class RawServer:
    """Where it listens, what it was asked, how many connections it has seen."""

    def __init__(self, script: Script, scheme: str) -> None:
        self._script = script
        self._scheme = scheme
        self.port = 0
        self.connections = 0
        self.exchanges: list[Exchange] = []

    @property
    def base_url(self) -> str:
        """The base URL for a provider."""
        return f"{self._scheme}://localhost:{self.port}/v1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next((line for line in head.lower().split("\r\n") if line.startswith("content-length:")), ":0")
                body = await reader.readexactly(int(length.split(":")[1]))
                exchange = Exchange(head, body, reader, writer)
                self.exchanges.append(exchange)
                await self._script(exchange)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass  # the other side has gone, which is its right
        finally:
            writer.transport.abort()


@asynccontextmanager
async def raw_server(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve `script` on a free port while the context lasts."""
    raw = RawServer(script, "https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(raw.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
