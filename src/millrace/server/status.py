"""What the server knows of itself: how long it runs, and how long garbage collection has held it up."""

import gc
from collections.abc import Mapping
from typing import Any

from millrace.ports import Clock


class GcMeter:
    """Measures the pauses of the cyclic garbage collector between `start` and `stop`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = 0.0
        self.max_pause_ms = 0.0
        self.collections = 0

    def start(self) -> None:
        """Measure from now on."""
        gc.callbacks.append(self._on_collection)

    def stop(self) -> None:
        """Measure no more."""
        gc.callbacks.remove(self._on_collection)

    def reset(self) -> None:
        """Forget what was measured so far."""
        self.max_pause_ms = 0.0
        self.collections = 0

    def _on_collection(self, phase: str, _: Mapping[str, Any]) -> None:
        if phase == "start":
            self._began = self._clock.monotonic()
            return
        self.collections += 1
        self.max_pause_ms = max(self.max_pause_ms, (self._clock.monotonic() - self._began) * 1000)


def freeze_startup_objects() -> None:
    """Take everything that exists now out of all later collections: it lives as long as the process."""
    gc.collect()
    gc.freeze()
