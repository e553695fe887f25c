"""What a turn's entries say in the dialect `tokens`; how it is written is up to the transport's own renderer."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from msgspec import UNSET

from millrace.dialects.tokens_frames import Complete, Failure
from millrace.model.events import Entry, TextDelta, TurnCancelled, TurnCompleted, TurnFailed, TurnStarted
from millrace.stream.delivery import Merged
from millrace.stream.metadata import usage_metadata

PARTIAL_CHARS = 2000
"""All text so far with each token costs the square of a long answer's length; so it is sent up to here."""


class TokensRenderer(ABC):
    """Implements `Renderer` for one turn.

    Args:
        partial: Whether tokens come with the text so far: always, never, or (none) while it is under the limit.
        partial_chars: That limit, in characters.
    """

    __slots__ = ("_ends", "_limit", "_started_at", "_text", "started")

    def __init__(self, *, partial: bool | None = None, partial_chars: int = PARTIAL_CHARS) -> None:
        self.started = TurnStarted("", "", "", "", "")
        self._started_at = 0
        self._limit = 0 if partial is False else None if partial else partial_chars  # 0: there are no partials
        self._text = ""  # no more of it than partials need
        self._ends: list[int] = []  # where each piece ends in the text

    @abstractmethod
    def token(self, seq: int, text: str, count: int, partial: str | None) -> bytes:
        """The frame of a piece of text."""

    @abstractmethod
    def complete(self, seq: int, data: Complete) -> bytes:
        """The frame of an answer's end."""

    @abstractmethod
    def failure(self, seq: int, data: Failure) -> bytes:
        """The frame of a failure."""

    def render(self, entry: Entry) -> Sequence[bytes]:
        """The frame of an entry, if it has one."""
        event = entry.event
        if type(event) is TextDelta:
            text, index = event.text, event.index
            if self._limit == 0:
                return (self.token(entry.seq, text, index + 1, None),)
            self._extend(text)
            return (self.token(entry.seq, text, index + 1, self._partial(index)),)
        match event:
            case TurnStarted():
                self.started, self._started_at = event, entry.at
            case TurnCompleted():
                return (self.complete(entry.seq, self._complete(event, event.response_time_ms)),)
            case TurnCancelled():
                return (self.complete(entry.seq, self._complete(event, entry.at - self._started_at)),)
            case TurnFailed():
                return (self.failure(entry.seq, self._failure(event)),)
            case _:
                pass
        return ()

    def merge(self, merged: Merged) -> Sequence[bytes]:
        """One frame for several pieces."""
        count = merged.first + merged.count
        partial = None if self._limit == 0 else self._partial(count - 1)
        return (self.token(merged.seq, merged.text, count, partial),)

    def _extend(self, piece: str) -> None:
        so_far = self._ends[-1] if self._ends else 0
        if self._limit is None or so_far < self._limit:
            self._text += piece
        self._ends.append(so_far + len(piece))

    def _partial(self, index: int) -> str | None:
        end = self._ends[index]
        return self._text[:end] if self._limit is None or end < self._limit else None

    def _complete(self, event: TurnCompleted | TurnCancelled, duration_ms: int) -> Complete:
        seconds = max(duration_ms, 0) / 1000
        return Complete(
            tokens=event.pieces,
            duration=seconds,
            tokens_per_second=round(event.pieces / seconds, 1) if seconds else 0.0,
            session_id=self.started.session_id,
            message_id=self.started.message_id,
            turn_id=self.started.turn_id,
            digest=event.digest,
            usage=usage_metadata(event.usage),
            cancelled=event.cancelled_by if isinstance(event, TurnCancelled) else UNSET,
        )

    def _failure(self, event: TurnFailed) -> Failure:
        return Failure(
            error=event.message,
            code=event.code,
            recoverable=event.recoverable,
            retry_after=UNSET if event.retry_after is None else event.retry_after,
            session_id=self.started.session_id,
            message_id=self.started.message_id,
            turn_id=self.started.turn_id,
            digest=event.digest,
        )
