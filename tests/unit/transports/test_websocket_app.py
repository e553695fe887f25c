"""The endpoint in the real app behind real sockets: who comes in, by what, and what closes a connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from tests.support.app import small_settings
from tests.support.asgi_server import serving
from tests.support.chat_bench import ANA
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close
from websockets.typing import Subprotocol

from millrace.server.app import create_app
from millrace.server.compose import Ports
from millrace.server.services import services_of
from millrace.transports.uvicorn_protocol import FramesProtocol

LIMIT_S = 30.0
PATH = "/api/ws/chat"


class Site:
    """A running app."""

    def __init__(self, app: FastAPI, address: str) -> None:
        self.app = app
        self.address = address
        self.url = f"ws://{address}{PATH}"

    def token(self, lifetime_s: int = 3600) -> str:
        return services_of(self.app).tokens.issue_access(ANA, lifetime_s)

    def enter(self, token: str | None = None, **options: Any) -> connect:
        """Connect as Ana, or with whatever token is given."""
        url = f"{self.url}?token={self.token() if token is None else token}"
        return connect(url, **{"compression": None, **options})

    async def refusal(self, url: str, **options: Any) -> Close:
        """How the server closes a connection that it should not let in."""
        async with connect(url, compression=None, **options) as client:
            return await closed(client)


@asynccontextmanager
async def site(folder: Path, **values: Any) -> AsyncIterator[Site]:
    settings = small_settings(folder, **values)
    app = create_app(settings, ports=Ports(models=ScriptedDirectory(ScriptedProvider(autoplay=["Be", "cause"]))))
    options: dict[str, Any] = {
        "ws": FramesProtocol,
        "ws_max_size": settings.limits.frame_bytes,
        "ws_per_message_deflate": False,
    }
    async with serving(app, lifespan="on", **options) as address:
        yield Site(app, address)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as running:
        yield running


async def closed(client: ClientConnection) -> Close:
    """The server's close frame."""
    with pytest.raises(ConnectionClosed) as caught:
        await read_on(client)
    assert caught.value.rcvd is not None, "the connection broke without a close frame"
    return caught.value.rcvd


async def read_on(client: ClientConnection) -> None:
    """Read until there is no more to read."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            await client.recv()


async def answer(client: ClientConnection, kind: str, **data: Any) -> Any:
    """Send a frame; the next one that comes."""
    await client.send(json.dumps({"type": kind, "data": data}))
    return await following(client)


async def following(client: ClientConnection) -> Any:
    async with asyncio.timeout(LIMIT_S):
        return json.loads(await client.recv())


async def is_anas(client: ClientConnection) -> bool:
    """Whether this connection is Ana's: only hers may say so."""
    frame = await answer(client, "chat_request", message=" ", user_id="ana")
    return "The message is empty" in frame["data"]["error"]["message"]


# --- who comes in, by what ------------------------------------------------------------------------------


async def test_by_token_in_the_query(here: Site) -> None:
    async with here.enter() as client:
        assert await is_anas(client)


async def test_by_authorization_header(here: Site) -> None:
    async with connect(here.url, additional_headers={"Authorization": f"Bearer {here.token()}"}) as client:
        assert await is_anas(client)


@pytest.mark.parametrize("prefix", ["", "bearer."])
async def test_by_subprotocol(here: Site, prefix: str) -> None:
    offered = [Subprotocol(f"{prefix}{here.token()}"), Subprotocol("millrace")]
    async with connect(here.url, subprotocols=offered) as client:
        assert client.subprotocol == "millrace"
        assert await is_anas(client)


async def test_by_subprotocol_alone(here: Site) -> None:
    token = Subprotocol(here.token())
    async with connect(here.url, subprotocols=[token]) as client:
        assert client.subprotocol == token
        assert await is_anas(client)


async def test_by_cookie(here: Site) -> None:
    async with connect(here.url, additional_headers={"Cookie": f"millrace_session={here.token()}"}) as client:
        assert await is_anas(client)


async def test_by_ticket_once(here: Site) -> None:
    async with httpx2.AsyncClient(base_url=f"http://{here.address}") as browser:
        given = await browser.post("/api/auth/ws-ticket", headers={"Authorization": f"Bearer {here.token()}"})
    url = f"{here.url}?ticket={given.json()['ticket']}"
    async with connect(url) as client:
        assert await is_anas(client)
    assert await here.refusal(url) == Close(1008, "Invalid token")


async def test_a_connection_id_is_allowed(here: Site) -> None:
    url = f"{here.url}?token={here.token()}&connection_id=9f0c8f7e-5a4f-4a55-8f0a-8a6f8f0c1d2e"
    async with connect(url) as client:
        assert await is_anas(client)


@pytest.mark.parametrize(
    "query",
    ["", "?token=", "?token=nonsense", "?token=a.b.c", "?ticket=unknown", "?token=%00%ff", f"?token={'x' * 8000}"],
)
async def test_an_invalid_token_closes_with_1008(here: Site, query: str) -> None:
    assert await here.refusal(here.url + query) == Close(1008, "Invalid token")


