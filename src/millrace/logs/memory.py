"""The log in this process's memory: for tests, trials, and turns that need not outlive the process."""

from collections.abc import Sequence

from millrace.logs.memory_registry import MemoryRegistry, Row
from millrace.logs.tail import Tails
from millrace.model.errors import LeaseLost, StreamError
from millrace.model.events import TERMINAL_EVENTS, AnyEvent, Entry, TerminalEvent
from millrace.model.turns import Lease
from millrace.ports import Clock, EntrySink, FailureSink, Subscription


class MemoryWriter:
    """Appends to one turn's list; what is appended is accepted."""

    __slots__ = ("_entries", "_lease", "_log", "_row", "_sealed")

    def __init__(self, log: "MemoryLog", row: Row, lease: Lease, entries: list[Entry]) -> None:
        self._log = log
        self._row = row
        self._lease = lease
        self._entries = entries
        self._sealed = bool(entries) and type(entries[-1].event) in TERMINAL_EVENTS

    @property
    def next_seq(self) -> int:
        """The `seq` that the next event gets."""
        return len(self._entries)

    def append(self, *events: AnyEvent) -> int:
        """Append and show it to all followers."""
        if self._row.holder is not self._lease:  # as `_check` has it: a call for each token would cost more
            raise LeaseLost
        if self._sealed:
            raise StreamError(detail="the log is sealed")
        log, entries = self._log, self._entries
        now_ms, seq = log.clock.now_ms(), len(entries)
        if len(events) == 1:
            new = [Entry(seq, now_ms, events[0])]
        else:
            new = [Entry(seq, now_ms, event) for seq, event in enumerate(events, seq)]
        self._sealed = type(events[-1]) in TERMINAL_EVENTS
        entries += new
        log.tails.give(self._lease.turn_id, new)
        return seq + len(new) - 1

    async def flush(self) -> None:
        """Nothing is ever pending."""
        self._check()

    async def seal(self, event: TerminalEvent) -> int:
        """Append the last entry."""
        return self.append(event)

    async def delivered(self) -> None:
        """Nothing is ever pending."""
        self._check()

    def _check(self) -> None:
        if self._row.holder is not self._lease:
            raise LeaseLost


class MemoryLog:
    """Implements the `TurnLog` port. It outlives nothing."""

    def __init__(self, registry: MemoryRegistry, clock: Clock) -> None:
        self.clock = clock
        self.tails = Tails()
        self._registry = registry
        self._turns: dict[str, list[Entry]] = {}

    async def open(self, lease: Lease) -> MemoryWriter:
        """Start or go on with a turn's log."""
        row = self._registry.held(lease)
        if row is None or row.holder is None:
            raise LeaseLost
        return MemoryWriter(self, row, row.holder, self._turns.setdefault(lease.turn_id, []))

    async def read(self, turn_id: str, after: int = -1) -> Sequence[Entry]:
        """The entries over `after`."""
        return self._turns.get(turn_id, [])[after + 1 :]

    async def follow(
        self, turn_id: str, after: int, sink: EntrySink, broken: FailureSink | None = None
    ) -> Subscription:
        """Give `sink` what is there and then what comes."""
        tail = self.tails.add(turn_id, after, sink, broken)
        tail.give(self._turns.get(turn_id, [])[after + 1 :])
        return tail

    async def followed_elsewhere(self, turn_id: str) -> bool:
        """There is no other process."""
        del turn_id
        return False

    async def prune(self, ended_before_ms: int) -> int:
        """Forget ended turns."""
        ended = self._registry.forget(ended_before_ms)
        for turn_id in ended:
            self._turns.pop(turn_id, None)
        return len(ended)

    async def forget(self, turn_id: str) -> None:
        """Forget a turn that ended."""
        if self._registry.forget_turn(turn_id):
            self._turns.pop(turn_id, None)

    async def close(self) -> None:
        """Nothing to release."""
