"""The JSON of OpenAI-compatible chat completions, as far as we read it.

Compatible servers disagree about nearly every leaf, so leaves are untyped and are looked at where they are
used; only the skeleton (choices, delta) is typed, which keeps decoding in C. Whatever msgspec refuses, but a lenient
reader accepts (NaN, lone surrogates, invalid UTF-8), is read a second time the slow way.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from millrace.model.events import FinishReason, Usage
from millrace.providers.lenient_json import repaired


class ChatDelta(Struct, gc=False):
    """`delta` of a chunk, or `message` of a whole completion."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: Any = None
    function_call: Any = None
    annotations: Any = None


class ChatChoice(Struct, gc=False):
    """One choice of a chunk."""

    index: Any = None
    delta: ChatDelta | None = None
    finish_reason: Any = None
    logprobs: Any = None


class WholeChoice(Struct, gc=False):
    """One choice of a whole completion."""

    message: ChatDelta | None = None
    finish_reason: Any = None
    logprobs: Any = None


class _Common(Struct, gc=False):
    object: Any = None
    usage: Any = None
    x_groq: Any = None
    error: Any = None
    message: Any = None
    code: Any = None
    type: Any = None
    citations: Raw = Raw()
    search_results: Raw = Raw()


class ChatChunk(_Common, gc=False):
    """One event of a stream. `message`, `code` and `type` are those of an error that comes without `error`."""

    choices: list[ChatChoice | None] | None = None


class WholeCompletion(_Common, gc=False):
    """A whole answer, from a server that does not stream."""

    choices: list[WholeChoice | None] | None = None


decode_plain_chunk = msgspec.json.Decoder(ChatChunk).decode
"""Reads one event that is as it should be; raises `ValueError` or `RecursionError` where it is not."""
_decode_whole = msgspec.json.Decoder(WholeCompletion).decode


def decode_chunk(data: bytes) -> ChatChunk:
    """Read one event.

    Raises:
        ValueError: It is not JSON, or not of the shape of a chunk.
    """
    try:
        return decode_plain_chunk(data)
    except ValueError:
        return decode_plain_chunk(repaired(data))
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error


def speaks_beside(chunk: ChatChunk) -> bool:
    """Whether a chunk has something of interest beside its choices."""
    return bool(
        chunk.object != "chat.completion.chunk"
        or chunk.usage is not None
        or chunk.error is not None
        or chunk.x_groq is not None
        or chunk.citations
        or chunk.search_results
    )


def decode_whole(data: bytes) -> WholeCompletion:
    """Read a whole completion, or the error in its place; Google wraps the latter in a list.

    Raises:
        ValueError: It is neither.
    """
    try:
        if data.lstrip().startswith(b"["):
            return _decode_whole(repaired(data, first=True))
        return _decode_whole(data)
    except ValueError:
        return _decode_whole(repaired(data))
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error


def finish_reason(word: str, *, tools: bool, refused: bool) -> FinishReason:
    """Translate a finish reason; an unknown word is a stop, for the model did end."""
    reason = _FINISH.get(word.lower(), "stop")
    if reason == "stop":
        return "tools" if tools else "filtered" if refused else "stop"
    return reason


_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "filtered",
    "content-filter": "filtered",
    "sensitive": "filtered",
    "safety": "filtered",
    "refusal": "filtered",
    "tool_calls": "tools",
    "function_call": "tools",
    "tool_use": "tools",
    "pause_turn": "pause",
}
BROKEN_FINISH = frozenset({"error", "abort", "insufficient_system_resource", "network_error"})
"""Finish reasons that say that the provider itself gave up (OpenRouter, vLLM, DeepSeek, Z.ai)."""


def usage_of(chunk: ChatChunk | WholeCompletion) -> tuple[Usage, float | None] | None:
    """The token counts of a chunk and the cost that the provider states, in US dollars; none without counts."""
    counts = chunk.usage
    if not isinstance(counts, dict):
        counts = chunk.x_groq.get("usage") if isinstance(chunk.x_groq, dict) else None
    if not isinstance(counts, dict):
        return None
    prompt, completion, total = (_count(counts, key) for key in ("prompt_tokens", "completion_tokens", "total_tokens"))
    if prompt is None and completion is None:
        return None
    prompt, completion = prompt or 0, completion or 0
    reasoning = _count(counts.get("completion_tokens_details"), "reasoning_tokens")
    if reasoning is None:
        reasoning = _count(counts, "reasoning_tokens")
    if total is not None and reasoning and total - prompt >= completion + reasoning:
        completion = total - prompt  # xAI leaves the reasoning out of completion_tokens
    cached = _count(counts.get("prompt_tokens_details"), "cached_tokens")
    if cached is None:
        cached = _count(counts, "prompt_cache_hit_tokens")  # DeepSeek
    return Usage(prompt, completion, reasoning, cached), _cost(counts.get("cost"))


def _count(counts: Any, key: str) -> int | None:
    value = counts.get(key) if isinstance(counts, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        return None
    return int(value)


def _cost(value: Any) -> float | None:
    if isinstance(value, dict):  # Perplexity: parts and their sum
        value = value.get("total_cost")
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        return None
    return float(value)
