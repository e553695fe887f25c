"""The example of a site with the chat mounted in it, as a real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn
from examples.mounted import PREFIX, site
from tests.support.app import small_settings
from websockets.asyncio.client import connect


@asynccontextmanager
async def served(app: object) -> AsyncIterator[str]:
    """Any ASGI server would do; this is the plain uvicorn that people have."""
    config = uvicorn.Config(app, port=0, log_config=None, ws="websockets-sansio", lifespan="on")  # type: ignore[arg-type]  # any ASGI app
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # the test keeps its own
    running = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(20):
            while not server.started:
                await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


async def test_a_site_hands_its_users_over_to_the_chat(tmp_path: Path) -> None:
    settings = small_settings(tmp_path, auth={"mode": "jwt"}, jwt_secret="x" * 32)
    async with served(site(settings)) as url, httpx2.AsyncClient(base_url=url) as browser:
        assert (await browser.get(f"{PREFIX}/api/auth/session")).json() == {"mode": "jwt", "user": None}
        entered = await browser.get("/enter")
        assert entered.headers["location"] == f"{PREFIX}/chat"
        page = await browser.get(entered.headers["location"])
        assert page.status_code in {200, 503}
        if page.status_code == 200:
            assert f'<base href="{PREFIX}/" />' in page.text
        assert (await browser.get(f"{PREFIX}/api/auth/session")).json()["user"]["id"] == "ada"
        answer = await browser.post(f"{PREFIX}/api/v1/chat", json={"message": "How do I start Millrace?"})
        assert answer.status_code == 200
        assert (await browser.get("/api/sessions")).status_code == 404, "the chat is under its prefix only"
        ticket = (await browser.post(f"{PREFIX}/api/auth/ws-ticket")).json()["ticket"]
        address = f"{url.replace('http', 'ws')}{PREFIX}/api/ws/chat?ticket={ticket}"
        async with connect(address) as websocket:
            await websocket.send(json.dumps({"type": "chat_request", "data": {"message": "Hello"}}))
            kind = ""
            while kind != "chat_complete":
                kind = json.loads(await websocket.recv())["type"]
        exported = await browser.get(f"{PREFIX}/api/sessions/{answer.json()['session_id']}/export")
        assert exported.status_code == 200


def test_the_example_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="jwt_secret"):
        site(small_settings(tmp_path, auth={"mode": "jwt"}))
