"""The rate of frames on one connection."""

from millrace.ports import Clock


class FrameMeter:
    """A token bucket: bursts of one second's allowance, then `per_second` frames each second.

    On the path of every frame, so it is two numbers and no allocation.
    """

    __slots__ = ("_burst", "_clock", "_level", "_per_second", "_seen")

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second)
        self._clock = clock
        self._level = self._burst
        self._seen = clock.monotonic()

    def allow(self) -> bool:
        """Count a frame; false where the client sends faster than it may."""
        now = self._clock.monotonic()
        self._level = min(self._burst, self._level + (now - self._seen) * self._per_second)
        self._seen = now
        if self._level < 1.0:
            return False
        self._level -= 1.0
        return True
