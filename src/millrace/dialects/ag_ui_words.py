"""A turn in the words of AG-UI: records of an event stream, one event of a run in each."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from millrace.dialects.ag_ui_events import (
    PROTOCOL_VERSION,
    Custom,
    MessagesSnapshot,
    Outcome,
    ReasoningEnd,
    ReasoningMessageContent,
    ReasoningMessageEnd,
    ReasoningMessageStart,
    ReasoningStart,
    RunError,
    RunEvent,
    RunFinished,
    RunStarted,
    TextMessageEnd,
    TextMessageStart,
    TokenUsage,
)
from millrace.dialects.parts import Records, sse_record
from millrace.dialects.remarks import (
    Remark,
    beginning,
    citation_details,
    ending,
    usage_counts,
)
from millrace.model.events import (
    Citation,
    TerminalEvent,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
    Usage,
)

_encode = msgspec.json.encode


class AgUiWords:
    """Implements `PartWords` for one client, who gave the names of conversation and run.

    To one that comes later, `said` is told at the beginning: the messages before the answer.
    """

    __slots__ = ("_run_id", "_said", "_started", "_text", "_thread_id")

    def __init__(self, thread_id: str, run_id: str, said: Sequence[dict[str, Any]] | None = None) -> None:
        self._thread_id = thread_id
        self._run_id = run_id
        self._said = said
        self._started = TurnStarted("", "", "", "", "")
        self._text = b""  # all of a piece's record but the piece

    def begin(self, started: TurnStarted, at_ms: int) -> Records:
        """`RUN_STARTED`, and what is known of the answer."""
        self._started = started
        message_id = _encode(started.message_id).replace(b"%", b"%%")
        self._text = sse_record(b'{"type":"TEXT_MESSAGE_CONTENT","messageId":' + message_id + b',"delta":%b}')
        run = RunStarted(
            thread_id=self._thread_id,
            run_id=self._run_id,
            protocol_version=PROTOCOL_VERSION,
            metadata={"messageId": started.message_id, **beginning(started, at_ms)},
        )
        return self._records(run, *self._snapshot())

    def idle(self) -> Records:
        """A run in which nothing happens but the telling of what was said."""
        run = RunStarted(thread_id=self._thread_id, run_id=self._run_id, protocol_version=PROTOCOL_VERSION)
        end = RunFinished(thread_id=self._thread_id, run_id=self._run_id, outcome=Outcome("success"))
        return self._records(run, *self._snapshot(), end)

    def text_begins(self) -> Records:
        """`TEXT_MESSAGE_START`, with the id under which the answer is stored."""
        return self._records(TextMessageStart(message_id=self._started.message_id, role="assistant"))

    def text(self, piece: str) -> bytes:
        """`TEXT_MESSAGE_CONTENT`, the one event of the hot path."""
        return self._text % _encode(piece)

    def text_ends(self, event: TerminalEvent) -> Records:
        """`TEXT_MESSAGE_END`, with what the message is to remember."""
        known = {"sessionId": self._started.session_id, "turnId": self._started.turn_id, **ending(event)}
        return self._records(TextMessageEnd(message_id=self._started.message_id, metadata=known))

    def thought_begins(self, number: int) -> Records:
        """`REASONING_START` and `REASONING_MESSAGE_START`: a span of one message."""
        id_ = self._thought_id(number)
        return self._records(ReasoningStart(message_id=id_), ReasoningMessageStart(message_id=id_, role="reasoning"))

    def thought(self, number: int, piece: str) -> Records:
        """`REASONING_MESSAGE_CONTENT`."""
        return self._records(ReasoningMessageContent(message_id=self._thought_id(number), delta=piece))

    def thought_ends(self, number: int) -> Records:
        """`REASONING_MESSAGE_END` and `REASONING_END`."""
        id_ = self._thought_id(number)
        return self._records(ReasoningMessageEnd(message_id=id_), ReasoningEnd(message_id=id_))

    def say(self, said: Remark) -> Records:
        """`CUSTOM`, the protocol's place for an application's own; the state is the application's and left alone."""
        return self._records(Custom(name=said.name, value=said.value))

    def end(self, event: TerminalEvent) -> Records:
        """The citations, and `RUN_FINISHED` or `RUN_ERROR`."""
        match event:
            case TurnCompleted():
                found = {"citations": [_citation(citation) for citation in event.citations]}
                citations = [Custom(name="citations", value=found)] if event.citations else []
                return self._records(*citations, self._finished("success", event, event.model))
            case TurnCancelled():
                return self._records(self._finished("cancelled", event, self._started.model))
            case TurnFailed():
                return self._records(RunError(message=event.message, code=event.code, metadata=ending(event)))

    def _finished(
        self, outcome: Literal["success", "cancelled"], event: TurnCompleted | TurnCancelled, model: str
    ) -> RunFinished:
        return RunFinished(
            thread_id=self._thread_id,
            run_id=self._run_id,
            outcome=Outcome(outcome),
            usage=(_usage(model, event.usage),),
            result={"messageId": self._started.message_id, **ending(event)},
        )

    def _snapshot(self) -> list[RunEvent]:
        return [] if self._said is None else [MessagesSnapshot(messages=tuple(self._said))]

    def _thought_id(self, number: int) -> str:
        return f"{self._started.message_id}-reasoning-{number}"

    def _records(self, *events: RunEvent) -> Records:
        return [sse_record(_encode(event)) for event in events]


def _usage(model: str, usage: Usage) -> TokenUsage:
    provider, _, _ = model.partition("/")
    return msgspec.convert({"provider": provider, "model": model, **usage_counts(usage)}, TokenUsage)


def _citation(citation: Citation) -> dict[str, Any]:
    return {"title": citation.title, "url": citation.url, **citation_details(citation)}
