"""Several ledgers as one."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from millrace.model.events import Usage
from millrace.ports import Ledger, Reservation


class Reservations:
    """Implements `Reservation`: what several ledgers reserved for one turn."""

    def __init__(self, reservations: Sequence[Reservation]) -> None:
        self._reservations = reservations

    async def settle(self, usage: Usage, *, completed: bool) -> None:
        """Settle all of them."""
        for reservation in self._reservations:
            await reservation.settle(usage, completed=completed)

    async def cancel(self) -> None:
        """Give all of them back."""
        for reservation in self._reservations:
            await reservation.cancel()


class Ledgers:
    """Implements the `Ledger` port: a turn needs an allowance of each."""

    def __init__(self, *ledgers: Ledger) -> None:
        self._ledgers = ledgers

    async def reserve(self, user_id: str, *, tokens: int, metered: bool = False) -> Reservations:
        """Take an allowance of each; where one has none, the others get theirs back.

        Raises:
            RateLimited, QuotaExceeded: As one of them says.
        """
        reserved: list[Reservation] = []
        async with AsyncExitStack() as undo:
            for ledger in self._ledgers:
                reservation = await ledger.reserve(user_id, tokens=tokens, metered=metered)
                undo.push_async_callback(reservation.cancel)
                reserved.append(reservation)
            undo.pop_all()
        return Reservations(reserved)

    async def book(self, user_id: str, usage: Usage) -> None:
        """Count it in each."""
        for ledger in self._ledgers:
            await ledger.book(user_id, usage)
