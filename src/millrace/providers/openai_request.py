"""Requests of the chat-completions wire, and how they change for servers that know less of it. Pure."""

import re
from typing import Any

import msgspec
from msgspec import Struct

from millrace.model.generation import GenerationRequest
from millrace.providers.failures import Refusal

_REASONING = re.compile(r"(?:^|/)(?:o\d|gpt-[5-9](?!.*chat))", re.IGNORECASE)

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


def habits_for(model: str, *, official: bool) -> Habits:
    """What a model most likely wants; `official` is OpenAI itself."""
    reasons = is_openai_reasoning(model)
    return Habits(max_completion_tokens=official or reasons, temperature=not reasons, effort=reasons)


def is_openai_reasoning(model: str) -> bool:
    """Whether it is one of OpenAI's models that think before they answer, by its name."""
    return _REASONING.search(model) is not None


def encode_request(request: GenerationRequest, habits: Habits) -> bytes:
    """The JSON body of a call."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "stream": request.stream,
        "max_completion_tokens" if habits.max_completion_tokens else "max_tokens": request.max_tokens,
    }
    if habits.usage and request.stream:
        body["stream_options"] = {"include_usage": True}
    if habits.temperature and request.temperature is not None:
        body["temperature"] = request.temperature
    if habits.effort and request.reasoning:
        body["reasoning_effort"] = "high"
    return msgspec.json.encode(body)


def adapted(habits: Habits, refusal: Refusal) -> Habits | None:
    """Habits without the parameter that a refusal names; none where it names none of ours."""
    if refusal.status not in (400, 422):
        return None
    words = f"{refusal.code} {refusal.words}"
    changes: dict[str, bool] = {}
    if habits.usage and ("stream_options" in words or "include_usage" in words):
        changes = {"usage": False}
    elif "max_tokens" in words or "max_completion_tokens" in words:
        # Only the name may be at fault here: a limit that is too high for the model is refused in other words.
        changes = {"max_completion_tokens": not habits.max_completion_tokens} if _UNKNOWN.search(words) else {}
    elif habits.effort and "reasoning_effort" in words:
        changes = {"effort": False}
    elif habits.temperature and "temperature" in words:
        changes = {"temperature": False}
    return msgspec.structs.replace(habits, **changes) if changes else None
