import asyncio
import time

import aiohttp
import pytest
from tests.unit.providers.raw_server import HELLO, Exchange, piece, raw_server

from millrace.providers.body_stream import BROKEN, BodyStream, abort

KEPT: list[aiohttp.ClientResponse] = []


async def test_what_came_before_the_break_is_left_for_a_reader_that_was_busy() -> None:
    async def two_pieces_and_a_fin(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(piece("a"))
        exchange.send(piece("b"))
        exchange.cut()

    async with raw_server(two_pieces_and_a_fin) as server, aiohttp.ClientSession() as session:
        response = await session.post(server.base_url)
        stream = BodyStream(response, KEPT.append, first_byte_s=5, idle_s=5)
        async with asyncio.timeout(5):
            while response.content.exception() is None:
                await asyncio.sleep(0.001)
        with pytest.raises(BROKEN):
            await stream.readany()
        assert stream.left() == piece("a") + piece("b")
        assert stream.left() == b""
        stream.close()


async def test_silence_closes_between_one_and_one_and_a_half_of_its_limit() -> None:
    async def silent(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(b": ping\n\n")
        await exchange.closed()

    async with raw_server(silent) as server, aiohttp.ClientSession() as session:
        response = await session.post(server.base_url)
        stream = BodyStream(response, KEPT.append, first_byte_s=60, idle_s=0.2)
        assert await stream.readany() == b": ping\n\n"
        began = time.monotonic()
        with pytest.raises(BROKEN):
            await stream.readany()
        assert stream.silent
        assert 0.19 < time.monotonic() - began < 0.5
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
        await stream.readany()
        stream.wind_up(whole=True)
        stream.wind_up(whole=True)
        stream.close()
        assert kept == [response]
        assert response.connection is not None
        abort(response)
        abort(response)
        assert response.closed
