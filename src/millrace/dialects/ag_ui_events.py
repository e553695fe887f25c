"""The events of AG-UI 1.0 that Millrace sends, as `@ag-ui/core` describes them (`EventSchema`).

Its client ends a run at a null where something optional is missing; what it does not know it drops with a warning.
"""

from typing import Any, Literal

from msgspec import Struct

PROTOCOL_VERSION = "1.0"


class RunEvent(Struct, frozen=True, gc=False, omit_defaults=True, rename="camel", tag_field="type", kw_only=True):
    """Something that happens in a run."""


class RunStarted(RunEvent, frozen=True, tag="RUN_STARTED"):
    """The run begins, under the names that the client gave."""

    thread_id: str
    run_id: str
    protocol_version: str
    metadata: dict[str, Any] | None = None


class TextMessageStart(RunEvent, frozen=True, tag="TEXT_MESSAGE_START"):
    """The answer begins. Its contents, which are the hot path, are written out where they are made."""

    message_id: str
    role: str


class TextMessageEnd(RunEvent, frozen=True, tag="TEXT_MESSAGE_END"):
    """The answer is over; `metadata` is kept with the message."""

    message_id: str
    metadata: dict[str, Any]


class ReasoningStart(RunEvent, frozen=True, tag="REASONING_START"):
    """A span of thinking begins."""

    message_id: str


class ReasoningMessageStart(RunEvent, frozen=True, tag="REASONING_MESSAGE_START"):
    """A message of thinking begins."""

    message_id: str
    role: str


class ReasoningMessageContent(RunEvent, frozen=True, tag="REASONING_MESSAGE_CONTENT"):
    """A piece of thinking."""

    message_id: str
    delta: str


class ReasoningMessageEnd(RunEvent, frozen=True, tag="REASONING_MESSAGE_END"):
    """A message of thinking is whole."""

    message_id: str


class ReasoningEnd(RunEvent, frozen=True, tag="REASONING_END"):
    """A span of thinking is over."""

    message_id: str


class Custom(RunEvent, frozen=True, tag="CUSTOM"):
    """An application's own event."""

    name: str
    value: dict[str, Any]


class MessagesSnapshot(RunEvent, frozen=True, tag="MESSAGES_SNAPSHOT"):
    """All that was said before."""

    messages: tuple[dict[str, Any], ...]


class Outcome(Struct, frozen=True, gc=False):
    """How a run ended that did not fail."""

    type: Literal["success", "cancelled"]


class TokenUsage(Struct, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """Token counts of one model; parts are contained in the totals."""

    provider: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_input_tokens: int | None = None


class RunFinished(RunEvent, frozen=True, tag="RUN_FINISHED"):
    """The run is over, and its answer stored; `result` is what is known of it."""

    thread_id: str
    run_id: str
    outcome: Outcome
    usage: tuple[TokenUsage, ...] = ()
    result: dict[str, Any] | None = None


class RunError(RunEvent, frozen=True, tag="RUN_ERROR"):
    """The run failed."""

    message: str
    code: str
    metadata: dict[str, Any]
