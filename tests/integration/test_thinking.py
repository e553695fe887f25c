"""Thinking by real processes: which questions are thought about, steps as they are written, whole answers as words."""

import json
import math
import time
from datetime import datetime

import pytest
from tests.support.chat_client import Chat, Visitor, WatchedTurn
from tests.support.journal import requests_of

from millrace.testing.simulator import expected_reasoning, expected_steps, expected_text
from millrace.testing.simulator.process import SimulatorProcess

HARD = "Prove that the square root of 2 is irrational."
EASY = "What is the capital of Peru?"


@pytest.fixture(scope="module")
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Models that the operator says something of."""
    said = {
        "hidden*": {"reasoning": False},
        "whole*": {"streaming": False, "input_price": 2, "output_price": 10},
    }
    return {**environment, "MILLRACE_PROVIDERS__SIM__OVERRIDES": json.dumps(said)}


def steps_in(turn: WatchedTurn) -> list[tuple[int, str, str, float | None]]:
    steps = [frame["data"]["step"] for frame in turn.frames if frame["type"] == "reasoning_step"]
    return [(step["step_number"], step["type"], step["content"], step["confidence"]) for step in steps]


def expected(model: str) -> list[tuple[int, str, str, float | None]]:
    found = expected_steps(model)
    return [(number, step.kind, step.content, step.confidence) for number, step in enumerate(found, 1)]


async def test_a_hard_question_is_thought_about_in_steps_and_an_easy_one_is_not(
    chat: Chat, visitor: Visitor, simulator: SimulatorProcess
) -> None:
    model = "sim?tokens=40&steps=5&interval_ms=2"
    turn = await chat.ask(HARD, model=f"sim/{model}", enable_reasoning=True)
    end = await turn.end()
    started = turn.frames[0]["data"]
    assert started["thinking_mode"] == "system2"
    assert started["thinking_reason"] == "the question asks for a proof or a derivation"
    assert "estimated_time_ms" not in started, "nothing is known of the model yet"
    assert steps_in(turn) == expected(model)
    order = [kind for kind in turn.types if kind in ("reasoning_step", "thinking_complete", "content_token")]
    assert order[:6] == ["reasoning_step"] * 5 + ["thinking_complete"]
    assert turn.text == end["full_message"] == expected_text("sim?tokens=40")
    first, second = await requests_of(simulator, settled_within_s=5)
    assert expected_steps(model)[0].content in json.dumps(second.messages)
    assert json.dumps(first.messages)[:40] == json.dumps(second.messages)[:40], "the two have their beginning in common"
    usage = end["metadata"]["usage"]
    assert usage["reasoning_tokens"] == first.tokens_sent
    assert usage["output_tokens"] == first.tokens_sent + second.tokens_sent
    assert usage["input_tokens"] > 2 * 50
    stored = (await visitor.conversation(turn.session_id))["messages"][1]
    assert stored["content"] == turn.text

    turn = await chat.ask(EASY, model=f"sim/{model}", enable_reasoning=True)
    await turn.end()
    assert turn.frames[0]["data"]["thinking_mode"] == "system1"
    assert turn.frames[0]["data"]["thinking_reason"] == "the question asks for a fact"
    assert "estimated_time_ms" not in turn.frames[0]["data"], "what thinking took says nothing of it"
    assert steps_in(turn) == []
    turn = await chat.ask(EASY, model=f"sim/{model}", thinking_mode="system2")
    await turn.end()
    assert turn.types.count("reasoning_step") == 0, "shown only to those who want to see it"
    assert turn.frames[0]["data"]["estimated_time_ms"] == end["metadata"]["response_time_ms"]
    turn = await chat.ask(HARD, model=f"sim/{model}", thinking_mode="system1", enable_reasoning=True)
    await turn.end()
    assert turn.types.count("reasoning_step") == 0
    assert len(await requests_of(simulator, settled_within_s=5)) == 2 + 1 + 2 + 1


async def test_a_model_that_thinks_by_itself_is_asked_once(chat: Chat, simulator: SimulatorProcess) -> None:
    model = "hidden?tokens=10&reasoning=20&interval_ms=10"
    for calls in (2, 1):
        turn = await chat.ask(HARD, model=f"sim/{model}", enable_reasoning=True)
        end = await turn.end()
        assert end["full_message"] == expected_text("sim?tokens=10")
        steps = [content for _, _, content, _ in steps_in(turn)]
        assert "\n\n".join(steps) == expected_reasoning("sim?reasoning=20").strip(), "cut at its paragraphs"
        assert len(steps) > 1
        requests = await requests_of(simulator, settled_within_s=5)
        assert len(requests) == calls + (0 if calls == 2 else 2), "what it was found to do is remembered"
    assert requests[0].closed_by == "client"


async def test_confidence_is_stated_or_read_off_the_tokens_or_none(chat: Chat) -> None:
    turn = await chat.ask(HARD, model="sim/sim?tokens=5&confidence=false&logprob=-0.1", enable_reasoning=True)
    await turn.end()
    assert [confidence for *_, confidence in steps_in(turn)] == pytest.approx([math.exp(-0.1)] * 4)
    turn = await chat.ask(HARD, model="sim/sim?tokens=5&confidence=false", enable_reasoning=True)
    await turn.end()
    assert [confidence for *_, confidence in steps_in(turn)] == [None] * 4


async def test_a_stop_in_the_steps_closes_the_upstream_and_is_counted(chat: Chat, simulator: SimulatorProcess) -> None:
    model = "sim/sim?steps=9&interval_ms=10"
    turn = await chat.ask(HARD, model=model, enable_reasoning=True)
    while turn.types.count("reasoning_step") < 2:
        turn.news.clear()
        await turn.news.wait()
    asked = time.time()
    await chat.send("chat_stop", session_id=turn.session_id)
    end = await turn.end()
    assert (turn.types[-1], end["partial_message"]) == ("chat_cancelled", "")
    [request] = await requests_of(simulator, settled_within_s=5)
    assert request.closed_by == "client"
    assert request.closed_at is not None
    assert request.closed_at - asked < 0.5


async def test_a_provider_that_fails_in_the_steps_is_a_failure_and_keeps_them(chat: Chat) -> None:
    turn = await chat.ask(HARD, model="sim/sim?steps=9&fault=cut&after=60", enable_reasoning=True)
    end = await turn.end()
    assert end["error"]["code"] == "PROVIDER_FAILURE"
    assert 0 < len(steps_in(turn)) < 9


async def test_what_cannot_stream_comes_in_words_at_each_followers_pace(
    chat: Chat, visitor: Visitor, simulator: SimulatorProcess
) -> None:
    model = "whole?tokens=120&text=mixed"
    turn = await chat.ask("Tell me.", model=f"sim/{model}")
    end = await turn.end()
    [request] = await requests_of(simulator, settled_within_s=5)
    assert request.parameters["stream"] is False
    assert turn.text == end["full_message"] == expected_text("sim?tokens=120&text=mixed")
    words = [frame["data"]["token"] for frame in turn.frames if frame["type"] == "content_token"]
    assert len(words) > 60
    assert all(len(word.split()) <= 1 for word in words), "each word is a frame of its own"
    times = [datetime.fromisoformat(frame["data"]["timestamp"]) for frame in turn.frames]
    assert (times[-1] - times[1]).total_seconds() < 1
    usage = end["metadata"]["usage"]
    assert end["metadata"]["cost"] == pytest.approx((usage["input_tokens"] * 2 + usage["output_tokens"] * 10) / 1e6)
    async with visitor.connect() as slow:
        await slow.send("chat_config", config={"stream_speed": "normal"})
        turn = await slow.ask("Tell me.", model="sim/whole?tokens=30")
        began = time.monotonic()
        await turn.end()
        pieces = turn.types.count("content_token") - 1
        assert time.monotonic() - began > 0.02 * (pieces - 1)
