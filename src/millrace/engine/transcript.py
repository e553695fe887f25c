"""Writes what a provider says into a turn's log, and remembers what the ending needs."""

from collections.abc import Callable, Iterable, Sequence
from math import inf

from millrace.engine.spending import Price, Spending
from millrace.model.errors import MillraceError
from millrace.model.events import (
    AnyEvent,
    Citation,
    EmotionState,
    EmotionUpdated,
    Entry,
    FinishReason,
    Part,
    Passage,
    PassagesRetrieved,
    ProviderSwitched,
    ReasoningCompleted,
    ReasoningDelta,
    ReasoningStep,
    TextDelta,
    TurnResumed,
    Usage,
)
from millrace.model.generation import (
    Abandoned,
    CitationsFound,
    Delta,
    EarlierCall,
    Finished,
    ReasoningPiece,
    StepFound,
    Switched,
    TextPiece,
    TokensScored,
    UsageReported,
)
from millrace.ports import Clock, Writer
from millrace.routing.route import PASSED_OVER
from millrace.stream.digest import text_digest
from millrace.stream.lifecycle import Lifecycle, State
from millrace.stream.reasoning import StepCutter

_SUMMARY_CHARS = 200
_BILLED_IN_SILENCE = frozenset({"late", "silent"})
"""Why a model was left that may have worked on its answer although nothing of it had come."""


def _nothing() -> None:
    """There is no mark."""


def _unpriced(_model: str, _usage: Usage) -> float | None:
    """No prices are known."""
    return None


