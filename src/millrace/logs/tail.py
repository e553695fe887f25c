"""Who follows which turn in this process: hands accepted entries to sinks, each once and in order."""

from collections.abc import Sequence

from millrace.model.errors import MillraceError
from millrace.model.events import Entry
from millrace.ports import EntrySink, FailureSink


class Tail:
    """One follower of one turn; `after` is the last `seq` it was given.

    While it is held, what comes is kept until the backlog before it has been given.
    """

    __slots__ = ("_held", "_tails", "after", "broken", "sink", "turn_id")

    def __init__(
        self, tails: "Tails", turn_id: str, after: int, sink: EntrySink, broken: FailureSink | None = None
    ) -> None:
        self._tails = tails
        self.turn_id = turn_id
        self.after = after
        self.sink = sink
        self.broken = broken
        self._held: list[Entry] | None = None

    def hold(self) -> None:
        """Keep what comes until `release`."""
        self._held = []

    def release(self, backlog: Sequence[Entry]) -> None:
        """Give the backlog, then what was kept, then whatever comes."""
        held, self._held = self._held or (), None
        self.give(backlog)
        self.give(held)

    def give(self, entries: Sequence[Entry]) -> None:
        """Pass on those of `entries` that are new to this follower."""
        if self._held is not None:
            self._held.extend(entries)
            return
        after = self.after
        if entries and entries[0].seq <= after:
            entries = [entry for entry in entries if entry.seq > after]
        if entries:
            self.after = entries[-1].seq
            sink = self.sink
            sink(entries)

    def close(self) -> None:
        """Deliver nothing more."""
        self._tails.remove(self)


class Tails:
    """The followers of all turns, by turn."""

    def __init__(self) -> None:
        self._by_turn: dict[str, tuple[Tail, ...]] = {}

    def __contains__(self, turn_id: str) -> bool:
        return turn_id in self._by_turn

    def add(self, turn_id: str, after: int, sink: EntrySink, broken: FailureSink | None = None) -> Tail:
        """Begin to follow."""
        tail = Tail(self, turn_id, after, sink, broken)
        self._by_turn[turn_id] = (*self._by_turn.get(turn_id, ()), tail)
        return tail

    def remove(self, tail: Tail) -> None:
        """Stop following; twice does nothing."""
        others = tuple(other for other in self._by_turn.get(tail.turn_id, ()) if other is not tail)
        if others:
            self._by_turn[tail.turn_id] = others
        else:
            self._by_turn.pop(tail.turn_id, None)

    def give(self, turn_id: str, entries: Sequence[Entry]) -> None:
        """Hand accepted entries to everybody who follows the turn."""
        for tail in self._by_turn.get(turn_id, ()):
            tail.give(entries)

    def fail(self, turn_id: str, error: MillraceError) -> None:
        """Tell everybody who follows the turn that nothing more comes."""
        for tail in self._by_turn.get(turn_id, ()):
            if tail.broken is not None:
                tail.broken(error)
