import asyncio
import time

import aiohttp
import pytest
from tests.unit.providers.raw_server import HELLO, Exchange, RawServer, piece, raw_server

from millrace.providers.body_stream import BROKEN, BodyStream, abort

KEPT: list[aiohttp.ClientResponse] = []


async def opened(session: aiohttp.ClientSession, server: RawServer, idle_s: float = 5) -> BodyStream:
    """A stream over a response whose headers have come."""
    return BodyStream(await session.post(server.base_url), KEPT.append, first_byte_s=60, idle_s=idle_s)


async def test_what_came_before_the_break_is_given_also_where_nobody_read_yet() -> None:
    async def two_pieces_and_a_fin(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(piece("a"))
        exchange.send(piece("b"))
        exchange.cut()

    came = bytearray()

    def take(data: bytes) -> bool:
        came.extend(data)
        return False

    async with raw_server(two_pieces_and_a_fin) as server, aiohttp.ClientSession() as session:
        response = await session.post(server.base_url)
        stream = BodyStream(response, KEPT.append, first_byte_s=5, idle_s=5)
        async with asyncio.timeout(5):
            while response.content.exception() is None:
                await asyncio.sleep(0.001)
        with pytest.raises(BROKEN):
            await stream.read(take)
        assert came == piece("a") + piece("b")
        stream.close()


async def test_pieces_are_given_in_the_step_that_read_them_until_there_is_enough() -> None:
    asked = asyncio.Queue[int]()

    async def on_demand(exchange: Exchange) -> None:
        exchange.begin()
        for number in range(5):
            exchange.send(piece(str(number)) * 2)
            assert await asked.get() == number
        await exchange.closed()

    came: list[bytes] = []

    def take(data: bytes) -> bool:
        asked.put_nowait(len(came))
        came.append(data)
        return len(came) == 5

    async with raw_server(on_demand) as server, aiohttp.ClientSession() as session, asyncio.timeout(5):
        stream = await opened(session, server)
        await stream.read(take)
        assert came == [piece(str(number)) * 2 for number in range(5)]
        stream.close()


async def test_what_the_taker_raises_comes_out_and_the_connection_can_be_closed() -> None:
    async def endless(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(piece("a"))
        await exchange.closed()

    def refuse(data: bytes) -> bool:
        raise ValueError(data)

    async with raw_server(endless) as server, aiohttp.ClientSession() as session, asyncio.timeout(5):
        stream = await opened(session, server)
        with pytest.raises(ValueError, match="data:"):
            await stream.read(refuse)
        stream.close()


async def test_silence_closes_between_one_and_one_and_a_half_of_its_limit() -> None:
    async def silent(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(b": ping\n\n")
        await exchange.closed()

    came: list[float] = []

    def take(data: bytes) -> bool:
        assert data == b": ping\n\n"
        came.append(time.monotonic())
        stream.answers()
        return False

    async with raw_server(silent) as server, aiohttp.ClientSession() as session:
        stream = await opened(session, server, idle_s=0.2)
        with pytest.raises(BROKEN):
            await stream.read(take)
        assert stream.silent
        assert 0.19 < time.monotonic() - came[0] < 0.5
        stream.close()


async def test_a_whole_answer_is_given_to_settle_and_not_closed() -> None:
    async def hello(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(HELLO)
        await asyncio.Event().wait()

    kept: list[aiohttp.ClientResponse] = []
    async with raw_server(hello) as server, aiohttp.ClientSession() as session:
        response = await session.post(server.base_url)
        stream = BodyStream(response, kept.append, first_byte_s=5, idle_s=5)
        await stream.read(lambda _: True)
        stream.wind_up(whole=True)
        stream.wind_up(whole=True)
        stream.close()
        assert kept == [response]
        assert response.connection is not None
        abort(response)
        abort(response)
        assert response.closed
