"""A circuit breaker: says when a provider fails too often to be asked, and finds out when it works again. Pure.

Closed, it counts how calls end. When too many of them failed it opens: whoever has a choice asks somebody else. After a
while one call is let through as a probe (half-open); how it ends closes the breaker or opens it again.

It advises and forbids nothing: who has no choice may call all the same. Such calls are not counted while it is open.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

BreakerState = Literal["closed", "open", "half-open"]

_MOST_CALLS = 1000
"""How many ends are remembered at most, however long the window is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerOptions:
    """When a breaker opens and for how long. Times are in seconds.

    Attributes:
        error_rate: The share of failed calls, over 0.0 to 1.0, at which it opens.
        least_calls: How many calls must have ended before the share means anything.
        window_s: How long an end counts.
        open_s: How long it stays open before it lets a probe through.
    """

    error_rate: float = 0.5
    least_calls: int = 4
    window_s: float = 120.0
    open_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Permit:
    """A call that has begun. It counts in the period it began in, and in no later one."""

    period: int
    probe: bool = False


class Breaker:
    """The breaker of one provider. `now` is in monotonic seconds and never goes back."""

    def __init__(self, options: BreakerOptions | None = None) -> None:
        self._options = options or BreakerOptions()
        self._ends: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._period = 0  # each opening and each closing begins another one
        self._opened_at: float | None = None
        self._probing = False

    def state(self, now: float) -> BreakerState:
        """How it stands."""
        if self._opened_at is None:
            return "closed"
        return "half-open" if now - self._opened_at >= self._options.open_s else "open"

    def ready(self, now: float) -> bool:
        """Whether the provider is worth asking: it works as far as is known, or it is time for a probe."""
        state = self.state(now)
        return state == "closed" or (state == "half-open" and not self._probing)

    def figures(self, now: float) -> tuple[int, int]:
        """How many calls count at the moment, and how many of them failed."""
        self._forget(now)
        return len(self._ends), self._failures

    def begin(self, now: float) -> Permit:
        """A call begins; `end` must be told how it ended."""
        state = self.state(now)
        if state == "half-open" and not self._probing:
            self._probing = True
            return Permit(self._period, probe=True)
        return Permit(self._period if state == "closed" else -1)

    def end(self, permit: Permit, *, failed: bool | None, now: float) -> None:
        """A call ended: by a fault of the provider, without one, or (none) in a way that says nothing of it."""
        if permit.period != self._period:
            return
        if permit.probe:
            self._probing = False
            if failed is not None:
                self._turn(open_at=now if failed else None)
        elif failed is not None:
            self._count(failed=failed, now=now)

    def _count(self, *, failed: bool, now: float) -> None:
        self._ends.append((now, failed))
        self._failures += failed
        self._forget(now)
        calls, options = len(self._ends), self._options
        if failed and calls >= options.least_calls and self._failures >= options.error_rate * calls:
            self._turn(open_at=now)

    def _turn(self, *, open_at: float | None) -> None:
        """Open, or close: what was counted before says nothing any more."""
        self._period += 1
        self._opened_at = open_at
        self._probing = False
        self._ends.clear()
        self._failures = 0

    def _forget(self, now: float) -> None:
        ends = self._ends
        while ends and (now - ends[0][0] > self._options.window_s or len(ends) > _MOST_CALLS):
            self._failures -= ends.popleft()[1]
