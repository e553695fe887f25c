"""A turn in the words of the AI SDK: records of an event stream, one chunk of a UI message in each."""

import msgspec

from millrace.dialects.ai_sdk_chunks import (
    Abort,
    Chunk,
    Data,
    Error,
    Finish,
    FinishStep,
    FinishWord,
    MessageMetadata,
    ReasoningEnd,
    ReasoningPiece,
    ReasoningStart,
    SourceDocument,
    SourceUrl,
    Start,
    StartStep,
    TextEnd,
    TextStart,
)
from millrace.dialects.parts import Records, sse_record
from millrace.dialects.remarks import Remark, beginning, citation_details, ending
from millrace.model.events import (
    Citation,
    FinishReason,
    TerminalEvent,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
)

_encode = msgspec.json.encode

_TEXT_ID = "text"  # the ids of parts need to be unique within their message
_TEXT = sse_record(b'{"type":"text-delta","id":"text","delta":%b}')
_FINISH: dict[FinishReason, FinishWord] = {
    "stop": "stop",
    "length": "length",
    "filtered": "content-filter",
    "tools": "tool-calls",
    "pause": "other",
}


class AiSdkWords:
    """Implements `PartWords`."""

    __slots__ = ()

    def begin(self, started: TurnStarted, at_ms: int) -> Records:
        """`start`, with the id under which the answer is stored, and the first step."""
        start = Start(message_id=started.message_id, message_metadata=beginning(started, at_ms))
        return self._records(start, StartStep())

    def text_begins(self) -> Records:
        """`text-start`."""
        return self._records(TextStart(id=_TEXT_ID))

    def text(self, piece: str) -> bytes:
        """`text-delta`, the one chunk of the hot path."""
        return _TEXT % _encode(piece)

    def text_ends(self, event: TerminalEvent) -> Records:
        """`text-end`."""
        del event
        return self._records(TextEnd(id=_TEXT_ID))

    def thought_begins(self, number: int) -> Records:
        """`reasoning-start`."""
        return self._records(ReasoningStart(id=_thought_id(number)))

    def thought(self, number: int, piece: str) -> Records:
        """`reasoning-delta`."""
        return self._records(ReasoningPiece(id=_thought_id(number), delta=piece))

    def thought_ends(self, number: int) -> Records:
        """`reasoning-end`."""
        return self._records(ReasoningEnd(id=_thought_id(number)))

    def say(self, said: Remark) -> Records:
        """A part of `data-`, the protocol's place for an application's own."""
        return self._records(Data(type=f"data-{said.name}", data=said.value, id=said.id, transient=said.passing))

    def end(self, event: TerminalEvent) -> Records:
        """The sources, the end of the step, and `finish`, `abort` or `error`."""
        known = ending(event)
        match event:
            case TurnCompleted():
                sources = [source_part(number, citation) for number, citation in enumerate(event.citations, 1)]
                finish = Finish(finish_reason=_FINISH[event.finish_reason], message_metadata=known)
                return self._records(*sources, FinishStep(), finish)
            case TurnCancelled():
                over: Chunk = Abort(reason=event.cancelled_by)
            case TurnFailed():
                over = Error(error_text=event.message)
        return self._records(MessageMetadata(message_metadata=known), FinishStep(), over)

    def _records(self, *chunks: Chunk | Data) -> Records:
        return [sse_record(_encode(chunk)) for chunk in chunks]


def _thought_id(number: int) -> str:
    return f"reasoning-{number}"


def source_part(number: int, citation: Citation) -> SourceUrl | SourceDocument:
    """A source; `number` tells it from the others of its message."""
    source_id = f"source-{number}"
    details = citation_details(citation)
    metadata = {"millrace": details} if details else None
    if citation.url:
        return SourceUrl(source_id=source_id, url=citation.url, title=citation.title, provider_metadata=metadata)
    return SourceDocument(
        source_id=source_id, media_type="text/plain", title=citation.title, provider_metadata=metadata
    )
