"""How many frames a connection may send."""


class FrameRate:
    """A token bucket: `per_second` frames on average, and as many at once.

    Cheap on purpose: it is asked for every frame, before the frame is looked at.
    """

    __slots__ = ("_allowance", "_checked", "_per_second")

    def __init__(self, per_second: float, now: float) -> None:
        self._per_second = per_second
        self._allowance = per_second
        self._checked = now

    def allow(self, now: float) -> bool:
        """Whether one more frame may come at `now`, in monotonic seconds."""
        self._allowance = min(self._per_second, self._allowance + (now - self._checked) * self._per_second)
        self._checked = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True
