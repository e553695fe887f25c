"""Keeps the cyclic garbage collector from stopping the answers that are being written.

A full collection visits every container object there is: with two thousand connections that takes hundreds of
milliseconds, in which nothing moves. But what survives two young collections here nearly always lives long: a
connection, its task, a turn. So survivors are set aside (`gc.freeze`, which costs nothing) instead of visited. Set
aside does not mean kept: reference counts free it as ever. Only a cycle that dies after it was set aside waits, for a
full collection at a time when no answer is being written.
"""

import asyncio
import gc
from collections.abc import Callable, Mapping
from typing import Any

from millrace.ports import Clock

_YOUNG = 2_000  # net container allocations between two youngest collections; Python's 700 is for scripts
_MIDDLE = 10
_NEVER = 1_000_000_000
_TICK_S = 1.0
_SET_ASIDE_AFTER = 3  # middle collections
FULL_EVERY_S = 600.0
FULL_AT_LATEST_S = 3600.0


class GcMeter:
    """Measures the pauses of the collector between `start` and `stop`, in milliseconds.

    `quiet` is set while a collection runs that was kept for a time when nobody waits.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = 0.0
        self.quiet = False
        self.max_pause_ms = 0.0
        self.max_quiet_pause_ms = 0.0

    def start(self) -> None:
        """Measure from now on."""
        gc.callbacks.append(self._on_collection)

    def stop(self) -> None:
        """Measure no more."""
        gc.callbacks.remove(self._on_collection)

    def _on_collection(self, phase: str, _: Mapping[str, Any]) -> None:
        if phase == "start":
            self._began = self._clock.monotonic()
            return
        pause_ms = (self._clock.monotonic() - self._began) * 1000
        if self.quiet:
            self.max_quiet_pause_ms = max(self.max_quiet_pause_ms, pause_ms)
        else:
            self.max_pause_ms = max(self.max_pause_ms, pause_ms)


class GarbageKeeper:
    """Sets survivors aside while the server runs, and collects everything while it is quiet.

    For a process of our own: the collector belongs to the whole process.

    Args:
        clock: The time.
        meter: Told which pauses are at quiet times.
        quiet: Whether nobody would notice a pause now.
    """

    def __init__(self, clock: Clock, meter: GcMeter, quiet: Callable[[], bool]) -> None:
        self._clock = clock
        self._meter = meter
        self._quiet = quiet
        self._last_full = clock.monotonic()
        self._thresholds = gc.get_threshold()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Set aside all that exists now, and keep house from now on."""
        gc.freeze()
        gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
        self._task = asyncio.create_task(self._keep(), name="garbage keeper")

    async def stop(self) -> None:
        """Leave the collector as it was found."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])
        self._task = None
        gc.set_threshold(*self._thresholds)
        gc.unfreeze()

    def tick(self) -> None:
        """One look at the house; `start` sees to it that there is one every second."""
        since_full = self._clock.monotonic() - self._last_full
        if since_full >= FULL_AT_LATEST_S or (since_full >= FULL_EVERY_S and self._quiet()):
            self._collect_all()
        elif gc.get_count()[2] >= _SET_ASIDE_AFTER:
            gc.collect(1)
            gc.freeze()
            gc.collect()  # of nothing: it sets the count of middle collections back

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self.tick()

    def _collect_all(self) -> None:
        self._last_full = self._clock.monotonic()
        self._meter.quiet = self._quiet()
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._meter.quiet = False
