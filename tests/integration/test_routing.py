"""Providers that fail by real processes: the next model finishes the answer, and no word is lost or doubled."""

import asyncio
import os
import signal
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from tests.support.chat_client import Chat, Visitor, WatchedTurn, digest
from tests.support.journal import requests_of
from tests.support.server import RunningServer
from tests.support.simulator import running_simulator

from millrace.testing.simulator import expected_text
from millrace.testing.simulator.process import SimulatorProcess

TEXT = "tokens=120&text=mixed&seed=7"
SLOW = f"{TEXT}&interval_ms=5"
WHOLE = expected_text(f"sim?{TEXT}")
AFTER = 40


@dataclass(frozen=True)
class Case:
    """A chain of two: how the first one fails, and who goes on."""

    fault: str
    then: str
    reason: str
    seam: bool = True


CASES = {
    "refused": Case("fault=503", f"openai/sim?{TEXT}", "failed", seam=False),
    "forbidden": Case("fault=401", f"anthropic/sim?{TEXT}", "failed", seam=False),
    "busy": Case("fault=429&retry_after=3", f"gemini/sim?{TEXT}", "rate-limited", seam=False),
    "unknown": Case("fault=404", f"ollama/sim?{TEXT}", "no-model", seam=False),
    "mute": Case("fault=hang_first", f"openai/sim?{TEXT}", "silent", seam=False),
    "cut": Case(f"fault=cut&after={AFTER}", f"prefilled/sim?{TEXT}", "failed"),
    "cut-and-asked": Case(f"fault=cut&after={AFTER}", f"openai/sim?{TEXT}&overlap=8", "failed"),
    "cut-and-begun-again": Case(f"fault=cut&after={AFTER}", f"openai/sim?{TEXT}&prefill=ignore", "failed"),
    "truncated": Case(f"fault=truncate&after={AFTER}", f"anthropic/sim?{TEXT}&overlap=12", "failed"),
    "overloaded": Case(f"fault=error_event&after={AFTER}", f"gemini/sim?{TEXT}&overlap=9", "failed"),
    "stalled": Case(f"fault=stall&after={AFTER}", f"ollama/sim?{TEXT}&overlap=8", "silent"),
}
"""Each is a route of its name. So is its first provider: no case opens the breaker of another."""

CONFIG = """
[generation]
first_token_timeout_s = 2
idle_timeout_s = 2

[routing]
hedge_after_calls = 3
breaker_open_s = 1

[limits]
turns_per_minute = 100000
frames_per_second = 10000

[providers.openai]
base_url = "{next}/v1"
models = ["sim"]
[providers.prefilled]
base_url = "{next}/v1"
models = ["sim"]
prefill = true
[providers.anthropic]
base_url = "{next}"
models = ["sim"]
[providers.gemini]
base_url = "{next}/v1beta"
models = ["sim"]
[providers.ollama]
kind = "ollama"
base_url = "{next}"
models = ["sim"]
[providers.narrow]
base_url = "{next}/v1"
models = ["sim"]
concurrent_calls = 2
[providers.victim]
base_url = "{first}/v1"
models = ["sim"]

[routes]
default = ["victim/sim?{slow}", "openai/sim?{slow}&overlap=8"]
failing = ["shaky/sim?{text}&fault=503&fail_times=4&key=shaky", "openai/sim?{text}"]
filtered = ["victim/sim?fault=content_filter", "openai/sim?{text}"]
[routes.hedged]
models = ["victim/sim?{text}", "openai/sim?{text}"]
hedge = true
"""


def configuration(first: SimulatorProcess, following: SimulatorProcess) -> str:
    text = CONFIG.format(first=first.url, next=following.url, slow=SLOW, text=TEXT)
    for name in [*CASES, "shaky"]:
        text += f'[providers.{name}]\nbase_url = "{first.url}/v1"\nmodels = ["sim"]\n'
    for name, case in CASES.items():
        text += f'[routes.{name}]\nmodels = ["{name}/sim?{SLOW}&{case.fault}", "{case.then}"]\n'
    return text


