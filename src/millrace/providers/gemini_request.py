"""Requests of Gemini's `generateContent` wire, and how they change for models that know less of it. Pure."""

import re
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from millrace.model.generation import GenerationRequest
from millrace.providers.failures import Refusal

_VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
_THOUGHT_ROOM = 8192
"""Tokens left for thoughts where the model sets its own budget: they count against the limit of the answer."""


class Habits(Struct, frozen=True):
    """What a model is told about thinking."""

    thinking: bool = True
    """Whether it is told anything; models before 2.5 refuse it."""
    switch_off: bool = True
    """Whether it can be told not to think; 2.5 Flash can, 2.5 Pro cannot."""
    logprobs: bool = True


def habits_for(model: str) -> Habits:
    """What a model most likely knows, by its name."""
    return Habits(thinking=thinks(model), switch_off=_version(model) == (2, 5) and "flash" in model)


def thinks(model: str) -> bool:
    """Whether it is a model that thinks before it answers, by its name: Gemini from 2.5 on."""
    return _version(model) >= (2, 5)


def resource_of(model: str) -> str:
    """The path of a model, `models/gemini-2.5-flash` for example, fit for a URL."""
    return quote(model if "/" in model else f"models/{model}", safe="/")


def encode_request(request: GenerationRequest, habits: Habits, thinking_budget: int | None = None) -> bytes:
    """The JSON body of a call.

    Args:
        request: What is asked.
        habits: What the model can be told.
        thinking_budget: Tokens for thinking, where it is asked for; -1, like none, leaves it to the model.
    """
    config: dict[str, Any] = {"maxOutputTokens": request.max_tokens}
    if request.temperature is not None:
        config["temperature"] = request.temperature
    if habits.logprobs and request.logprobs:
        config["responseLogprobs"] = True
    if habits.thinking:
        thinking = _thinking(request, habits, thinking_budget)
        if thinking:
            config["thinkingConfig"] = thinking
        if (budget := thinking.get("thinkingBudget", -1)) != 0:
            config["maxOutputTokens"] += budget if budget > 0 else _THOUGHT_ROOM
    body: dict[str, Any] = {
        "contents": [
            {"role": "model" if message.role == "assistant" else "user", "parts": [{"text": message.content}]}
            for message in request.messages
            if message.role != "system"
        ],
        "generationConfig": config,
    }
    rules = [{"text": message.content} for message in request.messages if message.role == "system"]
    if rules:
        body["systemInstruction"] = {"parts": rules}
    return msgspec.json.encode(body)


def adapted(habits: Habits, refusal: Refusal) -> Habits | None:
    """Habits without what a refusal names; none where it names nothing of ours."""
    words = refusal.words.lower()
    if refusal.status != 400:
        return None
    if habits.logprobs and "logprobs" in words:
        return msgspec.structs.replace(habits, logprobs=False)
    if not habits.thinking or "thinking" not in words:
        return None
    if habits.switch_off and "budget" in words:
        return msgspec.structs.replace(habits, switch_off=False)
    return Habits(thinking=False, logprobs=habits.logprobs)


def _thinking(request: GenerationRequest, habits: Habits, budget: int | None) -> dict[str, Any]:
    if not request.reasoning:
        return {"thinkingBudget": 0} if habits.switch_off else {}
    if budget is None:
        return {"includeThoughts": True}
    return {"includeThoughts": True, "thinkingBudget": budget}


def _version(model: str) -> tuple[int, int]:
    match = _VERSION.search(model)
    return (int(match[1]), int(match[2] or 0)) if match else (0, 0)
