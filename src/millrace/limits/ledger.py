"""The ledger that counts questions: so many turns per minute and user."""

import math
from collections import deque

from millrace.model.errors import RateLimited
from millrace.model.events import Usage
from millrace.ports import Clock

_WINDOW_S = 60
_SWEEP_AT = 10_000
"""Users that are remembered before those are forgotten who asked nothing for a minute."""


class RateReservation:
    """A turn that was counted at a time."""

    __slots__ = ("_at", "_times")

    def __init__(self, times: "deque[float]", at: float) -> None:
        self._times = times
        self._at = at

    async def settle(self, usage: Usage, *, completed: bool) -> None:
        """Do nothing: the turn was asked for, whatever became of it."""

    async def cancel(self) -> None:
        """Forget the turn: it was never admitted."""
        if self._at in self._times:
            self._times.remove(self._at)


class RateLedger:
    """Implements the `Ledger` port with a rate alone; tokens and costs are not limited.

    The window moves: in no 60 seconds does a user ask more than `turns_per_minute`. The count lives in this
    process. (The `limits` package cannot give back what was counted, which a refused turn asks for.)
    """

    def __init__(self, turns_per_minute: int, clock: Clock) -> None:
        self._turns_per_minute = turns_per_minute
        self._clock = clock
        self._asked: dict[str, deque[float]] = {}
        self._sweep_at = _SWEEP_AT

    async def reserve(self, user_id: str, *, tokens: int, metered: bool = False) -> RateReservation:
        """Count one turn of the user, whatever its size.

        Raises:
            RateLimited: The user asked too often in the last minute.
        """
        del tokens, metered
        now = self._clock.monotonic()
        times = self._asked.get(user_id)
        if times is None:
            self._sweep(now)
            times = self._asked[user_id] = deque()
        while times and times[0] <= now - _WINDOW_S:
            times.popleft()
        if len(times) >= self._turns_per_minute:
            seconds = min(_WINDOW_S, max(1, math.ceil(times[0] + _WINDOW_S - now)))
            raise RateLimited(
                f"That was too many questions in a minute. Ask again in {seconds} s.", retry_after=seconds
            )
        times.append(now)
        return RateReservation(times, now)

    async def book(self, user_id: str, usage: Usage) -> None:
        """Do nothing: no question was asked, and tokens are not limited."""

    def _sweep(self, now: float) -> None:
        if len(self._asked) < self._sweep_at:
            return
        self._asked = {user: times for user, times in self._asked.items() if times and times[-1] > now - _WINDOW_S}
        self._sweep_at = max(_SWEEP_AT, 2 * len(self._asked))
