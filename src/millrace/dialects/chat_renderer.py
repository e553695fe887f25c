"""Renders a turn's entries as `chat` frames."""

from collections.abc import Sequence
from typing import TypedDict

import msgspec
from msgspec import UNSET

from millrace.dialects.chat_frames import (
    ChatCancelled,
    ChatComplete,
    ChatError,
    ContentToken,
    ContextInfo,
    EmotionStateData,
    EmotionUpdate,
    ErrorData,
    PassageData,
    ProviderSwitchedFrame,
    ReasoningDeltaFrame,
    ReasoningStepFrame,
    ServerFrame,
    StepData,
    ThinkingComplete,
    ThinkingStarted,
    TurnResumedFrame,
)
from millrace.model.events import (
    AnyEvent,
    EmotionState,
    EmotionUpdated,
    Entry,
    PassagesRetrieved,
    ProviderSwitched,
    ReasoningCompleted,
    ReasoningDelta,
    ReasoningStep,
    SuggestionsReady,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnResumed,
    TurnStarted,
)
from millrace.stream.delivery import Merged
from millrace.stream.metadata import completion_metadata
from millrace.stream.timestamps import Timestamps

_encode = msgspec.json.encode


class Common(TypedDict):
    """What every frame of a turn carries."""

    session_id: str
    message_id: str
    turn_id: str
    timestamp: str
    seq: int


class ChatRenderer:
    """Implements `Renderer` for one turn.

    The end of the text is marked by an empty `content_token` with `is_final`. It carries the `seq` of the entry
    before it, so that a client which saw it and lost its connection still gets what follows.
    """

    __slots__ = (
        "_closed",
        "_started",
        "_suggestions",
        "_text",
        "_timestamps",
    )

    def __init__(self) -> None:
        self._timestamps = Timestamps()
        self._started = TurnStarted("", "", "", "", "")
        self._text: list[str] = []
        self._closed = False
        self._suggestions: tuple[str, ...] = ()

    def render(self, entry: Entry) -> Sequence[bytes]:
        """The frames of an entry."""
        event = entry.event
        if type(event) is TextDelta:
            # The one frame of the hot path: spelled out, because keyword dictionaries double its cost.
            started = self._started
            self._text.append(event.text)
            data = ContentToken(
                session_id=started.session_id,
                message_id=started.message_id,
                turn_id=started.turn_id,
                timestamp=self._timestamps.iso(entry.at),
                seq=entry.seq,
                token=event.text,
                token_index=event.index,
            )
            return (_encode(ServerFrame("content_token", data)),)
        frames: list[bytes] = []
        if isinstance(event, TurnCompleted | TurnCancelled | TurnFailed) or (
            isinstance(event, EmotionUpdated) and event.of == "answer"
        ):
            frames += self._close(entry, event)
        if isinstance(event, TurnStarted):
            self._started = event
        elif isinstance(event, SuggestionsReady):
            self._suggestions = event.questions
        frame = self._frame(entry, event)
        if frame is not None:
            frames.append(_encode(frame))
        return frames

    def merge(self, merged: Merged) -> Sequence[bytes]:
        """One `content_token` for several pieces."""
        common = self._common(merged.seq, merged.at)
        data = ContentToken(**common, token=merged.text, token_index=merged.first, merged=merged.count)
        return (_encode(ServerFrame("content_token", data)),)

    def _close(self, entry: Entry, event: AnyEvent) -> list[bytes]:
        """The mark at the end of the text, once, where there was a text or the answer is whole."""
        if self._closed or not (self._text or isinstance(event, TurnCompleted)):
            return []
        self._closed = True
        data = ContentToken(
            **self._common(entry.seq - 1, entry.at), token="", token_index=len(self._text), is_final=True
        )
        return [_encode(ServerFrame("content_token", data))]

    def _common(self, seq: int, at: int) -> Common:
        return Common(
            session_id=self._started.session_id,
            message_id=self._started.message_id,
            turn_id=self._started.turn_id,
            timestamp=self._timestamps.iso(at),
            seq=seq,
        )

    def _frame(self, entry: Entry, event: AnyEvent) -> ServerFrame | None:
        common = self._common(entry.seq, entry.at)
        match event:
            case TurnStarted():
                return ServerFrame("thinking_started", _thinking_started(event, common))
            case EmotionUpdated(of=of, state=state):
                return ServerFrame("emotion_update", EmotionUpdate(**common, of=of, emotion_state=emotion_data(state)))
            case PassagesRetrieved(passages=passages, difficulty=difficulty) if passages or difficulty is not None:
                found = tuple(PassageData(p.number, p.title, p.url, p.snippet, p.score) for p in passages)
                aim = UNSET if difficulty is None else difficulty
                return ServerFrame("context_info", ContextInfo(**common, passages=found, difficulty=aim))
            case ReasoningStep():
                step = StepData(event.number, event.kind, event.content, event.confidence, common["timestamp"])
                return ServerFrame("reasoning_step", ReasoningStepFrame(**common, step=step))
            case ReasoningCompleted():
                return ServerFrame("thinking_complete", _thinking_complete(event, common))
            case _:
                return _passing(event, common) or self._ending(event, common)

    def _ending(self, event: AnyEvent, common: Common) -> ServerFrame | None:
        text = "".join(self._text)
        match event:
            case TurnCompleted():
                metadata = completion_metadata(event, self._suggestions)
                complete = ChatComplete(**common, full_message=text, digest=event.digest, metadata=metadata)
                return ServerFrame("chat_complete", complete)
            case TurnCancelled():
                cancelled = ChatCancelled(
                    **common,
                    partial_message=text,
                    tokens_generated=event.pieces,
                    digest=event.digest,
                    cancelled_by=event.cancelled_by,
                )
                return ServerFrame("chat_cancelled", cancelled)
            case TurnFailed():
                retry_after = UNSET if event.retry_after is None else event.retry_after
                error = ErrorData(event.code, event.message, event.recoverable, retry_after)
                return ServerFrame("chat_error", ChatError(**common, error=error, partial_message=text))
            case _:
                return None


