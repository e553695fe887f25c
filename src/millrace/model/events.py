"""The canonical events of a turn, and the entries that make up its log.

An event is a fact without storage identity; an entry is an event with its position. Text arrives as
`TextDelta` pieces exactly as the provider sent them; exactly one terminal event ends a log. Which event may
follow which is the table in `millrace.stream.lifecycle`.

Events are `gc=False`: they hold no cycles, and a chat server makes so many of them that tracking each in the
cyclic collector is what freezes streams.
"""

import re
from typing import Literal

from msgspec import Struct

ThinkingMode = Literal["system1", "system2"]
ReasoningKind = Literal["decomposition", "exploration", "evaluation", "synthesis"]
FinishReason = Literal["stop", "length", "filtered", "tools", "pause"]
CancelCause = Literal["user", "disconnect", "interrupt", "operator"]
Readiness = Literal["optimal", "good", "moderate", "low"]
CognitiveLoad = Literal["optimal", "high", "overloaded"]


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class Value(Struct, frozen=True, gc=False, omit_defaults=True):
    """An immutable part of an event."""


class EmotionState(Value, frozen=True):
    """An estimate of how the writer feels. Intensities and scores are 0.0 to 1.0."""

    primary_emotion: str
    emotional_intensity: float
    learning_readiness: Readiness
    cognitive_load: CognitiveLoad
    interventions: tuple[str, ...] = ()
    detailed_emotions: dict[str, float] | None = None


class Passage(Value, frozen=True):
    """Something retrieval found. `number` is what the answer cites it by, from 1; `score` is 0.0 to 1.0.

    `document_id` and `chunk_id` name the text and its part, where retrieval knows texts; `page` counts from 1.
    """

    number: int
    title: str
    snippet: str
    score: float
    url: str = ""
    document_id: str = ""
    chunk_id: str = ""
    page: int | None = None


class Citation(Value, frozen=True):
    """A source of the answer. `start` and `end` are character offsets into the text, where known.

    `document_id`, `chunk_id` and `page` are those of the passage that it cites.
    """

    title: str
    url: str
    snippet: str = ""
    number: int | None = None
    start: int | None = None
    end: int | None = None
    document_id: str = ""
    chunk_id: str = ""
    page: int | None = None


class Usage(Value, frozen=True):
    """Tokens of one generation: `input_tokens` include cached ones, `output_tokens` include reasoning.

    `estimated` is true where the provider reported nothing and the figures are our own count.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    estimated: bool = False

    def plus(self, other: "Usage") -> "Usage":
        """The tokens of both; estimated where either is."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            _sum(self.reasoning_tokens, other.reasoning_tokens),
            _sum(self.cached_tokens, other.cached_tokens),
            self.estimated or other.estimated,
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)


class Part(Value, frozen=True):
    """What one model took for its part of an answer, `chars` characters long; none where it was asked in vain.

    `cost` is in US dollars, or none where the model's price is not known.
    """

    model: str
    usage: Usage
    cost: float | None = None
    chars: int = 0


class Event(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag=_kebab):
    """One fact of a turn."""


class TurnStarted(Event, frozen=True):
    """The turn runs: its ids, the resolved `provider/model`, the thinking mode that was chosen, and why that one."""

    turn_id: str
    session_id: str
    message_id: str
    user_message_id: str
    model: str
    user_message: str = ""
    thinking_mode: ThinkingMode = "system1"
    estimated_time_ms: int | None = None
    rag_enabled: bool = False
    request_id: str | None = None
    thinking_reason: str = ""


class EmotionUpdated(Event, frozen=True):
    """An estimate of emotion in the user's message or in the answer."""

    of: Literal["user", "answer"]
    state: EmotionState


class PassagesRetrieved(Event, frozen=True):
    """What the answer is built on, once per turn and only where there is something to say.

    `passages` are what retrieval found, numbered for citing: none where it found nothing, or was not asked.
    `difficulty` is what the answer aims at, 0.0 to 1.0, or none where nothing is known of it. `history_messages` is how
    many earlier messages of the conversation the prompt holds.
    """

    passages: tuple[Passage, ...] = ()
    difficulty: float | None = None
    history_messages: int = 0


