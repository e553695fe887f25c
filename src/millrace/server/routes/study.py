"""The protocol `study` over HTTP: answers from the user's own documents."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from msgspec import json, to_builtins
from pydantic import ConfigDict

from millrace.dialects.study import KEEP_ALIVE, StudyDialect, decode_completion, decode_search
from millrace.dialects.study_sources import whole_answer
from millrace.dialects.tokens import position
from millrace.model.errors import MillraceError
from millrace.model.events import TurnFailed
from millrace.model.failures import failed_turn
from millrace.model.messages import FoldedMessage, Turn
from millrace.model.principal import Principal
from millrace.server.event_streams import event_stream
from millrace.server.problems import MEDIA_TYPE, error_headers, problem
from millrace.server.routes.documentation import EVENT, Responses, problems
from millrace.server.schemas import Shape, iso
from millrace.server.services import Caller, Services, ServicesDep
from millrace.server.study import StudyDesk, shown_sources
from millrace.server.whole_turns import whole_turn
from millrace.stream.fold import fold
from millrace.transports.sse import EventStream

PREFIXES = ("/api/v1/semantic_search_stream", "/api/v1/semantic_search", "/api/v1/chat/completions")
router = APIRouter(prefix="/api/v1", tags=["study"])
_ID: dict[str, Any] = {"type": ["string", "null"], "maxLength": 200}
_SEARCH: dict[str, Any] = {
    "type": "object",
    "required": ["user_query"],
    "properties": {
        "user_query": {"type": "string"},
        "user_id": {**_ID, "description": "Must be the caller's own id where it is given."},
        "class_name": _ID,
        "doc_id": {
            **_ID,
            "description": 'The document to look in; all of the caller\'s where none, or "null", is given.',
        },
        "chat_history": {
            "type": ["array", "null"],
            "maxItems": 1000,
            "items": {
                "type": "object",
                "required": ["role", "content"],
                "properties": {"role": {"enum": ["user", "assistant"]}, "content": {"type": "string"}},
            },
        },
        "source": {"enum": ["main_app", "chrome_extension", None]},
        "request_id": {**_ID, "description": "Makes the request idempotent."},
        "model": {**_ID, "description": "`provider/model`; the default model where it is not given."},
    },
}
_COMPLETION: dict[str, Any] = {
    "type": "object",
    "properties": {
        "message": {"type": ["string", "null"]},
        "user_id": _SEARCH["properties"]["user_id"],
        "class_name": _ID,
        "docId": _SEARCH["properties"]["doc_id"],
        "chatSessionId": {**_ID, "description": "A new conversation where it is not given."},
        "ephemeral": {"type": ["boolean", "null"], "description": "Leaves nothing behind."},
        "retry": {"type": ["boolean", "null"], "description": "A new version of the conversation's last answer."},
        "requestId": _SEARCH["properties"]["request_id"],
        "model": _SEARCH["properties"]["model"],
    },
}
_RECORD = 'id: t1:2\ndata: {"type":"token","content":"Light "}\n\n'


def _body(schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}


def _stream(*statuses: int) -> Responses:
    records = {"text/event-stream": {"schema": EVENT, "example": _RECORD}}
    return {200: {"description": "The answer, piece by piece", "content": records}, **problems(*statuses)}


def study_error(error: MillraceError) -> Response:
    """A problem document that says `message` and `error` too, which is where these clients look."""
    body = {**problem(error), "message": error.message, "error": error.message}
    return Response(json.encode(body), error.status, error_headers(error), MEDIA_TYPE)


class SearchAnswer(Shape):
    """The whole answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "content": "Light scatters [1].",
                "citations": [{"number": 1, "documentId": "d1", "title": "Optics", "text": "Light scatters."}],
                "chunkReferences": [{"chunkId": "d1:0", "documentId": "d1", "displayNumber": 1}],
                "quotations": [],
                "messageId": "m1",
                "cancelled": False,
            }
        }
    )

    content: str
    citations: list[dict[str, Any]]
    chunkReferences: list[dict[str, Any]]  # noqa: N815 - the word of the protocol
    quotations: list[dict[str, Any]]
    """What the answer gives as quotations, and whether they stand in the documents word for word."""
    messageId: str  # noqa: N815 - as above
    cancelled: bool
    """Whether it was stopped; then this is what had been written."""


