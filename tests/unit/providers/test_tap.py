import asyncio
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.unit.providers.raw_server import HELLO, Exchange, piece, raw_server
from tests.unit.providers.tls import server_context

from millrace.providers.tap import Tap


async def two_pieces(exchange: Exchange) -> None:
    exchange.begin()
    exchange.send(piece("a"))
    await exchange.flushed()
    await asyncio.sleep(0.01)
    exchange.send(piece("b"))
    exchange.end()


@pytest.mark.parametrize("secure", [False, True])
async def test_it_tells_of_each_read_after_the_protocol_took_it_in(
    secure: bool, tmp_path: Path, monkeypatch: Any
) -> None:
    tls: ssl.SSLContext | None = server_context(tmp_path, monkeypatch) if secure else None
    seen: list[int] = []
    async with raw_server(two_pieces, tls) as server, aiohttp.ClientSession() as session:
        response = await session.post(server.base_url)
        connection = response.connection
        assert connection is not None
        handler = connection.protocol
        transport = connection.transport
        assert transport is not None
        tap = Tap.between(connection, lambda: seen.append(response.content.total_bytes))
        assert tap is not None
        async with asyncio.timeout(5):
            while not response.content.is_eof():
                await asyncio.sleep(0.001)
        tap.remove()
        assert await response.read() == piece("a") + piece("b")
        assert seen[-1] == len(piece("a") + piece("b"))
        assert transport.get_protocol() is handler
        tap.remove()


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
            assert Tap.between(response.connection, lambda: None) is not None
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
        Tap.between(response.connection, lost.set)
        await lost.wait()
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
