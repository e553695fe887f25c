"""The frames of the `chat` dialect as types; JSON Schema and the TypeScript types come out of these."""

from typing import Any, Literal

from msgspec import UNSET, Raw, Struct, UnsetType

from millrace.model.commands import ThinkingChoice
from millrace.model.events import CognitiveLoad, Readiness, ReasoningKind, ThinkingMode

Speed = Literal["slow", "normal", "fast"]

# --- from the client -------------------------------------------------------------------------------


class ChatRequest(Struct, frozen=True):
    """Start a turn."""

    message: str
    user_id: str | None = None
    session_id: str | None = None
    request_id: str | None = None
    enable_reasoning: bool = False
    thinking_mode: ThinkingChoice = "auto"
    model: str | None = None
    context: dict[str, Any] | None = None
    provider_key: str | None = None


class ChatStop(Struct, frozen=True):
    """Stop the session's running turn."""

    session_id: str
    user_id: str | None = None


class Config(Struct, frozen=True):
    """How this connection wants to be served."""

    show_reasoning: bool | None = None
    show_emotion: bool | None = None
    stream_speed: Speed | None = None
    show_thoughts: bool | None = None


class ChatConfig(Struct, frozen=True):
    """Change how this connection is served from now on."""

    config: Config
    session_id: str | None = None


class ChatResume(Struct, frozen=True):
    """Send what follows `after_seq`, then follow live."""

    after_seq: int = -1
    turn_id: str | None = None
    session_id: str | None = None


class ChatPause(Struct, frozen=True):
    """Hold or go on with the delivery of a turn."""

    turn_id: str


class ChatRegenerate(Struct, frozen=True):
    """Write a new version of an answer."""

    session_id: str
    message_id: str
    request_id: str | None = None
    model: str | None = None
    enable_reasoning: bool = False
    thinking_mode: ThinkingChoice = "auto"
    context: dict[str, Any] | None = None
    provider_key: str | None = None


class ClientFrame(Struct, frozen=True):
    """A client's frame before its `data` is looked at."""

    type: str
    data: Raw = Raw(b"{}")


# --- to the client -----------------------------------------------------------------------------------


class FrameData(Struct, frozen=True, gc=False, kw_only=True):
    """What every server frame carries. `seq` is the entry's place in the turn's log."""

    session_id: str | None
    message_id: str | None
    turn_id: str | None
    timestamp: str
    seq: int | UnsetType = UNSET


class ThinkingStarted(FrameData, frozen=True, kw_only=True):
    """The turn runs."""

    thinking_mode: ThinkingMode
    model: str
    user_message_id: str
    user_message: str
    thinking_reason: str | UnsetType = UNSET
    estimated_time_ms: int | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class EmotionStateData(Struct, frozen=True, gc=False):
    """An estimate of how the writer feels."""

    primary_emotion: str
    emotional_intensity: float
    learning_readiness: Readiness
    cognitive_load: CognitiveLoad
    interventions: tuple[str, ...] | UnsetType = UNSET
    detailed_emotions: dict[str, float] | UnsetType = UNSET


class EmotionUpdate(FrameData, frozen=True, kw_only=True):
    """An estimate for the user's message or the answer."""

    of: Literal["user", "answer"]
    emotion_state: EmotionStateData


class PassageData(Struct, frozen=True, gc=False):
    """Something retrieval found."""

    number: int
    title: str
    url: str
    snippet: str
    score: float


class ContextInfo(FrameData, frozen=True, kw_only=True):
    """What the answer is built on: what retrieval found, if anything, and how hard it aims to be, where known."""

    passages: tuple[PassageData, ...]
    difficulty: float | UnsetType = UNSET


class StepData(Struct, frozen=True, gc=False):
    """One step of reasoning."""

    step_number: int
    type: ReasoningKind
    content: str
    confidence: float | None
    timestamp: str


class ProviderSwitchedFrame(FrameData, frozen=True, kw_only=True):
    """Another model took over at `position` characters of the answer's text (0: before its first one)."""

    from_model: str
    to_model: str
    reason: str
    position: int


class TurnResumedFrame(FrameData, frozen=True, kw_only=True):
    """Another process took the answer over and goes on at `position` characters of its text."""

    position: int


class ReasoningDeltaFrame(FrameData, frozen=True, kw_only=True):
    """A piece of the model's own thinking, as it writes it."""

    text: str


class ReasoningStepFrame(FrameData, frozen=True, kw_only=True):
    """One step of reasoning."""

    step: StepData


class ThinkingComplete(FrameData, frozen=True, kw_only=True):
    """Reasoning is over."""

    reasoning_summary: str
    total_steps: int
    processing_time_ms: int


class ContentToken(FrameData, frozen=True, kw_only=True):
    """A piece of the answer; `merged` says how many pieces were joined for a client that lags."""

    token: str
    token_index: int
    is_final: bool = False
    merged: int | UnsetType = UNSET


class ChatComplete(FrameData, frozen=True, kw_only=True):
    """The answer is whole and stored."""

    full_message: str
    digest: str
    metadata: dict[str, Any]


class ChatCancelled(FrameData, frozen=True, kw_only=True):
    """The turn was stopped; the partial is stored."""

    partial_message: str
    tokens_generated: int
    digest: str
    cancelled_by: str


class ErrorData(Struct, frozen=True, gc=False):
    """What failed and what to do."""

    code: str
    message: str
    recoverable: bool
    retry_after: float | UnsetType = UNSET


class ChatError(FrameData, frozen=True, kw_only=True):
    """Any failure; the connection stays open."""

    error: ErrorData
    partial_message: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class ServerFrame(Struct, frozen=True, gc=False):
    """A frame to the client."""

    type: str
    data: FrameData


SERVER_FRAMES: dict[str, type[FrameData]] = {
    "thinking_started": ThinkingStarted,
    "emotion_update": EmotionUpdate,
    "context_info": ContextInfo,
    "provider_switched": ProviderSwitchedFrame,
    "turn_resumed": TurnResumedFrame,
    "reasoning_delta": ReasoningDeltaFrame,
    "reasoning_step": ReasoningStepFrame,
    "thinking_complete": ThinkingComplete,
    "content_token": ContentToken,
    "chat_complete": ChatComplete,
    "chat_cancelled": ChatCancelled,
    "chat_error": ChatError,
}
CLIENT_FRAMES: dict[str, type[Struct]] = {
    "chat_request": ChatRequest,
    "chat_stop": ChatStop,
    "chat_config": ChatConfig,
    "chat_resume": ChatResume,
    "chat_pause": ChatPause,
    "chat_continue": ChatPause,
    "chat_regenerate": ChatRegenerate,
}
