"""The protocol `tokens` over HTTP: `/api/chat`. An answer is an event stream, one record of JSON for each token."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from msgspec import json, to_builtins
from msgspec.structs import replace
from starlette.status import HTTP_204_NO_CONTENT

from millrace.dialects.dialect import Reference
from millrace.dialects.tokens import TokensDialect, decode_question, failure_of, position
from millrace.model.errors import InvalidRequest, MillraceError, NoActiveStream, RateLimited
from millrace.server.event_streams import event_stream
from millrace.server.problems import MEDIA_TYPE, error_headers, problem
from millrace.server.routes.documentation import EVENT, Responses, problems
from millrace.server.routes.sessions import delete_session, read_session
from millrace.server.schemas import MessageShape, RunningShape, SessionShape
from millrace.server.services import Caller, Services, ServicesDep
from millrace.server.visitors import visitor
from millrace.transports.sse import HEADERS, EventStream

PREFIX = "/api/chat"
router = APIRouter(prefix=PREFIX, tags=["tokens"])

_QUESTION: dict[str, Any] = {
    "type": "object",
    "required": ["message"],
    "properties": {
        "message": {"type": "string"},
        "session_id": {"type": ["string", "null"], "maxLength": 200, "description": "A new one where it is not given."},
        "model": {"type": ["string", "null"], "maxLength": 200, "description": "`provider/model`"},
        "partial": {
            "type": ["boolean", "null"],
            "description": "Whether each token comes with all text so far; while that is short, where it is not given.",
        },
        "request_id": {"type": ["string", "null"], "maxLength": 200, "description": "Idempotent for 24 hours."},
    },
}
_ASK: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _QUESTION, "example": {"message": "Why is the sky blue?"}}},
    }
}
_RECORDS = 'id: t1:1\ndata: {"token":"Air","count":1,"partial":"Air"}\n\n'


def tokens_error(error: MillraceError, reference: Reference | None = None) -> Response:
    """An error in place of an answer: what the protocol says of errors, in a problem document."""
    body = {**problem(error), **to_builtins(failure_of(error, reference))}
    return Response(json.encode(body), error.status, error_headers(error), MEDIA_TYPE)


def _stream(*statuses: int) -> Responses:
    records = {"text/event-stream": {"schema": EVENT, "example": _RECORDS}}
    return {200: {"description": "The answer, token by token", "content": records}, **problems(*statuses)}


@router.post(
    "/stream",
    response_class=Response,
    openapi_extra=_ASK,
    responses=_stream(400, 401, 403, 404, 409, 413, 429, 502, 503, 504),
)
async def ask(
    request: Request, services: ServicesDep, idempotency_key: Annotated[str | None, Header(max_length=200)] = None
) -> Response:
    """Ask, and get the answer token by token. Without a token in the request its sender is a guest.

    The `id` of each record is where the client is: `GET /api/chat/stream/{turn_id}` goes on from there.
    """
    who = await visitor(request, services)
    allowance = services.rates.count("streams", who.rate_key, per_minute=services.settings.limits.streams_per_minute)
    if not allowance.granted:
        refusal = tokens_error(RateLimited(retry_after=allowance.reset_s))
        refusal.headers.update(allowance.headers())
        return refusal
    asked = decode_question(await request.body(), who.principal.user_id)
    await who.welcome(services)
    stream = await event_stream(
        services,
        who.principal,
        replace(asked.command, request_id=asked.command.request_id or idempotency_key or None),
        _dialect(asked.partial, services),
        refuse=tokens_error,
    )
    stream.headers.update(allowance.headers())
    who.remember(request, stream, services)
    return stream


@router.get(
    "/stream/{turn_id}",
    response_class=Response,
    responses={**_stream(400, 401, 404, 429, 503), 204: {"description": "The client has seen all of it"}},
)
async def resume(
    turn_id: str,
    request: Request,
    caller: Caller,
    services: ServicesDep,
    last_event_id: Annotated[str | None, Header(max_length=300)] = None,
    seen: Annotated[str | None, Query(max_length=300, description="For clients that cannot set the header.")] = None,
    partial: bool | None = None,
) -> Response:
    """Go on with an answer behind the record `Last-Event-ID`, or from its beginning, and follow it live.

    Where the answer is over for so long that it cannot be followed, the stored message is told instead.
    """
    last = last_event_id or seen or ""
    if last == _end(turn_id):
        return Response(status_code=HTTP_204_NO_CONTENT)
    after = position(last, turn_id)
    try:
        turn = (await services.engine.find(turn_id, caller)).turn
        stream = await event_stream(services, caller, turn, _dialect(partial, services), after=after)
    except NoActiveStream as error:
        return _over(error, turn_id, request)
    return _from(stream, after)


class TokensSessionShape(SessionShape):
    """A conversation with its newest messages, oldest first."""

    session_id: str
    """The same as `id`."""
    messages: list[MessageShape]
    running: list[RunningShape]
    """What is being written, or waits."""


@router.get("/sessions/{session_id}", responses=problems(400, 401, 404))
async def read_tokens_session(
    session_id: str,
    caller: Caller,
    services: ServicesDep,
    before: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 200,
) -> TokensSessionShape:
    """A conversation: its messages, how many there are, and when it was."""
    detail = await read_session(session_id, caller, services, before, limit)
    return TokensSessionShape(
        **detail.session.model_dump(), session_id=detail.session.id, messages=detail.messages, running=detail.running
    )


@router.delete("/sessions/{session_id}", status_code=HTTP_204_NO_CONTENT, responses=problems(401, 403, 404))
async def delete_tokens_session(session_id: str, caller: Caller, services: ServicesDep) -> Response:
    """Delete a conversation with all its messages; what is being written in it is stopped first."""
    return await delete_session(session_id, caller, services)


def _dialect(partial: bool | None, services: Services) -> TokensDialect:
    return TokensDialect(partial, partial_chars=services.settings.generation.partial_chars)


def _from(stream: EventStream, after: int) -> Response:
    """The stream, unless nothing follows: an `EventSource` asks again after the end until it is told that by a 204."""
    hot = stream.follower.hot
    last = len(hot.entries) - 1
    if after < last or (after == last and not hot.sealed):
        return stream
    stream.close()
    if after == last:
        return Response(status_code=HTTP_204_NO_CONTENT)
    raise InvalidRequest(f"Last-Event-ID is beyond the end of this answer, whose last event is {last}. Leave it out.")


def _over(error: NoActiveStream, turn_id: str, request: Request) -> Response:
    """What is stored of an answer that can be followed no more.

    An `EventSource` cannot read an error's body, so it gets a record, whose id tells us when it asks again.
    """
    reference = Reference(turn_id=turn_id)
    if error.answer is None or "text/event-stream" not in request.headers.get("accept", ""):
        return tokens_error(error, reference)
    record = b"id: %b\ndata: %b\n\n" % (_end(turn_id).encode(), json.encode(failure_of(error, reference)))
    return Response(record, headers=dict(HEADERS), media_type=EventStream.media_type)


def _end(turn_id: str) -> str:
    return f"{turn_id}:end"
