"""Renders a turn's entries for the dialect `study`: one state machine, spoken over server-sent events and Socket.IO."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct, structs

from millrace.dialects.study_marks import Marks
from millrace.dialects.study_sources import Sources, citable, quoted, sources
from millrace.model.events import (
    Entry,
    Passage,
    PassagesRetrieved,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
)
from millrace.stream.delivery import Merged
from millrace.stream.digest import text_digest


class Piece(Struct, frozen=True, gc=False):
    """A part of the answer's text, as it is shown: `first` counts the pieces before it, `count` those that it holds."""

    text: str
    first: int
    count: int


class StudyWords(Protocol):
    """How a transport of `study` says things."""

    def token(self, started: TurnStarted, seq: int, piece: Piece) -> bytes:
        """A piece of the answer."""

    def done(
        self, started: TurnStarted, seq: int, found: Sources, end: TurnCompleted | TurnCancelled
    ) -> Sequence[bytes]:
        """The answer is whole, or was stopped."""

    def failure(self, started: TurnStarted, seq: int, event: TurnFailed) -> Sequence[bytes]:
        """The answer broke."""


class StudyRenderer:
    """Implements `Renderer` for one turn.

    Args:
        words: How things are said.
        chunk_size: How many pieces of text one frame holds. Nothing is said before the end where it is 0.
    """

    __slots__ = (
        "_chunk_size",
        "_count",
        "_first",
        "_gathered",
        "_marks",
        "_passages",
        "_said",
        "_shown",
        "_started",
        "_texts",
        "_words",
    )

    def __init__(self, words: StudyWords, chunk_size: int) -> None:
        self._words = words
        self._chunk_size = chunk_size
        self._started = TurnStarted("", "", "", "", "")
        self._marks = Marks(())
        self._passages: Sequence[Passage] = ()
        self._texts: list[str] = []
        self._shown: list[str] = []
        self._gathered: list[str] = []
        self._first = 0  # the first piece that is gathered and not said
        self._count = 0
        self._said: list[Piece | None] = []  # by piece, what was said when it came

    def render(self, entry: Entry) -> Sequence[bytes]:
        """The frames of an entry."""
        event = entry.event
        if type(event) is TextDelta:
            return self._text(entry, event)
        match event:
            case TurnStarted():
                self._started = event
            case PassagesRetrieved(passages=passages):
                self._passages = passages
                self._marks = Marks(passage.number for passage in passages)
            case TurnCompleted() | TurnCancelled():
                return (*self._rest(entry.seq), *self._done(entry.seq, event))
            case TurnFailed():
                return (*self._rest(entry.seq), *self._words.failure(self._started, entry.seq, event))
            case _:
                pass
        return ()

    def merge(self, merged: Merged) -> Sequence[bytes]:
        """What was said of several pieces, together."""
        said = [piece for piece in self._said[merged.first : merged.first + merged.count] if piece is not None]
        if not said:
            return ()
        text = "".join(piece.text for piece in said)
        whole = Piece(text, said[0].first, sum(piece.count for piece in said))
        return (self._words.token(self._started, merged.seq, whole),)

    def _text(self, entry: Entry, event: TextDelta) -> Sequence[bytes]:
        self._gather(self._marks.feed(event.text))
        self._texts.append(event.text)
        self._count += 1
        full = self._chunk_size and not self._count % self._chunk_size
        piece = self._take() if full else None
        self._said.append(piece)
        return () if piece is None else (self._words.token(self._started, entry.seq, piece),)

    def _rest(self, seq: int) -> Sequence[bytes]:
        """What is still to be said of the text, before the entry `seq` ends it.

        It carries the `seq` of the entry before: a client that saw it and lost its connection still gets the end.
        """
        self._gather(self._marks.finish())
        self._count += 1
        piece = self._take()
        return () if piece is None else (self._words.token(self._started, seq - 1, piece),)

    def _gather(self, shown: str) -> None:
        self._gathered.append(shown)
        self._shown.append(shown)

    def _take(self) -> Piece | None:
        """What was gathered, if that is anything."""
        text = "".join(self._gathered)
        self._gathered.clear()
        if not text:
            return None
        piece = Piece(text, self._first, self._count - self._first)
        self._first = self._count
        return piece

    def _done(self, seq: int, end: TurnCompleted | TurnCancelled) -> Sequence[bytes]:
        citations = end.citations if isinstance(end, TurnCompleted) else ()
        written, shown = "".join(self._texts), "".join(self._shown)
        found = sources(citations, citable(self._passages, citations), self._marks.shown)
        found = structs.replace(found, quotations=quoted(written, self._passages))
        if shown != written:
            end = structs.replace(end, digest=text_digest(shown))
        return self._words.done(self._started, seq, found, end)
