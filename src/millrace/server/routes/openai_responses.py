"""OpenAI's responses: `/v1/responses`."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from msgspec import structs

from millrace.dialects.openai_errors import BadParameter, PreviousNotFound
from millrace.dialects.openai_response import Answer, Status, response_object, stored_answer
from millrace.dialects.openai_responses import DELIVERY, Responses, response
from millrace.dialects.openai_responses_request import (
    ResponseCall,
    ResponseFacts,
    ResponseRequest,
    decode_response,
    facts_of,
    turn_id_of,
    with_earlier,
)
from millrace.model.commands import CancelTurn, StartTurn
from millrace.model.errors import NoActiveStream, NotFound
from millrace.model.events import TurnFailed, is_terminal
from millrace.model.failures import failed_turn
from millrace.model.generation import PromptMessage
from millrace.model.messages import Message, Turn, Version
from millrace.model.principal import Principal
from millrace.model.turns import TurnRecord
from millrace.server.event_streams import event_stream
from millrace.server.openai_errors import openai_error_response
from millrace.server.routes.openai import (
    IdempotencyKey,
    ProviderKey,
    SessionName,
    addressed,
    gone,
    json_answer,
)
from millrace.server.routes.openai_documentation import body_of, openai_answer, openai_errors
from millrace.server.schema_examples import RESPONSE
from millrace.server.services import Caller, Services, ServicesDep
from millrace.server.whole_turns import ClientGone, whole_turn

router = APIRouter(prefix="/v1/responses", tags=["openai"])

ResponseId = Annotated[str, Path(max_length=200)]

_RUNNING: dict[str, Status] = {"queued": "queued", "running": "in_progress"}
_EVENTS_GONE = "The events of this response are gone. Fetch it without 'stream' to see what it came to."
_UNKNOWN = "There is no response with this id, or it is not yours."


@router.post(
    "",
    openapi_extra=body_of(ResponseRequest, {"model": "openai/gpt-5-mini", "input": "Why is the sky blue?"}),
    responses={
        **openai_answer("The response; with `stream`, its events.", RESPONSE, stream=True),
        **openai_errors(400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504),
    },
)
async def create_response(
    request: Request,
    caller: Caller,
    services: ServicesDep,
    idempotency_key: IdempotencyKey = None,
    session_name: SessionName = None,
    provider_key: ProviderKey = None,
) -> Response:
    """Answer an input, after what came before it in `previous_response_id`, if that is named.

    With `background` the answer goes on whoever is connected: it can be fetched, followed and cancelled by its id.
    Otherwise closing the connection stops it, unless somebody else watches it.
    """
    call = decode_response(await request.body(), services.clock.now_ms())
    command = addressed(await _continued(call, caller, services), services, idempotency_key, session_name, provider_key)
    facts = call.facts
    if call.stream:
        dialect = Responses(facts, eager=facts.background)
        return await event_stream(services, caller, command, dialect, options=DELIVERY, refuse=openai_error_response)
    turn = await services.engine.start(command, caller)
    if facts.background:
        return json_answer(await _object(turn.id, caller, services), turn)
    try:
        entries = await whole_turn(services, turn, caller, request.receive)
    except ClientGone:
        return gone()
    if isinstance(entries[-1].event, TurnFailed):
        raise failed_turn(entries[-1].event)
    return json_answer(response(entries, facts), turn)


@router.get(
    "/{response_id}",
    responses={
        **openai_answer("The response as it is now; with `stream`, its events.", RESPONSE, stream=True),
        **openai_errors(400, 401, 403, 404, 429, 503),
    },
)
async def read_response(
    response_id: ResponseId,
    caller: Caller,
    services: ServicesDep,
    stream: Annotated[bool, Query()] = False,
    starting_after: Annotated[int, Query(ge=-1, le=2**53)] = -1,
) -> Response:
    """A response, whoever started it and in whatever protocol: `resp_` and the id of its turn.

    With `stream` its events follow, from behind `sequence_number` `starting_after`, until it ends. They are kept for an
    hour (`log_retention_s`) after it ended, the response as long as its conversation.
    """
    turn_id = turn_id_of(response_id)
    if not stream:
        return json_answer(await _object(turn_id, caller, services))
    try:
        turn = (await services.engine.find(turn_id, caller)).turn
        dialect = Responses(_kept_facts(turn), eager=True)
        events = await event_stream(services, caller, turn, dialect, options=DELIVERY, refuse=openai_error_response)
    except NoActiveStream as error:
        if error.answer is None:
            raise NotFound(_UNKNOWN) from error
        raise NotFound(_EVENTS_GONE) from error
    events.seen = starting_after + 1
    return events


@router.post(
    "/{response_id}/cancel",
    responses={**openai_answer("The response, cancelled.", RESPONSE), **openai_errors(400, 401, 403, 404, 503)},
)
async def cancel_response(response_id: ResponseId, caller: Caller, services: ServicesDep) -> Response:
    """Stop a response, whoever started it and in whatever protocol. One that has ended stays as it is."""
    turn_id = turn_id_of(response_id)
    try:
        turn = await services.engine.cancel(CancelTurn(turn_id=turn_id), caller)
    except NoActiveStream:
        return json_answer(await _object(turn_id, caller, services))
    entries = await whole_turn(services, turn, caller)
    return json_answer(response(entries, facts_of(turn)), turn)


async def _object(turn_id: str, caller: Principal, services: Services) -> dict[str, Any]:
    """The response object of a turn as it is now.

    Raises:
        NotFound: It is unknown, another user's, or was not to be stored.
    """
    record = await _record(turn_id, caller, services)
    if record is None:
        message, version = await _stored(turn_id, caller, services)
        facts, model = ResponseFacts(created_at=message.created_at // 1000), (version.metadata or {}).get("model", "")
        return response_object(turn_id, model, facts, stored_answer(version))
    facts = _kept_facts(record.turn)
    # The log comes first: a turn has ended for whoever saw its last entry, a little before the registry knows.
    entries = await services.engine.written(record.turn)
    if entries and is_terminal(entries[-1].event):
        return response(entries, facts)
    if record.state in _RUNNING:
        answer = Answer(status=_RUNNING[record.state])
    else:
        answer = stored_answer((await _stored(turn_id, caller, services))[1])
    return response_object(turn_id, record.turn.model, facts, answer)


async def _record(turn_id: str, caller: Principal, services: Services) -> TurnRecord | None:
    """What is known of the caller's turn while its log is kept."""
    try:
        return await services.engine.find(turn_id, caller)
    except NoActiveStream:
        return None


