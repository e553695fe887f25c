"""Renders a turn's entries as `stream` frames."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from millrace.dialects.chat_renderer import emotion_data
from millrace.dialects.stream_frames import (
    ContentChunk,
    ContextInfo,
    DocumentData,
    EmotionUpdate,
    FrameData,
    GenerationStopped,
    ServerFrame,
    StepData,
    StreamComplete,
    StreamError,
    StreamStart,
    ThinkingChunk,
)
from millrace.model.events import (
    AnyEvent,
    EmotionUpdated,
    Entry,
    PassagesRetrieved,
    ReasoningStep,
    SuggestionsReady,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
)
from millrace.stream.delivery import Merged
from millrace.stream.fences import FenceScanner, Span
from millrace.stream.metadata import completion_metadata
from millrace.stream.timestamps import iso

_encode = msgspec.json.encode

_FIRST_DIFFICULTY = 0.5  # what the estimate begins with; the protocol knows no "unknown"


class StreamRenderer:
    """Implements `Renderer` for one turn.

    A piece of text in which a code block begins or ends is several chunks. All but the last of them carry the `seq`
    of the entry before, so that a client which saw only some of them still gets the rest; it drops those whose
    `chunk_index` it has.
    """

    __slots__ = (
        "_ai_message_id",
        "_chunks",
        "_message_id",
        "_pieces",
        "_scanner",
        "_suggestions",
        "_turn_id",
    )

    def __init__(self) -> None:
        self._scanner = FenceScanner()
        self._turn_id = ""
        self._message_id = ""
        self._ai_message_id = ""
        self._pieces: list[tuple[int, Sequence[Span]]] = []  # of each piece: its first chunk's index, and its chunks
        self._chunks = 0
        self._suggestions: tuple[str, ...] = ()

    def render(self, entry: Entry) -> Sequence[bytes]:
        """The frames of an entry."""
        event = entry.event
        if type(event) is TextDelta:
            spans = self._scanner.feed(event.text)
            first = self._chunks
            self._pieces.append((first, spans))
            self._chunks += len(spans)
            if len(spans) == 1:
                return (self._chunk(first, spans[0], entry.seq),)
            last = len(spans) - 1
            return [self._chunk(first + n, span, entry.seq - (n < last)) for n, span in enumerate(spans)]
        if isinstance(event, TurnStarted):
            self._turn_id, self._ai_message_id = event.turn_id, event.message_id
            self._message_id = event.request_id or event.user_message_id
        elif isinstance(event, SuggestionsReady):
            self._suggestions = event.questions
        frame = self._frame(entry, event)
        return () if frame is None else (_encode(ServerFrame(*frame)),)

    def merge(self, merged: Merged) -> Sequence[bytes]:
        """One `content_chunk` for each run of chunks of the same kind."""
        frames: list[bytes] = []
        run: list[Span] = []
        start = run_seq = 0
        before = merged.seq - merged.count
        for offset, (first, spans) in enumerate(self._pieces[merged.first : merged.first + merged.count], 1):
            for n, span in enumerate(spans):
                if run and (span.is_code, span.language) != (run[0].is_code, run[0].language):
                    frames.append(self._run(start, run, run_seq))
                    run = []
                if not run:
                    start = first + n
                run.append(span)
                run_seq = before + offset - (n < len(spans) - 1)
        if run:
            frames.append(self._run(start, run, run_seq))
        return frames

    def _run(self, start: int, run: Sequence[Span], seq: int) -> bytes:
        if len(run) == 1:
            return self._chunk(start, run[0], seq)
        joined = Span("".join(span.text for span in run), run[0].is_code, run[0].language)
        return self._chunk(start, joined, seq, merged=len(run))

    def _chunk(self, index: int, span: Span, seq: int, *, merged: int | None = None) -> bytes:
        data = ContentChunk(
            message_id=self._message_id,
            turn_id=self._turn_id,
            seq=seq,
            ai_message_id=self._ai_message_id,
            content=span.text,
            chunk_index=index,
            is_code=span.is_code,
            language=UNSET if span.language is None else span.language,
            merged=UNSET if merged is None else merged,
        )
        return _encode(ServerFrame("content_chunk", data))

    @property
    def _text(self) -> str:
        return "".join(span.text for _, spans in self._pieces for span in spans)

    def _frame(self, entry: Entry, event: AnyEvent) -> tuple[str, FrameData] | None:
        seq, turn_id, message_id = entry.seq, self._turn_id, self._message_id
        match event:
            case TurnStarted():
                return "stream_start", StreamStart(
                    message_id=message_id,
                    turn_id=turn_id,
                    seq=seq,
                    ai_message_id=event.message_id,
                    session_id=event.session_id,
                    timestamp=iso(entry.at),
                    model=event.model,
                )
            case ReasoningStep():
                step = StepData(event.number, event.kind, event.content, event.confidence)
                return "thinking_chunk", ThinkingChunk(
                    message_id=message_id, turn_id=turn_id, seq=seq, reasoning_step=step
                )
            case PassagesRetrieved():
                return "context_info", ContextInfo(
                    message_id=message_id,
                    turn_id=turn_id,
                    seq=seq,
                    documents=tuple(DocumentData(p.title, p.snippet, p.score, p.number, p.url) for p in event.passages),
                    history_messages=event.history_messages,
                    difficulty=_FIRST_DIFFICULTY if event.difficulty is None else event.difficulty,
                )
            case EmotionUpdated(of=of, state=state):
                return "emotion_update", EmotionUpdate(
                    message_id=message_id, turn_id=turn_id, seq=seq, emotion=emotion_data(state), of=of
                )
            case _:
                return self._ending(seq, event)

    def _ending(self, seq: int, event: AnyEvent) -> tuple[str, FrameData] | None:
        turn_id, message_id, ai_message_id = self._turn_id, self._message_id, self._ai_message_id
        match event:
            case TurnCompleted():
                return "stream_complete", StreamComplete(
                    message_id=message_id,
                    turn_id=turn_id,
                    seq=seq,
                    ai_message_id=ai_message_id,
                    full_content=self._text,
                    metadata=completion_metadata(event, self._suggestions),
                    digest=event.digest,
                )
            case TurnCancelled():
                return "generation_stopped", GenerationStopped(
                    message_id=message_id,
                    turn_id=turn_id,
                    seq=seq,
                    ai_message_id=ai_message_id,
                    reason=event.cancelled_by,
                    partial_content=self._text,
                    tokens_generated=event.pieces,
                    digest=event.digest,
                )
            case TurnFailed():
                return "stream_error", StreamError(
                    message_id=message_id,
                    turn_id=turn_id,
                    seq=seq,
                    ai_message_id=ai_message_id,
                    code=event.code,
                    message=event.message,
                    recoverable=event.recoverable,
                    retry_after=UNSET if event.retry_after is None else event.retry_after,
                    partial_content=self._text,
                    digest=event.digest,
                )
            case _:
                return None