async def test_an_expired_token(here: Site) -> None:
    assert await here.refusal(f"{here.url}?token={here.token(-1)}") == Close(1008, "Invalid token")


async def test_a_forged_token(here: Site) -> None:
    head, payload, signature = here.token().split(".")
    forged = f"{head}.{payload}.{signature[:-2]}{'AA' if signature[-2:] != 'AA' else 'BB'}"
    assert await here.refusal(f"{here.url}?token={forged}") == Close(1008, "Invalid token")


async def test_an_invalid_token_as_a_subprotocol(here: Site) -> None:
    # A browser hangs up where none of the subprotocols that it offers is chosen, and would never see the reason.
    assert await here.refusal(here.url, subprotocols=[Subprotocol("bearer.a.b.c")]) == Close(1008, "Invalid token")


async def test_a_foreign_page_is_turned_away_and_an_own_one_is_not(here: Site) -> None:
    refusal = await here.refusal(f"{here.url}?token={here.token()}", origin="https://evil.example")
    assert refusal.code == 1008
    assert refusal.reason.startswith("Requests from this web page are not allowed.")
    async with here.enter(origin=f"http://{here.address}") as client:
        assert await is_anas(client)


async def test_a_page_that_the_operator_allows(tmp_path: Path) -> None:
    async with (
        site(tmp_path, allowed_origins=("https://app.example.com",)) as running,
        running.enter(origin="https://app.example.com") as client,
    ):
        assert await is_anas(client)


async def test_too_many_connections_and_room_again_when_one_leaves(tmp_path: Path) -> None:
    async with site(tmp_path, limits={"connections_per_user": 2}) as running:
        url = f"{running.url}?token={running.token()}"
        async with running.enter():
            async with running.enter():
                assert await running.refusal(url) == Close(1008, "Too many connections")
            async with asyncio.timeout(LIMIT_S):
                while running.app.state.connections.total > 1:
                    await asyncio.sleep(0.005)
            async with running.enter() as client:
                assert await is_anas(client)


# --- what closes a connection, and what does not -----------------------------------------------------------


async def test_a_whole_turn(here: Site) -> None:
    async with here.enter() as client:
        frames = [await answer(client, "chat_request", message="Why?")]
        while frames[-1]["type"] != "chat_complete":
            frames.append(await following(client))
    kinds = [frame["type"] for frame in frames]
    tokens = ["content_token"] * 3
    assert kinds == ["thinking_started", "emotion_update", *tokens, "emotion_update", "chat_complete"]
    assert frames[-1]["data"]["full_message"] == "Because"


async def test_garbage_keeps_the_connection(here: Site) -> None:
    garbage: list[str | bytes] = ["", "no", "[]", "[" * 10_000, b"\xff\xfe\x00", '{"type":"chat_stop"}', "\ufeff{}"]
    async with here.enter() as client:
        for frame in garbage:
            await client.send(frame)
            refused = await following(client)
            assert refused["type"] == "chat_error"
            assert refused["data"]["error"]["code"] == "INVALID_REQUEST"
        assert await answer(client, "ping", n=1) == {"type": "pong", "data": {"n": 1}}


async def test_a_frame_over_the_limit_closes_with_1009(tmp_path: Path) -> None:
    async with site(tmp_path, limits={"frame_bytes": 2048}) as running, running.enter() as client:
        at_limit = json.dumps({"type": "ping", "data": "x" * (2048 - len('{"type": "ping", "data": ""}'))})
        assert len(at_limit) == 2048
        await client.send(at_limit)
        assert (await following(client))["type"] == "pong"
        await client.send(at_limit + " ")
        assert (await closed(client)).code == 1009


async def test_too_many_frames_close_with_1008(tmp_path: Path) -> None:
    async with site(tmp_path, limits={"frames_per_second": 5}) as running, running.enter() as client:
        for _ in range(50):
            await client.send('{"type":"ping"}')
        assert await closed(client) == Close(1008, "Too many messages")


async def test_a_server_that_stops_says_so(tmp_path: Path) -> None:
    async with site(tmp_path) as running:
        client = await running.enter()
        assert await is_anas(client)
    assert (await closed(client)).code == 1012


async def test_a_message_that_is_too_long_is_refused_and_no_more(tmp_path: Path) -> None:
    async with site(tmp_path, limits={"message_chars": 10}) as running, running.enter() as client:
        refused = await answer(client, "chat_request", message="x" * 11)
        assert refused["data"]["error"]["code"] == "INVALID_REQUEST"
        assert (await answer(client, "chat_request", message="x" * 10))["type"] == "thinking_started"


async def test_too_many_questions_say_when_to_come_back(tmp_path: Path) -> None:
    async with site(tmp_path, limits={"turns_per_minute": 1}) as running, running.enter() as client:
        frame = await answer(client, "chat_request", message="Hi")
        while frame["type"] != "chat_complete":
            frame = await following(client)
        error = (await answer(client, "chat_request", message="Hi"))["data"]["error"]
        assert error["code"] == "RATE_LIMIT"
        assert 0 < error["retry_after"] <= 60
