"""The chunks of the AI SDK's UI message stream that Millrace sends: those that its versions 5, 6 and 7 all accept.

The clients check each chunk against a schema (`uiMessageChunkSchema` in the npm package `ai`): a type that they do not
know, a null where something optional is missing or a finish reason of somebody's own ends the message.
"""

from typing import Any, Literal

from msgspec import Struct

FinishWord = Literal["stop", "length", "content-filter", "tool-calls", "other"]
ProviderMetadata = dict[str, dict[str, Any]]


class Chunk(Struct, frozen=True, gc=False, omit_defaults=True, rename="camel", tag_field="type", kw_only=True):
    """A part of a message, or of what is said about it."""


class Start(Chunk, frozen=True, tag="start"):
    """The message begins; replayed to a client that has a part of it, it begins anew."""

    message_id: str
    message_metadata: dict[str, Any]


class StartStep(Chunk, frozen=True, tag="start-step"):
    """A call of the model begins."""


class FinishStep(Chunk, frozen=True, tag="finish-step"):
    """A call of the model is over."""


class TextStart(Chunk, frozen=True, tag="text-start"):
    """A part of text begins. Its deltas, which are the hot path, are written out where they are made."""

    id: str


class TextEnd(Chunk, frozen=True, tag="text-end"):
    """A part of text is whole."""

    id: str


class ReasoningStart(Chunk, frozen=True, tag="reasoning-start"):
    """A part of thinking begins."""

    id: str


class ReasoningPiece(Chunk, frozen=True, tag="reasoning-delta"):
    """A piece of thinking."""

    id: str
    delta: str


class ReasoningEnd(Chunk, frozen=True, tag="reasoning-end"):
    """A part of thinking is whole."""

    id: str


class SourceUrl(Chunk, frozen=True, tag="source-url"):
    """A source that has an address."""

    source_id: str
    url: str
    title: str
    provider_metadata: ProviderMetadata | None = None


class SourceDocument(Chunk, frozen=True, tag="source-document"):
    """A source that has none."""

    source_id: str
    media_type: str
    title: str
    provider_metadata: ProviderMetadata | None = None


class MessageMetadata(Chunk, frozen=True, tag="message-metadata"):
    """More of what is known about the message; merged with what was."""

    message_metadata: dict[str, Any]


class Finish(Chunk, frozen=True, tag="finish"):
    """The message is whole and stored."""

    finish_reason: FinishWord
    message_metadata: dict[str, Any]


class Abort(Chunk, frozen=True, tag="abort"):
    """The message was stopped; what there is of it is stored."""

    reason: str


class Error(Chunk, frozen=True, tag="error"):
    """The message failed; what there is of it is stored."""

    error_text: str


class Data(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """An application's own part: `type` begins with `data-`. `transient` ones are not kept in the message."""

    type: str
    data: dict[str, Any]
    id: str | None = None
    transient: bool = False
