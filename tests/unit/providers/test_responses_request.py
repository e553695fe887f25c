"""Requests of the Responses wire."""

import json
from typing import Any

import pytest

from millrace.model.generation import GenerationRequest, PromptMessage
from millrace.providers.failures import Refusal
from millrace.providers.responses_request import ResponsesHabits, adapted, encode_request, habits_for

MESSAGES = (
    PromptMessage("system", "Be brief."),
    PromptMessage("user", "Hi"),
    PromptMessage("assistant", "Hello"),
    PromptMessage("system", "In German."),
    PromptMessage("user", "Go on"),
)


def body(model: str = "gpt-4o", habits: ResponsesHabits | None = None, **more: Any) -> dict[str, Any]:
    background = more.pop("background", False)
    request = GenerationRequest(model=model, messages=MESSAGES, max_tokens=7, **more)
    decoded: dict[str, Any] = json.loads(encode_request(request, habits or habits_for(model), background=background))
    return decoded


def test_a_request() -> None:
    assert body(temperature=0.5, reasoning=True) == {
        "model": "gpt-4o",
        "input": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "Go on"},
        ],
        "instructions": "Be brief.\n\nIn German.",
        "stream": True,
        "max_output_tokens": 7,
        "store": False,
        "temperature": 0.5,
    }


def test_a_reasoning_model_is_asked_for_its_thoughts() -> None:
    asked = body("gpt-5", temperature=0.5, reasoning=True)
    assert asked["reasoning"] == {"effort": "high", "summary": "auto"}
    assert "temperature" not in asked
    assert body("gpt-5")["reasoning"] == {"effort": "low"}
    assert "reasoning" not in body("gpt-4o", reasoning=True)


def test_what_is_made_in_the_background_is_stored() -> None:
    asked = body(background=True)
    assert (asked["background"], asked["store"]) == (True, True)


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("Your organization must be verified to generate reasoning summaries.", {"summary": False}),
        (
            "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
            {"effort": False, "summary": False},
        ),
        ("Unsupported parameter: 'temperature'", {"temperature": False}),
        ("Unknown parameter: store", {"store": False}),
    ],
)
def test_a_parameter_that_is_refused_is_left_out(words: str, changed: dict[str, bool]) -> None:
    all_of_them = {"temperature": True, "effort": True, "summary": True, "store": True}
    assert adapted(ResponsesHabits(**all_of_them), Refusal(400, words=words)) == ResponsesHabits(
        **all_of_them | changed
    )


@pytest.mark.parametrize(
    "refusal", [Refusal(400, words="no"), Refusal(500, words="store"), Refusal(404, words="store")]
)
def test_other_refusals_change_nothing(refusal: Refusal) -> None:
    assert adapted(ResponsesHabits(effort=True, summary=True), refusal) is None
