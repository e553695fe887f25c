import asyncio
import gzip
import itertools
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.unit.providers.raw_server import EVENT_STREAM, HELLO, Exchange, piece, raw_server
from tests.unit.providers.tls import server_context

from millrace.providers.tap import Tap

LAST = b"0\r\n\r\n"


def chunk(body: bytes, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(body), extension, body)


async def two_pieces(exchange: Exchange) -> None:
    exchange.begin()
    exchange.send(piece("a"))
    await exchange.flushed()
    await asyncio.sleep(0.01)
    exchange.send(piece("b"))
    exchange.end()


class Listener:
    """Puts a tap into a response, and gathers the body from both of its ways."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.body = b""
        self.enough = False
        self.past = 0
        """How many bytes did not go through aiohttp."""
        tap = Tap.between(response, self._take, self._after)
        assert tap is not None
        self.tap = tap

    def _take(self, data: bytes) -> None:
        self.past += len(data)
        self.body += data
        if self.enough:
            self.tap.remove()

    def _after(self) -> None:
        self.body += self.response.content.read_nowait()


@asynccontextmanager
async def responding(*headers: str, secure: ssl.SSLContext | None = None) -> AsyncIterator[Listener]:
    """A response whose body the test gives to the tap itself; the connection must serve once more behind it."""

    async def begin_or_answer(exchange: Exchange) -> None:
        if len(server.exchanges) == 1:
            exchange.begin("200 OK", EVENT_STREAM, *headers)
        else:
            exchange.answer("200 OK", b"again")

    async with raw_server(begin_or_answer, secure) as server, aiohttp.ClientSession() as session:
        listener = Listener(await session.post(server.base_url))
        yield listener
        assert listener.response.content.is_eof()
        listener.tap.remove()
        async with session.post(server.base_url) as response:
            assert await response.read() == b"again"
        assert server.connections == 1


async def test_whole_chunks_go_past_aiohttp_once_its_parser_is_known_to_be_between_two() -> None:
    async with responding() as listener:
        for number in range(5):
            listener.tap.data_received(chunk(piece(str(number))))
        assert listener.past == 4 * len(piece("0"))
        listener.tap.data_received(chunk(piece("5")) + chunk(piece("6")) + LAST)
        assert listener.body == b"".join(piece(str(number)) for number in range(7))
        assert listener.past == 6 * len(piece("0"))


async def test_whoever_has_enough_gets_nothing_twice() -> None:
    async with responding() as listener:
        listener.tap.data_received(chunk(b"one"))
        listener.enough = True
        listener.tap.data_received(chunk(b"two") + chunk(b"three"))
        assert (listener.body, listener.past) == (b"onetwothree", 8)
        assert listener.response.content.read_nowait() == b""
        connection = listener.response.connection
        assert connection is not None
        assert connection.protocol is not None
        connection.protocol.data_received(chunk(b"four") + LAST)
        assert listener.response.content.read_nowait() == b"four"


@pytest.mark.parametrize("seed", range(30))
async def test_the_body_is_the_same_however_the_network_cuts_it(seed: int) -> None:
    chance = random.Random(seed)
    bodies = [b"5\r\nhello\r\n" * chance.randint(1, 3) for _ in range(30)]  # its text looks like chunks
    extension = b";a=1" if seed % 5 == 0 else b""
    chunks = [chunk(body, extension if chance.random() < 0.2 else b"") for body in bodies]
    wire = b"".join(chunks) + LAST
    ends = [sum(map(len, chunks[:count])) for count in range(1, len(chunks))]
    cuts = {chance.choice(ends) if chance.random() < seed / 30 else chance.randrange(len(wire)) for _ in range(25)}
    places = [0, *sorted(cuts), len(wire)]
    async with responding() as listener:
        for begin, end in itertools.pairwise(places):
            listener.tap.data_received(wire[begin:end])
        assert listener.body == b"".join(bodies)


async def test_a_size_that_was_read_in_part_before_the_tap_came_is_not_misread() -> None:
    """The parser knows of "1" already; what follows is 0x1a bytes, though it reads as a chunk of 0xa."""
    body = b"0123456789\r\n" + b"e\r\n01234567890"[:14]
    assert len(body) == 0x1A
    async with responding() as listener:
        protocol = listener.response.connection
        assert protocol is not None
        assert protocol.protocol is not None
        protocol.protocol.data_received(b"1")
        listener.tap.data_received(b"a\r\n" + body + b"\r\n")
        listener.tap.data_received(chunk(b"more"))
        listener.tap.data_received(LAST)
        assert listener.body == body + b"more"


async def test_a_compressed_body_goes_through_aiohttp() -> None:
    packed = gzip.compress(piece("a") * 3)
    async with responding("content-encoding: gzip") as listener:
        for byte in range(0, len(packed), 5):
            listener.tap.data_received(chunk(packed[byte : byte + 5]))
        listener.tap.data_received(LAST)
        assert (listener.body, listener.past) == (piece("a") * 3, 0)


@pytest.mark.parametrize("secure", [False, True])
async def test_it_reads_what_the_network_brings(secure: bool, tmp_path: Path, monkeypatch: Any) -> None:
    tls = server_context(tmp_path, monkeypatch) if secure else None
    async with raw_server(two_pieces, tls) as server, aiohttp.ClientSession() as session:
        response = await session.post(server.base_url)
        connection = response.connection
        assert connection is not None
        handler, transport = connection.protocol, connection.transport
        assert transport is not None
        listener = Listener(response)
        async with asyncio.timeout(5):
            while not response.content.is_eof():
                await asyncio.sleep(0.001)
        listener.tap.remove()
        listener.tap.remove()
        assert listener.body == piece("a") + piece("b")
        assert transport.get_protocol() is handler


async def test_the_connection_serves_the_next_request_whether_or_not_the_tap_is_gone() -> None:
    async def hello(exchange: Exchange) -> None:
        exchange.begin()
        await asyncio.sleep(0.01)
        exchange.send(HELLO)
        exchange.end()

    async with raw_server(hello) as server, aiohttp.ClientSession() as session:
        for _ in range(3):
            response = await session.post(server.base_url)
            assert response.connection is not None
            assert Tap.between(response, lambda _: None, lambda: None) is not None
            assert await response.read() == HELLO
        assert server.connections == 1


async def test_a_lost_connection_is_told_too() -> None:
    async def cut(exchange: Exchange) -> None:
        exchange.begin()
        await asyncio.sleep(0.01)
        exchange.cut()

    lost = asyncio.Event()
    async with raw_server(cut) as server, aiohttp.ClientSession() as session, asyncio.timeout(5):
        response = await session.post(server.base_url)
        assert response.connection is not None
        Tap.between(response, lambda _: None, lost.set)
        await lost.wait()
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
