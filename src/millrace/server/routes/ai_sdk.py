"""The chat transport of the AI SDK: `/api/ai/chat`. Clients of version 5, 6 or 7 change their `api`, nothing else."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response
from msgspec import structs
from pydantic import ConfigDict
from starlette.status import HTTP_204_NO_CONTENT

from millrace.dialects.ai_sdk import DONE, AiSdkDialect, decode_ask, decode_stop
from millrace.dialects.ai_sdk_history import ui_message, ui_question
from millrace.model.errors import MillraceError, NoActiveStream
from millrace.server.event_streams import event_stream
from millrace.server.problems import error_headers
from millrace.server.routes.documentation import EVENT, Responses, sentences
from millrace.server.schemas import Shape
from millrace.server.services import Caller, Services, ServicesDep
from millrace.transports.ai_sdk_chats import Chats
from millrace.transports.conversations import Conversations

PREFIX = "/api/ai"
_HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}
_STREAM = "A UI message stream, which ends with `data: [DONE]`"

router = APIRouter(prefix=f"{PREFIX}/chat", tags=["AI SDK"])
ChatId = Annotated[str, Path(max_length=200, description="The client's own name of the conversation.")]
Key = Annotated[str | None, Header(max_length=200)]
ProviderKey = Annotated[str | None, Header(max_length=1000)]


class ChatShape(Shape):
    """A conversation, as the AI SDK names its parts."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "a-chat",
                "messages": [
                    {"id": "m1", "role": "user", "parts": [{"type": "text", "text": "Why is the sky blue?"}]},
                    {"id": "m2", "role": "assistant", "parts": [{"type": "text", "text": "Light scatters."}]},
                ],
                "activeStreamId": None,
            }
        }
    )

    id: str
    messages: list[dict[str, Any]]
    """Oldest first."""
    activeStreamId: str | None  # noqa: N815 - the word of the protocol
    """The turn that is being answered; its question is the last of the messages."""


def plain_error(error: MillraceError) -> Response:
    """An error as these clients show it to people: they take the body for the message, whatever it is."""
    headers = {**error_headers(error), "X-Error-Code": error.code}
    if isinstance(error, NoActiveStream) and error.answer is not None:  # the stored answer to load instead
        headers |= {"X-Session-Id": error.answer.session_id, "X-Message-Id": error.answer.id}
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
    responses=_stream(400, 401, 403, 404, 409, 413, 429, 502, 503, 504),
)
async def send_messages(
    request: Request,
    caller: Caller,
    services: ServicesDep,
    idempotency_key: Key = None,
    x_provider_key: ProviderKey = None,
) -> Response:
    """Answer the last message, as a UI message stream. The turn goes on when the client goes away.

    The conversation is kept here, so of the `messages` only the last one counts; its id makes the request idempotent.
    Beside what the AI SDK sends, the body may hold `model`, `enableReasoning`, `thinkingMode` and `context`, as a
    `chat_request` has them. `X-Provider-Key` is the caller's own key for the provider, where the server takes such.
    """
    ask = decode_ask(await request.body(), caller.user_id, key=idempotency_key)
    ask = structs.replace(ask, command=structs.replace(ask.command, api_key=x_provider_key))
    chats = Chats(services.engine, services.store)
    return await event_stream(
        services,
        caller,
        lambda: chats.start(ask, caller),
        AiSdkDialect(waits=True),
        closing=DONE,
        headers=_HEADERS,
        refuse=plain_error,
    )


@router.get(
    "/{chat_id:path}/stream",
    response_class=Response,
    responses={**_stream(401, 404, 429, 503), 204: {"description": "Nothing is being answered"}},
)
async def resume_stream(chat_id: ChatId, caller: Caller, services: ServicesDep) -> Response:
    """Watch the answer that is being written, from its beginning, whoever asked for it."""
    turn = await _conversations(services).running(chat_id, caller)
    if turn is None:
        return Response(status_code=HTTP_204_NO_CONTENT)
    return await event_stream(services, caller, turn, AiSdkDialect(), closing=DONE, headers=_HEADERS)


@router.post("/{chat_id:path}/stop", openapi_extra=_STOP, responses=sentences(400, 401, 403, 404, 413))
async def stop_stream(request: Request, chat_id: ChatId, caller: Caller, services: ServicesDep) -> dict[str, bool]:
    """Stop the answer that is being written, if one is. With `activeStreamId`, a turn's id, only that one."""
    turn_id = decode_stop(await request.body())
    await _conversations(services).stop(chat_id, caller, turn_id)
    return {"success": True}


@router.get("/{chat_id:path}/messages", responses=sentences(401, 404))
async def read_messages(chat_id: ChatId, caller: Caller, services: ServicesDep) -> ChatShape:
    """What a page begins with: the newest 200 messages, and the id of the answer that is being written.

    Give `messages` to `useChat`, and let it `resume` where `activeStreamId` is not null.
    """
    conversation = await _conversations(services).read(chat_id, caller)
    messages = [ui_message(message) for message in conversation.messages]
    turn = conversation.running
    if turn is None:
        return ChatShape(id=chat_id, messages=messages, activeStreamId=None)
    return ChatShape(id=chat_id, messages=[*messages, ui_question(turn)], activeStreamId=turn.id)


def _conversations(services: Services) -> Conversations:
    return Conversations(services.engine, services.store)
