"""How a turn ended: its terminal event, and what is stored of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from msgspec import to_builtins

from millrace.engine.transcript import Transcript
from millrace.model.errors import MillraceError
from millrace.model.events import (
    CancelCause,
    Citation,
    Entry,
    SuggestionsReady,
    TerminalEvent,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    Usage,
)
from millrace.model.generation import PromptMessage
from millrace.model.messages import EMOTION_STATE, MessageError, MessageStatus, Turn, Version
from millrace.model.turns import TurnOutcome
from millrace.ports import Clock
from millrace.stream.metadata import (
    cited_passages,
    completion_metadata,
    gathered_metadata,
    partial_metadata,
    passed_metadata,
)


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a generation is over. `asked_at` is when a stop was asked for, in monotonic seconds."""

    error: MillraceError | None = None
    cause: CancelCause | None = None
    asked_at: float = 0.0

    @property
    def is_completed(self) -> bool:
        """Whether the provider finished."""
        return self.error is None and self.cause is None

    @classmethod
    def completed(cls) -> Self:
        """The provider finished."""
        return cls()

    @classmethod
    def cancelled(cls, cause: CancelCause, asked_at: float) -> Self:
        """Somebody stopped it."""
        return cls(cause=cause, asked_at=asked_at)

    @classmethod
    def failed(cls, error: MillraceError) -> Self:
        """It broke."""
        return cls(error=error)


class Endings:
    """Makes the terminal event and the outcome of one turn. `began` is in monotonic seconds."""

    def __init__(
        self,
        turn: Turn,
        transcript: Transcript,
        clock: Clock,
        began: float,
        category: str | None = None,
        questions: tuple[str, ...] = (),
    ) -> None:
        self._turn = turn
        self._transcript = transcript
        self._now = clock.monotonic()
        self._now_ms = clock.now_ms()
        self._began = began
        self._category = category
        self._questions = questions
        self._part = transcript.part()
        self._parts = transcript.spending.parts(self._part)

    def usage(self) -> Usage:
        """What all calls of the turn took."""
        return self._transcript.spending.usage(self._part)

    def cost(self) -> float | None:
        """US dollars for all calls of the turn, each as its provider or its prices say; none if one has none."""
        return self._transcript.spending.cost(self._part)

    def event(self, ending: Ending) -> TerminalEvent:
        """The terminal event."""
        transcript = self._transcript
        if ending.error is not None:
            return TurnFailed(
                code=ending.error.code,
                message=ending.error.message,
                recoverable=ending.error.recoverable,
                digest=transcript.digest,
                pieces=transcript.pieces,
                retry_after=ending.error.retry_after,
                usage=self.usage(),
                cost=self.cost(),
                model=self._part.model,
                parts=self._parts,
            )
        if ending.cause is not None:
            return TurnCancelled(
                cancelled_by=ending.cause,
                digest=transcript.digest,
                pieces=transcript.pieces,
                usage=self.usage(),
                stop_ms=round((self._now - ending.asked_at) * 1000, 3),
                cost=self.cost(),
                model=self._part.model,
                parts=self._parts,
            )
        return self._completed()

    def _completed(self) -> TurnCompleted:
        transcript = self._transcript
        first = transcript.first_text_at
        return TurnCompleted(
            finish_reason=transcript.finish or "stop",
            digest=transcript.digest,
            pieces=transcript.pieces,
            usage=self.usage(),
            model=self._part.model,
            cost=self.cost(),
            response_time_ms=round((self._now - self._began) * 1000),
            time_to_first_token_ms=round((first - self._began) * 1000) if first is not None else None,
            category=self._category,
            rag_enabled=self._turn.command.context.enable_rag,
            citations=_citations(transcript),
            parts=self._parts,
        )

    def outcome(self, event: TerminalEvent) -> TurnOutcome:
        """What to store."""
        return outcome_of(self._turn, self._transcript, event, now_ms=self._now_ms, questions=self._questions)


def outcome_of(
    turn: Turn, transcript: Transcript, event: TerminalEvent, *, now_ms: int, questions: tuple[str, ...] = ()
) -> TurnOutcome:
    """What to store of a turn that ended with `event` at `now_ms`; its log alone tells all of it."""
    status: MessageStatus = "complete"
    metadata: dict[str, Any] = {}
    error = None
    match event:
        case TurnCompleted():
            metadata = completion_metadata(event, questions)
        case TurnCancelled():
            status = "cancelled"
            metadata = partial_metadata(event, _citations(transcript))
        case TurnFailed():
            status = "failed"
            metadata = partial_metadata(event, _citations(transcript))
            error = MessageError(event.code, event.message)
    metadata |= passed_metadata(transcript.steps, transcript.reasoning_ms, transcript.seams)
    metadata |= gathered_metadata(transcript.passages, _citations(transcript), transcript.difficulty)
    if transcript.answer_emotion is not None:
        metadata[EMOTION_STATE] = to_builtins(transcript.answer_emotion)
    answer = Version(
        number=0,
        content=transcript.text,
        status=status,
        created_at=now_ms,
        turn_id=turn.id,
        reasoning=transcript.reasoning or None,
        metadata=metadata,
        error=error,
    )
    return TurnOutcome(
        turn=turn,
        answer=answer,
        new_user_message=turn.command.regenerate is None,
        usage=event.usage or Usage(),
        model=event.model,
        cost=event.cost,
        emotion=transcript.emotion,
        told=_told(turn),
    )


def logged_outcome(turn: Turn, transcript: Transcript, entries: Sequence[Entry]) -> TurnOutcome:
    """What to store of a turn whose log is sealed; `transcript` has taken in its `entries`."""
    end = entries[-1]
    if not isinstance(end.event, TurnCompleted | TurnCancelled | TurnFailed):
        raise TypeError("the log is not sealed")
    questions = next((each.event.questions for each in entries if isinstance(each.event, SuggestionsReady)), ())
    return outcome_of(turn, transcript, end.event, now_ms=end.at, questions=questions)


def _citations(transcript: Transcript) -> tuple[Citation, ...]:
    """The sources that the provider named, or the passages that the text cites."""
    return transcript.citations or cited_passages(transcript.text, transcript.passages)


def _told(turn: Turn) -> tuple[PromptMessage, ...]:
    """What the caller told of the conversation, where it is to be kept."""
    command = turn.command
    if not command.keep_history:
        return ()
    return tuple(message for message in command.history or () if message.role != "system" and message.content)
