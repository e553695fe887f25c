"""Answers that are sent once they are whole."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.types import Receive

from millrace.model.errors import Overloaded
from millrace.model.events import Entry
from millrace.model.messages import Turn
from millrace.model.principal import Principal
from millrace.server.services import Services
from millrace.transports.sse import client_gone


class ClientGone(Exception):
    """Whoever asked does not wait for the answer any more."""


async def whole_turn(
    services: Services, turn: Turn, caller: Principal, receive: Receive | None = None
) -> Sequence[Entry]:
    """Wait for a turn's end; all its entries.

    Args:
        services: The running server.
        turn: One of the caller's.
        caller: Who waits, and watches the turn as long.
        receive: That of the request, whose body has been read, where the wait ends when the client goes away.

    Raises:
        ClientGone: The client went away.
        Overloaded: The server stops, and another process continues the turn.
        NoActiveStream: The turn's log is gone.
    """
    result = asyncio.create_task(services.engine.entries(turn.id, caller))
    stopping = asyncio.create_task(services.stopping.wait())
    tasks: set[asyncio.Task[Any]] = {result, stopping}
    if receive is not None:
        tasks.add(asyncio.create_task(client_gone(receive)))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if result.done():
            return result.result()
        if stopping.done():
            raise Overloaded(
                "The server is restarting and goes on with this answer. Send the request again with the same "
                "request_id, or load the conversation.",
                retry_after=2,
            )
        raise ClientGone
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