@pytest.fixture(scope="module")
def first() -> Iterator[SimulatorProcess]:
    """Whom the first model of each chain is."""
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, first: SimulatorProcess, shared_simulator: SimulatorProcess
) -> dict[str, str]:
    config = tmp_path_factory.mktemp("routing") / "millrace.toml"
    config.write_text(configuration(first, shared_simulator))
    return {"MILLRACE_CONFIG": str(config), "MILLRACE_LIMITS__TICKETS_PER_MINUTE": "100000"}


def switches(turn: WatchedTurn) -> list[dict[str, Any]]:
    return [frame["data"] for frame in turn.frames if frame["type"] == "provider_switched"]


async def calls(server: RunningServer) -> dict[str, dict[str, Any]]:
    async with httpx2.AsyncClient(base_url=server.url, timeout=30) as http:
        status = (await http.get("/api/status")).raise_for_status().json()
    return {each["provider"]: each for each in status["calls"]}


async def test_whatever_goes_wrong_the_answer_is_whole(chat: Chat, visitor: Visitor) -> None:
    turns = {name: await chat.ask("Well?", model=name) for name in CASES}
    ends = dict(zip(turns, await asyncio.gather(*(turn.end() for turn in turns.values())), strict=True))
    for name, case in CASES.items():
        turn, end = turns[name], ends[name]
        assert turn.types[-1] == "chat_complete", (name, end)
        assert turn.text == end["full_message"] == WHOLE, name
        assert end["digest"] == digest(WHOLE)
        (switched,) = switches(turn)
        assert (switched["from_model"].split("/")[0], switched["reason"]) == (name, case.reason)
        assert switched["to_model"] == case.then
        metadata = end["metadata"]
        assert metadata["model"] == case.then
        before, after = metadata["parts"]
        assert (before["chars"], before["chars"] + after["chars"]) == (switched["position"], len(WHOLE)), name
        assert (switched["position"] > 0) == case.seam, name
        for kind in ("input_tokens", "output_tokens"):
            assert metadata["usage"][kind] == before["usage"][kind] + after["usage"][kind]
        if case.seam:
            assert before["usage"]["estimated"]
            assert metadata["usage"]["estimated"]
            assert before["usage"]["output_tokens"] >= AFTER / 2
        else:
            assert before["usage"]["input_tokens"] == 0 or case.reason == "silent", "a refusal costs nothing"
    stored = (await visitor.conversation(turns["stalled"].session_id))["messages"][1]
    assert stored["content"] == WHOLE
    assert stored["metadata"]["parts"] == ends["stalled"]["metadata"]["parts"]


async def test_the_batch_falls_back_too_and_what_is_the_askers_own_does_not(visitor: Visitor) -> None:
    answer = await visitor.http.post("/api/v1/chat", json={"message": "Well?", "model": "cut-and-asked"})
    assert answer.status_code == 200
    assert answer.json()["message"] == WHOLE
    assert len(answer.json()["metadata"]["parts"]) == 2
    refused = await visitor.http.post("/api/v1/chat", json={"message": "Well?", "model": "filtered"})
    assert (refused.status_code, refused.json()["code"]) == (422, "CONTENT_FILTERED")
    unknown = await visitor.http.post("/api/v1/chat", json={"message": "Well?", "model": "nothing-of-that-name"})
    assert unknown.json()["code"] == "INVALID_REQUEST"
    listed = (await visitor.http.get("/api/models")).json()
    assert listed["default"] == f"victim/sim?{SLOW}"
    assert {alias["name"] for alias in listed["aliases"]} >= {*CASES, "default", "hedged"}
    assert next(alias for alias in listed["aliases"] if alias["name"] == "hedged")["hedge"] is True


async def test_openais_clients_may_ask_a_chain(visitor: Visitor) -> None:
    listed = (await visitor.http.get("/v1/models")).json()["data"]
    assert {"id": "hedged", "object": "model", "created": 0, "owned_by": "millrace"} in listed
    asked = {"model": "stalled", "messages": [{"role": "user", "content": "Well?"}]}
    answer = (await visitor.http.post("/v1/chat/completions", json=asked)).json()
    assert answer["choices"][0]["message"]["content"] == WHOLE


