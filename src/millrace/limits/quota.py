"""The ledger of the free plan: so many answers a month and user. Only those count that were completed."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from millrace.model.errors import QuotaExceeded
from millrace.model.events import Usage
from millrace.ports import Clock

Completed = Callable[[str, int], Awaitable[int]]
"""How many answers of a user were completed since a time, in Unix milliseconds."""


class QuotaReservation:
    """Implements `Reservation`: one answer of a user's month, as long as it is not known what becomes of it."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release = release

    async def settle(self, usage: Usage, *, completed: bool) -> None:
        """Nothing more is reserved: what was completed is in the books."""
        del usage, completed
        self._release()

    async def cancel(self) -> None:
        """Nothing more is reserved."""
        self._release()


class QuotaLedger:
    """Implements the `Ledger` port for metered turns; it lets all others pass.

    What was completed is counted where it is stored, so that a crash or another process changes nothing about it; what
    runs is counted here, so that those who ask many questions at once get no more than one after the other.
    """

    def __init__(self, per_month: int, completed: Completed, clock: Clock) -> None:
        self._per_month = per_month
        self._completed = completed
        self._clock = clock
        self._running: Counter[str] = Counter()

    async def reserve(self, user_id: str, *, tokens: int, metered: bool = False) -> QuotaReservation:
        """Take one answer of the user's month.

        Raises:
            QuotaExceeded: There is none left.
        """
        del tokens
        if not metered:
            return QuotaReservation(_nothing)
        self._running[user_id] += 1
        place = self._running[user_id]  # those before it may fail, and are waited for no longer than they run
        reservation = QuotaReservation(self._releasing(user_id))
        try:
            since, until = month_of(self._clock.now_ms())
            if await self._completed(user_id, since) + place > self._per_month:
                raise QuotaExceeded(
                    f"The {self._per_month} free answers of this month are used up. There are new ones on "
                    f"{until.strftime('%-d %B')}."
                )
        except BaseException:
            await reservation.cancel()
            raise
        return reservation

    async def book(self, user_id: str, usage: Usage) -> None:
        """Do nothing: what is used beside an answer is no answer."""

    def _releasing(self, user_id: str) -> Callable[[], None]:
        released = False

        def release() -> None:
            nonlocal released
            if not released:
                released = True
                self._running[user_id] -= 1
                if not self._running[user_id]:
                    del self._running[user_id]

        return release


def month_of(now_ms: int) -> tuple[int, datetime]:
    """When the month of a time began, in Unix milliseconds, and when the next one begins. Months are those of UTC."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    began = datetime(now.year, now.month, 1, tzinfo=UTC)
    following = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    return int(began.timestamp()) * 1000, following


def _nothing() -> None:
    """For what was not reserved."""
