"""Signals within one process."""

from collections.abc import Callable
from dataclasses import dataclass, field

from millrace.model.turns import Signal
from millrace.ports import Subscription


@dataclass(slots=True)
class SignalSinks:
    """Those who want the signals of this process."""

    sinks: list[Callable[[Signal], None]] = field(default_factory=list)

    def give(self, signal: Signal) -> None:
        """Hand a signal to all of them."""
        for sink in tuple(self.sinks):
            sink(signal)

    def add(self, sink: Callable[[Signal], None]) -> Subscription:
        """Begin to listen."""
        self.sinks.append(sink)
        return _Listening(self, sink)


@dataclass(slots=True)
class _Listening:
    sinks: SignalSinks
    sink: Callable[[Signal], None]

    def close(self) -> None:
        if self.sink in self.sinks.sinks:
            self.sinks.sinks.remove(self.sink)
