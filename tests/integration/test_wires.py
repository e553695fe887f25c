"""Every wire by real processes: text and thinking stream, a stop reaches the provider, every fault ends rightly."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.chat_client import Chat, Visitor, digest
from tests.support.environment import LIMITS
from tests.support.journal import requests_of
from tests.support.server import RunningServer, running_server

from millrace.testing.simulator import SECRET, Fault, expected_reasoning, expected_text
from millrace.testing.simulator.faults import REFUSALS
from millrace.testing.simulator.process import SimulatorProcess

PATHS = {
    "openai": "/v1/chat/completions",
    "responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/",
    "ollama": "/api/chat",
}
WIRES = tuple(PATHS)
Ending = tuple[str, bool, float | None]
"""Code, whether it may pass by itself, and after how many seconds."""
FINAL: Ending = ("PROVIDER_FAILURE", False, None)
PASSING: Ending = ("PROVIDER_FAILURE", True, None)
SILENT: Ending = ("PROVIDER_TIMEOUT", True, None)
BEFORE: dict[str, Ending] = {
    "401": FINAL,
    "402": FINAL,
    "404": FINAL,
    "413": ("CONTEXT_TOO_LONG", False, None),
    "429": ("RATE_LIMIT", True, None),
    "429&retry_after=7": ("RATE_LIMIT", True, 7),
    "quota": FINAL,
    "context": ("CONTEXT_TOO_LONG", False, None),
    "500": PASSING,
    "503": PASSING,
    "529": PASSING,
    "hang": SILENT,
    "hang_first": SILENT,
    "html": FINAL,
    "empty": PASSING,
}
FILTERED: Ending = ("CONTENT_FILTERED", False, None)
WITHIN: dict[str, Ending] = {
    "stall": SILENT,
    "cut": PASSING,
    "truncate": PASSING,
    "error_event": PASSING,
    "malformed": PASSING,
    "endless_line": PASSING,
}
HUGE_MIB = 64
OWN_KEY = "sk-callers-own-0123456789"


@pytest.fixture(scope="module")
def environment(shared_simulator: SimulatorProcess) -> dict[str, str]:
    """The usual names where there are any; no operator's key for `keyless`; little patience, everything logged."""
    providers = {
        "RESPONSES": ("openai-responses", shared_simulator.base_url, "false"),
        "BACKGROUND": ("openai-responses", shared_simulator.base_url, "true"),
        "OLLAMA": ("ollama", shared_simulator.url, "false"),
        "KEYLESS": ("openai", shared_simulator.base_url, "false"),
    }
    settings = {
        f"MILLRACE_PROVIDERS__{name}__{field}": value
        for name, values in providers.items()
        for field, value in zip(("KIND", "BASE_URL", "BACKGROUND"), values, strict=True)
    }
    return {
        **LIMITS,
        **settings,
        "OPENAI_BASE_URL": shared_simulator.base_url,
        "OPENAI_API_KEY": "sk-openai-test",
        "ANTHROPIC_BASE_URL": shared_simulator.url,
        "ANTHROPIC_API_KEY": "sk-ant-test",
        "GEMINI_BASE_URL": f"{shared_simulator.url}/v1beta",
        "GOOGLE_API_KEY": "AIza-test",
        "MILLRACE_PROVIDERS__RESPONSES__API_KEY": "sk-responses-test",
        "MILLRACE_CALLER_API_KEYS": "true",
        "MILLRACE_LOG_LEVEL": "debug",
        "MILLRACE_GENERATION__FIRST_TOKEN_TIMEOUT_S": "2",
        "MILLRACE_GENERATION__IDLE_TIMEOUT_S": "2",
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "data", environment=environment) as server:
        yield server


async def test_text_and_thinking_stream(chat: Chat, visitor: Visitor, simulator: SimulatorProcess) -> None:
    for wire in WIRES:
        model = f"{wire}/sim?tokens=40&text=mixed&reasoning=12&interval_ms=2&split=7"
        turn = await chat.ask("Think.", model=model, enable_reasoning=True)
        end = await turn.end()
        assert turn.types[-1] == "chat_complete", (wire, end)
        assert turn.text == end["full_message"] == expected_text("sim?tokens=40&text=mixed")
        assert end["digest"] == digest(turn.text)
        assert turn.types.count("content_token") > 20
        assert end["metadata"]["usage"]["output_tokens"] == 52
        steps = "".join(frame["data"]["step"]["content"] for frame in turn.frames if frame["type"] == "reasoning_step")
        assert "".join(steps.split()) == "".join(expected_reasoning("sim?reasoning=12").split())
        stored = (await visitor.conversation(turn.session_id))["messages"][1]
        assert stored["content"] == turn.text
    requests = await requests_of(simulator, settled_within_s=5)
    assert [request.path.partition(":")[0].partition("sim")[0] for request in requests] == list(PATHS.values())
    assert [request.authorized for request in requests] == [True, True, True, True, False]
    assert requests[2].parameters["thinking"]["type"] == "enabled"
    assert requests[4].parameters["think"] is True


async def test_a_stop_closes_the_upstream(chat: Chat, simulator: SimulatorProcess) -> None:
    for wire in WIRES:
        turn = await chat.ask("Talk.", model=f"{wire}/sim?tokens=1000&interval_ms=10")
        await turn.until(5)
        asked = time.time()
        await chat.send("chat_stop", session_id=turn.session_id)
        end = await turn.end()
        assert turn.types[-1] == "chat_cancelled"
        assert end["partial_message"] == turn.text
        request = (await requests_of(simulator, settled_within_s=5))[-1]
        assert request.closed_by == "client"
        assert request.closed_at is not None
        assert request.closed_at - asked < 0.5, "the upstream connection was closed in time"


