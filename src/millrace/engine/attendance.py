"""Stops turns that nobody watches any more, where the operator wants that."""

import asyncio
from collections.abc import Callable

_AGAIN_S = 1.0


class Attendance:
    """One timer per turn without a watcher. `absent` is called once a turn was alone for `grace_s` seconds."""

    def __init__(self, grace_s: float, absent: Callable[[str], None]) -> None:
        self._grace_s = grace_s
        self._absent = absent
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def left(self, turn_id: str) -> None:
        """The turn's last watcher is gone, or none has come yet."""
        self._wait(turn_id, self._grace_s)

    def look_again(self, turn_id: str) -> None:
        """The turn is watched somewhere else, or that could not be found out: call again after the same time."""
        self._wait(turn_id, max(self._grace_s, _AGAIN_S))

    def came(self, turn_id: str) -> None:
        """The turn is watched (or over)."""
        timer = self._timers.pop(turn_id, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Call nobody any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _wait(self, turn_id: str, seconds: float) -> None:
        if turn_id not in self._timers:
            self._timers[turn_id] = asyncio.get_running_loop().call_later(seconds, self._expire, turn_id)

    def _expire(self, turn_id: str) -> None:
        self._timers.pop(turn_id, None)
        self._absent(turn_id)
