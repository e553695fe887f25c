import msgspec
import pytest

from millrace.model.generation import GenerationRequest, PromptMessage
from millrace.providers.failures import Refusal
from millrace.providers.openai_request import Habits, adapted, effort_for, encode_request, habits_for


def body(habits: Habits, **more: object) -> dict[str, object]:
    request = GenerationRequest(model="m", messages=(PromptMessage("user", "hé"),), **more)  # type: ignore[arg-type]  # by name
    decoded: dict[str, object] = msgspec.json.decode(encode_request(request, habits))
    return decoded


def test_the_usual_body() -> None:
    assert body(Habits(), temperature=0.0, max_tokens=9) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hé"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 9,
        "temperature": 0.0,
    }


def test_reasoning_models_of_openai() -> None:
    sent = body(habits_for("o3-mini"), temperature=1.0, reasoning=True, max_tokens=9)
    assert sent["max_completion_tokens"] == 25_009, "the limit counts the thinking too"
    assert sent["reasoning_effort"] == "high"
    assert "temperature" not in sent
    assert "max_tokens" not in sent
    at_once = body(habits_for("o3-mini"), max_tokens=9)
    assert (at_once["reasoning_effort"], at_once["max_completion_tokens"]) == ("low", 4105)
    assert "reasoning_effort" not in body(Habits(), reasoning=True)


def test_openrouter_tells_any_model_to_think() -> None:
    habits = habits_for("anthropic/claude-sonnet-4.5", host="openrouter.ai")
    assert body(habits, reasoning=True, max_tokens=9)["reasoning_effort"] == "high"
    assert body(habits, reasoning=True, max_tokens=9)["max_tokens"] == 25_009
    assert "reasoning_effort" not in body(habits)
    assert body(habits_for("openai/gpt-5", host="openrouter.ai"))["reasoning_effort"] == "low"
    refusal = Refusal(400, words="Only one of reasoning.effort and reasoning.max_tokens can be specified")
    changed = adapted(habits, refusal)
    assert changed is not None
    assert "reasoning_effort" not in body(changed, reasoning=True)


@pytest.mark.parametrize(
    ("budget", "effort"),
    [(None, "high"), (-1, "high"), (0, "low"), (2048, "low"), (4096, "medium"), (8192, "medium"), (9000, "high")],
)
def test_a_budget_becomes_an_effort(budget: int | None, effort: str) -> None:
    request = GenerationRequest(model="o3", messages=(), reasoning=True)
    assert effort_for(request, budget).name == effort


@pytest.mark.parametrize(
    "model", ["o1", "o3-mini", "o4-mini-2025-04-16", "gpt-5", "gpt-5.1-mini", "openai/gpt-5-nano", "GPT-6"]
)
def test_names_of_reasoning_models(model: str) -> None:
    assert habits_for(model).max_completion_tokens


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-4.1", "gpt-3.5-turbo", "gpt-5-chat-latest", "llama-3", "olmo", "gpt-oss-20b"]
)
def test_names_of_other_models(model: str) -> None:
    assert not habits_for(model).max_completion_tokens
    assert habits_for(model, host="api.openai.com").max_completion_tokens


@pytest.mark.parametrize(
    ("words", "habits"),
    [
        ("Unrecognized request argument supplied: stream_options", Habits(usage=False)),
        (
            "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            Habits(max_completion_tokens=True),
        ),
        ("temperature does not support 0.5 with this model", Habits(temperature=False)),
        ("max_tokens is too large: 99999. This model supports at most 4096", None),
        ("messages: at least one message is required", None),
        ("reasoning_effort", None),
    ],
)
def test_adapting(words: str, habits: Habits | None) -> None:
    assert adapted(Habits(), Refusal(400, words=words)) == habits
    assert adapted(Habits(), Refusal(500, words=words)) is None


def test_a_parameter_that_is_not_sent_is_not_dropped_again() -> None:
    assert adapted(Habits(usage=False), Refusal(400, words="stream_options")) is None
