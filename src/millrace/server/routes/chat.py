"""A whole turn in one request: `POST /api/v1/chat`."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Response
from msgspec import to_builtins
from pydantic import ConfigDict, Field

from millrace.model.commands import StartTurn, ThinkingChoice, TurnContext
from millrace.model.errors import InvalidRequest, MillraceError
from millrace.model.events import Entry, TurnCancelled, TurnCompleted, TurnFailed
from millrace.model.failures import failed_turn
from millrace.model.messages import FoldedMessage, Turn
from millrace.model.principal import Principal
from millrace.server.routes.documentation import problems
from millrace.server.schema_examples import ANSWER
from millrace.server.schemas import Body, Shape
from millrace.server.services import Caller, Services, ServicesDep
from millrace.server.whole_turns import whole_turn
from millrace.stream.fold import fold
from millrace.stream.metadata import completion_metadata, partial_metadata

router = APIRouter(prefix="/api/v1", tags=["chat"])
Id = Annotated[str, Field(min_length=1, max_length=200)]


class ChatContext(Body):
    """The circumstances of a question. Fields that are not named here are handed on as they are."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    subject: str | None = None
    """What it is about."""
    difficulty: Annotated[float, Field(ge=0, le=1)] | None = None
    """How hard it may be, 0 to 1."""
    enable_rag: bool = False
    """Whether passages from documents are looked for."""
    document_ids: list[Id] = Field(default_factory=list, max_length=100)
    """The documents to look in; all where none is named."""


class ChatRequest(Body):
    """A question: the data of a `chat_request`."""

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={"example": {"message": "Why is the sky blue?", "enable_reasoning": False}},
    )

    message: str
    """What is asked."""
    user_id: str | None = None
    """Must be the caller's own id where it is given."""
    session_id: Id | None = None
    """The conversation to ask in; a new one where it is not given."""
    request_id: Id | None = None
    """Makes the request idempotent for 24 hours. The header `Idempotency-Key` does the same."""
    enable_reasoning: bool = False
    """Whether the steps of reasoning are wanted."""
    thinking_mode: ThinkingChoice = "auto"
    """`system1` answers at once, `system2` thinks first, `auto` lets the server choose."""
    model: Id | None = None
    """`provider/model`; the default model where it is not given."""
    context: ChatContext = Field(default_factory=ChatContext)


class RegenerateRequest(Body):
    """Which answer is written anew: the data of a `chat_regenerate`."""

    model_config = ConfigDict(
        use_attribute_docstrings=True, json_schema_extra={"example": {"session_id": "s1", "message_id": "m1"}}
    )

    session_id: Id
    """The conversation."""
    message_id: Id
    """The answer."""
    request_id: Id | None = None
    """Makes the request idempotent for 24 hours."""
    enable_reasoning: bool = False
    """Whether the steps of reasoning are wanted."""
    thinking_mode: ThinkingChoice = "auto"
    """As in a question."""
    model: Id | None = None
    """`provider/model`; the default model where it is not given."""
    context: ChatContext = Field(default_factory=ChatContext)


class ChatAnswer(Shape):
    """The whole answer."""

    model_config = ConfigDict(json_schema_extra={"example": ANSWER})

    session_id: str
    message_id: str
    turn_id: str
    status: Literal["complete", "cancelled"]
    """`cancelled`: it was stopped, and `message` is what had been written."""
    message: str
    emotion_state: dict[str, Any] | None
    """The emotion in the question, as in `emotion_update`."""
    reasoning_steps: list[dict[str, Any]] | None = None
    """The steps of reasoning, where they were asked for."""
    metadata: dict[str, Any]
    """As in `chat_complete`."""


@router.post("/chat", responses=problems(400, 401, 403, 404, 409, 413, 429, 502, 503, 504))
async def chat(
    body: ChatRequest,
    caller: Caller,
    services: ServicesDep,
    response: Response,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    x_provider_key: Annotated[str | None, Header(max_length=1000)] = None,
) -> ChatAnswer:
    """Ask, and get the answer once it is whole. It is the same turn as over a WebSocket, and can be watched there.

    `X-Provider-Key` is the caller's own key for the provider, for this question alone, where the server allows it.
    """
    response.headers["Cache-Control"] = "no-store"
    return await _whole(_command(body, caller, idempotency_key, x_provider_key), caller, services)


@router.post("/chat/regenerate", responses=problems(400, 401, 403, 404, 409, 413, 429, 502, 503, 504))
async def regenerate(
    body: RegenerateRequest,
    caller: Caller,
    services: ServicesDep,
    response: Response,
    x_provider_key: Annotated[str | None, Header(max_length=1000)] = None,
) -> ChatAnswer:
    """Have an answer written anew, as another version of it, and get that once it is whole."""
    response.headers["Cache-Control"] = "no-store"
    command = StartTurn(
        session_id=body.session_id,
        regenerate=body.message_id,
        request_id=body.request_id,
        model=body.model,
        enable_reasoning=body.enable_reasoning,
        thinking_mode=body.thinking_mode,
        context=_context(body.context),
        api_key=x_provider_key,
    )
    return await _whole(command, caller, services)


async def _whole(command: StartTurn, caller: Principal, services: Services) -> ChatAnswer:
    turn = await services.engine.start(command, caller)
    entries = await whole_turn(services, turn, caller)
    folded, terminal = fold(entries), entries[-1]
    if isinstance(terminal.event, TurnFailed):
        raise failed_turn(terminal.event)
    return _answer(turn, folded, terminal, reasoning=command.enable_reasoning)


def _command(body: ChatRequest, caller: Principal, idempotency_key: str | None, api_key: str | None) -> StartTurn:
    if body.user_id is not None and body.user_id != caller.user_id:
        raise InvalidRequest("user_id: this is not the user whose token was sent.")
    return StartTurn(
        message=body.message,
        session_id=body.session_id,
        request_id=body.request_id or idempotency_key,
        model=body.model,
        enable_reasoning=body.enable_reasoning,
        thinking_mode=body.thinking_mode,
        context=_context(body.context),
        api_key=api_key,
    )


def _context(context: ChatContext) -> TurnContext:
    return TurnContext(
        subject=context.subject,
        difficulty=context.difficulty,
        enable_rag=context.enable_rag,
        document_ids=tuple(context.document_ids),
        extra=context.model_extra or None,
    )


def _answer(turn: Turn, folded: FoldedMessage, terminal: Entry, *, reasoning: bool) -> ChatAnswer:
    event = terminal.event
    match event:
        case TurnCompleted():
            metadata = completion_metadata(event)
        case TurnCancelled():
            metadata = partial_metadata(event)
        case _:
            raise MillraceError(detail=f"a turn's log ends with {type(event).__name__}")
    return ChatAnswer(
        session_id=turn.session_id,
        message_id=turn.message_id,
        turn_id=turn.id,
        status="complete" if isinstance(event, TurnCompleted) else "cancelled",
        message=folded.text,
        emotion_state=None if folded.user_emotion is None else to_builtins(folded.user_emotion),
        reasoning_steps=[_step(step) for step in to_builtins(folded.reasoning_steps)] if reasoning else None,
        metadata=metadata,
    )


def _step(step: dict[str, Any]) -> dict[str, Any]:
    """A step of reasoning as the chat protocol names its parts."""
    return {
        "step_number": step["number"],
        "type": step["kind"],
        "content": step["content"],
        "confidence": step.get("confidence"),
    }
