"""The proxy really does what it is asked to: a fault that never happens proves nothing."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
from chaos.gate import Gate

LIMIT_S = 10.0
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def echo() -> AsyncIterator[tuple[str, int]]:
    """A server that says everything again."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()
    server.close()
    for writer in writers:
        writer.close()


@pytest.fixture
async def gate(echo: tuple[str, int]) -> AsyncIterator[Gate]:
    gate = Gate(echo)
    await gate.open()
    yield gate
    await gate.close()


async def connect(gate: Gate) -> Stream:
    return await asyncio.open_connection("127.0.0.1", int(gate.url.rpartition(":")[2]))


async def said(stream: Stream, data: bytes) -> bytes:
    reader, writer = stream
    writer.write(data)
    async with asyncio.timeout(LIMIT_S):
        return await reader.readexactly(len(data))


async def test_everything_passes(gate: Gate) -> None:
    stream = await connect(gate)
    assert await said(stream, b"hello") == b"hello"
    large = bytes(3_000_000)
    assert await said(stream, large) == large
    stream[1].close()


async def test_it_resets_connections_and_takes_new_ones(gate: Gate) -> None:
    stream = await connect(gate)
    await said(stream, b"hello")
    assert gate.drop() == 1
    with pytest.raises(ConnectionResetError):
        await stream[0].read()
    again = await connect(gate)
    assert await said(again, b"hello") == b"hello"
    again[1].close()


async def test_it_ends_connections_after_some_bytes(gate: Gate) -> None:
    stream = await connect(gate)
    await said(stream, b"hello")
    assert gate.truncate(Random(1), most=400) == 1
    stream[1].write(bytes(1000))
    async with asyncio.timeout(LIMIT_S):
        rest = await stream[0].read()
    assert 1 <= len(rest) <= 400
    stream[1].close()


async def test_it_keeps_back_and_lets_go_in_order(gate: Gate) -> None:
    stream = await connect(gate)
    await said(stream, b"hello")
    delayed = asyncio.create_task(gate.delay(0.2))
    await asyncio.sleep(0)
    stream[1].write(b"one ")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await stream[0].read(1)
    stream[1].write(b"two")
    assert await delayed == 1
    async with asyncio.timeout(LIMIT_S):
        assert await stream[0].readexactly(7) == b"one two"
    stream[1].close()


async def test_nobody_behind_it_is_a_connection_that_ends(gate: Gate, echo: tuple[str, int]) -> None:
    gate.target = ("127.0.0.1", 9)
    reader, writer = await connect(gate)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    gate.target = echo
    back = await connect(gate)
    assert await said(back, b"back") == b"back"
    back[1].close()
