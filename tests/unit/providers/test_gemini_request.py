"""Requests of Gemini's wire."""

import json
from typing import Any

import pytest

from millrace.model.generation import GenerationRequest, PromptMessage
from millrace.providers.failures import Refusal
from millrace.providers.gemini_request import Habits, adapted, encode_request, habits_for, resource_of, thinks

MESSAGES = (
    PromptMessage("system", "Be brief."),
    PromptMessage("user", "Hi"),
    PromptMessage("assistant", "Hello"),
    PromptMessage("user", "Go on"),
)


def body(model: str, budget: int | None = None, **more: Any) -> dict[str, Any]:
    request = GenerationRequest(model=model, messages=MESSAGES, max_tokens=7, **more)
    decoded: dict[str, Any] = json.loads(encode_request(request, habits_for(model), budget))
    return decoded


def test_a_request() -> None:
    assert body("gemini-2.0-flash", temperature=0.5) == {
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}]},
            {"role": "model", "parts": [{"text": "Hello"}]},
            {"role": "user", "parts": [{"text": "Go on"}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"maxOutputTokens": 7, "temperature": 0.5},
    }


@pytest.mark.parametrize(
    ("model", "budget", "reasoning", "thinking", "limit"),
    [
        ("gemini-2.0-flash", 500, True, None, 7),
        ("gemini-2.5-flash", None, False, {"thinkingBudget": 0}, 7),
        ("gemini-2.5-flash", None, True, {"includeThoughts": True}, 7 + 8192),
        ("gemini-2.5-flash", 500, True, {"includeThoughts": True, "thinkingBudget": 500}, 507),
        ("gemini-2.5-pro", None, False, None, 7 + 8192),
        ("gemini-2.5-pro", -1, True, {"includeThoughts": True, "thinkingBudget": -1}, 7 + 8192),
        ("gemini-3-pro-preview", None, True, {"includeThoughts": True}, 7 + 8192),
        ("gemini-3-pro-preview", None, False, None, 7 + 8192),
    ],
)
def test_thinking_and_room_for_it(
    model: str, budget: int | None, reasoning: bool, thinking: dict[str, Any] | None, limit: int
) -> None:
    config = body(model, budget, reasoning=reasoning)["generationConfig"]
    assert (config.get("thinkingConfig"), config["maxOutputTokens"]) == (thinking, limit)


@pytest.mark.parametrize(
    ("habits", "words", "changed"),
    [
        (Habits(), "Budget 0 is invalid. This model only works in thinking mode.", Habits(switch_off=False)),
        (Habits(switch_off=False), "Thinking budget is not supported", Habits(thinking=False)),
        (Habits(), "Thinking is not enabled for models/x", Habits(thinking=False)),
        (Habits(thinking=False), "Thinking", None),
        (Habits(), "API key not valid", None),
    ],
)
def test_what_a_model_refuses_is_left_out(habits: Habits, words: str, changed: Habits | None) -> None:
    assert adapted(habits, Refusal(400, words=words)) == changed
    assert adapted(habits, Refusal(500, words=words)) is None


@pytest.mark.parametrize(
    ("model", "resource"),
    [
        ("gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("tunedModels/my model", "tunedModels/my%20model"),
        ("sim?tokens=5&x=%2F", "models/sim%3Ftokens%3D5%26x%3D%252F"),
    ],
)
def test_the_path_of_a_model(model: str, resource: str) -> None:
    assert resource_of(model) == resource


@pytest.mark.parametrize(
    ("model", "so"),
    [
        ("gemini-2.5-flash", True),
        ("gemini-3-pro", True),
        ("gemini-10", True),
        ("gemini-2.0-flash", False),
        ("gemma", False),
    ],
)
def test_which_models_think(model: str, so: bool) -> None:
    assert thinks(model) is so