class CompletionAnswer(Shape):
    """The conversation after the answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "chatSessionId": "s1",
                "messages": [{"id": "m0", "role": "user", "content": "Why?", "status": "complete"}],
                "assignedClass": None,
                "assignedDocument": "d1",
            }
        }
    )

    chatSessionId: str  # noqa: N815 - the words of the protocol
    messages: list[dict[str, Any]]
    """Oldest first. Answers have `versions`; `currentVersion` is the place of the one that is shown, from 0."""
    assignedClass: str | None  # noqa: N815 - as above
    assignedDocument: str | None  # noqa: N815 - as above


@router.post(
    "/semantic_search_stream",
    response_class=Response,
    openapi_extra=_body(_SEARCH, {"user_query": "Why is the sky blue?"}),
    responses=_stream(400, 401, 403, 404, 409, 413, 429, 502, 503, 504),
)
async def semantic_search_stream(request: Request, caller: Caller, services: ServicesDep) -> Response:
    """Ask one's own documents, and get the answer piece by piece, with its sources at the end."""
    search = decode_search(await request.body(), caller.user_id)
    command = await StudyDesk(services, caller).search(search)
    study = services.settings.study
    return await event_stream(
        services,
        caller,
        command,
        StudyDialect(study.events_chunk_size),
        refuse=study_error,
        keep_alive=(KEEP_ALIVE, study.stream_keepalive_ms / 1000),
    )


@router.get("/semantic_search_stream/{turn_id}", response_class=Response, responses=_stream(400, 401, 404, 429, 503))
async def resume_search(
    turn_id: str,
    caller: Caller,
    services: ServicesDep,
    last_event_id: Annotated[str | None, Header(max_length=300)] = None,
) -> EventStream:
    """Go on with an answer behind the record `Last-Event-ID`, or from its beginning, and follow it live.

    An answer that has ended can be followed for a moment only, since nothing of it is kept.
    """
    turn = (await services.engine.find(turn_id, caller)).turn
    study = services.settings.study
    return await event_stream(
        services,
        caller,
        turn,
        StudyDialect(study.events_chunk_size),
        after=position(last_event_id or "", turn_id),
        keep_alive=(KEEP_ALIVE, study.stream_keepalive_ms / 1000),
    )


@router.post(
    "/semantic_search",
    openapi_extra=_body(_SEARCH, {"user_query": "Why is the sky blue?"}),
    responses=problems(400, 401, 403, 404, 409, 413, 429, 502, 503, 504),
)
async def semantic_search(request: Request, caller: Caller, services: ServicesDep) -> SearchAnswer:
    """Ask one's own documents, and get the answer once it is whole."""
    search = decode_search(await request.body(), caller.user_id)
    turn = await services.engine.start(await StudyDesk(services, caller).search(search), caller)
    folded = await _ended(services, turn, caller)
    text, found = whole_answer(folded.text, folded.passages, folded.citations)
    return SearchAnswer(
        content=text,
        citations=to_builtins(found.citations),
        chunkReferences=to_builtins(found.chunk_references),
        quotations=to_builtins(found.quotations),
        messageId=turn.message_id,
        cancelled=folded.status == "cancelled",
    )


@router.post(
    "/chat/completions/stream",
    openapi_extra=_body(_COMPLETION, {"message": "Why is the sky blue?"}),
    responses=problems(400, 401, 403, 404, 409, 413, 429, 502, 503, 504),
)
async def chat_completion(request: Request, caller: Caller, services: ServicesDep) -> CompletionAnswer:
    """Ask in a conversation about one's own documents, and get the conversation once the answer is whole.

    The answer goes piece by piece to all of the caller's tabs that are connected by Socket.IO.
    """
    completion = decode_completion(await request.body(), caller.user_id)
    desk = StudyDesk(services, caller)
    turn = await services.engine.start(await desk.completion(completion), caller)
    folded = await _ended(services, turn, caller)
    return CompletionAnswer(
        chatSessionId=turn.session_id,
        messages=_aside(turn, folded) if turn.command.ephemeral else await desk.messages(turn.session_id),
        assignedClass=completion.search.class_name,
        assignedDocument=completion.search.document_id,
    )


async def _ended(services: Services, turn: Turn, caller: Principal) -> FoldedMessage:
    """A turn at its end.

    Raises:
        MillraceError: What it failed with.
    """
    entries = await whole_turn(services, turn, caller)
    if isinstance(event := entries[-1].event, TurnFailed):
        raise failed_turn(event)
    return fold(entries)


def _aside(turn: Turn, folded: FoldedMessage) -> list[dict[str, Any]]:
    """The question and the answer of a turn that leaves nothing behind."""
    text, found = whole_answer(folded.text, folded.passages, folded.citations)
    answer = {"content": text, "status": folded.status, **shown_sources(found)}
    when = {"createdAt": iso(turn.created_at)}
    return [
        {"id": turn.user_message_id, "role": "user", "content": turn.command.message, "status": "complete", **when},
        {
            "id": turn.message_id,
            "role": "assistant",
            **when,
            **answer,
            "versions": [{"number": 1, **answer}],
            "currentVersion": 0,
        },
    ]
