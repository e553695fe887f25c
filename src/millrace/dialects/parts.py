"""Renders turns for protocols in which text and thinking are parts: what is open, and when it closes."""

from collections.abc import Sequence
from typing import Final, Protocol

from millrace.dialects.remarks import Remark, remark
from millrace.model.events import (
    AnyEvent,
    Entry,
    ReasoningCompleted,
    ReasoningDelta,
    ReasoningStep,
    TerminalEvent,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
)
from millrace.stream.delivery import Merged

Records = list[bytes]

_SAID = (ReasoningStep, TurnCompleted, TurnCancelled, TurnFailed)
"""Events after which nothing is to wait for any more, beside pieces of text and thinking."""


class PartWords(Protocol):
    """How such a protocol says things. A turn has at most one text; thoughts are numbered from 1."""

    def begin(self, started: TurnStarted, at_ms: int) -> Records:
        """The answer begins."""

    def text_begins(self) -> Records:
        """The first piece of text follows."""

    def text(self, piece: str) -> bytes:
        """A piece of text."""

    def text_ends(self, event: TerminalEvent) -> Records:
        """No text follows, because the turn is over."""

    def thought_begins(self, number: int) -> Records:
        """The first piece of a thought follows."""

    def thought(self, number: int, piece: str) -> Records:
        """A piece of a thought."""

    def thought_ends(self, number: int) -> Records:
        """The thought is whole."""

    def say(self, said: Remark) -> Records:
        """Something beyond text and thinking."""

    def end(self, event: TerminalEvent) -> Records:
        """Nothing follows."""


class PartsRenderer:
    """Implements `Renderer` for one turn.

    All text is one part, which stays open while the model thinks in between, so that nobody's Markdown is cut.

    Args:
        words: How the protocol says things.
        waits: Whether nothing is said before the model has said something, or the turn has ended. A turn that fails
            before that can then be refused, instead of being told in an answer.
    """

    __slots__ = ("_openings", "_streams_thinking", "_text_open", "_thought_open", "_thoughts", "_waiting", "_words")

    def __init__(self, words: PartWords, *, waits: bool = False) -> None:
        self._words = words
        self._waiting: Records | None = [] if waits else None
        self._text_open = False
        self._thought_open = False
        self._thoughts = 0
        self._streams_thinking = False
        self._openings: dict[int, Records] = {}  # what came right before the piece with that index

    def render(self, entry: Entry) -> Sequence[bytes]:
        """The records of an entry."""
        event = entry.event
        if type(event) is TextDelta:
            if self._text_open and not self._thought_open:  # most of the time
                return (self._words.text(event.text),)
            opening = self._openings[event.index] = [*self._waited(), *self._open_text()]
            return (*opening, self._words.text(event.text))
        if type(event) is ReasoningDelta:
            self._streams_thinking = True
            return [*self._waited(), *self._think(event.text)]
        records = self._other(entry, event)
        if self._waiting is None or isinstance(event, _SAID):
            return [*self._waited(), *records]
        self._waiting += records
        return ()

    def _waited(self) -> Records:
        waited, self._waiting = self._waiting or [], None
        return waited

    def merge(self, merged: Merged) -> Sequence[bytes]:
        """One piece for several, and what came right before the first."""
        return (*self._openings.get(merged.first, ()), self._words.text(merged.text))

    def _other(self, entry: Entry, event: AnyEvent) -> Records:
        match event:
            case TurnStarted():
                return self._words.begin(event, entry.at)
            case ReasoningCompleted():
                return self._close_thought()
            case TurnCompleted() | TurnCancelled() | TurnFailed():
                text = self._words.text_ends(event) if self._text_open else []
                return [*self._close_thought(), *text, *self._words.end(event)]
        records: Records = []
        if isinstance(event, ReasoningStep) and not self._streams_thinking:
            records += self._think(event.content + "\n\n")  # a step behind which there are no words of the model
        said = remark(event)
        if said is not None:
            records += self._words.say(said)
        return records

    def _open_text(self) -> Records:
        records = self._close_thought()
        if not self._text_open:
            self._text_open = True
            records += self._words.text_begins()
        return records

    def _think(self, piece: str) -> Records:
        records: Records = []
        if not self._thought_open:
            self._thought_open = True
            self._thoughts += 1
            records += self._words.thought_begins(self._thoughts)
        return records + self._words.thought(self._thoughts, piece)

    def _close_thought(self) -> Records:
        if not self._thought_open:
            return []
        self._thought_open = False
        return self._words.thought_ends(self._thoughts)


def sse_record(json: bytes) -> bytes:
    """The record of an event stream that holds one line of JSON."""
    return b"data: " + json + b"\n\n"


SSE_JSON: Final = slice(6, -2)
"""Where the line of JSON is in such a record."""
