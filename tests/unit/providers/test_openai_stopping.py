"""Stopping closes the connection at once, in every state it can be in."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.generation import STOPS, Stop, stop_when
from tests.unit.providers.calls import REQUEST, collect, provided
from tests.unit.providers.raw_server import Exchange, piece
from tests.unit.providers.tls import server_context

AT_ONCE_S = 0.1


async def stays_open(exchange: Exchange) -> None:
    exchange.begin()
    exchange.send(piece("a"))
    await exchange.closed()


@pytest.mark.parametrize("how", STOPS)
@pytest.mark.parametrize("secure", [False, True])
async def test_stopping_closes_the_socket_at_once(how: Stop, secure: bool, tmp_path: Path, monkeypatch: Any) -> None:
    tls = server_context(tmp_path, monkeypatch) if secure else None
    closed_at: list[float] = []

    async def script(exchange: Exchange) -> None:
        await stays_open(exchange)
        closed_at.append(time.perf_counter())

    async with provided(script, tls=tls) as (provider, _):
        await stop_when(provider, REQUEST, bool, how)
        stopped = time.perf_counter()
        async with asyncio.timeout(5):
            while not closed_at:
                await asyncio.sleep(0.001)
    assert closed_at[0] - stopped < AT_ONCE_S


@pytest.mark.parametrize("secure", [False, True])
async def test_stopping_before_the_first_byte_closes_the_socket_at_once(
    secure: bool, tmp_path: Path, monkeypatch: Any
) -> None:
    tls = server_context(tmp_path, monkeypatch) if secure else None
    asked, closed = asyncio.Event(), asyncio.Event()

    async def script(exchange: Exchange) -> None:
        asked.set()
        await exchange.closed()
        closed.set()

    async with provided(script, tls=tls) as (provider, _):
        task = asyncio.create_task(collect(provider))
        await asyncio.wait_for(asked.wait(), 5)
        task.cancel()
        stopped = time.perf_counter()
        await asyncio.wait([task])
        await asyncio.wait_for(closed.wait(), 5)
        assert time.perf_counter() - stopped < AT_ONCE_S


async def test_stopping_while_the_server_floods_closes_at_once() -> None:
    closed = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        exchange.begin()
        try:
            while True:
                exchange.send(piece("flood") * 100)
                await exchange.flushed()
        finally:
            closed.set()

    async with provided(script) as (provider, _):
        await stop_when(provider, REQUEST, bool, "cancel")
        await asyncio.wait_for(closed.wait(), AT_ONCE_S)
