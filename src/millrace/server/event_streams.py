"""Answers that are event streams: what every dialect over HTTP shares, whatever it calls its routes."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack

from starlette.responses import Response

from millrace.model.commands import StartTurn
from millrace.model.errors import MillraceError
from millrace.model.messages import Turn
from millrace.model.principal import Principal
from millrace.server.services import Services
from millrace.stream.delivery import DeliveryOptions
from millrace.transports.sse import KEEP_ALIVE, KEEP_ALIVE_S, EventDialect, EventStream


async def event_stream(
    services: Services,
    caller: Principal,
    what: StartTurn | Turn | Callable[[], Awaitable[Turn]],
    dialect: EventDialect,
    *,
    after: int = -1,
    options: DeliveryOptions | None = None,
    closing: bytes = b"",
    headers: Mapping[str, str] | None = None,
    refuse: Callable[[MillraceError], Response] | None = None,
    keep_alive: tuple[bytes, float] = (KEEP_ALIVE, KEEP_ALIVE_S),
) -> EventStream:
    """Follow a turn as the answer to a request.

    The stream counts as one of the caller's connections while it lasts, and ends when the server stops. A client that
    goes away is treated as the engine's disconnect policy says.

    Args:
        services: The running server.
        caller: Who asks, or watches.
        what: A question to ask, one of the caller's turns, or what starts or finds one.
        dialect: What is written.
        after: The last `seq` that the client has seen; -1 for none.
        options: How the turn is delivered; at the server's own pace, and with all there is, where not given.
        closing: The record behind everything else.
        headers: More headers for the answer; `X-Turn-Id` and `X-Session-Id` are always there, so that every client
            can stop the turn, and watch it elsewhere.
        refuse: Makes the answer to a turn that failed before it said anything; see `EventStream`.
        keep_alive: What is sent where nothing else was for so many seconds, at most 15.

    Raises:
        RateLimited: The caller has too many connections, or asked too often.
        NoActiveStream: The turn's log is gone.
        MillraceError: Whatever `engine.start` refuses a question with.
    """
    options = options or DeliveryOptions(pace_ms=services.settings.generation.token_delay_ms)
    with ExitStack() as held:
        held.enter_context(services.connections.hold(caller.user_id))
        turn = await _turn(services, caller, what)
        follower = await services.engine.attach(turn, after=after, options=options)
        if after >= 0:
            services.engine.meter.acted("reconnect")
        return EventStream(
            follower,
            dialect,
            closing=closing,
            headers={**turn_headers(turn), **(headers or {})},
            refuse=refuse,
            stopping=services.stopping,
            closed=held.pop_all().close,
            keep_alive=keep_alive[0],
            keep_alive_s=keep_alive[1],
        )


def turn_headers(turn: Turn) -> dict[str, str]:
    """By which names the turn of an answer can be watched, resumed and stopped in any dialect, and found in the log."""
    return {"X-Session-Id": turn.session_id, "X-Turn-Id": turn.id, "X-Request-Id": turn.id}


async def _turn(services: Services, caller: Principal, what: StartTurn | Turn | Callable[[], Awaitable[Turn]]) -> Turn:
    match what:
        case StartTurn():
            return await services.engine.start(what, caller)
        case Turn():
            return what
        case _:
            return await what()
