"""Chunks that go around ASGI are chunks as everybody else reads them, and a slow reader holds its writer back."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from tests.support.asgi_server import serving
from uvicorn.protocols.utils import ClientDisconnected
from websockets.asyncio.client import connect

from millrace.transports.sse import CHUNKS_EXTENSION
from millrace.transports.uvicorn_http import ChunksProtocol

LIMIT_S = 10.0
Offer = Callable[[bytes], bool]


async def start(send: Any, *, length: int | None = None) -> None:
    headers = [] if length is None else [(b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def end(send: Any, body: bytes = b"") -> None:
    await send({"type": "http.response.body", "body": body, "more_body": False})


class App:
    """Answers by `talk`, which is given the short cut, and remembers what became of it."""

    def __init__(self, talk: Callable[[Offer, Any, Any], Awaitable[None]]) -> None:
        self._talk = talk
        self.scope: dict[str, Any] = {}
        self.outcome: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            return
        try:
            await self._talk(scope["extensions"][CHUNKS_EXTENSION]["offer"], receive, send)
        except ClientDisconnected as error:
            self.outcome.set_result(error)
            return
        if not self.outcome.done():
            self.outcome.set_result(None)


async def test_what_is_offered_and_what_is_sent_is_one_body_in_order() -> None:
    offered: list[bool] = []

    async def talk(offer: Offer, _: Any, send: Any) -> None:
        offered.append(offer(b"too early"))
        await start(send)
        offered.append(offer(b"a"))
        await send({"type": "http.response.body", "body": "ä".encode(), "more_body": True})
        offered.append(offer(b"x" * 4_000_000))  # more than fits: it is kept, and the next one is refused
        offered.append(offer(b"no"))
        await end(send, b"!")
        with pytest.raises(ClientDisconnected):
            offer(b"too late")

    app = App(talk)
    async with serving(app, http=ChunksProtocol, send_buffer=8192) as address, httpx2.AsyncClient() as client:
        for _ in range(2):  # twice over one connection: its end is where the reader thinks it is
            answer = await client.get(f"http://{address}/")
            assert answer.content == b"a" + "ä".encode() + b"x" * 4_000_000 + b"!"
    assert offered == [False, True, True, False] * 2


async def test_an_answer_whose_length_is_known_is_left_to_uvicorn() -> None:
    async def talk(offer: Offer, _: Any, send: Any) -> None:
        await start(send, length=2)
        assert not offer(b"no")
        await end(send, b"ok")

    async with serving(App(talk), http=ChunksProtocol) as address, httpx2.AsyncClient() as client:
        assert (await client.get(f"http://{address}/")).content == b"ok"


async def test_a_client_that_does_not_read_is_refused_until_it_reads_and_told_of_when_it_leaves() -> None:
    refused, went_on = asyncio.Event(), asyncio.Event()

    async def talk(offer: Offer, _: Any, send: Any) -> None:
        await start(send)
        while offer(b"x" * 4096):
            await asyncio.sleep(0)
        refused.set()
        await send({"type": "http.response.body", "body": b"waited", "more_body": True})
        went_on.set()
        while True:
            offer(b"y")
            await asyncio.sleep(0.001)

    app = App(talk)
    async with serving(app, http=ChunksProtocol, send_buffer=8192) as address, asyncio.timeout(LIMIT_S):
        host, port = address.split(":")
        loop = asyncio.get_running_loop()
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            await loop.sock_connect(client, (host, int(port)))
            await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await refused.wait()
            assert not went_on.is_set()
            while not went_on.is_set():
                assert await loop.sock_recv(client, 65_536)
        assert isinstance(await app.outcome, ClientDisconnected)


async def test_an_abort_waits_for_nobody() -> None:
    async def talk(offer: Offer, receive: Any, send: Any) -> None:
        await start(send)
        while offer(b"x" * 4096):
            await asyncio.sleep(0)
        app.scope["extensions"][CHUNKS_EXTENSION]["abort"]()
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"

    app = App(talk)
    async with serving(app, http=ChunksProtocol, send_buffer=8192) as address, asyncio.timeout(LIMIT_S):
        host, port = address.split(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=4096)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await app.outcome is None
        writer.close()


async def test_a_websocket_is_none_of_its_business() -> None:
    async def talk(*_: Any) -> None: ...

    app = App(talk)
    async with serving(app, http=ChunksProtocol) as address, connect(f"ws://{address}"):
        assert CHUNKS_EXTENSION not in app.scope.get("extensions", {})
