"""The JSON of OpenAI's Responses stream, as far as we read it. Leaves are looked at where they are used."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from millrace.model.events import FinishReason, Usage
from millrace.providers.lenient_json import repaired


class ResponseEvent(Struct, gc=False):
    """One event. `code` and `message` are those of an error that comes without `error`."""

    type: Any = None
    delta: Any = None
    logprobs: Any = None
    output_index: Any = None
    content_index: Any = None
    summary_index: Any = None
    sequence_number: Any = None
    text: Any = None
    refusal: Any = None
    annotation: Any = None
    item: Any = None
    response: Any = None
    error: Any = None
    code: Any = None
    message: Any = None


_decode_event = msgspec.json.Decoder(ResponseEvent).decode


def decode_event(data: bytes) -> ResponseEvent:
    """Read one event.

    Raises:
        ValueError: It is not JSON, or no object.
    """
    try:
        return _decode_event(data)
    except ValueError:
        return _decode_event(repaired(data))
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error


def decode_response(data: bytes) -> dict[str, Any]:
    """Read a whole response object, or the error in its place.

    Raises:
        ValueError: It is no JSON object.
    """
    return msgspec.json.decode(repaired(data, first=True), type=dict[str, Any])


def finish_reason(response: dict[str, Any], *, tools: bool, refused: bool) -> FinishReason:
    """Why a response ended: its status and, where it is not complete, the reason that it gives."""
    if response.get("status") == "incomplete":
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        return "filtered" if reason == "content_filter" else "stop" if reason == "steered" else "length"
    return "tools" if tools else "filtered" if refused else "stop"


def usage_of(response: dict[str, Any]) -> tuple[Usage, float | None] | None:
    """The token counts of a response, and its cost in US dollars where a gateway states it; none without counts."""
    counts = response.get("usage")
    if not isinstance(counts, dict):
        return None
    asked, written = _count(counts, "input_tokens"), _count(counts, "output_tokens")
    if asked is None and written is None:
        return None
    reasoning = _count(counts.get("output_tokens_details"), "reasoning_tokens")
    cached = _count(counts.get("input_tokens_details"), "cached_tokens")
    cost = counts.get("cost")
    stated = float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) and cost >= 0 else None
    return Usage(asked or 0, written or 0, reasoning, cached), stated


def items_of(response: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The items of a response's output."""
    output = response.get("output")
    for item in output if isinstance(output, list) else ():
        if isinstance(item, dict):
            yield item


def parts_of(item: dict[str, Any], key: str = "content") -> Iterator[dict[str, Any]]:
    """The parts of an item: its `content` or its `summary`."""
    parts = item.get(key)
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict):
            yield part


def _count(counts: Any, key: str) -> int | None:
    value = counts.get(key) if isinstance(counts, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        return None
    return int(value)
