"""Behind nginx, with the configurations that we give to people: on a host of its own and under a path of a site."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest
from tests.support.chat_client import Visitor, digest
from tests.support.nginx import EXAMPLES, free_port, nginx
from tests.support.server import RunningServer, running_server

INTERVAL_MS = 40
SLOW = f"sim/sim?tokens=25&interval_ms={INTERVAL_MS}"


@dataclass(frozen=True)
class Site:
    """A server as its visitors see it."""

    url: str
    path: str
    server: RunningServer

    @property
    def origin(self) -> str:
        return self.url.removesuffix(self.path)


@pytest.fixture(scope="module", params=["site", "subpath"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[Site]:
    path = "/chat" if request.param == "subpath" else ""
    port = free_port()
    url = f"http://127.0.0.1:{port}{path}"
    settings = {"MILLRACE_PUBLIC_URL": url, "MILLRACE_TRUSTED_PROXIES": "127.0.0.1", "MILLRACE_ACCESS_LOG": "true"}
    with (
        running_server(tmp_path_factory.mktemp("server") / "data", environment=environment | settings) as server,
        nginx(EXAMPLES / f"{request.param}.conf", server.url, port),
    ):
        yield Site(url, path, server)


async def test_the_page_finds_its_files_and_its_server(site: Site) -> None:
    async with httpx2.AsyncClient(follow_redirects=True) as http:
        page = await http.get(site.url)
        assert page.status_code == 200
        assert f'<base href="{site.path}/"' in page.text
        script = page.text.split('src="')[1].split('"')[0]
        assert (await http.get(f"{site.url}/{script}")).status_code == 200
        session = await http.get(f"{site.url}/api/auth/session", headers={"X-Forwarded-For": "203.0.113.7"})
    assert session.status_code == 200
    assert f"Path={site.path or '/'};" in session.headers["set-cookie"]
    async with asyncio.timeout(10):
        while "203.0.113.7" not in site.server.messages():  # whom the proxy names is whom the server knows
            await asyncio.sleep(0.02)


async def test_a_turn_over_a_websocket_arrives_piece_by_piece(site: Site) -> None:
    async with Visitor.guest(site.url) as visitor, visitor.connect() as chat:
        turn = await chat.ask(model=SLOW)
        await turn.until(3)
        assert turn.over is None, "the pieces came only with the end"
        await chat.cut()
        async with visitor.connect() as other:
            resumed = await other.resume(turn.turn_id, turn.last_seq)
            end = await resumed.end()
        assert end["full_message"] == turn.text + resumed.text
        assert end["digest"] == digest(end["full_message"])


async def test_an_event_stream_is_not_held_back(site: Site) -> None:
    async with (
        httpx2.AsyncClient(timeout=20) as http,
        http.stream("POST", f"{site.url}/api/chat/stream", json={"message": "Hi", "model": SLOW}) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        times = [time.monotonic() async for line in response.aiter_lines() if line.startswith("data:")]
    # Gathered by a proxy, all would come at the end; 25 pieces take 24 intervals.
    assert times[-1] - times[0] > 12 * INTERVAL_MS / 1000


async def test_a_page_of_another_site_is_refused_here_too(site: Site) -> None:
    async with httpx2.AsyncClient() as http:
        answer = await http.post(f"{site.url}/api/sessions", json={}, headers={"Origin": "http://evil.example"})
        assert answer.status_code == 403
        own = await http.post(f"{site.url}/api/sessions", json={}, headers={"Origin": site.origin})
    assert own.status_code in (201, 401)
