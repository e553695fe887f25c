"""The wires of Anthropic and Ollama by real processes: text streams, a stop reaches the provider, faults have codes."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.conftest import LIMITS
from tests.support.chat_client import Chat, Visitor, digest
from tests.support.journal import requests_of
from tests.support.server import RunningServer, running_server

from millrace.testing.simulator import SECRET, expected_reasoning, expected_text
from millrace.testing.simulator.process import SimulatorProcess

WIRES = ("anthropic", "ollama")
PATHS = {"anthropic": "/v1/messages", "ollama": "/api/chat"}
FAULTS = [
    ("fault=401", "PROVIDER_FAILURE", False),
    ("fault=402", "PROVIDER_FAILURE", False),
    ("fault=404", "PROVIDER_FAILURE", False),
    ("fault=413", "CONTEXT_TOO_LONG", False),
    ("fault=429&retry_after=7", "RATE_LIMIT", True),
    ("fault=quota", "PROVIDER_FAILURE", False),
    ("fault=context", "CONTEXT_TOO_LONG", False),
    ("fault=500", "PROVIDER_FAILURE", True),
    ("fault=503", "PROVIDER_FAILURE", True),
    ("fault=529", "PROVIDER_FAILURE", True),
    ("fault=hang", "PROVIDER_TIMEOUT", True),
    ("fault=hang_first", "PROVIDER_TIMEOUT", True),
    ("fault=stall&after=3", "PROVIDER_TIMEOUT", True),
    ("fault=cut&after=3", "PROVIDER_FAILURE", True),
    ("fault=truncate&after=3", "PROVIDER_FAILURE", True),
    ("fault=error_event&after=3", "PROVIDER_FAILURE", True),
    ("fault=malformed&after=3", "PROVIDER_FAILURE", True),
    ("fault=html", "PROVIDER_FAILURE", False),
    ("fault=empty", "PROVIDER_FAILURE", True),
    ("fault=endless_line&after=3", "PROVIDER_FAILURE", True),
]
DECLINED = [
    ("fault=content_filter", "CONTENT_FILTERED", False),
    ("fault=content_filter&after=0", "CONTENT_FILTERED", False),
]


@pytest.fixture
def environment(simulator: SimulatorProcess, request: pytest.FixtureRequest) -> dict[str, str]:
    """The usual names for Anthropic, settings for Ollama: what `millrace simulate` prints."""
    patience = {"MILLRACE_GENERATION__FIRST_TOKEN_TIMEOUT_S": "1", "MILLRACE_GENERATION__IDLE_TIMEOUT_S": "1"}
    return {
        **LIMITS,
        **(patience if "fault" in request.node.name else {}),
        "ANTHROPIC_BASE_URL": simulator.url,
        "ANTHROPIC_API_KEY": "sk-simulated",
        "MILLRACE_PROVIDERS__OLLAMA__KIND": "ollama",
        "MILLRACE_PROVIDERS__OLLAMA__BASE_URL": simulator.url,
    }


@pytest.fixture
def server(tmp_path: Path, environment: dict[str, str]) -> Iterator[RunningServer]:
    with running_server(tmp_path / "data", environment=environment) as server:
        yield server


@pytest.fixture
async def visitor(server: RunningServer) -> AsyncIterator[Visitor]:
    async with Visitor.guest(server.url) as visitor:
        yield visitor


async def test_text_and_thinking_stream(chat: Chat, visitor: Visitor, simulator: SimulatorProcess) -> None:
    for wire in WIRES:
        model = f"{wire}/sim?tokens=40&text=mixed&reasoning=12&interval_ms=2"
        turn = await chat.ask("Think.", model=model, enable_reasoning=True)
        end = await turn.end()
        assert turn.types[-1] == "chat_complete"
        assert turn.text == end["full_message"] == expected_text("sim?tokens=40&text=mixed")
        assert end["digest"] == digest(turn.text)
        assert turn.types.count("content_token") > 20
        assert end["metadata"]["usage"]["output_tokens"] == 52
        stored = (await visitor.conversation(turn.session_id))["messages"][1]
        assert stored["content"] == turn.text
        steps = "".join(frame["data"]["step"]["content"] for frame in turn.frames if frame["type"] == "reasoning_step")
        assert "".join(steps.split()) == "".join(expected_reasoning("sim?reasoning=12").split())
    requests = await requests_of(simulator, settled_within_s=5)
    assert [request.path for request in requests] == list(PATHS.values())
    assert [request.authorized for request in requests] == [True, False]
    assert requests[0].parameters["thinking"]["type"] == "enabled"
    assert requests[1].parameters["think"] is True


@pytest.mark.parametrize("wire", WIRES)
async def test_a_stop_closes_the_upstream(chat: Chat, simulator: SimulatorProcess, wire: str) -> None:
    turn = await chat.ask("Talk.", model=f"{wire}/sim?tokens=1000&interval_ms=10")
    await turn.until(5)
    asked = time.time()
    await chat.send("chat_stop", session_id=turn.session_id)
    end = await turn.end()
    assert turn.types[-1] == "chat_cancelled"
    assert end["partial_message"] == turn.text
    [request] = await requests_of(simulator, settled_within_s=5)
    assert (request.path, request.closed_by) == (PATHS[wire], "client")
    assert request.closed_at is not None
    assert request.closed_at - asked < 0.2, "the upstream connection was closed in time"


async def test_every_fault_has_its_code_and_keeps_the_text(chat: Chat) -> None:
    cases = [(wire, *fault) for wire in WIRES for fault in FAULTS] + [("anthropic", *fault) for fault in DECLINED]

    async def provoke(wire: str, fault: str) -> tuple[dict[str, Any], str]:
        turn = await chat.ask("Hm.", model=f"{wire}/sim?tokens=10&{fault}")
        return await turn.end(), turn.text

    ends = await asyncio.gather(*(provoke(wire, fault) for wire, fault, _, _ in cases))
    told = [(end["error"]["code"], end["error"]["recoverable"]) for end, _ in ends]
    assert dict(zip([case[:2] for case in cases], told, strict=True)) == {case[:2]: case[2:] for case in cases}
    for (_, fault, _, _), (end, text) in zip(cases, ends, strict=True):
        assert text == (expected_text("sim?tokens=3") if "after=3" in fault else "")
        assert SECRET not in str(end)
        if "retry_after" in fault:
            assert end["error"]["retry_after"] == 7
    await chat.ping()


async def test_models_are_listed_with_what_they_can(visitor: Visitor) -> None:
    listed = (await visitor.http.get("/api/models")).raise_for_status().json()
    models = {model["id"]: model for model in listed["models"]}
    assert models["anthropic/sim"]["capabilities"]["reasoning"] is True
    assert models["anthropic/sim"]["context_length"] == 200_000
    assert models["ollama/sim"]["capabilities"]["reasoning"] is True
