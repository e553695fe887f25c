"""Turns over plain HTTP against the simulator: faults as problems, what is running, stopping, shutting down."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from tests.support.app import guest_of, running_app, small_settings
from tests.support.chat_client import Visitor
from tests.support.server import RunningServer

from millrace.server.services import services_of
from millrace.testing.simulator.process import SimulatorProcess

SECRET = "sk-sim-secret-do-not-leak"
SLOW = "sim/sim?tokens=2000&interval_ms=20"


@pytest.fixture
async def app(tmp_path: Path, simulator: SimulatorProcess) -> AsyncIterator[FastAPI]:
    settings = small_settings(
        tmp_path,
        providers={"sim": {"base_url": simulator.base_url, "api_key": "sk-sim"}},
        generation={"first_token_timeout_s": 1, "idle_timeout_s": 1},
        caller_api_keys=True,
    )
    async with running_app(settings) as running:
        yield running


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with guest_of(app) as guest:
        yield guest


async def ask(client: httpx2.AsyncClient, model: str, **fields: Any) -> httpx2.Response:
    return await client.post("/api/v1/chat", json={"message": "Well?", "model": model, **fields})


def contents(folder: Path) -> list[tuple[str, bytes]]:
    return [(file.name, file.read_bytes()) for file in folder.iterdir()]


async def running_turn(client: httpx2.AsyncClient, session_id: str) -> dict[str, Any]:
    """The session's first turn, once there is one."""
    async with asyncio.timeout(10):
        while True:
            detail: dict[str, Any] = (await client.get(f"/api/sessions/{session_id}")).json()
            if detail["running"]:
                return detail
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("429&retry_after=7", 429, "RATE_LIMIT"),
        ("500", 502, "PROVIDER_FAILURE"),
        ("context", 413, "CONTEXT_TOO_LONG"),
        ("content_filter", 422, "CONTENT_FILTERED"),
        ("hang_first", 504, "PROVIDER_TIMEOUT"),
        ("cut&after=3", 502, "PROVIDER_FAILURE"),
    ],
)
async def test_a_turn_that_failed_is_a_problem_of_its_own_code(
    client: httpx2.AsyncClient, fault: str, status: int, code: str
) -> None:
    answer = await ask(client, f"sim/sim?tokens=10&fault={fault}")
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"].endswith(".")
    assert SECRET not in answer.text
    if "retry_after" in fault:
        assert answer.headers["retry-after"] == "7"


async def test_a_whole_answer_has_its_reasoning_and_its_usage(client: httpx2.AsyncClient) -> None:
    plain = (await ask(client, "sim/sim?tokens=20&reasoning=30")).json()
    assert plain["reasoning_steps"] is None
    answer = (await ask(client, "sim/sim?tokens=20&reasoning=30", enable_reasoning=True)).json()
    assert [step["step_number"] for step in answer["reasoning_steps"]] == list(
        range(1, len(answer["reasoning_steps"]) + 1)
    )
    assert answer["metadata"]["model"].startswith("sim/sim")
    assert answer["metadata"]["usage"]["output_tokens"] > 0


async def test_what_is_running_is_told_with_its_question(app: FastAPI, client: httpx2.AsyncClient) -> None:
    session = (await client.post("/api/sessions", json={})).json()["id"]
    first = asyncio.create_task(ask(client, SLOW, session_id=session))
    detail = await running_turn(client, session)
    second = asyncio.create_task(ask(client, SLOW, session_id=session))
    async with asyncio.timeout(10):
        while len(detail["running"]) < 2:
            detail = (await client.get(f"/api/sessions/{session}")).json()
    assert [turn["state"] for turn in detail["running"]] == ["running", "queued"]
    assert [turn["user_message"]["content"] for turn in detail["running"]] == ["Well?", "Well?"]
    assert detail["messages"] == []
    status = (await client.get("/api/status")).json()
    assert (status["turns"]["running"], status["turns"]["queued"]) == (1, 1)
    assert (await client.delete(f"/api/sessions/{session}")).status_code == 204
    for asked in (first, second):
        answer = (await asked).json()
        assert answer.get("status") in {"cancelled", 404}
    assert (await client.get(f"/api/sessions/{session}")).status_code == 404
    async with asyncio.timeout(5):
        while services_of(app).engine.status().running:
            await asyncio.sleep(0.01)


async def test_when_the_server_stops_whoever_waits_is_told_to_come_back(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    session = (await client.post("/api/sessions", json={})).json()["id"]
    asked = asyncio.create_task(ask(client, SLOW, session_id=session, request_id="one"))
    await running_turn(client, session)
    services_of(app).stopping.set()
    answer = await asked
    assert (answer.status_code, answer.json()["recoverable"]) == (503, True)
    assert "request_id" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "2"


async def test_a_callers_own_key_goes_to_the_provider_and_nowhere_else(
    client: httpx2.AsyncClient, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    answer = await client.post(
        "/api/v1/chat", json={"message": "Well?", "model": "sim/sim?tokens=3"}, headers={"X-Provider-Key": "sk-callers"}
    )
    assert answer.status_code == 200
    assert [name for name, content in contents(tmp_path) if b"sk-callers" in content] == []


async def test_text_that_no_encoding_holds_breaks_nothing(client: httpx2.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    for body in (b'{"message": "\\ud800"}', b'{"message": "a\\u0000b"}', b'{"message": "x", "request_id": "\\udfff"}'):
        answer = await client.post("/api/v1/chat", content=body, headers=headers)
        assert answer.status_code in {200, 400}, answer.text
    titled = await client.post("/api/sessions", content=b'{"title": "\\ud800 and \\u0000"}', headers=headers)
    assert titled.status_code in {201, 400}
    listed = await client.get("/api/sessions")
    assert listed.status_code == 200
    for session in listed.json()["sessions"]:
        assert (await client.get(f"/api/sessions/{session['id']}/export")).status_code == 200
    assert (await client.get("/api/sessions/%00")).status_code in {400, 404}
    assert (await client.get("/api/messages/%ff/versions")).status_code in {400, 404}


async def test_a_batch_can_be_watched_and_stopped_over_a_websocket(server: RunningServer, visitor: Visitor) -> None:
    session = (await visitor.http.post("/api/sessions", json={})).json()["id"]
    asked = asyncio.create_task(ask(visitor.http, SLOW, session_id=session))
    detail = await running_turn(visitor.http, session)
    async with visitor.connect() as chat:
        watched = await chat.resume(detail["running"][0]["turn_id"])
        await chat.send("chat_stop", session_id=session)
        end = await watched.end()
    answer = (await asked).json()
    assert answer["status"] == "cancelled"
    assert answer["message"] == end["partial_message"]
