"""OpenAI's models and chat completions: `/v1/models`, `/v1/chat/completions`."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from msgspec import json, structs

from millrace.dialects.openai import DONE, ChatCompletions, completion
from millrace.dialects.openai_errors import ModelNotFound
from millrace.dialects.openai_request import ChatCompletionRequest, decode_chat_completion
from millrace.model.commands import StartTurn
from millrace.model.errors import InvalidRequest
from millrace.model.messages import Turn
from millrace.ports import ModelDirectory
from millrace.server.event_streams import event_stream, turn_headers
from millrace.server.openai_errors import openai_error_response
from millrace.server.routes.openai_documentation import body_of, openai_answer, openai_errors
from millrace.server.schema_examples import COMPLETION, OPENAI_MODELS
from millrace.server.services import Caller, Services, ServicesDep
from millrace.server.whole_turns import ClientGone, whole_turn

PREFIX = "/v1"
"""Where everything is as OpenAI's API has it, errors too."""
router = APIRouter(prefix=PREFIX, tags=["openai"])

IdempotencyKey = Annotated[str | None, Header(max_length=200)]
"""Sent again with the same key within 24 hours, a request gets the answer it got before."""
SessionName = Annotated[str | None, Header(alias="X-Session-Id", min_length=1, max_length=200)]
"""The conversation to keep question and answer in: its id, or a name of the caller's own. A new one without it."""
ProviderKey = Annotated[str | None, Header(alias="X-Provider-Key", max_length=1000)]
"""The caller's own key for the provider, for this request alone, where the server allows it."""


@router.get("/models", responses={**openai_answer("The models.", OPENAI_MODELS), **openai_errors(401, 403)})
async def list_openai_models(_: Caller, services: ServicesDep) -> Response:
    """All models that are known and the names of chains of them, as OpenAI's API lists models."""
    return json_answer({"object": "list", "data": _listed(services.models)})


@router.get(
    "/models/{model:path}",
    responses={**openai_answer("The model.", OPENAI_MODELS["data"][0]), **openai_errors(401, 403, 404)},
)
async def read_openai_model(model: str, _: Caller, services: ServicesDep) -> Response:
    """One model."""
    listed = next((each for each in _listed(services.models) if each["id"] == model), None)
    if listed is None:
        raise ModelNotFound(f"The model {model[:200]!r} does not exist. `GET /v1/models` lists those that do.")
    return json_answer(listed)


@router.post(
    "/chat/completions",
    openapi_extra=body_of(
        ChatCompletionRequest,
        {"model": "openai/gpt-5-mini", "messages": [{"role": "user", "content": "Why is the sky blue?"}]},
    ),
    responses={
        **openai_answer("The answer; with `stream`, chunks of it.", COMPLETION, stream=True),
        **openai_errors(400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504),
    },
)
async def create_chat_completion(
    request: Request,
    caller: Caller,
    services: ServicesDep,
    idempotency_key: IdempotencyKey = None,
    session_name: SessionName = None,
    provider_key: ProviderKey = None,
) -> Response:
    """Answer a conversation, which the request carries whole.

    Closing the connection stops the answer, unless somebody else watches it. Question and answer are kept in a
    conversation, whose id is in the header `X-Session-Id`; `X-Turn-Id` names the answer in other protocols.
    """
    call = decode_chat_completion(await request.body())
    command = addressed(call.command, services, idempotency_key, session_name, provider_key)
    if call.stream:
        dialect = ChatCompletions(usage=call.include_usage)
        return await event_stream(services, caller, command, dialect, closing=DONE, refuse=openai_error_response)
    turn = await services.engine.start(command, caller)
    try:
        entries = await whole_turn(services, turn, caller, request.receive)
    except ClientGone:
        return gone()
    return json_answer(completion(entries), turn)


def addressed(
    command: StartTurn, services: Services, request_id: str | None, session_name: str | None, api_key: str | None
) -> StartTurn:
    """A command with what stands in headers.

    Raises:
        ModelNotFound: There is no such model.
    """
    try:
        services.models.resolve(command.model)
    except InvalidRequest as error:
        raise ModelNotFound(error.message) from error
    return structs.replace(command, request_id=request_id, session_name=session_name, api_key=api_key)


def json_answer(body: dict[str, Any], turn: Turn | None = None) -> Response:
    """An answer in JSON, which names the turn that it is about."""
    headers = {"Cache-Control": "no-store"}
    if turn is not None:
        headers |= turn_headers(turn)
    return Response(json.encode(body), headers=headers, media_type="application/json")


def gone() -> Response:
    """For a client that waits no more: nobody gets it."""
    return Response(status_code=499)


def _listed(models: ModelDirectory) -> list[dict[str, Any]]:
    """Models by their ids, then chains by their names."""
    return [
        *(_model(info.id, info.provider) for info in models.models()),
        *(_model(alias.name, "millrace") for alias in models.aliases()),
    ]


def _model(name: str, owner: str) -> dict[str, Any]:
    # When a model was made is not known to most providers; clients want a number.
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}
