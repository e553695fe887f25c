"""The connection to a server: comes back by itself, and carries exchanges across its losses."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from msgspec import Struct

from millrace.cli.client.backoff import delay_s
from millrace.cli.client.errors import Rejected, SignInNeeded, Unreachable
from millrace.cli.client.exchange import Effect, Exchange, Refetch, Renew, Send
from millrace.cli.client.notices import Notice
from millrace.cli.client.shapes import RunningTurn, StoredMessage
from millrace.ports import Clock

LinkState = Literal["connecting", "connected", "reconnecting", "refused"]
STEADY_S = 5.0
"""A connection that lasted so many seconds was a good one: after it, waiting begins anew with the shortest delay."""


class LinkStatus(Struct, frozen=True):
    """How the connection is.

    Attributes:
        retry_at: The monotonic time of the next attempt, where it is `reconnecting`.
        reason: Why the server ended the last connection, where it said so; why it lets us in no more, where `refused`.
    """

    state: LinkState
    retry_at: float = 0.0
    reason: str = ""


class SocketLost(Exception):
    """The connection ended or did not come about; the reason is for people."""


class Server(Protocol):
    """What a link needs of a server besides the connection. Both raise `Rejected`, `Unreachable` or `SignInNeeded`."""

    async def ticket(self) -> str:
        """What opens one WebSocket."""

    async def answer(self, session_id: str, message_id: str, turn_id: str) -> StoredMessage | RunningTurn | None:
        """What a turn has left in the store; the turn where it still runs; None where nothing is known of it."""


class Socket(Protocol):
    """A WebSocket that is open. All methods raise `SocketLost` once it is not."""

    async def send(self, frame: bytes) -> None:
        """Send a text frame."""

    def frames(self) -> AsyncIterator[bytes]:
        """The frames that come, until the connection is lost."""

    async def close(self) -> None:
        """Close it from our side."""


Dial = Callable[[str], AbstractAsyncContextManager[Socket]]
"""Opens a WebSocket with a ticket; raises `SocketLost`."""


class Link:
    """Keeps a connection while `run` runs.

    Args:
        server: Gives tickets and stored answers.
        dial: Opens a connection.
        clock: The time, for `LinkStatus.retry_at`.
        sleep: Waits so many seconds.
        chance: A number from 0.0 to 1.0, for the jitter.
        changed: Called whenever `status` has changed.
    """

    def __init__(
        self,
        *,
        server: Server,
        dial: Dial,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        chance: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self.status = LinkStatus("connecting")
        self._server = server
        self._dial = dial
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._changed = changed
        self._socket: Socket | None = None
        self._shown: Exchange | None = None
        self._notify: Callable[[Notice], None] = _nobody
        self._exchanges: list[Exchange] = []
        self._at_once = False

    async def begin(self, exchange: Exchange, notify: Callable[[Notice], None]) -> None:
        """Carry an exchange to its end; `notify` is given its notices, and no others, until `leave`."""
        self._shown, self._notify = exchange, notify
        self._exchanges.append(exchange)
        if self._socket is not None:
            await self._perform(exchange, exchange.opened())

    async def stop(self) -> None:
        """Stop the answer that is shown, now or as soon as the server is back."""
        if self._shown is not None:
            await self._perform(self._shown, self._shown.stop())

    def leave(self) -> None:
        """Show nothing more of the exchange. What it still has to say to the server, it says unseen."""
        self._shown = None

    async def run(self) -> None:
        """Connect, and come back whenever the connection is lost; until the server lets us in no more."""
        attempt = 0
        while True:
            began = self._clock.monotonic()
            try:
                reason, least_s = await self._connection()
            except SignInNeeded as error:
                self._become(LinkStatus("refused", reason=error.message))
                return
            if self._clock.monotonic() - began >= STEADY_S:
                attempt = 0
            if self._at_once:
                self._at_once = False
                continue
            wait_s = max(delay_s(attempt, self._chance()), least_s)
            attempt += 1
            self._become(LinkStatus("reconnecting", self._clock.monotonic() + wait_s, reason))
            await self._sleep(wait_s)

    # --- one connection -----------------------------------------------------------------------------

    async def _connection(self) -> tuple[str, float]:
        """Connect and serve until the connection is lost: why that was, and how long to wait at least.

        Raises:
            SignInNeeded: The server lets us in no more.
        """
        try:
            ticket = await self._server.ticket()
            async with self._dial(ticket) as socket:
                await self._serve(socket)
        except Rejected as error:
            return error.message, error.problem.retry_after or 0.0
        except Unreachable:
            return "", 0.0
        except SocketLost as lost:
            return str(lost), 0.0
        finally:
            self._socket = None
            for exchange in self._exchanges:
                exchange.closed()
        return "", 0.0

    async def _serve(self, socket: Socket) -> None:
        self._socket = socket
        self._become(LinkStatus("connected"))
        for exchange in list(self._exchanges):
            await self._perform(exchange, exchange.opened())
        async for frame in socket.frames():
            for exchange in list(self._exchanges):
                await self._perform(exchange, exchange.received(frame))

    async def _perform(self, exchange: Exchange, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(frame=frame):
                    await self._send(frame)
                case Refetch():
                    await self._refetch(exchange, effect)
                case Renew(at_once=at_once):
                    self._at_once = at_once
                    await self._hang_up()
                case _:
                    if exchange is self._shown:
                        self._notify(effect)
        if exchange.over and exchange in self._exchanges:
            self._exchanges.remove(exchange)

    async def _send(self, frame: bytes) -> None:
        if self._socket is None:
            return
        try:
            await self._socket.send(frame)
        except SocketLost:
            return  # whoever reads the socket notices too, and what was to be sent is sent again on the next one

    async def _refetch(self, exchange: Exchange, wanted: Refetch) -> None:
        try:
            found = await self._server.answer(wanted.session_id, wanted.message_id, wanted.turn_id)
        except Unreachable:
            await self._hang_up()  # wanted again on the next connection
            return
        except Rejected:
            found = None
        if isinstance(found, RunningTurn):
            await self._perform(exchange, exchange.still_running())
        else:
            await self._perform(exchange, exchange.fetched(found))

    async def _hang_up(self) -> None:
        if self._socket is not None:
            await self._socket.close()

    def _become(self, status: LinkStatus) -> None:
        self.status = status
        self._changed()


def _nobody(_: Notice) -> None:
    """Nobody listens."""
