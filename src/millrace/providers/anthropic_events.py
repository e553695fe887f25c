"""The JSON of Anthropic's Messages stream, as far as we read it.

Every event is read into one type: the protocol may gain events, blocks and deltas, and what is not known is left alone.
"""

from typing import Any

import msgspec
from msgspec import Struct

from millrace.model.events import Usage
from millrace.providers.failures import Refusal
from millrace.providers.lenient_json import repaired
from millrace.providers.refusals import refusal_of

_KNOWN = frozenset(
    {"message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"}
)
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""What HTTP says before a stream for each kind of error; within a stream, under status 200, the kind alone tells."""


class EventDelta(Struct, gc=False):
    """What a block, or the message, gains. Which fields there are depends on `type`; a message's has none."""

    type: Any = None
    text: Any = None
    thinking: Any = None
    signature: Any = None
    citation: Any = None
    stop_reason: Any = None


class Block(Struct, gc=False):
    """A block of content as it begins, or whole in an answer that is not streamed."""

    type: Any = None
    text: Any = None
    thinking: Any = None
    signature: Any = None
    data: Any = None
    citations: Any = None


class Message(Struct, gc=False):
    """A message as it begins, or whole."""

    type: Any = None
    content: list[Block | None] | None = None
    stop_reason: Any = None
    usage: Any = None
    error: Any = None


class Event(Struct, gc=False):
    """One event of the stream, whatever its `type`."""

    type: Any = None
    delta: EventDelta | None = None
    content_block: Block | None = None
    message: Message | None = None
    usage: Any = None
    error: Any = None


class _Typed(Struct, gc=False):
    type: Any = None


_decode_event = msgspec.json.Decoder(Event).decode
_decode_typed = msgspec.json.Decoder(_Typed).decode
_decode_message = msgspec.json.Decoder(Message).decode


def decode_event(data: bytes) -> Event:
    """Read one event; one of an unknown type is read as far as its type, whatever its shape.

    Raises:
        ValueError: It is no JSON object, or not of the shape of its type.
    """
    try:
        return _decode_event(data)
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error
    except ValueError:
        data = repaired(data)
    try:
        return _decode_event(data)
    except ValueError:
        kind = _decode_typed(data).type
        if kind is None or kind in _KNOWN or kind == "error":
            raise
        return Event(kind)


def decode_message(data: bytes) -> Message:
    """Read an answer that came in one piece, or the error in its place.

    Raises:
        ValueError: It is neither.
    """
    try:
        return _decode_message(data)
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error
    except ValueError:
        return _decode_message(repaired(data))


def error_of(said: Any) -> Refusal:
    """The error that stands in an answer's place, or in the middle of it."""
    return known_refusal(refusal_of(said))


def known_refusal(refusal: Refusal) -> Refusal:
    """A refusal in the words that all providers share.

    A declined answer is an `invalid_request_error` here, and told from others by its sentence.
    """
    status = refusal.status or _STATUS.get(refusal.kind)
    code = refusal.code
    if not code and status == 400 and "content filtering policy" in refusal.words:
        code = "content_filter"
    return msgspec.structs.replace(refusal, status=status, code=code)


class UsageCounter:
    """The counts of one message: totals. A later one replaces an earlier one, a missing one changes nothing."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def take(self, said: Any) -> Usage | None:
        """The usage after these counts; none where they say nothing new."""
        if not isinstance(said, dict):
            return None
        before = dict(self._counts)
        details = said.get("output_tokens_details")
        thinking = details.get("thinking_tokens") if isinstance(details, dict) else None
        for key in ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"):
            self._set(key, said.get(key))
        self._set("thinking_tokens", thinking)
        return self._usage() if self._counts != before else None

    def _set(self, key: str, value: Any) -> None:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            self._counts[key] = value

    def _usage(self) -> Usage:
        counts = self._counts
        cached = counts.get("cache_read_input_tokens")
        written = counts.get("cache_creation_input_tokens", 0)
        return Usage(
            input_tokens=counts.get("input_tokens", 0) + written + (cached or 0),
            output_tokens=counts.get("output_tokens", 0),
            reasoning_tokens=counts.get("thinking_tokens"),
            cached_tokens=cached,
        )
