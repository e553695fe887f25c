"""One client of Socket.IO: events in, acknowledgements and followed turns out."""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from millrace.dialects.dialect import Dialect
from millrace.model.commands import Command
from millrace.model.errors import MillraceError
from millrace.model.messages import Turn
from millrace.transports.connection import Connection
from millrace.transports.pump import ConnectionClosed

_logger = logging.getLogger("millrace.transports")

Ack = dict[str, Any]


class EventDialect(Dialect, Protocol):
    """A dialect whose frames are events."""

    def event(self, name: str, data: Any, user_id: str) -> Command:
        """The command that an event means; `data` is its argument.

        Raises:
            BadFrame: It means none; the error names what is wrong.
        """


class Spoken:
    """A dialect, and the connection that speaks it."""

    __slots__ = ("connection", "dialect")

    def __init__(self, dialect: EventDialect, connection: Connection) -> None:
        self.dialect = dialect
        self.connection = connection


class EventClient:
    """Serves one client in all dialects of Socket.IO. Every event is acknowledged, whatever it leads to.

    Args:
        user_id: Who it is.
        spoken: By the names of events, who understands them.
        default: Who answers events that nobody knows.
    """

    def __init__(self, user_id: str, spoken: Mapping[str, Spoken], default: Spoken) -> None:
        self._user_id = user_id
        self._spoken = spoken
        self._default = default
        self._connections = tuple(dict.fromkeys(each.connection for each in (*spoken.values(), default)))

    async def open(self) -> None:
        """Begin to show what is shown without being asked for.

        Raises:
            MillraceError: The log or the store does not answer.
        """
        for connection in self._connections:
            await connection.open()

    async def receive(self, name: str, data: Any) -> Ack:
        """Do what an event asks; whatever fails is told to the client, here and by the dialect's own event."""
        spoken = self._spoken.get(name, self._default)
        try:
            outcome = await spoken.connection.obey(lambda: spoken.dialect.event(name, data, self._user_id))
        except ConnectionClosed:
            return {"ok": False}
        return acknowledgement(outcome)

    async def close(self) -> None:
        """Follow nothing any more."""
        for connection in self._connections:
            await connection.close()


def acknowledgement(outcome: Turn | MillraceError | None) -> Ack:
    """What an event's sender is told at once."""
    if isinstance(outcome, MillraceError):
        return {"ok": False, **refusal(outcome)}
    if outcome is None:
        return {"ok": True}
    return {
        "ok": True,
        "session_id": outcome.session_id,
        "turn_id": outcome.id,
        "message_id": outcome.message_id,
    }


def refusal(error: MillraceError) -> Ack:
    """An error as clients of Socket.IO get it, in acknowledgements and in the data of a refused connection."""
    told: Ack = {"error": error.message, "code": error.code, "recoverable": error.recoverable}
    if error.retry_after is not None:
        told["retry_after"] = error.retry_after
    return told
