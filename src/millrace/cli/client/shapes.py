"""The parts of the HTTP interface's JSON that this client reads."""

from typing import Any, Literal

from msgspec import Struct, ValidationError, convert

from millrace.model.events import ReasoningKind
from millrace.model.messages import MessageError, MessageRole, MessageStatus, UserKind


class User(Struct, frozen=True):
    """Somebody who is signed in."""

    id: str
    name: str
    kind: UserKind


class AuthSession(Struct, frozen=True):
    """Who the caller is; no user where signing in is still to be done."""

    mode: Literal["guest", "accounts", "jwt"]
    user: User | None = None


class SignedIn(Struct, frozen=True):
    """A sign-in; `expires_in` is in seconds, a refresh token is good once."""

    user: User
    access_token: str
    expires_in: int
    refresh_token: str | None = None


class Ticket(Struct, frozen=True):
    """What opens one WebSocket."""

    ticket: str


class StoredSession(Struct, frozen=True):
    """A conversation. Times are ISO 8601 in UTC."""

    id: str
    title: str
    updated_at: str
    message_count: int


class StoredStep(Struct, frozen=True):
    """A step of reasoning; `confidence` is 0.0 to 1.0."""

    type: ReasoningKind
    content: str
    confidence: float | None = None


class StoredSeam(Struct, frozen=True):
    """Where somebody else went on with an answer; the models are empty where a process took over."""

    type: str
    position: int
    from_model: str = ""
    to_model: str = ""
    reason: str = ""


class Story(Struct, frozen=True):
    """How a stored answer came about, as its metadata tells."""

    reasoning_steps: list[StoredStep] = []
    reasoning_time_ms: int | None = None
    seams: list[StoredSeam] = []


class StoredMessage(Struct, frozen=True):
    """A message in its current version."""

    id: str
    session_id: str
    turn_id: str
    role: MessageRole
    content: str
    status: MessageStatus
    metadata: dict[str, Any] | None = None
    error: MessageError | None = None

    @property
    def story(self) -> Story:
        """How it came about; empty where that is not told in a way that this client understands."""
        try:
            return convert(self.metadata or {}, Story)
        except ValidationError:
            return Story()


class RunningTurn(Struct, frozen=True):
    """An answer that is being written or waits for its turn."""

    turn_id: str
    message_id: str
    user_message: StoredMessage


class SessionDetail(Struct, frozen=True):
    """A conversation with its newest messages, oldest first."""

    session: StoredSession
    messages: list[StoredMessage]
    running: list[RunningTurn]


class Sessions(Struct, frozen=True):
    """Conversations, newest activity first."""

    sessions: list[StoredSession]


class Model(Struct, frozen=True):
    """A model that can be asked; `id` is `provider/model`."""

    id: str


class Alias(Struct, frozen=True):
    """A name that can be asked for like a model, and stands for several."""

    name: str
    models: tuple[str, ...] = ()


class Models(Struct, frozen=True):
    """All models that are known, the one that answers where none is named, and the names that stand for several."""

    default: str
    models: list[Model]
    aliases: list[Alias] = []

    @property
    def names(self) -> list[str]:
        """All that can be asked for."""
        return [*(alias.name for alias in self.aliases), *(model.id for model in self.models)]


class ProblemDetails(Struct, frozen=True):
    """RFC 9457 problem details."""

    detail: str = ""
    code: str = "STREAM_ERROR"
    recoverable: bool = True
    retry_after: float | None = None
