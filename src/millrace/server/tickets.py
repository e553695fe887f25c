"""One-time tickets for opening a WebSocket, so that no lasting token ends up in a URL."""

import secrets
from collections import OrderedDict

from millrace.model.errors import Overloaded, Unauthorized
from millrace.model.principal import Principal
from millrace.ports import Clock

TICKET_LIFETIME_S = 30
_MOST_TICKETS = 100_000


class Tickets:
    """The tickets of this process that were not used yet. Each is good once, for 30 seconds, for one caller."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: OrderedDict[str, tuple[float, Principal]] = OrderedDict()

    def issue(self, principal: Principal) -> str:
        """A new ticket for `principal`.

        Raises:
            Overloaded: Too many tickets are waiting to be used.
        """
        self._forget_expired()
        if len(self._open) >= _MOST_TICKETS:
            raise Overloaded(retry_after=TICKET_LIFETIME_S)
        ticket = secrets.token_urlsafe(24)
        self._open[ticket] = (self._clock.monotonic() + TICKET_LIFETIME_S, principal)
        return ticket

    def redeem(self, ticket: str) -> Principal:
        """Use a ticket up.

        Raises:
            Unauthorized: It is unknown, used or older than 30 seconds.
        """
        expires, principal = self._open.pop(ticket, (0.0, None))
        if principal is None or expires < self._clock.monotonic():
            raise Unauthorized("This ticket is not valid any more. Ask for a new one.")
        return principal

    def _forget_expired(self) -> None:
        now = self._clock.monotonic()
        while self._open:
            ticket, (expires, _) = next(iter(self._open.items()))
            if expires >= now:
                return
            del self._open[ticket]