class Transcript:
    """One turn's writer with a memory. Each delta becomes an entry at once; nothing is held back."""

    __slots__ = (
        "_cited_before",
        "_clock",
        "_heard_at",
        "_lifecycle",
        "_mark",
        "_part",
        "_passed",
        "_reasoning",
        "_steps",
        "_text",
        "_unwritten",
        "_writer",
        "answer_emotion",
        "chars",
        "citations",
        "difficulty",
        "emotion",
        "finish",
        "first_text_at",
        "gathered",
        "heard",
        "passages",
        "pieces",
        "reasoning_ms",
        "seams",
        "spending",
        "steps",
    )

    def __init__(self, writer: Writer, clock: Clock, model: str = "", price: Price = _unpriced) -> None:
        self.spending = Spending(model, price)
        """What was used so far."""
        self._part = (0, 0, 0, 0)  # where the current part begins: in the text, the reasoning, the steps, the pieces
        self._writer = writer
        self._clock = clock
        self._lifecycle = Lifecycle()
        self._unwritten: list[AnyEvent] = []
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._steps = StepCutter()
        self.steps: list[StepFound] = []
        self.seams: list[ProviderSwitched | TurnResumed] = []
        self.reasoning_ms: int | None = None
        self._heard_at: float | None = None
        self.chars = 0
        self.pieces = 0
        self.heard = False
        """Whether the provider has said something; whoever looks at it may reset it."""
        self._mark: float = inf
        self._passed: Callable[[], None] = _nothing
        self.first_text_at: float | None = None
        self.passages: Sequence[Passage] = ()
        self.gathered = False
        self.difficulty: float | None = None
        self.emotion: EmotionState | None = None
        self.answer_emotion: EmotionState | None = None
        self.citations: tuple[Citation, ...] = ()
        self._cited_before: tuple[Citation, ...] = ()
        self.finish: FinishReason | None = None

    def replay(self, entries: Iterable[Entry]) -> None:
        """Take in what an earlier owner wrote."""
        for entry in entries:
            event = entry.event
            self._lifecycle.accept(event)
            match event:
                case TextDelta():
                    self._text.append(event.text)
                    self.pieces += 1
                    self.chars += len(event.text)
                case ReasoningDelta():
                    self._reasoning.append(event.text)
                case ReasoningStep():
                    self._steps.count = event.number
                    self.steps.append(StepFound(event.kind, event.content, event.confidence))
                case PassagesRetrieved():
                    self.passages, self.difficulty, self.gathered = event.passages, event.difficulty, True
                case EmotionUpdated():
                    self._replay_emotion(event)
                case ReasoningCompleted(duration_ms=duration_ms):
                    self.reasoning_ms = duration_ms
                case ProviderSwitched() | TurnResumed():
                    self._replay_seam(event)
                case _:
                    pass
        if self._lifecycle.state is State.REASONING:
            self._heard_at = self._clock.monotonic()

    def _replay_seam(self, event: ProviderSwitched | TurnResumed) -> None:
        self.seams.append(event)
        if isinstance(event, TurnResumed):
            self._lose_part()
            return
        chars, usage = self.part().chars, event.usage
        part = None if usage is None else Part(event.from_model, usage, event.cost, chars)
        self._next_part(part, event.to_model)

    def _replay_emotion(self, event: EmotionUpdated) -> None:
        if event.of == "user":
            self.emotion = event.state
        else:
            self.answer_emotion = event.state

    @property
    def begun(self) -> bool:
        """Whether anything was written yet."""
        return self._lifecycle.state is not State.EMPTY

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        """All thinking so far: the model's own words, else the steps it was asked to write down."""
        return _thought(self._reasoning, self.steps)

    @property
    def digest(self) -> str:
        """The digest of the text so far."""
        return text_digest(self.text)

    def write(self, event: AnyEvent) -> None:
        """Append an event that may come now.

        Raises:
            StreamError: It may not, or the log accepts nothing more.
            LeaseLost: Another process owns the turn.
        """
        self._put(event)
        self._flush()

    def resume(self, fence: int) -> None:
        """Another process goes on from here."""
        self._lose_part()
        resumed = TurnResumed(self.chars, fence)
        self.write(resumed)
        self.seams.append(resumed)

    def part(self) -> Part:
        """What the current part took so far."""
        return self.spending.current(*self._part_said(), whole=self.finish is not None)

    def beyond(self, chars: float, passed: Callable[[], None]) -> None:
        """Have `passed` called when the text has more than `chars` characters; it must set the next mark, or raise."""
        self._mark = chars
        self._passed = passed

    def unmark(self) -> None:
        """Call nothing any more."""
        self.beyond(inf, _nothing)

    def take(self, deltas: Sequence[Delta]) -> None:
        """Write what arrived from the provider together, together; what a mark's `passed` raises comes out of it."""
        self.heard = True
        if len(deltas) == 1 and self.first_text_at is not None and type(piece := deltas[0]) is TextPiece:
            # One more piece of the text, as nearly always: `_take_text` would do the same.
            text, index = piece.text, self.pieces
            self._writer.append(TextDelta(index, text))
            self._text.append(text)
            self.pieces = index + 1
            self.chars += len(text)
        else:
            self._take_all(deltas)
        if self.chars > self._mark:
            self._passed()

    def _take_all(self, deltas: Sequence[Delta]) -> None:
        if self._heard_at is None:
            self._heard_at = self._clock.monotonic()
        try:
            for delta in deltas:
                if type(delta) is TextPiece:
                    self._take_text(delta.text)
                else:
                    self._take_other(delta)
        finally:
            self._flush()

    def _put(self, event: AnyEvent) -> None:
        self._lifecycle.accept(event)
        self._unwritten.append(event)

    def _flush(self) -> None:
        if self._unwritten:
            events, self._unwritten = self._unwritten, []
            try:
                self._writer.append(*events)
            except MillraceError:
                self._unsay(events)
                raise

    def _unsay(self, events: Sequence[AnyEvent]) -> None:
        """The log took none of these: nobody can ever see that text, so it is no part of the answer and its digest."""
        for event in events:
            if isinstance(event, TextDelta):
                self._text.pop()
                self.pieces -= 1
                self.chars -= len(event.text)

    def _take_text(self, text: str) -> None:
        if self.first_text_at is None:
            self.first_text_at = self._clock.monotonic()
        if self._lifecycle.state is State.REASONING:
            self._end_reasoning()
        index = self.pieces
        event = TextDelta(index, text)
        if self._lifecycle.state is not State.ANSWERING:  # where a text may always come
            self._lifecycle.accept(event)
        self._unwritten.append(event)
        self._text.append(text)
        self.pieces = index + 1
        self.chars += len(text)

    def _take_other(self, delta: Delta) -> None:
        match delta:
            case ReasoningPiece(text=text):
                self._take_reasoning(text)
            case UsageReported() | EarlierCall() | Abandoned():
                self.spending.hear(delta)
            case CitationsFound(citations=citations):
                self.citations = (*self._cited_before, *citations)
            case StepFound() as step:
                self._take_step(step)
            case Switched():
                self._switch(delta)
            case Finished(reason=reason):
                self.finish = reason
            case TextPiece(text=text):
                self._take_text(text)
            case TokensScored():
                pass

    def _switch(self, switched: Switched) -> None:
        part = self._part_left(switched.reason)
        usage, cost = (part.usage, part.cost) if part is not None else (None, None)
        event = ProviderSwitched(switched.from_model, switched.to_model, switched.reason, self.chars, usage, cost)
        self._put(event)
        self.seams.append(event)
        self._next_part(part, switched.to_model)

    def _part_left(self, reason: str) -> Part | None:
        """What a model took that was left for `reason`; none where it was not asked at all."""
        if reason == PASSED_OVER:
            return None
        part = self.part()
        if reason in _BILLED_IN_SILENCE or self.spending.is_used(*self._part_said()[:2]):
            return part
        return Part(part.model, Usage(), 0.0)  # it refused at once, which costs nothing

    def _lose_part(self) -> None:
        self.spending.lose(*self._part_said())
        self._begin_part()

    def _next_part(self, part: Part | None, model: str) -> None:
        self.spending.close(part, model)
        self._begin_part()

    def _begin_part(self) -> None:
        self._part = (len(self._text), len(self._reasoning), len(self.steps), self.pieces)
        self._cited_before = self.citations

    def _part_said(self) -> tuple[str, str, int]:
        """The text and the thinking of the current part, and how many pieces of text."""
        text, reasoning, steps, pieces = self._part
        thought = _thought(self._reasoning[reasoning:], self.steps[steps:])
        return "".join(self._text[text:]), thought, self.pieces - pieces

    def _take_step(self, found: StepFound) -> None:
        if self._lifecycle.state not in {State.READY, State.REASONING}:
            return  # the reasoning is closed
        self._put_step(self._steps.number(found))

    def _put_step(self, step: ReasoningStep) -> None:
        self.steps.append(StepFound(step.kind, step.content, step.confidence))
        self._put(step)

    def _take_reasoning(self, text: str) -> None:
        if self._lifecycle.state is State.REASONED:
            # The model goes on thinking after a break, still before its answer: too late for the summary.
            self._reasoning.append(text)
            return
        self._reasoning.append(text)
        self._put(ReasoningDelta(text))
        if self._lifecycle.state is State.REASONING:
            for step in self._steps.feed(text):
                self._put_step(step)

    def complete_reasoning(self) -> None:
        """Close the reasoning, if it is open."""
        self._end_reasoning()
        self._flush()

    def _end_reasoning(self) -> None:
        if self._lifecycle.state is not State.REASONING:
            return
        for step in self._steps.finish():
            self._put_step(step)
        now = self._clock.monotonic()
        duration_ms = round((now - (now if self._heard_at is None else self._heard_at)) * 1000)
        self._put(ReasoningCompleted(_summary(self.reasoning), self._steps.count, duration_ms))
        self.reasoning_ms = duration_ms


def _thought(reasoning: Sequence[str], steps: Sequence[StepFound]) -> str:
    return "".join(reasoning) or "\n\n".join(step.content for step in steps)


def _summary(reasoning: str) -> str:
    """The last paragraph of the thinking, cut to a line: where it arrived."""
    paragraphs = [" ".join(part.split()) for part in reasoning.split("\n\n") if part.strip()]
    last = paragraphs[-1] if paragraphs else ""
    return last if len(last) <= _SUMMARY_CHARS else last[: _SUMMARY_CHARS - 1].rstrip() + "…"
