"""How long models took lately: for the estimate that a turn starts with, and for when a first token is late."""

import math
from collections import OrderedDict, deque
from statistics import median

_MODELS = 256


class Timings:
    """The last durations of each model, in milliseconds. Bounded: old models are forgotten.

    Args:
        keep: How many durations of a model count.
    """

    def __init__(self, keep: int = 20) -> None:
        self._keep = keep
        self._recent: OrderedDict[str, deque[int]] = OrderedDict()

    def add(self, model: str, duration_ms: int) -> None:
        """Take note of one."""
        self._recent.setdefault(model, deque(maxlen=self._keep)).append(duration_ms)
        self._recent.move_to_end(model)
        if len(self._recent) > _MODELS:
            self._recent.popitem(last=False)

    def estimate_ms(self, model: str) -> int | None:
        """The median of the model's recent ones; none before there was one."""
        recent = self._recent.get(model)
        return round(median(recent)) if recent else None

    def slow_ms(self, model: str, *, least: int = 20) -> int | None:
        """What 95 of 100 recent ones did not exceed; none before there were `least`."""
        recent = self._recent.get(model, ())
        if len(recent) < max(1, least):
            return None
        return sorted(recent)[math.ceil(0.95 * len(recent)) - 1]
