"""Gemini's and OpenAI's Responses wires by real processes: text, reasoning, stop, every fault, a broken background."""

import asyncio
import time

import pytest
from tests.support.chat_client import Chat
from tests.support.journal import requests_of
from tests.support.server import RunningServer

from millrace.testing.simulator import SECRET, expected_text
from millrace.testing.simulator.process import SimulatorProcess

PROVIDERS = ["gemini", "responses"]
FAULTS = {
    "401": "PROVIDER_FAILURE",
    "402": "PROVIDER_FAILURE",
    "404": "PROVIDER_FAILURE",
    "413": "CONTEXT_TOO_LONG",
    "429": "RATE_LIMIT",
    "429&retry_after=30": "RATE_LIMIT",
    "500": "PROVIDER_FAILURE",
    "503": "PROVIDER_FAILURE",
    "529": "PROVIDER_FAILURE",
    "quota": "PROVIDER_FAILURE",
    "context": "CONTEXT_TOO_LONG",
    "content_filter": "CONTENT_FILTERED",
    "hang": "PROVIDER_TIMEOUT",
    "hang_first": "PROVIDER_TIMEOUT",
    "html": "PROVIDER_FAILURE",
    "empty": "PROVIDER_FAILURE",
}
FAULTS_IN_THE_MIDDLE = {
    "stall": "PROVIDER_TIMEOUT",
    "cut": "PROVIDER_FAILURE",
    "truncate": "PROVIDER_FAILURE",
    "error_event": "PROVIDER_FAILURE",
    "malformed": "PROVIDER_FAILURE",
    "endless_line": "PROVIDER_FAILURE",
}


@pytest.fixture(scope="module")
def environment(environment: dict[str, str], shared_simulator: SimulatorProcess) -> dict[str, str]:
    """The usual names for Gemini, the settings for Responses, with and without background."""
    providers = {
        f"MILLRACE_PROVIDERS__{name}__{field}": value
        for name, background in (("RESPONSES", "false"), ("BACKGROUND", "true"))
        for field, value in (
            ("KIND", "openai-responses"),
            ("BASE_URL", shared_simulator.base_url),
            ("API_KEY", "sk-test"),
            ("BACKGROUND", background),
        )
    }
    return {
        **environment,
        **providers,
        "GEMINI_BASE_URL": f"{shared_simulator.url}/v1beta",
        "GOOGLE_API_KEY": "AIza-test",
        "MILLRACE_GENERATION__FIRST_TOKEN_TIMEOUT_S": "2",
        "MILLRACE_GENERATION__IDLE_TIMEOUT_S": "2",
    }


async def test_text_reasoning_stop_and_every_fault(
    chat: Chat, simulator: SimulatorProcess, server: RunningServer
) -> None:
    await asyncio.gather(*(answers(chat, provider) for provider in PROVIDERS))
    for provider in PROVIDERS:
        await stops(chat, simulator, provider)
    await asyncio.gather(
        *(refused(chat, provider, fault, code) for provider in PROVIDERS for fault, code in FAULTS.items()),
        *(
            broken(chat, provider, fault, code)
            for provider in PROVIDERS
            for fault, code in FAULTS_IN_THE_MIDDLE.items()
        ),
    )
    for secret in (SECRET, "sk-test", "AIza-test"):
        assert secret not in server.messages()


async def answers(chat: Chat, provider: str) -> None:
    turn = await chat.ask(
        "Think.", model=f"{provider}/sim?tokens=40&reasoning=10&text=emoji&split=7", enable_reasoning=True
    )
    end = await turn.end()
    assert turn.types[-1] == "chat_complete"
    assert turn.text == end["full_message"] == expected_text("sim?tokens=40&text=emoji")
    assert "reasoning_step" in turn.types
    assert end["metadata"]["usage"]["output_tokens"] == 50
    assert end["metadata"]["usage"]["reasoning_tokens"] == 10


async def stops(chat: Chat, simulator: SimulatorProcess, provider: str) -> None:
    turn = await chat.ask("Talk.", model=f"{provider}/sim?tokens=1000&interval_ms=10")
    await turn.until(5)
    asked = time.time()
    await chat.send("chat_stop", session_id=turn.session_id)
    await turn.end()
    assert turn.types[-1] == "chat_cancelled"
    request = (await requests_of(simulator, settled_within_s=5))[-1]
    assert request.closed_by == "client"
    assert request.closed_at is not None
    assert request.closed_at - asked < 0.5, "the upstream connection was closed in time"
    assert request.authorized


async def refused(chat: Chat, provider: str, fault: str, code: str) -> None:
    turn = await chat.ask(model=f"{provider}/sim?tokens=10&fault={fault}")
    end = await turn.end()
    assert (provider, fault, turn.types[-1], end["error"]["code"]) == (provider, fault, "chat_error", code)
    assert SECRET not in str(end)


async def broken(chat: Chat, provider: str, fault: str, code: str) -> None:
    turn = await chat.ask(model=f"{provider}/sim?tokens=20&after=7&fault={fault}")
    end = await turn.end()
    assert (provider, fault, turn.types[-1], end["error"]["code"]) == (provider, fault, "chat_error", code)
    assert turn.text == expected_text("sim?tokens=7"), "what came before is kept"
    assert SECRET not in str(end)


async def test_a_background_answer_survives_its_connection_and_is_cancelled_by_a_stop(
    chat: Chat, simulator: SimulatorProcess
) -> None:
    turn = await chat.ask(model="background/sim?tokens=60&interval_ms=5&fault=cut&after=20&fail_times=1&key=a")
    end = await turn.end()
    assert (turn.types[-1], end["full_message"], turn.text) == ("chat_complete", *[expected_text("sim?tokens=60")] * 2)
    turn = await chat.ask(model="background/sim?tokens=1000&interval_ms=10")
    await turn.until(5)
    await chat.send("chat_stop", session_id=turn.session_id)
    await turn.end()
    async with asyncio.timeout(5):
        while not (requests := await requests_of(simulator, settled_within_s=5))[-1].path.endswith("/cancel"):
            await asyncio.sleep(0.02)
    assert [request.closed_by for request in requests] == ["server", "server", "client", "server"]