async def test_every_fault_ends_in_its_code_and_keeps_the_text(
    chat: Chat, visitor: Visitor, server: RunningServer
) -> None:
    cases = [(wire, fault, "", ending) for wire in WIRES for fault, ending in BEFORE.items()]
    cases += [(wire, fault, "&after=5", ending) for wire in WIRES for fault, ending in WITHIN.items()]
    cases += [(wire, "content_filter", "", FILTERED) for wire in WIRES if wire != "ollama"]

    async def provoke(wire: str, fault: str, after: str) -> tuple[dict[str, Any], str, str]:
        turn = await chat.ask("Hm.", model=f"{wire}/sim?tokens=10&fault={fault}{after}")
        return await turn.end(), turn.text, turn.session_id

    ends = await asyncio.gather(*(provoke(wire, fault, after) for wire, fault, after, _ in cases))
    told = {
        case[:2]: (end["error"]["code"], end["error"]["recoverable"], end["error"].get("retry_after"))
        for case, (end, *_) in zip(cases, ends, strict=True)
    }
    assert told == {(wire, fault): ending for wire, fault, _, ending in cases}
    theirs = [*(refusal.message[:25] for refusal in REFUSALS.values()), SECRET, "sk-", "AIza", "Bad Gateway", "log in"]
    for (wire, fault, after, _), (end, text, _) in zip(cases, ends, strict=True):
        assert text == end["partial_message"] == (expected_text("sim?tokens=5") if after else ""), (wire, fault)
        assert end["error"]["message"].endswith("."), (wire, fault)
        said = json.dumps(end)
        assert not [words for words in theirs if words in said], (wire, fault, end)
    stored = (await visitor.conversation(ends[-5][2]))["messages"][1]
    assert (stored["status"], stored["content"]) == ("failed", ends[-5][1])
    await chat.ping()
    for secret in (SECRET, "sk-openai-test", "sk-ant-test", "AIza-test", "sk-responses-test"):
        assert secret not in server.messages(), "secrets stay out of the log, too"


async def test_bytes_that_are_no_utf8_cost_a_character_and_no_answer(chat: Chat) -> None:
    for wire in WIRES:
        turn = await chat.ask("Hm.", model=f"{wire}/sim?tokens=10&fault=bad_utf8&after=5")
        end = await turn.end()
        assert turn.types[-1] == "chat_complete", (wire, end)
        first, rest = expected_text("sim?tokens=5"), expected_text("sim?tokens=10")
        assert turn.text.startswith(first)
        assert turn.text.endswith(rest.removeprefix(first))
        assert "\ufffd" in turn.text


async def test_an_event_of_64_mib_is_refused_and_not_held(chat: Chat, server: RunningServer) -> None:
    before = peak_mib(server)
    for wire in WIRES:
        turn = await chat.ask("Hm.", model=f"{wire}/sim?tokens=10&fault={Fault.HUGE_EVENT}&after=5")
        end = await turn.end()
        assert (end["error"]["code"], end["error"]["recoverable"]) == ("PROVIDER_FAILURE", True), wire
        assert "more at once than this server accepts" in end["error"]["message"]
        assert turn.text == expected_text("sim?tokens=5")
    assert peak_mib(server) - before < HUGE_MIB, "of five such events not even one was held"


def peak_mib(server: RunningServer) -> float:
    """The most memory that the server ever had, in MiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii").splitlines()
    [peak] = [line for line in status if line.startswith("VmHWM:")]
    return int(peak.split()[1]) / 1024


async def test_a_callers_own_key_serves_its_turn_and_is_kept_nowhere(
    chat: Chat, server: RunningServer, simulator: SimulatorProcess
) -> None:
    for key in (OWN_KEY, None):
        turn = await chat.ask("Hm.", model="keyless/sim?tokens=5", provider_key=key)
        await turn.end()
        assert turn.types[-1] == "chat_complete"
    turn = await chat.ask("Hm.", model="keyless/sim?fault=401", provider_key=OWN_KEY)
    end = await turn.end()
    assert "your key" in end["error"]["message"]
    await chat.send("chat_request", message="Hm.", model="keyless/sim", provider_key=f"{OWN_KEY}\r\nX-Other: 1")
    refused = await chat.other()
    assert refused["data"]["error"]["code"] == "INVALID_REQUEST"
    assert OWN_KEY not in json.dumps([refused, *(frame for turn in chat.turns for frame in turn.frames)])
    requests = await requests_of(simulator, settled_within_s=5)
    assert [request.authorized for request in requests] == [True, False, True]
    assert OWN_KEY not in server.messages()
    kept = [path for path in server.data_dir.rglob("*") if path.is_file() and OWN_KEY.encode() in path.read_bytes()]
    assert kept == []


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


async def test_models_are_listed_with_what_they_can(visitor: Visitor) -> None:
    listed = (await visitor.http.get("/api/models")).raise_for_status().json()
    models = {model["id"]: model for model in listed["models"]}
    assert models["anthropic/sim"]["capabilities"]["reasoning"] is True
    assert models["anthropic/sim"]["context_length"] == 200_000
    assert models["ollama/sim"]["capabilities"]["reasoning"] is True
    assert {model.partition("/")[0] for model in models} >= set(WIRES)
    assert models["openai/sim"]["capabilities"].keys() >= {"reasoning", "prefill", "citations", "streaming"}
