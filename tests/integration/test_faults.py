"""Every fault of a provider has its own code and a sentence, and leaves the connection working."""

import asyncio
from typing import Any

import pytest
from tests.support.chat_client import Chat
from tests.support.journal import requests_of
from tests.support.server import RunningServer

from millrace.testing.simulator.process import SimulatorProcess

FAULTS = [
    ("fault=401", "PROVIDER_FAILURE", False),
    ("fault=402", "PROVIDER_FAILURE", False),
    ("fault=404", "PROVIDER_FAILURE", False),
    ("fault=413", "CONTEXT_TOO_LONG", False),
    ("fault=429&retry_after=7", "RATE_LIMIT", True),
    ("fault=quota", "PROVIDER_FAILURE", False),
    ("fault=context", "CONTEXT_TOO_LONG", False),
    ("fault=content_filter", "CONTENT_FILTERED", False),
    ("fault=500", "PROVIDER_FAILURE", True),
    ("fault=503", "PROVIDER_FAILURE", True),
    ("fault=529", "PROVIDER_FAILURE", True),
    ("fault=hang", "PROVIDER_TIMEOUT", True),
    ("fault=hang_first", "PROVIDER_TIMEOUT", True),
    ("fault=stall&after=3", "PROVIDER_TIMEOUT", True),
    ("fault=cut&after=3", "PROVIDER_FAILURE", True),
    ("fault=truncate&after=3", "PROVIDER_FAILURE", True),
    ("fault=error_event&after=3", "PROVIDER_FAILURE", True),
    ("fault=html", "PROVIDER_FAILURE", False),
    ("fault=empty", "PROVIDER_FAILURE", True),
    ("fault=endless_line&after=3", "PROVIDER_FAILURE", True),
]


@pytest.fixture(scope="module")
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Short time-outs, because some faults are silences."""
    return {
        **environment,
        "MILLRACE_GENERATION__FIRST_TOKEN_TIMEOUT_S": "1.5",
        "MILLRACE_GENERATION__IDLE_TIMEOUT_S": "1.5",
        "MILLRACE_GENERATION__GENERATION_TIMEOUT_S": "15",
    }


async def test_every_fault_has_its_code_and_leaves_the_connection_working(
    chat: Chat, server: RunningServer, simulator: SimulatorProcess
) -> None:
    async def provoke(fault: str) -> tuple[str, dict[str, Any], str]:
        turn = await chat.ask("Hm.", model=f"sim/sim?tokens=10&{fault}")
        return fault, await turn.end(), turn.text

    outcomes = {fault: (end, text) for fault, end, text in await asyncio.gather(*(provoke(f) for f, _, _ in FAULTS))}
    told = {fault: (end["error"]["code"], end["error"]["recoverable"]) for fault, (end, _) in outcomes.items()}
    assert told == {fault: (code, recoverable) for fault, code, recoverable in FAULTS}
    for fault, _, _ in FAULTS:
        end, text = outcomes[fault]
        error = end["error"]
        assert error["message"].endswith("."), fault
        assert end["partial_message"] == text, fault
        assert (text != "") == ("after=3" in fault), fault
        assert "sk-" not in str(end), "nothing of the provider's words or keys"
    assert outcomes["fault=429&retry_after=7"][0]["error"]["retry_after"] == 7
    await chat.ping()
    assert "sk-sim-secret" not in server.messages(), "secrets stay out of the logs too"
    turn = await chat.ask("Now?", model="sim/sim?tokens=3")
    assert (await turn.end())["full_message"] == turn.text
    assert all(request.closed_at for request in await requests_of(simulator, settled_within_s=5))
