"""Faults that pass: how often each key has failed already."""

from collections import OrderedDict
from typing import Final

from millrace.testing.simulator.behaviour import Behaviour

_CAPACITY: Final = 10_000


class FailureCounter:
    """Lets a fault with ``fail_times`` happen that often for each ``key``; the latest 10,000 keys are kept."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, int] = OrderedDict()

    def apply(self, behaviour: Behaviour) -> Behaviour:
        """The behaviour of the next request: as it is while failures are left, then without its fault."""
        if behaviour.fault is None or behaviour.fail_times is None or behaviour.key is None:
            return behaviour
        failed = self._failed.get(behaviour.key, 0)
        if failed >= behaviour.fail_times:
            return behaviour.without_fault()
        self._failed[behaviour.key] = failed + 1
        if len(self._failed) > _CAPACITY:
            self._failed.popitem(last=False)
        return behaviour

    def clear(self) -> None:
        """Begin to count anew."""
        self._failed.clear()
