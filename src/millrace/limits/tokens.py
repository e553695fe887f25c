"""The ledger of tokens: so many per minute and user, reserved by estimate and settled by what was used."""

import math
from collections import deque

from millrace.model.errors import RateLimited
from millrace.model.events import Usage
from millrace.ports import Clock

_WINDOW_S = 60
_SWEEP_AT = 10_000
"""Users that are remembered before those are forgotten who used nothing for a minute."""


class _Entry:
    """Tokens that were taken at a time, in monotonic seconds."""

    __slots__ = ("at", "tokens")

    def __init__(self, at: float, tokens: int) -> None:
        self.at = at
        self.tokens = tokens


class TokenReservation:
    """Implements `Reservation`."""

    def __init__(self, ledger: "TokenLedger", user_id: str, entry: _Entry) -> None:
        self._ledger = ledger
        self._user_id = user_id
        self._entry = entry

    async def settle(self, usage: Usage, *, completed: bool) -> None:
        """Book what was used, now: a long answer's reservation may be out of the window already."""
        del completed
        self._entry.tokens = 0
        await self._ledger.book(self._user_id, usage)

    async def cancel(self) -> None:
        """Give everything back."""
        self._entry.tokens = 0


class TokenLedger:
    """Implements the `Ledger` port. Of any 60 seconds, a user takes no more than `per_minute` tokens.

    Somebody who took nothing may take more than that at once: a question that is too long for the allowance could never
    be asked otherwise. The counts live in this process.
    """

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._taken: dict[str, deque[_Entry]] = {}
        self._sweep_at = _SWEEP_AT

    async def reserve(self, user_id: str, *, tokens: int, metered: bool = False) -> TokenReservation:
        """Take `tokens` of the user's allowance.

        Raises:
            RateLimited: There are not so many left in this minute.
        """
        del metered
        now = self._clock.monotonic()
        taken = self._window(user_id, now)
        used = sum(entry.tokens for entry in taken)
        if used and used + tokens > self._per_minute:
            wait_s = self._until_room(taken, used + tokens - self._per_minute, now)
            raise RateLimited(
                f"Your allowance of {self._per_minute:,} tokens a minute is used up. Ask again in {wait_s} s.",
                retry_after=wait_s,
            )
        return TokenReservation(self, user_id, self._add(user_id, now, tokens))

    async def book(self, user_id: str, usage: Usage) -> None:
        """Count what was used."""
        self._add(user_id, self._clock.monotonic(), usage.input_tokens + usage.output_tokens)

    def _add(self, user_id: str, now: float, tokens: int) -> _Entry:
        entry = _Entry(now, tokens)
        self._window(user_id, now).append(entry)
        return entry

    def _window(self, user_id: str, now: float) -> "deque[_Entry]":
        """What a user took in the last minute, oldest first."""
        taken = self._taken.get(user_id)
        if taken is None:
            self._sweep(now)
            taken = self._taken[user_id] = deque()
        while taken and taken[0].at <= now - _WINDOW_S:
            taken.popleft()
        return taken

    def _until_room(self, taken: "deque[_Entry]", missing: int, now: float) -> int:
        """Seconds until `missing` tokens are free again, or all of them."""
        for entry in taken:
            missing -= entry.tokens
            if missing <= 0:
                break
        return min(_WINDOW_S, max(1, math.ceil(entry.at + _WINDOW_S - now)))

    def _sweep(self, now: float) -> None:
        if len(self._taken) < self._sweep_at:
            return
        self._taken = {user: taken for user, taken in self._taken.items() if taken and taken[-1].at > now - _WINDOW_S}
        self._sweep_at = max(_SWEEP_AT, 2 * len(self._taken))
