"""The frames of the `stream` dialect as types."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from millrace.dialects.chat_frames import EmotionStateData
from millrace.dialects.reading import ID_CHARS
from millrace.model.events import ReasoningKind

Id = Annotated[str, Meta(min_length=1, max_length=ID_CHARS)]

# --- from the client -------------------------------------------------------------------------------


class ChatStream(Struct, frozen=True):
    """Start a turn; `message_id` is the client's own id of the user's message, and what makes the request idempotent.

    `session_id` may be of the client's own making; without one a conversation is begun.
    """

    message_id: Id
    message: str
    session_id: Annotated[str, Meta(max_length=ID_CHARS)] | None = None
    context: dict[str, Any] | None = None
    model: Annotated[str, Meta(max_length=ID_CHARS)] | None = None


class StopGeneration(Struct, frozen=True):
    """Stop the turn of that message; ours: `turn_id` in its place, for a turn that was started elsewhere."""

    message_id: Id | None = None
    turn_id: Id | None = None


class ResumeStream(Struct, frozen=True):
    """Ours: send what follows `after_seq` of the turn (of that message), then follow live."""

    message_id: Id | None = None
    turn_id: Id | None = None
    after_seq: Annotated[int, Meta(ge=-1, le=2**53 - 1)] = -1


CLIENT_FRAMES: dict[str, type[Struct]] = {
    "chat_stream": ChatStream,
    "stop_generation": StopGeneration,
    "resume_stream": ResumeStream,
}

# --- to the client -----------------------------------------------------------------------------------


class FrameData(Struct, frozen=True, gc=False, kw_only=True):
    """What every frame carries: the client's id of its message, and of ours the turn and the place in its log."""

    message_id: str | None
    turn_id: str | UnsetType = UNSET
    seq: int | UnsetType = UNSET


class StreamStart(FrameData, frozen=True, kw_only=True):
    """The turn runs."""

    ai_message_id: str
    session_id: str
    timestamp: str
    model: str


class StepData(Struct, frozen=True, gc=False):
    """One step of reasoning."""

    step_number: int
    type: ReasoningKind
    content: str
    confidence: float | None


class ThinkingChunk(FrameData, frozen=True, kw_only=True):
    """One step of reasoning."""

    reasoning_step: StepData


class DocumentData(Struct, frozen=True, gc=False):
    """Something retrieval found; `number` is what the answer cites it by."""

    title: str
    snippet: str
    score: float
    number: int
    url: str


class ContextInfo(FrameData, frozen=True, kw_only=True):
    """What the answer is built on; `difficulty` begins at 0.5, where nothing is known yet."""

    documents: tuple[DocumentData, ...]
    history_messages: int
    difficulty: float


class EmotionUpdate(FrameData, frozen=True, kw_only=True):
    """An estimate for the user's message or the answer."""

    emotion: EmotionStateData
    of: Literal["user", "answer"]


class ContentChunk(FrameData, frozen=True, kw_only=True):
    """A piece of the answer, all of it inside or all of it outside a fenced code block.

    `chunk_index` counts from 0; `merged` says how many chunks were joined for a client that lags.
    """

    ai_message_id: str
    content: str
    chunk_index: int
    is_code: bool
    language: str | UnsetType = UNSET
    merged: int | UnsetType = UNSET


class StreamComplete(FrameData, frozen=True, kw_only=True):
    """The answer is whole and stored."""

    ai_message_id: str
    full_content: str
    metadata: dict[str, Any]
    digest: str


class StreamError(FrameData, frozen=True, kw_only=True):
    """Any failure; the connection stays open."""

    code: str
    message: str
    recoverable: bool
    partial_content: str
    retry_after: float | UnsetType = UNSET
    ai_message_id: str | UnsetType = UNSET
    session_id: str | UnsetType = UNSET
    digest: str | UnsetType = UNSET


class GenerationStopped(FrameData, frozen=True, kw_only=True):
    """The turn was stopped; the partial is stored."""

    ai_message_id: str
    reason: str
    partial_content: str
    tokens_generated: int
    digest: str


class ServerFrame(Struct, frozen=True, gc=False):
    """A frame to the client."""

    type: str
    data: FrameData


SERVER_FRAMES: dict[str, type[FrameData]] = {
    "stream_start": StreamStart,
    "thinking_chunk": ThinkingChunk,
    "context_info": ContextInfo,
    "emotion_update": EmotionUpdate,
    "content_chunk": ContentChunk,
    "stream_complete": StreamComplete,
    "stream_error": StreamError,
    "generation_stopped": GenerationStopped,
}
