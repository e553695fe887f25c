"""AG-UI 1.0: `/api/ag-ui`."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from msgspec import structs

from millrace.dialects.ag_ui import AgUiDialect, decode_names, decode_run
from millrace.dialects.ag_ui_history import agent_message, agent_question
from millrace.server.event_streams import event_stream
from millrace.server.routes.documentation import EVENT, Responses, problems
from millrace.server.services import Caller, ServicesDep
from millrace.transports.conversations import Conversations
from millrace.transports.sse import HEADERS, EventStream

router = APIRouter(prefix="/api/ag-ui", tags=["AG-UI"])

_NAME = {"type": "string", "minLength": 1, "maxLength": 200}
_RUN: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["threadId", "runId", "messages"],
                    "properties": {
                        "threadId": {**_NAME, "description": "The client's own name of the conversation."},
                        "runId": {**_NAME, "description": "Makes the request idempotent."},
                        "messages": {
                            "type": "array",
                            "description": "Only the last one counts.",
                            "items": {
                                "type": "object",
                                "required": ["role"],
                                "properties": {"role": {"type": "string"}},
                            },
                        },
                        "forwardedProps": {
                            "description": "The `model`, `enableReasoning` and so on of a `chat_request`."
                        },
                    },
                },
                "example": {
                    "threadId": "a-thread",
                    "runId": "a-run",
                    "messages": [{"id": "m1", "role": "user", "content": "Why is the sky blue?"}],
                    "tools": [],
                    "context": [],
                },
            }
        },
    }
}
_EVENTS: Responses = {
    200: {
        "description": "The events of the run, the last of which is `RUN_FINISHED` or `RUN_ERROR`",
        "content": {"text/event-stream": {"schema": EVENT}},
    }
}


@router.post(
    "",
    response_class=Response,
    openapi_extra=_RUN,
    responses={**_EVENTS, **problems(400, 401, 403, 404, 409, 413, 429, 503)},
)
async def run_agent(
    request: Request,
    caller: Caller,
    services: ServicesDep,
    x_provider_key: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """Answer the last message, as a run. It goes on when the client goes away; the same `runId` again gives it anew.

    The conversation is kept here, so of the `messages` only the last one counts. Tools, state and context are the
    client's own business. `X-Provider-Key` is the caller's own key for the provider, where the server takes such.
    """
    command, names = decode_run(await request.body(), caller.user_id)
    command = structs.replace(command, api_key=x_provider_key)
    return await event_stream(services, caller, command, AgUiDialect(names))


@router.post(
    "/connect",
    response_class=Response,
    openapi_extra=_RUN,
    responses={**_EVENTS, **problems(400, 401, 403, 404, 413, 429, 503)},
)
async def connect_agent(request: Request, caller: Caller, services: ServicesDep) -> Response:
    """Join a conversation: all that was said, and the answer that is being written, whoever asked for it.

    The body is that of a run, which asks nothing: its `messages` may be empty.
    """
    names = decode_names(await request.body())
    conversation = await Conversations(services.engine, services.store).read(names.thread_id, caller)
    said = [agent_message(message) for message in conversation.messages]
    turn = conversation.running
    if turn is None:
        return Response(AgUiDialect(names, said).idle(), headers=dict(HEADERS), media_type=EventStream.media_type)
    return await event_stream(services, caller, turn, AgUiDialect(names, [*said, agent_question(turn)]))
