"""Who watches and what runs: `GET /api/stream/status`."""

from collections import Counter
from typing import Literal

from fastapi import APIRouter

from millrace.server.operators import is_operator
from millrace.server.routes.documentation import problems
from millrace.server.schemas import Shape
from millrace.server.services import Caller, ServicesDep

router = APIRouter(tags=["health"])


class SessionCountsShape(Shape):
    """What goes on in one conversation."""

    connections: int
    """Tabs that show it (`/ws/chat/{session_id}`)."""
    active_turns: int
    """Answers that are being written or wait."""


class StreamStatusShape(Shape):
    """What goes on in this process."""

    scope: Literal["own", "all"]
    """Whether these are the caller's own figures, or everybody's: operators get those."""
    connections: int
    """Open connections, of whatever kind."""
    active_turns: int
    """Answers that are being written or wait."""
    sessions: dict[str, SessionCountsShape]
    """The same by conversation, for those in which anything goes on."""


@router.get("/api/stream/status", responses=problems(401))
async def stream_status(caller: Caller, services: ServicesDep) -> StreamStatusShape:
    """Connections and answers, in all and by conversation: the caller's own; everybody's for an operator."""
    everybody = await is_operator(caller, services)
    user_id = None if everybody else caller.user_id
    tabs = services.connections.by_session(user_id)
    turns = Counter(turn.session_id for turn in services.engine.turns() if user_id in (None, turn.user_id))
    return StreamStatusShape(
        scope="all" if everybody else "own",
        connections=services.connections.total if everybody else services.connections.of(caller.user_id),
        active_turns=turns.total(),
        sessions={
            session_id: SessionCountsShape(connections=tabs.get(session_id, 0), active_turns=turns[session_id])
            for session_id in sorted({*tabs, *turns})
        },
    )
