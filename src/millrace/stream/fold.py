"""Folds the entries of a turn into the assistant's message they amount to.

The same fold exists in TypeScript; both pass the vectors in `tests/vectors/fold.json`.
"""

from collections.abc import Iterable

from millrace.model.errors import StreamError
from millrace.model.events import (
    Citation,
    EmotionState,
    EmotionUpdated,
    Entry,
    Passage,
    PassagesRetrieved,
    ProviderSwitched,
    ReasoningDelta,
    ReasoningStep,
    SuggestionsReady,
    TerminalEvent,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnResumed,
    TurnStarted,
    Usage,
)
from millrace.model.messages import FoldedMessage, FoldedStatus, MessageError
from millrace.stream.lifecycle import Lifecycle


class Fold:
    """An assistant's message in the making. Entries come in order; one that was seen before changes nothing."""

    def __init__(self) -> None:
        self._lifecycle = Lifecycle()
        self._started: TurnStarted | None = None
        self._model = ""
        self._status: FoldedStatus = "pending"
        self._text: list[str] = []
        self._length = 0
        self._pieces = 0
        self._reasoning: list[str] = []
        self._steps: list[ReasoningStep] = []
        self._passages: tuple[Passage, ...] = ()
        self._difficulty: float | None = None
        self._emotions: dict[str, EmotionState] = {}
        self._suggestions: tuple[str, ...] = ()
        self._seams: list[int] = []
        self._citations: tuple[Citation, ...] = ()
        self._usage: Usage | None = None
        self._digest: str | None = None
        self._error: MessageError | None = None
        self.last_seq = -1

    def apply(self, entry: Entry) -> None:
        """Take an entry.

        Raises:
            StreamError: An entry before it is missing, or its event may not come here.
        """
        if entry.seq <= self.last_seq:
            return
        if entry.seq != self.last_seq + 1:
            raise StreamError(detail=f"entry {entry.seq} follows {self.last_seq}: the log has a gap")
        self._lifecycle.accept(entry.event)
        self.last_seq = entry.seq
        self._take(entry)

    def _take(self, entry: Entry) -> None:
        match entry.event:
            case TextDelta(text=text):
                self._text.append(text)
                self._length += len(text)
                self._pieces += 1
            case ReasoningDelta(text=text):
                self._reasoning.append(text)
            case ReasoningStep() as step:
                self._steps.append(step)
            case TurnStarted() as started:
                self._started, self._model = started, started.model
                self._status = "streaming"
            case EmotionUpdated(of=of, state=state):
                self._emotions[of] = state
            case PassagesRetrieved(passages=passages, difficulty=difficulty):
                self._passages, self._difficulty = passages, difficulty
            case SuggestionsReady(questions=questions):
                self._suggestions = questions
            case ProviderSwitched() | TurnResumed() as seam:
                self._go_on(seam)
            case TurnCompleted() | TurnCancelled() | TurnFailed() as end:
                self._end(end)
            case _:
                pass

    def _go_on(self, seam: ProviderSwitched | TurnResumed) -> None:
        self._seams.append(self._length)
        if isinstance(seam, ProviderSwitched):
            self._model = seam.to_model

    def _end(self, end: TerminalEvent) -> None:
        self._digest = end.digest
        match end:
            case TurnCompleted():
                self._status, self._usage, self._citations = "complete", end.usage, end.citations
            case TurnCancelled():
                self._status, self._usage = "cancelled", end.usage
            case TurnFailed():
                self._status, self._usage = "failed", end.usage
                self._error = MessageError(end.code, end.message)

    @property
    def text(self) -> str:
        """All text so far."""
        if len(self._text) > 1:
            self._text = ["".join(self._text)]
        return self._text[0] if self._text else ""

    @property
    def pieces(self) -> int:
        """How many pieces of text came so far: the index of the next one."""
        return self._pieces

    def message(self) -> FoldedMessage:
        """The message as it stands now."""
        started = self._started
        return FoldedMessage(
            turn_id=started.turn_id if started else "",
            session_id=started.session_id if started else "",
            message_id=started.message_id if started else "",
            model=self._model,
            status=self._status,
            text=self.text,
            pieces=self._pieces,
            reasoning="".join(self._reasoning),
            reasoning_steps=tuple(self._steps),
            passages=self._passages,
            difficulty=self._difficulty,
            user_emotion=self._emotions.get("user"),
            answer_emotion=self._emotions.get("answer"),
            suggestions=self._suggestions,
            seams=tuple(self._seams),
            citations=self._citations,
            usage=self._usage,
            digest=self._digest,
            error=self._error,
            last_seq=self.last_seq,
        )


def fold(entries: Iterable[Entry]) -> FoldedMessage:
    """The message that `entries` amount to.

    Raises:
        StreamError: They have a gap or an impossible order.
    """
    state = Fold()
    for entry in entries:
        state.apply(entry)
    return state.message()
