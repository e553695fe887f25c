"""The JSON of the HTTP interface. Times are ISO 8601 in UTC with milliseconds and `Z`."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from msgspec import json, to_builtins
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from millrace.model.generation import ModelInfo
from millrace.model.messages import Message, SearchHit, Session, Version
from millrace.model.principal import Principal
from millrace.model.turns import TurnRecord
from millrace.server.schema_examples import MESSAGE, SESSION, SESSION_DETAIL, SESSIONS, TICKET, USER

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def iso(unix_ms: int) -> str:
    """A time as clients get it: 2025-01-02T03:04:05.678Z."""
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Body(BaseModel):
    """What callers send: unknown fields are ignored, so that newer clients work with older servers."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _is_text(cls, data: Any) -> Any:
        """Refuse half characters (lone surrogates), which JSON can spell and no encoding can hold."""
        try:
            json.encode(data)
        except UnicodeEncodeError:
            raise ValueError("a text holds a lone surrogate, which is no character") from None
        return data


class Shape(BaseModel):
    """What callers get."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class ProblemShape(Shape):
    """RFC 9457 problem details."""

    title: str
    status: int
    detail: str
    """A sentence for people: what is wrong and what to do."""
    code: str
    """One of the error codes of the chat protocol."""
    recoverable: bool
    """Whether the same request may succeed later or after a small change."""
    retry_after: float | None = None
    """Seconds after which another try makes sense."""
    session_id: str | None = None
    """The conversation of `message_id`."""
    message_id: str | None = None
    """The stored answer to load, where the way to watch it being written is gone."""
    errors: list[dict[str, str]] | None = None
    """The fields that are wrong."""


class UserShape(Shape):
    """Somebody who is signed in."""

    model_config = ConfigDict(json_schema_extra={"example": USER})

    id: str
    name: str
    kind: Literal["guest", "account", "external"]

    @classmethod
    def of(cls, principal: Principal) -> "UserShape":
        """The caller as it is shown."""
        return cls(id=principal.user_id, name=principal.name, kind=principal.kind)


class AuthSessionShape(Shape):
    """Who the caller is; no user where signing in is still to be done."""

    mode: Literal["guest", "accounts", "jwt"]
    user: UserShape | None


class Registration(Body):
    """A new account."""

    email: Annotated[str, Field(max_length=254, examples=["ada@example.com"])]
    password: Annotated[str, Field(max_length=1024, examples=["correct horse battery staple"])]
    name: Annotated[str, Field(max_length=100)] | None = None


class SignIn(Body):
    """The address and password of an account."""

    email: Annotated[str, Field(max_length=1024, examples=["ada@example.com"])]
    password: Annotated[str, Field(max_length=1024, examples=["correct horse battery staple"])]


class RefreshBody(Body):
    """For clients without cookies."""

    refresh_token: Annotated[str, Field(max_length=8192)] | None = None


class SignedInShape(Shape):
    """A sign-in. Browsers need none of the tokens: they get cookies."""

    user: UserShape
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme, no secret
    expires_in: int
    """Seconds for which the access token is good."""
    refresh_token: str | None = None
    """Good for one refresh. Told only to callers that are no browsers: those have it in a cookie no script can read."""


class TicketShape(Shape):
    """A ticket for `/api/ws/chat?ticket=`."""

    model_config = ConfigDict(json_schema_extra={"example": TICKET})

    ticket: str
    expires_in: int
    """Seconds."""


class SessionShape(Shape):
    """A conversation."""

    model_config = ConfigDict(json_schema_extra={"example": SESSION})

    id: str
    title: str
    created_at: str
    updated_at: str
    message_count: int
    pinned: bool
    """Whether it is kept at the top of the list."""

    @classmethod
    def of(cls, session: Session) -> "SessionShape":
        """A conversation as it is shown."""
        return cls(
            id=session.id,
            title=session.title,
            created_at=iso(session.created_at),
            updated_at=iso(session.updated_at),
            message_count=session.message_count,
            pinned=session.pinned,
        )


class ErrorShape(Shape):
    """Why an answer is not whole."""

    code: str
    message: str


class VersionShape(Shape):
    """One wording of an answer."""

    number: int
    content: str
    status: Literal["complete", "cancelled", "failed"]
    created_at: str
    turn_id: str
    reasoning: str | None
    metadata: dict[str, Any] | None
    error: ErrorShape | None

    @classmethod
    def of(cls, version: Version) -> "VersionShape":
        """A version as it is shown."""
        return cls(
            number=version.number,
            content=version.content,
            status=version.status,
            created_at=iso(version.created_at),
            turn_id=version.turn_id,
            reasoning=version.reasoning,
            metadata=version.metadata,
            error=_error(version),
        )


class MessageShape(Shape):
    """A message in its current version."""

    model_config = ConfigDict(json_schema_extra={"example": MESSAGE})

    id: str
    session_id: str
    turn_id: str
    role: Literal["user", "assistant"]
    content: str
    status: Literal["complete", "cancelled", "failed"]
    created_at: str
    version: int
    version_count: int
    reasoning: str | None
    metadata: dict[str, Any] | None
    """What `chat_complete` carries under the same name; with `emotion_state`, as in `emotion_update`, where the emotion
    in the message was estimated; with `reasoning_steps`, `reasoning_time_ms` and `seams` where there were such; with
    `passages` that were found and not cited, and `difficulty`, both as in `context_info`."""
    error: ErrorShape | None
    reactions: list[str]

    @classmethod
    def of(cls, message: Message) -> "MessageShape":
        """A message as it is shown."""
        version = message.version
        return cls(
            id=message.id,
            session_id=message.session_id,
            turn_id=version.turn_id,
            role=message.role,
            content=version.content,
            status=version.status,
            created_at=iso(message.created_at),
            version=version.number,
            version_count=message.version_count,
            reasoning=version.reasoning,
            metadata=version.metadata,
            error=_error(version),
            reactions=list(message.reactions),
        )

    @classmethod
    def asked(cls, record: TurnRecord) -> "MessageShape":
        """The question of a turn that has not ended, as it will be stored with the answer."""
        turn = record.turn
        return cls(
            id=turn.user_message_id,
            session_id=turn.session_id,
            turn_id=turn.id,
            role="user",
            content=turn.command.message,
            status="complete",
            created_at=iso(turn.created_at),
            version=1,
            version_count=1,
            reasoning=None,
            metadata=None,
            error=None,
            reactions=[],
        )


class RunningShape(Shape):
    """An answer that is being written or waits for its turn."""

    turn_id: str
    message_id: str
    state: Literal["running", "queued"]
    user_message: MessageShape


class SessionsShape(Shape):
    """A page of conversations, newest activity first."""

    model_config = ConfigDict(json_schema_extra={"example": SESSIONS})

    sessions: list[SessionShape]
    pinned: list[SessionShape]
    """With the first page: all that are kept at the top of the list, however old. Their page has them too."""
    next_cursor: str | None
    """What to ask for the next page with; none on the last one."""


class SessionDetailShape(Shape):
    """A conversation with its newest messages, oldest first, and what is being written in it."""

    model_config = ConfigDict(json_schema_extra={"example": SESSION_DETAIL})

    session: SessionShape
    messages: list[MessageShape]
    running: list[RunningShape]


class SessionCreation(Body):
    """A new conversation."""

    title: Title | None = None


class SessionChange(Body):
    """Another title or place in the list; what is left out stays as it is."""

    title: Title | None = None
    pinned: bool | None = None


class SessionBranch(Body):
    """Where to branch off."""

    message_id: Annotated[str, Field(min_length=1, max_length=200)]
    """The last message that the branch has too."""


class VersionsShape(Shape):
    """All wordings of an answer."""

    current: int
    versions: list[VersionShape]


class VersionChoice(Body):
    """The version to show."""

    number: Annotated[int, Field(ge=1)]


class SearchResultShape(Shape):
    """A message that was found."""

    session_id: str
    session_title: str
    message_id: str
    role: Literal["user", "assistant"]
    snippet: str
    created_at: str

    @classmethod
    def of(cls, hit: SearchHit) -> "SearchResultShape":
        """A hit as it is shown."""
        return cls(
            session_id=hit.session_id,
            session_title=hit.session_title,
            message_id=hit.message_id,
            role=hit.role,
            snippet=hit.snippet,
            created_at=iso(hit.created_at),
        )


class SearchShape(Shape):
    """What was found, best first."""

    results: list[SearchResultShape]


class ModelShape(Shape):
    """A model that can be asked for as `id`."""

    id: str
    provider: str
    name: str
    capabilities: dict[str, bool]
    context_length: int | None
    """In tokens, where it is known."""

    @classmethod
    def of(cls, info: ModelInfo) -> "ModelShape":
        """A model as it is shown."""
        return cls(
            id=info.id,
            provider=info.provider,
            name=info.name,
            capabilities=to_builtins(info.capabilities),
            context_length=info.context_length,
        )


class AliasShape(Shape):
    """A name that can be asked for like a model: each of `models` takes over where the one before it fails."""

    name: str
    models: list[str]
    hedge: bool
    """Whether the next model is asked, too, when a first word is late."""


class ModelsShape(Shape):
    """All models that are known, the one that answers where none is named, and the names that stand for several."""

    default: str
    models: list[ModelShape]
    aliases: list[AliasShape]


def _error(version: Version) -> ErrorShape | None:
    return None if version.error is None else ErrorShape(code=version.error.code, message=version.error.message)
