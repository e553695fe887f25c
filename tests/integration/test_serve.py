"""`millrace serve` as a process of its own: real sockets, real signals."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from tests.support.server import RunningServer, run_millrace, running_server, start_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

QUESTION = "How do I start Millrace?"


@asynccontextmanager
async def guest_at(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=url) as client:
        (await client.get("/api/auth/session")).raise_for_status()
        yield client


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that takes small frames, ten a second."""
    environment = {
        "MILLRACE_LIMITS__FRAME_BYTES": "2048",
        "MILLRACE_LIMITS__FRAMES_PER_SECOND": "10",
        "MILLRACE_ACCESS_LOG": "true",
        "MILLRACE_LOG_LEVEL": "debug",
    }
    folder = tmp_path_factory.mktemp("strict")
    with running_server(folder, environment=environment, options=["--log", "memory"]) as server:
        yield server


async def ticket_of(client: httpx2.AsyncClient) -> str:
    return str((await client.post("/api/auth/ws-ticket")).json()["ticket"])


async def received_until(websocket: ClientConnection, last: str) -> list[str]:
    kinds: list[str] = []
    while not kinds or kinds[-1] != last:
        kinds.append(json.loads(await websocket.recv())["type"])
    return kinds


async def closed(websocket: ClientConnection) -> tuple[int | None, str]:
    await websocket.wait_closed()
    return websocket.close_code, websocket.close_reason or ""


async def test_a_server_from_ready_to_stopped_and_started_again(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        assert run_millrace("serve", "--port", "0", "--data-dir", str(tmp_path / "data")).stderr == (
            f"millrace: Another Millrace uses the data folder {tmp_path / 'data'}. Stop it, or give this one another "
            "with --data-dir.\n"
        )
        async with guest_at(server.url) as client:
            async with connect(f"{server.ws_url}/api/ws/chat?ticket={await ticket_of(client)}") as websocket:
                await websocket.send(json.dumps({"type": "chat_request", "data": {"message": QUESTION}}))
                kinds = await received_until(websocket, "chat_complete")
                assert kinds[0] == "thinking_started"
                assert "content_token" in kinds
                began = time.monotonic()
                assert server.stop() == 0
                assert time.monotonic() - began < 20, "it waits for nobody, but the machine may be busy"
                assert (await closed(websocket))[0] == 1012
            cookies = {"millrace_session": client.cookies["millrace_session"]}
        assert "Traceback" not in server.messages()
        assert "ticket" not in server.messages()
    with running_server(tmp_path / "data") as server:
        async with httpx2.AsyncClient(base_url=server.url, cookies=cookies) as client:
            (session,) = (await client.get("/api/sessions")).json()["sessions"]
            question, answer = (await client.get(f"/api/sessions/{session['id']}")).json()["messages"]
            assert question["content"] == QUESTION
            assert answer["status"] == "complete"
        server.kill()


async def test_websockets_without_a_good_credential_are_closed(strict: RunningServer) -> None:
    async with guest_at(strict.url) as client:
        used = await ticket_of(client)
        async with connect(f"{strict.ws_url}/api/ws/chat?ticket={used}"):
            pass
        for query in ("", "?token=x", "?ticket=x", f"?ticket={used}"):
            async with connect(f"{strict.ws_url}/api/ws/chat{query}") as websocket:
                assert await closed(websocket) == (1008, "Invalid token")
    with pytest.raises(InvalidStatus):
        await connect(f"{strict.ws_url}/api/ws/nowhere")


async def test_a_cookie_opens_a_websocket_for_our_own_page_alone(strict: RunningServer) -> None:
    async with guest_at(strict.url) as client:
        cookie = {"cookie": f"millrace_session={client.cookies['millrace_session']}"}
        for headers in (cookie, {**cookie, "origin": strict.url}):
            async with connect(f"{strict.ws_url}/api/ws/chat", additional_headers=headers) as websocket:
                await websocket.send(json.dumps({"type": "ping", "data": {"n": 1}}))
                assert json.loads(await websocket.recv())["data"] == {"n": 1}
        foreign = {**cookie, "origin": "https://evil.example.com"}
        async with connect(f"{strict.ws_url}/api/ws/chat", additional_headers=foreign) as websocket:
            code, reason = await closed(websocket)
            assert code == 1008
            assert reason != "Invalid token"


async def test_frames_that_are_too_large_or_too_many_close_the_connection(strict: RunningServer) -> None:
    async with guest_at(strict.url) as client:
        async with connect(f"{strict.ws_url}/api/ws/chat?ticket={await ticket_of(client)}") as websocket:
            await websocket.send("x" * 2049)
            assert (await closed(websocket))[0] == 1009
        async with connect(f"{strict.ws_url}/api/ws/chat?ticket={await ticket_of(client)}") as websocket:
            for _ in range(20):
                await websocket.send('{"type": "ping", "data": {}}')
            assert await closed(websocket) == (1008, "Too many messages")


async def test_another_machines_name_for_this_one_is_refused(strict: RunningServer) -> None:
    async with httpx2.AsyncClient(base_url=strict.url) as client:
        answer = await client.get("/api/auth/session", headers={"host": "evil.example.com"})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


async def test_a_token_from_the_command_line_lets_a_script_in(strict: RunningServer) -> None:
    token = run_millrace("token", "--user", "script", "--data-dir", str(strict.data_dir)).stdout.strip()
    async with httpx2.AsyncClient(base_url=strict.url, headers={"authorization": f"Bearer {token}"}) as script:
        answer = await script.post("/api/v1/chat", json={"message": QUESTION, "user_id": "script"})
        assert answer.status_code == 200
    query = f"?token={token}"
    async with connect(f"{strict.ws_url}/api/ws/chat{query}") as websocket:
        await websocket.send('{"type": "ping", "data": {}}')
        assert json.loads(await websocket.recv())["type"] == "pong"
    messages = strict.messages()
    assert "POST /api/v1/chat" in messages, "requests are written where that is wanted"
    assert token not in messages
    assert "token=" not in messages


async def test_raw_paths_reach_no_file_outside_the_page(strict: RunningServer) -> None:
    """A client that does not tidy paths up, as every HTTP library does."""
    port = int(strict.url.rpartition(":")[2])
    for path in (
        "/../../pyproject.toml",
        "/assets/../../../pyproject.toml",
        "/..%2f..%2fpyproject.toml",
        "//etc/passwd",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
        assert answer.startswith(b"HTTP/1.1 404"), path


def test_a_server_that_cannot_start_is_reported_by_the_fixture(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="allow-guests"):
        start_server(tmp_path, options=["--host", "0.0.0.0"])