async def _stored(turn_id: str, caller: Principal, services: Services) -> tuple[Message, Version]:
    try:
        return await services.access.answer(turn_id, caller)
    except NotFound as error:
        raise NotFound(_UNKNOWN) from error


def _kept_facts(turn: Turn) -> ResponseFacts:
    """The facts of a response that may be fetched.

    Raises:
        NotFound: It was not to be stored.
    """
    facts = facts_of(turn)
    if not facts.store:
        raise NotFound(_UNKNOWN)
    return facts


async def _continued(call: ResponseCall, caller: Principal, services: Services) -> StartTurn:
    """The command of a call, after what came before it.

    It goes on in the conversation of the previous response, where that is its newest answer. Where it is not, a new
    conversation branches off.

    Raises:
        BadParameter: The previous response is unknown, or not there yet.
    """
    previous = call.facts.previous_response_id
    if previous is None:
        return with_earlier(call, ())
    turn_id = turn_id_of(previous)
    message, version = await _previous(turn_id, caller, services)
    limit = services.settings.generation.history_messages
    earlier = [
        PromptMessage(each.role, each.version.content)
        for each in await services.store.messages(message.session_id, limit=limit, before=message.id)
    ]
    command = with_earlier(call, (*earlier, PromptMessage("assistant", version.content)))
    newest = await services.store.messages(message.session_id, limit=1)
    others = [each for each in await services.engine.active(message.session_id, caller) if each.turn.id != turn_id]
    if others or not newest or newest[0].id != message.id:
        return command
    return structs.replace(command, session_id=message.session_id)


async def _previous(turn_id: str, caller: Principal, services: Services) -> tuple[Message, Version]:
    param = "previous_response_id"
    try:
        return await services.access.answer(turn_id, caller)
    except NotFound as error:
        if await _record(turn_id, caller, services) is None:
            raise PreviousNotFound(param, "There is no previous response with this id, or it is not yours.") from error
        raise BadParameter(param, "The previous response is not there yet. Wait until it has ended.") from error