class ReasoningDelta(Event, frozen=True):
    """A piece of the provider's own thinking text."""

    text: str


class ReasoningStep(Event, frozen=True):
    """One step of reasoning; `number` from 1. `confidence` is 0.0 to 1.0, or none where none was stated."""

    number: int
    kind: ReasoningKind
    content: str
    confidence: float | None = None


class ReasoningCompleted(Event, frozen=True):
    """Reasoning is over; text follows. `duration_ms` counts from the first word of the model."""

    summary: str
    steps: int
    duration_ms: int


class TextDelta(Event, frozen=True):
    """A piece of the answer, as the provider sent it. `index` counts the pieces of the turn from 0."""

    index: int
    text: str


class ProviderSwitched(Event, frozen=True):
    """A fallback took over at `position` characters of text (0: before the answer).

    `reason` is one word; `usage` and `cost` are those of the part that is over, where anything was used.
    """

    from_model: str
    to_model: str
    reason: str
    position: int = 0
    usage: Usage | None = None
    cost: float | None = None


class TurnResumed(Event, frozen=True):
    """Another process took the turn over and continues it at `position` characters of text."""

    position: int
    fence: int


class SuggestionsReady(Event, frozen=True):
    """Follow-up questions the user may want to ask."""

    questions: tuple[str, ...]


class TurnCompleted(Event, frozen=True):
    """The answer is whole and stored, or will be as soon as the database answers.

    `digest` is the SHA-256 of its full text in UTF-8, as hex.
    `cost` is in US dollars, or none where the model's price is not known; durations are milliseconds. `model` is the
    one that finished. Where several took part, `parts` are they, in their order, and `usage` and `cost` their sums.
    """

    finish_reason: FinishReason
    digest: str
    pieces: int
    usage: Usage
    model: str
    cost: float | None = None
    response_time_ms: int = 0
    time_to_first_token_ms: int | None = None
    category: str | None = None
    rag_enabled: bool = False
    citations: tuple[Citation, ...] = ()
    parts: tuple[Part, ...] = ()


class TurnCancelled(Event, frozen=True):
    """The turn was stopped; its partial text is stored. `model` was answering; `parts` as in `TurnCompleted`.

    `stop_ms` is the time from the request to stop until the upstream connection was closed, and
    `pieces_after_stop` how many pieces still arrived in it.
    """

    cancelled_by: CancelCause
    digest: str
    pieces: int
    usage: Usage
    stop_ms: float = 0.0
    pieces_after_stop: int = 0
    cost: float | None = None
    model: str = ""
    parts: tuple[Part, ...] = ()


class TurnFailed(Event, frozen=True):
    """The turn ended in an error; its partial text is stored. `retry_after` is in seconds.

    `usage`, `cost`, `model` and `parts` are as in `TurnCompleted`.
    """

    code: str
    message: str
    recoverable: bool
    digest: str
    pieces: int = 0
    retry_after: float | None = None
    usage: Usage | None = None
    cost: float | None = None
    model: str = ""
    parts: tuple[Part, ...] = ()


TerminalEvent = TurnCompleted | TurnCancelled | TurnFailed
AnyEvent = (
    TurnStarted
    | EmotionUpdated
    | PassagesRetrieved
    | ReasoningDelta
    | ReasoningStep
    | ReasoningCompleted
    | TextDelta
    | ProviderSwitched
    | TurnResumed
    | SuggestionsReady
    | TurnCompleted
    | TurnCancelled
    | TurnFailed
)
TERMINAL_EVENTS = frozenset((TurnCompleted, TurnCancelled, TurnFailed))


class Entry(Struct, frozen=True, gc=False):
    """An event with its place in the log: `seq` from 0 without gaps, `at` in Unix milliseconds (UTC)."""

    seq: int
    at: int
    event: AnyEvent


def is_terminal(event: AnyEvent) -> bool:
    """Whether nothing may follow `event` in its log."""
    return type(event) in TERMINAL_EVENTS
