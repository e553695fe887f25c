"""The protocol `chat` where no WebSocket gets through: `POST /api/v1/chat/stream`, and stopping without any stream."""

from contextlib import ExitStack
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict
from starlette.status import HTTP_204_NO_CONTENT

from millrace.dialects.chat import ChatDialect
from millrace.model.commands import CancelTurn
from millrace.model.errors import InvalidRequest, MessageTooLong
from millrace.server.routes.chat import Id
from millrace.server.routes.documentation import EVENT, Responses, problems
from millrace.server.schemas import Body
from millrace.server.services import Caller, ServicesDep
from millrace.transports.connection import MAX_WATCHES, Connection, ConnectionOptions
from millrace.transports.exchange import Exchange
from millrace.transports.pump import Offer, Send

router = APIRouter(prefix="/api/v1/chat", tags=["chat"])

MAX_FRAMES = 2 * MAX_WATCHES
MAX_LINGER_MS = 10_000

_FRAMES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "array",
                    "maxItems": MAX_FRAMES,
                    "items": {
                        "type": "object",
                        "required": ["type", "data"],
                        "properties": {"type": {"type": "string"}, "data": {}},
                    },
                },
                "example": [{"type": "chat_request", "data": {"message": "Why is the sky blue?"}}],
            }
        },
    }
}
_EVENTS: Responses = {
    200: {
        "description": "What a WebSocket would have been sent, frame by frame",
        "content": {
            "text/event-stream": {"schema": EVENT, "example": 'data: {"type":"pong","data":{}}\n\n'},
        },
    }
}


class StopRequest(Body):
    """What is to stop: the answer that is being written in a conversation, or the one of a request."""

    model_config = ConfigDict(use_attribute_docstrings=True, json_schema_extra={"example": {"session_id": "s1"}})

    session_id: Id | None = None
    """The conversation whose answer is being written."""
    request_id: Id | None = None
    """The request, for somebody who does not know its conversation yet."""


@router.post(
    "/stream",
    response_class=Response,
    openapi_extra=_FRAMES,
    responses={**_EVENTS, **problems(400, 401, 403, 413, 429, 503)},
)
async def exchange(
    request: Request,
    caller: Caller,
    services: ServicesDep,
    # Not described with the rest, because those who try all that is described would wait for nothing.
    linger_ms: Annotated[int, Query(ge=0, le=MAX_LINGER_MS, include_in_schema=False)] = 0,
) -> Response:
    """Say what a WebSocket at `/api/ws/chat` would be sent, as a list of frames, and get what it would answer.

    The stream lasts until every answer that the frames follow has ended; its last record is the event `end`. One that
    breaks without it is taken up by `chat_resume`, here or on a WebSocket. `linger_ms` keeps it open a little
    longer, so that a client can find out whether something on the way holds records back.
    """
    frames = _frames(await request.body(), services.settings.limits.frame_bytes)
    options = ConnectionOptions(pace_ms=services.settings.generation.token_delay_ms)

    def connect(send: Send, offer: Offer | None) -> Connection:
        return Connection(services.engine, caller, ChatDialect(), send, services.clock, offer=offer, options=options)

    with ExitStack() as held:
        held.enter_context(services.connections.hold(caller.user_id))
        return Exchange(
            connect, frames, stopping=services.stopping, closed=held.pop_all().close, linger_s=linger_ms / 1000
        )


@router.post("/stop", status_code=HTTP_204_NO_CONTENT, responses=problems(400, 401, 403, 404, 409, 413))
async def stop(body: StopRequest, caller: Caller, services: ServicesDep) -> None:
    """Stop what is being written; who waits for it gets what there is. The `chat_stop` of HTTP."""
    await services.engine.cancel(CancelTurn(session_id=body.session_id, request_id=body.request_id), caller)


def _frames(body: bytes, frame_bytes: int) -> list[bytes]:
    """The frames of a request, unread.

    Raises:
        InvalidRequest: It is no list of them, or they are too many.
        MessageTooLong: One of them is.
    """
    try:
        frames = [bytes(frame) for frame in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The body must be a JSON list of frames: objects with 'type' and 'data'.") from error
    if len(frames) > MAX_FRAMES:
        raise InvalidRequest(f"At most {MAX_FRAMES} frames fit into one request. Send the others in another one.")
    if any(len(frame) > frame_bytes for frame in frames):
        raise MessageTooLong
    return frames
