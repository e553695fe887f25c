"""Requests of OpenAI's Responses wire, and how they change for models and servers that know less of it. Pure."""

from typing import Any

import msgspec
from msgspec import Struct

from millrace.model.generation import GenerationRequest
from millrace.providers.failures import Refusal
from millrace.providers.openai_request import effort_for, is_openai_reasoning


class ResponsesHabits(Struct, frozen=True):
    """Which optional parameters a model is sent."""

    temperature: bool = True
    effort: bool = False
    summary: bool = False
    """Whether thinking is shown: OpenAI gives summaries to verified organisations alone."""
    store: bool = True
    """Whether the server is told not to keep the answer; compatible ones may not know the word."""
    logprobs: bool = True


def habits_for(model: str) -> ResponsesHabits:
    """What a model most likely wants, by its name."""
    reasons = is_openai_reasoning(model)
    return ResponsesHabits(temperature=not reasons, effort=reasons, summary=reasons)


def encode_request(
    request: GenerationRequest,
    habits: ResponsesHabits,
    *,
    background: bool = False,
    thinking_budget: int | None = None,
) -> bytes:
    """The JSON body of a call.

    Args:
        request: What is asked.
        habits: What the model can be told.
        background: Whether the provider is to keep the answer, so that it can be resumed.
        thinking_budget: Tokens for thinking, which become an effort.
    """
    effort = effort_for(request, thinking_budget) if habits.effort else None
    body: dict[str, Any] = {
        "model": request.model,
        "input": [
            {"role": message.role, "content": message.content}
            for message in request.messages
            if message.role != "system"
        ],
        "stream": request.stream,
        "max_output_tokens": request.max_tokens + (effort.room if effort else 0),
    }
    rules = [message.content for message in request.messages if message.role == "system"]
    if rules:
        body["instructions"] = "\n\n".join(rules)
    if background:
        body |= {"background": True, "store": True}
    elif habits.store:
        body["store"] = False
    if habits.temperature and request.temperature is not None:
        body["temperature"] = request.temperature
    if habits.logprobs and request.logprobs:
        body["include"] = ["message.output_text.logprobs"]
    reasoning: dict[str, str] = {}
    if effort is not None:
        reasoning["effort"] = effort.name
    if request.reasoning and habits.summary:
        reasoning["summary"] = "auto"
    if reasoning:
        body["reasoning"] = reasoning
    return msgspec.json.encode(body)


def adapted(habits: ResponsesHabits, refusal: Refusal) -> ResponsesHabits | None:
    """Habits without the parameter that a refusal names; none where it names none of ours."""
    if refusal.status not in (400, 422):
        return None
    words = f"{refusal.code} {refusal.words}".lower()
    changes: dict[str, bool] = {}
    if habits.summary and "summar" in words:
        changes = {"summary": False}
    elif habits.effort and "reasoning" in words:
        changes = {"effort": False, "summary": False}
    elif habits.logprobs and ("logprobs" in words or "include" in words):
        changes = {"logprobs": False}
    elif habits.temperature and "temperature" in words:
        changes = {"temperature": False}
    elif habits.store and "store" in words:
        changes = {"store": False}
    return msgspec.structs.replace(habits, **changes) if changes else None
