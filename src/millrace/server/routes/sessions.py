"""Conversations: `/api/sessions`."""

import base64
import binascii
import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.status import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from millrace.model.commands import CancelTurn
from millrace.model.errors import InvalidRequest
from millrace.model.messages import Session
from millrace.model.turns import TurnRecord
from millrace.server.routes.documentation import problems
from millrace.server.schemas import (
    MessageShape,
    RunningShape,
    SessionBranch,
    SessionChange,
    SessionCreation,
    SessionDetailShape,
    SessionShape,
    SessionsShape,
)
from millrace.server.services import Caller, Services, ServicesDep

MOST_MESSAGES = 200
router = APIRouter(prefix="/api/sessions", tags=["sessions"])


@router.get("", responses=problems(400, 401))
async def list_sessions(
    caller: Caller,
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> SessionsShape:
    """The caller's conversations, newest activity first; `cursor` is the `next_cursor` of the page before."""
    before = None if cursor is None else _decode_cursor(cursor)
    found = await services.store.sessions(caller.user_id, limit=limit + 1, before=before)
    page = found[:limit]
    following = _encode_cursor(page[-1]) if len(found) > limit else None
    pinned = await services.store.pinned_sessions(caller.user_id) if before is None else []
    return SessionsShape(
        sessions=[SessionShape.of(session) for session in page],
        pinned=[SessionShape.of(session) for session in pinned],
        next_cursor=following,
    )


@router.post("", status_code=HTTP_201_CREATED, responses=problems(400, 401, 403))
async def create_session(caller: Caller, services: ServicesDep, body: SessionCreation | None = None) -> SessionShape:
    """Begin a conversation. Without a title it gets one from its first question."""
    now = services.clock.now_ms()
    title = (body.title if body is not None else None) or ""
    session = Session(id=str(uuid.uuid4()), user_id=caller.user_id, title=title, created_at=now, updated_at=now)
    await services.store.create_session(session)
    return SessionShape.of(session)


@router.get("/{session_id}", responses=problems(400, 401, 404))
async def read_session(
    session_id: str,
    caller: Caller,
    services: ServicesDep,
    before: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_MESSAGES)] = MOST_MESSAGES,
) -> SessionDetailShape:
    """A conversation: its newest messages, oldest first (those before message `before`), and what is being written.

    The question of a running turn is with the turn, not among the messages: it is stored together with its answer.
    """
    session = await services.access.session(session_id, caller)
    # In this order: a turn that ends in between is then in both, and never in neither.
    active = await services.engine.active(session_id, caller)
    messages = await services.store.messages(session_id, limit=limit, before=before)
    ended = {message.version.turn_id for message in messages}
    return SessionDetailShape(
        session=SessionShape.of(session),
        messages=[MessageShape.of(message) for message in messages],
        running=[await _running(record, services) for record in active if record.turn.id not in ended],
    )


@router.patch("/{session_id}", responses=problems(400, 401, 403, 404))
async def change_session(session_id: str, body: SessionChange, caller: Caller, services: ServicesDep) -> SessionShape:
    """Give a conversation another title, or keep it at the top of the list."""
    await services.access.session(session_id, caller)
    if body.title is not None:
        await services.store.rename_session(session_id, body.title, services.clock.now_ms())
    if body.pinned is not None:
        await services.store.pin_session(session_id, pinned=body.pinned)
    return SessionShape.of(await services.access.session(session_id, caller))


@router.post("/{session_id}/branch", status_code=HTTP_201_CREATED, responses=problems(400, 401, 403, 404))
async def branch_session(session_id: str, body: SessionBranch, caller: Caller, services: ServicesDep) -> SessionShape:
    """Begin a conversation with copies of this one's messages up to one of them, to go on from there in another way."""
    session = await services.access.session(session_id, caller)
    now = services.clock.now_ms()
    branch = Session(id=str(uuid.uuid4()), user_id=caller.user_id, title=session.title, created_at=now, updated_at=now)
    await services.store.branch_session(session_id, body.message_id, branch)
    return SessionShape.of(await services.access.session(branch.id, caller))


@router.delete("/{session_id}", status_code=HTTP_204_NO_CONTENT, responses=problems(401, 403, 404))
async def delete_session(session_id: str, caller: Caller, services: ServicesDep) -> Response:
    """Delete a conversation with all its messages; what is being written in it is stopped first."""
    await services.access.session(session_id, caller)
    for record in reversed(await services.engine.active(session_id, caller)):
        await services.engine.cancel(CancelTurn(turn_id=record.turn.id), caller)
    await services.store.delete_session(session_id)
    return Response(status_code=HTTP_204_NO_CONTENT)


async def _running(record: TurnRecord, services: Services) -> RunningShape:
    return RunningShape(
        turn_id=record.turn.id,
        message_id=record.turn.message_id,
        state="queued" if record.state == "queued" else "running",
        user_message=await _question(record, services),
    )


async def _question(record: TurnRecord, services: Services) -> MessageShape:
    """The question a turn answers; that of a regeneration is stored already."""
    if record.turn.command.regenerate is not None:
        stored = await services.store.message(record.turn.user_message_id)
        if stored is not None:
            return MessageShape.of(stored)
    return MessageShape.asked(record)


def _encode_cursor(session: Session) -> str:
    return base64.urlsafe_b64encode(f"{session.updated_at}:{session.id}".encode()).decode().rstrip("=")


def _decode_cursor(cursor: str) -> tuple[int, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        updated_at, _, session_id = text.partition(":")
        return int(updated_at), session_id
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest("cursor: take the next_cursor of the page before.") from error
