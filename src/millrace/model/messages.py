"""Conversations as they are kept: users, sessions, messages with versions, and turns."""

from typing import Any, Literal

from msgspec import Struct

from millrace.model.commands import StartTurn, ThinkingDecision
from millrace.model.events import Citation, EmotionState, Passage, ReasoningStep, Usage

EMOTION_STATE = "emotion_state"
"""The name under which a message's metadata holds the estimate of its emotion (`EmotionState`), where one was made."""

UserKind = Literal["guest", "account", "external"]
MessageRole = Literal["user", "assistant"]
MessageStatus = Literal["complete", "cancelled", "failed"]
FoldedStatus = Literal["pending", "streaming", "complete", "cancelled", "failed"]
TurnState = Literal["queued", "running", "completed", "cancelled", "failed"]


class User(Struct, frozen=True):
    """Somebody who chats. `email` only for accounts."""

    id: str
    kind: UserKind
    name: str
    created_at: int
    email: str | None = None


class Session(Struct, frozen=True):
    """A conversation of one user. Times are Unix milliseconds (UTC)."""

    id: str
    user_id: str
    title: str
    created_at: int
    updated_at: int
    message_count: int = 0
    pinned: bool = False
    """Whether it is kept at the top of the list."""


class MessageError(Struct, frozen=True):
    """Why an answer is not whole."""

    code: str
    message: str


class Version(Struct, frozen=True, kw_only=True):
    """One wording of a message; `number` from 1. What only answers have is none for a user's message."""

    number: int
    content: str
    status: MessageStatus
    created_at: int
    turn_id: str
    reasoning: str | None = None
    metadata: dict[str, Any] | None = None
    error: MessageError | None = None


class Message(Struct, frozen=True, kw_only=True):
    """What a user or the assistant said: its current version, and how many there are."""

    id: str
    session_id: str
    role: MessageRole
    created_at: int
    version: Version
    version_count: int = 1
    reactions: tuple[str, ...] = ()


class SearchHit(Struct, frozen=True):
    """A message that matches a search; `snippet` is the surrounding text."""

    session_id: str
    session_title: str
    message_id: str
    role: MessageRole
    snippet: str
    created_at: int


class Turn(Struct, frozen=True, kw_only=True):
    """A turn as it was admitted: who asked what, under which ids. All that recovery needs to run it again.

    For a regeneration `user_message_id` and `message_id` are those of the existing messages.
    """

    id: str
    session_id: str
    user_id: str
    user_message_id: str
    message_id: str
    command: StartTurn
    model: str
    created_at: int
    thinking: ThinkingDecision = ThinkingDecision("system1", "")


class FoldedMessage(Struct, frozen=True):
    """The assistant's message that a turn's entries amount to, at some point of the log."""

    turn_id: str = ""
    session_id: str = ""
    message_id: str = ""
    model: str = ""
    status: FoldedStatus = "pending"
    text: str = ""
    pieces: int = 0
    reasoning: str = ""
    reasoning_steps: tuple[ReasoningStep, ...] = ()
    passages: tuple[Passage, ...] = ()
    difficulty: float | None = None
    user_emotion: EmotionState | None = None
    answer_emotion: EmotionState | None = None
    suggestions: tuple[str, ...] = ()
    seams: tuple[int, ...] = ()
    """Character positions at which another provider or process went on."""
    citations: tuple[Citation, ...] = ()
    usage: Usage | None = None
    digest: str | None = None
    error: MessageError | None = None
    last_seq: int = -1
