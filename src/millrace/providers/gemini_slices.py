"""The JSON of Gemini's `GenerateContentResponse`, as far as we read it.

A stream is a row of such slices; each is whole JSON and says only what is new, except for the usage, which is that of
the answer so far. Every part of the skeleton may be missing.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from millrace.model.events import FinishReason, Usage
from millrace.providers.lenient_json import repaired


class Part(Struct, gc=False, rename="camel"):
    """A piece of content; `thought` marks a summary of the model's thinking."""

    text: Any = None
    thought: Any = None
    function_call: Any = None


class Content(Struct, gc=False):
    """The content of one slice."""

    parts: list[Part | None] | None = None


class Candidate(Struct, gc=False, rename="camel"):
    """One of the answers; we ask for one."""

    content: Content | None = None
    finish_reason: Any = None
    index: Any = None
    grounding_metadata: Raw = Raw()
    logprobs_result: Any = None


class UsageMetadata(Struct, gc=False, rename="camel"):
    """The token counts so far. The thoughts are not among the candidates' tokens."""

    prompt_token_count: Any = None
    tool_use_prompt_token_count: Any = None
    cached_content_token_count: Any = None
    candidates_token_count: Any = None
    thoughts_token_count: Any = None
    total_token_count: Any = None


class Slice(Struct, gc=False, rename="camel"):
    """One slice of an answer, or an error in its place."""

    candidates: list[Candidate | None] | None = None
    usage_metadata: UsageMetadata | None = None
    prompt_feedback: Any = None
    error: Any = None


_decode = msgspec.json.Decoder(Slice).decode


def decode_slice(data: bytes) -> Slice:
    """Read one slice.

    Raises:
        ValueError: It is not JSON, or not of the shape of a slice.
    """
    try:
        return _decode(data)
    except ValueError:
        return _decode(repaired(data))
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error


def finish_reason(word: str, *, tools: bool) -> FinishReason:
    """Translate a finish reason; an unknown word is a stop, for the model did end."""
    if word in _FILTERED or word.startswith("IMAGE_"):
        return "filtered"
    reason = _FINISH.get(word, "stop")
    return "tools" if tools and reason == "stop" else reason


_FINISH: dict[str, FinishReason] = {"STOP": "stop", "MAX_TOKENS": "length", "CONTINUATION": "pause"}
_FILTERED = frozenset(
    {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "MODEL_ARMOR", "NO_IMAGE"}
)
BROKEN_FINISH = frozenset(
    {
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE",
        "TOO_MANY_TOOL_CALLS",
        "UNEXPECTED_TOOL_CALL",
    }
)
"""Finish reasons that say that the model produced nothing that can be used."""


def usage_of(counts: UsageMetadata) -> Usage | None:
    """The usage so far; none where no tokens are counted (some slices name their traffic alone)."""
    prompt, answer, total = map(
        _count, (counts.prompt_token_count, counts.candidates_token_count, counts.total_token_count)
    )
    if prompt is None and answer is None:
        return None
    thoughts = _count(counts.thoughts_token_count)
    asked = (prompt or 0) + (_count(counts.tool_use_prompt_token_count) or 0)
    written = (answer or 0) + (thoughts or 0)
    if answer is None and total is not None:
        written = max(written, total - asked)
    return Usage(asked, written, thoughts, _count(counts.cached_content_token_count))


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        return None
    return int(value)
