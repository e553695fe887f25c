import asyncio
import time

import pytest
from tests.unit.providers.calls import answers
from tests.unit.providers.raw_server import Exchange, Script, raw_server

from millrace.providers.discovery import LOCAL_SERVERS, LocalServer, discover
from millrace.providers.http import HttpClient


def listing(owner: str) -> Script:
    return answers("200 OK", {"object": "list", "data": [{"id": "m", "owned_by": owner}]})


async def found(script: Script, owner: str | None = None) -> list[str]:
    http = HttpClient()
    async with raw_server(script) as server:
        try:
            servers = await discover(http, [LocalServer("x", server.port, owner)])
        finally:
            await http.close()
        assert all(one.config.base_url == f"http://127.0.0.1:{server.port}/v1" for one in servers)
    return [info.id for one in servers for info in one.models]


async def test_a_server_that_lists_models_is_found() -> None:
    assert await found(listing("library")) == ["x/m"]


@pytest.mark.parametrize(
    "script",
    [
        answers("404 Not Found", b""),
        answers("200 OK", b"<!doctype html>"),
        answers("200 OK", b"{}"),
        answers("200 OK", {"data": []}),
        answers("302 Found", b"", "location: http://127.0.0.1:1/"),
        listing("millrace"),
    ],
)
async def test_something_else_is_not_taken_for_one(script: Script) -> None:
    assert await found(script) == []


async def test_a_port_that_many_use_needs_the_right_owner() -> None:
    assert await found(listing("vllm"), "vllm") == ["x/m"]
    assert await found(listing("someone"), "vllm") == []
    assert next(server for server in LOCAL_SERVERS if server.port == 8000).owner == "vllm"


async def test_all_are_asked_at_once_and_not_for_long() -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.closed()

    http = HttpClient()
    async with raw_server(silent) as server, raw_server(listing("library")) as good:
        began = time.monotonic()
        servers = [LocalServer(f"s{number}", server.port) for number in range(5)] + [LocalServer("good", good.port)]
        answered = await discover(http, servers)
        took = time.monotonic() - began
        await http.close()
    assert [one.config.name for one in answered] == ["good"]
    assert took < 1
    assert asyncio.get_running_loop().is_running()