def _passing(event: AnyEvent, common: Common) -> ServerFrame | None:
    """What may come at any time: thoughts, and where somebody else went on."""
    match event:
        case ProviderSwitched(from_model=left, to_model=taken, reason=reason, position=position):
            switched = ProviderSwitchedFrame(
                **common, from_model=left, to_model=taken, reason=reason, position=position
            )
            return ServerFrame("provider_switched", switched)
        case ReasoningDelta(text=text):
            return ServerFrame("reasoning_delta", ReasoningDeltaFrame(**common, text=text))
        case TurnResumed(position=position):
            return ServerFrame("turn_resumed", TurnResumedFrame(**common, position=position))
        case _:
            return None


def _thinking_started(event: TurnStarted, common: Common) -> ThinkingStarted:
    return ThinkingStarted(
        **common,
        thinking_mode=event.thinking_mode,
        thinking_reason=event.thinking_reason or UNSET,
        model=event.model,
        user_message_id=event.user_message_id,
        user_message=event.user_message,
        estimated_time_ms=UNSET if event.estimated_time_ms is None else event.estimated_time_ms,
        request_id=event.request_id or UNSET,
    )


def _thinking_complete(event: ReasoningCompleted, common: Common) -> ThinkingComplete:
    return ThinkingComplete(
        **common, reasoning_summary=event.summary, total_steps=event.steps, processing_time_ms=event.duration_ms
    )


def emotion_data(state: EmotionState) -> EmotionStateData:
    """An emotional state as clients see it."""
    return EmotionStateData(
        primary_emotion=state.primary_emotion,
        emotional_intensity=state.emotional_intensity,
        learning_readiness=state.learning_readiness,
        cognitive_load=state.cognitive_load,
        interventions=state.interventions or UNSET,
        detailed_emotions=UNSET if state.detailed_emotions is None else state.detailed_emotions,
    )
