"""Who is let in over Socket.IO, and what goes to a user's rooms."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from socketio.exceptions import ConnectionError as NotConnected
from tests.support.site import ANA, BEN, Site, site
from tests.support.socketio_client import socketio_client
from websockets.asyncio.client import connect

from millrace.model.commands import StartTurn


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as running:
        yield running


def client(here: Site, user: Any = ANA, **options: Any) -> Any:
    return socketio_client(here.url, auth={"token": here.token(user)}, **options)


async def test_who_is_not_let_in_is_told_why(here: Site, tmp_path: Path) -> None:
    async with socketio_client(here.url) as guest:
        assert (await guest.ask("chat_stop", {"session_id": "x"}))["code"] == "NOT_FOUND", "here everybody is a guest"
    for auth in ({"token": "nonsense"}, {"token": 5}, {"token": here.token(lifetime_s=-5)}):
        with pytest.raises(NotConnected):
            async with socketio_client(here.url, auth=auth):
                pass
    async with site(tmp_path / "accounts", auth={"mode": "accounts"}) as there:
        with pytest.raises(NotConnected):
            async with socketio_client(there.url):
                pass
        url = f"{there.url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
        async with connect(url, compression=None) as raw:
            await raw.recv()
            await raw.send('40{"token":"x"}')
            refused = json.loads(str(await raw.recv()).removeprefix("44"))
            assert refused["data"]["code"] == "UNAUTHORIZED"
            assert refused["message"]


async def test_another_sites_page_has_no_use_for_a_users_cookie(here: Site) -> None:
    async with httpx2.AsyncClient(base_url=here.url) as browser:
        cookie = (await browser.get("/api/auth/session")).headers["set-cookie"].split(";")[0]
    headers = {"Cookie": cookie, "Origin": "https://evil.example"}
    with pytest.raises(NotConnected):
        async with socketio_client(here.url, headers=headers):
            pass
    async with socketio_client(here.url, headers={"Cookie": cookie, "Origin": here.url}) as own:
        assert (await own.ask("chat_stop", {}))["code"] == "INVALID_REQUEST"


async def test_a_room_gets_the_answers_that_were_asked_for_over_http(here: Site) -> None:
    engine = here.services.engine
    async with client(here) as one, client(here, transports=["polling"]) as two, client(here, BEN) as ben:
        turn = await engine.start(StartTurn(message="Why?", to_rooms=True), ANA)
        call = await here.provider.next_call()
        call.say("One ")
        await one.first("chat-stream-token")
        async with client(here) as late:
            call.say("two.")
            call.finish()
            for tab in (one, two, late):
                end = await tab.first("chat-stream-complete")
                assert (end["sessionId"], end["citations"], end["turnId"]) == (turn.session_id, [], turn.id)
            assert one.text("chat-stream-token") == two.text("chat-stream-token") == "One two."
            assert late.text("chat-stream-token") == "two.", "a room gets what is sent from now on"
            await late.ask("chat-stream-resume", {"turnId": turn.id})
            await late.got(lambda _, data: data.get("token") == "One two.")
        assert ben.events == []
        assert (await ben.ask("chat-stream-stop", {"turnId": turn.id}))["code"] == "NO_ACTIVE_STREAM"
        assert (await one.ask("chat-stream-stop", {"turnId": turn.id}))["code"] == "NO_ACTIVE_STREAM"
        assert (await one.first("chat-stream-error"))["code"] == "NO_ACTIVE_STREAM"