async def test_before_the_first_word_the_change_takes_less_than_20_ms(
    chat: Chat, first: SimulatorProcess, simulator: SimulatorProcess
) -> None:
    httpx2.delete(f"{first.url}/_requests").raise_for_status()
    for _ in range(7):
        await (await chat.ask("Well?", model="unknown")).end()
    refusals, answers = await requests_of(first, settled_within_s=5), await requests_of(simulator, settled_within_s=5)
    gaps = [after.began_at - (before.closed_at or 0) for before, after in zip(refusals, answers, strict=True)]
    assert len(gaps) == 7
    assert statistics.median(gaps) < 0.02, gaps


async def test_a_breaker_opens_tries_and_closes(server: RunningServer, chat: Chat, first: SimulatorProcess) -> None:
    async def ask() -> list[str]:
        turn = await chat.ask("Well?", model="failing")
        assert (await turn.end())["full_message"] == WHOLE
        return [switched["reason"] for switched in switches(turn)]

    assert [await ask() for _ in range(4)] == [["failed"]] * 4
    assert (await calls(server))["shaky"]["breaker"] == "open"
    asked = len(await requests_of(first))
    assert await ask() == ["unavailable"]
    assert len(await requests_of(first)) == asked, "it was passed over"
    async with asyncio.timeout(10):
        while (await calls(server))["shaky"]["breaker"] != "half-open":
            await asyncio.sleep(0.05)
    assert await ask() == []
    assert (await calls(server))["shaky"]["breaker"] == "closed"


async def test_no_more_calls_than_places_and_users_take_turns(
    server: RunningServer, simulator: SimulatorProcess
) -> None:
    async def until(waiting: int) -> None:
        async with asyncio.timeout(20):
            while (await calls(server))["narrow"]["waiting"] != waiting:
                await asyncio.sleep(0.02)

    async with (
        Visitor.guest(server.url) as ana,
        Visitor.guest(server.url) as ben,
        ana.connect() as many,
        ben.connect() as one,
    ):
        crowd = [await many.ask("Well?", model="narrow/sim?tokens=100000&interval_ms=50") for _ in range(6)]
        await until(4)
        assert (await calls(server))["narrow"]["running"] == 2
        assert len(await requests_of(simulator)) == 2
        turn = await one.ask("And me?", model="narrow/sim?tokens=3")
        await until(5)
        for each in crowd[:2]:
            await many.send("chat_stop", session_id=each.session_id)
        assert (await turn.end())["full_message"], "a newcomer does not wait for all of a crowd"
        await until(2)
        for each in crowd[4:]:
            await many.send("chat_stop", session_id=each.session_id)
        await until(0)
        for each in crowd[2:4]:
            await many.send("chat_stop", session_id=each.session_id)
        ends = await asyncio.gather(*(each.end() for each in crowd))
        assert [end["cancelled_by"] for end in ends] == ["user"] * 6
    assert len(await requests_of(simulator, settled_within_s=5)) == 5, "who gave up waiting was not asked for"
    narrow = (await calls(server))["narrow"]
    assert (narrow["running"], narrow["waiting"], narrow["failures"]) == (0, 0, 0)


async def test_a_late_first_word_is_hedged(chat: Chat, first: SimulatorProcess) -> None:
    for _ in range(3):
        turn = await chat.ask("Well?", model="hedged")
        await turn.end()
        assert switches(turn) == []
    os.kill(first.pid, signal.SIGSTOP)
    try:
        turn = await chat.ask("Well?", model="hedged")
        end = await turn.end()
    finally:
        os.kill(first.pid, signal.SIGCONT)
    assert end["full_message"] == WHOLE
    (switched,) = switches(turn)
    assert (switched["reason"], switched["position"]) == ("late", 0)
    late, quick = end["metadata"]["parts"]
    assert late["usage"]["estimated"]
    assert late["usage"]["input_tokens"] > 0, "both are paid for"
    assert quick["chars"] == len(WHOLE)


async def test_a_provider_that_is_killed_in_the_middle(chat: Chat, first: SimulatorProcess) -> None:
    """The last one here: nobody answers for the first models any more."""
    turns = [await chat.ask(f"Number {number}.") for number in range(5)]
    await asyncio.gather(*(turn.until(20) for turn in turns))
    os.kill(first.pid, signal.SIGKILL)
    for turn in turns:
        end = await turn.end()
        assert turn.text == end["full_message"] == WHOLE
        (switched,) = switches(turn)
        assert 0 < switched["position"] < len(WHOLE)
    assert (await (await chat.ask("And now?")).end())["full_message"] == WHOLE
