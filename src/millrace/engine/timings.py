"""How long each model's recent turns took, for the estimate that a new turn starts with."""

from collections import OrderedDict, deque
from statistics import median

_TURNS = 20
_MODELS = 256


class Timings:
    """The last durations of each model, in milliseconds. Bounded: old models are forgotten."""

    def __init__(self) -> None:
        self._recent: OrderedDict[str, deque[int]] = OrderedDict()

    def add(self, model: str, duration_ms: int) -> None:
        """Take note of a completed turn."""
        self._recent.setdefault(model, deque(maxlen=_TURNS)).append(duration_ms)
        self._recent.move_to_end(model)
        if len(self._recent) > _MODELS:
            self._recent.popitem(last=False)

    def estimate_ms(self, model: str) -> int | None:
        """The median of the model's recent turns; none before there was one."""
        recent = self._recent.get(model)
        return round(median(recent)) if recent else None
