"""Signals and news of turns within one process."""

from collections.abc import Callable
from dataclasses import dataclass, field

from millrace.model.messages import Turn
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


@dataclass(slots=True)
class Announcements:
    """Those who want to know of a user's new turns, by user."""

    sinks: dict[str, list[Callable[[Turn], None]]] = field(default_factory=dict)

    def give(self, turn: Turn) -> None:
        """Tell all who watch the turn's user."""
        for sink in tuple(self.sinks.get(turn.user_id, ())):
            sink(turn)

    def add(self, user_id: str, sink: Callable[[Turn], None]) -> Subscription:
        """Begin to watch a user's turns."""
        self.sinks.setdefault(user_id, []).append(sink)
        return _Watching(self.sinks, user_id, sink)


@dataclass(slots=True)
class _Watching:
    sinks: dict[str, list[Callable[[Turn], None]]]
    user_id: str
    sink: Callable[[Turn], None]

    def close(self) -> None:
        watching = self.sinks.get(self.user_id, [])
        if self.sink in watching:
            watching.remove(self.sink)
            if not watching:
                del self.sinks[self.user_id]
