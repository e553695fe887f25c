"""Requests of the chat-completions wire, and how they change for servers that know less of it. Pure."""

import re
from typing import Any, Literal

import msgspec
from msgspec import Struct

from millrace.model.generation import GenerationRequest
from millrace.providers.failures import Refusal

_REASONING = re.compile(r"(?:^|/)(?:o\d|gpt-[5-9](?!.*chat))", re.IGNORECASE)

_LOW_TOKENS = 2048
_MEDIUM_TOKENS = 8192

_UNKNOWN = re.compile(
    r"unsupported|unrecognized|unknown|not supported|not permitted|extra|unexpected|instead", re.IGNORECASE
)


class Habits(Struct, frozen=True):
    """Which optional parameters a model is sent."""

    max_completion_tokens: bool = False
    """OpenAI's new name for `max_tokens`; its reasoning models refuse the old one, other servers ignore the new."""
    usage: bool = True
    temperature: bool = True
    effort: bool = False
    """OpenAI's reasoning models are always told how hard to think."""
    effort_to_think: bool = False
    """Any model is told, where it is to think: OpenRouter turns the effort into what each of its providers wants."""
    logprobs: bool = True


def habits_for(model: str, *, host: str = "") -> Habits:
    """What a model most likely wants, by its name and the host that serves it."""
    reasons = is_openai_reasoning(model)
    return Habits(
        max_completion_tokens=host == "api.openai.com" or reasons,
        temperature=not reasons,
        effort=reasons,
        effort_to_think=host == "openrouter.ai",
    )


def is_openai_reasoning(model: str) -> bool:
    """Whether it is one of OpenAI's models that think before they answer, by its name."""
    return _REASONING.search(model) is not None


class Effort(Struct, frozen=True):
    """How hard one of OpenAI's reasoning models is told to think, and the tokens that this may take."""

    name: Literal["low", "medium", "high"]
    room: int
    """The limit of an answer counts its thinking too: OpenAI advises to leave at least 25,000 tokens for it."""


_LOW, _MEDIUM, _HIGH = Effort("low", 4096), Effort("medium", 12_288), Effort("high", 25_000)


def effort_for(request: GenerationRequest, budget: int | None) -> Effort:
    """The effort for a request: these models know no budget of tokens, and cannot be told not to think at all.

    Args:
        request: Says whether thinking is wanted.
        budget: The operator's budget in tokens; none and -1 leave it open.
    """
    if not request.reasoning or budget == 0:
        return _LOW
    if budget is None or budget < 0 or budget > _MEDIUM_TOKENS:
        return _HIGH
    return _LOW if budget <= _LOW_TOKENS else _MEDIUM


def encode_request(request: GenerationRequest, habits: Habits, thinking_budget: int | None = None) -> bytes:
    """The JSON body of a call; `thinking_budget` is in tokens."""
    tells = habits.effort or (habits.effort_to_think and request.reasoning)
    effort = effort_for(request, thinking_budget) if tells else None
    limit = request.max_tokens + (effort.room if effort else 0)
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "stream": request.stream,
        "max_completion_tokens" if habits.max_completion_tokens else "max_tokens": limit,
    }
    if habits.usage and request.stream:
        body["stream_options"] = {"include_usage": True}
    if habits.temperature and request.temperature is not None:
        body["temperature"] = request.temperature
    if habits.logprobs and request.logprobs:
        body["logprobs"] = True
    if effort is not None:
        body["reasoning_effort"] = effort.name
    return msgspec.json.encode(body)


def adapted(habits: Habits, refusal: Refusal) -> Habits | None:
    """Habits without the parameter that a refusal names; none where it names none of ours."""
    if refusal.status not in (400, 422):
        return None
    words = f"{refusal.code} {refusal.words}"
    changes: dict[str, bool] = {}
    if habits.usage and ("stream_options" in words or "include_usage" in words):
        changes = {"usage": False}
    elif (habits.effort or habits.effort_to_think) and "reasoning" in words and "effort" in words:
        changes = {"effort": False, "effort_to_think": False}
    elif "max_tokens" in words or "max_completion_tokens" in words:
        # Only the name may be at fault here: a limit that is too high for the model is refused in other words.
        changes = {"max_completion_tokens": not habits.max_completion_tokens} if _UNKNOWN.search(words) else {}
    elif habits.logprobs and "logprobs" in words:
        changes = {"logprobs": False}
    elif habits.temperature and "temperature" in words:
        changes = {"temperature": False}
    return msgspec.structs.replace(habits, **changes) if changes else None
