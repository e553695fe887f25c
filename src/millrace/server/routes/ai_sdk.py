"""The chat transport of the AI SDK: `/api/ai/chat`. Clients of version 5, 6 or 7 change their `api`, nothing else."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response
from starlette.status import HTTP_204_NO_CONTENT

from millrace.dialects.ai_sdk import DONE, AiSdkDialect, decode_ask, decode_stop
from millrace.model.errors import MillraceError
from millrace.server.event_streams import event_stream
from millrace.server.problems import error_headers
from millrace.server.routes.documentation import EVENT, Responses, sentences
from millrace.server.services import Caller, Services, ServicesDep
from millrace.transports.ai_sdk_chats import Chats

PREFIX = "/api/ai"
_HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}
_STREAM = "A UI message stream, which ends with `data: [DONE]`"

router = APIRouter(prefix=f"{PREFIX}/chat", tags=["AI SDK"])
ChatId = Annotated[str, Path(max_length=200, description="The client's own name of the conversation.")]
Key = Annotated[str | None, Header(max_length=200)]


def plain_error(error: MillraceError) -> Response:
    """An error as these clients show it to people: they take the body for the message, whatever it is."""
    headers = {**error_headers(error), "X-Error-Code": error.code}
    return Response(error.message, error.status, headers, "text/plain")


def _stream(*statuses: int) -> Responses:
    answer = {"description": _STREAM, "content": {"text/event-stream": {"schema": EVENT}}}
    return {200: answer, **sentences(*statuses)}


_MESSAGE = {
    "type": "object",
    "required": ["role", "parts"],
    "properties": {
        "id": {"type": "string"},
        "role": {"type": "string", "enum": ["system", "user", "assistant"]},
        "parts": {"type": "array", "items": {"type": "object", "required": ["type"]}},
    },
}
_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 200},
        "messages": {"type": "array", "items": _MESSAGE, "description": "Only the last one counts."},
        "message": {**_MESSAGE, "description": "The user's message, in place of all of them."},
        "trigger": {"type": "string", "enum": ["submit-message", "regenerate-message"]},
        "messageId": {"type": ["string", "null"], "description": "The answer to write again."},
        "model": {"type": ["string", "null"]},
        "enableReasoning": {"type": ["boolean", "null"]},
        "thinkingMode": {"type": ["string", "null"], "enum": ["system1", "system2", "auto", None]},
        "context": {"type": ["object", "null"]},
    },
}
_ASK: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _BODY,
                "example": {
                    "id": "a-chat",
                    "messages": [
                        {"id": "m1", "role": "user", "parts": [{"type": "text", "text": "Why is the sky blue?"}]}
                    ],
                    "trigger": "submit-message",
                },
            }
        },
    }
}
_STOP: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"activeStreamId": {"type": ["string", "null"]}}},
                "example": {},
            }
        }
    }
}


@router.post(
    "",
    response_class=Response,
    openapi_extra=_ASK,
    responses=_stream(400, 401, 403, 404, 409, 413, 429, 503),
)
async def send_messages(
    request: Request, caller: Caller, services: ServicesDep, idempotency_key: Key = None
) -> Response:
    """Answer the last message, as a UI message stream. The turn goes on when the client goes away.

    The conversation is kept here, so of the `messages` only the last one counts; its id makes the request idempotent.
    Beside what the AI SDK sends, the body may hold `model`, `enableReasoning`, `thinkingMode` and `context`, as a
    `chat_request` has them.
    """
    ask = decode_ask(await request.body(), caller.user_id, key=idempotency_key)
    chats = _chats(services)
    return await event_stream(
        services, caller, lambda: chats.start(ask, caller), AiSdkDialect(), closing=DONE, headers=_HEADERS
    )


@router.get(
    "/{chat_id:path}/stream",
    response_class=Response,
    responses={**_stream(401, 404, 429, 503), 204: {"description": "Nothing is being answered"}},
)
async def resume_stream(chat_id: ChatId, caller: Caller, services: ServicesDep) -> Response:
    """Watch the answer that is being written, from its beginning, whoever asked for it."""
    turn = await _chats(services).running(chat_id, caller)
    if turn is None:
        return Response(status_code=HTTP_204_NO_CONTENT)
    return await event_stream(services, caller, turn, AiSdkDialect(), closing=DONE, headers=_HEADERS)


@router.post("/{chat_id:path}/stop", openapi_extra=_STOP, responses=sentences(400, 401, 403, 404, 413))
async def stop_stream(request: Request, chat_id: ChatId, caller: Caller, services: ServicesDep) -> dict[str, bool]:
    """Stop the answer that is being written, if one is. With `activeStreamId`, a turn's id, only that one."""
    turn_id = decode_stop(await request.body())
    await _chats(services).stop(chat_id, caller, turn_id)
    return {"success": True}


def _chats(services: Services) -> Chats:
    return Chats(services.engine, services.store)
