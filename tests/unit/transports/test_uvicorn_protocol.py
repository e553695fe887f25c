"""Frames that go out together are frames as everybody else reads them, and a slow reader holds its writer back."""

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.asgi_server import serving
from uvicorn.protocols.utils import ClientDisconnected
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from millrace.transports.uvicorn_protocol import FramesProtocol, text_frames
from millrace.transports.websocket import FRAMES_EXTENSION

LIMIT_S = 10.0
EDGES = st.sampled_from([0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537])


class Observed(FramesProtocol):
    """Lets a test look at the server's side."""

    made: "list[Observed]"

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.made.append(self)


@pytest.fixture
def protocol() -> type[Observed]:
    class Fresh(Observed):
        made: "list[Observed]" = []  # noqa: RUF012 - one list per test
        close_timeout = 0.2

        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **keywords)
            self.close_timeout = 0.2

    return Fresh


def parsed(data: bytes) -> list[Frame]:
    """What the `websockets` library reads."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    frames: list[Frame] = []
    while not finished(reader.at_eof()):
        frames.append(finished(Frame.parse(reader.read_exact, mask=False)))
    return frames


def finished(steps: Generator[None, None, Any]) -> Any:
    """What a parser returns that has all it needs."""
    try:
        while True:
            next(steps)
    except StopIteration as stopped:
        return stopped.value


@given(st.lists(EDGES | st.integers(0, 70_000), max_size=4))
@example([])
@example([125, 126, 65_535, 65_536])
def test_any_lengths_are_read_back(lengths: list[int]) -> None:
    payloads = [bytes([97 + index]) * length for index, length in enumerate(lengths)]
    for prefix in (b"", b"42"):
        frames = parsed(text_frames(payloads, prefix))
        assert [bytes(frame.data) for frame in frames] == [prefix + payload for payload in payloads]
        assert all(frame.opcode is Opcode.TEXT and frame.fin for frame in frames)


class App:
    """Accepts, runs `talk`, and remembers how that ended."""

    def __init__(self, talk: Callable[[Any, Any], Any]) -> None:
        self._talk = talk
        self.extensions: dict[str, Any] = {}
        self.outcome: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.extensions = scope["extensions"]
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        try:
            await self._talk(receive, send)
        except OSError as error:
            self.outcome.set_result(error)
            raise
        if not self.outcome.done():
            self.outcome.set_result(None)


async def frames(send: Any, *payloads: str) -> None:
    await send({"type": FRAMES_EXTENSION, "frames": [payload.encode() for payload in payloads]})


async def endless(_: Any, send: Any) -> None:
    while True:
        await frames(send, "x" * 4096)
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def deaf_client(address: str) -> AsyncIterator[socket.socket]:
    """A client that shakes hands and then reads nothing."""
    host, port = address.split(":")
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, (host, int(port)))
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await loop.sock_sendall(client, request.encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await loop.sock_recv(client, 1)
        assert b" 101 " in head
        yield client


@asynccontextmanager
async def talking(
    talk: Callable[[Any, Any], Any], protocol: type[Observed], **config: Any
) -> AsyncIterator[tuple[App, str]]:
    app = App(talk)
    options = {"ws": protocol, "ws_per_message_deflate": False, "send_buffer": 8192, **config}
    async with serving(app, **options) as address:
        yield app, address


async def received(client: ClientConnection, count: int) -> list[str | bytes]:
    async with asyncio.timeout(LIMIT_S):
        return [await client.recv() for _ in range(count)]


async def test_a_client_reads_many_frames_of_one_write(protocol: type[Observed]) -> None:
    sent = ["", "ä", "x" * 125, "x" * 126, "x" * 65_535, "x" * 65_536, *map(str, range(2000))]

    async def talk(receive: Any, send: Any) -> None:
        await frames(send, *sent)
        await send({"type": "websocket.send", "text": "by the general way"})
        await frames(send, "again")
        await receive()

    async with talking(talk, protocol) as (app, address), connect(f"ws://{address}") as client:
        assert FRAMES_EXTENSION in app.extensions
        assert await received(client, len(sent) + 2) == [*sent, "by the general way", "again"]


async def test_compressed_connections_are_left_to_uvicorn(protocol: type[Observed]) -> None:
    async def talk(receive: Any, send: Any) -> None:
        await send({"type": "websocket.send", "text": "small"})
        await receive()

    async with (
        talking(talk, protocol, ws_per_message_deflate=True) as (app, address),
        connect(f"ws://{address}") as client,
    ):
        assert await received(client, 1) == ["small"]
        assert FRAMES_EXTENSION not in app.extensions


async def test_a_client_that_does_not_read_holds_the_writer_back(protocol: type[Observed]) -> None:
    async with talking(endless, protocol) as (app, address), deaf_client(address) as client:
        await until(lambda: bool(protocol.made) and not protocol.made[0].writable.is_set())
        transport = protocol.made[0].transport
        held = transport.get_write_buffer_size()
        low, high = transport.get_write_buffer_limits()
        assert low < held <= high + 4096 + 4  # the limit, and the write that went over it
        for _ in range(20):
            await asyncio.sleep(0)
        assert transport.get_write_buffer_size() == held
        # As soon as it reads, it gets the rest.
        loop = asyncio.get_running_loop()
        for _ in range(10):
            assert await loop.sock_recv(client, 65_536)
        assert not app.outcome.done()
    assert isinstance(app.outcome.result(), ClientDisconnected)


async def test_a_client_that_leaves_while_the_writer_waits(protocol: type[Observed]) -> None:
    async with talking(endless, protocol) as (app, address):
        async with deaf_client(address):
            await until(lambda: bool(protocol.made) and not protocol.made[0].writable.is_set())
        async with asyncio.timeout(LIMIT_S):
            assert isinstance(await app.outcome, ClientDisconnected)


async def test_a_client_that_closes_properly_while_it_is_written_to(protocol: type[Observed]) -> None:
    async with talking(endless, protocol) as (app, address):
        async with connect(f"ws://{address}", max_queue=None) as client:
            await received(client, 5)
        assert client.close_code == 1000
        async with asyncio.timeout(LIMIT_S):
            assert isinstance(await app.outcome, ClientDisconnected)


@pytest.mark.parametrize(("path", "headers", "status"), [("x" * 9000, {}, 414), ("", {"Cookie": "x" * 9000}, 431)])
async def test_a_request_that_is_too_long_is_answered(
    protocol: type[Observed], path: str, headers: dict[str, str], status: int
) -> None:
    async with talking(endless, protocol) as (_, address):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{address}/{path}", additional_headers=headers, open_timeout=LIMIT_S)
        assert refused.value.response.status_code == status
        await until(lambda: protocol.made[0].disconnected)


async def test_nothing_is_sent_after_a_close(protocol: type[Observed]) -> None:
    async def talk(_: Any, send: Any) -> None:
        await send({"type": "websocket.close", "code": 1008, "reason": "Because"})
        await frames(send, "late")

    async with talking(talk, protocol) as (app, address), connect(f"ws://{address}") as client:
        with pytest.raises(ConnectionClosed) as closed:
            await received(client, 1)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Because")
        assert isinstance(await app.outcome, ClientDisconnected)


async def test_pings_are_answered_between_frames(protocol: type[Observed]) -> None:
    async def talk(receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "websocket.receive":
            await frames(send, message["text"], message["text"])

    # A client of its own accord, and the server to it: it stays as long as it answers.
    async with (
        talking(talk, protocol, ws_ping_interval=0.02, ws_ping_timeout=LIMIT_S) as (_, address),
        connect(f"ws://{address}") as client,
    ):
        async with asyncio.timeout(LIMIT_S):
            await (await client.ping())
            await client.send("a")
            assert await received(client, 2) == ["a", "a"]
        await until(lambda: protocol.made[0].last_ping_rtt > 0)
        await client.send("b")
        assert await received(client, 2) == ["b", "b"]


async def test_a_client_that_neither_reads_nor_answers_pings_is_let_go(protocol: type[Observed]) -> None:
    async with (
        talking(endless, protocol, ws_ping_interval=0.05, ws_ping_timeout=0.1) as (app, address),
        deaf_client(address),
    ):
        async with asyncio.timeout(LIMIT_S):
            assert isinstance(await app.outcome, ClientDisconnected)
        await until(lambda: protocol.made[0].disconnected)


async def test_a_client_that_is_closed_but_does_not_read_is_let_go(protocol: type[Observed]) -> None:
    async def talk(_: Any, send: Any) -> None:
        await frames(send, *["x" * 1000] * 30)  # more than the kernel takes, less than holds the writer back
        assert protocol.made[0].transport.get_write_buffer_size() > 0
        await send({"type": "websocket.close", "code": 1008, "reason": "Too many messages"})

    async with talking(talk, protocol) as (_, address), deaf_client(address):
        await until(lambda: bool(protocol.made) and protocol.made[0].close_sent)
        await until(lambda: protocol.made[0].disconnected)


@pytest.mark.parametrize("fragmented", [False, True])
async def test_a_frame_over_the_limit_closes_with_1009(protocol: type[Observed], fragmented: bool) -> None:
    async def talk(receive: Any, _: Any) -> None:
        while (await receive())["type"] == "websocket.receive":
            pass

    async with talking(talk, protocol, ws_max_size=65_536) as (_, address), connect(f"ws://{address}") as client:
        await client.send("x" * 65_536)
        await client.send(["x" * 40_000, "x" * 25_537] if fragmented else "x" * 65_537)
        with pytest.raises(ConnectionClosed) as closed:
            await received(client, 1)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
