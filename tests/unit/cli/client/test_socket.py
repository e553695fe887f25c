"""Real WebSockets, to a server that the test plays."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.server import ServerConnection, serve

from millrace.cli.client.api import Web
from millrace.cli.client.link import SocketLost
from millrace.cli.client.socket import dialer


class Server:
    def __init__(self) -> None:
        self.url = ""
        self.paths: list[str] = []

    async def __call__(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.paths.append(connection.request.path)
        async for frame in connection:
            assert isinstance(frame, str)
            if frame == "leave":
                await connection.close(1012, "Restarting")
            else:
                await connection.send(frame)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    played = Server()
    async with serve(played, "127.0.0.1", 0) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        played.url = f"http://127.0.0.1:{port}/"
        yield played


async def test_frames_go_both_ways_until_the_server_leaves(server: Server) -> None:
    async with asyncio.timeout(10), dialer(Web(server.url))("a-ticket") as socket:
        frames = socket.frames()
        await socket.send(b'"one"')
        assert await anext(frames) == b'"one"'
        await socket.send(b"leave")
        with pytest.raises(SocketLost, match="Restarting"):
            await anext(frames)
        with pytest.raises(SocketLost):
            await socket.send(b"more")
    assert server.paths == ["/api/ws/chat?ticket=a-ticket"]


async def test_closing_it_ends_the_frames(server: Server) -> None:
    async with asyncio.timeout(10), dialer(Web(server.url))("a-ticket") as socket:
        await socket.close()
        with pytest.raises(SocketLost):
            await anext(socket.frames())


async def test_nobody_there_is_a_loss_too() -> None:
    with pytest.raises(SocketLost):
        async with dialer(Web("http://127.0.0.1:9"))("a-ticket"):
            pass
