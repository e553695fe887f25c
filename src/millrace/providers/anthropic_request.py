"""Requests of Anthropic's Messages wire, and how they change for models that know less of it. Pure."""

import re
from typing import Any

import msgspec
from msgspec import Struct

from millrace.model.generation import GenerationRequest, PromptMessage
from millrace.providers.anthropic_models import ClaudeModel, Thinking
from millrace.providers.failures import Refusal

DEFAULT_BUDGET = 8192
"""Tokens for thinking where nothing is set: enough for hard questions, a minute or two of waiting."""
_LEAST_BUDGET = 1024
_TOO_MANY = re.compile(r"max_tokens: \d+ > (\d+)")


class Habits(Struct, frozen=True):
    """What a model is sent.

    `budget` is tokens for thinking, beside those of the answer.
    """

    thinking: Thinking
    budget: int
    temperature: bool = True
    most_tokens: int | None = None


def habits_for(model: ClaudeModel, budget: int | None) -> Habits:
    """What a model most likely wants.

    Args:
        model: What is known of it.
        budget: The operator's setting: 0 switches thinking off, -1 leaves its extent to the model.
    """
    thinking: Thinking = "none" if budget == 0 else model.thinking
    if budget is None or budget < 0:
        budget = DEFAULT_BUDGET
    return Habits(thinking, max(_LEAST_BUDGET, budget), most_tokens=model.most_tokens)


def prompt_end(request: GenerationRequest) -> str:
    """The assistant's message that the model is to continue, as the prompt has it; empty where there is none."""
    last = request.messages[-1] if request.messages else None
    return last.content if last is not None and last.role == "assistant" and last.content.strip() else ""


def white_end(text: str) -> str:
    """The white space at the end of a text, which the wire allows no prompt to end with."""
    return text[len(text.rstrip()) :]


def encode_request(request: GenerationRequest, habits: Habits) -> bytes:
    """The JSON body of a call.

    What is to be continued ends the messages, and is not thought about: the wire refuses both together.
    """
    continues = bool(prompt_end(request))
    body: dict[str, Any] = {"model": request.model, "messages": _messages(request.messages), "stream": request.stream}
    if system := "\n\n".join(message.content for message in request.messages if _is_system(message)):
        body["system"] = system
    limit = request.max_tokens
    if request.reasoning and not continues and habits.thinking != "none":
        limit += habits.budget
        if habits.thinking == "adaptive":
            body["thinking"] = {"type": "adaptive", "display": "summarized"}
        else:
            body["thinking"] = {"type": "enabled", "budget_tokens": _budget(request, habits)}
    elif habits.temperature and request.temperature is not None:
        body["temperature"] = min(request.temperature, 1.0)  # with thinking, only its default is allowed
    body["max_tokens"] = limit if habits.most_tokens is None else min(limit, habits.most_tokens)
    return msgspec.json.encode(body)


def adapted(habits: Habits, refusal: Refusal) -> Habits | None:
    """Habits without what a refusal names; none where it names none of ours."""
    if refusal.status != 400:
        return None
    words = refusal.words
    if (match := _TOO_MANY.search(words)) and int(match[1]) > 0:
        most = int(match[1])
        return msgspec.structs.replace(habits, most_tokens=most) if most != habits.most_tokens else None
    if "temperature" in words and habits.temperature:
        return msgspec.structs.replace(habits, temperature=False)
    if "thinking" in words and habits.thinking != "none" and "max_tokens" not in words:
        other: Thinking = "adaptive" if habits.thinking == "enabled" and "adaptive" in words else "none"
        return msgspec.structs.replace(habits, thinking=other)
    return None


def _budget(request: GenerationRequest, habits: Habits) -> int:
    """Tokens for thinking, such that the answer keeps its own where the model writes no more than so many."""
    if habits.most_tokens is None:
        return habits.budget
    return min(habits.budget, max(_LEAST_BUDGET, habits.most_tokens - request.max_tokens))


def _is_system(message: PromptMessage) -> bool:
    return message.role == "system" and bool(message.content.strip())


def _messages(messages: tuple[PromptMessage, ...]) -> list[dict[str, str]]:
    """The conversation; messages without a visible character are left out, for the wire refuses them."""
    said = [message for message in messages if message.role != "system" and message.content.strip()]
    encoded = [{"role": message.role, "content": message.content} for message in said]
    if encoded and encoded[-1]["role"] == "assistant":
        encoded[-1]["content"] = encoded[-1]["content"].rstrip()
    return encoded
