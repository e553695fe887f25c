"""One-time tickets for opening a WebSocket, so that no lasting token ends up in a URL."""

import secrets
from collections import OrderedDict
from typing import Protocol

import msgspec

from millrace.logs.redis_link import RedisLink
from millrace.logs.redis_names import RedisNames
from millrace.model.errors import Overloaded, Unauthorized
from millrace.model.principal import Principal
from millrace.ports import Clock

TICKET_LIFETIME_S = 30
_MOST_TICKETS = 100_000
_NOT_VALID = "This ticket is not valid any more. Ask for a new one."


class Tickets(Protocol):
    """Tickets that were not used yet. Each is good once, for 30 seconds, for one caller."""

    async def issue(self, principal: Principal) -> str:
        """A new ticket for `principal`.

        Raises:
            Overloaded: Too many tickets are waiting to be used.
            LogUnavailable: What keeps them does not answer.
        """

    async def redeem(self, ticket: str) -> Principal:
        """Use a ticket up.

        Raises:
            Unauthorized: It is unknown, used or older than 30 seconds.
            LogUnavailable: What keeps them does not answer.
        """


class RedisTickets:
    """Tickets that every process knows."""

    def __init__(self, link: RedisLink, names: RedisNames) -> None:
        self._link = link
        self._names = names

    async def issue(self, principal: Principal) -> str:
        """A new ticket for `principal`."""
        ticket = secrets.token_urlsafe(24)
        await self._link.command(
            "SET", self._names.ticket(ticket), msgspec.json.encode(principal), "EX", TICKET_LIFETIME_S
        )
        return ticket

    async def redeem(self, ticket: str) -> Principal:
        """Use a ticket up."""
        found = await self._link.command("GETDEL", self._names.ticket(ticket))
        if found is None:
            raise Unauthorized(_NOT_VALID)
        return msgspec.json.decode(found, type=Principal)


class MemoryTickets:
    """The tickets of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: OrderedDict[str, tuple[float, Principal]] = OrderedDict()

    async def issue(self, principal: Principal) -> str:
        """A new ticket for `principal`."""
        self._forget_expired()
        if len(self._open) >= _MOST_TICKETS:
            raise Overloaded(retry_after=TICKET_LIFETIME_S)
        ticket = secrets.token_urlsafe(24)
        self._open[ticket] = (self._clock.monotonic() + TICKET_LIFETIME_S, principal)
        return ticket

    async def redeem(self, ticket: str) -> Principal:
        """Use a ticket up."""
        expires, principal = self._open.pop(ticket, (0.0, None))
        if principal is None or expires < self._clock.monotonic():
            raise Unauthorized(_NOT_VALID)
        return principal

    def _forget_expired(self) -> None:
        now = self._clock.monotonic()
        while self._open:
            ticket, (expires, _) = next(iter(self._open.items()))
            if expires >= now:
                return
            del self._open[ticket]
