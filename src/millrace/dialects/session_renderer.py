"""Renders a turn's entries as frames of the `session` dialect."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from millrace.dialects.session_frames import Chunk, Complete, Error, Start, Thinking
from millrace.model.events import (
    Entry,
    ReasoningDelta,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
)
from millrace.stream.delivery import Merged
from millrace.stream.metadata import usage_metadata
from millrace.stream.timestamps import Timestamps

_encode = msgspec.json.encode


class SessionRenderer:
    """Implements `Renderer` for one turn."""

    __slots__ = ("_started", "_text", "_timestamps")

    def __init__(self) -> None:
        self._timestamps = Timestamps()
        self._started = TurnStarted("", "", "", "", "")
        self._text: list[str] = []

    def render(self, entry: Entry) -> Sequence[bytes]:
        """The frame of an entry, if the dialect has one for it."""
        event = entry.event
        if type(event) is TextDelta:
            self._text.append(event.text)
            frame = Chunk(
                timestamp=self._timestamps.iso(entry.at),
                turn_id=self._started.turn_id,
                seq=entry.seq,
                content=event.text,
                chunk_id=event.index,
            )
            return (_encode(frame),)
        other = self._frame(entry)
        return () if other is None else (_encode(other),)

    def merge(self, merged: Merged) -> Sequence[bytes]:
        """One chunk for several pieces."""
        frame = Chunk(
            timestamp=self._timestamps.iso(merged.at),
            turn_id=self._started.turn_id,
            seq=merged.seq,
            content=merged.text,
            chunk_id=merged.first,
            merged=merged.count,
        )
        return (_encode(frame),)

    def _frame(self, entry: Entry) -> Start | Thinking | Complete | Error | None:
        event = entry.event
        match event:
            case TurnStarted():
                self._started = event
                return self._start(entry, event)
            case ReasoningDelta(text=text):
                at = self._timestamps.iso(entry.at)
                return Thinking(timestamp=at, turn_id=self._started.turn_id, seq=entry.seq, content=text)
            case TurnCompleted() | TurnCancelled():
                return self._complete(entry, event)
            case TurnFailed():
                return self._error(entry, event)
            case _:
                return None

    def _start(self, entry: Entry, event: TurnStarted) -> Start:
        provider, model = _named(event.model)
        return Start(
            timestamp=self._timestamps.iso(entry.at),
            turn_id=event.turn_id,
            seq=entry.seq,
            provider=provider,
            model=model,
            session_id=event.session_id,
            message_id=event.message_id,
            user_message=event.user_message,
        )

    def _complete(self, entry: Entry, event: TurnCompleted | TurnCancelled) -> Complete:
        if isinstance(event, TurnCompleted):
            model_id, finish_reason = event.model, str(event.finish_reason)
        else:
            model_id, finish_reason = self._started.model, "cancelled"
        provider, model = _named(model_id)
        return Complete(
            timestamp=self._timestamps.iso(entry.at),
            turn_id=self._started.turn_id,
            seq=entry.seq,
            full_content="".join(self._text),
            provider=provider,
            model=model,
            usage=usage_metadata(event.usage),
            finish_reason=finish_reason,
            message_id=self._started.message_id,
            digest=event.digest,
        )

    def _error(self, entry: Entry, event: TurnFailed) -> Error:
        return Error(
            timestamp=self._timestamps.iso(entry.at),
            message=event.message,
            code=event.code,
            recoverable=event.recoverable,
            retry_after=UNSET if event.retry_after is None else event.retry_after,
            turn_id=self._started.turn_id,
            seq=entry.seq,
            partial_content="".join(self._text),
        )


def _named(model_id: str) -> tuple[str, str]:
    """Provider and name of a model."""
    provider, _, name = model_id.partition("/")
    return provider, name
