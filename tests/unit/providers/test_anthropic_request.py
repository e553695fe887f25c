"""What Anthropic's models are sent, and what is learned of a refusal."""

import json
from typing import Any

import pytest

from millrace.model.generation import GenerationRequest, PromptMessage
from millrace.providers.anthropic_models import ClaudeModel
from millrace.providers.anthropic_request import (
    DEFAULT_BUDGET,
    Habits,
    adapted,
    encode_request,
    habits_for,
    prompt_end,
    white_end,
)
from millrace.providers.failures import Refusal

USER = PromptMessage("user", "Hi")
ENABLED = Habits("enabled", 2000)
ADAPTIVE = Habits("adaptive", 2000)
NONE = Habits("none", 2000)


def request(*messages: PromptMessage, **more: Any) -> GenerationRequest:
    return GenerationRequest(model="m", messages=messages or (USER,), max_tokens=100, **more)


def sent(asked: GenerationRequest, habits: Habits = ENABLED) -> Any:
    return json.loads(encode_request(asked, habits))


def test_plain_request() -> None:
    assert sent(request()) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "max_tokens": 100,
    }


def test_system_messages_stand_beside_the_conversation() -> None:
    body = sent(request(PromptMessage("system", "Be brief."), PromptMessage("system", " "), USER))
    assert body["system"] == "Be brief."
    assert body["messages"] == [{"role": "user", "content": "Hi"}]
    two = sent(request(PromptMessage("system", "One."), PromptMessage("system", "Two."), USER))
    assert two["system"] == "One.\n\nTwo."


def test_messages_without_a_visible_character_are_left_out() -> None:
    body = sent(request(USER, PromptMessage("assistant", " \n"), PromptMessage("user", "Well?")))
    assert [message["content"] for message in body["messages"]] == ["Hi", "Well?"]


@pytest.mark.parametrize(
    ("habits", "thinking", "limit"),
    [
        (ENABLED, {"type": "enabled", "budget_tokens": 2000}, 2100),
        (ADAPTIVE, {"type": "adaptive", "display": "summarized"}, 2100),
        (NONE, None, 100),
        (Habits("enabled", 2000, most_tokens=1500), {"type": "enabled", "budget_tokens": 1400}, 1500),
        (Habits("enabled", 2000, most_tokens=9000), {"type": "enabled", "budget_tokens": 2000}, 2100),
    ],
)
def test_thinking_has_tokens_of_its_own(habits: Habits, thinking: Any, limit: int) -> None:
    body = sent(request(reasoning=True), habits)
    assert (body.get("thinking"), body["max_tokens"]) == (thinking, limit)
    assert "thinking" not in sent(request(), habits)


def test_temperature_is_bounded_and_not_sent_with_thinking() -> None:
    assert sent(request(temperature=0.5))["temperature"] == 0.5
    assert sent(request(temperature=1.7))["temperature"] == 1.0
    assert "temperature" not in sent(request(temperature=0.5, reasoning=True))
    assert "temperature" not in sent(request(temperature=0.5), Habits("enabled", 2000, temperature=False))


def test_a_text_to_continue_ends_the_messages_and_is_not_thought_about() -> None:
    asked = request(USER, PromptMessage("assistant", "Once upon a time \n"), reasoning=True, temperature=0.5)
    body = sent(asked)
    assert body["messages"][-1] == {"role": "assistant", "content": "Once upon a time"}
    assert "thinking" not in body
    assert (body["max_tokens"], body["temperature"]) == (100, 0.5)
    assert prompt_end(asked) == "Once upon a time \n"
    assert white_end(prompt_end(asked)) == " \n"


@pytest.mark.parametrize("messages", [(), (USER,), (USER, PromptMessage("assistant", " \n"))])
def test_nothing_to_continue(messages: tuple[PromptMessage, ...]) -> None:
    assert prompt_end(GenerationRequest(model="m", messages=messages)) == ""


def test_nothing_in_the_middle_is_trimmed() -> None:
    body = sent(request(USER, PromptMessage("assistant", "Yes. "), USER))
    assert body["messages"][1]["content"] == "Yes. "


@pytest.mark.parametrize(
    ("budget", "habits"),
    [
        (None, Habits("enabled", DEFAULT_BUDGET, most_tokens=5)),
        (-1, Habits("enabled", DEFAULT_BUDGET, most_tokens=5)),
        (0, Habits("none", 1024, most_tokens=5)),
        (10, Habits("enabled", 1024, most_tokens=5)),
        (30_000, Habits("enabled", 30_000, most_tokens=5)),
    ],
)
def test_budgets(budget: int | None, habits: Habits) -> None:
    assert habits_for(ClaudeModel("enabled", prefill=False, most_tokens=5), budget) == habits


@pytest.mark.parametrize(
    ("habits", "words", "changed"),
    [
        (ENABLED, '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive".', ADAPTIVE),
        (ENABLED, "thinking: Extra inputs are not permitted", NONE),
        (ADAPTIVE, "adaptive thinking is not supported on this model", NONE),
        (ENABLED, "`temperature` is deprecated for this model.", Habits("enabled", 2000, temperature=False)),
        (
            ENABLED,
            "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for m",
            Habits("enabled", 2000, most_tokens=4096),
        ),
        (Habits("enabled", 2000, most_tokens=4096), "max_tokens: 5000 > 4096, which", None),
        (ENABLED, "`max_tokens` must be greater than `thinking.budget_tokens`", None),
        (NONE, "thinking: odd", None),
        (Habits("enabled", 2000, temperature=False), "temperature: odd", None),
        (ENABLED, "messages: odd", None),
    ],
)
def test_what_a_refusal_teaches(habits: Habits, words: str, changed: Habits | None) -> None:
    assert adapted(habits, Refusal(400, kind="invalid_request_error", words=words)) == changed
    assert adapted(habits, Refusal(500, words=words)) is None
